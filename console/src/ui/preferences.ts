/** What this browser remembers of the operator. An address with `?name=`, `?room=` or `?lang=` has the last word. */

import { isLanguage, type Language } from './language.svelte';

/** `system`: as the operating system is. */
export type Theme = 'system' | 'light' | 'dark';

/** What is remembered. */
export interface Preferences {
  readonly name: string;
  readonly room: string;
  /** Whether single keys work as shortcuts. */
  readonly shortcuts: boolean;
  readonly theme: Theme;
  /** Null: the browser's. */
  readonly language: Language | null;
  /** Of the ring, 0 to 1. */
  readonly ringVolume: number;
}

type Kept = Partial<Record<keyof Preferences, unknown>>;

const KEY = 'kiosk.console';
const DEFAULTS: Preferences = {
  name: 'Operator',
  room: 'lobby',
  shortcuts: true,
  theme: 'system',
  language: null,
  ringVolume: 0.6,
};

/** Reads them. */
export function loadPreferences(search: string, storage: Pick<Storage, 'getItem'> | null): Preferences {
  let found: Kept | null = null;
  try {
    found = JSON.parse(storage?.getItem(KEY) ?? 'null') as Kept | null;
  } catch {
    // Unreadable is as good as nothing kept.
  }
  const kept = understood(found ?? {});
  const asked = new URLSearchParams(search);
  const language = asked.get('lang');
  return {
    ...kept,
    name: asked.get('name') || kept.name,
    room: asked.get('room') || kept.room,
    language: isLanguage(language) ? language : kept.language,
  };
}

function understood({ name, room, shortcuts, theme, language, ringVolume }: Kept): Preferences {
  const loud = typeof ringVolume === 'number' && ringVolume >= 0 && ringVolume <= 1;
  return {
    name: typeof name === 'string' ? name : DEFAULTS.name,
    room: typeof room === 'string' ? room : DEFAULTS.room,
    shortcuts: shortcuts !== false,
    theme: theme === 'light' || theme === 'dark' ? theme : 'system',
    language: isLanguage(language) ? language : null,
    ringVolume: loud ? ringVolume : DEFAULTS.ringVolume,
  };
}

/** Keeps them, where the browser keeps anything. */
export function savePreferences(preferences: Preferences, storage: Pick<Storage, 'setItem'> | null): void {
  try {
    storage?.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // They hold until the page is closed.
  }
}

/** Puts a theme on, and keeps it in step with the system; the returned function ends that. */
export function wear(theme: Theme): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  const put = () => {
    const dark = theme === 'dark' || (theme === 'system' && system.matches);
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
    document.querySelector('meta[name="theme-color"]')?.setAttribute('content', dark ? '#0c1722' : '#eef3f6');
  };
  put();
  system.addEventListener('change', put);
  return () => system.removeEventListener('change', put);
}
