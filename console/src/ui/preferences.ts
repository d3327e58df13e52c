/** What this browser remembers of the operator. An address with `?name=` or `?room=` has the last word. */

/** What is remembered. */
export interface Preferences {
  readonly name: string;
  readonly room: string;
  /** Whether single keys work as shortcuts. */
  readonly shortcuts: boolean;
}

type Kept = Partial<Record<keyof Preferences, unknown>>;

const KEY = 'kiosk.console';
const DEFAULTS: Preferences = { name: 'Operator', room: 'lobby', shortcuts: true };

/** Reads them. */
export function loadPreferences(search: string, storage: Pick<Storage, 'getItem'> | null): Preferences {
  let found: Kept | null = null;
  try {
    found = JSON.parse(storage?.getItem(KEY) ?? 'null') as Kept | null;
  } catch {
    // Unreadable is as good as nothing kept.
  }
  const kept: Preferences = {
    name: typeof found?.name === 'string' ? found.name : DEFAULTS.name,
    room: typeof found?.room === 'string' ? found.room : DEFAULTS.room,
    shortcuts: found?.shortcuts !== false,
  };
  const asked = new URLSearchParams(search);
  return { ...kept, name: asked.get('name') || kept.name, room: asked.get('room') || kept.room };
}

/** Keeps them, where the browser keeps anything. */
export function savePreferences(preferences: Preferences, storage: Pick<Storage, 'setItem'> | null): void {
  try {
    storage?.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // They hold until the page is closed.
  }
}
