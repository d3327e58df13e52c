/** A conversation whose connection is lost, and the attempts at a new one. docs/protocol.md §7, Resuming. */

import { Call } from './call';
import { CallError } from './call-error';
import { isLower, type PeerId } from './crypto';
import { REJECTED, SAID_BYE, type Ending } from './ending';
import { Leg } from './leg';
import type { Link, PresentPeer } from './link';
import { randomId, type Message, type RejectReason } from './message';
import { refuse } from './refusal';

/** How long a lost call is kept. */
export const RECONNECT_MS = 45_000;
/** An attempt that is not confirmed is followed by another one after so long. */
export const ATTEMPT_MS = 5_000;
/** Most of the peer's offers that are answered between two of ours: as many as can have waited in a network that was gone. */
export const MOST_ANSWERED = 16;

/** What it needs of the call. */
export interface ResumptionPorts {
  readonly link: Link;
  leg(call: Call): Leg;
  /** Something came by the old connection after it was lost. */
  isHeard(): boolean;
  /** The old connection is good again, and there is no attempt at a new one. */
  healed(): void;
  /** @param told Whether the peer knows. */
  end(ending: Ending, told: boolean): void;
}

export class Resumption {
  /** When it is given up, Unix milliseconds. */
  readonly until = Date.now() + RECONNECT_MS;
  /** The call of the conversation's first offer. */
  readonly #id: string;
  readonly #peer: PeerId;
  readonly #ports: ResumptionPorts;
  readonly #deadline: ReturnType<typeof setTimeout>;
  #again: ReturnType<typeof setTimeout> | undefined;
  #attempt: Leg | null = null;
  #answered = 0;
  #turn = 0;
  #stopped = false;

  constructor(id: string, peer: PeerId, ports: ResumptionPorts) {
    this.#id = id;
    this.#peer = peer;
    this.#ports = ports;
    this.#deadline = setTimeout(() => (ports.isHeard() ? ports.healed() : ports.end('peer-lost', false)), RECONNECT_MS);
  }

  /** The attempt that is under way. */
  get attempt(): Leg | null {
    return this.#attempt;
  }

  /**
   * Offers anew, once the link has shown that it is alive: what is lost may be the network, and then the old connection, which an offer
   * ends, is the first that comes back.
   */
  offer(): void {
    const turn = this.#nextTurn();
    void this.#ports.link.probe().then((alive) => {
      if (alive && !this.#stopped && turn === this.#turn) this.#offerNow();
    });
  }

  /** The peer is in the room, now or again: an attempt of other sessions cannot succeed. */
  joined(): void {
    if (!this.#attempt || !this.#isOfTheseSessions(this.#attempt)) this.#offerNow();
  }

  /** The link is lost, and with it whatever is not answered. */
  down(): void {
    if (this.#attempt?.call.phase === 'ringing-out') this.#drop(this.#attempt);
  }

  /** Answers the peer's offer at once; glare as with first offers. */
  async answer(offer: Message & { t: 'offer' }, sender: PresentPeer): Promise<void> {
    const session = this.#ports.link.session ?? refuse('unexpected');
    if (this.#answered >= MOST_ANSWERED) refuse('unexpected');
    this.#answered += 1;
    const call = new Call(offer.call, false, sender.certified, session);
    call.takeOffer(offer);
    call.phase = 'connecting';
    const leg = this.#begin(call);
    await this.#step(leg, async () => {
      const body = await leg.answer(offer.body.sdp);
      if (!(await leg.sendDescription({ t: 'answer', body }))) this.#drop(leg);
      leg.channel?.tryConfirm();
    });
  }

  /** Whether our own offer, which is sent, stands against this peer's: then the peer is polite, and answers ours. */
  ignores(sender: PresentPeer): boolean {
    const attempt = this.#attempt;
    if (attempt?.call.phase !== 'ringing-out' || attempt.call.offer === null || !this.#isOfTheseSessions(attempt))
      return false;
    return !isLower(attempt.call.own.me.peer, sender.certified.peer);
  }

  /** A message of the attempt, by the link. */
  async received(leg: Leg, message: Message): Promise<void> {
    switch (message.t) {
      case 'answer':
        if (leg.call.phase !== 'ringing-out') return refuse('unexpected');
        leg.checkAnswer(message);
        leg.call.phase = 'connecting';
        return this.#step(leg, () => leg.acceptAnswer(message));
      case 'candidates':
        return leg.addCandidates(message.body.candidates);
      case 'end-of-candidates':
        return;
      case 'reject':
        if (leg.call.phase !== 'ringing-out') return refuse('unexpected');
        return this.#rejected(leg, message.body.why);
      case 'bye':
        return this.#ports.end(SAID_BYE[message.body.why], true);
      default:
        return refuse('unexpected');
    }
  }

  /** This attempt came to nothing; the next one comes in its time. */
  failed(leg: Leg): void {
    this.#drop(leg);
  }

  /** No more attempts. The one under way stays as it is. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#again);
  }

  #rejected(leg: Leg, why: RejectReason): void {
    if (why === 'gone' || why === 'untrusted') this.#ports.end(REJECTED[why], true);
    else this.#drop(leg);
  }

  /** If the link is up and the peer in the room; else it is done when they are. */
  #offerNow(): void {
    const { link } = this.#ports;
    const [session, present] = [link.session, link.present(this.#peer)];
    this.#answered = 0;
    // Trust is judged anew, on both sides.
    if (session && present && link.admits(present))
      void this.#offer(new Call(randomId(), true, present.certified, session));
  }

  /** What was about to be done is done no more; the next attempt is due in its time. */
  #nextTurn(): number {
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.offer(), ATTEMPT_MS);
    return (this.#turn += 1);
  }

  async #offer(call: Call): Promise<void> {
    const leg = this.#begin(call);
    await this.#step(leg, async () => {
      const local = await leg.offer();
      if (!(await leg.sendDescription({ t: 'offer', body: { ...local, resume: this.#id } }))) this.#drop(leg);
    });
  }

  #begin(call: Call): Leg {
    this.#attempt?.close();
    this.#nextTurn();
    return (this.#attempt = this.#ports.leg(call));
  }

  /** A step of the browser's media stack: its failure ends the attempt. */
  async #step(leg: Leg, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      if (!(error instanceof CallError)) console.warn('media failed', error);
      this.#drop(leg);
    }
  }

  #drop(leg: Leg): void {
    if (this.#attempt !== leg || this.#stopped) return;
    this.#attempt = null;
    leg.close();
    if (this.#ports.isHeard()) this.#ports.healed();
  }

  #isOfTheseSessions({ isOfThisSession, call }: Leg): boolean {
    return isOfThisSession && this.#ports.link.present(this.#peer)?.certified.session === call.peer.session;
  }
}
