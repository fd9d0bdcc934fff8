// A request of a transit mount, between Vault's dialect and its engine: whose it is, by which path and capability each of
// its operations is judged, and its answer in Vault's envelope.

import { Fault } from '../../core/error.ts';
import { parseProjectRef } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import { ringOfMount } from '../../core/vault/mounts.ts';
import { attempt } from '../../ops/maybe.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import type { WireResponse } from '../../wire/types.ts';
import { bare, empty, enveloped, envelopedText } from './answer.ts';
import type { VaultRequest } from './request.ts';
import { transit } from './transit.ts';
import type { TransitRequest } from './transit-answer.ts';

/** Answers a request below the mount at `mountPath`. `unrouted` judges one that comes to no operation. */
export function transitCall(
  door: VaultDoor,
  entered: Entered,
  request: VaultRequest,
  mountPath: string,
  unrouted: () => Maybe<unknown>,
): Maybe<WireResponse> {
  const { verb, path, data, wrapSeconds } = request;
  const { caller } = entered;
  const plain = { path, data: new Redacted(data) };
  const asked = wrapSeconds === undefined ? plain : { ...plain, wrapSeconds };
  const below: TransitRequest = {
    ...{ verb, data, path: path.slice(mountPath.length) },
    project: parseProjectRef(entered.project),
    ring: ringOfMount(mountPath),
    call: (operation, command, capability) =>
      door.call(operation, { ...caller, vault: { ...caller.vault, ask: { ...asked, capability } } }, command),
    judge: () =>
      attempt(unrouted, (error) => {
        if (!(error instanceof Fault) || error.code !== 'ROUTE_NOT_FOUND') throw error;
      }),
  };
  return transit(below, ({ status, data: answer, text, errors, warnings }) => {
    if (text !== undefined) return envelopedText(request, text, status);
    if (errors !== undefined) return bare({ errors }, status);
    if (answer === undefined) return empty();
    return enveloped(request, { status, data: answer, ...(warnings === undefined ? {} : { warnings }) });
  });
}
