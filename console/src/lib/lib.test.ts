/** The parts below the stores, one by one. */

import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import { decodeBase64Url, encodeBase64Url } from './bytes';
import { Cell } from './cell';
import { exportPublicKey, generateKeyPair, importPublicKey, keyId, sign, verify } from './crypto';
import { FakeTrack, fakeDevices, FakeStream } from './fakes';
import { loadIdentity } from './identity';
import { parseStrict } from './json';
import { createMediaStore, Media } from './media-store';
import { isSameServer, parseFrame } from './protocol';
import { reasonOf } from './refusal';
import { Serial } from './serial';
import { readStatistics } from './statistics';
import { Pins } from './trust';

vi.stubGlobal('MediaStream', FakeStream);

describe('crypto', () => {
  it('signs 64 bytes that verify, and only over the same data under the same key', async () => {
    const [own, other] = [await generateKeyPair(), await generateKeyPair()];
    const signature = await sign('hello', own.privateKey);
    expect(signature).toHaveLength(64);
    expect(await verify('hello', signature, own.publicKey)).toBe(true);
    expect(await verify('hellO', signature, own.publicKey)).toBe(false);
    expect(await verify('hello', signature, other.publicKey)).toBe(false);
    expect(await verify('hello', signature.slice(0, 63), own.publicKey)).toBe(false);
  });

  it('keeps private keys in and gives public keys out', async () => {
    const { publicKey, privateKey } = await generateKeyPair();
    await expect(crypto.subtle.exportKey('pkcs8', privateKey)).rejects.toThrow();
    const text = await exportPublicKey(publicKey);
    expect(text).toHaveLength(87);
    expect(await keyId(text)).toHaveLength(43);
    expect(await exportPublicKey(await importPublicKey(text))).toBe(text);
  });

  it('refuses what is no point of the curve', async () => {
    const junk = encodeBase64Url(Uint8Array.from({ length: 65 }, (_, index) => (index === 0 ? 4 : 7)));
    for (const text of ['', 'AAAA', junk, encodeBase64Url(new Uint8Array(65))]) {
      expect(await importPublicKey(text).catch(reasonOf)).toBe('key');
    }
  });

  it('is the same identity at the next visit, with a larger epoch, and its key cannot be taken out', async () => {
    const first = await loadIdentity();
    expect(await first.nextEpoch()).toBe(1);
    const [again, parallel] = await Promise.all([loadIdentity(), loadIdentity()]);
    expect(again.peer).toBe(first.peer);
    const epochs = await Promise.all([again.nextEpoch(), parallel.nextEpoch()]);
    expect(epochs.sort()).toEqual([2, 3]);
    await expect(crypto.subtle.exportKey('jwk', again.privateKey)).rejects.toThrow();
  });
});

describe('base64url', () => {
  it.each(['', 'AA', 'AAA', 'AAAA', '_-8'])('%s goes there and back', (text) => {
    expect(encodeBase64Url(decodeBase64Url(text)!)).toBe(text);
  });
  it.each(['A', 'AB', 'A A', 'AA==', 'A+/A', 'AAB'])('%s is refused', (text) => {
    expect(decodeBase64Url(text)).toBeNull();
  });
});

describe('strict JSON', () => {
  it.each([
    '{"a":1,"b":[{"a":2},{"a":3}],"c":"a\\"{"}',
    'null',
    '[]',
    '{"a":{"a":{}}}',
    '["a","a"]',
    '{"a":"b","b":"a"}',
  ])('%s is fine', (text) => expect(parseStrict(text)).toEqual(JSON.parse(text)));
  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":1}',
    '{"x":{"a":1,"b":2,"a":3}}',
    '{"a" : 1 , "a" : 1}',
    '[-1]',
    '[1.0]',
    '[1e3]',
    '[18446744073709551616]',
    '["\\ud800"]',
    '[[[[[[[[[]]]]]]]]]',
    '{} {}',
    '',
    '\ufeff{}',
  ])('%s is refused', (text) => expect(parseStrict(text)).toBeUndefined());
});

describe('frames', () => {
  it.each([
    ['{"t":"left","peer":"x"}', 'peer-id'],
    ['{"t":"nonsense"}', 'frame-syntax'],
    ['{"t":"err","ref":null,"code":"gone","more":1}', 'frame-syntax'],
    ['{"t":"err","ref":null,"ref":null,"code":"gone"}', 'frame-syntax'],
    ['{"t":"err","code":"gone"}', 'frame-syntax'],
    ['{"t":"__proto__"}', 'frame-syntax'],
    ['[]', 'frame-syntax'],
    ['', 'frame-syntax'],
    [' '.repeat(65_537), 'frame-too-big'],
  ])('%.60s: %s', (text, reason) => {
    let refusal: unknown;
    try {
      parseFrame(text);
    } catch (error) {
      refusal = error;
    }
    expect(reasonOf(refusal)).toBe(reason);
  });

  it.each([
    ['wss://a.test/signaling', 'wss://a.test:443/signaling', true],
    ['wss://a.test/signaling', 'wss://A.test/signaling', true],
    ['wss://a.test/signaling', 'ws://a.test/signaling', false],
    ['wss://a.test/signaling', 'wss://a.test:444/signaling', false],
    ['wss://a.test/signaling', 'wss://b.test/signaling', false],
    ['wss://a.test/signaling', 'wss://a.test/other', false],
    ['wss://a.test/signaling', 'wss://a.test/signaling?x', false],
    ['wss://a.test/signaling', 'nonsense', false],
  ])('%s and %s: %s', (dialled, audience, same) => expect(isSameServer(dialled, audience)).toBe(same));
});

describe('mediaStore', () => {
  const state = (media: Media) => media.cell.value;

  it('opens both, mutes, turns the camera off and closes', async () => {
    const devices = fakeDevices();
    const media = new Media({ mediaDevices: devices as unknown as MediaDevices });
    const store = createMediaStore(media);
    await store.start();
    const [audio, video] = devices.opened;
    expect(state(media).localStream!.getTracks()).toEqual([audio, video]);
    expect(state(media).devices.videoinput).toEqual([{ id: 'cam', label: 'Camera 1' }]);
    store.toggleAudio();
    expect([audio!.enabled, state(media).audioEnabled]).toEqual([false, false]);
    await store.toggleVideo();
    expect([video!.stopped, media.outgoing().video]).toEqual([true, null]);
    await store.toggleVideo();
    expect(media.outgoing().video).toBe(devices.opened[2]);
    store.stop();
    expect(devices.opened.every(({ stopped }) => stopped)).toBe(true);
    expect(state(media).localStream).toBeNull();
  });

  it('tells the mute to whoever watches, with the track already muted', async () => {
    const media = new Media({ mediaDevices: fakeDevices() as unknown as MediaDevices });
    await media.start();
    const seen: boolean[] = [];
    media.cell.subscribe(() => seen.push(media.outgoing().audio!.enabled));
    media.toggleAudio();
    media.toggleAudio();
    expect(seen).toEqual([true, false, true]);
  });

  it('goes on without what is denied, and says so', async () => {
    const media = new Media({ mediaDevices: fakeDevices(['video']) as unknown as MediaDevices });
    await media.start();
    expect(media.outgoing().audio).not.toBeNull();
    expect(media.outgoing().video).toBeNull();
    expect(state(media)).toMatchObject({ audioProblem: null, videoProblem: expect.stringContaining('camera') });
    const none = new Media({ mediaDevices: null });
    await none.start();
    expect(none.cell.value.audioProblem).toContain('cannot be used here');
  });

  it('shows the screen instead of the camera, until the browser ends it', async () => {
    const devices = fakeDevices();
    const media = new Media({ mediaDevices: devices as unknown as MediaDevices });
    await media.start();
    const camera = media.outgoing().video;
    await media.toggleScreenShare();
    expect(state(media).screenSharing).toBe(true);
    expect(media.outgoing().video).not.toBe(camera);
    devices.opened.at(-1)!.onended!();
    expect([state(media).screenSharing, media.outgoing().video]).toEqual([false, camera]);
  });

  it('takes another microphone when the chosen one is unplugged, and says when there is none', async () => {
    const devices = fakeDevices();
    devices.enumerateDevices = async () => [{ kind: 'audioinput', deviceId: 'mic', label: 'Mic' }];
    const media = new Media({ mediaDevices: devices as unknown as MediaDevices });
    await media.start();
    await media.switchDevice('audioinput', 'mic');
    const chosen = media.outgoing().audio as unknown as FakeTrack;
    chosen.onended!();
    expect(state(media).audioProblemCode).toBe('gone');
    await vi.waitFor(() => expect(media.outgoing().audio).toBe(devices.opened.at(-1)));
    expect(state(media)).toMatchObject({ audioProblem: null, selected: { audioinput: '' } });
    const camera = media.outgoing().video as unknown as FakeTrack;
    camera.onended!();
    await vi.waitFor(() => expect(state(media)).toMatchObject({ videoProblemCode: 'gone' }));
    expect(media.outgoing().video).toBeNull();
  });

  it('sends as the quality says, and a screen as it is', async () => {
    const media = new Media({ mediaDevices: fakeDevices() as unknown as MediaDevices });
    await media.start();
    const camera = media.outgoing().video!;
    expect(media.outgoing().encoding).toEqual({ maxBitrate: 1_200_000, maxFramerate: 30, scaleResolutionDownBy: 1 });
    await media.setQuality('data-saver');
    expect(media.outgoing().encoding).toEqual({ maxBitrate: 200_000, maxFramerate: 12, scaleResolutionDownBy: 2 });
    await media.setQuality('sharp');
    expect([camera.contentHint, media.outgoing().encoding.maxFramerate]).toEqual(['detail', 12]);
    await media.toggleScreenShare();
    expect(media.outgoing()).toMatchObject({ screen: true, encoding: { scaleResolutionDownBy: 1, maxFramerate: 15 } });
    await media.toggleScreenShare(false);
    await media.setQuality('smooth');
    expect(camera.contentHint).toBe('motion');
  });

  it('says why the screen is not shared, but not when the person has changed their mind', async () => {
    const devices = fakeDevices();
    const media = new Media({ mediaDevices: devices as unknown as MediaDevices });
    devices.getDisplayMedia = () => Promise.reject(Object.assign(new Error('no'), { name: 'NotAllowedError' }));
    await media.toggleScreenShare();
    expect(state(media).screenProblem).toBeNull();
    devices.getDisplayMedia = () => Promise.reject(Object.assign(new Error('no'), { name: 'NotFoundError' }));
    await media.toggleScreenShare();
    expect(state(media)).toMatchObject({ screenSharing: false, screenProblemCode: 'unusable' });
  });

  it('routes an element through the chosen loudspeaker, until told otherwise', async () => {
    vi.stubGlobal(
      'HTMLMediaElement',
      class {
        setSinkId() {}
      },
    );
    const media = new Media({ mediaDevices: null });
    const setSinkId = vi.fn(() => Promise.resolve());
    const stop = media.route({ setSinkId } as unknown as HTMLMediaElement);
    expect(setSinkId).not.toHaveBeenCalled();
    await media.switchDevice('audiooutput', 'desk');
    stop();
    await media.switchDevice('audiooutput', 'other');
    expect(setSinkId.mock.calls).toEqual([['desk']]);
    vi.stubGlobal('HTMLMediaElement', undefined);
  });

  it('takes a stream of the integrator’s own and leaves its tracks running', () => {
    const media = new Media({ mediaDevices: null });
    const tracks = [new FakeTrack('audio'), new FakeTrack('video')];
    media.setLocalStream(new FakeStream(tracks) as unknown as MediaStream);
    expect(media.outgoing()).toMatchObject({ audio: tracks[0], video: tracks[1] });
    media.stop();
    expect(tracks.some(({ stopped }) => stopped)).toBe(false);
  });
});

describe('small parts', () => {
  it('a cell keeps the store contract and is quiet when nothing changed', () => {
    const cell = new Cell({ a: 1, b: 2 });
    const seen: number[] = [];
    const stop = cell.subscribe(({ a }) => seen.push(a));
    cell.set({ a: 1 });
    cell.set({ a: 3 });
    stop();
    cell.set({ a: 4 });
    expect(seen).toEqual([1, 3]);
  });

  it('steps run one after the other, also after a failure', async () => {
    const serial = new Serial();
    const order: number[] = [];
    const slow = serial.run(() => new Promise<void>((resolve) => setTimeout(() => resolve(void order.push(1)), 5)));
    const broken = serial.run(() => Promise.reject(new Error('x')));
    const quick = serial.run(() => order.push(2));
    await expect(broken).rejects.toThrow('x');
    await Promise.all([slow, quick]);
    expect([order, serial.waiting]).toEqual([[1, 2], 0]);
  });

  it('pins survive, nonsense in the storage does not', () => {
    const kept = new Map<string, string>([['kiosk.pins', '[{"peer":1},7]']]);
    const storage = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (k: string, v: string) => void kept.set(k, v),
    };
    const pins = new Pins(storage);
    expect(pins.all).toEqual([]);
    pins.add('A'.repeat(43), 'Door', 'kiosk');
    expect(new Pins(storage).find('A'.repeat(43))).toMatchObject({ name: 'Door', role: 'kiosk' });
    kept.set('kiosk.pins', JSON.stringify([{ peer: 'A'.repeat(43), name: 'Old', since: 1 }]));
    expect(new Pins(storage).all).toEqual([{ peer: 'A'.repeat(43), name: 'Old', since: 1, role: null }]);
  });

  it('statistics: bits a second, from one measurement to the next', () => {
    const stats = (bytesReceived: number, bytesSent: number, timestamp: number) => {
      const reports = [
        { type: 'inbound-rtp', kind: 'video', bytesReceived, headerBytesReceived: 0, timestamp },
        { type: 'outbound-rtp', kind: 'audio', bytesSent, headerBytesSent: bytesSent, timestamp },
        { type: 'outbound-rtp', kind: 'video', framesPerSecond: 24, timestamp },
      ];
      return new Map(reports.map((report, key) => [String(key), report])) as unknown as RTCStatsReport;
    };
    const first = readStatistics(stats(1_000, 500, 10_000), null);
    expect(first).toMatchObject({ inboundBitrate: null, outboundBitrate: null, framesPerSecondSent: 24 });
    const second = readStatistics(stats(126_000, 63_000, 10_500), first);
    expect(second).toMatchObject({ inboundBitrate: 2_000_000, outboundBitrate: 2_000_000 });
    expect(readStatistics(stats(0, 0, 11_000), second)).toMatchObject({ inboundBitrate: 0, outboundBitrate: 0 });
  });

  it('statistics: loss of the last second, level, names of W3C', () => {
    const stats = (packetsReceived: number, packetsLost: number, currentRoundTripTime: number) => {
      const inbound = { type: 'inbound-rtp', kind: 'video', packetsReceived, packetsLost, framesPerSecond: 30 };
      const pair = { id: 'p', type: 'candidate-pair', nominated: true, currentRoundTripTime };
      return new Map([inbound, pair].map((report, key) => [String(key), report])) as unknown as RTCStatsReport;
    };
    const first = readStatistics(stats(100, 0, 0.05), null);
    expect(first).toMatchObject({ level: 'good', lossRate: 0, roundTripTime: 0.05, framesPerSecond: 30 });
    expect(readStatistics(stats(190, 10, 0.05), first)).toMatchObject({ level: 'poor', lossRate: 0.1 });
    expect(readStatistics(stats(200, 0, 0.3), first).level).toBe('fair');
  });
});
