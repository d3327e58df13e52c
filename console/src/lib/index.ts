/**
 * The browser API of kioskd: four stores and the signatures below them. See docs/integration.md.
 *
 * @module
 */

import { Calls, type ConnectionState } from './calls';
import type { Readable } from './cell';
import { createChatStore, type ChatStore } from './chat-store';
import type { PeerId } from './crypto';
import { browserEnvironment, type Environment } from './environment';
import { Link, type ConnectOptions, type WebSocketState } from './link';
import { createMediaStore, Media, type MediaStore } from './media-store';
import {
  isMessageType,
  type Bodies,
  type Content,
  type Message,
  type MessageType,
  type RejectReason,
  type SignedDescription,
} from './message';
import type { Statistics } from './statistics';

export { CallError, type ConnectionState, type Phase } from './calls';
export type { Readable, Unsubscribe } from './cell';
export type { ChatMessage, ChatState, ChatStore } from './chat-store';
export {
  exportPublicKey,
  generateKeyPair,
  importPublicKey,
  keyId,
  sign,
  verify,
  type PeerId,
  type SessionId,
} from './crypto';
export type { Ending } from './ending';
export type { Environment } from './environment';
export type { ConnectOptions, LinkStatus, Peer, WebSocketState } from './link';
export type { Device, DeviceKind, MediaState, MediaStore, Quality } from './media-store';
export * as protocol from './protocol';
export type { Statistics } from './statistics';
export type { Pin, TrustOptions, Verification } from './trust';

/** The signed link to the server, and who is in the room. */
export interface WebSocketStore extends Readable<WebSocketState> {
  /**
   * Signs in, and stays signed in: after a loss it tries again after 0.5 to 15 s.
   *
   * @returns When signed in for the first time. Rejects when it never can (no https, an impossible room or name) or on `disconnect`.
   */
  connect(options?: ConnectOptions): Promise<void>;
  /** Leaves the room. A confirmed call goes on. */
  disconnect(): void;
  /** Ends the waiting for the next attempt to reach the server. */
  retryNow(): void;
  /** Sends a signed message of the current call, over the transport of its type. */
  sendMessage<T extends MessageType>(type: T, payload: Bodies[T]): Promise<void>;
  /** Signs and sends the offer that `connectionStore.createOffer` made. */
  sendSecureOffer(): Promise<void>;
  /** Signs and sends the answer that `connectionStore.processOffer` made. */
  sendSecureAnswer(): Promise<void>;
  /** Pins a peer in the room: from now on it is verified by its key, whatever it calls itself. */
  trust(peer: PeerId): Promise<void>;
  /** Takes the pin away. */
  distrust(peer: PeerId): Promise<void>;
}

/** The call. */
export interface ConnectionStore extends Readable<ConnectionState> {
  /** Rings a peer: `createOffer` and `sendSecureOffer` in one. */
  call(peer: PeerId): Promise<void>;
  /** Answers the call that rings: `processOffer` and `sendSecureAnswer` in one. */
  answer(): Promise<void>;
  /** Says no to the call that rings. */
  reject(why?: RejectReason): void;
  /** Ends the call; one that rings in is declined. */
  hangUp(): void;
  /** Begins a call with this peer (default: the first in the list) and makes its offer. Nothing is sent yet. */
  createOffer(peer?: PeerId): Promise<SignedDescription>;
  /** Makes the answer to a verified offer (default: the one that rings). Nothing is sent yet. */
  processOffer(offer?: Message): Promise<SignedDescription>;
  /** Takes a verified answer. The library does this by itself when one comes. */
  processAnswer(answer: Message): Promise<void>;
  /** Hands a candidate to the browser. The library does this by itself when one comes. */
  addIceCandidate(candidate: RTCIceCandidateInit): Promise<void>;
  /** Hangs up, if there is a call, and puts its end away: the phase is `idle`. */
  closeConnection(): void;
  /** The last measurement of the call; null when there is none. */
  statistics(): Statistics | null;
}

/** The four stores. */
export interface KioskStores {
  readonly webSocketStore: WebSocketStore;
  readonly connectionStore: ConnectionStore;
  readonly mediaStore: MediaStore;
  readonly chatStore: ChatStore;
}

/** Makes a set of stores of its own; tests give it another environment. Pages use the ready ones below. */
export function createKiosk(environment: Environment = browserEnvironment()): KioskStores {
  const media = new Media(environment);
  const chat = createChatStore((id, text) => {
    const peer = calls.say(id, text);
    return peer === null ? null : { peer, name: link.cell.value.name };
  });
  const calls = new Calls(environment, media, {
    heard: (peer, id, text) =>
      chat.store.addMessage({ id, text, peer: peer.id, name: peer.name, own: false, at: Date.now(), delivered: false }),
    delivered: (peer, id) => chat.delivered(id, peer),
  });
  const link = new Link(environment, calls);
  calls.attach(link);
  return {
    webSocketStore: createWebSocketStore(link, calls),
    connectionStore: createConnectionStore(calls),
    mediaStore: createMediaStore(media),
    chatStore: chat.store,
  };
}

function createWebSocketStore(link: Link, calls: Calls): WebSocketStore {
  return {
    subscribe: link.cell.subscribe,
    connect: (options = {}) => link.connect(options),
    disconnect: () => link.disconnect(),
    retryNow: () => link.retryNow(),
    async sendMessage(type, payload) {
      if (!isMessageType(type)) throw new TypeError(`${String(type)} is no type of message`);
      await calls.send({ t: type, body: payload } as Content);
    },
    sendSecureOffer: () => calls.sendOffer(),
    sendSecureAnswer: () => calls.sendAnswer(),
    trust: (peer) => link.pin(peer, true),
    distrust: (peer) => link.pin(peer, false),
  };
}

function createConnectionStore(calls: Calls): ConnectionStore {
  return {
    subscribe: calls.cell.subscribe,
    async call(peer) {
      await calls.createOffer(peer);
      await calls.sendOffer();
    },
    answer: () => calls.answer(),
    reject: (why = 'declined') => calls.reject(why),
    hangUp: () => calls.hangUp(),
    createOffer: (peer) => calls.createOffer(peer),
    processOffer: (offer) => calls.processOffer(offer),
    processAnswer: (answer) => calls.processAnswer(answer),
    addIceCandidate: (candidate) => calls.addIceCandidate(candidate),
    closeConnection: () => calls.closeConnection(),
    statistics: () => calls.cell.value.quality,
  };
}

/** The stores of this page. */
export const { webSocketStore, connectionStore, mediaStore, chatStore } = createKiosk();
