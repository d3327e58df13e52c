/** What goes on beside the sound and pictures of calls: chat, files, questions, the wall, pairing. */

import type { PeerId } from './crypto';
import type { FileChannel } from './file-channel';
import type { Peer, PresentPeer } from './link';
import type { Content, Message, MessageType } from './message';
import { refuse } from './refusal';

/** The channel of a confirmed call. */
export interface CallLine {
  readonly peer: Peer;
  /** Says something, in the order of the calls of this method. */
  send(content: Content): void;
}

/** Who said something, and the way back to them. */
export interface Speaker {
  readonly peer: Peer;
  /** Answers by the way that the message came. */
  answer(content: Content): void;
}

/** One of the things that go on. What it leaves out does not concern it. */
export interface Service {
  /** Types of messages that are its business. */
  readonly takes?: readonly MessageType[];
  /** A verified message of these types: of the confirmed call, or over the link outside of one. May refuse it. */
  heard?(message: Message, speaker: Speaker): Promise<void> | void;
  /** A call is confirmed. `resumed`: its connection was lost, and this is the new one. */
  began?(line: CallLine, resumed: boolean): void;
  /** Its file channel is open. */
  filesOpened?(channel: FileChannel): void;
  /** The confirmed call is over. */
  over?(peer: PeerId): void;
  /** A peer came into the room, came again with another session, or was there when we came. */
  joined?(id: PeerId, peer: PresentPeer): void;
  left?(id: PeerId): void;
  /** The link is lost. */
  down?(): void;
}

/** All of them. */
export class Services {
  readonly #services: readonly Service[];

  constructor(services: readonly Service[]) {
    this.#services = services;
  }

  async heard(message: Message, speaker: Speaker): Promise<void> {
    const service = this.#services.find(({ takes }) => takes?.includes(message.t));
    await (service?.heard ? service.heard(message, speaker) : refuse('unexpected'));
  }

  began(line: CallLine, resumed: boolean): void {
    this.#services.forEach((service) => service.began?.(line, resumed));
  }

  filesOpened(channel: FileChannel): void {
    this.#services.forEach((service) => service.filesOpened?.(channel));
  }

  over(peer: PeerId): void {
    this.#services.forEach((service) => service.over?.(peer));
  }

  joined(id: PeerId, peer: PresentPeer): void {
    this.#services.forEach((service) => service.joined?.(id, peer));
  }

  left(id: PeerId): void {
    this.#services.forEach((service) => service.left?.(id));
  }

  down(): void {
    this.#services.forEach((service) => service.down?.());
  }
}
