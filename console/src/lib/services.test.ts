/** What goes on beside calls, with whole sets of stores: chat between calls, the wall, pairing, questions, files, hold, screens. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeBase64Url, encodeBase64Url, randomBytes } from './bytes';
import { FakeRoom, now, phase, refused, until, type Both } from './fake-room';
import { FakeStream, type FakePeerConnection } from './fakes';
import type { KioskStores, PairingState } from './index';
import { NO_CALL, randomId, type Content } from './message';
import { Outside } from './outside';
import { pairingCommitment, shortAuthenticationString } from './pairing';

vi.stubGlobal('MediaStream', FakeStream);

let meeting: FakeRoom;

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  meeting = new FakeRoom();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Has a set of stores say something outside a call, whatever it is. */
async function say(kiosk: KioskStores, to: string, content: Content): Promise<void> {
  let found: Outside | null = null;
  const { send } = Outside.prototype;
  const spy = vi.spyOn(Outside.prototype, 'send').mockImplementation(function (this: Outside, ...what) {
    found ??= this;
    return send.apply(this, what);
  });
  // A line for somebody who is not there finds it, and goes nowhere.
  kiosk.chatStore.send('hello', encodeBase64Url(randomBytes(32)));
  await vi.waitFor(() => expect(found).not.toBeNull());
  spy.mockRestore();
  found!.send(to, content);
}

const status = (state: 'idle' | 'in-call', unread = 0): Content => ({
  t: 'status',
  body: { state, faults: ['camera'], unread },
});

describe('chat outside a call', () => {
  it('goes over the link, and no call is needed', async () => {
    const { a, b, idA, idB } = await meeting.both();
    const id = a.chatStore.send('Are you there?', idB);
    await until(a.chatStore, ({ messages }) => messages[0]?.state === 'delivered');
    expect(now(b.chatStore)).toMatchObject({ unread: { [idA]: 1 }, messages: [{ id, text: 'Are you there?' }] });
    expect(now(b.wallStore).peers).toMatchObject([{ id: idA, unread: 1 }]);
    b.chatStore.resetUnreadCount(idA);
    expect(now(b.wallStore).peers).toMatchObject([{ unread: 0 }]);
  });

  it('waits for who is away, and goes out when they come', async () => {
    const { a, b, idB } = await meeting.both();
    await a.webSocketStore.trust(idB);
    b.webSocketStore.disconnect();
    await until(a.webSocketStore, ({ peers }) => peers.length === 0);
    a.chatStore.send('one', idB);
    a.chatStore.send('two', idB);
    expect(now(a.chatStore).messages.map(({ state }) => state)).toEqual(['waiting', 'waiting']);
    await b.webSocketStore.connect();
    await until(a.chatStore, ({ messages }) => messages.every(({ delivered }) => delivered));
    expect(now(b.chatStore).messages.map(({ text }) => text)).toEqual(['one', 'two']);
  });

  it('a line that was cut off with the call comes by the link, once', async () => {
    const { a, b } = await meeting.inCall();
    for (const pc of meeting.network.connections.values()) pc.channel!.other = null;
    a.chatStore.send('last words');
    a.connectionStore.hangUp();
    await until(a.chatStore, ({ messages }) => messages[0]!.delivered);
    expect(now(b.chatStore).messages).toHaveLength(1);
  });

  it('is refused of strangers when told to, and of impostors always', async () => {
    const { a, b, idB } = await meeting.both({ trust: { unknown: 'refuse' } });
    a.chatStore.send('hello', idB);
    await refused(b, 'untrusted');
    expect(now(b.chatStore).messages).toEqual([]);
    await a.webSocketStore.trust(idB);
    a.trustStore.rename(idB, 'Front door');
    expect(now(a.trustStore).pins).toMatchObject([{ peer: idB, name: 'Front door', role: 'kiosk' }]);
    const impostor = meeting.stores();
    await impostor.webSocketStore.connect({ name: 'front  DOOR', role: 'kiosk' });
    await until(impostor.webSocketStore, ({ peers }) => peers.length === 2);
    impostor.chatStore.send('open up', now(a.webSocketStore).you!);
    await refused(a, 'untrusted');
    a.chatStore.send('who is it?', now(impostor.webSocketStore).you!);
    expect(now(a.chatStore).messages.at(-1)!.state).toBe('waiting');
    a.trustStore.remove(idB);
    expect(now(a.trustStore).pins).toEqual([]);
  });

  it('a message that is said again by the server is refused', async () => {
    const { a, b, idB } = await meeting.both();
    meeting.server.tamper = (frame) => [frame, frame];
    a.chatStore.send('hello', idB);
    await refused(b, 'replayed');
    expect(now(b.chatStore).messages).toHaveLength(1);
  });
});

describe('wallStore', () => {
  it('shows what kiosks tell of themselves, and keeps the last word of those that left', async () => {
    const { a, b, idA, idB } = await meeting.both();
    const wall = () => now(a.wallStore).peers;
    expect(wall()).toMatchObject([{ id: idB, online: true, activity: 'online', told: false, faults: [], at: null }]);
    await say(b, idA, status('in-call', 2));
    await until(a.wallStore, ({ peers }) => peers[0]!.told);
    expect(wall()).toMatchObject([{ activity: 'in-call', faults: ['camera'], waiting: 2, stale: false }]);
    await a.webSocketStore.trust(idB);
    b.webSocketStore.disconnect();
    await until(a.wallStore, ({ peers }) => !peers[0]!.online);
    expect(wall()).toMatchObject([{ activity: 'offline', faults: ['camera'], stale: true, verification: 'pinned' }]);
    await b.webSocketStore.connect();
    await until(a.wallStore, ({ peers }) => peers[0]!.online);
    expect(wall()).toMatchObject([{ activity: 'online', told: false, faults: [] }]);
    a.webSocketStore.disconnect();
    expect(wall()).toMatchObject([{ online: false }]);
  });

  it('sees our own calls by itself', async () => {
    const { a, b, idB } = await meeting.both();
    const activity = () => now(a.wallStore).peers[0]!.activity;
    await a.connectionStore.call(idB);
    expect(activity()).toBe('ringing-in');
    await phase(b, 'ringing-in');
    await b.connectionStore.answer();
    await phase(a, 'in-call');
    expect(activity()).toBe('in-call');
    a.connectionStore.hangUp();
    expect(activity()).toBe('online');
  });

  it('believes no operator that it is a kiosk', async () => {
    const { a, b, idB } = await meeting.both();
    await say(a, idB, status('idle'));
    await refused(b, 'role');
    expect(now(b.wallStore).peers).toMatchObject([{ told: false, role: 'operator' }]);
  });

  it('forgets the room when it is another', async () => {
    const { a } = await meeting.both();
    await a.webSocketStore.connect({ room: 'hall' });
    expect(now(a.wallStore).peers.filter(({ online }) => !online)).toEqual([]);
  });
});

describe('pairingStore', () => {
  const compares = (kiosk: KioskStores) => until(kiosk.pairingStore, ({ phase: each }) => each === 'compare');
  const ends = (kiosk: KioskStores, wanted: PairingState['phase']) =>
    until(kiosk.pairingStore, ({ phase: each }) => each === wanted);

  async function compared(): Promise<Both & { digits: string }> {
    const both = await meeting.both();
    both.a.pairingStore.open();
    both.b.pairingStore.open();
    const [one, other] = await Promise.all([compares(both.a), compares(both.b)]);
    expect(one.digits).toMatch(/^\d{6}$/);
    expect(other.digits).toBe(one.digits);
    return { ...both, digits: one.digits! };
  }

  it('shows the same six digits, and pins when both have agreed', async () => {
    const { a, b, idA, idB } = await compared();
    expect(now(a.pairingStore)).toMatchObject({ peer: idB, name: 'Lobby 2', role: 'kiosk', confirmed: false });
    a.pairingStore.confirm('Front door');
    await until(b.pairingStore, ({ confirmedThere }) => confirmedThere);
    expect([now(a.trustStore).pins, now(b.trustStore).pins]).toEqual([[], []]);
    b.pairingStore.confirm();
    await Promise.all([ends(a, 'done'), ends(b, 'done')]);
    expect(now(a.trustStore).pins).toMatchObject([{ peer: idB, name: 'Front door', role: 'kiosk' }]);
    expect(now(b.trustStore).pins).toMatchObject([{ peer: idA, name: 'Anna', role: 'operator' }]);
    await until(
      a.webSocketStore,
      ({ peers }) => peers[0]!.verification === 'pinned' && peers[0]!.name === 'Front door',
    );
    a.pairingStore.close();
    expect(now(a.pairingStore)).toMatchObject({ phase: 'closed', triesLeft: 2 });
  });

  it('works with a window that opens before the other side is there', async () => {
    const a = meeting.stores();
    await a.webSocketStore.connect({ name: 'Anna' });
    a.pairingStore.open();
    const b = meeting.stores();
    await b.webSocketStore.connect({ name: 'Lobby 2', role: 'kiosk' });
    b.pairingStore.open();
    expect((await compares(a)).digits).toBe((await compares(b)).digits);
  });

  it('pins nobody when somebody says no', async () => {
    const { a, b } = await compared();
    a.pairingStore.confirm();
    b.pairingStore.cancel();
    expect(await ends(a, 'failed')).toMatchObject({ failure: 'cancelled', digits: null });
    expect([...now(a.trustStore).pins, ...now(b.trustStore).pins]).toEqual([]);
  });

  it('ends with the other side, and with the link', async () => {
    const { a, b } = await compared();
    b.webSocketStore.disconnect();
    expect(now(b.pairingStore).failure).toBe('no-link');
    expect((await ends(a, 'failed')).failure).toBe('cancelled');
    b.pairingStore.close();
    b.pairingStore.open();
    expect(now(b.pairingStore)).toMatchObject({ phase: 'failed', failure: 'no-link' });
  });

  it('closes after 60 s, and opens three times in ten minutes, no more', async () => {
    const { a } = await meeting.both();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: Date.now() });
    for (let tries = 1; tries <= 3; tries += 1) {
      a.pairingStore.open();
      expect(now(a.pairingStore)).toMatchObject({ phase: 'waiting', until: Date.now() + 60_000, triesLeft: 3 - tries });
      vi.advanceTimersByTime(60_000);
      expect(now(a.pairingStore)).toMatchObject({ phase: 'failed', failure: 'timed-out' });
    }
    a.pairingStore.open();
    expect(now(a.pairingStore)).toMatchObject({ failure: 'too-many-tries', nextTryAt: Date.now() + 420_000 });
    vi.advanceTimersByTime(420_001);
    a.pairingStore.open();
    expect(now(a.pairingStore).phase).toBe('waiting');
    a.pairingStore.cancel();
  });

  it('ends at a reveal that is not what was promised', async () => {
    const { a, b } = await meeting.both();
    const { send } = Outside.prototype;
    vi.spyOn(Outside.prototype, 'send').mockImplementation(function (this: Outside, to, content) {
      const other = { t: 'pair-reveal', body: { nonce: encodeBase64Url(randomBytes(16)) } } as const;
      return send.call(this, to, content.t === 'pair-reveal' ? other : content);
    });
    a.pairingStore.open();
    b.pairingStore.open();
    await Promise.race([refused(a, 'pairing-mismatch'), refused(b, 'pairing-mismatch')]);
    const failures = await Promise.all([ends(a, 'failed'), ends(b, 'failed')]);
    expect(failures.map(({ failure }) => failure)).toContain('mismatch');
    expect([...now(a.trustStore).pins, ...now(b.trustStore).pins]).toEqual([]);
  });

  it('ends at a second promise that is not the first', async () => {
    const { a, b, idA } = await compared();
    await say(b, idA, { t: 'pair-commit', body: { commit: encodeBase64Url(randomBytes(32)) } });
    expect((await ends(a, 'failed')).failure).toBe('mismatch');
    await refused(a, 'pairing-mismatch');
  });

  it('takes the first, and ignores all others; without a window, everybody', async () => {
    const { a, b, digits } = await compared();
    const third = meeting.stores();
    await third.webSocketStore.connect({ name: 'Third' });
    await until(third.webSocketStore, ({ peers }) => peers.length === 2);
    third.pairingStore.open();
    await say(third, now(a.webSocketStore).you!, { t: 'pair-cancel', body: {} });
    await say(third, now(a.webSocketStore).you!, {
      t: 'pair-reveal',
      body: { nonce: encodeBase64Url(randomBytes(16)) },
    });
    third.chatStore.send('seen?', now(a.webSocketStore).you!);
    await until(a.chatStore, ({ messages }) => messages.length === 1);
    expect(now(a.pairingStore)).toMatchObject({ phase: 'compare', digits });
    b.pairingStore.cancel();
    await ends(a, 'failed');
  });

  it('commits and counts digits as docs/protocol.md says', async () => {
    const side = (fill: number) => ({
      peer: encodeBase64Url(new Uint8Array(32).fill(fill)),
      key: new Uint8Array(65).fill(fill),
      nonce: new Uint8Array(16).fill(fill + 1),
    });
    const [one, other] = [side(1), side(200)];
    // Computed apart from this code, with sha256sum.
    expect(encodeBase64Url(await pairingCommitment(one.key, one.nonce))).toBe(
      'YHsKH6gMDuIUWDF0ClaUF5ot1POzmYq3q-SlXSWHLX8',
    );
    expect(await shortAuthenticationString(one, other)).toBe('086746');
    expect(await shortAuthenticationString(other, one)).toBe('086746');
  });
});

describe('controlStore', () => {
  it('asks the room of the call; a page answers no', async () => {
    const { a, b, idB } = await meeting.inCall();
    expect(await a.controlStore.ask('mute')).toBe('denied');
    expect(await a.controlStore.ask('volume', 140.2)).toBe('denied');
    expect(now(a.controlStore).asks).toMatchObject([
      { peer: idB, what: 'mute', value: null, state: 'denied', consent: false },
      { what: 'volume', value: 100, state: 'denied' },
    ]);
    expect(now(b.controlStore).asks).toEqual([]);
    a.controlStore.dismiss(now(a.controlStore).asks[0]!.id);
    expect(now(a.controlStore).asks).toHaveLength(1);
  });

  it('asks for a restart outside a call too, and for nothing else', async () => {
    const { a, idB } = await meeting.both();
    expect(await a.controlStore.restart(idB)).toBe('denied');
    await expect(a.controlStore.ask('mute')).rejects.toMatchObject({ code: 'no-call' });
    await expect(a.controlStore.restart('A'.repeat(43))).rejects.toMatchObject({ code: 'not-in-room' });
  });

  it('ends with the call', async () => {
    const { a } = await meeting.inCall();
    for (const pc of meeting.network.connections.values()) pc.channel!.other = null;
    const asked = a.controlStore.ask('unmute');
    a.connectionStore.hangUp();
    expect(await asked).toBe('ended');
  });

  it('waits 30 s; a late yes still counts', async () => {
    const { a, b, idA } = await meeting.inCall();
    const channels = [...meeting.network.connections.values()].map(({ channel }) => channel!);
    channels.forEach((each) => (each.deaf = true));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const asked = a.controlStore.ask('snapshot-camera');
    expect(now(a.controlStore).asks).toMatchObject([{ state: 'pending', consent: true }]);
    vi.advanceTimersByTime(30_000);
    expect(await asked).toBe('timed-out');
    vi.useRealTimers();
    const { id } = now(a.controlStore).asks[0]!;
    await say(b, idA, { t: 'reply', body: { id, granted: false } });
    await say(b, idA, { t: 'reply', body: { id, granted: true } });
    await until(a.controlStore, ({ asks }) => asks[0]!.state === 'granted');
  });
});

describe('hold', () => {
  it('sends nothing, tells the peer, and lets nothing in', async () => {
    const { a, b } = await meeting.inCall();
    await a.mediaStore.start();
    await until(b.connectionStore, ({ remoteMedia }) => remoteMedia.audio && remoteMedia.video);
    const [pc] = [...meeting.network.connections.values()] as [FakePeerConnection];
    const received = () => pc.transceivers.map(({ receiver }) => (receiver.track as { enabled?: boolean }).enabled);
    a.connectionStore.hold();
    expect(now(a.connectionStore).held).toBe(true);
    await until(b.connectionStore, ({ remoteMedia }) => remoteMedia.hold);
    expect(now(b.connectionStore).remoteMedia).toEqual({ audio: false, video: false, screen: false, hold: true });
    expect(pc.transceivers.map(({ sender }) => sender.track)).toEqual([null, null]);
    expect(received()).toEqual([false, false]);
    a.connectionStore.hold(false);
    await until(b.connectionStore, ({ remoteMedia }) => !remoteMedia.hold && remoteMedia.audio);
    expect(received()).toEqual([true, true]);
    a.connectionStore.hangUp();
    a.connectionStore.hold();
    expect(now(a.connectionStore).held).toBe(false);
  });
});

describe('screen share', () => {
  it('replaces the camera’s picture without renegotiation, also when the camera is off, and ends with the browser’s button', async () => {
    const { a, b, devicesA } = await meeting.inCall();
    await a.mediaStore.start();
    await a.mediaStore.toggleVideo(false);
    await until(b.connectionStore, ({ remoteMedia }) => remoteMedia.audio && !remoteMedia.video);
    const [pc] = [...meeting.network.connections.values()] as [FakePeerConnection];
    const { localDescription } = pc;
    await a.mediaStore.toggleScreenShare();
    await until(b.connectionStore, ({ remoteMedia }) => remoteMedia.screen);
    const { sender } = pc.transceivers[1]!;
    expect(sender.track).toBe(devicesA.opened.at(-1));
    expect(devicesA.opened.at(-1)!.contentHint).toBe('text');
    await vi.waitFor(() =>
      expect(sender.parameters).toEqual([{ maxBitrate: 2_500_000, maxFramerate: 15, scaleResolutionDownBy: 1 }]),
    );
    devicesA.opened.at(-1)!.onended!();
    await until(b.connectionStore, ({ remoteMedia }) => !remoteMedia.screen && !remoteMedia.video);
    await a.mediaStore.toggleVideo(true);
    await until(b.connectionStore, ({ remoteMedia }) => remoteMedia.video && !remoteMedia.screen);
    expect(pc.localDescription).toBe(localDescription);
  });
});

describe('fileStore', () => {
  it('carries a file over a real call, through both channels', async () => {
    const { a, b, idB } = await meeting.inCall();
    expect(now(a.fileStore)).toMatchObject({ available: true, peer: idB });
    const id = await a.fileStore.send(new Blob(['a map'], { type: 'image/png' }), 'map.png');
    await until(b.fileStore, ({ transfers }) => transfers[0]?.state === 'offered');
    b.fileStore.accept(id);
    await until(a.fileStore, ({ transfers }) => transfers[0]!.state === 'done');
    expect(await now(b.fileStore).transfers[0]!.blob!.text()).toBe('a map');
    a.connectionStore.hangUp();
    expect(now(a.fileStore)).toMatchObject({ available: false, peer: null });
  });

  it('is unavailable when the peer opens no channel for files', async () => {
    meeting.network.without = ['ksp-file'];
    const { a, b } = await meeting.inCall();
    expect([now(a.fileStore).available, now(b.fileStore).available]).toEqual([false, false]);
    expect(now(a.connectionStore).phase).toBe('in-call');
  });
});

describe('statisticsStore', () => {
  it('keeps a sample a second, of the last two minutes', async () => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      now: Date.now(),
    });
    const { a } = await meeting.inCall();
    for (let beat = 0; beat < 8; beat += 1) await meeting.halfSecond();
    const { samples } = now(a.statisticsStore);
    expect(samples).toHaveLength(4);
    expect(samples[1]!.at - samples[0]!.at).toBe(1_000);
    a.connectionStore.hangUp();
    expect(now(a.statisticsStore).samples).toHaveLength(4);
  });
});

it('NO_CALL is 16 zero bytes', () => {
  expect(decodeBase64Url(NO_CALL)).toEqual(new Uint8Array(16));
  expect(randomId()).not.toBe(NO_CALL);
});
