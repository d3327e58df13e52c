/** Messages between peers, on the link and on the data channel (docs/protocol.md §6, §7). */

import { encodeBase64Url, randomBytes, utf8Length } from './bytes';
import type { Certified } from './certificate';
import { room } from './certificate';
import type { PeerId, SessionId } from './crypto';
import { hashOf, open, parsePayload, seal, type Envelope } from './envelope';
import type { Json } from './json';
import { refuse, type Reason } from './refusal';
import { checkDescription } from './sdp';
import { base64Url, boolean, integer, list, nullable, object, oneOf, string, type Reader } from './shape';

/** How a message travels: the WebSocket through the server, or the data channel `ksp`. `bye` goes by both. */
export type Transport = 'link' | 'channel';

/** Why an offer is not answered. */
export const REJECT_REASONS = ['declined', 'busy', 'timeout', 'untrusted', 'media'] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Why a call ends. */
export const BYE_REASONS = ['hang-up', 'timeout', 'lost', 'media', 'security', 'protocol', 'shutdown'] as const;
export type ByeReason = (typeof BYE_REASONS)[number];

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

/** The body of each type of message. */
export interface Bodies {
  offer: SignedDescription;
  ringing: Record<never, never>;
  answer: SignedDescription;
  candidates: { readonly candidates: readonly Candidate[] };
  'end-of-candidates': Record<never, never>;
  reject: { readonly why: RejectReason };
  bye: { readonly why: ByeReason };
  'pair-commit': { readonly commit: string };
  'pair-reveal': { readonly nonce: string };
  'pair-confirm': Record<never, never>;
  confirm: Confirmation;
  chat: { readonly id: string; readonly text: string };
  'chat-received': { readonly id: string };
  media: { readonly audio: boolean; readonly video: boolean };
  ping: { readonly n: number };
  pong: { readonly n: number };
}

/** A type of message. */
export type MessageType = keyof Bodies;

/** What a message says: its type and the body of that type. */
export type Content = { [T in MessageType]: { readonly t: T; readonly body: Bodies[T] } }[MessageType];

/** A message that was verified. {@link openMessage} makes them, and nothing else does. */
export type Message = Content & {
  readonly call: string;
  /** 0, 1, 2 … per call, direction and transport. */
  readonly seq: number;
  /** In an answer: the offer's hash. */
  readonly re: string | null;
  /** Unix milliseconds; informative. */
  readonly at: number;
  /** The envelope's id. */
  readonly hash: string;
  readonly from: PeerId;
};

/** Who we are when we receive. */
export interface Recipient {
  readonly peer: PeerId;
  readonly session: SessionId;
  readonly room: string;
}

/** Everything around the body when we send. */
export interface Header {
  readonly from: PeerId;
  readonly fs: SessionId;
  readonly to: PeerId;
  readonly ts: SessionId;
  readonly room: string;
  readonly call: string;
  readonly seq: number;
  readonly re: string | null;
}

const MOST_CANDIDATES = 32;
const LONGEST_CANDIDATE = 1_024;
const CONTROL = /\p{Cc}/u;
const syntax: Reason = 'payload-syntax';
const text = string(syntax);
const hash = base64Url(32, syntax);
const id = base64Url(16, syntax);
const number32 = integer(syntax, 0xffff_ffff);
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

const described =
  (type: 'offer' | 'answer'): Reader<SignedDescription> =>
  (value) => {
    const description = rawDescription(value);
    checkDescription(description.sdp, description.fp, type);
    return description;
  };

const READERS: { readonly [T in MessageType]: Reader<Bodies[T]> } = {
  offer: described('offer'),
  ringing: empty,
  answer: described('answer'),
  candidates: (value) => {
    const { candidates } = rawCandidates(value);
    const short = (part: string | null) => part === null || utf8Length(part) <= 256;
    const fits = candidates.every(
      (each) =>
        utf8Length(each.candidate) <= LONGEST_CANDIDATE &&
        !CONTROL.test(each.candidate) &&
        short(each.sdpMid) &&
        short(each.usernameFragment),
    );
    if (candidates.length < 1 || candidates.length > MOST_CANDIDATES || !fits) refuse('body-limit');
    return { candidates };
  },
  'end-of-candidates': empty,
  reject: object({ why: oneOf(REJECT_REASONS, syntax) }, syntax),
  bye: object({ why: oneOf(BYE_REASONS, syntax) }, syntax),
  'pair-commit': object({ commit: hash }, syntax),
  'pair-reveal': object({ nonce: id }, syntax),
  'pair-confirm': empty,
  confirm: object({ lfp: fingerprint, rfp: fingerprint, offer: hash, answer: hash }, syntax),
  chat: (value) => {
    const chat = rawChat(value);
    if (!isChatText(chat.text)) refuse('body-limit');
    return chat;
  },
  'chat-received': object({ id }, syntax),
  media: object({ audio: boolean(syntax), video: boolean(syntax) }, syntax),
  ping: object({ n: number32 }, syntax),
  pong: object({ n: number32 }, syntax),
};

const payloadOf = object(
  {
    v: integer(syntax, 255),
    t: text,
    from: base64Url(32, 'peer-id', syntax),
    fs: base64Url(32, 'session-id', syntax),
    to: base64Url(32, 'peer-id', syntax),
    ts: base64Url(32, 'session-id', syntax),
    room,
    call: id,
    seq: number32,
    re: nullable(hash),
    at: integer(syntax),
    body: (value: Json) => value,
  },
  syntax,
);

const CHANNEL_ONLY: readonly MessageType[] = ['confirm', 'chat', 'chat-received', 'media', 'ping', 'pong'];

/** The transport of a type; null for `bye`, which goes by both. */
export function transportOf(type: MessageType): Transport | null {
  if (type === 'bye') return null;
  return CHANNEL_ONLY.includes(type) ? 'channel' : 'link';
}

/** Whether this is a type of message. */
export function isMessageType(type: string): type is MessageType {
  return Object.hasOwn(READERS, type);
}

/** Whether this can be a line of chat: 1…4,000 characters, at most 8,192 bytes, not only white space. */
export function isChatText(line: string): boolean {
  return line.trim() !== '' && utf8Length(line) <= 8_192 && [...line].length <= 4_000;
}

/** 16 random bytes in base64url: the id of a call or of a line of chat. */
export function randomId(): string {
  return encodeBase64Url(randomBytes(16));
}

/** Signs a message. The body is checked as a receiver would, so that no program error here costs a call over there. */
export async function sealMessage(content: Content, header: Header, sessionKey: CryptoKey): Promise<Envelope> {
  const { from, fs, to, ts, room, call, seq, re } = header;
  const body = READERS[content.t](content.body as unknown as Json);
  const payload = { v: 1, t: content.t, from, fs, to, ts, room, call, seq, re, at: Date.now(), body };
  return seal('message', JSON.stringify(payload), sessionKey);
}

const verified = new WeakSet<object>();

/** Whether {@link openMessage} made this. */
export function isVerified(message: object): boolean {
  return verified.has(message);
}

/**
 * Rules 2, 3, 5, 6, 7 and 12 of docs/protocol.md §7: what can be said of a message without knowing the call.
 *
 * @param sender The verified certificate of whoever is said to have sent it.
 */
export async function openMessage(
  envelope: Envelope,
  sender: Certified,
  me: Recipient,
  transport: Transport,
): Promise<Message> {
  const payload = payloadOf(parsePayload(await open(envelope, 'message', sender.sessionKey)));
  if (payload.v !== 1) refuse('version');
  if (payload.from !== sender.peer || payload.fs !== sender.session) refuse('wrong-sender');
  if (payload.to !== me.peer) refuse('not-for-me');
  if (payload.ts !== me.session) refuse('stale-session');
  if (payload.room !== me.room) refuse('room');
  if (!isMessageType(payload.t)) refuse(syntax);
  const content = { t: payload.t, body: READERS[payload.t](payload.body) } as Content;
  if ((transportOf(payload.t) ?? transport) !== transport) refuse('wrong-transport');
  if ((payload.re !== null) !== (payload.t === 'answer')) refuse('answer-mismatch');
  const { call, seq, re, at, from } = payload;
  const message: Message = Object.freeze({ ...content, call, seq, re, at, from, hash: await hashOf(envelope) });
  verified.add(message);
  return message;
}
