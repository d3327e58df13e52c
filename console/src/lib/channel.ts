/** The data channel `ksp` of one call: the confirmation, and what passes once there is one. docs/protocol.md §7, rules 10, 13 and 14. */

import type { Confirmation } from './body';
import type { Call } from './call';
import type { Ending } from './ending';
import { parseEnvelope } from './envelope';
import type { ByeReason, Content, Message } from './message';
import type { PeerConnection } from './peer';
import { Refusal, refuse, type Reason } from './refusal';
import { Serial } from './serial';

const MOST_WAITING_MESSAGES = 1_024;
/** The answerer's confirmation is said again after so long. */
const CONFIRM_AGAIN_MS = 500;

/** What the channel tells the call. */
export interface ChannelEvents {
  /** Both sides have seen the same: the gates may be opened. */
  confirmed(): void;
  /** A message of the confirmed call. May refuse it. */
  message(message: Message): Promise<void> | void;
  bye(why: ByeReason): void;
  refused(reason: Reason): void;
  /** The call cannot go on. */
  end(ending: Ending): void;
}

export class CallChannel {
  readonly #call: Call;
  readonly #pc: PeerConnection;
  readonly #events: ChannelEvents;
  readonly #inbound = new Serial();
  #open = false;
  #over = false;
  #again: ReturnType<typeof setTimeout> | undefined;

  constructor(call: Call, pc: PeerConnection, events: ChannelEvents) {
    this.#call = call;
    this.#pc = pc;
    this.#events = events;
  }

  get open(): boolean {
    return this.#open;
  }

  /** Signs and sends, in the order of the calls of this method. */
  async send(content: Content): Promise<void> {
    await this.#call.send('channel', content, (sealed) => this.#pc.send(JSON.stringify(sealed)));
  }

  /** Nothing that comes counts any more. */
  close(): void {
    this.#over = true;
    clearTimeout(this.#again);
  }

  /** The browser has opened it. */
  opened(): void {
    if (this.#over) return;
    this.#open = true;
    this.tryConfirm();
  }

  /** Takes one text that came. */
  text(text: string): void {
    if (this.#over) return;
    if (this.#inbound.waiting > MOST_WAITING_MESSAGES) return this.#events.end('protocol');
    void this.#inbound.run(async () => {
      if (this.#over) return;
      try {
        await this.#message(await this.#call.open(parseEnvelope(text)));
      } catch (error) {
        this.#refused(error);
      }
    });
  }

  /** Rule 13. The browser compares the certificate too; the rule does not lean on it. */
  secured(lfp: string, rfp: string): void {
    const { local, remote } = this.#call;
    if (this.#over || !local || !remote) return;
    try {
      if (lfp !== local.fp || rfp !== remote.fp) refuse('certificate-mismatch');
      this.#call.secured = { lfp, rfp };
      this.tryConfirm();
    } catch (error) {
      this.#refused(error);
    }
  }

  /**
   * Tells the peer what we saw, as soon as we have seen it all. The offerer waits for the answerer's word: so nothing else is said
   * before both words have passed.
   */
  tryConfirm(): void {
    const call = this.#call;
    if (call.outgoing && !call.confirmation) return;
    if (this.#over || !this.#open || call.confirmSent || !call.seen()) return;
    call.confirmSent = true;
    this.#confirm();
    try {
      this.#compare();
    } catch (error) {
      this.#refused(error);
    }
  }

  /** The answerer says it again until it is answered: it may be lost. */
  #confirm(): void {
    const call = this.#call;
    const seen = call.seen();
    if (this.#over || !seen) return;
    void this.send({ t: 'confirm', body: seen });
    if (!call.outgoing && call.phase !== 'in-call') this.#again = setTimeout(() => this.#confirm(), CONFIRM_AGAIN_MS);
  }

  async #message(message: Message): Promise<void> {
    const call = this.#call;
    if (this.#over) return;
    if (message.t === 'bye') return this.#events.bye(message.body.why);
    if (message.t === 'confirm') return this.#confirmed(message.body);
    if (call.phase !== 'in-call') refuse('not-confirmed');
    await this.#events.message(message);
  }

  #confirmed(confirmation: Confirmation): void {
    const call = this.#call;
    call.confirmation ??= confirmation;
    if (!isSame(call.confirmation, confirmation)) refuse('unexpected');
    if (call.phase !== 'in-call') return call.confirmSent ? this.#compare() : this.tryConfirm();
    // The answerer says it again, so it has not heard ours.
    if (call.outgoing) this.#confirm();
  }

  /** Rule 14. */
  #compare(): void {
    if (this.#call.phase !== 'connecting' || !this.#call.agreed()) return;
    clearTimeout(this.#again);
    this.#events.confirmed();
  }

  #refused(error: unknown): void {
    if (!(error instanceof Refusal)) throw error;
    const { reason } = error;
    this.#events.refused(reason);
    if (reason === 'out-of-order') this.#events.end('protocol');
    if (reason === 'certificate-mismatch' || reason === 'confirm-mismatch') this.#events.end('not-secure');
  }
}

function isSame(one: Confirmation, other: Confirmation): boolean {
  return (['lfp', 'rfp', 'offer', 'answer'] as const).every((member) => one[member] === other[member]);
}
