/** What authorities have taken back (docs/protocol.md §4). */

import { importPublicKey, type PeerId } from './crypto';
import { envelopeOf, open, parsePayload, type Envelope } from './envelope';
import { Refusal, refuse, type Reason } from './refusal';
import { base64Url, integer, list, object } from './shape';
import type { PinStorage } from './trust';

/** What an operator key takes back: whole identities, and single memberships of its own. */
export interface RevocationList {
  readonly v: number;
  /** The operator key. */
  readonly op: string;
  /** Larger in each new list of this key. */
  readonly number: number;
  readonly at: number;
  readonly peers: readonly PeerId[];
  readonly serials: readonly number[];
}

const KEY = 'kiosk.revocations';
const MOST_REVOKED = 512;

const syntax: Reason = 'payload-syntax';
const listOf = object(
  {
    v: integer(syntax, 255),
    op: base64Url(65, 'key', syntax),
    number: integer(syntax),
    at: integer(syntax),
    peers: list(base64Url(32, 'peer-id', syntax), MOST_REVOKED, 'body-limit'),
    serials: list(integer(syntax), MOST_REVOKED, 'body-limit'),
  },
  syntax,
);

/** Checks that this is a revocation list, signed by `operator` (raw public key, base64url). */
export async function openRevocationList(envelope: Envelope, operator: string): Promise<RevocationList> {
  const text = await open(envelope, 'revocation-list', await importPublicKey(operator));
  const revoked = listOf(parsePayload(text));
  if (revoked.v !== 1) refuse('version');
  if (revoked.op !== operator) refuse('key');
  return revoked;
}

/** The newest list of each pinned authority. They are kept, so that no older one comes back with the next visit. */
export class Revocations {
  readonly #storage: PinStorage | null;
  readonly #known = new Map<string, { readonly list: RevocationList; readonly envelope: Envelope }>();
  #restored: Promise<void> | null = null;

  constructor(storage: PinStorage | null) {
    this.#storage = storage;
  }

  /** Takes back what was kept, once. */
  restore(operators: readonly string[]): Promise<void> {
    return (this.#restored ??= this.#read(operators));
  }

  /**
   * A list came, from whomever: its signature and its number count.
   *
   * @returns Whether it is news. Lists of authorities that are not pinned here are none.
   */
  async learn(envelope: Envelope, operators: readonly string[]): Promise<boolean> {
    for (const operator of operators) {
      const revoked = await openRevocationList(envelope, operator).catch((error: unknown) => {
        if (error instanceof Refusal && error.reason === 'signature') return null;
        throw error;
      });
      if (!revoked) continue;
      const known = this.#known.get(operator)?.list.number ?? -1;
      if (known > revoked.number) refuse('revocation-old');
      if (known === revoked.number) return false;
      this.#known.set(operator, { list: revoked, envelope });
      return true;
    }
    return false;
  }

  /** Writes them down. */
  keep(): void {
    try {
      this.#storage?.setItem(KEY, JSON.stringify([...this.#known.values()].map(({ envelope }) => envelope)));
    } catch {
      // The browser keeps nothing: the lists hold until the page is closed.
    }
  }

  /** Whether an authority has taken this identity back, whoever else vouches for it. */
  names(peer: PeerId): boolean {
    return [...this.#known.values()].some(({ list: { peers } }) => peers.includes(peer));
  }

  /** Whether an authority has taken this membership of its own back. */
  takesBack(operator: string, serial: number): boolean {
    return this.#known.get(operator)?.list.serials.includes(serial) ?? false;
  }

  async #read(operators: readonly string[]): Promise<void> {
    try {
      const kept = JSON.parse(this.#storage?.getItem(KEY) ?? '[]') as never[];
      for (const each of kept) await this.learn(envelopeOf(syntax)(each), operators);
    } catch {
      // What is kept is not ours, or not of an authority that is pinned now.
    }
  }
}
