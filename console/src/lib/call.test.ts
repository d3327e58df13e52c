/** One call's security: sequence numbers, confirmations, gates. */

import { expect, it, vi } from 'vitest';
import { Call, type OwnSession } from './call';
import type { Certified } from './certificate';
import { exportPublicKey, generateKeyPair, keyId } from './crypto';
import type { Envelope } from './envelope';
import { fakeDevices, fakeEnvironment, FakeNetwork, FakeServer, FakeStream, FakeTrack } from './fakes';
import { randomId } from './message';
import { PeerConnection } from './peer';
import { reasonOf, type Reason } from './refusal';

vi.stubGlobal('MediaStream', FakeStream);

async function end(): Promise<{ own: OwnSession; certified: Certified }> {
  const [identity, session] = [await generateKeyPair(), await generateKeyPair()];
  const [id, sk] = [await exportPublicKey(identity.publicKey), await exportPublicKey(session.publicKey)];
  const [peer, sessionId] = [await keyId(id), await keyId(sk)];
  const claims = {
    v: 1,
    id,
    sk,
    epoch: 1,
    aud: '',
    sn: '',
    nb: 0,
    na: 1,
    role: 'operator',
    name: 'x',
    room: 'lobby',
  } as const;
  const certified = { certificate: claims, peer, session: sessionId, sessionKey: session.publicKey };
  return { own: { key: session.privateKey, me: { peer, session: sessionId, room: 'lobby' } }, certified };
}

async function bothEnds() {
  const [a, b] = [await end(), await end()];
  const id = randomId();
  return { caller: new Call(id, true, b.certified, a.own), callee: new Call(id, false, a.certified, b.own) };
}

async function ping(call: Call, n: number): Promise<Envelope> {
  let sealed!: Envelope;
  await call.send('channel', { t: 'ping', body: { n } }, (envelope) => (sealed = envelope));
  return sealed;
}

const reason = (attempt: () => unknown): Reason | null => {
  try {
    attempt();
    return null;
  } catch (error) {
    return reasonOf(error);
  }
};

it('messages count from 0 without gaps, in the order in which they were sent', async () => {
  const { caller, callee } = await bothEnds();
  const sealed = await Promise.all([0, 1, 2].map((n) => ping(caller, n)));
  expect(await callee.open(sealed[0]!)).toMatchObject({ t: 'ping', body: { n: 0 }, seq: 0 });
  expect(await callee.open(sealed[0]!).catch(reasonOf)).toBe('replayed');
  callee.confirmation = { lfp: '', rfp: '', offer: '', answer: '' };
  expect(await callee.open(sealed[2]!).catch(reasonOf)).toBe('out-of-order');
  expect(await callee.open(sealed[1]!)).toMatchObject({ seq: 1 });
  expect(await caller.open(sealed[2]!).catch(reasonOf)).toBe('signature');
  const { caller: stranger } = await bothEnds();
  expect(await callee.open(await ping(stranger, 3)).catch(reasonOf)).toBe('signature');
});

it('what came before the peer has confirmed may be lost', async () => {
  const { caller, callee } = await bothEnds();
  const sealed = [await ping(caller, 0), await ping(caller, 1)];
  expect(await callee.open(sealed[1]!)).toMatchObject({ seq: 1 });
  expect(await callee.open(sealed[0]!).catch(reasonOf)).toBe('replayed');
});

it('that we hang up is signed beforehand, and is the next message or nothing', async () => {
  const { caller, callee } = await bothEnds();
  expect(caller.lastWord('channel')).toBeNull();
  await callee.open(await ping(caller, 0));
  await vi.waitFor(() => expect(caller.lastWord('channel')).not.toBeNull());
  expect(caller.lastWord('link')).toBeNull();
  const word = caller.lastWord('channel')!;
  const next = ping(caller, 1);
  await Promise.resolve();
  expect(caller.lastWord('channel')).toBeNull();
  expect(await callee.open(word)).toMatchObject({ t: 'bye', body: { why: 'hang-up' }, seq: 1 });
  expect(await callee.open(await next).catch(reasonOf)).toBe('replayed');
});

it('a message of another call of the same two is refused', async () => {
  const { caller, callee } = await bothEnds();
  const other = new Call(randomId(), true, caller.peer, caller.own);
  expect(await callee.open(await ping(other, 0)).catch(reasonOf)).toBe('unknown-call');
});

it('both have to have seen the same certificates and the same descriptions', async () => {
  const { caller } = await bothEnds();
  const [lfp, rfp] = ['1'.repeat(64), '2'.repeat(64)];
  expect(caller.agreed()).toBe(false);
  Object.assign(caller, { secured: { lfp, rfp }, offer: 'o', answer: 'a', confirmSent: true });
  expect(caller.agreed()).toBe(false);
  const theirs = { lfp: rfp, rfp: lfp, offer: 'o', answer: 'a' };
  caller.confirmation = theirs;
  expect(caller.agreed()).toBe(true);
  for (const member of ['lfp', 'rfp', 'offer', 'answer']) {
    caller.confirmation = { ...theirs, [member]: 'other' };
    expect(reason(() => caller.agreed())).toBe('confirm-mismatch');
  }
});

it('candidates are held until the remote description is set, and there is a bound', async () => {
  const { caller } = await bothEnds();
  const candidate = { candidate: 'x', sdpMid: '0', sdpMLineIndex: 0, usernameFragment: null };
  expect(caller.candidates([candidate])).toEqual([]);
  expect(reason(() => caller.candidates(Array.from({ length: 128 }, () => candidate)))).toBe('body-limit');
  expect(caller.release()).toEqual([candidate]);
  expect(caller.candidates([candidate])).toEqual([candidate]);
});

it('no track is sent while the gates are shut', async () => {
  const network = new FakeNetwork();
  const environment = fakeEnvironment(new FakeServer(), network, fakeDevices());
  const quiet = () => undefined;
  const events = {
    candidates: quiet,
    endOfCandidates: quiet,
    secured: quiet,
    channelOpened: quiet,
    channelText: quiet,
    filesOpened: quiet,
    failed: quiet,
  };
  const pc = await PeerConnection.create(environment, [], events);
  await pc.offer();
  const encoding = { maxBitrate: 1, maxFramerate: 2, scaleResolutionDownBy: 3 };
  const tracks = { audio: new FakeTrack('audio'), video: new FakeTrack('video'), screen: false, encoding };
  const outgoing = tracks as unknown as Parameters<typeof pc.setTracks>[0];
  const sent = () => [...network.connections.values()][0]!.transceivers.map(({ sender }) => sender.track);
  await pc.setTracks(outgoing);
  expect(sent()).toEqual([null, null]);
  pc.openGates();
  await pc.setTracks(outgoing);
  expect(sent()).toEqual([tracks.audio, tracks.video]);
  expect([...network.connections.values()][0]!.transceivers[1]!.sender.parameters).toEqual([encoding]);
});
