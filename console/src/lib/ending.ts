/** Why a call ended, and what the peer is told of it. */

import type { ByeReason, RejectReason } from './message';

/** Why a call ended. */
export type Ending =
  | 'hung-up'
  | 'declined'
  | 'no-answer'
  | 'no-connection'
  | 'peer-hung-up'
  | 'peer-offline'
  | 'peer-lost'
  | 'rejected'
  | 'busy'
  | 'untrusted'
  | 'link-lost'
  | 'not-secure'
  | 'protocol'
  | 'media-failed'
  | 'shutdown';

/** The word to the peer. Null: it knows, or cannot be told. */
export type Farewell =
  { readonly t: 'reject'; readonly why: RejectReason } | { readonly t: 'bye'; readonly why: ByeReason } | null;

/** What the peer is told. */
export function farewell(ending: Ending, ringingIn: boolean): Farewell {
  switch (ending) {
    case 'hung-up':
      return { t: 'bye', why: 'hang-up' };
    case 'declined':
      return { t: 'reject', why: 'declined' };
    case 'no-answer':
      return ringingIn ? { t: 'reject', why: 'timeout' } : { t: 'bye', why: 'timeout' };
    case 'no-connection':
      return { t: 'bye', why: 'timeout' };
    case 'peer-lost':
      return { t: 'bye', why: 'lost' };
    case 'not-secure':
      return { t: 'bye', why: 'security' };
    case 'protocol':
      return { t: 'bye', why: 'protocol' };
    case 'media-failed':
      return ringingIn ? { t: 'reject', why: 'media' } : { t: 'bye', why: 'media' };
    case 'shutdown':
      return { t: 'bye', why: 'shutdown' };
    case 'peer-hung-up':
    case 'peer-offline':
    case 'rejected':
    case 'busy':
    case 'untrusted':
    case 'link-lost':
      return null;
  }
}

/** How a peer's `reject` ends our call. */
export const REJECTED: Readonly<Record<RejectReason, Ending>> = {
  declined: 'rejected',
  busy: 'busy',
  timeout: 'no-answer',
  untrusted: 'untrusted',
  media: 'media-failed',
  gone: 'peer-lost',
};

/** How a peer's `bye` ends our call. */
export const SAID_BYE: Readonly<Record<ByeReason, Ending>> = {
  'hang-up': 'peer-hung-up',
  timeout: 'no-connection',
  lost: 'peer-lost',
  media: 'media-failed',
  security: 'not-secure',
  protocol: 'protocol',
  shutdown: 'shutdown',
};
