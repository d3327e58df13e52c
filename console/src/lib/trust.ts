/** Whom this browser trusts: first match of docs/protocol.md §7 rule 8. */

import { decodeExactly } from './bytes';
import { checkCovers, openMembership, type Certified } from './certificate';
import type { PeerId } from './crypto';
import type { Envelope } from './envelope';
import { Refusal } from './refusal';

/**
 * What a peer is to us: `pinned` by a person here; `member` under an operator key; `unverified`; `changed`: a stranger under the name of
 * a pinned peer, which is what an impostor looks like.
 */
export type Verification = 'pinned' | 'member' | 'unverified' | 'changed';

/** A peer that a person here said to trust. */
export interface Pin {
  readonly peer: PeerId;
  readonly name: string;
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

/** The pinned peers of this browser profile. */
export class Pins {
  readonly #storage: PinStorage | null;
  #pins: readonly Pin[];

  constructor(storage: PinStorage | null) {
    this.#storage = storage;
    this.#pins = read(storage);
  }

  get all(): readonly Pin[] {
    return this.#pins;
  }

  find(peer: PeerId): Pin | undefined {
    return this.#pins.find((pin) => pin.peer === peer);
  }

  add(peer: PeerId, name: string): void {
    const others = this.#pins.filter((pin) => pin.peer !== peer);
    this.#keep([...others, { peer, name, since: Date.now() }]);
  }

  remove(peer: PeerId): void {
    this.#keep(this.#pins.filter((pin) => pin.peer !== peer));
  }

  #keep(pins: readonly Pin[]): void {
    this.#pins = pins;
    try {
      this.#storage?.setItem(KEY, JSON.stringify(pins));
    } catch {
      // The browser keeps nothing: the pin holds until the page is closed.
    }
  }
}

function read(storage: PinStorage | null): readonly Pin[] {
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? '[]') as unknown;
    return Array.isArray(kept) ? kept.filter(isPin) : [];
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
): Promise<Verification> {
  if (pins.find(bearer.peer)) return 'pinned';
  for (const operator of options.operatorKeys ?? []) {
    for (const envelope of memberships) if (await covers(envelope, operator, bearer)) return 'member';
  }
  const alias = plain(bearer.certificate.name);
  return pins.all.some((pin) => plain(pin.name) === alias) ? 'changed' : 'unverified';
}

async function covers(envelope: Envelope, operator: string, bearer: Certified): Promise<boolean> {
  try {
    checkCovers(await openMembership(envelope, operator), bearer, Math.floor(Date.now() / 1000));
    return true;
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

/** Names that people cannot tell apart by case, width or spaces are one name. */
function plain(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toLowerCase();
}
