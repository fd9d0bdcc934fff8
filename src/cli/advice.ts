// What to do about an error of the server, where its message does not say so: one more line below it. The messages are
// Google's or the core's own, so both are known here.

import type { ApiError } from '../client/error.ts';

interface Advice {
  readonly status: RegExp;
  readonly message: RegExp;
  readonly advice: string;
}

const ADVICE: readonly Advice[] = [
  {
    status: /^ALREADY_EXISTS$/,
    message: /^Secret \[/,
    advice: 'To give it a new value, run coffer secrets versions add.',
  },
  {
    status: /^(FAILED_PRECONDITION|VERSION_NOT_ENABLED)$/,
    message: /DISABLED/,
    advice: 'To read it again, run coffer secrets versions enable; coffer secrets versions list shows the others.',
  },
  {
    status: /^(FAILED_PRECONDITION|VERSION_NOT_ENABLED)$/,
    message: /is in DESTROYED state|is DESTROYED/,
    advice: 'It is gone for good; coffer secrets versions list shows the others.',
  },
  {
    status: /^VERSION_IN_USE$/,
    message: /./,
    advice: 'To see every reader, run coffer secrets consumers; to do it all the same, add --force.',
  },
  {
    status: /^ROLLBACK_NOWHERE$/,
    message: /./,
    advice:
      'To make a version current by its number, run coffer secrets promote; coffer secrets versions list shows them.',
  },
  {
    status: /^(FAILED_PRECONDITION|ETAG_MISMATCH)$/,
    message: /etag/,
    advice: 'It was changed meanwhile: read its etag again, or leave --etag out.',
  },
  {
    status: /^INVALID_ARGUMENT$/,
    message: /^The provided Secret Version ID/,
    advice: 'A version is changed by its number only; coffer secrets versions list shows them.',
  },
];

/** The line to print below the error; undefined where its message says enough. */
export function adviceFor({ status, message }: ApiError): string | undefined {
  return ADVICE.find((each) => each.status.test(status) && each.message.test(message))?.advice;
}
