/** Bytes as they travel: base64url without padding (RFC 4648 §5), lower-case hex, UTF-8. */

/** Bytes in a buffer of their own, as Web Crypto wants them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const ALPHABET = /^[A-Za-z0-9_-]*$/;

/** To base64url without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** From base64url without padding. `null` for anything else, also for trailing bits that are not zero. */
export function decodeBase64Url(text: string): Bytes | null {
  if (!ALPHABET.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
  return encodeBase64Url(bytes) === text ? bytes : null;
}

/** From base64url, exactly `length` bytes; `null` for anything else. */
export function decodeExactly(text: string, length: number): Bytes | null {
  const bytes = decodeBase64Url(text);
  return bytes?.length === length ? bytes : null;
}

/** To lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** To UTF-8. */
export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text) as Bytes;
}

/** From UTF-8; `null` when it is not. A byte-order mark is kept, so that JSON refuses it. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Length in UTF-8, bytes. */
export function utf8Length(text: string): number {
  return utf8(text).length;
}

/** SHA-256. */
export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

/** Fresh random bytes. */
export function randomBytes(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}
