/** The chat over ways that lose: nothing is lost, nothing doubled, nothing out of order. */

import 'fake-indexeddb/auto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NO_ARCHIVE, openArchive, type ChatArchive } from './archive';
import { Chat, type ChatState } from './chat';
import type { Peer } from './link';
import type { Content, Message } from './message';
import type { CallLine } from './service';

beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_790_000_000_000 }));
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const described = (id: string): Peer => ({ id, name: id, role: 'operator', verification: 'pinned' });

/** Lets everything that waits for promises and IndexedDB go on. */
async function settle(turns = 6): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Numbers that look random and are the same each time (xorshift). */
function numbers(seed: number): () => number {
  let state = seed * 2_654_435_761 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Two chats and what lies between them. */
class Between {
  /** Share of messages that get lost. */
  loss = 0;
  up = true;
  inCall = false;
  readonly ends: Record<'a' | 'b', Chat>;
  readonly storage: Map<string, string>;
  readonly #random: () => number;

  constructor(random: () => number, archives = { a: NO_ARCHIVE, b: NO_ARCHIVE }, storage = new Map<string, string>()) {
    this.#random = random;
    this.storage = storage;
    this.ends = { a: this.#chat('a', 'b', archives.a), b: this.#chat('b', 'a', archives.b) };
  }

  #chat(own: 'a' | 'b', other: 'a' | 'b', archive: ChatArchive): Chat {
    const line = () => this.#line(own, other);
    return new Chat({
      archive: Promise.resolve(archive),
      storage: { getItem: (key) => this.storage.get(key) ?? null, setItem: (k, v) => void this.storage.set(k, v) },
      ownName: () => own,
      ways: {
        get line() {
          return line();
        },
        send: (_, content) => this.up && (this.carry(own, other, content), true),
      },
    });
  }

  #line(own: 'a' | 'b', other: 'a' | 'b'): CallLine | null {
    if (!this.inCall) return null;
    return { peer: described(other), send: (content) => this.carry(own, other, content) };
  }

  /** Carries a message, or loses it. Order is kept, as on the link and on the channel. */
  carry(from: 'a' | 'b', to: 'a' | 'b', content: Content): void {
    if (this.#random() < this.loss) return;
    queueMicrotask(() => {
      if (!this.up) return;
      const answer = (back: Content) => this.carry(to, from, back);
      void this.ends[to].heard(content as Message, { peer: described(from), answer });
    });
  }

  /** A new way is there: another session, a call, the end of one. */
  renew(): void {
    this.up = true;
    this.inCall = !this.inCall;
    for (const [own, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      if (this.inCall) this.ends[own].began(this.#line(own, other)!);
      else this.ends[own].over(other);
      this.ends[own].joined(other);
    }
  }
}

const said = ({ messages }: ChatState, own: boolean) =>
  messages.filter((each) => each.own === own).map(({ text }) => text);

describe('exactly once, in order', () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed + 1))('seed %i', async (seed) => {
    const random = numbers(seed);
    const between = new Between(random);
    const { a, b } = between.ends;
    const lines = { a: [] as string[], b: [] as string[] };
    for (let step = 0; step < 120; step += 1) {
      between.loss = random() * 0.8;
      const what = random();
      if (what < 0.35) {
        const who = random() < 0.5 ? 'a' : 'b';
        const text = `${who} ${lines[who].length}`;
        lines[who].push(text);
        expect(between.ends[who].say(text, who === 'a' ? 'b' : 'a')).not.toBeNull();
      } else if (what < 0.45) between.up = false;
      else if (what < 0.6) between.renew();
      else await vi.advanceTimersByTimeAsync(random() * 6_000);
      await settle(2);
    }
    between.loss = 0;
    between.renew();
    for (let turn = 0; turn < 150; turn += 1) await vi.advanceTimersByTimeAsync(50).then(() => settle(1));
    expect(said(b.cell.value, false)).toEqual(lines.a);
    expect(said(a.cell.value, false)).toEqual(lines.b);
    expect(a.cell.value.messages.filter(({ own }) => own).every(({ delivered }) => delivered)).toBe(true);
    expect(b.cell.value.unreadCount).toBe(lines.a.length);
  });
});

describe('the outbox', () => {
  it('sends the next line only after the receipt of the one before, and again every 5 s', async () => {
    const between = new Between(numbers(1));
    between.loss = 1;
    const carried = vi.spyOn(between, 'carry');
    const { a } = between.ends;
    a.say('one', 'b');
    a.say('two', 'b');
    await settle();
    expect(a.cell.value.messages.map(({ state }) => state)).toEqual(['sent', 'waiting']);
    expect(carried).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(carried).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(5_001);
    expect(carried).toHaveBeenCalledTimes(3);
    const ids = carried.mock.calls.map(([, , { body }]) => (body as { id: string }).id);
    expect(new Set(ids)).toEqual(new Set([a.cell.value.messages[0]!.id]));
  });

  it('waits without a way, and tries nothing meanwhile', async () => {
    const between = new Between(numbers(1));
    between.up = false;
    const { a, b } = between.ends;
    a.say('hello', 'b');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(a.cell.value.messages[0]!.state).toBe('waiting');
    expect(vi.getTimerCount()).toBe(1);
    between.up = true;
    a.joined('b');
    await settle();
    expect(a.cell.value.messages[0]!.state).toBe('delivered');
    expect(b.cell.value).toMatchObject({ unreadCount: 1, unread: { a: 1 } });
  });

  it('says nothing to nobody, nothing empty, nothing too long', () => {
    const { a } = new Between(numbers(1)).ends;
    expect([a.say('hello'), a.say(' ', 'b'), a.say('x'.repeat(4_001), 'b')]).toEqual([null, null, null]);
  });

  it('forgets what has not been delivered, if told to, and goes on', async () => {
    const between = new Between(numbers(1));
    between.up = false;
    const { a, b } = between.ends;
    a.say('one', 'b');
    await settle();
    await a.forget('b');
    a.say('two', 'b');
    between.up = true;
    a.joined('b');
    await settle();
    expect(said(b.cell.value, false)).toEqual(['two']);
  });
});

describe('what is kept', () => {
  let archive: ChatArchive;
  let names = 0;
  const open = ({ up = true, retention = '7d' } = {}) => {
    const storage = new Map([['kiosk.chat-retention', retention]]);
    const between = new Between(numbers(1), { a: archive, b: NO_ARCHIVE }, storage);
    between.up = up;
    return between;
  };

  beforeEach(async () => {
    vi.useRealTimers();
    archive = await openArchive(indexedDB, `chat-${(names += 1)}`);
  });

  const ready = async ({ ends: { a } }: Between) => {
    await vi.waitFor(() => expect(a.cell.value.ready).toBe(true));
    return a;
  };
  const hears = (chat: Chat, id: string, text: string, answer = vi.fn()) =>
    chat.heard({ t: 'chat', body: { id, text } } as Message, { peer: described('b'), answer }).then(() => answer);
  const id = (letter: string) => letter.repeat(21) + 'A';

  it('is there at the next visit, in order, and what was not delivered is sent then', async () => {
    const first = open({ up: false });
    const before = await ready(first);
    for (const text of ['one', 'two', 'three']) before.say(text, 'b');
    await hears(before, id('x'), 'hello');
    await vi.waitFor(async () => expect(await archive.all()).toHaveLength(4));
    const second = open();
    const after = await ready(second);
    expect(after.cell.value.messages.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'hello']);
    expect(after.cell.value.unread).toEqual({ b: 1 });
    await vi.waitFor(() => expect(said(second.ends.b.cell.value, false)).toEqual(['one', 'two', 'three']));
    after.read('b');
    await vi.waitFor(async () => expect((await archive.all()).every(({ settled }) => settled)).toBe(true));
    expect((await ready(open())).cell.value.unreadCount).toBe(0);
  });

  it('a line is on disk before its receipt goes out, and is shown once also after a new visit', async () => {
    const before = await ready(open());
    const answer = vi.fn(async () => expect(await archive.all()).toHaveLength(1));
    await hears(before, id('x'), 'hello', answer);
    expect(answer).toHaveBeenCalledTimes(1);
    const after = await ready(open());
    const again = await hears(after, id('x'), 'hello');
    expect(again).toHaveBeenCalledWith({ t: 'chat-received', body: { id: id('x') } });
    expect(after.cell.value.messages).toHaveLength(1);
  });

  it.each(['page', 'call'] as const)('“%s” keeps no text, and still takes no line twice', async (retention) => {
    const before = await ready(open({ retention }));
    before.say('secret', 'b');
    await hears(before, id('x'), 'hello');
    await vi.waitFor(() => expect(before.cell.value.messages[0]!.delivered).toBe(true));
    before.over('b');
    expect(before.cell.value.messages).toHaveLength(retention === 'call' ? 0 : 2);
    await vi.waitFor(async () => {
      expect(await archive.all()).toEqual([expect.objectContaining({ said: null, id: id('x') })]);
    });
    const after = await ready(open());
    await hears(after, id('x'), 'hello');
    expect(after.cell.value.messages).toEqual([]);
  });

  it('goes after so many days, also while the page is open', async () => {
    const chat = await ready(open());
    const old = { peer: 'b', own: false, name: 'b', text: 'old', delivered: false };
    chat.add({ ...old, id: id('x'), at: Date.now() - 6 * 86_400_000 });
    chat.add({ ...old, id: id('y'), at: Date.now() });
    expect(chat.cell.value.messages).toHaveLength(2);
    chat.setRetention('1d');
    expect(chat.cell.value.messages.map(({ id: each }) => each)).toEqual([id('y')]);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.now() });
    chat.setRetention('1d');
    vi.advanceTimersByTime(86_400_001);
    expect(chat.cell.value.messages).toEqual([]);
  });

  it('goes on in memory when the disk refuses', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    archive = {
      ...NO_ARCHIVE,
      all: () => Promise.reject(new Error('x')),
      keep: () => Promise.reject(new Error('full')),
    };
    const chat = await ready(open());
    expect(await hears(chat, id('x'), 'hello')).toHaveBeenCalledTimes(1);
    expect(chat.cell.value.messages).toHaveLength(1);
  });

  it('keeps quick texts and the retention', async () => {
    const between = open();
    const chat = await ready(between);
    chat.setQuickTexts(['One moment, please', ' ', 'I am coming']);
    chat.setRetention('30d');
    const again = new Chat({
      archive: Promise.resolve(NO_ARCHIVE),
      storage: { getItem: (key) => between.storage.get(key) ?? null, setItem: () => undefined },
      ways: { line: null, send: () => false },
      ownName: () => 'a',
    });
    expect(again.cell.value).toMatchObject({
      quickTexts: ['One moment, please', 'I am coming'],
      retention: '30d',
    });
  });

  it('keeps the last 1,000 lines with a peer', async () => {
    const chat = await ready(open());
    for (let line = 0; line < 1_003; line += 1) {
      const each = String(line).padStart(21, '0') + 'A';
      chat.add({ id: each, peer: 'b', own: false, name: 'b', text: `${line}`, at: Date.now(), delivered: false });
    }
    expect(chat.cell.value.messages).toHaveLength(1_000);
    expect(chat.cell.value.messages[0]!.text).toBe('3');
  });
});
