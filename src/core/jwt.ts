// What a service account says in a JWT that it signed itself, and whether that may be believed at this moment: the
// bearer of AIP-4111 ("self-signed JWT") and the assertion of RFC 7523. Pure: the signature is judged elsewhere.
// Anything that is not exactly what Google's libraries write is refused (RFC 8725).

import { ASSERTION_SECONDS_MAX, AUDIENCE_CHARS_MAX, CLOCK_SKEW_SECONDS } from './limits.ts';
import { type AccountEmail, parseAccountEmail } from './name.ts';

/** Claims as they stood in the token: nothing about them is known yet. */
export type Claims = Readonly<Record<string, unknown>>;

/** A JWT in the one form that is read: RS256, and a `kid` of 40 hex digits if any. Its signature was not looked at yet. */
export interface SignedJwt {
  /** SHA-256 of the whole text in hex: its name in the audit. */
  readonly hash: string;
  /** Absent: by any key of the account, as Node's library leaves it out of a grant. */
  readonly keyId?: string;
  readonly claims: Claims;
  /** The part that is signed. */
  readonly signed: string;
  readonly signature: Uint8Array;
  /** Signed by RSASSA-PSS. */
  readonly isPss?: true;
}

/** Why a signed credential was refused. */
export type JwtProblem =
  | 'malformed'
  | 'issuer'
  | 'delegation'
  | 'audience'
  | 'lifetime'
  | 'scope'
  | 'account'
  | 'signature'
  /** What proves a client is not what this one was given, or there is no such client. */
  | 'client';

/** What an account asks for with what it signed. */
export interface Assertion {
  /** Of the key that signed it. */
  readonly workload?: string;
  readonly email: AccountEmail;
  /** It asks for an ID token for this audience rather than for an access token. */
  readonly targetAudience?: string;
}

/** Only for what is exchanged at the token endpoint. Source: Microsoft Entra, "Workload identity federation". */
export const FEDERATION_AUDIENCE = 'api://AzureADTokenExchange';

export type Judged = Assertion | { readonly problem: JwtProblem };

/** The only scope that a token of this server has. */
export const CLOUD_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** A bearer: issued by and about the account, for one of `audiences` or, without any, for the scope of Google Cloud. */
export function judgeBearer(claims: Claims, audiences: readonly string[], now: number): Judged {
  const email = issuerAccount(claims['iss']);
  if (email === undefined || claims['sub'] !== claims['iss']) return { problem: 'issuer' };
  const { aud } = claims;
  // An empty audience is how some libraries leave it out.
  const isMeant = aud === undefined || aud === '' ? hasCloudScope(claims) : isOneOf(aud, audiences);
  if (!isMeant) return { problem: 'audience' };
  return isTimely(claims, now) ? { email } : { problem: 'lifetime' };
}

/** A grant: addressed to the token endpoint by one of its names, and asking for a scope or for an ID token. */
export function judgeGrant(claims: Claims, audiences: readonly string[], now: number): Judged {
  const email = issuerAccount(claims['iss']);
  if (email === undefined) return { problem: 'issuer' };
  // Acting for a user of a domain is not something this server knows.
  if (claims['sub'] !== undefined && claims['sub'] !== claims['iss']) return { problem: 'delegation' };
  if (!isOneOf(claims['aud'], audiences)) return { problem: 'audience' };
  if (!isTimely(claims, now)) return { problem: 'lifetime' };
  const target = claims['target_audience'];
  if (target === undefined) return hasCloudScope(claims) ? { email } : { problem: 'scope' };
  const isLegal = typeof target === 'string' && target !== '' && target.length <= AUDIENCE_CHARS_MAX;
  return isLegal ? { email, targetAudience: target } : { problem: 'scope' };
}

/** What a client signed to prove itself (RFC 7523 section 3): issued by and about it, for one of `audiences`. */
export function judgeClient(
  claims: Claims,
  client: string,
  audiences: readonly string[],
  now: number,
): JwtProblem | undefined {
  const { iss, sub, aud, exp, nbf } = claims;
  if (iss !== client || sub !== client) return 'issuer';
  if (!isOneOf(aud, audiences)) return 'audience';
  // Node's library leaves out when it was issued.
  const iat = claims['iat'] ?? nbf ?? now / 1000;
  return isTimely({ iat, exp, ...(nbf === undefined ? {} : { nbf }) }, now) ? undefined : 'lifetime';
}

/** An ID token for one audience, by one of these issuers (OpenID Connect Core 1.0 section 3.1.3.7): whom it is about. */
export function judgeIdToken(
  claims: Claims,
  expected: { readonly audience: string; readonly issuers: readonly string[] },
  now: number,
): { readonly subject: string } | { readonly problem: JwtProblem } {
  const { iss, aud, sub } = claims;
  if (!isOneOf(iss, expected.issuers) || typeof sub !== 'string' || sub === '') return { problem: 'issuer' };
  if (aud !== expected.audience) return { problem: 'audience' };
  return isTimely(claims, now) ? { subject: sub } : { problem: 'lifetime' };
}

/** The account that an `iss` names; undefined where it names none, spelled as IAM spells it. */
export function issuerAccount(issuer: unknown): AccountEmail | undefined {
  if (typeof issuer !== 'string') return undefined;
  try {
    const email = parseAccountEmail(issuer);
    return email === issuer ? email : undefined;
  } catch {
    return undefined;
  }
}

function isOneOf(audience: unknown, audiences: readonly string[]): boolean {
  return typeof audience === 'string' && audiences.includes(audience);
}

function hasCloudScope({ scope }: Claims): boolean {
  return typeof scope === 'string' && scope.split(' ').includes(CLOUD_SCOPE);
}

/** Issued and not yet over, for an hour at most; the clock that it was written by may be a minute off. */
function isTimely({ iat, exp, nbf }: Claims, now: number): boolean {
  if (!isTime(iat) || !isTime(exp) || (nbf !== undefined && !isTime(nbf))) return false;
  const seconds = now / 1000;
  const begins = Math.max(iat, nbf ?? iat);
  return (
    exp > begins &&
    exp - iat <= ASSERTION_SECONDS_MAX &&
    begins <= seconds + CLOCK_SKEW_SECONDS &&
    seconds < exp + CLOCK_SKEW_SECONDS
  );
}

/** A NumericDate of RFC 7519 section 2. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}

/** Reads what service accounts signed. */
export interface JwtReader {
  /** The parts of a JWT; undefined for a text that is none, or not exactly of the one form that is taken. */
  read(text: string): SignedJwt | undefined;
  /** The same of what a client signed by its certificate, which may say more of itself and sign by RSASSA-PSS. */
  readClient(text: string): SignedJwt | undefined;
  /** `publicKey` is SubjectPublicKeyInfo in PEM. */
  isSignedBy(jwt: SignedJwt, publicKey: string): boolean;
}
