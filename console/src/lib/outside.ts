/** Messages that belong to no call: chat between calls, how kiosks are, pairing, a restart (docs/protocol.md §6). */

import type { PeerId, SessionId } from './crypto';
import type { Link, PresentPeer } from './link';
import { NO_CALL, sealMessage, type Content, type Message } from './message';
import { refuse } from './refusal';
import { Serial } from './serial';
import type { CallLine, Service, Services } from './service';

/** Signs and sends what belongs to no call. */
export class Outside {
  readonly #link: Link;
  readonly #out = new Serial();
  /** The next number to be sent. One for all peers of a session: numbers rise, gaps are allowed. */
  #next = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Says something over the link. False: we are not signed in, or the peer is not in the room. */
  send(to: PeerId, content: Content): boolean {
    const { session } = this.#link;
    const certified = this.#link.present(to)?.certified;
    if (!session || !certified) return false;
    const { peer: from, session: fs, room } = session.me;
    const header = { from, fs, to, ts: certified.session, room, call: NO_CALL, re: null };
    void this.#out.run(async () => {
      const sealed = await sealMessage(content, { ...header, seq: this.#next++ }, session.key);
      if (this.#link.session === session) this.#link.sendMessage(to, sealed);
    });
    return true;
  }

  /** The link is lost: the next session counts anew. */
  down(): void {
    this.#next = 0;
  }
}

/** Takes what comes over the link and belongs to no call. */
export class OutsideInbox {
  readonly #link: Link;
  readonly #outside: Outside;
  readonly #services: Services;
  /** The lowest number that is still news, of each peer's session with ours. */
  readonly #news = new Map<SessionId, number>();

  constructor(link: Link, outside: Outside, services: Services) {
    this.#link = link;
    this.#outside = outside;
    this.#services = services;
  }

  async receive(message: Message, sender: PresentPeer): Promise<void> {
    const { session, peer } = sender.certified;
    if (message.seq < (this.#news.get(session) ?? 0)) refuse('replayed');
    this.#news.set(session, message.seq + 1);
    if (!isPairing(message) && !this.#admits(sender)) refuse('untrusted');
    await this.#services.heard(message, {
      peer: this.#link.describe(peer, sender),
      answer: (content) => void this.#outside.send(peer, content),
    });
  }

  down(): void {
    this.#news.clear();
  }

  /** As with calls: whom nobody vouches for may speak, marked as such, if the page lets it ring. Impostors may not. */
  #admits({ verification }: PresentPeer): boolean {
    if (verification === 'unverified') return this.#link.trust.unknown !== 'refuse';
    return verification !== 'changed';
  }
}

function isPairing({ t }: Message): boolean {
  return t === 'pair-commit' || t === 'pair-reveal' || t === 'pair-confirm' || t === 'pair-cancel';
}

/** The way to a peer: the channel of the confirmed call with it, else the link. */
export class Ways implements Service {
  readonly #outside: Outside;
  readonly #link: Link;
  #line: CallLine | null = null;

  constructor(outside: Outside, link: Link) {
    this.#outside = outside;
    this.#link = link;
  }

  /** The confirmed call. */
  get line(): CallLine | null {
    return this.#line;
  }

  began(line: CallLine): void {
    this.#line = line;
  }

  over(): void {
    this.#line = null;
  }

  /** Says something to a peer. False: there is no way to it now. An impostor is told nothing outside a call. */
  send(to: PeerId, content: Content): boolean {
    if (this.#line?.peer.id === to) {
      this.#line.send(content);
      return true;
    }
    return this.#link.present(to)?.verification !== 'changed' && this.#outside.send(to, content);
  }
}
