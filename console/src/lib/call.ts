/** One call: who it is with, its sequence numbers, what has been seen of its security. No browser in here. */

import type { Certified } from './certificate';
import { hashOf, type Envelope } from './envelope';
import {
  openMessage,
  sealMessage,
  type Candidate,
  type Confirmation,
  type Content,
  type Message,
  type Recipient,
  type SignedDescription,
  type Transport,
} from './message';
import { refuse } from './refusal';
import { Serial } from './serial';

/** Most remote candidates kept until they can be used; more are refused. */
const MOST_HELD_CANDIDATES = 128;

const LAST_WORD: Content = { t: 'bye', body: { why: 'hang-up' } };

/** Our side of a session: the key that signs, and who we are in it. */
export interface OwnSession {
  readonly key: CryptoKey;
  readonly me: Recipient;
}

/** How far a call is. */
export type CallPhase = 'ringing-out' | 'ringing-in' | 'connecting' | 'in-call';

interface Sequence {
  sent: number;
  received: number;
}

export class Call {
  readonly id: string;
  readonly outgoing: boolean;
  /** The peer's session at the start of the call. Every message of the call is of this session and for our own of then. */
  readonly peer: Certified;
  /** Our session at the start of the call. The link may have another one by now, the channel keeps this one. */
  readonly own: OwnSession;
  phase: CallPhase;
  /** Hashes of the two envelopes. */
  offer: string | null = null;
  answer: string | null = null;
  local: SignedDescription | null = null;
  remote: SignedDescription | null = null;
  /** The certificates of the DTLS handshake. */
  secured: { readonly lfp: string; readonly rfp: string } | null = null;
  confirmSent = false;
  confirmation: Confirmation | null = null;
  readonly #sequences: Record<Transport, Sequence> = {
    link: { sent: 0, received: 0 },
    channel: { sent: 0, received: 0 },
  };
  readonly #out: Record<Transport, Serial> = { link: new Serial(), channel: new Serial() };
  /** What {@link lastWord} gives, with its number. */
  readonly #last: Partial<Record<Transport, { readonly seq: number; readonly envelope: Envelope }>> = {};
  #held: Candidate[] | null = [];

  constructor(id: string, outgoing: boolean, peer: Certified, own: OwnSession) {
    this.id = id;
    this.outgoing = outgoing;
    this.phase = outgoing ? 'ringing-out' : 'ringing-in';
    this.peer = peer;
    this.own = own;
  }

  /** Signs the next message of this transport and gives it to `deliver`, in the order of the calls of this method. */
  send(transport: Transport, content: Content, deliver: (envelope: Envelope) => void): Promise<void> {
    const sent = this.#out[transport].run(async () => {
      const envelope = await this.#seal(content, this.#sequences[transport].sent++);
      // Known before the peer can answer it.
      if (content.t === 'offer' || content.t === 'answer') this[content.t] = await hashOf(envelope);
      deliver(envelope);
    });
    void this.#out[transport].run(() => this.#prepareLastWord(transport));
    return sent;
  }

  /** That we hang up, signed beforehand: a page that is closed has no time to sign. Null: it is not ready. */
  lastWord(transport: Transport): Envelope | null {
    const { seq, envelope } = this.#last[transport] ?? {};
    return envelope && seq === this.#sequences[transport].sent ? envelope : null;
  }

  async #prepareLastWord(transport: Transport): Promise<void> {
    // There is more to be said before.
    if (this.#out[transport].waiting > 1) return;
    const seq = this.#sequences[transport].sent;
    this.#last[transport] = { seq, envelope: await this.#seal(LAST_WORD, seq) };
  }

  #seal(content: Content, seq: number): Promise<Envelope> {
    const { me, key } = this.own;
    const header = {
      from: me.peer,
      fs: me.session,
      to: this.peer.peer,
      ts: this.peer.session,
      room: me.room,
      call: this.id,
      seq,
      re: content.t === 'answer' ? this.offer : null,
    };
    return sealMessage(content, header, key);
  }

  /** It came in by this offer. */
  takeOffer(offer: Message & { t: 'offer' }): void {
    this.offer = offer.hash;
    this.remote = offer.body;
    this.receive('link', offer.seq);
  }

  /** Opens a message of the data channel. */
  async open(envelope: Envelope): Promise<Message> {
    const message = await openMessage(envelope, this.peer, this.own.me, 'channel');
    if (message.call !== this.id) refuse('unknown-call');
    this.receive('channel', message.seq);
    return message;
  }

  /**
   * Rule 10: a repeated number is a replay, a skipped one means that messages are missing. What the peer says on the channel before its
   * first confirmation that arrives may be lost: stacks lose data while an SCTP association is being set up.
   */
  receive(transport: Transport, seq: number): void {
    const sequence = this.#sequences[transport];
    const maySkip = transport === 'channel' && !this.confirmation;
    if (seq < sequence.received) refuse('replayed');
    if (seq > sequence.received && !maySkip) refuse('out-of-order');
    sequence.received = seq + 1;
  }

  /** Candidates that the browser can have now: they are held until the remote description is set. */
  candidates(candidates: readonly Candidate[]): readonly Candidate[] {
    if (!this.#held) return candidates;
    if (this.#held.length + candidates.length > MOST_HELD_CANDIDATES) refuse('body-limit');
    this.#held.push(...candidates);
    return [];
  }

  /** The remote description is set: what was held. */
  release(): readonly Candidate[] {
    const held = this.#held ?? [];
    this.#held = null;
    return held;
  }

  /** What we have seen, to be told to the peer; null until all of it is known. */
  seen(): Confirmation | null {
    const { secured, offer, answer } = this;
    return secured && offer && answer ? { ...secured, offer, answer } : null;
  }

  /**
   * Compares what both sides saw (rule 14). Refuses when they differ.
   *
   * @returns Whether both have said it all.
   */
  agreed(): boolean {
    const [ours, theirs] = [this.seen(), this.confirmation];
    if (!this.confirmSent || !ours || !theirs) return false;
    const same =
      ours.rfp === theirs.lfp &&
      ours.lfp === theirs.rfp &&
      ours.offer === theirs.offer &&
      ours.answer === theirs.answer;
    return same || refuse('confirm-mismatch');
  }
}
