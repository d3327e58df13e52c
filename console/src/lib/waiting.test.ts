/** Several kiosks that ring at one operator. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FakeRoom, now, phase, until } from './fake-room';
import { fakeEnvironment, FakeStream } from './fakes';
import { createKiosk, type KioskStores } from './index';

vi.stubGlobal('MediaStream', FakeStream);

let meeting: FakeRoom;
let desk: KioskStores;
let kiosks: KioskStores[];

beforeEach(async () => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  meeting = new FakeRoom();
  desk = createKiosk(fakeEnvironment(meeting.server, meeting.network));
  await desk.webSocketStore.connect({ name: 'Desk', callWaiting: 2 });
  kiosks = [];
  for (const name of ['North', 'East', 'South', 'West']) {
    const kiosk = meeting.stores();
    await kiosk.webSocketStore.connect({ name, role: 'kiosk' });
    kiosks.push(kiosk);
  }
  await until(desk.webSocketStore, ({ peers }) => peers.length === 4);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const names = () => now(desk.connectionStore).callers.map(({ peer }) => peer.name);
const call = (name: string) => now(desk.connectionStore).callers.find(({ peer }) => peer.name === name)!.call;

/** The first few kiosks ring, one after the other. */
async function ring(count: number): Promise<void> {
  const { you } = now(desk.webSocketStore);
  for (const kiosk of kiosks.slice(0, count)) {
    await kiosk.connectionStore.call(you!);
    await Promise.race([until(kiosk.connectionStore, ({ ringing }) => ringing), phase(kiosk, 'ended')]);
  }
}

const together = (kiosk: KioskStores) => Promise.all([phase(desk, 'in-call'), phase(kiosk, 'in-call')]);

it('all of them ring, up to the limit; the oldest is the one that rings', async () => {
  await ring(4);
  expect(names()).toEqual(['North', 'East', 'South']);
  expect(now(desk.connectionStore)).toMatchObject({ phase: 'ringing-in', peer: { name: 'North' } });
  expect(now(kiosks[3]!.connectionStore).ending).toBe('busy');
});

it('who waits is answered while another rings, which goes on ringing', async () => {
  await ring(2);
  await desk.connectionStore.answer(call('East'));
  await together(kiosks[1]!);
  expect(names()).toEqual(['North']);
  expect(now(kiosks[0]!.connectionStore)).toMatchObject({ phase: 'ringing-out', ringing: true });
  desk.connectionStore.hangUp();
  expect((await phase(desk, 'ringing-in')).peer?.name).toBe('North');
  await desk.connectionStore.answer();
  await together(kiosks[0]!);
  expect(names()).toEqual([]);
});

it('who waits is answered instead of a call that goes on', async () => {
  await ring(1);
  await desk.connectionStore.answer();
  await together(kiosks[0]!);
  await kiosks[1]!.connectionStore.call(now(desk.webSocketStore).you!);
  await until(desk.connectionStore, ({ callers }) => callers.length === 1);
  expect(now(desk.connectionStore).phase).toBe('in-call');
  await desk.connectionStore.answer(call('East'));
  expect((await phase(kiosks[0]!, 'ended')).ending).toBe('peer-hung-up');
  await together(kiosks[1]!);
  await expect(desk.connectionStore.answer('nobody')).rejects.toMatchObject({ code: 'nobody-calls' });
});

it('each is refused, hangs up, leaves or runs out of time by itself', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.now() });
  await ring(3);
  desk.connectionStore.reject('declined', call('East'));
  expect((await phase(kiosks[1]!, 'ended')).ending).toBe('rejected');
  expect(names()).toEqual(['North', 'South']);
  kiosks[2]!.connectionStore.hangUp();
  await until(desk.connectionStore, ({ callers }) => callers.length === 1);
  const { you } = now(desk.webSocketStore);
  await kiosks[3]!.connectionStore.call(you!);
  await until(desk.connectionStore, ({ callers }) => callers.length === 2);
  kiosks[3]!.webSocketStore.disconnect();
  await until(desk.connectionStore, ({ callers }) => callers.length === 1);
  vi.advanceTimersByTime(20_000);
  await kiosks[2]!.connectionStore.call(you!);
  await until(desk.connectionStore, ({ callers }) => callers.length === 2);
  vi.advanceTimersByTime(25_001);
  await until(desk.connectionStore, ({ peer }) => peer?.name === 'South');
  expect(now(desk.connectionStore)).toMatchObject({ phase: 'ringing-in' });
  vi.advanceTimersByTime(20_000);
  expect(now(desk.connectionStore)).toMatchObject({ phase: 'ended', ending: 'no-answer', callers: [] });
});

it('a call that waits runs out of time too', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.now() });
  await ring(1);
  await desk.connectionStore.answer();
  await together(kiosks[0]!);
  await kiosks[1]!.connectionStore.call(now(desk.webSocketStore).you!);
  await until(desk.connectionStore, ({ callers }) => callers.length === 1);
  await until(kiosks[1]!.connectionStore, ({ ringing }) => ringing);
  // Only the desk's clock: a kiosk would give up by itself just then.
  vi.advanceTimersByTime(45_000);
  await until(desk.connectionStore, ({ callers }) => callers.length === 0);
  expect(now(kiosks[1]!.connectionStore)).toMatchObject({ phase: 'ended', ending: 'no-answer' });
});

it('nobody waits any more when the link is lost', async () => {
  await ring(2);
  meeting.server.crash();
  await until(desk.connectionStore, ({ phase: each }) => each === 'ended');
  expect(now(desk.connectionStore)).toMatchObject({ ending: 'link-lost', callers: [] });
});
