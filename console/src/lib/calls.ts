/** The calls: one at a time, from ring to end. docs/protocol.md §6 and §7. */

import { decodeBase64Url, toHex } from './bytes';
import { Call, type CallPhase } from './call';
import { Cell } from './cell';
import type { PeerId } from './crypto';
import { farewell, REJECTED, SAID_BYE, type Ending } from './ending';
import { parseEnvelope } from './envelope';
import type { Environment } from './environment';
import type { Link, LinkEvents, Peer, PresentPeer } from './link';
import type { Media } from './media-store';
import {
  isVerified,
  randomId,
  sealMessage,
  type Content,
  type Message,
  type RejectReason,
  type SignedDescription,
} from './message';
import { PeerConnection } from './peer';
import { Refusal, refuse } from './refusal';
import { Serial } from './serial';
import type { Statistics } from './statistics';
import type { Verification } from './trust';

const RING_TIMEOUT_MS = 45_000;
const CONNECT_TIMEOUT_MS = 15_000;
/** How often a peer is pinged and listened for: its death is noticed after 3 to 3.5 s. */
const PING_EVERY_MS = 500;
/** Browsers let the timers of a hidden page run once a second. */
const SUSPENDED_MS = 2_500;
const SILENCE_MS = 3_000;
/** Most calls offered in one session; an id that is forgotten could be replayed, so beyond it only a new session takes calls. */
const MOST_CALLS = 4_096;
const MOST_WAITING_MESSAGES = 1_024;

/** `idle`: there was no call yet, or its end was put away. */
export type Phase = 'idle' | CallPhase | 'ended';

/** State of `connectionStore`. */
export interface ConnectionState {
  readonly phase: Phase;
  /** With whom; stays until the end is put away. */
  readonly peer: Peer | null;
  /** What the peer is to us; see `Peer.verification`. */
  readonly verification: Verification | null;
  readonly callId: string | null;
  readonly outgoing: boolean;
  /** Whether a person over there is being asked. */
  readonly ringing: boolean;
  /** Whether both certificates were checked and both sides saw the same call. */
  readonly confirmed: boolean;
  /** What the peer sends: false is muted, camera off. */
  readonly remoteMedia: { readonly audio: boolean; readonly video: boolean };
  /** Measured twice a second in a call. */
  readonly quality: Statistics | null;
  /** Unix milliseconds of the confirmation. */
  readonly since: number | null;
  /** Why the last call ended. */
  readonly ending: Ending | null;
  /** The verified offer that rings. */
  readonly offer: Message | null;
}

const IDLE: ConnectionState = {
  phase: 'idle',
  peer: null,
  verification: null,
  callId: null,
  outgoing: false,
  ringing: false,
  confirmed: false,
  remoteMedia: { audio: true, video: true },
  quality: null,
  since: null,
  ending: null,
  offer: null,
};

/** What calls tell the chat. */
export interface ChatPort {
  heard(peer: Peer, id: string, text: string): void;
  delivered(peer: PeerId, id: string): void;
}

/** Something cannot be done now; the message is a sentence for people. */
export class CallError extends Error {
  override readonly name = 'CallError';
}

export class Calls implements LinkEvents {
  readonly cell = new Cell<ConnectionState>(IDLE);
  readonly #environment: Environment;
  readonly #media: Media;
  readonly #chat: ChatPort;
  #link!: Link;
  #call: Call | null = null;
  #pc: PeerConnection | null = null;
  /** Local candidates that came before our description was sent. */
  #held: Content[] | null = [];
  #seen = new Set<string>();
  #channelOpen = false;
  #heardAt = 0;
  #pings = 0;
  /** The last `media` message, as JSON. */
  #told = '';
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #ticker: ReturnType<typeof setInterval> | undefined;

  constructor(environment: Environment, media: Media, chat: ChatPort) {
    this.#environment = environment;
    this.#media = media;
    this.#chat = chat;
    media.cell.subscribe(() => void this.#tracksChanged());
  }

  attach(link: Link): void {
    this.#link = link;
    // A peer may be pinned, or the pin be taken away, in the middle of a call.
    link.cell.subscribe(({ peers }) => {
      const peer = peers.find(({ id }) => id === this.#call?.peer.peer);
      if (peer) this.cell.set({ verification: peer.verification });
    });
  }

  idle(): boolean {
    return !this.#call;
  }

  // What people and pages ask for.

  async createOffer(peer: PeerId = this.#onlyPeer()): Promise<SignedDescription> {
    if (this.#call) throw new CallError('There is a call already; hang up first.');
    const present = this.#link.present(peer);
    const session = this.#link.session;
    if (!session || !present) throw new CallError('This peer is not in the room.');
    const call = new Call(randomId(), true, present.certified, session);
    this.#begin(call, present);
    const pc = await this.#connect(call);
    call.local = await this.#step(call, () => pc.offer());
    return call.local;
  }

  async sendOffer(): Promise<void> {
    const call = this.#call;
    if (!call?.local || !call.outgoing || call.offer)
      throw new CallError('There is no offer to send; create one first.');
    await this.#sendDescription(call, { t: 'offer', body: call.local });
  }

  /** Makes the answer to the ringing offer. Only offers that this library verified are taken. */
  async processOffer(offer: Message | null = this.cell.value.offer): Promise<SignedDescription> {
    const call = this.#call;
    if (!call || call.phase !== 'ringing-in') throw new CallError('Nobody is calling.');
    if (offer?.t !== 'offer' || !isVerified(offer) || offer.call !== call.id)
      throw new CallError('This is not the offer that rings.');
    this.#phase(call, 'connecting');
    this.#limit(CONNECT_TIMEOUT_MS, 'no-connection');
    const pc = await this.#connect(call);
    call.local = await this.#step(call, () => pc.answer(offer.body.sdp));
    for (const candidate of call.release()) await pc.addCandidate(candidate);
    return call.local;
  }

  async sendAnswer(): Promise<void> {
    const call = this.#call;
    if (!call?.local || call.outgoing || call.answer)
      throw new CallError('There is no answer to send; process an offer first.');
    await this.#sendDescription(call, { t: 'answer', body: call.local });
    this.#tryConfirm(call);
  }

  /** Takes the answer to our offer. Only answers that this library verified are taken. */
  async processAnswer(answer: Message): Promise<void> {
    const call = this.#call;
    const pc = this.#pc;
    if (!isVerified(answer) || answer.t !== 'answer' || !call || !pc || call.phase !== 'ringing-out')
      return refuse('unexpected');
    if (answer.re !== call.offer || call.offer === null) refuse('answer-mismatch');
    call.answer = answer.hash;
    call.remote = answer.body;
    this.#phase(call, 'connecting');
    this.#limit(CONNECT_TIMEOUT_MS, 'no-connection');
    await this.#step(call, () => pc.acceptAnswer(answer.body.sdp));
    for (const candidate of call.release()) await pc.addCandidate(candidate);
    this.#tryConfirm(call);
  }

  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    await this.#pc?.addCandidate(candidate);
  }

  hangUp(): void {
    this.#end(this.#call?.phase === 'ringing-in' ? 'declined' : 'hung-up');
  }

  reject(why: RejectReason): void {
    if (this.#call?.phase === 'ringing-in')
      this.#end(why === 'declined' ? 'declined' : REJECTED[why], { t: 'reject', why });
  }

  closeConnection(): void {
    this.hangUp();
    if (!this.#call) this.cell.set(IDLE);
  }

  /** Sends a message of the call. */
  async send(content: Content): Promise<void> {
    const call = this.#call;
    if (!call) throw new CallError('There is no call.');
    const byChannel = content.t === 'bye' ? this.#channelOpen : this.#isChannelContent(content);
    if (!byChannel) await this.#sendOnLink(call, content);
    else if (call.phase === 'in-call') await this.#sendOnChannel(call, content);
    else throw new CallError('The call is not confirmed yet.');
  }

  /** Says a line to the peer; null when there is nobody to hear it. */
  say(id: string, text: string): PeerId | null {
    const call = this.#call;
    if (call?.phase !== 'in-call') return null;
    void this.#sendOnChannel(call, { t: 'chat', body: { id, text } });
    return call.peer.peer;
  }

  // What the link tells.

  down(): void {
    this.#seen.clear();
    // A call that is still being rung cannot go on: its messages were for this session.
    if (this.#isRinging()) this.#end('link-lost');
  }

  peerLeft(peer: PeerId): void {
    if (this.#call?.peer.peer !== peer || !this.#isRinging()) return;
    this.#end(this.#call.outgoing ? 'peer-offline' : 'peer-hung-up');
  }

  async message(message: Message, sender: PresentPeer): Promise<void> {
    if (message.t === 'offer') return this.#offered(message, sender);
    const call = this.#call;
    if (!call || call.id !== message.call || !this.#isOfThisSession(call)) return refuse('unknown-call');
    if (call.peer.peer !== message.from || call.peer.session !== sender.certified.session) refuse('unknown-call');
    try {
      call.receive('link', message.seq);
    } catch (error) {
      if (error instanceof Refusal && error.reason === 'out-of-order') this.#end('protocol');
      throw error;
    }
    await this.#received(call, message);
  }

  /** Rules 8 and 9, glare and busy. */
  async #offered(offer: Message & { t: 'offer' }, sender: PresentPeer): Promise<void> {
    if (this.#seen.has(offer.call) || this.#seen.size >= MOST_CALLS) refuse('call-reused');
    if (offer.seq !== 0) refuse('out-of-order');
    this.#seen.add(offer.call);
    const trusted = sender.verification === 'pinned' || sender.verification === 'member';
    if (!trusted && this.#link.trust.unknown === 'refuse') {
      await this.#rejectOffer(offer, sender, 'untrusted');
      refuse('untrusted');
    }
    let atOnce = false;
    const current = this.#call;
    if (current) {
      const samePeer = current.peer.peer === offer.from;
      const renewed = samePeer && current.peer.session !== sender.certified.session;
      if (renewed) this.#end('peer-lost');
      else if (samePeer && current.phase === 'ringing-out') {
        // Perfect negotiation: the lower PeerId is polite and takes the other's offer; both wanted this call.
        if (!isPolite(current.own.me.peer, offer.from)) return;
        this.#forget();
        atOnce = true;
      } else return this.#rejectOffer(offer, sender, 'busy');
    }
    const session = this.#link.session ?? refuse('unexpected');
    const call = new Call(offer.call, false, sender.certified, session);
    call.offer = offer.hash;
    call.remote = offer.body;
    call.receive('link', 0);
    this.#begin(call, sender, offer);
    if (atOnce) await this.answer();
    else void this.#sendOnLink(call, { t: 'ringing', body: {} });
  }

  async answer(): Promise<void> {
    const call = this.#call;
    await this.processOffer();
    if (this.#call === call) await this.sendAnswer();
  }

  async #received(call: Call, message: Message): Promise<void> {
    switch (message.t) {
      case 'ringing':
        if (call.phase !== 'ringing-out') return refuse('unexpected');
        return this.cell.set({ ringing: true });
      case 'answer':
        return this.processAnswer(message);
      case 'candidates':
        for (const candidate of call.candidates(message.body.candidates)) await this.#pc?.addCandidate(candidate);
        return;
      case 'end-of-candidates':
        return;
      case 'reject':
        if (call.phase !== 'ringing-out') return refuse('unexpected');
        return this.#end(REJECTED[message.body.why]);
      case 'bye':
        return this.#peerSaidBye(call, message.body.why);
      default:
        return refuse('unexpected');
    }
  }

  #peerSaidBye(call: Call, why: keyof typeof SAID_BYE): void {
    this.#end(why === 'timeout' && call.phase === 'ringing-in' ? 'no-answer' : SAID_BYE[why], null);
  }

  // The channel.

  #channelText(call: Call, inbound: Serial, text: string): void {
    if (inbound.waiting > MOST_WAITING_MESSAGES) return this.#end('protocol');
    void inbound.run(async () => {
      if (this.#call !== call) return;
      try {
        await this.#channelMessage(call, await call.open(parseEnvelope(text)));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.#refusedInCall(error);
      }
    });
  }

  #refusedInCall({ reason }: Refusal): void {
    this.#link.refused(reason);
    if (reason === 'out-of-order') this.#end('protocol');
    if (reason === 'certificate-mismatch' || reason === 'confirm-mismatch') this.#end('not-secure');
  }

  async #channelMessage(call: Call, message: Message): Promise<void> {
    if (this.#call !== call) return;
    if (message.t === 'bye') return this.#peerSaidBye(call, message.body.why);
    if (message.t === 'confirm') {
      if (call.confirmation) refuse('unexpected');
      call.confirmation = message.body;
      return call.confirmSent ? this.#compare(call) : this.#tryConfirm(call);
    }
    if (call.phase !== 'in-call') refuse('not-confirmed');
    this.#heardAt = Date.now();
    switch (message.t) {
      case 'chat':
        this.#chat.heard(this.cell.value.peer!, message.body.id, message.body.text);
        return this.#sendOnChannel(call, { t: 'chat-received', body: { id: message.body.id } });
      case 'chat-received':
        return this.#chat.delivered(call.peer.peer, message.body.id);
      case 'media':
        return this.cell.set({ remoteMedia: message.body });
      case 'ping':
        return this.#sendOnChannel(call, { t: 'pong', body: message.body });
      case 'pong':
        return;
      default:
        return refuse('unexpected');
    }
  }

  /** Rule 13. The browser compares the certificate too; the rule does not lean on it. */
  #secured(call: Call, lfp: string, rfp: string): void {
    if (this.#call !== call || !call.local || !call.remote) return;
    try {
      if (lfp !== call.local.fp || rfp !== call.remote.fp) refuse('certificate-mismatch');
      call.secured = { lfp, rfp };
      this.#tryConfirm(call);
    } catch (error) {
      this.#refusedInCall(error as Refusal);
    }
  }

  /**
   * Tells the peer what we saw, as soon as we have seen it all. The offerer waits for the answerer's word: its channel opens before the
   * answerer's does, and GStreamer's webrtcbin may lose what comes before it has announced the channel.
   */
  #tryConfirm(call: Call): void {
    const seen = call.seen();
    if (call.outgoing && !call.confirmation) return;
    if (this.#call !== call || !this.#channelOpen || call.confirmSent || !seen) return;
    call.confirmSent = true;
    void this.#sendOnChannel(call, { t: 'confirm', body: seen });
    try {
      this.#compare(call);
    } catch (error) {
      this.#refusedInCall(error as Refusal);
    }
  }

  /** Rule 14, and the one place where the gates are opened. */
  #compare(call: Call): void {
    if (call.phase !== 'connecting' || !call.agreed() || !this.#pc) return;
    clearTimeout(this.#deadline);
    call.phase = 'in-call';
    this.cell.set({ phase: 'in-call', confirmed: true, since: Date.now() });
    this.#media.setRemoteStream(this.#pc.openGates());
    void this.#tracksChanged();
    this.#heardAt = Date.now();
    let lastTick = Date.now();
    this.#ticker = setInterval(() => {
      // A page that was suspended has heard nobody: that is no silence of the peer's.
      if (Date.now() - lastTick > SUSPENDED_MS) this.#heardAt = Date.now();
      lastTick = Date.now();
      void this.#tick(call);
    }, PING_EVERY_MS);
  }

  async #tick(call: Call): Promise<void> {
    if (this.#call !== call || !this.#pc) return;
    const now = Date.now();
    void this.#sendOnChannel(call, { t: 'ping', body: { n: (this.#pings += 1) } });
    const { quality } = this.cell.value;
    const measured = await this.#pc.statistics(quality);
    if (this.#call !== call) return;
    if (measured.packetsReceived > (quality?.packetsReceived ?? 0)) this.#heardAt = now;
    this.cell.set({ quality: measured });
    // Timers are a little early or late, and the last packet came up to one period before it was counted.
    if (now - this.#heardAt > SILENCE_MS - PING_EVERY_MS / 2) this.#end('peer-lost');
  }

  /** Gives the peer connection what is to be sent now, and tells the peer. */
  async #tracksChanged(): Promise<void> {
    const [call, pc] = [this.#call, this.#pc];
    if (call?.phase !== 'in-call' || !pc) return;
    const tracks = this.#media.outgoing();
    const told = { audio: tracks.audio?.enabled ?? false, video: tracks.video !== null };
    await pc.setTracks(tracks);
    if (this.#call !== call || this.#told === JSON.stringify(told)) return;
    this.#told = JSON.stringify(told);
    await this.#sendOnChannel(call, { t: 'media', body: told });
  }

  // Inner parts.

  #begin(call: Call, present: PresentPeer, offer: Message | null = null): void {
    this.#call = call;
    this.#held = [];
    this.#channelOpen = false;
    this.#told = '';
    this.#pings = 0;
    const peer = this.#link.describe(call.peer.peer, present);
    const { id: callId, phase, outgoing } = call;
    this.cell.set({ ...IDLE, phase, callId, outgoing, peer, verification: present.verification, offer });
    this.#limit(RING_TIMEOUT_MS, 'no-answer');
  }

  async #connect(call: Call): Promise<PeerConnection> {
    const inbound = new Serial();
    const mine = (react: () => void) => () => {
      if (this.#call === call) react();
    };
    const pc = await PeerConnection.create(this.#environment, this.#link.session?.iceServers ?? [], {
      candidates: (candidates) => this.#localCandidates(call, { t: 'candidates', body: { candidates } }),
      endOfCandidates: () => this.#localCandidates(call, { t: 'end-of-candidates', body: {} }),
      secured: (local, remote) => this.#secured(call, local, remote),
      channelOpened: mine(() => {
        this.#channelOpen = true;
        this.#tryConfirm(call);
      }),
      channelText: (text) => this.#channelText(call, inbound, text),
      failed: mine(() => this.#end(call.phase === 'in-call' ? 'peer-lost' : 'no-connection')),
    });
    if (this.#call !== call) {
      pc.close();
      throw new CallError('The call has ended.');
    }
    this.#pc = pc;
    return pc;
  }

  /** A step of the browser's media stack: its failure ends the call. */
  async #step<T>(call: Call, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (this.#call !== call) throw new CallError('The call has ended.');
      console.warn('media failed', error);
      this.#end('media-failed');
      throw new CallError('The browser could not set the call up.');
    }
  }

  async #sendDescription(call: Call, content: Content & { t: 'offer' | 'answer' }): Promise<void> {
    const sent = this.#sendOnLink(call, content);
    const held = this.#held ?? [];
    this.#held = null;
    for (const each of held) void this.#sendOnLink(call, each);
    if (!(await sent) && this.#call === call) this.#end('link-lost');
  }

  #localCandidates(call: Call, content: Content): void {
    if (this.#call !== call) return;
    if (this.#held) this.#held.push(content);
    else void this.#sendOnLink(call, content);
  }

  /** Sends over the link, if it is still in the session that the call began in; else false. */
  async #sendOnLink(call: Call, content: Content): Promise<boolean> {
    if (!this.#isOfThisSession(call)) return false;
    await call.send('link', content, (sealed) => this.#link.sendMessage(call.peer.peer, sealed));
    return true;
  }

  async #sendOnChannel(call: Call, content: Content): Promise<void> {
    const pc = this.#pc;
    await call.send('channel', content, (sealed) => pc?.send(JSON.stringify(sealed)));
  }

  #isChannelContent({ t }: Content): boolean {
    return t === 'chat' || t === 'chat-received' || t === 'media' || t === 'ping' || t === 'pong' || t === 'confirm';
  }

  #isOfThisSession(call: Call): boolean {
    return this.#link.session?.me.session === call.own.me.session;
  }

  #isRinging(): boolean {
    return this.#call?.phase === 'ringing-out' || this.#call?.phase === 'ringing-in';
  }

  /** Says no to an offer that never becomes a call. */
  async #rejectOffer(offer: Message, sender: PresentPeer, why: RejectReason): Promise<void> {
    const session = this.#link.session;
    if (!session) return;
    const { peer: from, session: fs, room } = session.me;
    const { peer: to, session: ts } = sender.certified;
    const header = { from, fs, to, ts, room, call: offer.call, seq: 0, re: null };
    this.#link.sendMessage(to, await sealMessage({ t: 'reject', body: { why } }, header, session.key));
  }

  /** Ends the call, if there is one, and tells the peer. */
  #end(ending: Ending, word = farewell(ending, this.#call?.phase === 'ringing-in')): void {
    const call = this.#call;
    if (!call) return;
    const pc = this.#forget();
    this.cell.set({ phase: 'ended', ending, offer: null, ringing: false, confirmed: false });
    // The peer knows nothing of a call whose offer was never sent.
    if (!word || (call.outgoing && !call.offer)) return pc?.close();
    const content = { t: word.t, body: { why: word.why } } as Content;
    if (this.#isOfThisSession(call)) void this.#sendOnLink(call, content).finally(() => pc?.close());
    else
      void call.send('channel', content, (sealed) => pc?.send(JSON.stringify(sealed))).finally(() => pc?.closeGently());
  }

  /** The call is gone without a word; polite peers do this to their own offer. */
  #forget(): PeerConnection | null {
    const pc = this.#pc;
    clearTimeout(this.#deadline);
    clearInterval(this.#ticker);
    this.#call = this.#pc = null;
    this.#media.setRemoteStream(null);
    return pc;
  }

  #phase(call: Call, phase: CallPhase): void {
    call.phase = phase;
    this.cell.set({ phase, ringing: false, offer: phase === 'ringing-in' ? this.cell.value.offer : null });
  }

  #limit(milliseconds: number, ending: Ending): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#end(ending), milliseconds);
  }

  #onlyPeer(): PeerId {
    const [first] = this.#link.cell.value.peers;
    return first?.id ?? refuseCall('Nobody else is in the room.');
  }
}

function refuseCall(sentence: string): never {
  throw new CallError(sentence);
}

/** The peer with the lower PeerId, compared by its bytes, is polite (docs/protocol.md §7, glare). */
export function isPolite(own: PeerId, other: PeerId): boolean {
  const bytes = (id: PeerId) => toHex(decodeBase64Url(id)!);
  return bytes(own) < bytes(other);
}
