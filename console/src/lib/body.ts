/** What a message says: one body a type of docs/protocol.md §6, with its limits, and which way it may go. */

import { utf8Length } from './bytes';
import { refuse, type Reason } from './refusal';
import { checkDescription } from './sdp';
import { asObject, base64Url, boolean, integer, list, nullable, object, oneOf, string, type Reader } from './shape';

/** How a message travels: the WebSocket through the server, or the data channel `ksp`. */
export type Transport = 'link' | 'channel';

/** Why an offer is not answered. */
export const REJECT_REASONS = ['declined', 'busy', 'timeout', 'untrusted', 'media', 'gone'] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Why a call ends. */
export const BYE_REASONS = ['hang-up', 'timeout', 'lost', 'media', 'security', 'protocol', 'shutdown'] as const;
export type ByeReason = (typeof BYE_REASONS)[number];

/** What a kiosk is doing. */
export const KIOSK_STATES = ['idle', 'ringing-out', 'ringing-in', 'connecting', 'in-call'] as const;
export type KioskState = (typeof KIOSK_STATES)[number];

/** What can be wrong with a kiosk, in the order in which it is told. */
export const FAULTS = ['camera', 'sound', 'panel'] as const;
export type Fault = (typeof FAULTS)[number];

/** What a peer may want of the room. */
export const WISHES = [
  'mute',
  'unmute',
  'camera-off',
  'camera-on',
  'snapshot-camera',
  'snapshot-panel',
  'share-panel',
  'share-document',
  'share-stop',
  'volume',
  'restart',
] as const;
export type Wish = (typeof WISHES)[number];

/** Why a file is not sent or not taken. */
export const FILE_REFUSALS = ['declined', 'size', 'type', 'quota', 'hash', 'storage', 'stopped'] as const;
export type FileRefusal = (typeof FILE_REFUSALS)[number];

/** W3C `RTCIceCandidateInit`, complete. */
export interface Candidate {
  readonly candidate: string;
  readonly sdpMid: string | null;
  readonly sdpMLineIndex: number | null;
  readonly usernameFragment: string | null;
}

/** A description and the SHA-256 of the certificate that its sender will show, 64 lower-case hex digits. */
export interface SignedDescription {
  readonly sdp: string;
  readonly fp: string;
}

/** What an offer says. */
export interface Offer extends SignedDescription {
  /** The conversation that goes on: the call of its first offer. */
  readonly resume?: string;
}

/** What a sender saw of the call's security. */
export interface Confirmation {
  /** The sender's own certificate. */
  readonly lfp: string;
  /** The receiver's, as seen in the handshake. */
  readonly rfp: string;
  /** Hash of the offer's envelope. */
  readonly offer: string;
  /** Hash of the answer's envelope. */
  readonly answer: string;
}

/** How a kiosk is. */
export interface KioskStatus {
  readonly state: KioskState;
  /** What is wrong, each once. */
  readonly faults: readonly Fault[];
  /** Lines of chat that nobody there has read. */
  readonly unread: number;
}

/** What a peer sends. */
export interface SentMedia {
  /** False: muted. */
  readonly audio: boolean;
  /** False: no picture. */
  readonly video: boolean;
  /** The picture is a screen or a document: to be shown whole and sharp. */
  readonly screen: boolean;
  /** The sender is away, and wants neither heard nor seen. */
  readonly hold: boolean;
}

/** A file that its holder wants to send. */
export interface FileOffer {
  /** Made by the sender; the same when it is offered again. */
  readonly id: string;
  /** Without a folder, 1…128 characters. */
  readonly name: string;
  /** Media type (RFC 6838) as the sender has it. */
  readonly type: string;
  /** Bytes, at least 1. */
  readonly size: number;
  /** Of all of it, base64url. */
  readonly sha256: string;
}

type Empty = Record<never, never>;

/** The body of each type of message. */
export interface Bodies {
  offer: Offer;
  ringing: Empty;
  answer: SignedDescription;
  candidates: { readonly candidates: readonly Candidate[] };
  'end-of-candidates': Empty;
  reject: { readonly why: RejectReason };
  bye: { readonly why: ByeReason };
  'pair-commit': { readonly commit: string };
  'pair-reveal': { readonly nonce: string };
  'pair-confirm': Empty;
  'pair-cancel': Empty;
  status: KioskStatus;
  confirm: Confirmation;
  chat: { readonly id: string; readonly text: string };
  'chat-received': { readonly id: string };
  media: SentMedia;
  ask: { readonly id: string; readonly what: Wish; readonly value: number | null };
  reply: { readonly id: string; readonly granted: boolean };
  'file-offer': FileOffer;
  'file-accept': { readonly id: string; readonly offset: number };
  'file-progress': { readonly id: string; readonly received: number };
  'file-done': { readonly id: string };
  'file-cancel': { readonly id: string; readonly why: FileRefusal };
  show: { readonly id: string | null };
  ping: { readonly n: number };
  pong: { readonly n: number };
}

/** A type of message. */
export type MessageType = keyof Bodies;

/** What a message says: its type and the body of that type. */
export type Content = { [T in MessageType]: { readonly t: T; readonly body: Bodies[T] } }[MessageType];

/** What belongs to no call names this one: 16 zero bytes. */
export const NO_CALL = 'A'.repeat(22);

const MOST_CANDIDATES = 32;
const LONGEST_CANDIDATE = 1_024;
const LONGEST_FILE_NAME = 128;
const LONGEST_MEDIA_TYPE = 100;
const CONTROL = /\p{Cc}/u;
const syntax: Reason = 'payload-syntax';
const limit: Reason = 'body-limit';
const text = string(syntax);
const hash = base64Url(32, syntax);
const id = base64Url(16, syntax);
const number32 = integer(syntax, 0xffff_ffff);
const bytes = integer(syntax);
const flag = boolean(syntax);
const empty = object({}, syntax);

const fingerprint: Reader<string> = (value) => {
  const digest = text(value);
  return /^[0-9a-f]{64}$/.test(digest) ? digest : refuse(syntax);
};

const candidate = object(
  {
    candidate: text,
    sdpMid: nullable(text),
    sdpMLineIndex: nullable(integer(syntax, 0xffff)),
    usernameFragment: nullable(text),
  },
  syntax,
);

const rawDescription = object({ sdp: text, fp: fingerprint }, syntax);
const rawCandidates = object({ candidates: list(candidate, Number.MAX_SAFE_INTEGER, syntax) }, syntax);
const rawChat = object({ id, text }, syntax);
const rawStatus = object(
  {
    state: oneOf(KIOSK_STATES, syntax),
    faults: list(oneOf(FAULTS, syntax), Number.MAX_SAFE_INTEGER, syntax),
    unread: number32,
  },
  syntax,
);
const rawAsk = object({ id, what: oneOf(WISHES, syntax), value: nullable(integer(syntax, 255)) }, syntax);
const rawFileOffer = object({ id, name: text, type: text, size: integer(limit), sha256: hash }, syntax);

/** What `reader` reads, if `fits` says so. */
const limited =
  <T>(reader: Reader<T>, fits: (value: T) => boolean): Reader<T> =>
  (value) => {
    const read = reader(value);
    return fits(read) ? read : refuse(limit);
  };

const described =
  (type: 'offer' | 'answer'): Reader<SignedDescription> =>
  (value) => {
    const description = rawDescription(value);
    checkDescription(description.sdp, description.fp, type);
    return description;
  };

const readOffer = described('offer');
// What belongs to no call cannot go on.
const readResume = limited(id, (call) => call !== NO_CALL);

const short = (part: string | null) => part === null || utf8Length(part) <= 256;

const candidateFits = (each: Candidate) =>
  utf8Length(each.candidate) <= LONGEST_CANDIDATE &&
  !CONTROL.test(each.candidate) &&
  short(each.sdpMid) &&
  short(each.usernameFragment);

/** The reader of each type of body. */
export const READERS: { readonly [T in MessageType]: Reader<Bodies[T]> } = {
  offer: (value) => {
    const { resume, ...description } = asObject(value, syntax);
    const offer = readOffer(description);
    return resume === undefined ? offer : { ...offer, resume: readResume(resume) };
  },
  ringing: empty,
  answer: described('answer'),
  candidates: limited(
    rawCandidates,
    ({ candidates }) =>
      candidates.length >= 1 && candidates.length <= MOST_CANDIDATES && candidates.every(candidateFits),
  ),
  'end-of-candidates': empty,
  reject: object({ why: oneOf(REJECT_REASONS, syntax) }, syntax),
  bye: object({ why: oneOf(BYE_REASONS, syntax) }, syntax),
  'pair-commit': object({ commit: hash }, syntax),
  'pair-reveal': object({ nonce: id }, syntax),
  'pair-confirm': empty,
  'pair-cancel': empty,
  // Each fault once, in the order of FAULTS.
  status: limited(rawStatus, ({ faults }) =>
    faults.every((fault, at) => at === 0 || FAULTS.indexOf(faults[at - 1]!) < FAULTS.indexOf(fault)),
  ),
  confirm: object({ lfp: fingerprint, rfp: fingerprint, offer: hash, answer: hash }, syntax),
  chat: limited(rawChat, ({ text: line }) => isChatText(line)),
  'chat-received': object({ id }, syntax),
  media: object({ audio: flag, video: flag, screen: flag, hold: flag }, syntax),
  ask: limited(rawAsk, ({ what, value }) => (what === 'volume' ? value !== null && value <= 100 : value === null)),
  reply: object({ id, granted: flag }, syntax),
  'file-offer': limited(rawFileOffer, ({ name, type, size }) => isFileName(name) && isMediaType(type) && size >= 1),
  'file-accept': object({ id, offset: bytes }, syntax),
  'file-progress': object({ id, received: bytes }, syntax),
  'file-done': object({ id }, syntax),
  'file-cancel': object({ id, why: oneOf(FILE_REFUSALS, syntax) }, syntax),
  show: object({ id: nullable(id) }, syntax),
  ping: object({ n: number32 }, syntax),
  pong: object({ n: number32 }, syntax),
};

/** Whether this is a type of message. */
export function isMessageType(type: string): type is MessageType {
  return Object.hasOwn(READERS, type);
}

/** Whether this can be a line of chat: 1…4,000 characters, at most 8,192 bytes, not only white space. */
export function isChatText(line: string): boolean {
  return line.trim() !== '' && utf8Length(line) <= 8_192 && [...line].length <= 4_000;
}

/** Whether this can be a file's name: 1…128 characters, no control characters, no folder. */
export function isFileName(name: string): boolean {
  const characters = [...name].length;
  return characters >= 1 && characters <= LONGEST_FILE_NAME && !CONTROL.test(name) && !/[/\\]/.test(name);
}

/** Whether this can be a media type: 1…100 visible ASCII characters. */
export function isMediaType(type: string): boolean {
  return type.length >= 1 && type.length <= LONGEST_MEDIA_TYPE && /^[\x21-\x7e]*$/.test(type);
}

/** Whether it may come this way. `ofCall`: it names a call. */
export function travels({ t, body }: Content, transport: Transport, ofCall: boolean): boolean {
  switch (t) {
    case 'bye':
      return ofCall;
    case 'chat':
    case 'chat-received':
    case 'reply':
      return ofCall === (transport === 'channel');
    case 'ask':
      return ofCall ? transport === 'channel' : transport === 'link' && body.what === 'restart';
    case 'confirm':
    case 'media':
    case 'file-offer':
    case 'file-accept':
    case 'file-progress':
    case 'file-done':
    case 'file-cancel':
    case 'show':
    case 'ping':
    case 'pong':
      return ofCall && transport === 'channel';
    case 'offer':
    case 'ringing':
    case 'answer':
    case 'candidates':
    case 'end-of-candidates':
    case 'reject':
      return ofCall && transport === 'link';
    case 'pair-commit':
    case 'pair-reveal':
    case 'pair-confirm':
    case 'pair-cancel':
    case 'status':
      return !ofCall && transport === 'link';
  }
}
