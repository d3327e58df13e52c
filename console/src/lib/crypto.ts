/**
 * ECDSA on P-256 with SHA-256, by Web Crypto. Signatures are 64 bytes, r‖s; public keys are raw uncompressed points, `0x04‖X‖Y`,
 * 65 bytes; private keys never leave the browser.
 */

import { decodeBase64Url, decodeExactly, encodeBase64Url, sha256, utf8, type Bytes } from './bytes';
import { refuse } from './refusal';

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SCHEME = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Who a peer is: base64url(SHA-256(raw identity public key)), 43 characters. */
export type PeerId = string;
/** One signed-in presence: base64url(SHA-256(raw session public key)), 43 characters. */
export type SessionId = string;

/** Whether this page may use Web Crypto: only over https, or from the machine itself. */
export function cryptoIsAvailable(): boolean {
  return typeof globalThis.crypto?.subtle === 'object';
}

/**
 * Makes a key pair for signing.
 *
 * @param extractable Whether the private key may be exported. Leave it false but in tests.
 */
export async function generateKeyPair(extractable = false): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(CURVE, extractable, ['sign', 'verify']);
}

/**
 * Signs.
 *
 * @param data Text (signed as UTF-8) or bytes.
 * @returns 64 bytes, r‖s.
 */
export async function sign(data: string | Bytes, privateKey: CryptoKey): Promise<Bytes> {
  const bytes = typeof data === 'string' ? utf8(data) : data;
  return new Uint8Array(await crypto.subtle.sign(SCHEME, privateKey, bytes));
}

/**
 * Says whether `signature` was made over `data` by the holder of the key. High s is accepted (Web Crypto emits it), so signature bytes
 * are never an id.
 *
 * @param signature 64 bytes, r‖s; any other length is false.
 */
export async function verify(data: string | Bytes, signature: Bytes, publicKey: CryptoKey): Promise<boolean> {
  if (signature.length !== 64) return false;
  const bytes = typeof data === 'string' ? utf8(data) : data;
  return crypto.subtle.verify(SCHEME, publicKey, signature, bytes);
}

/** The raw public key, base64url, 87 characters. */
export async function exportPublicKey(publicKey: CryptoKey): Promise<string> {
  return encodeBase64Url(new Uint8Array(await crypto.subtle.exportKey('raw', publicKey)));
}

/** From a raw public key in base64url. Refuses (`key`) what is not a point of P-256 in uncompressed form. */
export async function importPublicKey(text: string): Promise<CryptoKey> {
  const raw = decodeExactly(text, 65);
  if (raw?.[0] !== 4) refuse('key');
  try {
    return await crypto.subtle.importKey('raw', raw, CURVE, true, ['verify']);
  } catch {
    return refuse('key');
  }
}

/** The id of a raw public key in base64url: a {@link PeerId} for an identity key, a {@link SessionId} for a session key. */
export async function keyId(publicKey: string): Promise<string> {
  const raw = decodeExactly(publicKey, 65);
  return raw ? encodeBase64Url(await sha256(raw)) : refuse('key');
}

/** Whether one PeerId is lower than the other, compared by their bytes. */
export function isLower(one: PeerId, other: PeerId): boolean {
  const [left, right] = [decodeBase64Url(one)!, decodeBase64Url(other)!];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at >= 0 && left[at]! < right[at]!;
}
