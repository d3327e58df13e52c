/**
 * The browser API of kioskd: its stores and the signatures below them. See docs/integration.md.
 *
 * @module
 */

import { browserEnvironment, type Environment } from './environment';
import { createStores, type KioskStores } from './kiosk';

export { CallError, type CallErrorCode } from './call-error';
export type { Readable, Unsubscribe } from './cell';
export type { Role } from './certificate';
export type { ChatMessage, ChatState, ChatStore, LineState, Retention } from './chat-store';
export type { ConnectionState, Phase } from './connection';
export {
  needsConsent,
  type Ask,
  type AskResult,
  type AskState,
  type ControlState,
  type ControlStore,
} from './controls';
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
export type { FileStore } from './file-store';
export { canBeShown, type FilesState, type FileState, type FileTransfer } from './files';
export type { ConnectionStore, KioskStores, WebSocketStore } from './kiosk';
export type { ConnectOptions, LinkProblem, LinkStatus, Peer, WebSocketState } from './link';
export type { Device, DeviceKind, MediaProblem, MediaState, MediaStore, Quality } from './media-store';
export { WISHES, type Fault, type FileRefusal, type KioskState, type SentMedia, type Wish } from './message';
export type { PairingFailure, PairingPhase, PairingState, PairingStore } from './pairing';
export * as protocol from './protocol';
export type { Statistics } from './statistics';
export type { Sample, StatisticsState, StatisticsStore } from './statistics-store';
export type { Pin, TrustOptions, TrustState, TrustStore, Verification } from './trust';
export type { Caller } from './waiting';
export type { Activity, PeerStatus, WallState, WallStore } from './wall';

/** Makes a set of stores of its own; tests give it another environment. Pages use the ready ones below. */
export function createKiosk(environment: Environment = browserEnvironment()): KioskStores {
  return createStores(environment);
}

/** The stores of this page. */
export const {
  webSocketStore,
  connectionStore,
  mediaStore,
  chatStore,
  fileStore,
  controlStore,
  wallStore,
  pairingStore,
  trustStore,
  statisticsStore,
} = createKiosk();
