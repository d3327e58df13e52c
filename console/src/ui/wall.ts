/** The wall: every kiosk that is or was in the room, those first that need somebody. */

import type { PeerId, PeerStatus } from '../lib';

/** What a tile says, in the order in which they need somebody. */
export const STATES = [
  'calling',
  'visitor-waits',
  'with-us',
  'unread',
  'fault',
  'idle',
  'here',
  'connecting',
  'in-call',
  'offline',
] as const;

/**
 * What a tile says. `calling`: it rings here. `visitor-waits`: somebody there calls, elsewhere. `here`: in the room, and it does not tell
 * what it does, because it is no kiosk or does not trust this page.
 */
export type TileState = (typeof STATES)[number];

/** One tile. */
export interface Tile {
  readonly peer: PeerStatus;
  readonly state: TileState;
}

/** How long somebody who left, and is not trusted, stays on the wall. */
export const LEFT_SHOWN_MS = 15 * 60_000;

/** What calls there are here. */
export interface Here {
  /** Who rings. */
  readonly callers: ReadonlySet<PeerId>;
  /** With whom there is a call, or will be. */
  readonly ours: PeerId | null;
  /** Unix milliseconds. */
  readonly now: number;
}

/** All tiles, those first that need somebody, then by name. */
export function layOut(peers: readonly PeerStatus[], here: Here, language: string): readonly Tile[] {
  const { compare } = new Intl.Collator(language, { numeric: true, sensitivity: 'base' });
  return peers
    .filter((peer) => isShown(peer, here.now))
    .map((peer) => ({ peer, state: stateOf(peer, here) }))
    .sort(
      (a, b) =>
        STATES.indexOf(a.state) - STATES.indexOf(b.state) ||
        compare(a.peer.name, b.peer.name) ||
        (a.peer.id < b.peer.id ? -1 : 1),
    );
}

function isShown({ online, verification, unread, at }: PeerStatus, now: number): boolean {
  return online || verification === 'pinned' || unread > 0 || (at !== null && now - at < LEFT_SHOWN_MS);
}

function stateOf(peer: PeerStatus, { callers, ours }: Here): TileState {
  if (callers.has(peer.id)) return 'calling';
  if (ours === peer.id) return 'with-us';
  if (!peer.online) return peer.unread > 0 ? 'unread' : 'offline';
  if (peer.activity === 'ringing-out') return 'visitor-waits';
  if (peer.unread > 0) return 'unread';
  if (peer.faults.length > 0) return 'fault';
  switch (peer.activity) {
    case 'in-call':
      return 'in-call';
    case 'connecting':
    case 'ringing-in':
      return 'connecting';
    case 'idle':
      return 'idle';
    case 'online':
    case 'offline':
      return 'here';
  }
}

/** What the wall is narrowed to. */
export const FILTERS = ['all', 'attention', 'idle', 'busy', 'fault', 'offline'] as const;
/** What the wall is narrowed to. */
export type Filter = (typeof FILTERS)[number];

const ATTENTION: readonly TileState[] = ['calling', 'visitor-waits', 'unread', 'fault'];

/** Whether a tile fits a filter. */
export function fits({ peer, state }: Tile, filter: Filter): boolean {
  const talks = state === 'calling' || state === 'with-us' || !['idle', 'online'].includes(peer.activity);
  switch (filter) {
    case 'all':
      return true;
    case 'attention':
      return ATTENTION.includes(state);
    case 'idle':
      return peer.online && !talks;
    case 'busy':
      return peer.online && talks;
    case 'fault':
      return peer.online && peer.faults.length > 0;
    case 'offline':
      return !peer.online;
  }
}

/** The tiles that fit a filter and what was typed into the search. */
export function narrow(tiles: readonly Tile[], filter: Filter, search: string): readonly Tile[] {
  const words = plain(search).split(' ').filter(Boolean);
  return tiles.filter((tile) => fits(tile, filter) && words.every((word) => plain(tile.peer.name).includes(word)));
}

/** Accents, width and case are no hindrance to finding a name. */
function plain(text: string): string {
  return text.normalize('NFKD').replaceAll(/\p{M}/gu, '').replaceAll(/\s+/g, ' ').trim().toLowerCase();
}
