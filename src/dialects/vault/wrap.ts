// An answer that was asked for wrapped: it is kept sealed, and what leaves is a token that opens it once.
// Source: https://developer.hashicorp.com/vault/docs/concepts/response-wrapping

import type { Maybe } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import { then } from '../../ops/maybe.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import { type Logical, vaultInternal } from '../../ops/vault/logical.ts';
import type { FinishedReply } from '../../ops/vault/route.ts';
import { WRAP_ROUTE } from '../../ops/vault/wrapping.ts';
import type { WireResponse } from '../../wire/types.ts';
import { replied } from './answer.ts';
import type { VaultRequest } from './request.ts';

export interface Wrapping {
  readonly door: VaultDoor;
  readonly request: VaultRequest;
  readonly entered: Entered;
}

/** Answers that are never wrapped: they are about wrapping. */
const NEVER = new Set(['sys/wrapping/lookup', 'sys/wrapping/unwrap', 'sys/wrapping/rewrap']);

/** The answer itself, or the token for it where the request asked for one. */
export function wrapped(about: Wrapping, response: WireResponse): Maybe<WireResponse> {
  const { request } = about;
  if (request.wrapSeconds === undefined || response.status !== 200 || response.body === undefined) return response;
  // Only what has the envelope is wrapped: the rest is public.
  if (NEVER.has(request.path) || response.headers?.['content-type'] !== 'application/json') return response;
  const body = typeof response.body === 'string' ? new TextEncoder().encode(response.body) : response.body;
  return keep(about, body, { path: request.path, ttl: request.wrapSeconds, ...accessorIn(body) });
}

/** What was opened, under a new token, with the path and the time of the old one. */
export function rewrapped(about: Wrapping, { opened, data = {} }: FinishedReply): Maybe<WireResponse> {
  return keep(about, opened?.reveal() ?? new Uint8Array(), data);
}

function accessorIn(body: Uint8Array): { readonly accessor?: string } {
  const { auth } = JSON.parse(new TextDecoder().decode(body)) as { readonly auth?: { readonly accessor?: string } };
  return auth?.accessor === undefined ? {} : { accessor: auth.accessor };
}

function keep({ door, request, entered }: Wrapping, body: Uint8Array, data: Logical['data']): Maybe<WireResponse> {
  const reply = door.call(vaultInternal, entered.caller, {
    ...{ project: entered.project, verb: 'write' as const, path: request.path, route: WRAP_ROUTE },
    ...{ params: {}, data, hashes: {}, payload: new Redacted(body) },
  });
  return then(reply, (kept) => replied(request, kept, ''));
}
