/** What the page says and remembers. */

import { describe, expect, it } from 'vitest';
import { loadPreferences, savePreferences } from './preferences';
import { duration, endingWords, groups, qualityWords } from './words';

describe('preferences', () => {
  const storage = (kept: string | null) => ({ getItem: () => kept });

  it('are what was kept, and the address has the last word', () => {
    const kept = storage('{"name":"Anna","room":"ward","shortcuts":false}');
    expect(loadPreferences('', kept)).toEqual({ name: 'Anna', room: 'ward', shortcuts: false });
    expect(loadPreferences('?room=door&name=', kept)).toMatchObject({ name: 'Anna', room: 'door' });
  });

  it.each(['', '{', '7', 'null', '{"name":5,"room":[]}'])('kept as %s are the usual ones', (kept) => {
    expect(loadPreferences('', storage(kept))).toEqual({ name: 'Operator', room: 'lobby', shortcuts: true });
  });

  it('are kept, where anything is', () => {
    let kept = '';
    const preferences = { name: 'Bo', room: 'a', shortcuts: true };
    savePreferences(preferences, { setItem: (_, value) => void (kept = value) });
    expect(loadPreferences('', storage(kept))).toEqual(preferences);
    const full = () => {
      throw new Error('full');
    };
    expect(() => savePreferences(preferences, { setItem: full })).not.toThrow();
  });
});

describe('words', () => {
  it('spans of time', () => {
    expect([-5, 0, 61_000, 3_725_000].map(duration)).toEqual(['0:00', '0:00', '1:01', '1:02:05']);
  });

  it('keys in groups of four that make the key again', () => {
    expect(groups('abcdefghi')).toEqual(['abcd', 'efgh', 'i']);
  });

  it('endings name the peer', () => {
    expect(endingWords('peer-hung-up', 'Lobby 2')).toBe('Lobby 2 hung up.');
  });

  it('quality says what is known', () => {
    const unknown = {
      availableOutgoingBitrate: null,
      jitter: null,
      framesPerSecond: null,
      frameWidth: null,
      frameHeight: null,
    };
    const quality = {
      ...unknown,
      roundTripTime: 0.0421,
      packetsReceived: 9,
      packetsLost: 1,
      lossRate: 0,
      framesDecoded: 0,
    };
    expect(qualityWords({ ...quality, level: 'good' })).toEqual({
      short: 'Good',
      long: '42 ms round trip · 1 packet lost',
    });
  });
});
