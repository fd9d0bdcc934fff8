// What an operation answered, as JSON: times as RFC 3339, and the one place where a token leaves by this door.

import type { AuditPage, AuditVerdict, ChainedRecord } from '../../core/audit-record.ts';
import type { SealStatus } from '../../core/ports.ts';
import type { IssuedToken } from '../../ops/tokens.ts';

type Json = Readonly<Record<string, unknown>>;

const time = (milliseconds: number) => new Date(milliseconds).toISOString();

const record = ({ time: at, ...rest }: ChainedRecord): Json => ({ ...rest, time: time(at) });

const encoders: Readonly<Record<string, (result: never) => Json>> = {
  'audit.query': ({ records, next }: AuditPage) => ({
    records: records.map(record),
    ...(next === undefined ? {} : { next }),
  }),
  'audit.verify': (verdict: AuditVerdict) => ({ ...verdict }),
  'server.seal': (status: SealStatus) => ({ ...status }),
  'tokens.issue': ({ token, expiresAt }: IssuedToken) => ({
    accessToken: token.reveal(),
    expireTime: time(expiresAt),
  }),
  'tokens.revoke': () => ({}),
};

/** The JSON of an operation's result; an operation without an encoder answers nothing at all rather than too much. */
export function encodeResult(operation: string, result: unknown): Json {
  const encode = encoders[operation];
  if (encode === undefined) throw new TypeError(`operation ${operation} has a route but no encoder`);
  return encode(result as never);
}
