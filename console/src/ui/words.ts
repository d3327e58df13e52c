/** From what the stores say to the catalogue's sentences. */

import type {
  Ask,
  CallError,
  ConnectionState,
  Ending,
  FileTransfer,
  MediaProblem,
  Phase,
  Verification,
  WebSocketState,
} from '../lib';
import type { IconName } from './Icon.svelte';
import { day, list, say, timeOfDay } from './language.svelte';
import type { Tile, TileState } from './wall';

export const VERIFICATION_ICONS: Readonly<Record<Verification, IconName>> = {
  pinned: 'shield',
  member: 'shield',
  unverified: 'shield-unknown',
  changed: 'shield-alert',
};

/** How a mark of trust is coloured. */
export const VERIFICATION_CHIPS: Readonly<Record<Verification, string>> = {
  pinned: 'good',
  member: 'good',
  unverified: 'warn',
  changed: 'bad',
};

/** How a tile's state is coloured. */
export const STATE_CHIPS: Readonly<Record<TileState, string>> = {
  calling: 'warn',
  'visitor-waits': 'warn',
  'with-us': 'busy',
  unread: 'busy',
  fault: 'bad',
  idle: 'good',
  here: 'plain',
  connecting: 'plain',
  'in-call': 'plain',
  offline: 'plain',
};

/** What a tile says. */
export function stateWords({ peer, state }: Tile): string {
  if (state === 'unread') return say('state-unread', { count: peer.unread });
  if (state === 'fault') return list(peer.faults.map((fault) => say(`fault-${fault}`)));
  if (state === 'here' && peer.role === 'operator') return say('state-operator');
  if (state === 'offline' && peer.at !== null) return say('state-left', { time: moment(peer.at) });
  return say(`state-${state}`);
}

/** A time of today, or a day. */
export function moment(at: number): string {
  return new Date(at).toDateString() === new Date().toDateString() ? timeOfDay(at) : day(at);
}

/** Whether somebody is called, or spoken to. */
export function isCalling(phase: Phase): boolean {
  return phase === 'ringing-out' || phase === 'connecting' || phase === 'in-call';
}

/** Why there is no link. */
export function linkProblem({ problemCode, problemDetail }: WebSocketState): string {
  return problemCode === null ? '' : say(`problem-${problemCode}`, { detail: problemDetail ?? '' });
}

/** Why the last call ended. */
export function endingWords(ending: Ending, name: string): string {
  return say(`ending-${ending}`, { name });
}

/** What cannot be done now. */
export function failureWords({ code }: CallError): string {
  return say(`failed-${code}`);
}

/** Where the call stands. */
export function phaseWords({ phase, peer, ringing }: ConnectionState): string {
  const key = phase === 'ringing-out' ? (ringing ? 'phase-ringing' : 'phase-calling') : `phase-${phase}`;
  return say(key, { name: peer?.name ?? say('somebody') });
}

/** Why something of ours is not sent. */
export function mediaProblem(kind: 'audio' | 'video' | 'screen', code: MediaProblem): string {
  return say(kind === 'screen' ? 'media-screen-unusable' : `media-${kind}-${code}`);
}

/** What became of something that the kiosk was asked for. */
export function askWords({ what, state, consent }: Ask): string {
  const wish = say(`wish-${what}`);
  switch (state) {
    case 'pending':
      return say(consent ? 'wish-waits' : 'wish-pending', { wish });
    case 'granted':
      return say('wish-granted', { wish });
    case 'denied':
      return say('wish-refused', { wish });
    case 'timed-out':
    case 'ended':
      return say('wish-no-answer', { wish });
  }
}

/** How far a file is. */
export function fileWords({ state, outgoing, why }: FileTransfer): string {
  switch (state) {
    case 'done':
      return say(outgoing ? 'file-sent' : 'file-received');
    case 'failed':
      return say(`file-failed-${why ?? 'stopped'}`);
    case 'moving':
      return say(outgoing ? 'file-sending' : 'file-receiving');
    case 'preparing':
    case 'queued':
    case 'offered':
    case 'paused':
      return say(`file-${state}`);
  }
}

/** A PeerId in groups that two people can read to each other. */
export function groups(peer: string): readonly string[] {
  return peer.match(/.{1,4}/g) ?? [];
}
