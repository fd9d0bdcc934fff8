// The Date of an answer (RFC 9110 section 6.6.1), made once a second.

let second = 0;
let text = '';

/** The time in the form of RFC 9110 section 5.6.7; the same string for all of a second. */
export function httpDate(): string {
  const now = Math.floor(Date.now() / 1000);
  if (now !== second) {
    second = now;
    text = new Date(now * 1000).toUTCString();
  }
  return text;
}
