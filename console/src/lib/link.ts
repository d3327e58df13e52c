/** The link: our WebSocket to the server, signing in on it, and the peers in the room. */

import { checkTime, isName, isRoom, LONGEST_SESSION, openCertificate, sealCertificate, sealProof } from './certificate';
import type { Certified, Role } from './certificate';
import type { OwnSession } from './call';
import { Cell } from './cell';
import { cryptoIsAvailable, exportPublicKey, generateKeyPair, keyId, type PeerId } from './crypto';
import type { Envelope } from './envelope';
import type { Environment } from './environment';
import type { Identity } from './identity';
import { NO_CALL, openMessage, sealMessage, type Message } from './message';
import {
  isSameServer,
  parseFrame,
  type ClientFrame,
  type IceServer,
  type PeerDescription,
  type ServerFrame,
} from './protocol';
import { reasonOf, Refusal, refuse, type Reason } from './refusal';
import { Serial } from './serial';
import { Revocations } from './revocations';
import { Pins, verificationOf, type TrustOptions, type Verification } from './trust';

const SHORTEST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 15_000;
/** The longest wait while a call has lost its connection, and how long the server then has to answer. */
const URGENT_RETRY_MS = 2_000;
const URGENT_TIMEOUT_MS = 5_000;
/** A server that does not answer a probe in this time is gone. */
const PROBE_MS = 3_000;
/** No key has this id: a message to it comes back as `offline`. */
const NOBODY = 'A'.repeat(43);
/** After another page signed in as us: no fight over the session. */
const RETRY_AFTER_GONE_MS = 30_000;
const SIGN_IN_TIMEOUT_MS = 10_000;
/** A session lives for a day at most; it is renewed an hour earlier, between calls. */
const RENEW_AFTER_MS = (LONGEST_SESSION - 3_600) * 1_000;
const MOST_WAITING_FRAMES = 1_024;
const MOST_PEERS = 4_096;
const MOST_WAITING_CALLS = 16;
/** A refusal is logged once a minute a code at most. */
const LOG_EVERY_MS = 60_000;

const SENTENCES = {
  'needs-https': () => 'This page needs https: without it the browser signs nothing.',
  'bad-room': (room: string) => `“${room}” cannot be a room: use a–z, 0–9, “.”, “_” and “-”.`,
  'bad-name': () => 'A name has 1 to 64 characters.',
  'bad-address': (url: string) => `“${url}” is no address of a signaling server.`,
  'no-answer': () => 'The server does not answer.',
  flood: () => 'The server sends more than can be checked.',
  version: () => 'The server speaks another version of the protocol.',
  audience: (url: string) => `The server calls itself ${url}, which is not what was dialled.`,
  replaced: () => 'This operator signed in on another page.',
  full: () => 'The server has no place left.',
  restarting: () => 'The server is being restarted.',
  refused: (reason: string) => `The server refused the sign-in (${reason || 'no reason given'}).`,
  'too-big': () => 'The server found a message too big.',
  busy: () => 'The server is too busy.',
  unreachable: () => 'The server cannot be reached.',
} as const;

const NO_PROBLEM = { problem: null, problemCode: null, problemDetail: null };

/** Why there is no link, as a word for programs. */
export type LinkProblem = keyof typeof SENTENCES;

/** How the link is. `waiting`: the next attempt is at `retryAt`. */
export type LinkStatus = 'offline' | 'connecting' | 'signing-in' | 'online' | 'waiting';

/** A peer in the room, as its verified certificate names it. */
export interface Peer {
  readonly id: PeerId;
  /** What it calls itself; of a pinned peer: what it was called when it was pinned. */
  readonly name: string;
  readonly role: Role;
  readonly verification: Verification;
}

/** State of `webSocketStore`. */
export interface WebSocketState {
  readonly status: LinkStatus;
  /** The server that is dialled. */
  readonly url: string | null;
  /** Our PeerId, as soon as it is known. */
  readonly you: PeerId | null;
  readonly room: string;
  readonly name: string;
  /** In the room besides us, kiosks first, by name. */
  readonly peers: readonly Peer[];
  /** How often something that came in was refused, by reason code. */
  readonly refusals: Readonly<Partial<Record<Reason, number>>>;
  /** Why there is no link, as a sentence; null while there is one. */
  readonly problem: string | null;
  /** The same as a word for programs. */
  readonly problemCode: LinkProblem | null;
  /** What the sentence is about: a room, an address, a reason code of the server. */
  readonly problemDetail: string | null;
  /** Unix milliseconds of the next attempt, while `waiting`. */
  readonly retryAt: number | null;
}

/** Options of `webSocketStore.connect`. What is left out stays as it was. */
export interface ConnectOptions {
  /** `wss://host/signaling`. Default: `/signaling` at the page's own server. */
  readonly url?: string;
  /** Default `lobby`. */
  readonly room?: string;
  /** What others see, 1…64 characters. Default `Operator`. */
  readonly name?: string;
  /** Default `operator`. */
  readonly role?: Role;
  /** Memberships that vouch for us, at most 4. */
  readonly memberships?: readonly Envelope[];
  /** Whom to trust besides the pinned peers. */
  readonly trust?: TrustOptions;
  /** How many calls may ring while another one rings or goes on; more are busy. Default 0, at most 16. */
  readonly callWaiting?: number;
  /** STUN and TURN servers besides those that the server names. */
  readonly iceServers?: readonly RTCIceServer[];
}

/** A signed-in session. */
export interface LinkSession extends OwnSession {
  /** Our identity key, raw, base64url. */
  readonly identityKey: string;
  readonly iceServers: RTCIceServer[];
}

/** A peer whose certificate was verified. */
export interface PresentPeer {
  readonly certified: Certified;
  readonly memberships: readonly Envelope[];
  readonly verification: Verification;
}

/** What the link tells. */
export interface LinkEvents {
  /** A verified message of this peer. May refuse it. */
  message(message: Message, sender: PresentPeer): Promise<void>;
  down(): void;
  /** A peer came, came with another session, or was there when we came. */
  peerJoined(id: PeerId, peer: PresentPeer): void;
  peerLeft(id: PeerId): void;
  /** An authority has taken a peer of the room back; it has left. */
  peerRevoked(id: PeerId): void;
  /** Whether the session may be renewed now. */
  idle(): boolean;
  /** Whether a call waits for the link. */
  urgent(): boolean;
}

type Settings = Required<Omit<ConnectOptions, 'url'>> & { readonly url: string | null };

export class Link {
  readonly cell = new Cell<WebSocketState>({
    status: 'offline',
    url: null,
    you: null,
    room: 'lobby',
    name: 'Operator',
    peers: [],
    refusals: {},
    problem: null,
    problemCode: null,
    problemDetail: null,
    retryAt: null,
  });
  readonly pins: Pins;
  readonly #revocations: Revocations;
  readonly #environment: Environment;
  readonly #events: LinkEvents;
  readonly #present = new Map<PeerId, PresentPeer>();
  /** Highest epoch seen of each peer, so that an old session cannot come back. */
  readonly #epochs = new Map<PeerId, number>();
  readonly #logged = new Map<Reason, number>();
  readonly #verifying = new Serial();
  #verified: Promise<void> = Promise.resolve();
  #settings: Settings = {
    url: null,
    room: 'lobby',
    name: 'Operator',
    role: 'operator',
    memberships: [],
    trust: {},
    callWaiting: 0,
    iceServers: [],
  };
  #socket: WebSocket | null = null;
  #identity: Promise<Identity> | null = null;
  #pending: Omit<LinkSession, 'iceServers'> | null = null;
  #session: LinkSession | null = null;
  #failures = 0;
  #probing: ReturnType<typeof setTimeout> | undefined;
  #probes: ((alive: boolean) => void)[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(environment: Environment, events: LinkEvents) {
    this.#environment = environment;
    this.#events = events;
    this.pins = new Pins(environment.storage);
    this.#revocations = new Revocations(environment.storage);
    this.pins.cell.subscribe(() => void (this.#verified = this.#verifying.run(() => this.#verifyAgain())));
  }

  get session(): LinkSession | null {
    return this.#session;
  }

  get trust(): TrustOptions {
    return this.#settings.trust;
  }

  /** Whether this peer may call. */
  admits({ verification }: PresentPeer): boolean {
    return verification === 'pinned' || verification === 'member' || this.trust.unknown !== 'refuse';
  }

  /** How many calls may wait. */
  get callWaiting(): number {
    return Math.min(this.#settings.callWaiting, MOST_WAITING_CALLS);
  }

  present(peer: PeerId): PresentPeer | undefined {
    return this.#present.get(peer);
  }

  describe(id: PeerId, { certified, verification }: PresentPeer): Peer {
    const name = this.pins.find(id)?.name ?? certified.certificate.name;
    return { id, name, role: certified.certificate.role, verification };
  }

  connect(options: ConnectOptions): Promise<void> {
    const settings: Settings = { ...this.#settings, ...options, url: options.url ?? this.#settings.url };
    if (!cryptoIsAvailable()) return Promise.reject(this.#problem('needs-https'));
    if (!isRoom(settings.room)) return Promise.reject(this.#problem('bad-room', settings.room));
    if (!isName(settings.name)) return Promise.reject(this.#problem('bad-name'));
    const same = JSON.stringify(settings) === JSON.stringify(this.#settings);
    this.#settings = settings;
    // Whoever is in the room that we leave has not left it.
    const peers = settings.room === this.cell.value.room ? this.cell.value.peers : [];
    const { room, name, url } = settings;
    this.cell.set({ peers, room, name, url: url ?? this.#environment.defaultUrl() });
    if (this.#session && same) return Promise.resolve();
    const online = new Promise<void>((resolve, reject) => this.#waiters.push({ resolve, reject }));
    if (!this.#socket || !same) this.#dial();
    return online;
  }

  disconnect(): void {
    this.#drop();
    this.#waiters.splice(0).forEach(({ reject }) => reject(new Error('disconnected')));
    this.cell.set({ status: 'offline', retryAt: null, ...NO_PROBLEM });
  }

  /** Ends the waiting for the next attempt. */
  retryNow(): void {
    if (this.cell.value.status === 'waiting') this.#dial();
  }

  /** A call waits for the link. */
  hurry(): void {
    const { status, retryAt, problemCode } = this.cell.value;
    const late = status === 'waiting' && (retryAt ?? 0) - Date.now() > URGENT_RETRY_MS;
    if (late && problemCode !== 'replaced') this.#retryLater(0);
  }

  /** The machine may have another way to the network. */
  networkChanged(): void {
    this.retryNow();
    void this.probe();
  }

  /**
   * Asks the server for a sign of life. The browser keeps the socket of a network that is gone open for minutes.
   *
   * @returns Whether it gave one.
   */
  probe(): Promise<boolean> {
    const [socket, session] = [this.#socket, this.#session];
    if (!socket || !session) return Promise.resolve(false);
    return new Promise((resolve) => {
      this.#probes.push(resolve);
      if (this.#probing !== undefined) return;
      this.#probing = setTimeout(() => this.#down('no-answer'), PROBE_MS);
      void this.#sendProbe(socket, session);
    });
  }

  async #sendProbe(socket: WebSocket, session: LinkSession): Promise<void> {
    const { peer: from, session: fs, room } = session.me;
    const header = { from, fs, to: NOBODY, ts: NOBODY, room, call: NO_CALL, seq: 0, re: null };
    const probe = await sealMessage({ t: 'pair-cancel', body: {} }, header, session.key);
    if (this.#socket === socket) this.sendMessage(NOBODY, probe);
  }

  /** Pins a peer in the room, under a name of ours or its own, or takes the pin away. */
  pin(peer: PeerId, trusted: boolean, name?: string): Promise<void> {
    const certificate = this.#present.get(peer)?.certified.certificate;
    if (!trusted) this.pins.remove(peer);
    else if (certificate) {
      const called = name !== undefined && isName(name) ? name : certificate.name;
      this.pins.add(peer, called, certificate.role);
    }
    return this.#verified;
  }

  async #verifyAgain(): Promise<void> {
    for (const [id, { certified, memberships }] of [...this.#present]) {
      const verification = await this.#verification(certified, memberships);
      // It may have left, or come with another session, meanwhile.
      if (this.#present.get(id)?.certified === certified)
        this.#present.set(id, { certified, memberships, verification });
    }
    this.#showPeers();
  }

  sendMessage(to: PeerId, m: Envelope): void {
    this.#send({ t: 'msg', to, m });
  }

  /** Counts what was refused. */
  refused(reason: Reason): void {
    const { refusals } = this.cell.value;
    this.cell.set({ refusals: { ...refusals, [reason]: (refusals[reason] ?? 0) + 1 } });
    const now = Date.now();
    if (now - (this.#logged.get(reason) ?? -Infinity) < LOG_EVERY_MS) return;
    this.#logged.set(reason, now);
    console.warn(`refused: ${reason}`);
  }

  #problem(code: LinkProblem, detail: string | null = null): Error {
    const problem = SENTENCES[code](detail ?? '');
    this.cell.set({ problem, problemCode: code, problemDetail: detail });
    return new Error(problem);
  }

  #dial(): void {
    this.#drop();
    const url = this.#settings.url ?? this.#environment.defaultUrl();
    this.cell.set({ status: 'connecting', retryAt: null, url });
    let socket: WebSocket;
    try {
      socket = this.#environment.openSocket(url);
    } catch {
      return this.#down('bad-address', url);
    }
    const inbound = new Serial();
    this.#socket = socket;
    const patience = this.#events.urgent() ? URGENT_TIMEOUT_MS : SIGN_IN_TIMEOUT_MS;
    this.#timer = setTimeout(() => this.#down('no-answer'), patience);
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      this.#answered(true);
      if (inbound.waiting > MOST_WAITING_FRAMES) return this.#down('flood');
      void inbound.run(() => (this.#socket === socket ? this.#frame(data, socket) : undefined));
    };
    socket.onclose = ({ code, reason }) => {
      if (this.#socket === socket) this.#down(closeProblem(code), reason || null);
    };
  }

  /** Closes what is open. The room is gone with it. */
  #drop(): void {
    clearTimeout(this.#timer);
    this.#answered(false);
    const [socket, was] = [this.#socket, this.#session];
    this.#socket = this.#pending = this.#session = null;
    this.#present.clear();
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
    this.#showPeers();
    if (was) this.#events.down();
  }

  /** The link is lost: another attempt after 0.5 to 15 s, full jitter. */
  #down(problem: LinkProblem, detail: string | null = null, atLeast = 0): void {
    this.#failures = this.#session ? 0 : this.#failures + 1;
    this.#drop();
    this.#problem(problem, detail);
    this.#retryLater(atLeast);
  }

  #retryLater(atLeast: number): void {
    clearTimeout(this.#timer);
    const longest = this.#events.urgent() ? URGENT_RETRY_MS : LONGEST_RETRY_MS;
    const ceiling = Math.min(1_000 * 2 ** Math.min(this.#failures, 4), longest);
    const wait = atLeast + SHORTEST_RETRY_MS + Math.random() * (ceiling - SHORTEST_RETRY_MS);
    this.cell.set({ status: 'waiting', retryAt: Date.now() + wait });
    this.#timer = setTimeout(() => this.#dial(), wait);
  }

  /** The server has said something, or the link is lost. */
  #answered(alive: boolean): void {
    clearTimeout(this.#probing);
    this.#probing = undefined;
    this.#probes.splice(0).forEach((resolve) => resolve(alive));
  }

  #send(frame: ClientFrame): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(frame));
  }

  async #frame(data: unknown, socket: WebSocket): Promise<void> {
    try {
      await this.#handle(parseFrame(typeof data === 'string' ? data : ''), socket);
    } catch (error) {
      if (error instanceof Refusal) this.refused(error.reason);
      else console.warn('a frame could not be used', error);
    }
  }

  async #handle(frame: ServerFrame, socket: WebSocket): Promise<void> {
    switch (frame.t) {
      case 'hello':
        return this.#signIn(frame, socket);
      case 'welcome':
        return this.#welcome(frame);
      case 'joined':
        await this.#joined(frame.peer);
        return this.#showPeers();
      case 'left':
        return this.#left(frame.peer);
      case 'revocations':
        return this.#revoked(frame.list);
      case 'msg':
        return this.#message(frame.from, frame.m);
      case 'err':
        if (frame.code === 'gone') this.#down('replaced', null, RETRY_AFTER_GONE_MS);
        else if (frame.code === 'full') this.#down('full');
        else if (frame.code === 'offline' && frame.ref === NOBODY) return;
        else if (frame.code === 'offline' && frame.ref !== null) this.#left(frame.ref);
        else console.warn(`the server refused a frame: ${frame.code}`);
    }
  }

  /** Answers the server's challenge with a new session key. */
  async #signIn(hello: Extract<ServerFrame, { t: 'hello' }>, socket: WebSocket): Promise<void> {
    const { room, name, role, memberships } = this.#settings;
    if (this.#pending || this.#session) refuse('unexpected');
    if (!hello.v.includes(1)) return this.#refuseServer('version', null);
    if (!isSameServer(this.cell.value.url ?? '', hello.aud)) {
      return this.#refuseServer('audience', hello.aud);
    }
    this.cell.set({ status: 'signing-in' });
    const identity = await (this.#identity ??= this.#environment.identity());
    await this.#revocations.restore(this.#operators);
    const [keys, epoch] = [await generateKeyPair(), await identity.nextEpoch()];
    const sk = await exportPublicKey(keys.publicKey);
    const nb = Math.floor(Date.now() / 1000);
    const { nonce: sn, aud } = hello;
    const claims = { v: 1, id: identity.publicKey, sk, epoch, aud, sn, nb, na: nb + LONGEST_SESSION, role, name, room };
    const sess = await sealCertificate(claims, identity.privateKey);
    const session = await keyId(sk);
    const pop = await sealProof(sn, aud, session, keys.privateKey);
    if (this.#socket !== socket) return;
    const { peer, publicKey: identityKey } = identity;
    this.#pending = { key: keys.privateKey, me: { peer, session, room }, identityKey };
    this.cell.set({ you: peer });
    this.#send({ t: 'auth', room, sess, memb: memberships, pop });
  }

  #refuseServer(reason: 'version' | 'audience', detail: string | null): void {
    this.refused(reason);
    this.#down(reason, detail);
  }

  async #welcome(welcome: Extract<ServerFrame, { t: 'welcome' }>): Promise<void> {
    const pending = this.#pending ?? refuse('unexpected');
    if (welcome.you !== pending.me.peer) refuse('peer-id');
    clearTimeout(this.#timer);
    this.#failures = 0;
    this.#pending = null;
    this.#session = { ...pending, iceServers: [...welcome.ice.map(toRtc), ...this.#settings.iceServers] };
    for (const peer of welcome.peers) await this.#joined(peer).catch((error) => this.refused(reasonOf(error)));
    this.#showPeers();
    this.cell.set({ status: 'online', retryAt: null, ...NO_PROBLEM });
    this.#renewLater(RENEW_AFTER_MS);
    this.#waiters.splice(0).forEach(({ resolve }) => resolve());
  }

  #renewLater(wait: number): void {
    this.#timer = setTimeout(() => (this.#events.idle() ? this.#dial() : this.#renewLater(60_000)), wait);
  }

  /** A peer came, or came again with another session. */
  async #joined({ sess, memb }: PeerDescription): Promise<void> {
    const session = this.#session ?? refuse('unexpected');
    const certified = await openCertificate(sess);
    const { certificate, peer } = certified;
    checkTime(certificate, Math.floor(Date.now() / 1000));
    if (certificate.room !== session.me.room) refuse('room');
    if ((this.#epochs.get(peer) ?? 0) > certificate.epoch) refuse('epoch');
    if (peer === session.me.peer || memb.length > 4) refuse('unexpected');
    if (this.#revocations.names(peer)) refuse('untrusted');
    if (this.#present.size >= MOST_PEERS || (this.#epochs.size >= MOST_PEERS && !this.#epochs.has(peer)))
      refuse('body-limit');
    this.#epochs.set(peer, certificate.epoch);
    const verification = await this.#verification(certified, memb);
    if (this.#session !== session) return;
    const present = { certified, memberships: memb, verification };
    this.#present.set(peer, present);
    this.#events.peerJoined(peer, present);
  }

  #verification(certified: Certified, memberships: readonly Envelope[]): Promise<Verification> {
    return verificationOf(certified, memberships, this.pins, this.#settings.trust, this.#revocations);
  }

  get #operators(): readonly string[] {
    return this.#settings.trust.operatorKeys ?? [];
  }

  /** The server only carries the lists of authorities. Whoever is named is gone for us. */
  async #revoked(list: Envelope): Promise<void> {
    if (!(await this.#revocations.learn(list, this.#operators))) return;
    this.#revocations.keep();
    for (const id of [...this.#present.keys()].filter((id) => this.#revocations.names(id))) {
      this.#events.peerRevoked(id);
      this.#left(id);
    }
    await this.#verifyAgain();
  }

  /** The server's word, so only advice. */
  #left(peer: PeerId): void {
    this.#present.delete(peer);
    this.#showPeers();
    this.#events.peerLeft(peer);
  }

  async #message(from: PeerId, envelope: Envelope): Promise<void> {
    const session = this.#session ?? refuse('unexpected');
    const sender = this.#present.get(from) ?? refuse('unknown-peer');
    checkTime(sender.certified.certificate, Math.floor(Date.now() / 1000));
    const message = await openMessage(envelope, sender.certified, session.me, 'link');
    await this.#events.message(message, sender);
  }

  #showPeers(): void {
    const peers = [...this.#present].map(([id, present]) => this.describe(id, present));
    const rank = ({ role }: Peer) => (role === 'kiosk' ? 0 : 1);
    peers.sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name) || (a.id < b.id ? -1 : 1));
    this.cell.set({ peers });
  }
}

function toRtc({ urls, username, credential }: IceServer): RTCIceServer {
  return username === undefined || credential === undefined ? { urls } : { urls, username, credential };
}

/** Close codes of docs/protocol.md §4. */
function closeProblem(code: number): LinkProblem {
  switch (code) {
    case 1001:
      return 'restarting';
    case 1008:
      return 'refused';
    case 1009:
      return 'too-big';
    case 1013:
      return 'busy';
    default:
      return 'unreachable';
  }
}
