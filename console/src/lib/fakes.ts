/** A server, peer connections and devices in memory, for the tests of the stores. */

import { NO_ARCHIVE, type ChatArchive } from './archive';
import { randomBytes, sha256, toHex, encodeBase64Url, type Bytes } from './bytes';
import { openCertificate } from './certificate';
import type { Environment } from './environment';
import { makeFleetingIdentity, type Identity } from './identity';
import type { ClientFrame, PeerDescription } from './protocol';

/** A signaling server with one room. It checks nothing: peers have to. */
export class FakeServer {
  readonly url = 'wss://server.test/signaling';
  /** What the hello says. */
  audience = this.url;
  /** Takes everything and says nothing, as behind a network that is gone. */
  deaf = false;
  /** Sees every `msg` frame before it is passed on; what it returns is delivered, one after the other. */
  tamper: (frame: Record<string, unknown>) => Record<string, unknown>[] = (frame) => [frame];
  readonly #members = new Map<string, { socket: FakeSocket; description: PeerDescription }>();

  connect(): FakeSocket {
    const socket = new FakeSocket(
      (frame) => void this.#receive(socket, frame),
      () => this.#leave(socket),
    );
    const nonce = encodeBase64Url(randomBytes(16));
    socket.deliver({ t: 'hello', v: [1], nonce, aud: this.audience, limits: { frame: 65_536, rate: 50, burst: 200 } });
    return socket;
  }

  /** Cuts every link. */
  crash(): void {
    for (const { socket } of [...this.#members.values()]) socket.cut();
  }

  /** Sends a frame to a peer. */
  push(peer: string, frame: unknown): void {
    this.#members.get(peer)?.socket.deliver(frame);
  }

  async #receive(socket: FakeSocket, frame: ClientFrame): Promise<void> {
    if (this.deaf) return;
    if (frame.t === 'auth') return this.#join(socket, frame);
    const from = this.#name(socket);
    if (!from) return;
    if (!this.#members.has(frame.to)) return socket.deliver({ t: 'err', ref: frame.to, code: 'offline' });
    for (const each of this.tamper({ t: 'msg', from, m: frame.m })) this.push(frame.to, each);
  }

  async #join(socket: FakeSocket, { sess, memb }: Extract<ClientFrame, { t: 'auth' }>): Promise<void> {
    const { peer } = await openCertificate(sess);
    const description = { sess, memb };
    this.#members.get(peer)?.socket.deliver({ t: 'err', ref: null, code: 'gone' });
    const others = [...this.#members].filter(([id]) => id !== peer).map(([, each]) => each);
    this.#members.set(peer, { socket, description });
    socket.deliver({ t: 'welcome', you: peer, peers: others.map((each) => each.description), ice: [] });
    for (const each of others) each.socket.deliver({ t: 'joined', peer: description });
  }

  #name(socket: FakeSocket): string | undefined {
    return [...this.#members].find(([, each]) => each.socket === socket)?.[0];
  }

  #leave(socket: FakeSocket): void {
    const peer = this.#name(socket);
    if (!peer) return;
    this.#members.delete(peer);
    for (const each of this.#members.values()) each.socket.deliver({ t: 'left', peer });
  }
}

/** Our end of a WebSocket. */
export class FakeSocket {
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  readyState = 1;
  readonly #send: (frame: ClientFrame) => void;
  readonly #gone: () => void;

  constructor(send: (frame: ClientFrame) => void, gone: () => void) {
    this.#send = send;
    this.#gone = gone;
  }

  send(text: string): void {
    this.#send(JSON.parse(text) as ClientFrame);
  }

  close(): void {
    this.readyState = 3;
    this.#gone();
  }

  cut(): void {
    this.close();
    this.onclose?.({ code: 1006, reason: '' });
  }

  deliver(frame: unknown): void {
    queueMicrotask(() => this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) }));
  }
}

/** The wires between peer connections, by ICE user fragment. */
export class FakeNetwork extends EventTarget {
  readonly connections = new Map<string, FakePeerConnection>();
  /** What is shown in handshakes instead of the true certificate: a man in the middle. */
  impostor: Bytes | null = null;
  /** Nothing passes, and nobody is told. */
  cut = false;
  /** Labels of data channels that never open. */
  without: readonly string[] = [];
  #waiting: (() => void)[] = [];

  /** Data channels are reliable: what is said while the network is cut comes when it is healed. */
  carry(step: () => void): void {
    if (this.cut) this.#waiting.push(step);
    else queueMicrotask(step);
  }

  heal(): void {
    this.cut = false;
    for (const step of this.#waiting.splice(0)) queueMicrotask(step);
  }
}

interface FakeCertificate {
  readonly der: Bytes;
  readonly fingerprint: string;
  readonly expires: number;
  getFingerprints(): RTCDtlsFingerprint[];
}

export async function fakeCertificate(): Promise<FakeCertificate> {
  const der = randomBytes(80);
  const hex = toHex(await sha256(der)).toUpperCase();
  const fingerprint = hex.match(/../g)!.join(':');
  const getFingerprints = () => [{ algorithm: 'sha-256', value: fingerprint }];
  return { der, fingerprint, expires: Date.now() + 1e9, getFingerprints };
}

class FakeChannel {
  readyState = 'connecting';
  binaryType = 'blob';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  onopen: (() => void) | null = null;
  onclose: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onbufferedamountlow: (() => void) | null = null;
  other: FakeChannel | null = null;
  readonly ordered = true;
  readonly label: string;
  readonly #network: FakeNetwork;
  sent = 0;
  /** Takes everything and delivers nothing. */
  deaf = false;

  constructor(label: string, network: FakeNetwork) {
    this.label = label;
    this.#network = network;
  }

  send(data: string | Uint8Array<ArrayBuffer>): void {
    this.sent += 1;
    // What the network has taken; the receiver gets a copy.
    const copy = typeof data === 'string' ? data : data.slice().buffer;
    if (!this.deaf) this.#network.carry(() => this.other?.onmessage?.({ data: copy }));
  }

  /** The other side has closed its peer connection. */
  lose(): void {
    this.other = null;
    this.close();
  }

  open(other: FakeChannel): void {
    this.other = other;
    this.readyState = 'open';
    this.onopen?.();
  }

  close(): void {
    this.readyState = 'closed';
    queueMicrotask(() => this.onclose?.());
  }
}

class FakeSender {
  track: unknown = null;
  parameters: Record<string, unknown>[] = [{}];
  readonly transport: { getRemoteCertificates(): ArrayBuffer[] };
  constructor(transport: FakeSender['transport']) {
    this.transport = transport;
  }
  async replaceTrack(track: unknown): Promise<void> {
    this.track = track;
  }
  getParameters() {
    return structuredClone({ encodings: this.parameters });
  }
  async setParameters({ encodings }: { encodings: Record<string, unknown>[] }): Promise<void> {
    this.parameters = encodings;
  }
}

/** Just enough of W3C RTCPeerConnection: two of them connect as soon as each knows the other's description. */
export class FakePeerConnection {
  onicecandidate: ((event: { candidate: unknown }) => void) | null = null;
  ontrack: ((event: { track: unknown }) => void) | null = null;
  ondatachannel: ((event: { channel: FakeChannel }) => void) | null = null;
  onconnectionstatechange: (() => void) | null = null;
  connectionState = 'new';
  signalingState = 'stable';
  localDescription: { type: string; sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  channel: FakeChannel | null = null;
  /** What this side offered, or was offered. */
  channels: FakeChannel[] = [];
  readonly candidates: unknown[] = [];
  readonly transceivers: {
    sender: FakeSender;
    receiver: { track: { kind: string }; transport: FakeSender['transport'] };
    direction: string;
  }[] = [];
  readonly ufrag = toHex(randomBytes(4));
  readonly #network: FakeNetwork;
  readonly certificate: FakeCertificate;

  constructor(network: FakeNetwork, { certificates }: RTCConfiguration) {
    this.#network = network;
    this.certificate = certificates![0] as unknown as FakeCertificate;
    network.connections.set(this.ufrag, this);
  }

  get sctp() {
    return { transport: this.#transport };
  }

  readonly #transport = {
    getRemoteCertificates: (): ArrayBuffer[] => {
      const other = this.#other();
      return other ? [(this.#network.impostor ?? other.certificate.der).buffer] : [];
    },
  };

  addTransceiver(kind: string) {
    const receiver = { track: { kind }, transport: this.#transport };
    const transceiver = { sender: new FakeSender(this.#transport), receiver, direction: 'sendrecv' };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  getTransceivers() {
    return this.transceivers;
  }

  createDataChannel(label: string): FakeChannel {
    const channel = new FakeChannel(label, this.#network);
    this.channels.push(channel);
    this.channel ??= channel;
    return channel;
  }

  async createOffer() {
    return { type: 'offer', sdp: this.#sdp('actpass') };
  }

  async createAnswer() {
    return { type: 'answer', sdp: this.#sdp('active') };
  }

  async setLocalDescription(description: { type: string; sdp: string }): Promise<void> {
    this.localDescription = description;
    queueMicrotask(() => {
      const candidate = {
        candidate: 'candidate:1 1 udp 1 127.0.0.1 9 typ host',
        sdpMid: '0',
        sdpMLineIndex: 0,
        usernameFragment: this.ufrag,
      };
      this.onicecandidate?.({ candidate });
      this.onicecandidate?.({ candidate: null });
    });
    if (description.type === 'answer') this.#connect();
  }

  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    this.remoteDescription = description;
    if (description.type === 'offer') ['audio', 'video'].forEach((kind) => this.addTransceiver(kind));
    for (const { receiver } of this.transceivers) this.ontrack?.({ track: receiver.track });
    if (description.type === 'answer') this.#connect();
  }

  async addIceCandidate(candidate: unknown): Promise<void> {
    if (!this.remoteDescription) throw new Error('too early');
    this.candidates.push(candidate);
  }

  async getStats() {
    const reports = [{ type: 'inbound-rtp', kind: 'video', packetsReceived: 0, packetsLost: 0 }];
    return new Map(reports.map((report) => [report.kind, report]));
  }

  close(): void {
    this.connectionState = this.signalingState = 'closed';
    this.#network.connections.delete(this.ufrag);
    for (const { other } of this.channels) if (other) this.#network.cut || queueMicrotask(() => other.lose());
    for (const channel of this.channels) channel.other = null;
  }

  #other(): FakePeerConnection | undefined {
    const ufrag = /a=ice-ufrag:(\S+)/.exec(this.remoteDescription?.sdp ?? '')?.[1];
    return ufrag === undefined ? undefined : this.#network.connections.get(ufrag);
  }

  #connect(): void {
    const other = this.#other();
    if (this.#network.cut || !other?.remoteDescription || !other.localDescription) return;
    const [offerer, answerer] = this.channel ? [this, other] : [other, this];
    for (const { label } of offerer.channels.filter((each) => !this.#network.without.includes(each.label))) {
      const channel = new FakeChannel(label, this.#network);
      answerer.ondatachannel?.({ channel });
      answerer.channels.push(channel);
      answerer.channel ??= channel;
    }
    for (const each of [this, other]) {
      each.connectionState = 'connected';
      each.onconnectionstatechange?.();
    }
    for (const theirs of answerer.channels) {
      const ours = offerer.channels.find(({ label }) => label === theirs.label)!;
      ours.open(theirs);
      theirs.open(ours);
    }
  }

  #sdp(setup: string): string {
    const transport = [
      'c=IN IP4 0.0.0.0',
      `a=ice-ufrag:${this.ufrag}`,
      'a=ice-pwd:0123456789abcdefghijklmn',
      `a=setup:${setup}`,
      `a=fingerprint:sha-256 ${this.certificate.fingerprint}`,
    ];
    const media = [
      'm=audio 9 UDP/TLS/RTP/SAVPF 111',
      'm=video 9 UDP/TLS/RTP/SAVPF 96',
      'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    ];
    const sections = media.flatMap((line, mid) => [line, `a=mid:${mid}`, ...transport]);
    return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1 2', ...sections, ''].join('\r\n');
  }
}

/** A track that can be muted and stopped. */
export class FakeTrack {
  enabled = true;
  stopped = false;
  onended: (() => void) | null = null;
  contentHint = '';
  readonly kind: 'audio' | 'video';
  constructor(kind: 'audio' | 'video') {
    this.kind = kind;
  }
  stop(): void {
    this.stopped = true;
  }
  async applyConstraints(): Promise<void> {}
}

/** W3C MediaStream, as far as it is used. */
export class FakeStream {
  readonly #tracks: FakeTrack[];
  constructor(tracks: FakeTrack[] = []) {
    this.#tracks = tracks;
  }
  getTracks = () => this.#tracks;
  getAudioTracks = () => this.#tracks.filter(({ kind }) => kind === 'audio');
  getVideoTracks = () => this.#tracks.filter(({ kind }) => kind === 'video');
}

/** Devices that are all there, but for the kinds named in `denied`. */
export function fakeDevices(denied: readonly ('audio' | 'video')[] = []) {
  const opened: FakeTrack[] = [];
  const open = (kinds: ('audio' | 'video')[]) => {
    const no = kinds.some((kind) => denied.includes(kind));
    if (no) return Promise.reject(Object.assign(new Error('denied'), { name: 'NotAllowedError' }));
    const tracks = kinds.map((kind) => new FakeTrack(kind));
    opened.push(...tracks);
    return Promise.resolve(new FakeStream(tracks));
  };
  const devices = {
    opened,
    getUserMedia: (wanted: Record<string, unknown>) =>
      open((['audio', 'video'] as const).filter((kind) => wanted[kind])),
    getDisplayMedia: () => open(['video']),
    enumerateDevices: async () => [{ kind: 'videoinput', deviceId: 'cam', label: '' }],
    addEventListener: () => undefined,
  };
  return devices;
}

/** A browser in memory. */
export function fakeEnvironment(
  server: FakeServer,
  network: FakeNetwork,
  devices: ReturnType<typeof fakeDevices> | null = null,
  identity: Promise<Identity> = makeFleetingIdentity(),
  archive: ChatArchive = NO_ARCHIVE,
): Environment {
  const kept = new Map<string, string>();
  return {
    openSocket: () => server.connect() as unknown as WebSocket,
    createPeerConnection: (configuration) =>
      new FakePeerConnection(network, configuration) as unknown as RTCPeerConnection,
    generateCertificate: async () => (await fakeCertificate()) as unknown as RTCCertificate,
    mediaDevices: devices as unknown as MediaDevices | null,
    storage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) },
    chatArchive: () => Promise.resolve(archive),
    identity: () => identity,
    watchNetwork: (changed) => network.addEventListener('change', changed),
    defaultUrl: () => server.url,
  };
}
