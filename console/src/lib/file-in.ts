/** One file on its way to us. */

import { sha256 } from '@noble/hashes/sha2.js';
import { encodeBase64Url, type Bytes } from './bytes';
import type { Chunk } from './file-channel';
import type { FileOffer } from './message';

/** Largest file that is taken, bytes. */
export const LARGEST_INCOMING = 67_108_864;
/** The sender is told of each so many bytes. */
const PROGRESS_EVERY = 65_536;
/** So many bytes are handed to the browser as one piece, which it may put on disk. */
const PIECE = 1_048_576;
/** What a browser may show; anything else must not run as a page of ours when somebody opens it. */
const HARMLESS = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'];

export class IncomingFile {
  readonly offer: FileOffer;
  readonly #hash = sha256.create();
  readonly #pieces: Blob[] = [];
  #tail: Bytes[] = [];
  #tailLength = 0;
  #received = 0;
  #told = 0;

  constructor(offer: FileOffer) {
    this.offer = offer;
  }

  /** Bytes that are here. */
  get received(): number {
    return this.#received;
  }

  get complete(): boolean {
    return this.#received === this.offer.size;
  }

  /** Keeps what comes next. False: it is not the next byte, or more than was offered. */
  take({ offset, data }: Chunk): boolean {
    if (offset !== this.#received || offset + data.length > this.offer.size) return false;
    this.#hash.update(data);
    this.#tail.push(data);
    this.#tailLength += data.length;
    this.#received += data.length;
    if (this.#tailLength >= PIECE) this.#store();
    return true;
  }

  /** What the sender is to be told now; null: nothing. */
  progress(): number | null {
    if (this.#received - this.#told < PROGRESS_EVERY - PROGRESS_EVERY / 4) return null;
    this.#told = this.#received;
    return this.#told;
  }

  /** All of it; null: it is not what was offered. */
  finish(): Blob | null {
    this.#store();
    if (encodeBase64Url(this.#hash.digest()) !== this.offer.sha256) return null;
    const type = HARMLESS.includes(this.offer.type) ? this.offer.type : 'application/octet-stream';
    return new Blob(this.#pieces, { type });
  }

  #store(): void {
    if (this.#tailLength === 0) return;
    this.#pieces.push(new Blob(this.#tail));
    this.#tail = [];
    this.#tailLength = 0;
  }
}
