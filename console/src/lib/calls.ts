/** The calls: one at a time, from ring to end. docs/protocol.md §6 and §7. */

import { Call, type CallPhase } from './call';
import { cannot } from './call-error';
import { Cell } from './cell';
import type { CallChannel } from './channel';
import { IDLE, type ConnectionState } from './connection';
import { isLower, type PeerId } from './crypto';
import { farewell, REJECTED, SAID_BYE, type Ending } from './ending';
import type { Environment } from './environment';
import { Leg } from './leg';
import type { Link, Peer, PresentPeer } from './link';
import type { Media } from './media-store';
import {
  isVerified,
  randomId,
  sealMessage,
  travels,
  type Content,
  type Message,
  type RejectReason,
  type SignedDescription,
} from './message';
import { Pulse } from './pulse';
import { Refusal, refuse } from './refusal';
import { Resumption } from './resumption';
import type { CallLine, Services } from './service';
import type { Verification } from './trust';
import { RING_TIMEOUT_MS, ringingLeft, Waiting, type Caller, type Ringing } from './waiting';

const CONNECT_TIMEOUT_MS = 15_000;
/** Most calls offered in one session; an id that is forgotten could be replayed, so beyond it only a new session takes calls. */
const MOST_CALLS = 4_096;

/** What no longer holds when a call is over. */
const OVER = {
  phase: 'ended',
  offer: null,
  ringing: false,
  confirmed: false,
  held: false,
  reconnecting: null,
} as const;

export class Calls {
  readonly cell = new Cell<ConnectionState>(IDLE);
  readonly #environment: Environment;
  readonly #media: Media;
  readonly #services: Services;
  #link!: Link;
  /** The conversation's connection; of a lost one the last. */
  #leg: Leg | null = null;
  /** The call of its first offer. */
  #id = '';
  /** While its connection is lost. */
  #resumption: Resumption | null = null;
  #seen = new Set<string>();
  #pulse: Pulse | null = null;
  #line: CallLine | null = null;
  /** The caller, if the call rings in. */
  #caller: Caller | null = null;
  readonly #waiting = new Waiting(
    () => this.#showCallers(),
    (call) => this.#refuseCall(call, 'timeout'),
  );
  /** The last `media` message, as JSON. */
  #told = '';
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(environment: Environment, media: Media, services: Services) {
    this.#environment = environment;
    this.#media = media;
    this.#services = services;
    media.cell.subscribe(() => void this.#tracksChanged());
  }

  attach(link: Link): void {
    this.#link = link;
    // A peer may be pinned, or the pin be taken away, in the middle of a call.
    link.cell.subscribe(({ peers }) => {
      const peer = peers.find(({ id }) => id === this.#call?.peer.peer);
      if (peer) this.cell.set({ verification: peer.verification });
      this.#showCallers();
    });
  }

  get #call(): Call | null {
    return this.#leg?.call ?? null;
  }

  /** A connection is lost, and a new one is being made. */
  get reconnecting(): boolean {
    return this.#resumption !== null;
  }

  idle(): boolean {
    return !this.#call && this.#waiting.size === 0;
  }

  // What people and pages ask for.

  async createOffer(peer: PeerId = this.#onlyPeer()): Promise<SignedDescription> {
    if (this.#call) cannot('busy');
    const present = this.#link.present(peer);
    const session = this.#link.session;
    if (!session || !present) return cannot('not-in-room');
    const call = new Call(randomId(), true, present.certified, session);
    const leg = this.#begin(call, this.#link.describe(peer, present), present.verification, null, null);
    return this.#step(leg, () => leg.offer());
  }

  async sendOffer(): Promise<void> {
    const leg = this.#leg;
    if (!leg?.call.local || !leg.call.outgoing || leg.call.offer) return cannot('no-offer');
    await this.#sendDescription(leg, { t: 'offer', body: leg.call.local });
  }

  /** Makes the answer to the ringing offer. Only offers that this library verified are taken. */
  async processOffer(offer: Message | null = this.cell.value.offer): Promise<SignedDescription> {
    const leg = this.#leg;
    if (!leg || leg.call.phase !== 'ringing-in') return cannot('nobody-calls');
    if (offer?.t !== 'offer' || !isVerified(offer) || offer.call !== leg.call.id) return cannot('other-offer');
    this.#phase(leg.call, 'connecting');
    this.#limit(CONNECT_TIMEOUT_MS, 'no-connection');
    return this.#step(leg, () => leg.answer(offer.body.sdp));
  }

  async sendAnswer(): Promise<void> {
    const leg = this.#leg;
    if (!leg?.call.local || leg.call.outgoing || leg.call.answer) return cannot('no-answer');
    await this.#sendDescription(leg, { t: 'answer', body: leg.call.local });
    leg.channel?.tryConfirm();
  }

  /** Takes the answer to our offer. Only answers that this library verified are taken. */
  async processAnswer(answer: Message): Promise<void> {
    const leg = this.#leg;
    if (!isVerified(answer) || answer.t !== 'answer' || !leg?.pc || leg.call.phase !== 'ringing-out')
      return refuse('unexpected');
    leg.checkAnswer(answer);
    this.#phase(leg.call, 'connecting');
    this.#limit(CONNECT_TIMEOUT_MS, 'no-connection');
    await this.#step(leg, () => leg.acceptAnswer(answer));
  }

  async addIceCandidate(candidate: RTCIceCandidateInit): Promise<void> {
    await this.#leg?.pc?.addCandidate(candidate);
  }

  hangUp(): void {
    this.#end(this.#call?.phase === 'ringing-in' ? 'declined' : 'hung-up');
  }

  /** Says no to a call that rings; default: the oldest. */
  reject(why: Exclude<RejectReason, 'gone'>, id = this.cell.value.callers[0]?.call): void {
    const waiting = id === undefined ? null : this.#waiting.take(id);
    if (waiting) this.#refuseCall(waiting.call, why);
    else if (this.#call?.phase === 'ringing-in' && this.#call.id === id)
      this.#end(why === 'declined' ? 'declined' : REJECTED[why], { t: 'reject', why });
  }

  closeConnection(): void {
    this.hangUp();
    if (!this.#call) this.cell.set({ ...IDLE, callers: this.cell.value.callers });
  }

  /** Puts the call on hold, or takes it back. */
  hold(on = !this.cell.value.held): void {
    if (this.#leg?.call.phase !== 'in-call') return;
    this.cell.set({ held: on });
    this.#leg.pc?.setReceiving(!on);
    void this.#tracksChanged();
  }

  /** Sends a message of the call. */
  async send(content: Content): Promise<void> {
    const { call, channel } = this.#leg ?? cannot('no-call');
    const byChannel = content.t === 'bye' ? channel?.open : travels(content, 'channel', true);
    if (byChannel) await (call.phase === 'in-call' ? channel?.send(content) : cannot('not-confirmed'));
    else if (travels(content, 'link', true)) await this.#sendOnLink(call, content);
    else cannot('no-call');
  }

  // What the link tells.

  down(): void {
    this.#seen.clear();
    while (this.#waiting.take());
    // A call that is still being rung cannot go on: its messages were for this session.
    if (this.#isRinging()) this.#end('link-lost');
    this.#resumption?.down();
  }

  peerJoined(peer: PeerId): void {
    if (this.#call?.peer.peer === peer) this.#resumption?.joined();
  }

  peerLeft(peer: PeerId): void {
    const waiting = this.#waiting.of(peer);
    if (waiting) this.#waiting.take(waiting.id);
    if (this.#call?.peer.peer !== peer || !this.#isRinging()) return;
    this.#end(this.#call.outgoing ? 'peer-offline' : 'peer-hung-up');
  }

  /** Nobody talks on with somebody whom an authority has taken back. */
  peerRevoked(peer: PeerId): void {
    if (this.#call?.peer.peer === peer) this.#end('hung-up');
  }

  async message(message: Message, sender: PresentPeer): Promise<void> {
    if (message.t === 'offer') return this.#offered(message, sender);
    const waiting = this.#waiting.find(message.call);
    const leg = [this.#leg, this.#resumption?.attempt].find((each) => each?.call.id === message.call);
    const call = waiting ?? leg?.call;
    if (!call || !this.#isOfThisSession(call)) return refuse('unknown-call');
    if (call.peer.peer !== message.from || call.peer.session !== sender.certified.session) refuse('unknown-call');
    try {
      call.receive('link', message.seq);
    } catch (error) {
      if (error instanceof Refusal && error.reason === 'out-of-order') {
        if (waiting) this.#dropWaiting(waiting, { t: 'bye', body: { why: 'protocol' } });
        else this.#end('protocol');
      }
      throw error;
    }
    if (waiting) this.#receivedWaiting(waiting, message);
    else if (leg === this.#leg) await this.#received(call, message);
    else if (leg) await this.#resumption?.received(leg, message);
  }

  /** Rules 8 and 9, glare and busy. */
  async #offered(offer: Message & { t: 'offer' }, sender: PresentPeer): Promise<void> {
    if (this.#seen.has(offer.call) || this.#seen.size >= MOST_CALLS) refuse('call-reused');
    if (offer.seq !== 0) refuse('out-of-order');
    this.#seen.add(offer.call);
    if (!this.#link.admits(sender)) {
      await this.#rejectOffer(offer, sender, 'untrusted');
      refuse('untrusted');
    }
    if (offer.body.resume !== undefined) return this.#offeredAnew(offer, sender);
    const forgotten = this.#waiting.of(offer.from);
    if (forgotten) this.#dropWaiting(forgotten, null);
    let atOnce = false;
    let current = this.#call;
    if (current) {
      const samePeer = current.peer.peer === offer.from;
      // It rings, so it has no other call with us.
      const renewed = current.peer.session !== sender.certified.session || this.reconnecting;
      if (samePeer && renewed) {
        this.#end('peer-lost');
        current = this.#call;
      } else if (samePeer && current.phase === 'ringing-out') {
        // Perfect negotiation: the lower PeerId is polite and takes the other's offer; both wanted this call.
        if (!isPolite(current.own.me.peer, offer.from)) return;
        this.#forget()?.close();
        atOnce = true;
        current = null;
      } else if (samePeer || this.#waiting.size >= this.#link.callWaiting) {
        return this.#rejectOffer(offer, sender, 'busy');
      }
    }
    const session = this.#link.session ?? refuse('unexpected');
    const call = new Call(offer.call, false, sender.certified, session);
    call.takeOffer(offer);
    const peer = this.#link.describe(offer.from, sender);
    const caller = { call: call.id, peer, verification: sender.verification, since: Date.now() };
    if (current) this.#waiting.add({ call, offer, caller });
    else this.#ring({ call, offer, caller });
    if (atOnce) await this.answer();
    else void this.#sendOnLink(call, { t: 'ringing', body: {} });
  }

  /** Answers the call that rings, or one that waits: then a call that goes on is hung up, and one that rings goes on ringing. */
  async answer(id?: string): Promise<void> {
    const wanted =
      id === undefined || id === this.#call?.id ? null : (this.#waiting.take(id) ?? cannot('nobody-calls'));
    if (wanted) this.#makeRoomFor(wanted);
    const call = this.#call;
    await this.processOffer();
    if (this.#call === call) await this.sendAnswer();
  }

  #makeRoomFor(wanted: Ringing): void {
    const [call, caller, { offer }] = [this.#call, this.#caller, this.cell.value];
    if (call?.phase === 'ringing-in' && caller && offer) {
      this.#forget();
      this.#waiting.add({ call, offer, caller });
    } else this.#end('hung-up', undefined, false);
    this.#ring(wanted);
  }

  /** Whoever has waited longest rings, if there is no call. */
  #ringNext(): void {
    const next = this.#call ? null : this.#waiting.take();
    if (next) this.#ring(next);
  }

  #ring({ call, offer, caller }: Ringing): void {
    this.#begin(call, caller.peer, caller.verification, offer, caller);
  }

  #receivedWaiting(call: Call, message: Message): void {
    if (message.t === 'candidates') call.candidates(message.body.candidates);
    else if (message.t === 'bye') this.#dropWaiting(call, null);
    else if (message.t !== 'end-of-candidates') refuse('unexpected');
  }

  #dropWaiting(call: Call, word: Content | null): void {
    this.#waiting.take(call.id);
    if (word) void this.#sendOnLink(call, word);
  }

  #refuseCall(call: Call, why: RejectReason): void {
    void this.#sendOnLink(call, { t: 'reject', body: { why } });
  }

  #showCallers(): void {
    const all = [...(this.#caller ? [this.#caller] : []), ...this.#waiting.callers];
    const { peers } = this.#link.cell.value;
    const callers = all.map((caller) => ({
      ...caller,
      verification: peers.find(({ id }) => id === caller.peer.id)?.verification ?? caller.verification,
    }));
    callers.sort((one, other) => one.since - other.since);
    if (JSON.stringify(callers) !== JSON.stringify(this.cell.value.callers)) this.cell.set({ callers });
  }

  async #received(call: Call, message: Message): Promise<void> {
    switch (message.t) {
      case 'ringing':
        if (call.phase !== 'ringing-out') return refuse('unexpected');
        return this.cell.set({ ringing: true });
      case 'answer':
        return this.processAnswer(message);
      case 'candidates':
        return this.#leg?.addCandidates(message.body.candidates);
      case 'end-of-candidates':
        return;
      case 'reject':
        if (call.phase !== 'ringing-out' || message.body.why === 'gone') return refuse('unexpected');
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

  /** The one place where the gates are opened. */
  #confirmed(leg: Leg): void {
    const [peer, pc, channel] = [this.cell.value.peer!, leg.pc!, leg.channel!];
    const resumed = leg !== this.#leg;
    clearTimeout(this.#deadline);
    if (resumed) this.#replace(leg);
    leg.call.phase = 'in-call';
    this.#told = '';
    if (resumed) this.cell.set({ quality: null, reconnecting: null });
    else this.cell.set({ phase: 'in-call', confirmed: true, since: Date.now() });
    this.#media.setRemoteStream(pc.openGates());
    pc.setReceiving(!this.cell.value.held);
    void this.#tracksChanged();
    this.#pulse = new Pulse({
      ping: (n) => void channel.send({ t: 'ping', body: { n } }),
      measure: () => this.#measure(leg),
      silent: () => this.#lost(leg),
      back: () => this.#resumption?.attempt || this.#healed(),
    });
    this.#pulse.start();
    this.#line = { peer, send: (content) => void channel.send(content) };
    this.#services.began(this.#line, resumed);
    this.#offerFiles(leg);
  }

  /** The conversation goes on in another leg. */
  #replace(leg: Leg): void {
    this.#pulse?.stop();
    this.#resumption?.stop();
    this.#resumption = null;
    this.#leg?.close();
    this.#leg = leg;
  }

  async #measure(leg: Leg): Promise<boolean> {
    const { quality } = this.cell.value;
    const measured = await leg.pc!.statistics(quality);
    if (this.#leg !== leg) return false;
    this.cell.set({ quality: measured });
    return measured.packetsReceived > (quality?.packetsReceived ?? 0);
  }

  /** Files may pass when the call is confirmed and their channel is open, whichever is last. */
  #offerFiles(leg: Leg): void {
    const channel = leg.pc?.files;
    if (leg === this.#leg && this.#line && channel) this.#services.filesOpened(channel);
  }

  #channelMessage(message: Message, channel: CallChannel): Promise<void> | void {
    this.#pulse?.heard();
    switch (message.t) {
      case 'media':
        return this.cell.set({ remoteMedia: message.body });
      case 'ping':
        return channel.send({ t: 'pong', body: message.body });
      case 'pong':
        return;
      default:
        return this.#services.heard(message, {
          peer: this.cell.value.peer!,
          answer: (content) => void channel.send(content),
        });
    }
  }

  /** Gives the peer connection what is to be sent now, and tells the peer. */
  async #tracksChanged(): Promise<void> {
    const leg = this.#leg;
    if (leg?.call.phase !== 'in-call' || !leg.pc) return;
    const { held: hold } = this.cell.value;
    const wanted = this.#media.outgoing();
    const tracks = hold ? { ...wanted, audio: null, video: null } : wanted;
    const video = tracks.video !== null;
    const told = { audio: tracks.audio?.enabled ?? false, video, screen: video && tracks.screen, hold };
    await leg.pc.setTracks(tracks);
    if (this.#leg !== leg || this.#told === JSON.stringify(told)) return;
    this.#told = JSON.stringify(told);
    await leg.channel?.send({ t: 'media', body: told });
  }

  // A lost connection.

  /** The conversation is not over: both sides try to make it a new connection. */
  #lost(leg: Leg, offers = true): void {
    if (leg !== this.#leg || leg.call.phase !== 'in-call' || this.#resumption) return;
    const resumption = new Resumption(this.#id, leg.call.peer.peer, {
      link: this.#link,
      leg: (call) => this.#newLeg(call),
      isHeard: () => !leg.isOver && this.#pulse?.isSilent === false,
      healed: () => this.#healed(),
      end: (ending, told) => this.#end(ending, told ? null : undefined),
    });
    this.#resumption = resumption;
    this.#pulse?.lost();
    this.cell.set({ reconnecting: resumption.until });
    this.#link.hurry();
    if (offers) resumption.offer();
  }

  /** The old connection is heard again. */
  #healed(): void {
    this.#resumption?.stop();
    this.#resumption?.attempt?.close();
    this.#resumption = null;
    this.cell.set({ reconnecting: null });
  }

  #failed(leg: Leg): void {
    if (leg !== this.#leg) this.#resumption?.failed(leg);
    else if (leg.call.phase === 'in-call') this.#lost(leg);
    else this.#end('no-connection');
  }

  /** The peer makes a new connection for a conversation that it has with us. */
  async #offeredAnew(offer: Message & { t: 'offer' }, sender: PresentPeer): Promise<void> {
    const leg = this.#leg;
    const ours = leg?.call.phase === 'in-call' && leg.call.peer.peer === offer.from && this.#id === offer.body.resume;
    if (!ours) return this.#rejectOffer(offer, sender, 'gone');
    if (this.#resumption?.ignores(sender)) return;
    this.#lost(leg, false);
    this.#pulse?.stop();
    leg.close();
    await this.#resumption?.answer(offer, sender);
  }

  // Inner parts.

  #begin(call: Call, peer: Peer, verification: Verification, offer: Message | null, caller: Caller | null): Leg {
    const leg = this.#newLeg(call);
    this.#leg = leg;
    this.#id = call.id;
    this.#caller = caller;
    const { id: callId, phase, outgoing } = call;
    const { callers } = this.cell.value;
    this.cell.set({ ...IDLE, phase, callId, outgoing, peer, verification, callers, offer });
    this.#showCallers();
    this.#limit(caller ? ringingLeft(caller) : RING_TIMEOUT_MS, 'no-answer');
    return leg;
  }

  #newLeg(call: Call): Leg {
    return new Leg(call, {
      environment: this.#environment,
      link: this.#link,
      events: {
        confirmed: (leg) => this.#confirmed(leg),
        message: (leg, message) => this.#channelMessage(message, leg.channel!),
        bye: (leg, why) => this.#peerSaidBye(leg.call, why),
        refused: (reason) => this.#link.refused(reason),
        end: (_, ending) => this.#end(ending),
        filesOpened: (leg) => this.#offerFiles(leg),
        failed: (leg) => this.#failed(leg),
      },
    });
  }

  /** A step of the browser's media stack: its failure ends the call. */
  async #step<T>(leg: Leg, step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      if (this.#leg !== leg) return cannot('ended');
      console.warn('media failed', error);
      this.#end('media-failed');
      return cannot('set-up');
    }
  }

  async #sendDescription(leg: Leg, content: Content & { t: 'offer' | 'answer' }): Promise<void> {
    if (!(await leg.sendDescription(content)) && this.#leg === leg) this.#end('link-lost');
  }

  /** Sends over the link, if it is still in the session that the call began in; else false. */
  async #sendOnLink(call: Call, content: Content): Promise<boolean> {
    if (!this.#isOfThisSession(call)) return false;
    await call.send('link', content, (sealed) => this.#link.sendMessage(call.peer.peer, sealed));
    return true;
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
  #end(ending: Ending, word = farewell(ending, this.#call?.phase === 'ringing-in'), ringNext = true): void {
    const attempt = this.#resumption?.attempt;
    const leg = this.#forget();
    if (!leg) return;
    this.cell.set({ ...OVER, ending });
    this.#showCallers();
    if (ringNext) queueMicrotask(() => this.#ringNext());
    const content = word && ({ t: word.t, body: { why: word.why } } as Content);
    // If a new connection is being made, the peer knows that call.
    attempt?.close(content);
    leg.close(attempt?.call.offer ? null : content);
  }

  /** The call is gone without a word; polite peers do this to their own offer. */
  #forget(): Leg | null {
    const [leg, line] = [this.#leg, this.#line];
    clearTimeout(this.#deadline);
    this.#pulse?.stop();
    this.#resumption?.stop();
    this.#leg = this.#caller = this.#pulse = this.#line = this.#resumption = null;
    this.#media.setRemoteStream(null);
    if (line) this.#services.over(line.peer.id);
    return leg;
  }

  #phase(call: Call, phase: CallPhase): void {
    call.phase = phase;
    this.#caller = null;
    this.cell.set({ phase, ringing: false, offer: null });
    this.#showCallers();
  }

  #limit(milliseconds: number, ending: Ending): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#end(ending), milliseconds);
  }

  #onlyPeer(): PeerId {
    const [first] = this.#link.cell.value.peers;
    return first?.id ?? cannot('nobody');
  }
}

/** The peer with the lower PeerId, compared by its bytes, is polite (docs/protocol.md §7, glare). */
export function isPolite(own: PeerId, other: PeerId): boolean {
  return isLower(own, other);
}
