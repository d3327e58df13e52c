/** The wall: everybody in the room and every pinned kiosk, with what they do (docs/protocol.md §6, `status`). */

import type { CallPhase } from './call';
import type { Calls } from './calls';
import type { Role } from './certificate';
import { Cell, type Readable } from './cell';
import type { Chat } from './chat';
import type { PeerId } from './crypto';
import type { Link, Peer } from './link';
import type { Fault, KioskState, KioskStatus, Message } from './message';
import { refuse } from './refusal';
import type { Service, Speaker } from './service';
import type { Verification } from './trust';

/** What a peer does. `online`: it is there, and says nothing more of itself. */
export type Activity = 'offline' | 'online' | KioskState;

/** A peer on the wall. */
export interface PeerStatus {
  readonly id: PeerId;
  readonly name: string;
  readonly role: Role;
  readonly verification: Verification;
  readonly online: boolean;
  readonly activity: Activity;
  /** What is wrong with it. */
  readonly faults: readonly Fault[];
  /** Lines of chat that nobody there has read. */
  readonly waiting: number;
  /** Lines of its that nobody here has read. */
  readonly unread: number;
  /** Whether faults and what waits there are known: the kiosk has told. */
  readonly told: boolean;
  /** It is away: what it told may have changed. */
  readonly stale: boolean;
  /** When it told or, if it is away, left. Unix milliseconds; null: it never did. */
  readonly at: number | null;
}

/** State of `wallStore`. */
export interface WallState {
  /** Kiosks first, by name. */
  readonly peers: readonly PeerStatus[];
}

/** The wall. */
export type WallStore = Readable<WallState>;

interface Told extends KioskStatus {
  readonly at: number;
}

/** Our call as the other side sees it. */
const FROM_THERE: Readonly<Record<CallPhase, KioskState>> = {
  'ringing-out': 'ringing-in',
  'ringing-in': 'ringing-out',
  connecting: 'connecting',
  'in-call': 'in-call',
};

const { compare } = new Intl.Collator();
/** Most peers that stay on the wall after they left, besides those that are pinned. */
const MOST_LEFT = 64;
const MOST_TOLD = 4_096;

export class Wall implements Service {
  readonly takes = ['status'] as const;
  readonly cell = new Cell<WallState>({ peers: [] });
  readonly #told = new Map<PeerId, Told>();
  /** Who left, and when. */
  readonly #gone = new Map<PeerId, { readonly peer: Peer; readonly at: number }>();
  #room: string | null = null;
  #link: Link | null = null;
  #calls: Calls | null = null;
  #chat: Chat | null = null;

  /** Watches what the wall is made of. */
  attach(link: Link, calls: Calls, chat: Chat): void {
    [this.#link, this.#calls, this.#chat] = [link, calls, chat];
    const parts: readonly Readable<unknown>[] = [link.cell, link.pins.cell, chatUnread(chat), callPhase(calls)];
    for (const { subscribe } of parts) subscribe(() => this.#show());
  }

  heard(message: Message, { peer }: Speaker): void {
    if (message.t !== 'status') return refuse('unexpected');
    if (peer.role !== 'kiosk') return refuse('role');
    if (this.#told.size >= MOST_TOLD && !this.#told.has(peer.id)) refuse('body-limit');
    this.#told.set(peer.id, { ...message.body, at: Date.now() });
    // The order stays: in a room of a thousand each tells of itself.
    const peers = this.cell.value.peers.map((each) => (each.id === peer.id ? this.#status(each, each.online) : each));
    this.cell.set({ peers });
  }

  /** It tells anew what it is, if it wants to. */
  joined(id: PeerId): void {
    this.#told.delete(id);
    this.#gone.delete(id);
  }

  /** Whoever is no longer there stays on the wall with its last word. */
  #keepGone(present: readonly Peer[], room: string): void {
    if (room !== this.#room) {
      this.#gone.clear();
      this.#told.clear();
    } else {
      const gone = this.cell.value.peers.filter(({ id, online }) => online && !present.some((each) => each.id === id));
      for (const { id, name, role, verification } of gone)
        this.#gone.set(id, { peer: { id, name, role, verification }, at: Date.now() });
    }
    this.#room = room;
    for (const oldest of [...this.#gone.keys()].slice(0, -MOST_LEFT)) {
      this.#gone.delete(oldest);
      if (!this.#link?.pins.find(oldest)) this.#told.delete(oldest);
    }
  }

  #show(): void {
    const [link, chat] = [this.#link, this.#chat];
    if (!link || !chat) return;
    const { peers: present, room } = link.cell.value;
    this.#keepGone(present, room);
    const away = new Map<PeerId, Peer>();
    for (const [id, { peer }] of this.#gone) away.set(id, peer);
    for (const { peer: id, name, role } of link.pins.all)
      away.set(id, { id, name, role: role ?? 'kiosk', verification: 'pinned' });
    for (const id of [...present.map((each) => each.id), link.cell.value.you]) if (id !== null) away.delete(id);
    const rank = ({ role }: PeerStatus) => (role === 'kiosk' ? 0 : 1);
    const peers = [
      ...present.map((peer) => this.#status(peer, true)),
      ...[...away.values()].map((peer) => this.#status(peer, false)),
    ].sort((one, other) => rank(one) - rank(other) || compare(one.name, other.name));
    this.cell.set({ peers });
  }

  #status(peer: Peer, online: boolean): PeerStatus {
    const told = this.#told.get(peer.id);
    const { id, name, role, verification } = peer;
    return {
      id,
      name,
      role,
      verification,
      online,
      activity: online ? this.#activity(peer.id, told) : 'offline',
      faults: told?.faults ?? [],
      waiting: told?.unread ?? 0,
      unread: this.#chat?.cell.value.unread[peer.id] ?? 0,
      told: told !== undefined,
      stale: told !== undefined && !online,
      at: (online ? undefined : this.#gone.get(peer.id)?.at) ?? told?.at ?? null,
    };
  }

  /** What we see of our own call counts more than what is told. */
  #activity(id: PeerId, told: Told | undefined): Activity {
    const { peer, phase } = this.#calls?.cell.value ?? { peer: null, phase: 'idle' };
    if (peer?.id === id && phase !== 'idle' && phase !== 'ended') return FROM_THERE[phase];
    return told?.state ?? 'online';
  }
}

/** Changes only when what is unread does, and not with each letter that is typed. */
function chatUnread({ cell }: Chat): Readable<unknown> {
  return distinct(cell, ({ unread }) => JSON.stringify(unread));
}

/** Changes only with the phase and the peer, and not with each measurement. */
function callPhase({ cell }: Calls): Readable<unknown> {
  return distinct(cell, ({ phase, peer }) => `${phase} ${peer?.id}`);
}

function distinct<T extends object>(cell: Cell<T>, part: (value: T) => string): Readable<string> {
  return {
    subscribe: (watcher) => {
      let last: string | null = null;
      return cell.subscribe((value) => {
        const next = part(value);
        if (next === last) return;
        last = next;
        watcher(next);
      });
    },
  };
}
