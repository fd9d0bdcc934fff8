// Which namespace a request is for: the one that its header names, or, where it names none, the one that its path begins
// with and that is no mount. Whoever may not enter it is as one for whom it is not there, but for what takes no token, such
// as a login: nobody's own namespace matters to that.
// Source: https://developer.hashicorp.com/vault/docs/enterprise/namespaces#usage

import { Fault } from '../../core/error.ts';
import { isProjectId, type ProjectId } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import { mountOf } from '../../core/vault/mounts.ts';
import { DEFAULT_PROJECT } from '../../ops/bootstrap.ts';
import type { Origin } from '../../ops/callers.ts';
import { then } from '../../ops/maybe.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import { isOf } from '../../ops/vault/route.ts';
import { type FoundRoute, findAuthRoute, findEngineRoute, findVaultRoute } from '../../ops/vault/routes.ts';
import { VaultError, type VaultRequest } from './request.ts';

/** A request in its namespace, where it is one of the routes in the table. */
export interface Placed {
  readonly entered: Entered;
  /** Its path is that below the namespace. */
  readonly request: VaultRequest;
  readonly found: FoundRoute | undefined;
  /** Absent where the request is one of nobody's. */
  readonly token: string | undefined;
  /** It came with a token that is not good. */
  readonly isRefused: boolean;
}

interface Asked {
  readonly door: VaultDoor;
  readonly request: VaultRequest;
  readonly token: string | undefined;
  readonly origin: Origin;
}

/** Throws VaultError where there is no such namespace for whoever asks, or a Fault for whom nothing is there. */
export function placed(asked: Asked, namespace: string): Maybe<Placed> {
  return then(entering(asked, namespace), (at) => {
    if (at === undefined) return refuse(asked);
    const child = at.found === undefined && isNone(namespace) ? childOf(at) : undefined;
    if (child === undefined) return at;
    return then(entering({ ...asked, request: child.request }, child.name), (inside) => inside ?? at);
  });
}

/** Nobody learns which namespaces there are, with a bad token or without any; nor does one of a namespace that is gone. */
function refuse({ door, request, token, origin }: Asked): Maybe<never> {
  return then(door.enter(token, origin, '', request.wire.peer), (home) => {
    if (token === undefined || home === undefined || home.caller.refused) throw new Fault('CREDENTIAL_MISSING');
    throw new VaultError(404, 'no such namespace');
  });
}

const isNone = (namespace: string) => namespace === '' || /^\/*(?:root)?\/*$/.test(namespace);

/** What takes no token is hindered neither by a bad one nor by one of another namespace. */
function entering({ door, request, token, origin }: Asked, namespace: string): Maybe<Placed | undefined> {
  return then(door.enter(token, origin, namespace, request.wire.peer), (entered) => {
    const isRefused = entered?.caller.refused === true;
    const found = entered === undefined ? undefined : routeOf(entered, request);
    const own = entered === undefined ? undefined : { entered, request, found, token, isRefused };
    if (token === undefined || (own !== undefined && !isRefused)) return own;
    return then(door.enter(undefined, origin, namespace, request.wire.peer), (open) => {
      const openly = open === undefined ? undefined : routeOf(open, request);
      if (open === undefined || !isOf(openly?.route.open, request.verb)) return own;
      return { entered: open, request, found: openly, token: undefined, isRefused };
    });
  });
}

function routeOf(entered: Entered, { path }: VaultRequest): FoundRoute | undefined {
  return findVaultRoute(path) ?? findAuthRoute(entered.auth, path) ?? findEngineRoute(entered.mounts, path);
}

/** The namespace that a path begins with, whether or not there is one, and what is left of the path. */
function childOf({
  entered,
  request,
}: Placed): { readonly name: ProjectId; readonly request: VaultRequest } | undefined {
  if (mountOf(entered.mounts, request.path) !== undefined) return undefined;
  const slash = request.path.indexOf('/');
  const name = request.path.slice(0, slash);
  if (!isProjectId(name) || name === DEFAULT_PROJECT) return undefined;
  const path = request.path.slice(slash + 1);
  return path === '' ? undefined : { name, request: { ...request, path } };
}
