/** The chat: an outbox for each peer, exactly-once receiving, and how long lines are kept. */

import { lineKey, type ArchivedLine, type ChatArchive } from './archive';
import { Cell } from './cell';
import type { PeerId } from './crypto';
import { isChatText, randomId, type Message } from './message';
import type { Ways } from './outside';
import { Serial } from './serial';
import type { CallLine, Service, Speaker } from './service';
import type { PinStorage } from './trust';

/** Ours: `waiting` for a way to the peer or for the line before it, `sent`, `delivered`. The peer's: `unread`, `read`. */
export type LineState = 'waiting' | 'sent' | 'delivered' | 'unread' | 'read';

/** A line of chat. */
export interface ChatMessage {
  /** 16 random bytes, base64url, made by its sender. */
  readonly id: string;
  /** With whom. */
  readonly peer: PeerId;
  /** Whether we said it. */
  readonly own: boolean;
  /** Who said it, for people. */
  readonly name: string;
  readonly text: string;
  /** When it was said or came, Unix milliseconds. */
  readonly at: number;
  /** Ours only: the peer has it. */
  readonly delivered: boolean;
  readonly state: LineState;
}

/** A line that somebody adds; its state follows from the rest. */
export type Line = Omit<ChatMessage, 'state'>;

/** How long lines are kept: till the end of the call (or of the page, if there is none), of the page, or so many days. */
export type Retention = 'call' | 'page' | `${number}d`;

/** State of `chatStore`. */
export interface ChatState {
  /** Oldest first; at most the last 1,000 with each peer. */
  readonly messages: readonly ChatMessage[];
  /** What is in the input. */
  readonly currentMessage: string;
  /** The peers' lines since the last `resetUnreadCount`. */
  readonly unreadCount: number;
  /** The same for each peer that has any. */
  readonly unread: Readonly<Record<PeerId, number>>;
  readonly retention: Retention;
  /** Lines that are said with one click. */
  readonly quickTexts: readonly string[];
  /** What was kept of earlier visits is here. */
  readonly ready: boolean;
}

/** What the chat needs. */
export interface ChatPorts {
  readonly archive: Promise<ChatArchive>;
  readonly storage: PinStorage | null;
  readonly ways: Pick<Ways, 'send' | 'line'>;
  /** What we call ourselves. */
  ownName(): string;
}

const RESEND_MS = 5_000;
/** Most lines kept with each peer. */
const MOST_LINES = 1_000;
/** Most lines of which we know that they came, though they are gone. */
const MOST_KNOWN = 10_000;
/** So long a line that is gone is still known by its id. A peer that was away may send it again. */
const KNOWN_DAYS = 30;
const DAY_MS = 86_400_000;
/** Longest `setTimeout`. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const DEFAULT_RETENTION: Retention = '7d';
const RETENTION_KEY = 'kiosk.chat-retention';
const QUICK_TEXTS_KEY = 'kiosk.quick-texts';
const MOST_QUICK_TEXTS = 50;

export class Chat implements Service {
  readonly takes = ['chat', 'chat-received'] as const;
  readonly cell: Cell<ChatState>;
  readonly #ports: ChatPorts;
  readonly #loaded: Promise<void>;
  readonly #disk = new Serial();
  /** Ids of our lines that have not been delivered, in order. Only the first of each peer is on its way. */
  readonly #outbox = new Map<PeerId, string[]>();
  readonly #timers = new Map<PeerId, ReturnType<typeof setTimeout>>();
  /** The peers' lines that have come, each with the moment when it is kept. Oldest first. */
  readonly #known = new Map<string, Promise<void>>();
  readonly #orders = new Map<string, number>();
  #order = 0;
  #expiry: ReturnType<typeof setTimeout> | undefined;

  constructor(ports: ChatPorts) {
    this.#ports = ports;
    this.cell = new Cell<ChatState>({
      messages: [],
      currentMessage: '',
      unreadCount: 0,
      unread: {},
      retention: readRetention(ports.storage),
      quickTexts: readQuickTexts(ports.storage),
      ready: false,
    });
    this.#loaded = this.#load();
  }

  // What people ask for.

  say(text?: string, to?: PeerId): string | null {
    const line = text ?? this.cell.value.currentMessage;
    const peer = to ?? this.#ports.ways.line?.peer.id;
    if (peer === undefined || !isChatText(line)) return null;
    const id = randomId();
    this.add({ id, peer, own: true, name: this.#ports.ownName(), text: line, at: Date.now(), delivered: false });
    if (text === undefined) this.cell.set({ currentMessage: '' });
    void this.#loaded.then(() => {
      // It may be forgotten again.
      if (!this.#find(peer, true, id)) return;
      if (this.#queue(peer).push(id) === 1) this.#pump(peer);
    });
    return id;
  }

  add(line: Line): void {
    const { id, peer, own } = line;
    if (this.#find(peer, own, id)) return;
    const message: ChatMessage = { ...line, state: own ? (line.delivered ? 'delivered' : 'waiting') : 'unread' };
    this.#orders.set(lineKey(peer, own, id), (this.#order += 1));
    this.#show([...this.cell.value.messages, message]);
    void this.#keep([message]);
    this.#trim(peer);
    this.#expireLater();
  }

  read(peer?: PeerId): void {
    const seen = (each: ChatMessage) => each.state === 'unread' && (peer === undefined || each.peer === peer);
    this.#change(seen, { state: 'read' });
  }

  setRetention(retention: Retention): void {
    this.cell.set({ retention });
    store(this.#ports.storage, RETENTION_KEY, retention);
    void this.#keep(this.cell.value.messages);
    this.#expire();
  }

  setQuickTexts(texts: readonly string[]): void {
    const quickTexts = texts.filter(isChatText).slice(0, MOST_QUICK_TEXTS);
    this.cell.set({ quickTexts });
    store(this.#ports.storage, QUICK_TEXTS_KEY, JSON.stringify(quickTexts));
  }

  async forget(peer?: PeerId): Promise<void> {
    await this.#remove((each) => peer === undefined || each.peer === peer);
  }

  // What happens.

  async heard(message: Message, speaker: Speaker): Promise<void> {
    await this.#loaded;
    if (message.t === 'chat-received') this.#delivered(speaker.peer.id, message.body.id);
    else if (message.t === 'chat') await this.#hear(message.body, speaker);
  }

  began({ peer }: CallLine): void {
    this.#pump(peer.id);
  }

  over(peer: PeerId): void {
    if (this.cell.value.retention === 'call')
      void this.#remove((each) => each.peer === peer && (!each.own || each.delivered));
    // What was on its way may be lost; the link may still be there.
    this.#pump(peer);
  }

  joined(id: PeerId): void {
    this.#pump(id);
  }

  /** Takes a line once, keeps it, and only then says that it came. */
  async #hear({ id, text }: { id: string; text: string }, { peer, answer }: Speaker): Promise<void> {
    const key = lineKey(peer.id, false, id);
    const kept = this.#known.get(key);
    if (kept) await kept;
    else {
      const line: ChatMessage = {
        id,
        peer: peer.id,
        own: false,
        name: peer.name,
        text,
        at: Date.now(),
        delivered: false,
        state: 'unread',
      };
      this.#orders.set(key, (this.#order += 1));
      const keeping = this.#keep([line]);
      this.#know(key, keeping);
      await keeping;
      this.#show([...this.cell.value.messages, line]);
      this.#trim(peer.id);
      this.#expireLater();
    }
    answer({ t: 'chat-received', body: { id } });
  }

  #delivered(peer: PeerId, id: string): void {
    const queue = this.#queue(peer);
    if (queue[0] !== id) return;
    queue.shift();
    this.#change((each) => each.own && each.peer === peer && each.id === id, { delivered: true, state: 'delivered' });
    this.#pump(peer);
  }

  /** Sends the first line that this peer does not have, and again in 5 s; the next one waits for its receipt. */
  #pump(peer: PeerId): void {
    clearTimeout(this.#timers.get(peer));
    this.#timers.delete(peer);
    const [id] = this.#queue(peer);
    const line = id === undefined ? undefined : this.#find(peer, true, id);
    if (!line) return;
    const sent = this.#ports.ways.send(peer, { t: 'chat', body: { id: line.id, text: line.text } });
    const state = sent ? 'sent' : 'waiting';
    if (line.state !== state) this.#change((each) => each === line, { state });
    // Without a way there is nothing to try: a new one is told of.
    if (sent)
      this.#timers.set(
        peer,
        setTimeout(() => this.#pump(peer), RESEND_MS),
      );
  }

  #queue(peer: PeerId): string[] {
    const queue = this.#outbox.get(peer) ?? [];
    this.#outbox.set(peer, queue);
    return queue;
  }

  #find(peer: PeerId, own: boolean, id: string): ChatMessage | undefined {
    return this.cell.value.messages.find((each) => each.id === id && each.own === own && each.peer === peer);
  }

  #know(key: string, kept: Promise<void>): void {
    this.#known.set(key, kept);
    const [oldest] = this.#known.keys();
    if (this.#known.size <= MOST_KNOWN || oldest === undefined) return;
    this.#known.delete(oldest);
    if (!this.cell.value.messages.some((each) => this.#key(each) === oldest))
      void this.#write((archive) => archive.drop([oldest]));
  }

  // The list, and what is kept of it.

  #show(messages: readonly ChatMessage[]): void {
    const unread: Record<PeerId, number> = {};
    let unreadCount = 0;
    for (const { state, peer } of messages) {
      if (state !== 'unread') continue;
      unread[peer] = (unread[peer] ?? 0) + 1;
      unreadCount += 1;
    }
    this.cell.set({ messages, unread, unreadCount });
  }

  #change(wanted: (each: ChatMessage) => boolean, change: Partial<ChatMessage>): void {
    const changed: ChatMessage[] = [];
    const messages = this.cell.value.messages.map((each) => {
      if (!wanted(each)) return each;
      const next = { ...each, ...change };
      changed.push(next);
      return next;
    });
    if (changed.length === 0) return;
    this.#show(messages);
    // That a line is under way is not worth a write.
    if (change.state !== 'sent' && change.state !== 'waiting') void this.#keep(changed);
  }

  /** Only the last lines with a peer stay; what is not delivered does in any case. */
  #trim(peer: PeerId): void {
    const old = this.cell.value.messages.filter((each) => each.peer === peer && (!each.own || each.delivered));
    const gone = new Set(old.slice(0, Math.max(0, old.length - MOST_LINES)));
    if (gone.size > 0) void this.#remove((each) => gone.has(each));
  }

  async #remove(gone: (each: ChatMessage) => boolean): Promise<void> {
    const lines = this.cell.value.messages.filter(gone);
    if (lines.length === 0) return;
    this.#show(this.cell.value.messages.filter((each) => !lines.includes(each)));
    for (const peer of new Set(lines.map((each) => each.peer))) {
      const queue = this.#queue(peer);
      const left = queue.filter((id) => this.#find(peer, true, id));
      this.#outbox.set(peer, left);
      if (left[0] !== queue[0]) this.#pump(peer);
    }
    await this.#write((archive) => this.#unsay(archive, lines));
  }

  /** Writes lines as the retention wants it: if no text may stay, then at least which lines came. */
  async #keep(lines: readonly ChatMessage[]): Promise<void> {
    await this.#write((archive) => {
      if (daysOf(this.cell.value.retention) !== null) return archive.keep(lines.map((each) => this.#archived(each)));
      return this.#unsay(archive, lines);
    });
  }

  /** Takes what was said off the disk; which lines came stays. */
  async #unsay(archive: ChatArchive, lines: readonly ChatMessage[]): Promise<void> {
    const [own, theirs] = [lines.filter((each) => each.own), lines.filter((each) => !each.own)];
    if (own.length > 0) await archive.drop(own.map((each) => this.#key(each)));
    if (theirs.length > 0) await archive.keep(theirs.map((each) => ({ ...this.#archived(each), said: null })));
  }

  async #write(step: (archive: ChatArchive) => Promise<void>): Promise<void> {
    try {
      await this.#disk.run(async () => step(await this.#ports.archive));
    } catch (error) {
      // The disk is full, or the person has forbidden it: the lines are here as long as the page.
      console.warn('chat is not kept', error);
    }
  }

  #key({ peer, own, id }: ChatMessage): string {
    return lineKey(peer, own, id);
  }

  #archived(line: ChatMessage): ArchivedLine {
    const { peer, own, id, at, name, text, state } = line;
    const key = this.#key(line);
    const settled = state === 'delivered' || state === 'read';
    return { key, peer, own, id, at, order: this.#orders.get(key) ?? 0, said: { name, text }, settled };
  }

  async #load(): Promise<void> {
    let kept: readonly ArchivedLine[] = [];
    try {
      kept = await (await this.#ports.archive).all();
    } catch (error) {
      console.warn('chat cannot be read', error);
    }
    this.#order = Math.max(this.#order, kept.at(-1)?.order ?? 0);
    const lines: ChatMessage[] = [];
    for (const { key, peer, own, id, order, at, said, settled } of kept) {
      this.#orders.set(key, order);
      if (!own) this.#know(key, Promise.resolve());
      if (!said) continue;
      const state = own ? (settled ? 'delivered' : 'waiting') : settled ? 'read' : 'unread';
      lines.push({ id, peer, own, at, ...said, delivered: own && settled, state });
      if (own && !settled) this.#queue(peer).push(id);
    }
    // What was said meanwhile comes after all that was.
    const meanwhile = this.cell.value.messages;
    meanwhile.forEach((each) => this.#orders.set(this.#key(each), (this.#order += 1)));
    this.#show([...lines, ...meanwhile]);
    if (meanwhile.length > 0) void this.#keep(meanwhile);
    const forgotten = kept.filter(({ said, at }) => !said && at < Date.now() - KNOWN_DAYS * DAY_MS);
    if (forgotten.length > 0) void this.#write((archive) => archive.drop(forgotten.map(({ key }) => key)));
    this.cell.set({ ready: true });
    this.#expire();
    for (const peer of this.#outbox.keys()) this.#pump(peer);
  }

  #expire(): void {
    const days = daysOf(this.cell.value.retention);
    if (days === null) return;
    const before = Date.now() - days * DAY_MS;
    void this.#remove(({ at }) => at <= before);
    this.#expireLater();
  }

  #expireLater(): void {
    clearTimeout(this.#expiry);
    const days = daysOf(this.cell.value.retention);
    const [oldest] = this.cell.value.messages;
    if (days === null || !oldest) return;
    const wait = oldest.at + days * DAY_MS - Date.now();
    this.#expiry = setTimeout(() => this.#expire(), Math.min(Math.max(wait, 1_000), LONGEST_TIMER_MS));
  }
}

/** Days of a retention; null: only as long as the page. */
function daysOf(retention: Retention): number | null {
  const days = Number.parseInt(retention, 10);
  return Number.isNaN(days) ? null : days;
}

function readRetention(storage: PinStorage | null): Retention {
  const kept = load(storage, RETENTION_KEY) ?? '';
  return /^(?:call|page|[1-9][0-9]{0,3}d)$/.test(kept) ? (kept as Retention) : DEFAULT_RETENTION;
}

function readQuickTexts(storage: PinStorage | null): readonly string[] {
  try {
    const kept = JSON.parse(load(storage, QUICK_TEXTS_KEY) ?? '[]') as unknown;
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string' && isChatText(each)) : [];
  } catch {
    return [];
  }
}

function load(storage: PinStorage | null, key: string): string | null {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
}

function store(storage: PinStorage | null, key: string, text: string): void {
  try {
    storage?.setItem(key, text);
  } catch {
    // The browser keeps nothing: it holds until the page is closed.
  }
}
