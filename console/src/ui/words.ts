/** What the page says, in one place. */

import type { ConnectionState, Ending, LinkStatus, Statistics, Verification } from '../lib';
import type { IconName } from './Icon.svelte';

export const LINK_WORDS: Readonly<Record<LinkStatus, string>> = {
  offline: 'Signed out',
  connecting: 'Connecting…',
  'signing-in': 'Signing in…',
  online: 'Online',
  waiting: 'Offline',
};

interface VerificationWords {
  readonly icon: IconName;
  readonly short: string;
  readonly long: string;
}

export const VERIFICATION_WORDS: Readonly<Record<Verification, VerificationWords>> = {
  pinned: { icon: 'shield', short: 'Trusted', long: 'You trust this key. Nobody else can call under it.' },
  member: { icon: 'shield', short: 'Member', long: 'Your organisation vouches for this key.' },
  unverified: {
    icon: 'shield-unknown',
    short: 'Unverified',
    long: 'Nobody has vouched for this key. The name is only what the caller says.',
  },
  changed: {
    icon: 'shield-alert',
    short: 'Key changed',
    long: 'You trust another key under this name. This may be an impostor: compare the key before you say anything.',
  },
};

const ENDINGS: Readonly<Record<Ending, (name: string) => string>> = {
  'hung-up': () => 'You hung up.',
  declined: (name) => `You declined the call from ${name}.`,
  'no-answer': (name) => `No answer: the call with ${name} rang for too long.`,
  'no-connection': (name) => `No connection to ${name} could be made. A firewall may be in the way.`,
  'peer-hung-up': (name) => `${name} hung up.`,
  'peer-offline': (name) => `${name} has left the room.`,
  'peer-lost': (name) => `The connection to ${name} was lost.`,
  rejected: (name) => `${name} declined.`,
  busy: (name) => `${name} is in another call.`,
  untrusted: (name) => `${name} does not accept calls from this console: its key is not trusted there.`,
  'link-lost': () => 'The call ended because the server could not be reached.',
  'not-secure': (name) => `The call was stopped: the connection was not with ${name}. Somebody may be listening in.`,
  protocol: () => 'The call was stopped: messages were missing or made no sense.',
  'media-failed': () => 'The call was stopped: sound or picture could not be set up.',
  shutdown: (name) => `${name} is being switched off.`,
};

/** Why the last call ended. */
export function endingWords(ending: Ending, name: string): string {
  return ENDINGS[ending](name);
}

/** Where the call stands, as a sentence. */
export function phaseWords({ phase, peer, ringing }: ConnectionState): string {
  const name = peer?.name ?? '';
  switch (phase) {
    case 'idle':
      return 'Ready for calls';
    case 'ringing-out':
      return ringing ? `Ringing at ${name}…` : `Calling ${name}…`;
    case 'ringing-in':
      return `${name} is calling`;
    case 'connecting':
      return `Connecting to ${name}…`;
    case 'in-call':
      return `In call with ${name}`;
    case 'ended':
      return 'Call ended';
  }
}

const LEVELS = { good: 'Good', fair: 'Fair', poor: 'Poor' } as const;

/** The quality of the connection, short and in numbers. */
export function qualityWords(quality: Statistics): { short: string; long: string } {
  const { level, roundTripTime, packetsLost, framesPerSecond, frameWidth, frameHeight } = quality;
  const parts = [
    roundTripTime === null ? null : `${Math.round(roundTripTime * 1000)} ms round trip`,
    `${packetsLost} ${packetsLost === 1 ? 'packet' : 'packets'} lost`,
    framesPerSecond === null ? null : `${Math.round(framesPerSecond)} frames/s`,
    frameWidth === null || frameHeight === null ? null : `${frameWidth} × ${frameHeight}`,
  ];
  return { short: LEVELS[level], long: parts.filter((part) => part !== null).join(' · ') };
}

/** A PeerId in groups that two people can read to each other. */
export function groups(peer: string): readonly string[] {
  return peer.match(/.{1,4}/g) ?? [];
}

/** A span of time as m:ss or h:mm:ss. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (number: number) => String(number).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
