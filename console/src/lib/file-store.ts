/** Files, for pages. */

import type { Readable } from './cell';
import type { Files, FilesState } from './files';

/** Files, both ways, in calls. */
export interface FileStore extends Readable<FilesState> {
  /**
   * Sends a file to the peer of the call, after those that wait. Unfinished ones go on in the next call with that peer.
   *
   * @param name Default: the file's own.
   * @returns Its id. Rejects with a `CallError`: `no-call`, `empty-file`.
   */
  send(file: Blob, name?: string): Promise<string>;
  /** Takes a file that the peer offers. Snapshots that were asked for are taken by themselves. */
  accept(id: string): void;
  /** Says no to a file that the peer offers. */
  decline(id: string): void;
  /** Stops a file under way. */
  cancel(id: string): void;
  /** Takes a file that is over off the list; what came is forgotten. */
  remove(id: string): void;
  /** Has the peer show a file that it got, or none. */
  show(id: string | null): void;
}

/** The store around them. */
export function createFileStore(files: Files): FileStore {
  return {
    subscribe: files.cell.subscribe,
    send: (file, name) => files.send(file, name),
    accept: (id) => files.accept(id),
    decline: (id) => files.cancel(id),
    cancel: (id) => files.cancel(id),
    remove: (id) => files.remove(id),
    show: (id) => files.show(id),
  };
}
