/** How the stores of one page hang together. */

import { Calls } from './calls';
import type { Readable } from './cell';
import { Chat } from './chat';
import { createChatStore, type ChatStore } from './chat-store';
import { Controls, createControlStore, type ControlStore } from './controls';
import type { ConnectionState } from './connection';
import type { PeerId } from './crypto';
import type { Environment } from './environment';
import { createFileStore, type FileStore } from './file-store';
import { Files } from './files';
import { Link, type ConnectOptions, type WebSocketState } from './link';
import { createMediaStore, Media, type MediaStore } from './media-store';
import {
  isMessageType,
  NO_CALL,
  type Bodies,
  type Content,
  type Message,
  type MessageType,
  type RejectReason,
  type SignedDescription,
} from './message';
import { Outside, OutsideInbox, Ways } from './outside';
import { createPairingStore, Pairing, type PairingStore } from './pairing';
import { Services, type Service } from './service';
import type { Statistics } from './statistics';
import { History, type StatisticsStore } from './statistics-store';
import { createTrustStore, type TrustStore } from './trust';
import { Wall, type WallStore } from './wall';

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
  /**
   * Answers the call that rings: `processOffer` and `sendSecureAnswer` in one.
   *
   * @param call One of `callers` that waits: a call that goes on is hung up first, one that rings goes on ringing.
   */
  answer(call?: string): Promise<void>;
  /** Says no to a call that rings; default: the oldest. */
  reject(why?: Exclude<RejectReason, 'gone'>, call?: string): void;
  /** Ends the call; one that rings in is declined. */
  hangUp(): void;
  /** Puts a confirmed call on hold, or takes it back: meanwhile nothing of ours is sent, and nothing of the peer's is heard or seen. */
  hold(on?: boolean): void;
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

/** The stores. */
export interface KioskStores {
  readonly webSocketStore: WebSocketStore;
  readonly connectionStore: ConnectionStore;
  readonly mediaStore: MediaStore;
  readonly chatStore: ChatStore;
  readonly fileStore: FileStore;
  readonly controlStore: ControlStore;
  readonly wallStore: WallStore;
  readonly pairingStore: PairingStore;
  readonly trustStore: TrustStore;
  readonly statisticsStore: StatisticsStore;
}

/** Makes a set of stores. */
export function createStores(environment: Environment): KioskStores {
  const media = new Media(environment);
  const link: Link = new Link(environment, {
    message: (message, sender) =>
      message.call === NO_CALL ? inbox.receive(message, sender) : calls.message(message, sender),
    down: () => {
      calls.down();
      outside.down();
      inbox.down();
      services.down();
    },
    peerJoined: (id, peer) => {
      services.joined(id, peer);
      calls.peerJoined(id);
    },
    peerRevoked: (id) => calls.peerRevoked(id),
    peerLeft: (id) => {
      calls.peerLeft(id);
      services.left(id);
    },
    idle: () => calls.idle(),
    urgent: () => calls.reconnecting,
  });
  const outside = new Outside(link);
  const ways = new Ways(outside, link);
  const files = new Files();
  const controls = new Controls(ways, () => files.expect());
  const history = new History();
  const wall = new Wall();
  const pairing = new Pairing(link, outside);
  const chat = new Chat({
    archive: environment.chatArchive(),
    storage: environment.storage,
    ways,
    ownName: () => link.cell.value.name,
  });
  // The ways come first: the others speak as soon as they are told of a new one.
  const parts: readonly Service[] = [ways, chat, files, controls, wall, pairing, history];
  const services = new Services(parts);
  const inbox = new OutsideInbox(link, outside, services);
  const calls = new Calls(environment, media, services);
  calls.attach(link);
  environment.watchNetwork(() => link.networkChanged());
  history.attach(calls.cell);
  wall.attach(link, calls, chat);
  return {
    webSocketStore: createWebSocketStore(link, calls),
    connectionStore: createConnectionStore(calls),
    mediaStore: createMediaStore(media),
    chatStore: createChatStore(chat),
    fileStore: createFileStore(files),
    controlStore: createControlStore(controls),
    wallStore: { subscribe: wall.cell.subscribe },
    pairingStore: createPairingStore(pairing),
    trustStore: createTrustStore(link.pins, (peer, name) => void link.pin(peer, true, name)),
    statisticsStore: { subscribe: history.cell.subscribe },
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
    answer: (call) => calls.answer(call),
    reject: (why = 'declined', call) => calls.reject(why, call),
    hangUp: () => calls.hangUp(),
    hold: (on) => calls.hold(on),
    createOffer: (peer) => calls.createOffer(peer),
    processOffer: (offer) => calls.processOffer(offer),
    processAnswer: (answer) => calls.processAnswer(answer),
    addIceCandidate: (candidate) => calls.addIceCandidate(candidate),
    closeConnection: () => calls.closeConnection(),
    statistics: () => calls.cell.value.quality,
  };
}
