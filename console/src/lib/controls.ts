/** Asking the room: mute, camera, snapshots, shares, volume, restart (docs/protocol.md §6, Ask). */

import { cannot } from './call-error';
import { Cell, type Readable } from './cell';
import type { PeerId } from './crypto';
import { randomId, type Message, type Wish } from './message';
import type { Ways } from './outside';
import { refuse } from './refusal';
import type { CallLine, Service, Speaker } from './service';

/** `timed-out`: nobody answered in time. `ended`: the call was over before. */
export type AskState = 'pending' | 'granted' | 'denied' | 'timed-out' | 'ended';
export type AskResult = Exclude<AskState, 'pending'>;

/** Something that we want of a room. */
export interface Ask {
  readonly id: string;
  readonly peer: PeerId;
  readonly what: Wish;
  /** Of `volume`: percent. */
  readonly value: number | null;
  readonly state: AskState;
  /** A person over there is asked. */
  readonly consent: boolean;
  /** When it was asked, Unix milliseconds. */
  readonly at: number;
  /** No answer by then is a no, Unix milliseconds. */
  readonly until: number;
}

/** State of `controlStore`. */
export interface ControlState {
  /** Newest last, at most 32. */
  readonly asks: readonly Ask[];
}

/** Asking the room. */
export interface ControlStore extends Readable<ControlState> {
  /**
   * Asks the room of the call for something.
   *
   * @param value Of `volume`: percent, 0…100.
   * @returns How it ended. Rejects with a `CallError` when there is no confirmed call.
   */
  ask(what: Wish, value?: number): Promise<AskResult>;
  /** Asks a kiosk in the room to start anew, in a call or outside of one. */
  restart(peer: PeerId): Promise<AskResult>;
  /** Takes a question that is answered off the list. */
  dismiss(id: string): void;
}

/** How long a person in the room has. */
const TIMEOUT_MS = 30_000;
const MOST_ASKS = 32;
const CONSENT: readonly Wish[] = [
  'unmute',
  'camera-on',
  'snapshot-camera',
  'snapshot-panel',
  'share-panel',
  'share-document',
];

/** Whether a person in the room is asked; the other wishes are done, or refused, at once. */
export function needsConsent(what: Wish): boolean {
  return CONSENT.includes(what);
}

interface Pending {
  readonly resolve: (result: AskResult) => void;
  readonly timer: ReturnType<typeof setTimeout>;
}

export class Controls implements Service {
  readonly takes = ['ask', 'reply'] as const;
  readonly cell = new Cell<ControlState>({ asks: [] });
  readonly #ways: Ways;
  readonly #snapshotGranted: () => void;
  readonly #pending = new Map<string, Pending>();

  constructor(ways: Ways, snapshotGranted: () => void) {
    this.#ways = ways;
    this.#snapshotGranted = snapshotGranted;
  }

  async ask(what: Wish, value?: number): Promise<AskResult> {
    const { peer } = this.#ways.line ?? cannot('no-call');
    const percent = Math.min(100, Math.max(0, Math.round(value ?? 0)));
    return this.#ask(peer.id, what, what === 'volume' ? percent : null);
  }

  async restart(peer: PeerId): Promise<AskResult> {
    return this.#ask(peer, 'restart', null);
  }

  dismiss(id: string): void {
    if (!this.#pending.has(id)) this.cell.set({ asks: this.cell.value.asks.filter((each) => each.id !== id) });
  }

  heard(message: Message, { peer, answer }: Speaker): void {
    // A page has no room: nobody may mute an operator, or look into the office.
    if (message.t === 'ask') return answer({ t: 'reply', body: { id: message.body.id, granted: false } });
    if (message.t !== 'reply') return refuse('unexpected');
    const { id, granted } = message.body;
    const asked = this.cell.value.asks.find((each) => each.id === id && each.peer === peer.id);
    // Late, a yes still counts: it was done. A no says nothing that is not said yet.
    if (asked?.state === 'pending' || (asked?.state === 'timed-out' && granted)) {
      if (granted && asked.what.startsWith('snapshot-')) this.#snapshotGranted();
      this.#end(id, granted ? 'granted' : 'denied');
    }
  }

  began({ peer }: CallLine, resumed: boolean): void {
    // What was asked over the connection that was lost is void.
    if (resumed) this.over(peer.id);
  }

  over(peer: PeerId): void {
    for (const each of this.cell.value.asks) {
      // A kiosk that starts anew ends its call; the answer may come by the link.
      if (each.peer === peer && each.state === 'pending' && each.what !== 'restart') this.#end(each.id, 'ended');
    }
  }

  #ask(peer: PeerId, what: Wish, value: number | null): Promise<AskResult> {
    const id = randomId();
    if (!this.#ways.send(peer, { t: 'ask', body: { id, what, value } })) return cannot('not-in-room');
    const at = Date.now();
    const ask: Ask = {
      id,
      peer,
      what,
      value,
      state: 'pending',
      consent: needsConsent(what),
      at,
      until: at + TIMEOUT_MS,
    };
    this.cell.set({ asks: [...this.cell.value.asks, ask].slice(-MOST_ASKS) });
    return new Promise((resolve) => {
      this.#pending.set(id, { resolve, timer: setTimeout(() => this.#end(id, 'timed-out'), TIMEOUT_MS) });
    });
  }

  #end(id: string, state: AskResult): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    clearTimeout(pending?.timer);
    this.cell.set({ asks: this.cell.value.asks.map((each) => (each.id === id ? { ...each, state } : each)) });
    pending?.resolve(state);
  }
}

/** The store around it. */
export function createControlStore(controls: Controls): ControlStore {
  return {
    subscribe: controls.cell.subscribe,
    ask: (what, value) => controls.ask(what, value),
    restart: (peer) => controls.restart(peer),
    dismiss: (id) => controls.dismiss(id),
  };
}
