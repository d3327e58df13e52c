/** What the stores need of the browser, in one place, so that tests can give them something else. */

import { NO_ARCHIVE, openArchive, type ChatArchive } from './archive';
import { loadIdentity, makeFleetingIdentity, type Identity } from './identity';
import type { PinStorage } from './trust';

/** What the stores need of the browser. */
export interface Environment {
  /** Opens a WebSocket. */
  openSocket(url: string): WebSocket;
  /** Makes a peer connection. */
  createPeerConnection(configuration: RTCConfiguration): RTCPeerConnection;
  /** Makes the DTLS certificate that all calls of this page use. */
  generateCertificate(): Promise<RTCCertificate>;
  /** Cameras, microphones, screens; null where the browser gives none (plain http). */
  readonly mediaDevices: MediaDevices | null;
  /** Where pinned peers are kept; null: nowhere. */
  readonly storage: PinStorage | null;
  /** Where lines of chat are kept. */
  chatArchive(): Promise<ChatArchive>;
  /** This browser profile's identity. */
  identity(): Promise<Identity>;
  /** Calls back when the machine's way to the network may be another one. */
  watchNetwork(changed: () => void): void;
  /** The URL that is dialled when none is given. */
  defaultUrl(): string;
}

/** The real browser. */
export function browserEnvironment(): Environment {
  return {
    openSocket: (url) => new WebSocket(url),
    createPeerConnection: (configuration) => new RTCPeerConnection(configuration),
    generateCertificate: () =>
      RTCPeerConnection.generateCertificate({ name: 'ECDSA', namedCurve: 'P-256' } as EcKeyGenParams),
    mediaDevices: globalThis.navigator?.mediaDevices ?? null,
    storage: storageOrNull(),
    chatArchive: async () => {
      try {
        return await openArchive(indexedDB);
      } catch {
        return NO_ARCHIVE;
      }
    },
    identity: () => loadIdentity().catch(makeFleetingIdentity),
    watchNetwork: (changed) => {
      for (const event of ['online', 'offline']) globalThis.addEventListener?.(event, changed);
      networkInformation()?.addEventListener('change', changed);
    },
    defaultUrl: () => {
      const url = new URL('/signaling', location.href);
      url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
      return url.href;
    },
  };
}

/** W3C Network Information, where there is such. */
function networkInformation(): EventTarget | undefined {
  return (globalThis.navigator as (Navigator & { readonly connection?: EventTarget }) | undefined)?.connection;
}

/** Touching `localStorage` throws where the person has forbidden it. */
function storageOrNull(): PinStorage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
