/** A call whose connection is lost: docs/protocol.md §7, Resuming. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { randomBytes } from './bytes';
import { Call } from './call';
import { isPolite } from './calls';
import { FakeRoom, now, phase, refused, until, type Both } from './fake-room';
import {
  fakeDevices,
  fakeEnvironment,
  FakeStream,
  type FakeNetwork,
  type FakePeerConnection,
  type FakeServer,
} from './fakes';
import { makeFleetingIdentity } from './identity';
import { createKiosk, type KioskStores } from './index';
import { randomId, type Content } from './message';
import { MOST_ANSWERED } from './resumption';

vi.stubGlobal('MediaStream', FakeStream);

// Virtual time passes slowly on a machine that is busy.
vi.setConfig({ testTimeout: 30_000 });

let meeting: FakeRoom;
let server: FakeServer;
let network: FakeNetwork;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'], now: Date.now() });
  vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  countCrypto();
  meeting = new FakeRoom();
  ({ server, network } = meeting);
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Steps of Web Crypto that have not ended. */
let pending = 0;

function countCrypto(): void {
  for (const name of ['sign', 'verify', 'digest', 'importKey', 'exportKey', 'generateKey'] as const) {
    const real = (crypto.subtle[name] as (...all: unknown[]) => Promise<unknown>).bind(crypto.subtle);
    const counted = (...all: unknown[]) => {
      pending += 1;
      return real(...all).finally(() => (pending -= 1));
    };
    vi.spyOn(crypto.subtle, name).mockImplementation(counted as never);
  }
}

/** Lets everything that waits for Web Crypto go on, until nothing does. */
async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 6; quiet = pending === 0 ? quiet + 1 : 0)
    await new Promise((resolve) => setImmediate(resolve));
}

/** So much time passes, with everything that happens in it. */
async function pass(milliseconds: number): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 250) {
    await vi.advanceTimersByTimeAsync(Math.min(250, milliseconds - passed));
    await settle();
  }
}

const well = (kiosk: KioskStores) => until(kiosk.connectionStore, ({ reconnecting }) => reconnecting === null);
const connections = () => [...network.connections.values()];

/** Nothing passes between the peers until both have noticed. The server is there. */
async function cutMedia({ a, b }: Pick<Both, 'a' | 'b'>): Promise<void> {
  network.cut = true;
  await pass(3_500);
  expect([now(a.connectionStore), now(b.connectionStore)]).toMatchObject([
    { phase: 'in-call', reconnecting: expect.any(Number) as number },
    { phase: 'in-call', reconnecting: expect.any(Number) as number },
  ]);
}

/** The network is there again, but the old connections are not: its address is another one. */
function newNetwork(old: readonly FakePeerConnection[] = connections()): void {
  for (const pc of old) for (const channel of pc.channels) channel.other = null;
  network.heal();
}

async function bothWell({ a, b }: Pick<Both, 'a' | 'b'>): Promise<void> {
  await pass(5_000 + 500);
  await Promise.all([well(a), well(b)]);
  expect([now(a.connectionStore).phase, now(b.connectionStore).phase]).toEqual(['in-call', 'in-call']);
}

/** Every signed message as it is sent; what `change` returns goes out instead. */
function spyOnMessages(change: (content: Content, call: Call) => Content = (content) => content) {
  const sent: { content: Content; call: Call }[] = [];
  const { send } = Call.prototype;
  vi.spyOn(Call.prototype, 'send').mockImplementation(function (this: Call, transport, content, deliver) {
    const changed = change(content, this);
    sent.push({ content: changed, call: this });
    return send.call(this, transport, changed, deliver);
  });
  const of = <T extends Content['t']>(t: T) => sent.filter(({ content }) => content.t === t);
  return { of, resumed: () => of('offer').map(({ content }) => (content.t === 'offer' ? content.body.resume : null)) };
}

describe('a call whose connection is lost', () => {
  it('goes on over a new one without ringing, with all that it was', async () => {
    const both = await meeting.both();
    const { a, b, idB, devicesA } = both;
    await a.mediaStore.start();
    await a.connectionStore.call(idB);
    await phase(b, 'ringing-in');
    await b.connectionStore.answer();
    await Promise.all([phase(a, 'in-call'), phase(b, 'in-call')]);
    await a.mediaStore.toggleVideo(false);
    await pass(1_000);
    const before = now(a.connectionStore);
    const picture = now(a.mediaStore).remoteStream;
    const phases: string[] = [];
    [a, b].forEach((each) => each.connectionStore.subscribe((state) => phases.push(state.phase)));
    await cutMedia(both);
    expect(now(a.connectionStore).reconnecting! - Date.now()).toBeLessThanOrEqual(45_000);
    expect(now(a.connectionStore).reconnecting! - Date.now()).toBeGreaterThan(45_000 - 3_500);
    expect(now(a.mediaStore).remoteStream).toBe(picture);
    newNetwork();
    await bothWell(both);
    const { callId, since, peer } = before;
    expect(now(a.connectionStore)).toMatchObject({ callId, since, peer, confirmed: true, ending: null });
    expect(now(b.connectionStore).callId).toBe(callId);
    expect([...new Set(phases)]).toEqual(['in-call']);
    expect(now(a.mediaStore).remoteStream).not.toBe(picture);
    // The same microphone, and the camera is off as before: nobody was asked for anything.
    expect(devicesA.opened).toHaveLength(2);
    const sent = connections().map(({ transceivers }) => transceivers.map(({ sender }) => sender.track));
    expect(sent).toContainEqual([devicesA.opened[0], null]);
    expect(now(b.connectionStore).remoteMedia).toMatchObject({ audio: true, video: false });
    expect(connections()).toHaveLength(2);
  });

  it('tells what it sends again, and stays muted and on hold', async () => {
    const both = await meeting.inCall();
    const { a } = both;
    a.connectionStore.hold(true);
    await pass(500);
    const messages = spyOnMessages();
    await cutMedia(both);
    newNetwork();
    await bothWell(both);
    expect(now(a.connectionStore).held).toBe(true);
    expect(messages.of('media').map(({ content }) => content.body)).toContainEqual(
      expect.objectContaining({ hold: true }),
    );
    expect(now(a.mediaStore).remoteStream!.getTracks()).toMatchObject([{ enabled: false }, { enabled: false }]);
  });

  it('is all well when it is heard again before another one was begun', async () => {
    const both = await meeting.inCall();
    const messages = spyOnMessages();
    server.deaf = true;
    server.crash();
    await cutMedia(both);
    both.a.chatStore.send('still there?');
    const before = connections();
    network.heal();
    await pass(1_000);
    await Promise.all([well(both.a), well(both.b)]);
    expect(connections()).toEqual(before);
    expect(messages.of('offer')).toEqual([]);
    expect(now(both.b.chatStore).messages).toHaveLength(1);
  });

  it('brings each line that was said meanwhile once, and in order', async () => {
    const both = await meeting.inCall();
    const { a, b } = both;
    await cutMedia(both);
    a.chatStore.send('one');
    a.chatStore.send('two');
    b.chatStore.send('three');
    await pass(6_000);
    expect(now(b.chatStore).messages.filter(({ own }) => !own)).toEqual([]);
    newNetwork();
    await bothWell(both);
    await pass(6_000);
    const heard = (kiosk: KioskStores) =>
      now(kiosk.chatStore)
        .messages.filter(({ own }) => !own)
        .map(({ text }) => text);
    expect([heard(a), heard(b)]).toEqual([['three'], ['one', 'two']]);
    expect(now(a.chatStore).messages.every(({ own, delivered }) => !own || delivered)).toBe(true);
  });

  it('holds no question that was asked before', async () => {
    const both = await meeting.inCall();
    connections().forEach(({ channel }) => (channel!.deaf = true));
    const asked = both.a.controlStore.ask('unmute');
    await cutMedia(both);
    newNetwork();
    await bothWell(both);
    expect(await asked).toBe('ended');
  });

  it('goes on with a file where it was', async () => {
    const both = await meeting.inCall();
    const { a, b } = both;
    const bytes = new Uint8Array(300_000).map((_, at) => at % 251);
    await a.fileStore.send(new Blob([bytes]), 'plan.bin');
    await pass(500);
    const [offered] = now(b.fileStore).transfers;
    connections().forEach(({ channels }) => (channels[1]!.deaf = true));
    b.fileStore.accept(offered!.id);
    await pass(250);
    expect(now(a.fileStore).transfers[0]).toMatchObject({ state: 'moving' });
    await cutMedia(both);
    newNetwork();
    await bothWell(both);
    await pass(1_000);
    expect(now(b.fileStore).transfers).toMatchObject([{ state: 'done', size: 300_000 }]);
    expect(now(a.fileStore).transfers).toMatchObject([{ state: 'done' }]);
  });

  it('is offered anew every 5 s, each time in a fresh call that names the first', async () => {
    const both = await meeting.inCall();
    const { callId } = now(both.a.connectionStore);
    const messages = spyOnMessages();
    server.tamper = () => [];
    await cutMedia(both);
    await pass(2 * 5_000);
    const offers = messages.of('offer').filter(({ call }) => call.own.me.peer === both.idA);
    expect(offers).toHaveLength(3);
    expect(new Set(offers.map(({ call }) => call.id)).size).toBe(3);
    expect(new Set(messages.resumed())).toEqual(new Set([callId]));
    server.tamper = (frame) => [frame];
    newNetwork();
    await bothWell(both);
    // Lost once more, it still names the first.
    await cutMedia(both);
    newNetwork();
    await bothWell(both);
    expect(new Set(messages.resumed())).toEqual(new Set([callId]));
    expect(connections()).toHaveLength(2);
  });

  it('is given up after 45 s, also without a server', async () => {
    const both = await meeting.inCall();
    server.deaf = true;
    server.crash();
    await cutMedia(both);
    await pass(45_000 - 1_000);
    expect(now(both.a.connectionStore).phase).toBe('in-call');
    await pass(1_000);
    for (const each of [both.a, both.b])
      expect(now(each.connectionStore)).toMatchObject({ phase: 'ended', ending: 'peer-lost', reconnecting: null });
    expect(connections()).toEqual([]);
  });

  it('goes on in new sessions when the link was lost too, and the link hurries', async () => {
    const both = await meeting.inCall();
    const { a } = both;
    vi.spyOn(Math, 'random').mockReturnValue(0.99);
    server.deaf = true;
    server.crash();
    const wait = () => (now(a.webSocketStore).retryAt ?? Date.now()) - Date.now();
    await pass(30_000);
    for (let quarter = 0; wait() < 3_750 && quarter < 100; quarter += 1) await pass(250);
    network.cut = true;
    await pass(3_500);
    expect(now(a.connectionStore).reconnecting).not.toBeNull();
    for (let second = 0; second < 12; second += 1) {
      expect(wait()).toBeLessThanOrEqual(2_000);
      await pass(1_000);
    }
    server.deaf = false;
    newNetwork();
    await pass(5_000);
    await bothWell(both);
  });

  it('takes one of two offers that cross', async () => {
    const both = await meeting.inCall();
    const { a, b, idA, idB } = both;
    await cutMedia(both);
    newNetwork();
    const messages = spyOnMessages();
    await pass(5_000);
    await bothWell(both);
    const answers = messages.of('answer');
    expect(answers).toHaveLength(1);
    const polite = isPolite(idA, idB) ? idA : idB;
    expect(answers[0]!.call.own.me.peer).toBe(polite);
    expect(now(a.webSocketStore).status + now(b.webSocketStore).status).toBe('onlineonline');
  });

  it('is answered at once by a side that had noticed nothing', async () => {
    const both = await meeting.inCall();
    const { a, b } = both;
    const ofB = connections()[1]!;
    ofB.connectionState = 'failed';
    ofB.onconnectionstatechange?.();
    await pass(500);
    await Promise.all([well(a), well(b)]);
    expect(connections()).toHaveLength(2);
    expect(connections()).not.toContain(ofB);
  });

  it('is lost when the peer closes its side without a word', async () => {
    const both = await meeting.inCall();
    const wasLost = vi.fn();
    both.a.connectionStore.subscribe(({ reconnecting }) => reconnecting !== null && wasLost());
    connections()[1]!.close();
    await pass(250);
    expect(wasLost).not.toHaveBeenCalled();
    await pass(500);
    expect(wasLost).toHaveBeenCalled();
    await bothWell(both);
  });

  it('ends when the peer was started anew, and says so', async () => {
    const identity = makeFleetingIdentity();
    const [a, kiosk] = [meeting.stores(), createKiosk(fakeEnvironment(server, network, fakeDevices(), identity))];
    await a.webSocketStore.connect({ name: 'Anna' });
    await kiosk.webSocketStore.connect({ name: 'Lobby 2', role: 'kiosk' });
    await kiosk.connectionStore.call(now(a.webSocketStore).you!);
    await phase(a, 'ringing-in');
    await a.connectionStore.answer();
    await phase(a, 'in-call');
    server.tamper = () => [];
    network.cut = true;
    await pass(3_500);
    kiosk.connectionStore.hangUp();
    kiosk.webSocketStore.disconnect();
    server.tamper = (frame) => [frame];
    const again = createKiosk(fakeEnvironment(server, network, fakeDevices(), identity));
    const phases: string[] = [];
    again.connectionStore.subscribe((state) => phases.push(state.phase));
    await again.webSocketStore.connect({ name: 'Lobby 2', role: 'kiosk' });
    await pass(500);
    expect(now(a.connectionStore)).toMatchObject({ phase: 'ended', ending: 'peer-lost' });
    expect(phases).toEqual(['idle']);
  });

  it('ends when the peer does not trust us any more', async () => {
    const both = await meeting.inCall();
    server.tamper = () => [];
    await cutMedia(both);
    spyOnMessages((content) => (content.t === 'answer' ? { t: 'reject', body: { why: 'untrusted' } } : content));
    server.tamper = (frame) => [frame];
    newNetwork();
    await pass(2 * 5_000);
    expect([now(both.a.connectionStore).ending, now(both.b.connectionStore).ending]).toContain('untrusted');
  });

  it('waits with its offer until the server is heard', async () => {
    const both = await meeting.inCall();
    const messages = spyOnMessages();
    server.deaf = true;
    await cutMedia(both);
    await pass(1_000);
    expect(messages.of('offer')).toEqual([]);
    const before = connections();
    network.heal();
    server.deaf = false;
    await pass(1_000);
    await Promise.all([well(both.a), well(both.b)]);
    expect(connections()).toEqual(before);
  });

  it('is tried again when the peer is busy', async () => {
    const both = await meeting.inCall();
    let busy = 2;
    await cutMedia(both);
    spyOnMessages((content) =>
      content.t === 'answer' && busy-- > 0 ? { t: 'reject', body: { why: 'busy' } } : content,
    );
    newNetwork();
    await pass(3 * 5_000);
    await bothWell(both);
  });

  it('can be hung up meanwhile, and the peer learns it', async () => {
    const both = await meeting.inCall();
    const { a, b } = both;
    await cutMedia(both);
    a.connectionStore.hangUp();
    expect(now(a.connectionStore)).toMatchObject({ phase: 'ended', ending: 'hung-up', reconnecting: null });
    await pass(500);
    expect(now(b.connectionStore)).toMatchObject({ phase: 'ended', ending: 'peer-hung-up' });
    expect(connections()).toEqual([]);
  });

  it('makes way for a call that the same peer begins', async () => {
    const both = await meeting.inCall();
    const { a, b, idB } = both;
    server.tamper = () => [];
    await cutMedia(both);
    a.connectionStore.hangUp();
    await settle();
    server.tamper = (frame) => [frame];
    await a.connectionStore.call(idB);
    await until(b.connectionStore, (state) => state.phase === 'ringing-in');
    expect(now(b.connectionStore)).toMatchObject({ reconnecting: null, since: null });
  });

  it('leaves those who ring and wait alone', async () => {
    const desk = meeting.stores();
    await desk.webSocketStore.connect({ name: 'Desk', callWaiting: 2 });
    const { you } = now(desk.webSocketStore);
    const [north, east] = [meeting.stores(), meeting.stores()];
    for (const [name, kiosk] of [
      ['North', north],
      ['East', east],
    ] as const)
      await kiosk.webSocketStore.connect({ name, role: 'kiosk' });
    await north.connectionStore.call(you!);
    await phase(desk, 'ringing-in');
    await desk.connectionStore.answer();
    await Promise.all([phase(desk, 'in-call'), phase(north, 'in-call')]);
    await east.connectionStore.call(you!);
    await until(desk.connectionStore, ({ callers }) => callers.length === 1);
    const old = connections();
    await cutMedia({ a: desk, b: north });
    expect(now(desk.connectionStore).callers).toHaveLength(1);
    newNetwork(old);
    await bothWell({ a: desk, b: north });
    expect(now(desk.connectionStore).callers.map(({ peer }) => peer.name)).toEqual(['East']);
    expect(now(east.connectionStore)).toMatchObject({ phase: 'ringing-out', ringing: true });
  });
});

describe('a resumption is not a way in', () => {
  it('without our call it neither rings nor is taken: gone', async () => {
    const { a, b, idB } = await meeting.both();
    const resume = randomId();
    const messages = spyOnMessages((content) =>
      content.t === 'offer' ? { ...content, body: { ...content.body, resume } } : content,
    );
    const pushed = vi.spyOn(server, 'push');
    await a.connectionStore.call(idB);
    await pass(500);
    expect(now(b.connectionStore)).toMatchObject({ phase: 'idle', callers: [] });
    expect(messages.of('ringing')).toEqual([]);
    expect(pushed.mock.calls.length).toBeGreaterThan(1);
    // It was no offer of a resumption to its maker, who takes no such word for it.
    await refused(a, 'unexpected');
  });

  it('another peer cannot take a call over that it knows the id of', async () => {
    const both = await meeting.inCall();
    const { a, b, idB } = both;
    const { callId: resume } = now(b.connectionStore);
    const thief = meeting.stores();
    await thief.webSocketStore.connect({ name: 'Anna' });
    const { you } = now(thief.webSocketStore);
    await until(thief.webSocketStore, ({ peers }) => peers.length === 2);
    const before = connections();
    const messages = spyOnMessages((content, call) =>
      content.t === 'offer' && call.own.me.peer === you
        ? { ...content, body: { ...content.body, resume: resume! } }
        : content,
    );
    await thief.connectionStore.call(idB);
    await pass(500);
    expect(messages.of('answer')).toEqual([]);
    expect(connections().slice(0, 2)).toEqual(before);
    for (const each of [a, b])
      expect(now(each.connectionStore)).toMatchObject({ phase: 'in-call', reconnecting: null });
    expect(now(b.connectionStore).callers).toEqual([]);
  });

  describe('from the peer of our call', () => {
    /** A call, and how A offers anew, as often as it likes. */
    async function offering() {
      const both = await meeting.both();
      const { a, b, idA, idB } = both;
      const messages = spyOnMessages();
      await a.connectionStore.call(idB);
      await phase(b, 'ringing-in');
      await b.connectionStore.answer();
      await Promise.all([phase(a, 'in-call'), phase(b, 'in-call')]);
      const [first] = messages.of('offer');
      const { call } = first!;
      const offer = async (resume = call.id) => {
        const body = { ...(first!.content as Content & { t: 'offer' }).body, resume };
        const deliver = (m: unknown) => server.push(idB, { t: 'msg', from: idA, m });
        await new Call(randomId(), true, call.peer, call.own).send('link', { t: 'offer', body }, deliver);
      };
      return { ...both, messages, offer };
    }

    it('another one is not resumed', async () => {
      const { b, messages, offer } = await offering();
      const before = connections();
      await offer(randomId());
      await pass(1_000);
      expect(messages.of('answer')).toHaveLength(1);
      expect(now(b.connectionStore)).toMatchObject({ phase: 'in-call', reconnecting: null });
      expect(connections()).toEqual(before);
    });

    it('a flood costs few peer connections, and the call outlives it', async () => {
      const { a, b, messages, offer } = await offering();
      for (let time = 0; time < 5 * MOST_ANSWERED; time += 1) await offer();
      await pass(250);
      expect(messages.of('answer')).toHaveLength(1 + MOST_ANSWERED);
      expect(now(b.webSocketStore).refusals).toEqual({ unexpected: 4 * MOST_ANSWERED });
      expect(connections().length).toBeLessThanOrEqual(3);
      await pass(2 * 5_000);
      await bothWell({ a, b });
      expect(connections()).toHaveLength(2);
    });
  });

  it('a new connection with another certificate ends the call', async () => {
    const both = await meeting.inCall();
    const picture = now(both.a.mediaStore).remoteStream;
    await cutMedia(both);
    newNetwork();
    network.impostor = randomBytes(80);
    await pass(5_000);
    expect(now(both.a.connectionStore)).toMatchObject({ phase: 'ended', ending: 'not-secure' });
    expect([null, picture]).toContain(now(both.a.mediaStore).remoteStream);
    expect(now(both.b.connectionStore)).toMatchObject({ phase: 'ended', ending: 'not-secure' });
  });

  it('strangers cannot resume what trust no longer allows', async () => {
    const both = await meeting.inCall();
    const { a, b } = both;
    await cutMedia(both);
    server.tamper = () => [];
    await b.webSocketStore.connect({ trust: { unknown: 'refuse' } });
    server.tamper = (frame) => [frame];
    newNetwork();
    await pass(2 * 5_000);
    expect([now(a.connectionStore).ending, now(b.connectionStore).ending]).toContain('untrusted');
  });

  it('an offer names what it resumes by an id, and nothing else', async () => {
    const { READERS, NO_CALL } = await import('./body');
    const both = await meeting.both();
    const { sdp, fp } = await both.a.connectionStore.createOffer(both.idB);
    const resume = randomId();
    expect(READERS.offer({ sdp, fp, resume })).toEqual({ sdp, fp, resume });
    expect(READERS.offer({ sdp, fp })).toEqual({ sdp, fp });
    expect(() => READERS.offer({ sdp, fp, resume: NO_CALL })).toThrow('body-limit');
    for (const bad of ['', 'x', null, 7, `${resume}A`])
      expect(() => READERS.offer({ sdp, fp, resume: bad })).toThrow('payload-syntax');
    expect(() => READERS.answer({ sdp, fp, resume })).toThrow('payload-syntax');
  });
});

describe('the link', () => {
  it('is dialled anew when a changed network has left its socket dead', async () => {
    const { a } = await meeting.both();
    server.deaf = true;
    network.dispatchEvent(new Event('change'));
    await pass(2_500);
    expect(now(a.webSocketStore).status).toBe('online');
    await pass(500);
    expect(now(a.webSocketStore)).toMatchObject({ status: 'waiting', problemCode: 'no-answer' });
    server.deaf = false;
    network.dispatchEvent(new Event('change'));
    await pass(250);
    expect(now(a.webSocketStore).status).toBe('online');
  });

  it('stays when the server answers', async () => {
    const { a, b } = await meeting.both();
    const { you } = now(a.webSocketStore);
    const states: string[] = [];
    a.webSocketStore.subscribe(({ status }) => states.push(status));
    network.dispatchEvent(new Event('change'));
    await pass(4_000);
    expect([...new Set(states)]).toEqual(['online']);
    expect(now(b.webSocketStore).peers.map(({ id }) => id)).toEqual([you]);
  });
});
