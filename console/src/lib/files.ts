/** Files, both ways, over the call's channel `ksp-file` (docs/protocol.md §6, Files). */

import { cannot } from './call-error';
import { Cell } from './cell';
import type { PeerId } from './crypto';
import type { Chunk, FileChannel } from './file-channel';
import { IncomingFile, LARGEST_INCOMING } from './file-in';
import { OutgoingFile } from './file-out';
import { isFileName, isMediaType, randomId, type FileOffer, type FileRefusal, type Message } from './message';
import { refuse } from './refusal';
import type { CallLine, Service, Speaker } from './service';

/**
 * Outgoing: `preparing` (its hash is computed), `queued` behind another, `offered`, `moving`. Incoming: `offered` to the person here,
 * `queued` behind another, `moving`. Both: `paused` till the next call with the peer, `done`, `failed`.
 */
export type FileState = 'preparing' | 'queued' | 'offered' | 'moving' | 'paused' | 'done' | 'failed';

/** A file under way, or that was. */
export interface FileTransfer {
  readonly id: string;
  /** With whom. */
  readonly peer: PeerId;
  readonly outgoing: boolean;
  readonly name: string;
  /** Media type. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
  readonly state: FileState;
  /** Bytes that the receiver has; while `preparing`, bytes that are hashed. */
  readonly moved: number;
  /** How fast it moves; null: it does not, or it is not known yet. */
  readonly bytesPerSecond: number | null;
  /** Why it failed. */
  readonly why: FileRefusal | null;
  /** What came, once it is all there and its hash is right. */
  readonly blob: Blob | null;
  /** When it was begun, Unix milliseconds. */
  readonly at: number;
}

/** State of `fileStore`. */
export interface FilesState {
  /** There is a confirmed call, and the peer takes files in it. */
  readonly available: boolean;
  /** With whom the call is; null: there is none. */
  readonly peer: PeerId | null;
  /** Oldest first; the last 100 that are over, and all that are not. */
  readonly transfers: readonly FileTransfer[];
  /** The file that the peer was told to show. */
  readonly shown: string | null;
}

const MOST_OVER = 100;
/** Most offers of a peer that wait for the person here. */
const MOST_OFFERED = 16;
/** What a kiosk can show on its screen. */
const SHOWN_TYPES = ['image/png', 'image/jpeg', 'image/webp', 'application/pdf'];
const UNKNOWN_TYPE = 'application/octet-stream';

/** Whether a kiosk shows files of this media type on its screen. */
export function canBeShown(type: string): boolean {
  return SHOWN_TYPES.includes(type.toLowerCase());
}

export class Files implements Service {
  readonly takes = ['file-offer', 'file-accept', 'file-progress', 'file-done', 'file-cancel', 'show'] as const;
  readonly cell = new Cell<FilesState>({ available: false, peer: null, transfers: [], shown: null });
  readonly #outgoing = new Map<string, OutgoingFile>();
  readonly #incoming = new Map<string, IncomingFile>();
  #line: CallLine | null = null;
  #channel: FileChannel | null = null;
  /** How many files the peer has promised: snapshots that were asked for and granted. They are accepted unasked. */
  #promised = 0;

  // What people ask for.

  /** Queues a file for the peer of the call. */
  async send(file: Blob, name = (file as Partial<File>).name ?? 'file'): Promise<string> {
    const line = this.#line ?? cannot('no-call');
    if (file.size === 0) return cannot('empty-file');
    const id = randomId();
    const type = isMediaType(file.type) ? file.type : UNKNOWN_TYPE;
    const about = { id, name: plainName(name), type, size: file.size };
    const outgoing = new OutgoingFile(file, about, {
      moved: (moved) => this.#change(id, { moved }),
      offered: () => this.#change(id, { state: 'offered' }),
      unreadable: () => this.#stop(id, 'storage'),
    });
    this.#outgoing.set(id, outgoing);
    this.#add({ ...about, peer: line.peer.id, outgoing: true, state: 'preparing' });
    void outgoing.prepare().then((offer) => {
      if (!offer || !this.#outgoing.has(id)) return;
      this.#change(id, { state: this.#line?.peer.id === line.peer.id ? 'queued' : 'paused', moved: 0 });
      this.#offerNext();
    });
    return id;
  }

  accept(id: string): void {
    if (!this.#incoming.has(id) || this.#find(id)?.state !== 'offered') return;
    this.#change(id, { state: 'queued' });
    this.#acceptNext();
  }

  /** Says no to an offer, or stops a file under way. */
  cancel(id: string): void {
    const transfer = this.#find(id);
    if (!transfer || isOver(transfer)) return;
    this.#stop(id, transfer.state === 'offered' && !transfer.outgoing ? 'declined' : 'stopped');
  }

  /** Takes a file that is over off the list. */
  remove(id: string): void {
    const { transfers } = this.cell.value;
    this.cell.set({ transfers: transfers.filter((each) => each.id !== id || !isOver(each)) });
  }

  /** Has the peer show a file that it got, or none. */
  show(id: string | null): void {
    if (!this.#line) return;
    this.#line.send({ t: 'show', body: { id } });
    this.cell.set({ shown: id });
  }

  /** A snapshot was granted: the next offer is wanted. */
  expect(): void {
    this.#promised += 1;
  }

  // What happens.

  began(line: CallLine, resumed = false): void {
    if (resumed) this.#rest();
    this.#line = line;
    this.cell.set({ peer: line.peer.id });
  }

  filesOpened(channel: FileChannel): void {
    this.#channel = channel;
    channel.onchunk = (chunk) => this.#chunk(chunk);
    channel.ondrained = () => this.#outgoing.forEach((each) => each.pump());
    this.cell.set({ available: true });
    this.#resume();
    this.#offerNext();
  }

  over(): void {
    this.#rest();
    this.#line = null;
    this.#promised = 0;
    // An offer that nobody took is made again by its sender.
    for (const { id, state, outgoing } of this.cell.value.transfers) {
      if (state === 'offered' && !outgoing) this.#drop(id);
    }
    this.cell.set({ peer: null, shown: null });
  }

  heard(message: Message, { peer }: Speaker): void {
    switch (message.t) {
      case 'file-offer':
        return this.#offered(message.body, peer.id);
      case 'file-accept':
        return this.#accepted(message.body.id, message.body.offset);
      case 'file-progress':
        return this.#outgoing.get(message.body.id)?.progressed(message.body.received);
      case 'file-done':
        return this.#arrived(message.body.id);
      case 'file-cancel':
        return this.#cancelled(message.body.id, message.body.why);
      case 'show':
        // A page has no screen in a room; people look at what they got when they like.
        return;
      default:
        return refuse('unexpected');
    }
  }

  // Going out.

  /** Offers the first file that waits, if none is on its way. */
  #offerNext(): void {
    const [line, channel] = [this.#line, this.#channel];
    if (!line || !channel) return;
    const ours = this.cell.value.transfers.filter((each) => each.outgoing && each.peer === line.peer.id);
    if (ours.some(({ state }) => state === 'offered' || state === 'moving')) return;
    const next = ours.find(({ state }) => state === 'queued');
    if (next) this.#outgoing.get(next.id)?.offer(line, channel);
  }

  #resume(): void {
    for (const { id, peer, state, outgoing } of this.cell.value.transfers) {
      if (state !== 'paused' || peer !== this.#line?.peer.id) continue;
      // What comes in is offered again by its sender.
      if (outgoing) this.#change(id, { state: 'queued' });
    }
  }

  #accepted(id: string, offset: number): void {
    const file = this.#outgoing.get(id);
    if (!file || this.#find(id)?.state !== 'offered') return;
    if (!file.accepted(offset)) return this.#stop(id, 'stopped');
    this.#change(id, { state: 'moving', moved: offset });
  }

  #arrived(id: string): void {
    const transfer = this.#find(id);
    if (!this.#outgoing.delete(id) || !transfer) return;
    this.#change(id, { state: 'done', moved: transfer.size });
    this.#offerNext();
  }

  // Coming in.

  #offered(offer: FileOffer, peer: PeerId): void {
    const known = this.#incoming.get(offer.id);
    if (known) return this.#offeredAgain(known, offer, peer);
    if (this.#find(offer.id)) return this.#answerFinished(offer.id);
    const waiting = this.cell.value.transfers.filter(({ state, outgoing }) => state === 'offered' && !outgoing);
    if (offer.size > LARGEST_INCOMING) return this.#say(offer.id, 'size');
    if (waiting.length >= MOST_OFFERED) return this.#say(offer.id, 'quota');
    this.#incoming.set(offer.id, new IncomingFile(offer));
    const wanted = this.#promised > 0;
    if (wanted) this.#promised -= 1;
    const { id, name, type, size } = offer;
    this.#add({ id, name, type, size, peer, outgoing: false, state: wanted ? 'queued' : 'offered' });
    this.#acceptNext();
  }

  /** After a new call: it goes on where it was, if it is the same file of the same peer. */
  #offeredAgain(file: IncomingFile, offer: FileOffer, peer: PeerId): void {
    const transfer = this.#find(offer.id);
    const { size, sha256 } = file.offer;
    if (transfer?.peer !== peer || size !== offer.size || sha256 !== offer.sha256)
      return this.#say(offer.id, 'stopped');
    if (transfer.state !== 'paused') return;
    this.#change(offer.id, { state: 'queued' });
    this.#acceptNext();
  }

  /** A file that is here, or was refused: its sender did not hear of it. */
  #answerFinished(id: string): void {
    const { state, outgoing, why } = this.#find(id)!;
    if (outgoing) return;
    if (state !== 'done') return this.#say(id, why ?? 'stopped');
    this.#line?.send({ t: 'file-done', body: { id } });
  }

  /** One file comes in at a time; further offers wait for their word. */
  #acceptNext(): void {
    const theirs = this.cell.value.transfers.filter(({ outgoing }) => !outgoing);
    if (theirs.some(({ state }) => state === 'moving')) return;
    const next = theirs.find(({ state, peer }) => state === 'queued' && peer === this.#line?.peer.id);
    const file = next && this.#incoming.get(next.id);
    if (!file || !this.#line) return;
    this.#change(next.id, { state: 'moving', moved: file.received });
    this.#line.send({ t: 'file-accept', body: { id: next.id, offset: file.received } });
  }

  #chunk(chunk: Chunk): void {
    const file = this.#incoming.get(chunk.id);
    if (!file || this.#find(chunk.id)?.state !== 'moving' || !file.take(chunk)) return;
    if (file.complete) return void this.#complete(file);
    const told = file.progress();
    if (told === null) return;
    this.#line?.send({ t: 'file-progress', body: { id: chunk.id, received: told } });
    this.#change(chunk.id, { moved: told });
  }

  #complete(file: IncomingFile): void {
    const { id, size } = file.offer;
    const blob = file.finish();
    if (!blob) return this.#stop(id, 'hash');
    this.#incoming.delete(id);
    this.#line?.send({ t: 'file-done', body: { id } });
    this.#change(id, { state: 'done', moved: size, blob });
    this.#acceptNext();
  }

  // Both.

  /** Nothing moves till there is another channel. */
  #rest(): void {
    if (this.#channel) this.#channel.onchunk = this.#channel.ondrained = null;
    this.#channel = null;
    this.#outgoing.forEach((each) => each.pause());
    for (const { id, state, outgoing } of this.cell.value.transfers) {
      const waits = state === 'offered' && !outgoing;
      if (!waits && (state === 'offered' || state === 'moving' || state === 'queued'))
        this.#change(id, { state: 'paused' });
    }
    this.cell.set({ available: false });
  }

  #cancelled(id: string, why: FileRefusal): void {
    const transfer = this.#find(id);
    if (transfer && !isOver(transfer)) this.#end(id, why);
  }

  /** Ends a file and tells the peer. */
  #stop(id: string, why: FileRefusal): void {
    const transfer = this.#find(id);
    // A file that was never offered is unknown over there.
    const told = transfer?.state === 'offered' || transfer?.state === 'moving' || !transfer?.outgoing;
    if (told) this.#say(id, why);
    this.#end(id, why);
  }

  #say(id: string, why: FileRefusal): void {
    this.#line?.send({ t: 'file-cancel', body: { id, why } });
  }

  #end(id: string, why: FileRefusal): void {
    this.#outgoing.get(id)?.pause();
    this.#outgoing.delete(id);
    this.#incoming.delete(id);
    this.#change(id, { state: 'failed', why });
    this.#offerNext();
    this.#acceptNext();
  }

  #drop(id: string): void {
    this.#incoming.delete(id);
    this.cell.set({ transfers: this.cell.value.transfers.filter((each) => each.id !== id) });
  }

  #find(id: string): FileTransfer | undefined {
    return this.cell.value.transfers.find((each) => each.id === id);
  }

  #add(begun: Omit<FileTransfer, 'moved' | 'bytesPerSecond' | 'why' | 'blob' | 'at'>): void {
    const fresh = { ...begun, moved: 0, bytesPerSecond: null, why: null, blob: null, at: Date.now() };
    const over = this.cell.value.transfers.filter(isOver);
    const gone = new Set(over.slice(0, Math.max(0, over.length - MOST_OVER + 1)));
    this.cell.set({ transfers: [...this.cell.value.transfers.filter((each) => !gone.has(each)), fresh] });
  }

  #change(id: string, change: Partial<FileTransfer>): void {
    const transfers = this.cell.value.transfers.map((each) =>
      each.id === id ? { ...each, ...change, bytesPerSecond: this.#speed(each, change) } : each,
    );
    this.cell.set({ transfers });
  }

  readonly #marks = new Map<string, { at: number; moved: number }>();

  /** Bytes a second since the last progress, smoothed; null when it does not move. */
  #speed(before: FileTransfer, { state = before.state, moved = before.moved }: Partial<FileTransfer>): number | null {
    const { id } = before;
    const mark = this.#marks.get(id);
    if (state !== 'moving') {
      this.#marks.delete(id);
      return null;
    }
    if (moved === before.moved && mark) return before.bytesPerSecond;
    this.#marks.set(id, { at: performance.now(), moved });
    if (!mark) return null;
    const now = ((moved - mark.moved) * 1_000) / Math.max(1, performance.now() - mark.at);
    return before.bytesPerSecond === null ? now : before.bytesPerSecond * 0.8 + now * 0.2;
  }
}

function isOver({ state }: FileTransfer): boolean {
  return state === 'done' || state === 'failed';
}

/** A name that the wire takes: without folder and control characters, at most 128 characters. */
function plainName(name: string): string {
  const last = name
    .split(/[/\\]/)
    .at(-1)!
    .replaceAll(/\p{Cc}/gu, '')
    .trim();
  const letters = [...last];
  // The end says what kind of file it is.
  const short = letters.length > 128 ? [...letters.slice(0, 100), '…', ...letters.slice(-27)].join('') : last;
  return isFileName(short) ? short : 'file';
}
