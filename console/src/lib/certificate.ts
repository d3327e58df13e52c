/** Who is who: session certificates, proof of possession, memberships (docs/protocol.md §4). */

import { importPublicKey, keyId, type PeerId, type SessionId } from './crypto';
import { open, openByOwnKey, parsePayload, seal, type Envelope } from './envelope';
import { refuse, type Reason } from './refusal';
import { asObject, base64Url, integer, object, oneOf, string, type Reader } from './shape';

/** Leeway for clocks that differ, seconds. */
const CLOCK_LEEWAY = 60;
/** Longest life of a session certificate, seconds. */
export const LONGEST_SESSION = 86_400;

/** What a peer is: a call point on a wall, or a person who answers. */
export type Role = 'kiosk' | 'operator';

/** What an identity key says of a session key. */
export interface SessionCertificate {
  readonly v: number;
  /** Identity key, raw, base64url. */
  readonly id: string;
  /** Session key, raw, base64url. */
  readonly sk: string;
  /** Larger at each sign-in of this identity. */
  readonly epoch: number;
  /** The server's URL as its hello gave it. */
  readonly aud: string;
  /** The hello's nonce. */
  readonly sn: string;
  /** Not before, Unix seconds; 0 from a kiosk whose clock is not set. */
  readonly nb: number;
  /** Not after, Unix seconds. */
  readonly na: number;
  readonly role: Role;
  readonly name: string;
  readonly room: string;
}

/** A session certificate that was verified, with what follows from its keys. */
export interface Certified {
  readonly certificate: SessionCertificate;
  readonly peer: PeerId;
  readonly session: SessionId;
  readonly sessionKey: CryptoKey;
}

/** What an operator key says of an identity. */
export interface Membership {
  readonly v: number;
  readonly op: string;
  readonly sub: PeerId;
  readonly serial: number;
  readonly nb: number;
  readonly na: number;
  readonly role: Role;
  readonly room: string;
}

const ROOM = /^[a-z0-9][a-z0-9._-]{0,62}$/;
const CONTROL = /\p{Cc}/u;

/** Whether this can be a room's name. */
export function isRoom(name: string): boolean {
  return ROOM.test(name);
}

/** Whether this can be a peer's name: 1…64 characters, none of them a control character. */
export function isName(name: string): boolean {
  const characters = [...name].length;
  return characters >= 1 && characters <= 64 && !CONTROL.test(name);
}

const syntax: Reason = 'payload-syntax';
const role = oneOf(['kiosk', 'operator'] as const, syntax);
const publicKey = base64Url(65, 'key', syntax);

/** Reads a room's name. */
export const room: Reader<string> = (value) => {
  const name = string(syntax)(value);
  return isRoom(name) ? name : refuse('room');
};

const name: Reader<string> = (value) => {
  const text = string(syntax)(value);
  return isName(text) ? text : refuse('name');
};

const certificateOf = object(
  {
    v: integer(syntax, 255),
    id: publicKey,
    sk: publicKey,
    epoch: integer(syntax),
    aud: string(syntax),
    sn: base64Url(16, 'nonce', syntax),
    nb: integer(syntax),
    na: integer(syntax),
    role,
    name,
    room,
  },
  syntax,
);

const membershipOf = object(
  {
    v: integer(syntax, 255),
    op: publicKey,
    sub: base64Url(32, 'peer-id', syntax),
    serial: integer(syntax),
    nb: integer(syntax),
    na: integer(syntax),
    role,
    room: (value) => (value === '*' ? '*' : room(value)),
  },
  syntax,
);

/** Signs a session certificate. */
export async function sealCertificate(certificate: SessionCertificate, identityKey: CryptoKey): Promise<Envelope> {
  return seal('session-certificate', JSON.stringify(certificate), identityKey);
}

/** Checks everything that needs no clock and no context: header, signature under its own `id`, shape, version, limits. */
export async function openCertificate(envelope: Envelope): Promise<Certified> {
  const idOf = (payload: Parameters<typeof asObject>[0]) => publicKey(asObject(payload, syntax)['id'] ?? null);
  const text = await openByOwnKey(envelope, 'session-certificate', idOf);
  const certificate = certificateOf(parsePayload(text));
  if (certificate.v !== 1) refuse('version');
  const life = certificate.na - certificate.nb;
  if (life < 0 || life > LONGEST_SESSION) refuse('not-yet-valid');
  return {
    certificate,
    peer: await keyId(certificate.id),
    session: await keyId(certificate.sk),
    sessionKey: await importPublicKey(certificate.sk),
  };
}

/** Refuses a certificate that does not hold at `now`, Unix seconds. One made without a clock (`nb` = 0) always does: its nonce was fresh. */
export function checkTime(certificate: SessionCertificate, now: number): void {
  if (certificate.nb !== 0) checkBetween(certificate.nb, certificate.na, now);
}

/** Shows the server that whoever signs in holds the session key, now, for this server. */
export async function sealProof(
  nonce: string,
  audience: string,
  session: SessionId,
  sessionKey: CryptoKey,
): Promise<Envelope> {
  return seal('message', JSON.stringify({ v: 1, t: 'auth', sn: nonce, aud: audience, fs: session }), sessionKey);
}

/** Checks that this is a membership, signed by `operator` (raw public key, base64url). */
export async function openMembership(envelope: Envelope, operator: string): Promise<Membership> {
  const text = await open(envelope, 'membership', await importPublicKey(operator));
  const membership = membershipOf(parsePayload(text));
  if (membership.v !== 1) refuse('version');
  if (membership.op !== operator) refuse('key');
  return membership;
}

/** Refuses a membership that does not cover the bearer of this certificate at `now`, Unix seconds. */
export function checkCovers(membership: Membership, bearer: Certified, now: number): void {
  const { certificate } = bearer;
  if (membership.sub !== bearer.peer) refuse('peer-id');
  if (membership.role !== certificate.role) refuse('role');
  if (membership.room !== '*' && membership.room !== certificate.room) refuse('room');
  checkBetween(membership.nb, membership.na, now);
}

function checkBetween(notBefore: number, notAfter: number, now: number): void {
  if (now + CLOCK_LEEWAY < notBefore) refuse('not-yet-valid');
  if (now > notAfter + CLOCK_LEEWAY) refuse('expired');
}
