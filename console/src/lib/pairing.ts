/** Pairing: two people compare six digits, and each side pins the other (docs/protocol.md §6, `pair-*`). */

import { decodeBase64Url, encodeBase64Url, randomBytes, sha256, utf8, type Bytes } from './bytes';
import { Cell, type Readable } from './cell';
import { isName, type Role } from './certificate';
import { isLower, type PeerId } from './crypto';
import type { Link } from './link';
import type { Content, Message } from './message';
import type { Outside } from './outside';
import { refuse } from './refusal';
import type { Service, Speaker } from './service';

/** `waiting` for the other side to open its window too; `compare`: the digits are there. */
export type PairingPhase = 'closed' | 'waiting' | 'compare' | 'done' | 'failed';

/** Why nothing came of it. `mismatch`: what was revealed is not what had been promised; somebody may be listening in. */
export type PairingFailure = 'timed-out' | 'cancelled' | 'mismatch' | 'too-many-tries' | 'no-link';

/** State of `pairingStore`. */
export interface PairingState {
  readonly phase: PairingPhase;
  /** With whom; known from `compare` on. */
  readonly peer: PeerId | null;
  /** What it calls itself; nobody vouches for it. When `done`: under which name it is pinned. */
  readonly name: string | null;
  readonly role: Role | null;
  /** Six digits, with leading zeros. */
  readonly digits: string | null;
  /** Somebody here, somebody there has agreed to the digits. */
  readonly confirmed: boolean;
  readonly confirmedThere: boolean;
  /** When the window closes, Unix milliseconds. */
  readonly until: number | null;
  readonly failure: PairingFailure | null;
  /** Windows that may be opened now. */
  readonly triesLeft: number;
  /** When there is a try again, Unix milliseconds; null: now. */
  readonly nextTryAt: number | null;
}

/** Pairing with a peer in the room, by six digits. */
export interface PairingStore extends Readable<PairingState> {
  /** Opens the window for 60 s. The other side has to do the same. Three times in ten minutes, no more. */
  open(): void;
  /** The digits are the same over there. Pins the peer, under this name, as soon as somebody there has said so too. */
  confirm(name?: string): void;
  /** They are not, or nobody wants it any more. */
  cancel(): void;
  /** Puts `done` or `failed` away. */
  close(): void;
}

const WINDOW_MS = 60_000;
const MOST_TRIES = 3;
const TRIES_MS = 600_000;
/** Promises made at once, and the pause after them: a full room stays below the server's rate. */
const AT_ONCE = 32;
const PAUSE_MS = 1_000;

const CLOSED: PairingState = {
  phase: 'closed',
  peer: null,
  name: null,
  role: null,
  digits: null,
  confirmed: false,
  confirmedThere: false,
  until: null,
  failure: null,
  triesLeft: MOST_TRIES,
  nextTryAt: null,
};

/** What a side promises before it reveals its nonce. */
export function pairingCommitment(identityKey: Bytes, nonce: Bytes): Promise<Bytes> {
  return sha256(join(utf8('ksp1-pair'), nonce, identityKey));
}

/** One side: its raw identity key, the nonce that it revealed, and its PeerId, by which the sides are ordered. */
export interface PairingSide {
  readonly peer: PeerId;
  readonly key: Bytes;
  readonly nonce: Bytes;
}

/** Six digits, the same on both sides, if nobody sits between them. */
export async function shortAuthenticationString(one: PairingSide, other: PairingSide): Promise<string> {
  const [first, second] = isLower(one.peer, other.peer) ? [one, other] : [other, one];
  const hash = await sha256(join(utf8('ksp1-sas'), first.key, second.key, first.nonce, second.nonce));
  const digits = new DataView(hash.buffer).getBigUint64(0) % 1_000_000n;
  return digits.toString().padStart(6, '0');
}

/** What the window that is open knows. */
interface Window {
  readonly nonce: Bytes;
  readonly commit: Promise<string>;
  /** The peer that committed first, and what it committed to. */
  theirs: { readonly peer: PeerId; readonly key: Bytes; readonly commit: string } | null;
  /** Who is to be told our promise yet, and the pause before the next of them are. */
  readonly untold: PeerId[];
  pause: ReturnType<typeof setTimeout> | undefined;
  /** What the peer is to be called. */
  pinName: string | null;
}

export class Pairing implements Service {
  readonly takes = ['pair-commit', 'pair-reveal', 'pair-confirm', 'pair-cancel'] as const;
  readonly cell = new Cell<PairingState>(CLOSED);
  readonly #link: Link;
  readonly #outside: Outside;
  #window: Window | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #tries: number[] = [];

  constructor(link: Link, outside: Outside) {
    this.#link = link;
    this.#outside = outside;
  }

  open(): void {
    if (this.#window) return;
    const now = Date.now();
    const { session } = this.#link;
    this.cell.set(CLOSED);
    this.#countTries(now);
    if (!session) return this.#fail('no-link');
    if (this.#tries.length >= MOST_TRIES) return this.#fail('too-many-tries');
    this.#tries.push(now);
    const nonce = randomBytes(16);
    const commit = pairingCommitment(decodeBase64Url(session.identityKey)!, nonce).then(encodeBase64Url);
    // Kiosks first, as the list is.
    const untold = this.#link.cell.value.peers.map(({ id }) => id).filter((id) => !this.#link.pins.find(id));
    const window: Window = { nonce, commit, theirs: null, untold, pause: undefined, pinName: null };
    this.#window = window;
    this.#timer = setTimeout(() => this.#end('timed-out'), WINDOW_MS);
    this.cell.set({ ...CLOSED, phase: 'waiting', until: now + WINDOW_MS });
    this.#countTries(now);
    this.#tell(window);
  }

  confirm(name?: string): void {
    const window = this.#window;
    if (!window?.theirs || this.cell.value.phase !== 'compare' || this.cell.value.confirmed) return;
    window.pinName = name !== undefined && isName(name) ? name : null;
    this.cell.set({ confirmed: true });
    this.#say(window.theirs.peer, { t: 'pair-confirm', body: {} });
    this.#pinIfAgreed(window);
  }

  cancel(): void {
    if (this.#window) this.#end('cancelled');
  }

  close(): void {
    const { phase } = this.cell.value;
    if (phase !== 'done' && phase !== 'failed') return;
    this.cell.set(CLOSED);
    this.#countTries(Date.now());
  }

  /** A peer that we have not pinned may want to pair: it is told what we promise. */
  joined(id: PeerId): void {
    const window = this.#window;
    if (!window) return;
    if (window.theirs?.peer === id) return this.#end('cancelled');
    if (window.theirs || this.#link.pins.find(id)) return;
    window.untold.push(id);
    if (window.pause === undefined) this.#tell(window);
  }

  /** The next peers learn what we promise. */
  #tell(window: Window): void {
    for (const id of window.untold.splice(0, AT_ONCE)) void this.#promise(window, id);
    const more = () => {
      window.pause = undefined;
      if (window.untold.length > 0 && this.#window === window && !window.theirs) this.#tell(window);
    };
    window.pause = setTimeout(more, PAUSE_MS);
  }

  left(id: PeerId): void {
    if (this.#window?.theirs?.peer === id) this.#end('cancelled');
  }

  down(): void {
    if (this.#window) this.#end('no-link');
  }

  async heard(message: Message, { peer }: Speaker): Promise<void> {
    const window = this.#window;
    // Without an open window, and of anybody but the first, it is nothing to us.
    if (!window) return;
    if (message.t === 'pair-commit' && !window.theirs) return this.#committed(window, peer.id, message.body.commit);
    if (window.theirs?.peer !== peer.id) return;
    if (message.t === 'pair-commit' && message.body.commit !== window.theirs.commit) return this.#mismatch();
    if (message.t === 'pair-reveal') return this.#revealed(window, message.body.nonce);
    if (message.t === 'pair-cancel') return this.#fail('cancelled');
    if (message.t === 'pair-confirm' && this.cell.value.phase === 'compare') {
      this.cell.set({ confirmedThere: true });
      this.#pinIfAgreed(window);
    }
  }

  /** The first who promises something is whom we pair with. */
  async #committed(window: Window, peer: PeerId, commit: string): Promise<void> {
    const certificate = this.#link.present(peer)?.certified.certificate;
    if (!certificate) return;
    window.theirs = { peer, key: decodeBase64Url(certificate.id)!, commit };
    await this.#promise(window, peer);
    if (this.#window === window) this.#say(peer, { t: 'pair-reveal', body: { nonce: encodeBase64Url(window.nonce) } });
  }

  async #promise(window: Window, peer: PeerId): Promise<void> {
    const commit = await window.commit;
    if (this.#window === window) this.#say(peer, { t: 'pair-commit', body: { commit } });
  }

  async #revealed(window: Window, revealed: string): Promise<void> {
    const { session } = this.#link;
    const { theirs } = window;
    if (!theirs || !session || this.cell.value.digits !== null) return;
    const nonce = decodeBase64Url(revealed)!;
    if (encodeBase64Url(await pairingCommitment(theirs.key, nonce)) !== theirs.commit) {
      return this.#mismatch();
    }
    const own = { peer: session.me.peer, key: decodeBase64Url(session.identityKey)!, nonce: window.nonce };
    const digits = await shortAuthenticationString(own, { ...theirs, nonce });
    const certificate = this.#link.present(theirs.peer)?.certified.certificate;
    if (this.#window !== window || !certificate) return;
    const { name, role } = certificate;
    this.cell.set({ phase: 'compare', peer: theirs.peer, name, role, digits });
  }

  /** Somebody changed its mind after it had committed, or sits in between. */
  #mismatch(): never {
    this.#end('mismatch');
    return refuse('pairing-mismatch');
  }

  #pinIfAgreed(window: Window): void {
    const { confirmed, confirmedThere, peer, name, role } = this.cell.value;
    if (!confirmed || !confirmedThere || peer === null || name === null || role === null) return;
    // It may be pinned here and not there: the name that people gave it stays.
    const pinned = window.pinName ?? this.#link.pins.find(peer)?.name ?? name;
    this.#shut();
    this.#link.pins.add(peer, pinned, role);
    this.cell.set({ phase: 'done', name: pinned, until: null });
  }

  /** Ends it and tells the peer, if there is one. */
  #end(failure: PairingFailure): void {
    const theirs = this.#window?.theirs;
    if (theirs) this.#say(theirs.peer, { t: 'pair-cancel', body: {} });
    this.#fail(failure);
  }

  #fail(failure: PairingFailure): void {
    this.#shut();
    this.cell.set({ phase: 'failed', failure, digits: null, until: null });
    this.#countTries(Date.now());
  }

  #shut(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#window?.pause);
    this.#window = null;
  }

  #say(peer: PeerId, content: Content): void {
    this.#outside.send(peer, content);
  }

  #countTries(now: number): void {
    this.#tries = this.#tries.filter((at) => at > now - TRIES_MS);
    const triesLeft = MOST_TRIES - this.#tries.length;
    this.cell.set({ triesLeft, nextTryAt: triesLeft > 0 ? null : this.#tries[0]! + TRIES_MS });
  }
}

function join(...parts: Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The store around it. */
export function createPairingStore(pairing: Pairing): PairingStore {
  return {
    subscribe: pairing.cell.subscribe,
    open: () => pairing.open(),
    confirm: (name) => pairing.confirm(name),
    cancel: () => pairing.cancel(),
    close: () => pairing.close(),
  };
}
