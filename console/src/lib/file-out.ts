/** One file on its way to the peer. */

import { sha256 } from '@noble/hashes/sha2.js';
import { encodeBase64Url, type Bytes } from './bytes';
import { LARGEST_CHUNK, type FileChannel } from './file-channel';
import type { FileOffer } from './message';
import type { CallLine } from './service';

/** Most bytes on the way beyond what the receiver says that it has. */
const WINDOW = 131_072;
/** Bytes that are read and hashed at once: what the page holds of a file in memory. Whole chunks, just below 1 MiB. */
const BLOCK = 64 * LARGEST_CHUNK;

/** What a file tells. */
export interface OutgoingEvents {
  /** Bytes that are hashed, or that the receiver has. */
  moved(bytes: number): void;
  offered(): void;
  /** The browser cannot read it any more: it was changed or taken away. */
  unreadable(): void;
}

export class OutgoingFile {
  readonly #file: Blob;
  readonly #about: Omit<FileOffer, 'sha256'>;
  readonly #events: OutgoingEvents;
  #offer: FileOffer | null = null;
  #channel: FileChannel | null = null;
  #accepted = false;
  /** The next byte to be sent. */
  #next = 0;
  /** Bytes that the receiver has. */
  #received = 0;
  #pumping = false;
  #block: { readonly start: number; readonly bytes: Bytes } | null = null;

  constructor(file: Blob, about: Omit<FileOffer, 'sha256'>, events: OutgoingEvents) {
    this.#file = file;
    this.#about = about;
    this.#events = events;
  }

  /** Computes the hash, block by block. Null when the file cannot be read. */
  async prepare(): Promise<FileOffer | null> {
    const hash = sha256.create();
    try {
      for (let start = 0; start < this.#file.size; start += BLOCK) {
        const bytes = await this.#read(start);
        hash.update(bytes);
        this.#events.moved(start + bytes.length);
      }
    } catch {
      this.#events.unreadable();
      return null;
    }
    this.#offer = { ...this.#about, sha256: encodeBase64Url(hash.digest()) };
    return this.#offer;
  }

  /** Offers it, in this call or again in this one. */
  offer(line: CallLine, channel: FileChannel): void {
    if (!this.#offer) return;
    this.#channel = channel;
    this.#accepted = false;
    line.send({ t: 'file-offer', body: this.#offer });
    this.#events.offered();
  }

  /** The receiver wants it from this byte on. False: it has no such byte. */
  accepted(offset: number): boolean {
    if (offset > this.#file.size) return false;
    this.#accepted = true;
    this.#next = this.#received = offset;
    this.pump();
    return true;
  }

  progressed(received: number): void {
    if (!this.#accepted || received <= this.#received || received > this.#next) return;
    this.#received = received;
    this.#events.moved(received);
    this.pump();
  }

  /** The call is over, or nobody wants it any more. */
  pause(): void {
    this.#channel = null;
    this.#accepted = false;
    this.#block = null;
  }

  /** Sends what may be sent now. */
  pump(): void {
    if (!this.#pumping) void this.#send();
  }

  async #send(): Promise<void> {
    this.#pumping = true;
    try {
      for (;;) {
        const channel = this.#channel;
        const offset = this.#next;
        const length = Math.min(LARGEST_CHUNK, this.#file.size - offset);
        // Only full chunks, but for the last one: a window that is nearly closed makes no crumbs.
        const fits = length > 0 && offset + length <= this.#received + WINDOW;
        if (!this.#accepted || !channel || channel.full || !fits) return;
        const data = await this.#slice(offset, length);
        // Meanwhile the call may have ended, or another one begun.
        if (this.#channel !== channel || this.#next !== offset || !this.#accepted) continue;
        if (!channel.send({ id: this.#about.id, offset, data })) return;
        this.#next += data.length;
      }
    } catch {
      this.#events.unreadable();
    } finally {
      this.#pumping = false;
    }
  }

  async #slice(offset: number, length: number): Promise<Bytes> {
    const block = this.#block;
    if (!block || offset < block.start || offset >= block.start + block.bytes.length) {
      this.#block = { start: offset, bytes: await this.#read(offset) };
      return this.#block.bytes.subarray(0, length);
    }
    return block.bytes.subarray(offset - block.start, offset - block.start + length);
  }

  async #read(start: number): Promise<Bytes> {
    const bytes = new Uint8Array(await this.#file.slice(start, start + BLOCK).arrayBuffer());
    if (bytes.length === 0) throw new Error('the file is shorter than it was');
    return bytes;
  }
}
