/** Whom this browser trusts: first match of docs/protocol.md §7 rule 8. */

import { decodeExactly } from './bytes';
import { Cell, type Readable } from './cell';
import { checkCovers, isName, openMembership, type Certified, type Role } from './certificate';
import type { PeerId } from './crypto';
import type { Envelope } from './envelope';
import { Refusal } from './refusal';
import type { Revocations } from './revocations';

/**
 * What a peer is to us: `pinned` by a person here; `member` under an operator key; `unverified`; `changed`: a stranger under the name of
 * a pinned peer, which is what an impostor looks like.
 */
export type Verification = 'pinned' | 'member' | 'unverified' | 'changed';

/** A peer that a person here said to trust. */
export interface Pin {
  readonly peer: PeerId;
  /** What it is called here, whatever it calls itself. */
  readonly name: string;
  /** What it was when it was pinned; null: pinned by an earlier version, which did not write it down. */
  readonly role: Role | null;
  /** Unix milliseconds. */
  readonly since: number;
}

/** Whom to trust besides the pinned peers. */
export interface TrustOptions {
  /** Operator keys, raw, base64url: peers with a membership under one of them are verified. */
  readonly operatorKeys?: readonly string[];
  /** Whether peers that nobody vouches for may ring, and be rung, as `unverified`. Default `ring`. */
  readonly unknown?: 'ring' | 'refuse';
}

/** Where pins are kept. `localStorage` fits. */
export type PinStorage = Pick<Storage, 'getItem' | 'setItem'>;

const KEY = 'kiosk.pins';

/** State of `trustStore`. */
export interface TrustState {
  /** In the order in which they were pinned. */
  readonly pins: readonly Pin[];
}

/** The pinned peers of this browser profile. */
export class Pins {
  readonly cell: Cell<TrustState>;
  readonly #storage: PinStorage | null;

  constructor(storage: PinStorage | null) {
    this.#storage = storage;
    this.cell = new Cell<TrustState>({ pins: read(storage) });
  }

  get all(): readonly Pin[] {
    return this.cell.value.pins;
  }

  find(peer: PeerId): Pin | undefined {
    return this.all.find((pin) => pin.peer === peer);
  }

  add(peer: PeerId, name: string, role: Role): void {
    const others = this.all.filter((pin) => pin.peer !== peer);
    this.#keep([...others, { peer, name, role, since: Date.now() }]);
  }

  rename(peer: PeerId, name: string): void {
    if (isName(name)) this.#keep(this.all.map((pin) => (pin.peer === peer ? { ...pin, name } : pin)));
  }

  remove(peer: PeerId): void {
    this.#keep(this.all.filter((pin) => pin.peer !== peer));
  }

  #keep(pins: readonly Pin[]): void {
    this.cell.set({ pins });
    try {
      this.#storage?.setItem(KEY, JSON.stringify(pins));
    } catch {
      // The browser keeps nothing: the pin holds until the page is closed.
    }
  }
}

/** Whom this browser trusts. */
export interface TrustStore extends Readable<TrustState> {
  /** Pins a peer in the room, under this name; default: its own. */
  add(peer: PeerId, name?: string): void;
  /** Calls a pinned peer something else, 1…64 characters. */
  rename(peer: PeerId, name: string): void;
  /** Takes the pin away. */
  remove(peer: PeerId): void;
}

/** The store around the pins; `pin` pins a peer in the room. */
export function createTrustStore(pins: Pins, pin: TrustStore['add']): TrustStore {
  return {
    subscribe: pins.cell.subscribe,
    add: pin,
    rename: (peer, name) => pins.rename(peer, name),
    remove: (peer) => pins.remove(peer),
  };
}

function read(storage: PinStorage | null): readonly Pin[] {
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? '[]') as unknown;
    return Array.isArray(kept) ? kept.filter(isPin).map((pin) => ({ ...pin, role: pin.role ?? null })) : [];
  } catch {
    return [];
  }
}

function isPin(value: unknown): value is Pin {
  const { peer, name, since } = (value ?? {}) as Record<string, unknown>;
  return typeof peer === 'string' && !!decodeExactly(peer, 32) && typeof name === 'string' && typeof since === 'number';
}

/** Decides what a peer is to us, now. */
export async function verificationOf(
  bearer: Certified,
  memberships: readonly Envelope[],
  pins: Pins,
  options: TrustOptions,
  revocations: Revocations,
): Promise<Verification> {
  if (pins.find(bearer.peer)) return 'pinned';
  for (const operator of options.operatorKeys ?? []) {
    for (const envelope of memberships) if (await covers(envelope, operator, bearer, revocations)) return 'member';
  }
  const alias = plain(bearer.certificate.name);
  return pins.all.some((pin) => plain(pin.name) === alias) ? 'changed' : 'unverified';
}

async function covers(
  envelope: Envelope,
  operator: string,
  bearer: Certified,
  revocations: Revocations,
): Promise<boolean> {
  try {
    const membership = await openMembership(envelope, operator);
    checkCovers(membership, bearer, Math.floor(Date.now() / 1000));
    return !revocations.takesBack(operator, membership.serial);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** Names that people cannot tell apart by case, width or spaces are one name. */
function plain(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
