/** Calls that ring while another one rings or goes on. */

import type { Call } from './call';
import type { PeerId } from './crypto';
import type { Peer } from './link';
import type { Message } from './message';
import type { Verification } from './trust';

/** How long a call rings before nobody has answered. */
export const RING_TIMEOUT_MS = 45_000;

/** Somebody who rings. */
export interface Caller {
  /** The call's id. */
  readonly call: string;
  readonly peer: Peer;
  readonly verification: Verification;
  /** Since when, Unix milliseconds. */
  readonly since: number;
}

/** A call that rings in. */
export interface Ringing {
  readonly call: Call;
  readonly offer: Message;
  readonly caller: Caller;
}

export class Waiting {
  readonly #calls = new Map<string, { readonly ringing: Ringing; readonly timer: ReturnType<typeof setTimeout> }>();
  readonly #changed: () => void;
  readonly #expired: (call: Call) => void;

  /**
   * @param changed Somebody came or went.
   * @param expired A call has rung for 45 s; it is gone from here.
   */
  constructor(changed: () => void, expired: (call: Call) => void) {
    this.#changed = changed;
    this.#expired = expired;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Oldest first. */
  get callers(): readonly Caller[] {
    return [...this.#calls.values()].map(({ ringing }) => ringing.caller).sort((one, other) => one.since - other.since);
  }

  find(call: string): Call | undefined {
    return this.#calls.get(call)?.ringing.call;
  }

  /** The call of this peer. */
  of(peer: PeerId): Call | undefined {
    return [...this.#calls.values()].map(({ ringing }) => ringing.call).find((call) => call.peer.peer === peer);
  }

  add(ringing: Ringing): void {
    const { call, caller } = ringing;
    const timer = setTimeout(() => this.take(call.id) && this.#expired(call), ringingLeft(caller));
    this.#calls.set(call.id, { ringing, timer });
    this.#changed();
  }

  /** Takes a call out, by default the oldest. */
  take(call = this.callers[0]?.call): Ringing | null {
    const found = call === undefined ? undefined : this.#calls.get(call);
    if (!found || call === undefined) return null;
    clearTimeout(found.timer);
    this.#calls.delete(call);
    this.#changed();
    return found.ringing;
  }
}

/** Milliseconds that a call may still ring. */
export function ringingLeft({ since }: Caller): number {
  return since + RING_TIMEOUT_MS - Date.now();
}
