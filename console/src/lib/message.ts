/** Messages between peers: who says it to whom, and its signature (docs/protocol.md §6, §7). */

import { isMessageType, NO_CALL, READERS, travels, type Content, type Transport } from './body';
import { encodeBase64Url, randomBytes } from './bytes';
import { room, type Certified } from './certificate';
import type { PeerId, SessionId } from './crypto';
import { hashOf, open, parsePayload, seal, type Envelope } from './envelope';
import type { Json } from './json';
import { refuse, type Reason } from './refusal';
import { base64Url, integer, nullable, object, string } from './shape';

export * from './body';

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

const syntax: Reason = 'payload-syntax';
const text = string(syntax);
const hash = base64Url(32, syntax);
const id = base64Url(16, syntax);
const number32 = integer(syntax, 0xffff_ffff);

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

/** 16 random bytes in base64url: the id of a call, a line of chat, a question, a file. */
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
  if (!travels(content, transport, payload.call !== NO_CALL)) refuse('wrong-transport');
  if ((payload.re !== null) !== (payload.t === 'answer')) refuse('answer-mismatch');
  const { call, seq, re, at, from } = payload;
  const message: Message = Object.freeze({ ...content, call, seq, re, at, from, hash: await hashOf(envelope) });
  verified.add(message);
  return message;
}
