/** Files between two pages, over channels that are cut at any byte. */

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CallError } from './call-error';
import { decodeChunk, encodeChunk, FileChannel, LARGEST_CHUNK, type Chunk } from './file-channel';
import { LARGEST_INCOMING } from './file-in';
import { canBeShown, Files, type FileTransfer } from './files';
import type { Peer } from './link';
import { randomId, type Content, type FileOffer, type Message } from './message';

afterEach(() => void vi.restoreAllMocks());

const WINDOW = 131_072;
const settle = async (turns = 4) => {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};
const bytes = (size: number) => Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8) * 7) & 0xff);
const described = (id: string): Peer => ({ id, name: id, role: 'operator', verification: 'pinned' });

/** One end of a data channel that is slow to be drained. */
class SlowChannel {
  readyState = 'open';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  onbufferedamountlow: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  mostBuffered = 0;
  readonly #deliver: (data: ArrayBuffer) => void;

  constructor(deliver: (data: ArrayBuffer) => void) {
    this.#deliver = deliver;
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    const copy = data.slice().buffer;
    this.bufferedAmount += copy.byteLength;
    this.mostBuffered = Math.max(this.mostBuffered, this.bufferedAmount);
    setImmediate(() => {
      const before = this.bufferedAmount;
      this.bufferedAmount -= copy.byteLength;
      this.#deliver(copy);
      const low = this.bufferedAmountLowThreshold;
      if (before > low && this.bufferedAmount <= low) this.onbufferedamountlow?.();
    });
  }
}

/** Two pages and their calls. */
class Pair {
  readonly a = new Files();
  readonly b = new Files();
  /** Chunks that still get through in this call. */
  chunks = Infinity;
  /** What B was told to show. */
  readonly said: Content[] = [];
  mostOnTheWay = 0;
  mostBuffered = 0;
  readonly #kept = new Map<string, number>();
  #open = false;
  #call = 0;

  begin({ files = true, chunks = Infinity } = {}): void {
    this.chunks = chunks;
    this.#open = true;
    const call = (this.#call += 1);
    this.a.began({ peer: described('b'), send: (content) => this.#carry(call, this.a, this.b, 'a', content) });
    this.b.began({ peer: described('a'), send: (content) => this.#carry(call, this.b, this.a, 'b', content) });
    if (!files) return;
    const [toB, toA] = [this.#channel(call, () => channels[1]), this.#channel(call, () => channels[0])];
    const channels: [SlowChannel, SlowChannel] = [toB, toA];
    this.a.filesOpened(new FileChannel(toB as unknown as RTCDataChannel));
    this.b.filesOpened(new FileChannel(toA as unknown as RTCDataChannel));
  }

  end(): void {
    this.#open = false;
    this.a.over();
    this.b.over();
  }

  #channel(call: number, other: () => SlowChannel): SlowChannel {
    const channel = new SlowChannel((data) => {
      this.mostBuffered = Math.max(this.mostBuffered, channel.mostBuffered);
      if (call !== this.#call || !this.#open) return;
      const { id, offset, data: piece } = decodeChunk(data)!;
      this.mostOnTheWay = Math.max(this.mostOnTheWay, offset + piece.length - (this.#kept.get(id) ?? 0));
      if ((this.chunks -= 1) < 0) return this.end();
      other().onmessage?.({ data });
    });
    return channel;
  }

  #carry(call: number, from: Files, to: Files, name: string, content: Content): void {
    this.said.push(content);
    queueMicrotask(() => {
      if (call !== this.#call || !this.#open) return;
      if (content.t === 'file-accept') this.#kept.set(content.body.id, content.body.offset);
      if (content.t === 'file-progress') this.#kept.set(content.body.id, content.body.received);
      const answer = (back: Content) => this.#carry(call, to, from, name, back);
      to.heard(content as Message, { peer: described(name), answer });
    });
  }
}

const first = (files: Files): FileTransfer => files.cell.value.transfers[0]!;
const state = (files: Files) => first(files)?.state;
const is = (files: Files, wanted: FileTransfer['state']) => vi.waitFor(() => expect(state(files)).toBe(wanted), 5_000);
async function came(files: Files, data: Uint8Array): Promise<boolean> {
  return Buffer.from(await first(files).blob!.arrayBuffer()).equals(data);
}

describe('chunks', () => {
  it('travel as 16 bytes of id, 8 of offset, and data', () => {
    const id = 'DAwMDAwMDAwMDAwMDAwMDA';
    const message = encodeChunk({ id, offset: 0x1_0000_0002, data: bytes(3) as Chunk['data'] });
    expect([...message]).toEqual([...Array<number>(16).fill(12), 0, 0, 0, 1, 0, 0, 0, 2, 0, 31, 62]);
    expect(decodeChunk(message.buffer)).toMatchObject({ id, offset: 0x1_0000_0002 });
    expect(encodeChunk({ id, offset: 0, data: new Uint8Array(LARGEST_CHUNK) })).toHaveLength(16_384);
  });

  it.each([
    ['no data', new ArrayBuffer(24)],
    ['too long', new ArrayBuffer(16_385)],
    ['an offset beyond 2^53', Uint8Array.from({ length: 25 }, () => 255).buffer],
  ])('%s is none', (_, message) => expect(decodeChunk(message)).toBeNull());
});

describe('sending', () => {
  it('offers, waits for the yes, sends within the window, and both have the same bytes', async () => {
    const pair = new Pair();
    pair.begin();
    const data = bytes(1_500_000);
    const id = await pair.a.send(new File([data], '../etc/Lage\nplan.png', { type: 'image/png' }));
    await is(pair.b, 'offered');
    expect(first(pair.b)).toMatchObject({ id, name: 'Lageplan.png', type: 'image/png', size: 1_500_000, peer: 'a' });
    pair.b.accept(id);
    await is(pair.a, 'done');
    expect(await came(pair.b, data)).toBe(true);
    expect(first(pair.b)).toMatchObject({ state: 'done', moved: 1_500_000, outgoing: false });
    expect(first(pair.b).blob!.type).toBe('image/png');
    expect(pair.mostOnTheWay).toBeLessThanOrEqual(WINDOW);
    expect(pair.mostBuffered).toBeLessThanOrEqual(65_536 + 16_384);
    pair.a.show(id);
    expect(pair.said.at(-1)).toEqual({ t: 'show', body: { id } });
    expect(pair.a.cell.value.shown).toBe(id);
  });

  it('goes on in the next call where it was, however often it is cut', async () => {
    const pair = new Pair();
    const data = bytes(700_000);
    pair.begin({ chunks: 1 });
    const id = await pair.a.send(new Blob([data]), 'x.bin');
    await is(pair.b, 'offered');
    pair.b.accept(id);
    let offsets = 0;
    for (let cut = 2; state(pair.a) !== 'done'; cut += 3) {
      await vi.waitFor(() => expect(['paused', 'done']).toContain(state(pair.a)));
      if (state(pair.a) === 'done') break;
      await settle();
      pair.begin({ chunks: cut });
      await vi.waitFor(() => expect(pair.said.filter(({ t }) => t === 'file-accept').length).toBeGreaterThan(offsets));
      offsets = pair.said.filter(({ t }) => t === 'file-accept').length;
    }
    expect(await came(pair.b, data)).toBe(true);
    const accepted = pair.said.flatMap((each) => (each.t === 'file-accept' ? [each.body.offset] : []));
    expect(accepted.length).toBeGreaterThan(3);
    expect(accepted).toEqual([...accepted].sort((one, other) => one - other));
    expect(new Set(pair.said.flatMap((each) => (each.t === 'file-offer' ? [each.body.id] : [])))).toEqual(
      new Set([id]),
    );
  });

  it('moves 24 MiB across three calls and holds no more than 1 MiB of it', async () => {
    const size = 24 * 1_048_576;
    let held = 0;
    const slice = (start = 0, end = size) => {
      held = Math.max(held, Math.min(end, size) - start);
      return new Blob([new Uint8Array(Math.min(end, size) - start).fill(7)]);
    };
    const huge = { size, type: '', slice } as unknown as Blob;
    const pair = new Pair();
    pair.begin({ chunks: 500 });
    const id = await pair.a.send(huge, 'huge');
    await is(pair.b, 'offered');
    pair.b.accept(id);
    for (const chunks of [600, Infinity]) {
      await is(pair.a, 'paused');
      pair.begin({ chunks });
    }
    await vi.waitFor(() => expect(state(pair.a)).toBe('done'), 20_000);
    expect(held).toBe(64 * LARGEST_CHUNK);
    expect(first(pair.b).blob!.size).toBe(size);
  }, 30_000);

  it('sends one after the other', async () => {
    const pair = new Pair();
    pair.begin();
    const ids = [await pair.a.send(new Blob(['one'])), await pair.a.send(new Blob(['two']))];
    await is(pair.b, 'offered');
    await settle();
    expect(pair.a.cell.value.transfers.map((each) => each.state)).toEqual(['offered', 'queued']);
    pair.b.cancel(ids[0]!);
    await vi.waitFor(() => expect(pair.b.cell.value.transfers).toHaveLength(2));
    expect(first(pair.a)).toMatchObject({ state: 'failed', why: 'declined' });
    pair.b.accept(ids[1]!);
    await vi.waitFor(() => expect(pair.a.cell.value.transfers[1]!.state).toBe('done'));
    pair.a.remove(ids[0]!);
    expect(pair.a.cell.value.transfers).toHaveLength(1);
  });

  it('is stopped from either side', async () => {
    const pair = new Pair();
    pair.begin();
    const id = await pair.a.send(new Blob([bytes(400_000)]));
    await is(pair.b, 'offered');
    pair.b.accept(id);
    pair.a.cell.subscribe(() => {
      if (state(pair.a) === 'moving' && first(pair.a).moved > 0) pair.a.cancel(id);
    });
    await is(pair.b, 'failed');
    expect([first(pair.a).why, first(pair.b).why]).toEqual(['stopped', 'stopped']);
    expect(first(pair.b).blob).toBeNull();
  });

  it('needs a call, and something in the file', async () => {
    const pair = new Pair();
    const code = (sent: Promise<string>) => sent.catch((error: CallError) => error.code);
    expect(await code(pair.a.send(new Blob(['x'])))).toBe('no-call');
    pair.begin();
    expect(await code(pair.a.send(new Blob([])))).toBe('empty-file');
  });

  it('waits while the peer takes no files, and says so', async () => {
    const pair = new Pair();
    pair.begin({ files: false });
    expect(pair.a.cell.value).toMatchObject({ available: false, peer: 'b' });
    await pair.a.send(new Blob(['x']));
    await is(pair.a, 'queued');
    pair.end();
    expect(state(pair.a)).toBe('paused');
    pair.begin();
    expect(pair.a.cell.value.available).toBe(true);
    await is(pair.b, 'offered');
  });

  it('fails when the file can no longer be read', async () => {
    const pair = new Pair();
    pair.begin();
    const gone = { size: 10, type: '', slice: () => ({ arrayBuffer: () => Promise.reject(new Error('gone')) }) };
    await pair.a.send(gone as unknown as Blob, 'x');
    await is(pair.a, 'failed');
    expect(first(pair.a).why).toBe('storage');
    expect(pair.said).toEqual([]);
  });
});

describe('receiving', () => {
  const offer = (change: Partial<FileOffer> = {}): FileOffer => ({
    id: randomId(),
    name: 'x.png',
    type: 'image/png',
    size: 3,
    sha256: 'A'.repeat(43),
    ...change,
  });
  const hears = (files: Files, t: Content['t'], body: unknown) =>
    files.heard({ t, body } as Message, { peer: described('kiosk'), answer: () => undefined });
  /** A page in a call, and what it says. */
  function page() {
    const files = new Files();
    const said: Content[] = [];
    const channel = new FileChannel({} as RTCDataChannel);
    files.began({ peer: described('kiosk'), send: (each) => said.push(each) });
    files.filesOpened(channel);
    return { files, said, chunk: (each: Chunk) => channel.onchunk!(each) };
  }
  const data = (text: string) => new TextEncoder().encode(text) as Chunk['data'];

  it('takes a snapshot that was granted by itself, and only one', () => {
    const { files, said } = page();
    files.expect();
    const [granted, stray] = [offer(), offer()];
    hears(files, 'file-offer', granted);
    hears(files, 'file-offer', stray);
    expect(said).toEqual([{ t: 'file-accept', body: { id: granted.id, offset: 0 } }]);
    expect(files.cell.value.transfers.map((each) => each.state)).toEqual(['moving', 'offered']);
  });

  it('refuses what is too large, what was not offered, and what is not the next byte', () => {
    const { files, said, chunk } = page();
    const large = offer({ size: LARGEST_INCOMING + 1 });
    hears(files, 'file-offer', large);
    expect(said).toEqual([{ t: 'file-cancel', body: { id: large.id, why: 'size' } }]);
    const small = offer({ sha256: createHash('sha256').update('abc').digest('base64url') });
    hears(files, 'file-offer', small);
    chunk({ id: small.id, offset: 0, data: data('ab') });
    files.accept(small.id);
    chunk({ id: randomId(), offset: 0, data: data('ab') });
    chunk({ id: small.id, offset: 1, data: data('b') });
    chunk({ id: small.id, offset: 0, data: data('abcd') });
    chunk({ id: small.id, offset: 0, data: data('ab') });
    chunk({ id: small.id, offset: 0, data: data('ab') });
    expect(first(files).state).toBe('moving');
    chunk({ id: small.id, offset: 2, data: data('c') });
    expect(first(files)).toMatchObject({ state: 'done', moved: 3 });
  });

  it('refuses what is not what was offered', () => {
    const { files, said, chunk } = page();
    const wrong = offer();
    hears(files, 'file-offer', wrong);
    files.accept(wrong.id);
    chunk({ id: wrong.id, offset: 0, data: data('abc') });
    expect(said.at(-1)).toEqual({ t: 'file-cancel', body: { id: wrong.id, why: 'hash' } });
    expect(first(files)).toMatchObject({ state: 'failed', why: 'hash', blob: null });
    hears(files, 'file-offer', wrong);
    expect(said.at(-1)).toEqual({ t: 'file-cancel', body: { id: wrong.id, why: 'hash' } });
  });

  it('gives nothing out that a browser would run', async () => {
    const pair = new Pair();
    pair.begin();
    for (const type of ['text/html', 'image/svg+xml', 'application/pdf']) {
      const id = await pair.a.send(new Blob(['<script>'], { type }));
      await vi.waitFor(() => expect(pair.b.cell.value.transfers.at(-1)).toMatchObject({ id, state: 'offered' }));
      pair.b.accept(id);
      await vi.waitFor(() => expect(pair.b.cell.value.transfers.at(-1)!.state).toBe('done'));
      expect(pair.b.cell.value.transfers.at(-1)!.blob!.type).toBe('application/octet-stream');
    }
  });

  it('says again that it has a file, to a sender that did not hear it', async () => {
    const pair = new Pair();
    pair.begin();
    const id = await pair.a.send(new Blob(['x']));
    await is(pair.b, 'offered');
    pair.b.accept(id);
    await is(pair.a, 'done');
    const { body } = pair.said.find(({ t }) => t === 'file-offer')!;
    const before = pair.said.length;
    pair.b.heard({ t: 'file-offer', body } as Message, { peer: described('a'), answer: () => undefined });
    expect(pair.said.slice(before)).toEqual([{ t: 'file-done', body: { id } }]);
    expect(pair.b.cell.value.transfers).toHaveLength(1);
  });

  it('takes no more than 16 offers that nobody looks at', () => {
    const { files, said } = page();
    for (let count = 0; count < 17; count += 1) hears(files, 'file-offer', offer());
    expect(files.cell.value.transfers).toHaveLength(16);
    expect(said).toMatchObject([{ t: 'file-cancel', body: { why: 'quota' } }]);
    files.over();
    expect(files.cell.value.transfers).toEqual([]);
  });

  it('knows what a kiosk can show', () => {
    expect(['image/PNG', 'application/pdf', 'text/html'].map(canBeShown)).toEqual([true, true, false]);
  });
});
