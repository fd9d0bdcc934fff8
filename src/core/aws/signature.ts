// A signed request by AWS's API as it stood, and whether it comes at the right time, for the right service. Pure: whether
// the signature is right is judged elsewhere. The messages are AWS's own. Source: Signature Version 4, and raw replies of
// Secrets Manager.

import type { SigningScope } from './keys-port.ts';

/** The parts of a request that are signed, as they were received. */
export interface SignedParts {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Uint8Array;
}

/** What a request says of its signature. Nothing about it is known yet. */
export interface AwsSignature {
  readonly accessKeyId: string;
  readonly scope: SigningScope;
  /** `20250131T235959Z`, and the same in milliseconds since 1970. */
  readonly date: string;
  readonly time: number;
  /** Of a signed address: how long it holds. */
  readonly lifetimeSeconds?: number;
  readonly sessionToken?: string;
  /** 64 hex digits. */
  readonly signature: string;
  readonly stringToSign: string;
}

/** Why a request was refused before anything was asked of the store. */
export interface SignatureProblem {
  readonly code:
    | 'MissingAuthenticationTokenException'
    | 'IncompleteSignatureException'
    | 'InvalidSignatureException'
    | 'UnrecognizedClientException'
    | 'ExpiredTokenException';
  readonly message: string;
}

export interface SignatureReader {
  /** What the request says; undefined where it is not signed at all. */
  read(parts: SignedParts): AwsSignature | SignatureProblem | undefined;
  /** In constant time. */
  isSigned(signature: AwsSignature, signingKey: Uint8Array): boolean;
}

export const UNSIGNED: SignatureProblem = {
  code: 'MissingAuthenticationTokenException',
  message: 'Missing Authentication Token',
};

/** Also of a session token that is not of that key. */
export const UNKNOWN_KEY: SignatureProblem = {
  code: 'UnrecognizedClientException',
  message: 'The security token included in the request is invalid.',
};

export const EXPIRED_SESSION: SignatureProblem = {
  code: 'ExpiredTokenException',
  message: 'The security token included in the request is expired',
};

export const WRONG_SIGNATURE: SignatureProblem = {
  code: 'InvalidSignatureException',
  message:
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key ' +
    'and signing method. Consult the service documentation for details.',
};

export function invalidSignature(message: string): SignatureProblem {
  return { code: 'InvalidSignatureException', message };
}

/** Why a signature for another service, region or time is refused. `region`: the only one it may be for. */
export function judgeScope(
  { scope, date, time, lifetimeSeconds = Number.POSITIVE_INFINITY }: AwsSignature,
  expected: { readonly service: string; readonly region: string | undefined; readonly windowSeconds: number },
  now: number,
): SignatureProblem | undefined {
  const { service, region, windowSeconds } = expected;
  if (scope.service !== service) {
    return invalidSignature(`Credential should be scoped to correct service: '${service}'. `);
  }
  if (region !== undefined && scope.region !== region) {
    return invalidSignature(`Credential should be scoped to a valid region, not '${scope.region}'. `);
  }
  const seconds = Math.min(windowSeconds, lifetimeSeconds);
  const minutes = windowSeconds / 60;
  if (now - time > seconds * 1000) {
    const oldest = isoBasic(now - seconds * 1000);
    const by = seconds === windowSeconds ? `${minutes} min.` : `${seconds} s`;
    return invalidSignature(`Signature expired: ${date} is now earlier than ${oldest} (${isoBasic(now)} - ${by})`);
  }
  if (time - now > windowSeconds * 1000) {
    const newest = isoBasic(now + windowSeconds * 1000);
    return invalidSignature(
      `Signature not yet current: ${date} is still later than ${newest} (${isoBasic(now)} + ${minutes} min.)`,
    );
  }
  return undefined;
}

const BASIC = /^\d{8}T\d{6}Z$/;

/** `20250131T235959Z` in milliseconds since 1970; undefined for any other form, and for what is no time. */
export function parseIsoBasic(text: string): number | undefined {
  if (!BASIC.test(text)) return undefined;
  const part = (from: number, to: number) => Number(text.slice(from, to));
  const year = part(0, 4);
  const month = part(4, 6);
  const day = part(6, 8);
  const hour = part(9, 11);
  const minute = part(11, 13);
  const second = part(13, 15);
  const time = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  // What overflows its place is a time to JavaScript, of another day.
  const isOne = time.getUTCMonth() === month - 1 && time.getUTCDate() === day && time.getUTCHours() === hour;
  return isOne && minute < 60 && second < 60 && year >= 1970 ? time.getTime() : undefined;
}

function isoBasic(time: number): string {
  return new Date(time).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
}
