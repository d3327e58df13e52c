/** The state of `connectionStore`. */

import type { CallPhase } from './call';
import type { Ending } from './ending';
import type { Peer } from './link';
import type { Message, SentMedia } from './message';
import type { Statistics } from './statistics';
import type { Verification } from './trust';
import type { Caller } from './waiting';

/** `idle`: there was no call yet, or its end was put away. */
export type Phase = 'idle' | CallPhase | 'ended';

/** State of `connectionStore`. */
export interface ConnectionState {
  readonly phase: Phase;
  /** With whom; stays until the end is put away. */
  readonly peer: Peer | null;
  /** What the peer is to us; see `Peer.verification`. */
  readonly verification: Verification | null;
  /** The conversation's: of its first offer, also when its connection was made anew. */
  readonly callId: string | null;
  readonly outgoing: boolean;
  /** Whether a person over there is being asked. */
  readonly ringing: boolean;
  /** Whether both certificates were checked and both sides saw the same call; also while a lost connection is made anew. */
  readonly confirmed: boolean;
  /** What the peer sends: muted, camera off, a screen, on hold. */
  readonly remoteMedia: SentMedia;
  /** We are away: nothing of ours is sent, nothing of the peer's is heard or seen. */
  readonly held: boolean;
  /** Measured twice a second in a call. */
  readonly quality: Statistics | null;
  /** Unix milliseconds of the confirmation. */
  readonly since: number | null;
  /** Who rings here, oldest first. More than one only if `callWaiting` allows it; then also while a call goes on. */
  readonly callers: readonly Caller[];
  /** The connection is lost, and a new one is being made: when that is given up, Unix milliseconds. The phase is `in-call` all the time. */
  readonly reconnecting: number | null;
  /** Why the last call ended. */
  readonly ending: Ending | null;
  /** The verified offer that rings. */
  readonly offer: Message | null;
}

/** No call. */
export const IDLE: ConnectionState = {
  phase: 'idle',
  peer: null,
  verification: null,
  callId: null,
  outgoing: false,
  ringing: false,
  confirmed: false,
  remoteMedia: { audio: true, video: true, screen: false, hold: false },
  held: false,
  quality: null,
  since: null,
  callers: [],
  reconnecting: null,
  ending: null,
  offer: null,
};
