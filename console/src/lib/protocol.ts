/** Frames: what peer and server say to each other (docs/protocol.md §4, §5), and everything of the wire under one name. */

import { utf8Length } from './bytes';
import { envelopeOf, type Envelope } from './envelope';
import { parseStrict } from './json';
import { refuse, type Reason } from './refusal';
import { asObject, base64Url, integer, list, nullable, object, oneOf, string, type Reader } from './shape';

export * from './certificate';
export * from './envelope';
export * from './message';
export { REASONS, Refusal, type Reason } from './refusal';
export { fingerprintOf, LARGEST_SDP, type SdpType } from './sdp';

/** Largest frame, bytes. */
export const LARGEST_FRAME = 65_536;

/** A peer as the server presents it: nothing of it is verified. */
export interface PeerDescription {
  readonly sess: Envelope;
  readonly memb: readonly Envelope[];
}

/** W3C `RTCIceServer`, with the credential's life in seconds. */
export interface IceServer {
  readonly urls: string[];
  readonly username?: string;
  readonly credential?: string;
  readonly ttl?: number;
}

/** Why the server did not do what a frame asked. Advice: never trusted for security. */
export const ERROR_CODES = ['offline', 'rate', 'too-big', 'bad-sig', 'bad-frame', 'gone', 'full'] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** From the server. */
export type ServerFrame =
  | { readonly t: 'hello'; readonly v: readonly number[]; readonly nonce: string; readonly aud: string }
  | {
      readonly t: 'welcome';
      readonly you: string;
      readonly peers: readonly PeerDescription[];
      readonly ice: IceServer[];
    }
  | { readonly t: 'joined'; readonly peer: PeerDescription }
  | { readonly t: 'left'; readonly peer: string }
  | { readonly t: 'revocations'; readonly list: Envelope }
  | { readonly t: 'msg'; readonly from: string; readonly m: Envelope }
  | { readonly t: 'err'; readonly ref: string | null; readonly code: ErrorCode };

/** To the server. */
export type ClientFrame =
  | {
      readonly t: 'auth';
      readonly room: string;
      readonly sess: Envelope;
      readonly memb: readonly Envelope[];
      readonly pop: Envelope;
    }
  | { readonly t: 'msg'; readonly to: string; readonly m: Envelope };

const syntax: Reason = 'frame-syntax';
const text = string(syntax);
const peerId = base64Url(32, 'peer-id', syntax);
const envelope = envelopeOf(syntax);
const whole = integer(syntax, 0xffff_ffff);
const peer = object({ sess: envelope, memb: list(envelope, 64, syntax) }, syntax);
const limits = object({ frame: whole, rate: whole, burst: whole }, syntax);

const iceServer: Reader<IceServer> = (value) => {
  const { urls, ...optional } = asObject(value, syntax);
  const readers: Record<string, Reader<unknown>> = { username: text, credential: text, ttl: whole };
  for (const [name, member] of Object.entries(optional)) (readers[name] ?? refuse(syntax))(member);
  return { urls: list(text, 16, syntax)(urls ?? null), ...optional };
};

const tag = <T extends string>(word: T) => oneOf([word], syntax);

const FRAMES: Record<ServerFrame['t'], Reader<ServerFrame>> = {
  hello: object(
    {
      t: tag('hello'),
      v: list(integer(syntax, 255), 64, syntax),
      nonce: base64Url(16, 'nonce', syntax),
      aud: text,
      limits,
    },
    syntax,
  ),
  welcome: object(
    { t: tag('welcome'), you: peerId, peers: list(peer, 4_096, syntax), ice: list(iceServer, 32, syntax) },
    syntax,
  ),
  joined: object({ t: tag('joined'), peer }, syntax),
  left: object({ t: tag('left'), peer: peerId }, syntax),
  revocations: object({ t: tag('revocations'), list: envelope }, syntax),
  msg: object({ t: tag('msg'), from: peerId, m: envelope }, syntax),
  err: object({ t: tag('err'), ref: nullable(peerId), code: oneOf(ERROR_CODES, syntax) }, syntax),
};

/** From one text frame of the server. */
export function parseFrame(frame: string): ServerFrame {
  if (utf8Length(frame) > LARGEST_FRAME) refuse('frame-too-big');
  const value = parseStrict(frame) ?? null;
  const type = asObject(value, syntax)['t'];
  if (typeof type !== 'string' || !Object.hasOwn(FRAMES, type)) refuse(syntax);
  return FRAMES[type as ServerFrame['t']](value);
}

/**
 * Whether the server that says it is `audience` is the one that was dialled: scheme, host, port (default ports elided) and path. A
 * rogue server could else relay our sign-in to the real one.
 */
export function isSameServer(dialled: string, audience: string): boolean {
  try {
    const [there, claimed] = [new URL(dialled), new URL(audience)];
    const plain = claimed.username === '' && claimed.password === '' && claimed.search === '' && claimed.hash === '';
    return (
      plain && there.protocol === claimed.protocol && there.host === claimed.host && there.pathname === claimed.pathname
    );
  } catch {
    return false;
  }
}
