/** A leg: one peer connection of a conversation, and the signed call that sets it up. A conversation whose connection was lost goes on in another leg. */

import { Call } from './call';
import { cannot } from './call-error';
import { CallChannel } from './channel';
import type { Ending } from './ending';
import type { Environment } from './environment';
import type { Link } from './link';
import type { ByeReason, Candidate, Content, Message, SignedDescription } from './message';
import { PeerConnection } from './peer';
import { refuse, type Reason } from './refusal';

/** What legs need. */
export interface LegPorts {
  readonly environment: Environment;
  readonly link: Link;
  readonly events: LegEvents;
}

/** What a leg tells until it is closed. */
export interface LegEvents {
  /** Both sides have seen the same: the gates may be opened. */
  confirmed(leg: Leg): void;
  /** A message of the confirmed call, by its channel. May refuse it. */
  message(leg: Leg, message: Message): Promise<void> | void;
  bye(leg: Leg, why: ByeReason): void;
  refused(reason: Reason): void;
  /** The conversation cannot go on. */
  end(leg: Leg, ending: Ending): void;
  filesOpened(leg: Leg): void;
  /** The peer connection gave up, or the peer closed it. */
  failed(leg: Leg): void;
}

export class Leg {
  readonly call: Call;
  readonly #ports: LegPorts;
  #pc: PeerConnection | null = null;
  #channel: CallChannel | null = null;
  /** Local candidates that came before our description was sent. */
  #held: Content[] | null = [];
  #closed = false;
  #failed = false;

  constructor(call: Call, ports: LegPorts) {
    this.call = call;
    this.#ports = ports;
  }

  get pc(): PeerConnection | null {
    return this.#pc;
  }

  get channel(): CallChannel | null {
    return this.#channel;
  }

  /** It cannot be heard again. */
  get isOver(): boolean {
    return this.#closed || this.#failed;
  }

  /** Whether the link is still in the session that the call began in. */
  get isOfThisSession(): boolean {
    return this.#ports.link.session?.me.session === this.call.own.me.session;
  }

  async offer(): Promise<SignedDescription> {
    const pc = await this.#connect();
    return (this.call.local = await pc.offer());
  }

  async answer(offer: string): Promise<SignedDescription> {
    const pc = await this.#connect();
    this.call.local = await pc.answer(offer);
    await this.#release(pc);
    return this.call.local;
  }

  /** Takes the answer to our offer. */
  checkAnswer(answer: Message & { t: 'answer' }): void {
    const { call } = this;
    if (answer.re !== call.offer || call.offer === null) refuse('answer-mismatch');
    call.answer = answer.hash;
    call.remote = answer.body;
  }

  /** Gives the browser the answer that was checked. */
  async acceptAnswer(answer: Message & { t: 'answer' }): Promise<void> {
    const pc = this.#pc ?? cannot('ended');
    await pc.acceptAnswer(answer.body.sdp);
    await this.#release(pc);
    this.#channel?.tryConfirm();
  }

  async addCandidates(candidates: readonly Candidate[]): Promise<void> {
    for (const candidate of this.call.candidates(candidates)) await this.#pc?.addCandidate(candidate);
  }

  /** Sends our description and the candidates that waited for it. False: the link is not in this session any more. */
  async sendDescription(content: Content & { t: 'offer' | 'answer' }): Promise<boolean> {
    const sent = this.send(content);
    const held = this.#held ?? [];
    this.#held = null;
    for (const each of held) void this.send(each);
    return sent;
  }

  /** Sends over the link, if it is still in the session that the call began in; else false. */
  async send(content: Content): Promise<boolean> {
    if (!this.isOfThisSession) return false;
    const { call } = this;
    await call.send('link', content, (sealed) => this.#ports.link.sendMessage(call.peer.peer, sealed));
    return true;
  }

  /** Nothing that comes counts any more. The peer is told, if there is a word for it and a way to it. */
  close(word: Content | null = null): void {
    const [pc, channel] = [this.#pc, this.#channel];
    if (this.#closed) return;
    this.#closed = true;
    channel?.close();
    // The peer knows nothing of a call whose offer was never sent.
    if (!word || (this.call.outgoing && !this.call.offer)) return pc?.close();
    if (this.#closeAtOnce(word)) return;
    if (this.isOfThisSession) void this.send(word).finally(() => pc?.close());
    else void channel?.send(word).finally(() => pc?.closeGently());
  }

  /** With the word that is signed already. */
  #closeAtOnce(word: Content): boolean {
    const { call, isOfThisSession } = this;
    if (word.t !== 'bye' || word.body.why !== 'hang-up') return false;
    const ready = call.lastWord(isOfThisSession ? 'link' : 'channel');
    if (!ready) return false;
    if (isOfThisSession) {
      this.#ports.link.sendMessage(call.peer.peer, ready);
      this.#pc?.close();
    } else {
      this.#pc?.send(JSON.stringify(ready));
      this.#pc?.closeGently();
    }
    return true;
  }

  async #release(pc: PeerConnection): Promise<void> {
    for (const candidate of this.call.release()) await pc.addCandidate(candidate);
  }

  async #connect(): Promise<PeerConnection> {
    const { environment, link, events } = this.#ports;
    const pc = await PeerConnection.create(environment, link.session?.iceServers ?? [], {
      candidates: (candidates) => this.#localCandidates({ t: 'candidates', body: { candidates } }),
      endOfCandidates: () => this.#localCandidates({ t: 'end-of-candidates', body: {} }),
      secured: (local, remote) => channel.secured(local, remote),
      channelOpened: () => channel.opened(),
      channelText: (text) => channel.text(text),
      filesOpened: () => this.#closed || events.filesOpened(this),
      failed: () => {
        this.#failed = true;
        if (!this.#closed) events.failed(this);
      },
    });
    const channel: CallChannel = new CallChannel(this.call, pc, {
      confirmed: () => events.confirmed(this),
      message: (message) => events.message(this, message),
      bye: (why) => events.bye(this, why),
      refused: (reason) => events.refused(reason),
      end: (ending) => events.end(this, ending),
    });
    if (this.#closed) {
      pc.close();
      return cannot('ended');
    }
    this.#pc = pc;
    this.#channel = channel;
    return pc;
  }

  #localCandidates(content: Content): void {
    if (this.#closed) return;
    if (this.#held) this.#held.push(content);
    else void this.send(content);
  }
}
