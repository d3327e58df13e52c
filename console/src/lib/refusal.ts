/** Why something that came in is refused: the reason codes of docs/protocol.md §8. */

/** Every reason code. */
export const REASONS = [
  'frame-too-big',
  'frame-syntax',
  'header',
  'signature-length',
  'signature',
  'payload-syntax',
  'version',
  'key',
  'peer-id',
  'session-id',
  'unknown-peer',
  'expired',
  'not-yet-valid',
  'audience',
  'nonce',
  'room',
  'role',
  'name',
  'epoch',
  'not-for-me',
  'stale-session',
  'wrong-sender',
  'untrusted',
  'unknown-call',
  'call-reused',
  'out-of-order',
  'replayed',
  'answer-mismatch',
  'wrong-transport',
  'unexpected',
  'sdp-size',
  'sdp-syntax',
  'sdp-protocol',
  'sdp-fingerprint-missing',
  'sdp-fingerprint-mismatch',
  'sdp-fingerprint-algorithm',
  'sdp-crypto',
  'sdp-bundle',
  'sdp-ice',
  'sdp-setup',
  'sdp-sections',
  'body-limit',
  'certificate-mismatch',
  'confirm-mismatch',
  'not-confirmed',
  'pairing-mismatch',
  'revocation-old',
] as const;

/** A reason code. */
export type Reason = (typeof REASONS)[number];

/** Thrown by everything that checks what came in. Its message is the reason code. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly reason: Reason;

  constructor(reason: Reason) {
    super(reason);
    this.reason = reason;
  }
}

/** Throws a {@link Refusal}. */
export function refuse(reason: Reason): never {
  throw new Refusal(reason);
}

/** The reason, if `error` is a refusal; else the error is a bug and goes on. */
export function reasonOf(error: unknown): Reason {
  if (error instanceof Refusal) return error.reason;
  throw error;
}
