/** What cannot be done now. */

const SENTENCES = {
  busy: 'There is a call already; hang up first.',
  'not-in-room': 'This peer is not in the room.',
  nobody: 'Nobody else is in the room.',
  'no-offer': 'There is no offer to send; create one first.',
  'no-answer': 'There is no answer to send; process an offer first.',
  'nobody-calls': 'Nobody is calling.',
  'other-offer': 'This is not the offer that rings.',
  'no-call': 'There is no call.',
  'not-confirmed': 'The call is not confirmed yet.',
  ended: 'The call has ended.',
  'set-up': 'The browser could not set the call up.',
  'empty-file': 'There is nothing in this file.',
} as const;

/** What cannot be done, as a word for programs. */
export type CallErrorCode = keyof typeof SENTENCES;

/** Something cannot be done now; the message is a sentence for people. */
export class CallError extends Error {
  override readonly name = 'CallError';
  readonly code: CallErrorCode;

  constructor(code: CallErrorCode) {
    super(SENTENCES[code]);
    this.code = code;
  }
}

/** Throws a {@link CallError}. */
export function cannot(code: CallErrorCode): never {
  throw new CallError(code);
}
