// Small parts of Google's messages as the core has them: etags, pages, times, payloads. Each answers "is this the
// shape?"; whether the values are legal, the core says.

import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import type { SecretPayload } from '../../../gen/google/cloud/secretmanager/v1/resources_pb.js';
import { Redacted } from '../../core/redacted.ts';
import type { FilteredRequest, PageRequest } from '../../ops/paging.ts';
import type { AddVersion } from '../../ops/versions.ts';
import { invalidField, unsupported } from './invalid.ts';

/** An etag as the wire shows it, without its quotes. Empty is none; another form matches nothing. */
export function decodeEtag(etag: string): { readonly etag?: string } {
  if (etag === '') return {};
  return { etag: /^"([0-9a-f]{1,32})"$/.exec(etag)?.[1] ?? 'no etag has this form' };
}

/** A page as asked for; throws UNIMPLEMENTED where the list was also to be filtered. */
export function decodePage(request: { pageSize: number; pageToken: string; filter?: string }): PageRequest {
  if (request.filter !== undefined && request.filter !== '') throw unsupported('Field [filter]');
  return { pageSize: request.pageSize, pageToken: request.pageToken };
}

/** A page of a list that can be filtered. */
export function decodeFilteredPage(request: { pageSize: number; pageToken: string; filter: string }): FilteredRequest {
  return { pageSize: request.pageSize, pageToken: request.pageToken, filter: request.filter };
}

export function decodePayload(payload: SecretPayload | undefined): Pick<AddVersion, 'payload' | 'crc32c'> {
  const sum = payload?.dataCrc32c;
  return {
    payload: new Redacted<Uint8Array>(payload?.data ?? new Uint8Array()),
    // Out of the range of a CRC-32C the number matches no payload.
    ...(sum === undefined ? {} : { crc32c: sum >= 0n && sum < 2n ** 32n ? Number(sum) : -1 }),
  };
}

/** Whole seconds of a duration that must be positive; 0 where there is none. Throws INVALID_FIELD. */
export function decodeSeconds(duration: Duration | undefined, field: string): number {
  if (duration === undefined) return 0;
  const whole = duration.nanos === 0 && duration.seconds > 0n && duration.seconds <= BigInt(Number.MAX_SAFE_INTEGER);
  if (!whole) throw invalidField(field, 'must be a positive number of whole seconds');
  return Number(duration.seconds);
}

/** As duration.proto bounds it: some ten thousand years. */
const DURATION_SECONDS_MAX = 315_576_000_000n;

/** Seconds of a duration, with its fraction and its sign. Throws INVALID_FIELD for one that duration.proto rules out. */
export function decodeDuration({ seconds, nanos }: Duration, field: string): number {
  const fits = -DURATION_SECONDS_MAX <= seconds && seconds <= DURATION_SECONDS_MAX && Math.abs(nanos) < 1e9;
  const oneSign = seconds === 0n || nanos === 0 || seconds > 0n === nanos > 0;
  if (!fits || !oneSign) throw invalidField(field, 'is no duration');
  return Number(seconds) + nanos / 1e9;
}

/** 0001-01-01 and the end of 9999, as timestamp.proto bounds it. */
const TIMESTAMP_SECONDS_MIN = -62_135_596_800n;
const TIMESTAMP_SECONDS_MAX = 253_402_300_799n;

/** Milliseconds since 1970, what is finer cut off. Throws INVALID_FIELD for a moment that timestamp.proto rules out. */
export function decodeTime({ seconds, nanos }: Timestamp, field: string): number {
  const fits = TIMESTAMP_SECONDS_MIN <= seconds && seconds <= TIMESTAMP_SECONDS_MAX && nanos >= 0 && nanos < 1e9;
  if (!fits) throw invalidField(field, 'is no time');
  return Number(seconds) * 1000 + Math.floor(nanos / 1e6);
}
