/** What authorities take back: docs/protocol.md §4. */

import { beforeEach, describe, expect, it, vi } from 'vitest';
import { exportPublicKey, generateKeyPair } from './crypto';
import { seal, type Envelope } from './envelope';
import { FakeRoom, now, phase, refused, until } from './fake-room';
import { FakeStream } from './fakes';
import { Revocations } from './revocations';

vi.stubGlobal('MediaStream', FakeStream);

class Authority {
  private constructor(
    readonly key: string,
    readonly secret: CryptoKey,
  ) {}

  static async make(): Promise<Authority> {
    const { publicKey, privateKey } = await generateKeyPair();
    return new Authority(await exportPublicKey(publicKey), privateKey);
  }

  list(number: number, peers: string[] = [], serials: number[] = [], more = {}): Promise<Envelope> {
    const list = { v: 1, op: this.key, number, at: 0, peers, serials, ...more };
    return seal('revocation-list', JSON.stringify(list), this.secret);
  }

  member(sub: string, serial: number): Promise<Envelope> {
    const membership = { v: 1, op: this.key, sub, serial, nb: 0, na: 9_999_999_999, role: 'kiosk', room: '*' };
    return seal('membership', JSON.stringify(membership), this.secret);
  }
}

const PEER = 'A'.repeat(43);
let ours: Authority;
let stranger: Authority;

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  [ours, stranger] = await Promise.all([Authority.make(), Authority.make()]);
});

function storage(): Pick<Storage, 'getItem' | 'setItem'> {
  const kept = new Map<string, string>();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
}

describe('lists', () => {
  it('count by their number, also over a visit', async () => {
    const kept = storage();
    const first = new Revocations(kept);
    expect(await first.learn(await ours.list(2, [PEER], [7]), [ours.key])).toBe(true);
    expect(await first.learn(await ours.list(2), [ours.key])).toBe(false);
    first.keep();
    const second = new Revocations(kept);
    await second.restore([ours.key]);
    await expect(second.learn(await ours.list(1), [ours.key])).rejects.toThrow('revocation-old');
    expect([second.names(PEER), second.takesBack(ours.key, 7), second.takesBack(stranger.key, 7)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await second.learn(await ours.list(3), [ours.key])).toBe(true);
    expect(second.names(PEER)).toBe(false);
  });

  it('count only under a pinned key, and if they are lists', async () => {
    const lists = new Revocations(null);
    expect(await lists.learn(await stranger.list(1, [PEER]), [ours.key])).toBe(false);
    expect(lists.names(PEER)).toBe(false);
    const forged = { ...(await ours.list(1, [PEER])), ...{ protected: (await ours.member(PEER, 1)).protected } };
    await expect(lists.learn(forged, [ours.key])).rejects.toThrow('header');
    await expect(lists.learn(await ours.list(1, [], [], { op: stranger.key }), [ours.key])).rejects.toThrow('key');
    await expect(lists.learn(await ours.list(1, [], [], { v: 2 }), [ours.key])).rejects.toThrow('version');
    await expect(lists.learn(await ours.list(1, Array(513).fill(PEER)), [ours.key])).rejects.toThrow('body-limit');
  });
});

describe('a page', () => {
  it('ends a call with whom an authority takes back, and does not meet it again', async () => {
    const room = new FakeRoom();
    const { a, idA, idB, b } = await room.inCall();
    await a.webSocketStore.connect({ name: 'Anna', trust: { operatorKeys: [ours.key] } });
    room.server.push(idA, { t: 'revocations', list: await ours.list(1, [idB]) });
    await phase(a, 'ended');
    await until(a.webSocketStore, ({ peers }) => peers.length === 0);
    await b.webSocketStore.connect({ name: 'Lobby 3', role: 'kiosk' });
    await refused(a, 'untrusted');
    expect(now(a.webSocketStore).peers).toEqual([]);
  });

  it('takes a member for a stranger once its membership is revoked', async () => {
    const room = new FakeRoom();
    const a = room.stores();
    const b = room.stores();
    await a.webSocketStore.connect({ name: 'Anna', trust: { operatorKeys: [ours.key] } });
    await b.webSocketStore.connect({ name: 'Lobby 2', role: 'kiosk' });
    const idB = now(b.webSocketStore).you!;
    await b.webSocketStore.connect({ name: 'Lobby 2', role: 'kiosk', memberships: [await ours.member(idB, 5)] });
    const verification = () => now(a.webSocketStore).peers[0]?.verification;
    await until(a.webSocketStore, () => verification() === 'member');
    room.server.push(now(a.webSocketStore).you!, { t: 'revocations', list: await ours.list(1, [], [5]) });
    await until(a.webSocketStore, () => verification() === 'unverified');
  });
});
