/** Two sets of stores, one server between them. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { randomBytes } from './bytes';
import { FakeRoom, now, phase, refused, until, type Both } from './fake-room';
import { fakeEnvironment, FakeStream, type FakeNetwork, type FakeServer } from './fakes';
import { makeFleetingIdentity } from './identity';
import { createKiosk } from './index';
import { Call } from './call';
import { isPolite } from './calls';
import { randomId, type Content } from './message';
import type { Reason } from './refusal';

vi.stubGlobal('MediaStream', FakeStream);

let meeting: FakeRoom;
let server: FakeServer;
let network: FakeNetwork;

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  meeting = new FakeRoom();
  ({ server, network } = meeting);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const room = (options = {}): Promise<Both> => meeting.both(options);
const inCall = (): Promise<Both> => meeting.inCall();

describe('webSocketStore', () => {
  it('signs in and shows who is in the room', async () => {
    const { a, b, idA, idB } = await room();
    expect(now(a.webSocketStore)).toMatchObject({ status: 'online', problem: null, room: 'lobby' });
    const unverified = { verification: 'unverified' };
    expect(now(a.webSocketStore).peers).toEqual([{ id: idB, name: 'Lobby 2', role: 'kiosk', ...unverified }]);
    expect(now(b.webSocketStore).peers).toEqual([{ id: idA, name: 'Anna', role: 'operator', ...unverified }]);
    b.webSocketStore.disconnect();
    await until(a.webSocketStore, ({ peers }) => peers.length === 0);
  });

  it('does not sign for a server that names another one', async () => {
    server.audience = 'wss://other.test/signaling';
    const kiosk = createKiosk(fakeEnvironment(server, network));
    kiosk.webSocketStore.connect().catch(() => undefined);
    const state = await until(kiosk.webSocketStore, ({ status }) => status === 'waiting');
    expect(state).toMatchObject({ you: null, refusals: { audience: 1 } });
    kiosk.webSocketStore.disconnect();
  });

  it('says why it cannot connect', async () => {
    const kiosk = createKiosk(fakeEnvironment(server, network));
    await expect(kiosk.webSocketStore.connect({ room: 'No room' })).rejects.toThrow('cannot be a room');
    expect(now(kiosk.webSocketStore).problem).toContain('No room');
  });

  it('comes back after a loss, within 0.5 to 15 s', async () => {
    const { a, b } = await room();
    b.webSocketStore.disconnect();
    server.crash();
    const { retryAt } = await until(a.webSocketStore, ({ status }) => status === 'waiting');
    const wait = retryAt! - Date.now();
    expect(wait).toBeGreaterThan(400);
    expect(wait).toBeLessThanOrEqual(15_000);
    a.webSocketStore.retryNow();
    await until(a.webSocketStore, ({ status }) => status === 'online');
  });

  it('waits at least 30 s when the same identity signed in elsewhere', async () => {
    const identity = makeFleetingIdentity();
    const [old, young] = [0, 1].map(() => createKiosk(fakeEnvironment(server, network, null, identity)));
    await old!.webSocketStore.connect();
    await young!.webSocketStore.connect();
    const { retryAt } = await until(old!.webSocketStore, ({ status }) => status === 'waiting');
    expect(retryAt! - Date.now()).toBeGreaterThan(30_000);
    [old, young].forEach((each) => each!.webSocketStore.disconnect());
  });

  it('pins a peer, and warns of another key under its name', async () => {
    const { a, b, idB } = await room();
    await a.webSocketStore.trust(idB);
    expect(now(a.webSocketStore).peers[0]).toMatchObject({ id: idB, verification: 'pinned' });
    b.webSocketStore.disconnect();
    const impostor = createKiosk(fakeEnvironment(server, network));
    await impostor.webSocketStore.connect({ name: 'LOBBY  2', role: 'kiosk' });
    const { peers } = await until(a.webSocketStore, (state) => state.peers.some(({ id }) => id !== idB));
    expect(peers[0]).toMatchObject({ verification: 'changed' });
    await a.webSocketStore.distrust(idB);
    expect(now(a.webSocketStore).peers[0]).toMatchObject({ verification: 'unverified' });
  });

  it('counts frames that make no sense', async () => {
    const { a, idA } = await room();
    server.push(idA, '{"t":"left","t":"left","peer":"x"}');
    server.push(idA, { t: 'welcome', you: idA, peers: [], ice: [] });
    await refused(a, 'frame-syntax');
    await refused(a, 'unexpected');
  });
});

describe('connectionStore', () => {
  it('rings, answers, confirms; only then media flows', async () => {
    const { a, b, idB } = await room();
    await a.mediaStore.start();
    await a.connectionStore.call(idB);
    await until(a.connectionStore, ({ ringing }) => ringing);
    await phase(b, 'ringing-in');
    const [pc] = [...network.connections.values()];
    expect(pc!.transceivers.map(({ sender }) => sender.track)).toEqual([null, null]);
    await b.connectionStore.answer();
    const state = await phase(a, 'in-call');
    expect(state).toMatchObject({ confirmed: true, outgoing: true, ending: null });
    await phase(b, 'in-call');
    await vi.waitFor(() => expect(pc!.transceivers.every(({ sender }) => sender.track !== null)).toBe(true));
    expect(now(a.mediaStore).remoteStream).not.toBeNull();
    // B has opened nothing: it says so.
    await until(a.connectionStore, ({ remoteMedia }) => !remoteMedia.audio && !remoteMedia.video);
    a.connectionStore.hangUp();
    expect(now(a.connectionStore)).toMatchObject({ phase: 'ended', ending: 'hung-up' });
    expect((await phase(b, 'ended')).ending).toBe('peer-hung-up');
    expect(now(a.mediaStore).remoteStream).toBeNull();
    expect(network.connections.size).toBe(0);
    b.connectionStore.closeConnection();
    expect(now(b.connectionStore).phase).toBe('idle');
  });

  it.each([
    ['the answerer', false],
    ['the offerer', true],
  ])('%s says again what the peer saw nothing of', async (_, outgoing) => {
    const { send } = Call.prototype;
    let lost = 0;
    vi.spyOn(Call.prototype, 'send').mockImplementation(function (this: Call, transport, content, deliver) {
      const isLost = content.t === 'confirm' && this.outgoing === outgoing && (lost += 1) === 1;
      return send.call(this, transport, content, isLost ? () => undefined : deliver);
    });
    const { a, b, idB } = await room();
    await a.connectionStore.call(idB);
    await phase(b, 'ringing-in');
    await b.connectionStore.answer();
    await Promise.all([phase(a, 'in-call'), phase(b, 'in-call')]);
    expect(lost).toBeGreaterThan(1);
    a.connectionStore.hangUp();
    expect((await phase(b, 'ended')).ending).toBe('peer-hung-up');
  });

  it('goes step by step, as the API names the steps', async () => {
    const { a, b, idB } = await room();
    const offer = await a.connectionStore.createOffer(idB);
    expect(offer.sdp).toContain('a=fingerprint:sha-256');
    await a.webSocketStore.sendSecureOffer();
    const { offer: heard } = await phase(b, 'ringing-in');
    await expect(b.connectionStore.processOffer({ ...heard! })).rejects.toThrow('not the offer that rings');
    const answer = await b.connectionStore.processOffer(heard!);
    expect(answer.fp).toMatch(/^[0-9a-f]{64}$/);
    await b.webSocketStore.sendSecureAnswer();
    await Promise.all([phase(a, 'in-call'), phase(b, 'in-call')]);
    await a.webSocketStore.sendMessage('bye', { why: 'shutdown' });
    expect((await phase(b, 'ended')).ending).toBe('shutdown');
  });

  it('stops when the certificate of the handshake is not the signed one', async () => {
    const { a, b, idB } = await room();
    network.impostor = randomBytes(80);
    await a.connectionStore.call(idB);
    await phase(b, 'ringing-in');
    await b.connectionStore.answer().catch(() => undefined);
    expect((await phase(a, 'ended')).ending).toBe('not-secure');
    expect((await phase(b, 'ended')).ending).toBe('not-secure');
    expect(now(a.mediaStore).remoteStream).toBeNull();
    expect(
      (now(a.webSocketStore).refusals['certificate-mismatch'] ?? 0) +
        (now(b.webSocketStore).refusals['certificate-mismatch'] ?? 0),
    ).toBeGreaterThan(0);
  });

  it.each([
    ['chats before it confirms', { t: 'chat', body: { id: randomId(), text: 'hello' } }, 'not-confirmed'],
    ['confirms another certificate', { t: 'confirm', body: { rfp: '0'.repeat(64) } }, 'confirm-mismatch'],
    ['confirms another offer', { t: 'confirm', body: { offer: randomId() + 'A'.repeat(21) } }, 'confirm-mismatch'],
  ])('a peer that %s is refused', async (_, instead, reason) => {
    const { send } = Call.prototype;
    vi.spyOn(Call.prototype, 'send').mockImplementation(function (this: Call, transport, content, deliver) {
      const same = content.t === instead.t ? content.body : {};
      const forged = { t: instead.t, body: { ...same, ...instead.body } } as Content;
      return send.call(this, transport, this.outgoing && content.t === 'confirm' ? forged : content, deliver);
    });
    const { a, b, idB } = await room();
    await a.connectionStore.call(idB);
    await phase(b, 'ringing-in');
    await b.connectionStore.answer();
    await refused(b, reason as Reason);
    expect(now(b.mediaStore).remoteStream).toBeNull();
    expect(b.chatStore.history()).toEqual([]);
    expect(now(b.connectionStore).confirmed).toBe(false);
  });

  it('declines, and hears that it was declined', async () => {
    const { a, b, idB } = await room();
    await a.connectionStore.call(idB);
    await phase(b, 'ringing-in');
    b.connectionStore.reject();
    expect((await phase(a, 'ended')).ending).toBe('rejected');
    expect(now(b.connectionStore).ending).toBe('declined');
  });

  it('is busy in a call', async () => {
    const { b, idB } = await inCall();
    const c = createKiosk(fakeEnvironment(server, network));
    await c.webSocketStore.connect({ name: 'Third' });
    await until(c.webSocketStore, ({ peers }) => peers.length === 2);
    await c.connectionStore.call(idB);
    expect((await phase(c, 'ended')).ending).toBe('busy');
    expect(now(b.connectionStore).phase).toBe('in-call');
  });

  it('makes one call of two that cross', async () => {
    const { a, b, idA, idB } = await room();
    await Promise.all([a.connectionStore.call(idB), b.connectionStore.call(idA)]);
    const [one, other] = await Promise.all([phase(a, 'in-call'), phase(b, 'in-call')]);
    expect(one.callId).toBe(other.callId);
    expect(one.outgoing).toBe(!isPolite(idA, idB));
  });

  it('refuses strangers when told to', async () => {
    const { a, b, idB } = await room({ trust: { unknown: 'refuse' } });
    await a.connectionStore.call(idB);
    expect((await phase(a, 'ended')).ending).toBe('untrusted');
    expect(now(b.webSocketStore).refusals).toEqual({ untrusted: 1 });
  });

  it('ends what rings for 45 s', async () => {
    const { a, b, idB } = await room();
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      now: Date.now(),
    });
    await a.connectionStore.call(idB);
    await phase(b, 'ringing-in');
    vi.advanceTimersByTime(45_000);
    expect(now(a.connectionStore).ending).toBe('no-answer');
    expect(now(b.connectionStore).ending).toBe('no-answer');
  });

  it('takes a peer that is silent for 3 s for lost, and not before', async () => {
    vi.useFakeTimers({
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      now: Date.now(),
    });
    const { a } = await inCall();
    for (let half = 0; half < 16; half += 1) await meeting.halfSecond();
    expect(now(a.connectionStore)).toMatchObject({ phase: 'in-call', reconnecting: null });
    for (const pc of network.connections.values()) pc.channel!.other = null;
    server.deaf = true;
    for (let second = 0; second < 5; second += 1) await vi.advanceTimersByTimeAsync(1_000).then(settle);
    expect(now(a.connectionStore).reconnecting).not.toBeNull();
  });

  it('goes on without the link, and says bye by the channel', async () => {
    const { a, b } = await inCall();
    server.crash();
    await until(a.webSocketStore, ({ status }) => status === 'waiting');
    expect(now(a.connectionStore).phase).toBe('in-call');
    a.chatStore.send('still there?');
    await until(b.chatStore, ({ messages }) => messages.length === 1);
    a.connectionStore.hangUp();
    expect((await phase(b, 'ended')).ending).toBe('peer-hung-up');
  });

  describe('with a server that tampers', () => {
    it.each([
      ['replays', (frame: object) => [frame, frame], 'call-reused'],
      [
        'flips a letter',
        (frame: { m?: { payload: string } }) => [{ ...frame, m: { ...frame.m, payload: flip(frame.m!.payload) } }],
        'signature',
      ],
      [
        'strips the signature',
        (frame: { m?: object }) => [{ ...frame, m: { ...frame.m, signature: '' } }],
        'signature-length',
      ],
      ['names another sender', (frame: object) => [{ ...frame, from: 'A'.repeat(43) }], 'unknown-peer'],
    ] as const)('%s: refused', async (_, tamper, reason) => {
      const { a, b, idB } = await room();
      server.tamper = tamper as FakeServer['tamper'];
      await a.connectionStore.call(idB);
      await refused(b, reason);
    });

    it('drops: the gap ends the call', async () => {
      const { a, b, idB } = await room();
      await a.connectionStore.call(idB);
      await phase(b, 'ringing-in');
      await until(a.connectionStore, ({ ringing }) => ringing);
      let dropped = 0;
      server.tamper = (frame) => (dropped++ === 0 ? [] : [frame]);
      await a.webSocketStore.sendMessage('end-of-candidates', {});
      await a.webSocketStore.sendMessage('end-of-candidates', {});
      expect((await phase(b, 'ended')).ending).toBe('protocol');
      await refused(b, 'out-of-order');
    });
  });
});

describe('chatStore', () => {
  it('carries lines both ways, counts what is unread, and shows what was delivered', async () => {
    const { a, b, idA } = await inCall();
    a.chatStore.setCurrentMessage('Good morning');
    const id = a.chatStore.send();
    expect(now(a.chatStore).currentMessage).toBe('');
    const heard = await until(b.chatStore, ({ messages }) => messages.length === 1);
    expect(heard).toMatchObject({ unreadCount: 1, messages: [{ id, text: 'Good morning', name: 'Anna', own: false }] });
    await until(a.chatStore, ({ messages }) => messages[0]!.delivered);
    expect(now(a.chatStore).unreadCount).toBe(0);
    b.chatStore.resetUnreadCount();
    expect(now(b.chatStore).unreadCount).toBe(0);
    expect(b.chatStore.history(idA)).toHaveLength(1);
    expect(b.chatStore.history('someone else')).toEqual([]);
    b.chatStore.addMessage(b.chatStore.history()[0]!);
    expect(b.chatStore.history()).toHaveLength(1);
  });

  it('sends nothing without a call, nothing empty, nothing too long', async () => {
    const { a } = await inCall();
    expect(a.chatStore.send('  ')).toBeNull();
    expect(a.chatStore.send('x'.repeat(4_001))).toBeNull();
    expect(a.chatStore.send('ä'.repeat(4_000))).not.toBeNull();
    expect(a.chatStore.send('€'.repeat(4_000))).toBeNull();
    a.connectionStore.hangUp();
    expect(a.chatStore.send('hello')).toBeNull();
  });
});

function flip(text: string): string {
  return (text[0] === 'A' ? 'B' : 'A') + text.slice(1);
}

/** Lets everything that waits for Web Crypto go on. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
