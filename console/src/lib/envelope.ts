/** The envelope: a flattened JWS (RFC 7515 §7.2.2) with ES256 and no choices (docs/protocol.md §3). */

import { decodeBase64Url, decodeExactly, encodeBase64Url, fromUtf8, sha256, utf8, utf8Length } from './bytes';
import { importPublicKey, sign, verify } from './crypto';
import { parseStrict, type Json } from './json';
import { refuse, type Reason } from './refusal';
import { object, string } from './shape';

/** A signed message as it travels. Nothing in it has been checked. */
export interface Envelope {
  readonly protected: string;
  readonly payload: string;
  readonly signature: string;
}

/** What an envelope is: signed by a session key, an identity key, an operator key. */
export type Kind = 'message' | 'session-certificate' | 'membership' | 'revocation-list';

/** The headers that exist. The `typ` in them is the domain separator and the version. */
export const PROTECTED: Readonly<Record<Kind, string>> = {
  message: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEifQ',
  'session-certificate': 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtc2VzcyJ9',
  membership: 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtbWVtYiJ9',
  'revocation-list': 'eyJhbGciOiJFUzI1NiIsInR5cCI6ImtzcDEtcmV2byJ9',
};

/** Largest text message on the data channel, bytes. */
export const LARGEST_CHANNEL_MESSAGE = 16_384;

/** Reads an envelope out of parsed JSON. */
export const envelopeOf = (reason: Reason) =>
  object({ protected: string(reason), payload: string(reason), signature: string(reason) }, reason);

/** From one text message of the data channel. */
export function parseEnvelope(text: string): Envelope {
  if (utf8Length(text) > LARGEST_CHANNEL_MESSAGE) refuse('frame-too-big');
  return envelopeOf('frame-syntax')(parseStrict(text) ?? null);
}

/** Signs a payload, given as the exact JSON text. */
export async function seal(kind: Kind, payload: string, privateKey: CryptoKey): Promise<Envelope> {
  const encoded = encodeBase64Url(utf8(payload));
  const signature = await sign(`${PROTECTED[kind]}.${encoded}`, privateKey);
  return { protected: PROTECTED[kind], payload: encoded, signature: encodeBase64Url(signature) };
}

/** Checks header, then signature length, then signature. Only then is there a payload: its JSON text. */
export async function open(envelope: Envelope, kind: Kind, publicKey: CryptoKey): Promise<string> {
  const signature = checkedSignature(envelope, kind);
  await checkSignature(envelope, signature, publicKey);
  return payloadText(envelope);
}

/** For envelopes that carry their own key: `keyOf` reads it from the not yet verified payload, and does nothing else. */
export async function openByOwnKey(envelope: Envelope, kind: Kind, keyOf: (payload: Json) => string): Promise<string> {
  const signature = checkedSignature(envelope, kind);
  const text = payloadText(envelope);
  await checkSignature(envelope, signature, await importPublicKey(keyOf(parsePayload(text))));
  return text;
}

function checkedSignature(envelope: Envelope, kind: Kind) {
  if (envelope.protected !== PROTECTED[kind]) refuse('header');
  return decodeExactly(envelope.signature, 64) ?? refuse('signature-length');
}

async function checkSignature(envelope: Envelope, signature: Uint8Array<ArrayBuffer>, publicKey: CryptoKey) {
  const genuine = await verify(signingInput(envelope), signature, publicKey);
  if (!genuine) refuse('signature');
}

function payloadText(envelope: Envelope): string {
  const bytes = decodeBase64Url(envelope.payload);
  return (bytes && fromUtf8(bytes)) ?? refuse('payload-syntax');
}

/** Strict JSON of a payload. */
export function parsePayload(text: string): Json {
  return parseStrict(text) ?? refuse('payload-syntax');
}

/** The id of an envelope: base64url(SHA-256(signing input)). */
export async function hashOf(envelope: Envelope): Promise<string> {
  return encodeBase64Url(await sha256(utf8(signingInput(envelope))));
}

/** RFC 7515 §5.1 step 5. */
function signingInput(envelope: Envelope): string {
  return `${envelope.protected}.${envelope.payload}`;
}
