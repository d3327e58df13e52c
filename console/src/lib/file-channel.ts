/** Chunks of files on the data channel `ksp-file` (docs/protocol.md §6, Files). */

import { decodeExactly, encodeBase64Url, type Bytes } from './bytes';

/** Bytes of file id and offset before the data. */
const HEADER = 24;
/** Largest message on the channel, bytes. */
const LARGEST_MESSAGE = 16_384;
/** Most bytes of data in one chunk. */
export const LARGEST_CHUNK = LARGEST_MESSAGE - HEADER;

/** More than this waiting in the browser, and nothing is added to it. Bytes. */
const HIGH_WATER = 65_536;
/** Down to this, and the sender is told to go on. Bytes. */
const LOW_WATER = 16_384;

/** A piece of a file. */
export interface Chunk {
  readonly id: string;
  /** Where it belongs. */
  readonly offset: number;
  readonly data: Bytes;
}

/** As it travels. */
export function encodeChunk({ id, offset, data }: Chunk): Bytes {
  const message = new Uint8Array(HEADER + data.length);
  message.set(decodeExactly(id, 16)!, 0);
  new DataView(message.buffer).setBigUint64(16, BigInt(offset));
  message.set(data, HEADER);
  return message;
}

/** From how it travels; null: it is not one. */
export function decodeChunk(message: ArrayBuffer): Chunk | null {
  if (message.byteLength <= HEADER || message.byteLength > LARGEST_MESSAGE) return null;
  const offset = Number(new DataView(message).getBigUint64(16));
  if (!Number.isSafeInteger(offset)) return null;
  const id = encodeBase64Url(new Uint8Array(message, 0, 16));
  return { id, offset, data: new Uint8Array(message, HEADER) };
}

/** The open channel of a confirmed call. */
export class FileChannel {
  /** Takes what comes. */
  onchunk: ((chunk: Chunk) => void) | null = null;
  /** There is room again after {@link full} was true. */
  ondrained: (() => void) | null = null;
  readonly #channel: RTCDataChannel;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    channel.bufferedAmountLowThreshold = LOW_WATER;
    channel.onbufferedamountlow = () => this.ondrained?.();
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      const chunk = data instanceof ArrayBuffer ? decodeChunk(data) : null;
      if (chunk) this.onchunk?.(chunk);
    };
  }

  /** Whether enough waits in the browser: {@link ondrained} tells when to go on. */
  get full(): boolean {
    return this.#channel.bufferedAmount >= HIGH_WATER;
  }

  /** Sends a chunk; false when the channel is closed. */
  send(chunk: Chunk): boolean {
    if (this.#channel.readyState !== 'open') return false;
    this.#channel.send(encodeChunk(chunk));
    return true;
  }
}
