/** What the page remembers, and how it draws and says things. */

import { describe, expect, it, vi } from 'vitest';
import { line, SIZE, upperEdge } from './chart';
import { bitrate, bytes, duration, preferred } from './language.svelte';
import { loadPreferences, savePreferences } from './preferences';
import { tidy } from './quick-texts.svelte';

const USUAL = { name: 'Operator', room: 'lobby', shortcuts: true, theme: 'system', language: null, ringVolume: 0.6 };

describe('preferences', () => {
  const storage = (kept: string | null) => ({ getItem: () => kept });

  it('are what was kept, and the address has the last word', () => {
    const kept = storage(
      '{"name":"Anna","room":"ward","shortcuts":false,"theme":"dark","language":"ja","ringVolume":0}',
    );
    const anna = { name: 'Anna', room: 'ward', shortcuts: false, theme: 'dark', language: 'ja', ringVolume: 0 };
    expect(loadPreferences('', kept)).toEqual(anna);
    expect(loadPreferences('?room=door&name=&lang=ar', kept)).toEqual({ ...anna, room: 'door', language: 'ar' });
  });

  it.each(['', '{', '7', 'null', '{"name":5,"room":[],"theme":"x","language":"xx","ringVolume":7}'])(
    'kept as %s are the usual ones',
    (kept) => expect(loadPreferences('', storage(kept))).toEqual(USUAL),
  );

  it('are kept, where anything is', () => {
    let kept = '';
    const preferences = { ...loadPreferences('', storage(null)), name: 'Bo', language: 'fr' as const };
    savePreferences(preferences, { setItem: (_, value) => void (kept = value) });
    expect(loadPreferences('', storage(kept))).toEqual(preferences);
    const full = () => {
      throw new Error('full');
    };
    expect(() => savePreferences(preferences, { setItem: full })).not.toThrow();
  });
});

describe('the language', () => {
  it.each([
    [['de-AT', 'en'], 'de'],
    [['pt-BR', 'fr-CA'], 'fr'],
    [['ar-EG'], 'ar'],
    [['xx'], 'en'],
    [[], 'en'],
  ])('for %j is %s', (wanted, expected) => expect(preferred(wanted)).toBe(expected));

  it('writes spans, sizes and rates', () => {
    vi.stubGlobal('navigator', { languages: ['en-GB'] });
    expect([-5, 0, 61_000, 3_725_000].map(duration)).toEqual(['0:00', '0:00', '1:01', '1:02:05']);
    expect([0, 999, 2_400, 2_412_345].map(bytes)).toEqual(['0 bytes', '999 bytes', '2 kB', '2.4 MB']);
    expect([90_000, 1_240_000].map(bitrate)).toEqual(['90 kb/s', '1.2 Mb/s']);
    vi.unstubAllGlobals();
  });
});

describe('quick texts', () => {
  it('are one a line, without blanks and doubles', () => {
    expect(tidy(' Hello \n\nBye\nHello\n')).toEqual(['Hello', 'Bye']);
    expect(tidy('x'.repeat(999))[0]).toHaveLength(300);
    expect(tidy(Array.from({ length: 99 }, (_, each) => `line ${each}`).join('\n'))).toHaveLength(30);
  });
});

describe('charts', () => {
  const points = [0, 5, null, 10].map((value, second) => ({ at: 1_000 * second, value }));

  it('run from the oldest to now, with gaps', () => {
    expect(line(points, 3_000, 3_000, 10)).toBe(`M0.0 ${SIZE.height}.0L80.0 28.0M240.0 0.0`);
  });

  it('leave out what is too long ago', () => {
    expect(line(points, 3_000, 1_000, 20)).toBe('M240.0 28.0');
  });

  it('have a round upper edge', () => {
    expect(upperEdge(points, 1)).toBe(10);
    expect(upperEdge([], 0.05)).toBe(0.05);
    expect(upperEdge([{ at: 0, value: 130 }], 1)).toBe(200);
  });
});
