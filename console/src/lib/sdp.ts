/**
 * The SDP policy: what a description must and must not say before the browser reads it (docs/protocol.md §7). A scan of lines, not a
 * parser of meaning, on purpose: every line that any SDP parser could take for a fingerprint, a key or a credential is looked at.
 */

import { utf8Length } from './bytes';
import { refuse } from './refusal';

/** Largest description, bytes. */
export const LARGEST_SDP = 32 * 1024;
const MOST_SECTIONS = 16;
const WATCHED = ['fingerprint', 'crypto', 'ice-ufrag', 'ice-pwd', 'setup', 'group', 'mid', 'bundle-only'];
const FINGERPRINT = /^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/;

/** Which half of an exchange a description is. */
export type SdpType = 'offer' | 'answer';

interface Section {
  /** Port 0: rejected, or without a transport of its own (`bundleOnly`, RFC 9143 §6). */
  readonly rejected: boolean;
  bundleOnly: boolean;
  mid: string | null;
  fingerprint: boolean;
  ice: boolean;
  setup: boolean;
}

/** What the scan has seen so far. `sections[0]` is the session level. */
interface Scan {
  readonly type: SdpType;
  readonly sections: Section[];
  bundle: string[] | null;
  fingerprint: string | null;
  ufrag: string | null;
  pwd: string | null;
}

const section = (rejected: boolean): Section => ({
  rejected,
  bundleOnly: false,
  mid: null,
  fingerprint: false,
  ice: false,
  setup: false,
});

/**
 * Checks a description.
 *
 * @returns The one sha-256 fingerprint that all its sections share: 64 lower-case hex digits.
 */
export function fingerprintOf(sdp: string, type: SdpType): string {
  if (utf8Length(sdp) > LARGEST_SDP) refuse('sdp-size');
  if (!sdp.endsWith('\n')) refuse('sdp-syntax');
  const lines = sdp
    .slice(0, -1)
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line));
  if (lines.shift() !== 'v=0') refuse('sdp-syntax');
  const scan: Scan = { type, sections: [section(false)], bundle: null, fingerprint: null, ufrag: null, pwd: null };
  for (const line of lines) scanLine(scan, line);
  return verdict(scan);
}

/** Checks a peer's description against the fingerprint that its message declares. */
export function checkDescription(sdp: string, fingerprint: string, type: SdpType): void {
  if (fingerprintOf(sdp, type) !== fingerprint) refuse('sdp-fingerprint-mismatch');
}

function scanLine(scan: Scan, line: string): void {
  const [, name, value] = /^([a-z])=(.*)$/s.exec(line) ?? refuse('sdp-syntax');
  const printable = name === 's' ? /^[^\x00-\x1f\x7f]*$/ : /^[\x20-\x7e]*$/;
  if (value === undefined || !printable.test(value)) refuse('sdp-syntax');
  if (name === 'v') refuse('sdp-syntax');
  if (name === 'k') refuse('sdp-crypto');
  if (name === 'm') scanMedia(scan, value);
  if (name === 'a') {
    const colon = value.indexOf(':');
    if (colon < 0) scanAttribute(scan, value, '');
    else scanAttribute(scan, value.slice(0, colon), value.slice(colon + 1));
  }
}

/** RFC 8866 §5.14: `m=<media> <port> <proto> <fmt> …`. */
function scanMedia(scan: Scan, value: string): void {
  const [, port, protocol] = value.split(' ');
  if (port === undefined || !/^\d{1,5}$/.test(port) || Number(port) > 65_535) refuse('sdp-syntax');
  if (protocol !== 'UDP/TLS/RTP/SAVPF' && protocol !== 'UDP/DTLS/SCTP') refuse('sdp-protocol');
  scan.sections.push(section(Number(port) === 0));
  if (scan.sections.length > MOST_SECTIONS + 1) refuse('sdp-sections');
}

function scanAttribute(scan: Scan, attribute: string, value: string): void {
  const lower = attribute.toLowerCase();
  // Attribute names are case-sensitive (RFC 8866 §9): a sibling that only differs in case wants to be read by a sloppy parser.
  if (WATCHED.includes(lower.trim()) && lower !== attribute) refuse('sdp-syntax');
  const current = scan.sections.at(-1)!;
  switch (attribute) {
    case 'crypto':
      return refuse('sdp-crypto');
    case 'fingerprint':
      return scanFingerprint(scan, current, value);
    case 'ice-ufrag':
      current.ice = true;
      scan.ufrag = same(scan.ufrag, value);
      return;
    case 'ice-pwd':
      scan.pwd = same(scan.pwd, value);
      return;
    case 'setup':
      current.setup = true;
      if (!(scan.type === 'offer' ? ['actpass'] : ['active', 'passive']).includes(value)) refuse('sdp-setup');
      return;
    case 'bundle-only':
      current.bundleOnly = true;
      return;
    case 'mid':
      if (current.mid !== null) refuse('sdp-bundle');
      current.mid = value;
      return;
    case 'group':
      if (!value.startsWith('BUNDLE')) return;
      if (scan.bundle) refuse('sdp-bundle');
      scan.bundle = value.slice('BUNDLE'.length).split(' ').filter(Boolean);
  }
}

/** RFC 8122 §5. sha-384 and sha-512 are strong and ignored (a peer may send several); anything else is refused. */
function scanFingerprint(scan: Scan, current: Section, value: string): void {
  const space = value.indexOf(' ');
  if (space < 0) refuse('sdp-syntax');
  const algorithm = value.slice(0, space).toLowerCase();
  if (algorithm === 'sha-384' || algorithm === 'sha-512') return;
  if (algorithm !== 'sha-256') refuse('sdp-fingerprint-algorithm');
  const digest = value.slice(space + 1);
  if (!FINGERPRINT.test(digest)) refuse('sdp-syntax');
  const found = digest.replaceAll(':', '').toLowerCase();
  current.fingerprint = true;
  scan.fingerprint ??= found;
  if (scan.fingerprint !== found) refuse('sdp-fingerprint-mismatch');
}

/** One pair of ICE credentials for the whole bundle (RFC 8843 §7.1.3). */
function same(seen: string | null, value: string): string {
  if (value.length < 4 || value.length > 256 || (seen !== null && seen !== value)) refuse('sdp-ice');
  return value;
}

function verdict(scan: Scan): string {
  const [session, ...sections] = scan.sections;
  const used = sections.filter((each) => !each.rejected);
  if (!session || used.length === 0) refuse('sdp-sections');
  const { fingerprint, ufrag, pwd, bundle } = scan;
  const covered = session.fingerprint || used.every((each) => each.fingerprint);
  if (fingerprint === null || !covered) refuse('sdp-fingerprint-missing');
  const inBundle = sections.filter((each) => !each.rejected || each.bundleOnly);
  if (!inBundle.every(({ mid }) => mid !== null && bundle?.includes(mid))) refuse('sdp-bundle');
  if (ufrag === null || pwd === null || !(session.ice || used.some(({ ice }) => ice))) refuse('sdp-ice');
  if (!(session.setup || used.every(({ setup }) => setup))) refuse('sdp-setup');
  return fingerprint;
}
