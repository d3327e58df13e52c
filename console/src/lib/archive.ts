/** Where lines of chat are kept over the end of the page: IndexedDB. */

import type { PeerId } from './crypto';

const DATABASE = 'kiosk-chat';
const LINES = 'lines';

/** A line as it is kept. */
export interface ArchivedLine {
  /** Who said it to whom, and its id: {@link lineKey}. */
  readonly key: string;
  readonly peer: PeerId;
  readonly own: boolean;
  readonly id: string;
  /** Lines are in the order of these. */
  readonly order: number;
  /** Unix milliseconds. */
  readonly at: number;
  /** Null: only that it came is still known, so that it is not taken twice. */
  readonly said: { readonly name: string; readonly text: string } | null;
  /** Ours: the peer has it. The peer's: somebody here has read it. */
  readonly settled: boolean;
}

/** What a line is known by: ids are made by their speakers. */
export function lineKey(peer: PeerId, own: boolean, id: string): string {
  return `${peer} ${own ? 'own' : 'theirs'} ${id}`;
}

/** Lines of chat, kept. */
export interface ChatArchive {
  all(): Promise<readonly ArchivedLine[]>;
  /** Resolves when it is on disk. */
  keep(lines: readonly ArchivedLine[]): Promise<void>;
  drop(keys: readonly string[]): Promise<void>;
}

/** Keeps nothing: for browsers that do not (private windows of some). */
export const NO_ARCHIVE: ChatArchive = {
  all: () => Promise.resolve([]),
  keep: () => Promise.resolve(),
  drop: () => Promise.resolve(),
};

/** Opens this browser profile's archive. */
export async function openArchive(factory: IDBFactory, name = DATABASE): Promise<ChatArchive> {
  const database = await open(factory, name);
  return {
    all: () => {
      const request = database.transaction(LINES).objectStore(LINES).getAll() as IDBRequest<ArchivedLine[]>;
      return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result.sort((one, other) => one.order - other.order));
        request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be read'));
      });
    },
    keep: (lines) => change(database, (store) => lines.forEach((line) => store.put(line))),
    drop: (keys) => change(database, (store) => keys.forEach((key) => store.delete(key))),
  };
}

function open(factory: IDBFactory, name: string): Promise<IDBDatabase> {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(LINES, { keyPath: 'key' });
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB cannot be opened'));
  });
}

/** One transaction; resolves when it is on disk, and not only on its way there (W3C IndexedDB §2.7, durability hint). */
function change(database: IDBDatabase, update: (store: IDBObjectStore) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(LINES, 'readwrite', { durability: 'strict' });
    update(transaction.objectStore(LINES));
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB refused to keep a line'));
  });
}
