/** Who stands where on the wall. */

import { describe, expect, it } from 'vitest';
import type { PeerStatus } from '../lib';
import { fits, LEFT_SHOWN_MS, layOut, narrow, type Filter } from './wall';

const NOW = 1_800_000_000_000;

function kiosk(name: string, change: Partial<PeerStatus> = {}): PeerStatus {
  const usual = { role: 'kiosk', verification: 'pinned', online: true, activity: 'idle', faults: [] } as const;
  return { id: name, name, ...usual, waiting: 0, unread: 0, told: true, stale: false, at: null, ...change };
}

const away = (name: string, ago: number, change: Partial<PeerStatus> = {}) =>
  kiosk(name, { online: false, activity: 'offline', stale: true, at: NOW - ago, ...change });

function wall(peers: readonly PeerStatus[], callers: readonly string[] = [], ours: string | null = null) {
  return layOut(peers, { callers: new Set(callers), ours, now: NOW }, 'en');
}

describe('the wall', () => {
  it('puts first who needs somebody, then goes by name as people count', () => {
    const peers = [
      away('Far', 1_000),
      kiosk('Gate 10'),
      kiosk('gate 9'),
      kiosk('Busy', { activity: 'in-call' }),
      kiosk('Broken', { faults: ['camera'] }),
      kiosk('Wrote', { unread: 1 }),
      kiosk('Waits', { activity: 'ringing-out' }),
      kiosk('Ours', { activity: 'in-call' }),
      kiosk('Rings', { activity: 'ringing-out' }),
    ];
    expect(wall(peers, ['Rings'], 'Ours').map(({ peer, state }) => `${peer.name}: ${state}`)).toEqual([
      'Rings: calling',
      'Waits: visitor-waits',
      'Ours: with-us',
      'Wrote: unread',
      'Broken: fault',
      'gate 9: idle',
      'Gate 10: idle',
      'Busy: in-call',
      'Far: offline',
    ]);
  });

  it('forgets who left, unless it is trusted or has written', () => {
    const stranger = { verification: 'unverified' } as const;
    const peers = [
      away('Stranger', LEFT_SHOWN_MS - 1, stranger),
      away('Old stranger', LEFT_SHOWN_MS, stranger),
      away('Old friend', LEFT_SHOWN_MS * 9),
      away('Old writer', LEFT_SHOWN_MS, { ...stranger, unread: 2 }),
    ];
    expect(wall(peers).map(({ peer }) => peer.name)).toEqual(['Old writer', 'Old friend', 'Stranger']);
  });

  it('finds names whatever their accents, case and width', () => {
    const tiles = wall([kiosk('Entrée Nord'), kiosk('Ｇａｔｅ 4'), kiosk('Ausgang Nord')]);
    const found = (search: string) => narrow(tiles, 'all', search).map(({ peer }) => peer.name);
    expect(found(' NORD  entree ')).toEqual(['Entrée Nord']);
    expect(found('gate 4')).toEqual(['Ｇａｔｅ 4']);
    expect(found('')).toHaveLength(3);
    expect(found('süd')).toEqual([]);
  });

  it('every filter keeps its own', () => {
    const tiles = wall([
      kiosk('Idle'),
      kiosk('Talks', { activity: 'in-call', faults: ['sound'] }),
      kiosk('Waits', { activity: 'ringing-out' }),
      kiosk('Silent', { activity: 'online', told: false }),
      away('Away', 5),
    ]);
    const kept = (filter: Filter) => tiles.filter((tile) => fits(tile, filter)).map(({ peer }) => peer.name);
    expect(kept('all')).toHaveLength(5);
    expect(kept('attention')).toEqual(['Waits', 'Talks']);
    expect(kept('idle')).toEqual(['Idle', 'Silent']);
    expect(kept('busy')).toEqual(['Waits', 'Talks']);
    expect(kept('fault')).toEqual(['Talks']);
    expect(kept('offline')).toEqual(['Away']);
  });
});
