// Vault's API as the router sees it. A request is read, its token made a caller, its path found: an engine of Vault's own,
// which is an operation with that path, or a kv mount, which is the secrets that every dialect has, or a transit mount,
// which is the keys of a ring. Then it is answered,
// wrapped if it asked for that.

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import { Redacted } from '../../core/redacted.ts';
import type { VaultAsk } from '../../core/vault/authority.ts';
import { isVersioned, mountOf } from '../../core/vault/mounts.ts';
import { attempt, then } from '../../ops/maybe.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import { KV_CONFIG_ROUTE } from '../../ops/vault/kv-config.ts';
import {
  type Logical,
  vaultAsk,
  vaultDelete,
  vaultInternal,
  vaultList,
  vaultLogin,
  vaultOpen,
  vaultRead,
  vaultWrite,
} from '../../ops/vault/logical.ts';
import { type FinishedReply, isOf, type VaultRoute } from '../../ops/vault/route.ts';
import { type FoundRoute, routeNamed } from '../../ops/vault/routes.ts';
import { SPEND_ROUTE } from '../../ops/vault/tokens.ts';
import { USERPASS_FAILED_ROUTE } from '../../ops/vault/userpass.ts';
import type { Dialect, RequestHead, WireRequest, WireResponse } from '../../wire/types.ts';
import { bare, empty, enveloped, failed, ready, replied } from './answer.ts';
import { audited } from './audit.ts';
import { KvCall } from './kv-call.ts';
import { kv1 } from './kv1.ts';
import { kv2 } from './kv2.ts';
import { type Placed, placed } from './namespace-entry.ts';
import { changesNamespace, namespaceCall } from './namespaces.ts';
import { readRequest, tokenTextOf, VaultError, type VaultRequest } from './request.ts';
import { secretFields } from './secret-fields.ts';
import { statusAnswer } from './status.ts';
import { transitCall } from './transit-call.ts';
import { rewrapped, wrapped } from './wrap.ts';

const GRPC_UNIMPLEMENTED = 12;
const PREFIX = '/v1/';
/** What transit has too, of the same name. */
const TOOLS = /^sys\/tools\/(?:random|hash)(?:\/|$)/;
/** OpenBao's own name for it, where it has the envelope. */
const OPENBAO_ROOT = 'sys/generate-root-token/';
const USED_UP = 'wrapping token is not valid or does not exist';
const SEAL_PATH = '/v1/sys/seal';

export interface VaultDialectOptions {
  /** Seals the server; answers once it takes no request any more. Rejects where its seal is not one that can. */
  seal(): Maybe<void>;
  /** Told of every failure that is no Fault: the answer says nothing of it. */
  onError?(error: unknown, requestId: string): void;
}

/** True for a request that only Vault's clients send: it goes before the paths of any other dialect. */
export function isMarkedForVault({ method, path, headers }: RequestHead): boolean {
  if (!path.startsWith(PREFIX)) return false;
  return (
    headers['x-vault-request'] !== undefined ||
    headers['x-vault-token'] !== undefined ||
    headers['x-vault-namespace'] !== undefined ||
    headers['x-vault-wrap-ttl'] !== undefined ||
    method === 'LIST' ||
    method === 'SCAN'
  );
}

export function createVaultDialect(door: VaultDoor, options: VaultDialectOptions): Dialect {
  return {
    name: 'vault',
    ownsHost: () => false,
    claims: ({ path }) => path.startsWith(PREFIX),
    http: (request) => {
      const fail = (error: unknown): WireResponse => {
        if (!(error instanceof Fault) && !(error instanceof VaultError)) options.onError?.(error, request.id);
        return failed(error);
      };
      try {
        const answer = request.path === SEAL_PATH ? sealed(route(door, request), options) : route(door, request);
        return answer instanceof Promise ? answer.then(undefined, fail) : answer;
      } catch (error) {
        return fail(error);
      }
    },
    grpc: () => ({ ok: false, code: GRPC_UNIMPLEMENTED, message: 'this API has no gRPC form' }),
  };
}

/** The server is sealed before whoever asked for it is told. */
function sealed(answer: Maybe<WireResponse>, { seal }: VaultDialectOptions): Maybe<WireResponse> {
  return then(answer, (response) => (response.status === 204 ? then(seal(), () => response) : response));
}

function route(door: VaultDoor, wire: WireRequest): Maybe<WireResponse> {
  if (!wire.path.startsWith(PREFIX)) throw new VaultError(404);
  const status = statusAnswer(wire, door);
  if (status !== undefined) return status;
  const { headers } = wire;
  const origin = {
    dialect: 'vault',
    peer: wire.peer.address,
    secure: wire.secure,
    requestId: wire.id,
    ...(headers['user-agent'] === undefined ? {} : { userAgent: headers['user-agent'] }),
  };
  const namespace = headers['x-vault-namespace'] ?? '';
  const token = tokenTextOf(wire);
  const asked = { door, request: readRequest(wire), token, origin };
  return then(placed(asked, namespace), (at) => {
    const { entered, request } = at;
    const work = () => answer(door, request, entered, at.found, at.token);
    const told = () =>
      attempt(work, () => {
        throw new VaultError(400, USED_UP);
      });
    return audited({ door, request, entered, token }, isUsedUp(at) ? told : work);
  });
}

/** Whoever unwraps by a token that opens nothing any more is told so: somebody may have been first. */
function isUsedUp({ request: { path, data }, isRefused }: Placed): boolean {
  return path === 'sys/wrapping/unwrap' && (data['token'] ?? '') === '' && isRefused;
}

function answer(
  door: VaultDoor,
  request: VaultRequest,
  entered: Entered,
  found: FoundRoute | undefined,
  token: string | undefined,
): Maybe<WireResponse> {
  const uses = entered.token?.token.usesLeft ?? 0;
  const work = () => {
    const done = perform(door, request, entered, found, token);
    if (request.wrapSeconds === undefined) return done;
    return then(done, (response) => wrapped({ door, request, entered }, response));
  };
  if (uses <= 0) return work();
  return then(internal(door, entered, SPEND_ROUTE, {}), work);
}

function perform(
  door: VaultDoor,
  request: VaultRequest,
  entered: Entered,
  found: FoundRoute | undefined,
  token: string | undefined,
): Maybe<WireResponse> {
  if (changesNamespace(request)) {
    const call = { door, entered, request, caller: callerFor(request, entered, true) };
    return attempt(
      () => namespaceCall(call),
      (error) => {
        const isBad = error instanceof VaultError || (error instanceof Fault && error.code === 'VAULT_REQUEST_INVALID');
        if (!isBad) throw error;
        return judgedFirst(door, request, entered, token, error);
      },
    );
  }
  const at =
    found === undefined
      ? (mountOf(entered.mounts, request.path) ?? mountOf(entered.mounts, `${request.path}/`))
      : undefined;
  if (at?.mount.type === 'kv') {
    if (entered.caller.refused || request.query.get('help') === '1')
      return logical(door, request, entered, undefined, token);
    if (isVersioned(at.mount) && request.path === `${at.path}config`) {
      return logical(
        door,
        request,
        entered,
        { route: routeNamed(KV_CONFIG_ROUTE) as VaultRoute, params: { mount: at.path } },
        token,
      );
    }
    const call = new KvCall(door, entered, request, at);
    const judge = (error: unknown) => {
      if (call.judged) throw error;
      return judgedFirst(door, request, entered, token, error);
    };
    try {
      const answer = isVersioned(at.mount) ? (kv2(call) ?? unversioned(door, request, entered, token)) : kv1(call);
      return answer instanceof Promise && !call.judged ? answer.catch(judge) : answer;
    } catch (error) {
      return judge(error);
    }
  }
  if (at?.mount.type === 'transit' && request.query.get('help') !== '1') {
    return transitCall(door, entered, request, at.path, () => logical(door, request, entered, undefined, token));
  }
  if (TOOLS.test(request.path) && request.query.get('help') !== '1') {
    return transitCall(door, entered, request, 'sys/tools/', () => logical(door, request, entered, undefined, token));
  }
  return logical(door, request, entered, found, token);
}

/** What is wrong with a request is told to those alone who may make it; the ledger has the others. */
async function judgedFirst(
  door: VaultDoor,
  request: VaultRequest,
  entered: Entered,
  token: string | undefined,
  error: unknown,
): Promise<WireResponse> {
  try {
    return await logical(door, request, entered, undefined, token);
  } catch (refusal) {
    throw refusal instanceof Fault && refusal.code === 'ROUTE_NOT_FOUND' ? error : refusal;
  }
}

/** Somebody takes the mount for one of version 1; the old clients are told which command to use. */
async function unversioned(
  door: VaultDoor,
  request: VaultRequest,
  entered: Entered,
  token: string | undefined,
): Promise<WireResponse> {
  try {
    return await logical(door, request, entered, undefined, token);
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'ROUTE_NOT_FOUND') throw error;
    const verb = { read: 'get', list: 'list', write: 'put', patch: 'patch', delete: 'delete' }[request.verb];
    const warning =
      'Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. ' +
      `If using the Vault CLI, use 'vault kv ${verb}' for this operation.`;
    return enveloped(request, { status: 404, warnings: [warning] });
  }
}

/** What is asked of the policies: a path without an existence to look at is updated, never created. */
function callerFor(request: VaultRequest, entered: Entered, sudo: boolean): Caller {
  const { verb, path, data, wrapSeconds } = request;
  const creates = path.startsWith('cubbyhole/') ? ('write' as const) : ('update' as const);
  const ask: VaultAsk = {
    ...{ path, capability: verb === 'write' ? creates : verb, data: new Redacted(data) },
    ...(wrapSeconds === undefined ? {} : { wrapSeconds }),
    ...(sudo ? { sudo: true as const } : {}),
  };
  return { ...entered.caller, vault: { ...entered.caller.vault, ask } };
}

function operationFor({ verb }: VaultRequest, route: VaultRoute | undefined) {
  if (route !== undefined && isOf(route.open, verb)) return route.issues ? vaultLogin : vaultOpen;
  if (verb === 'read') return vaultRead;
  if (verb === 'list') return vaultList;
  if (verb === 'delete') return route?.asks ? vaultAsk : vaultDelete;
  return route === undefined || route.asks || route[verb] === undefined ? vaultAsk : vaultWrite;
}

function logical(
  door: VaultDoor,
  request: VaultRequest,
  entered: Entered,
  found: FoundRoute | undefined,
  token: string | undefined,
): Maybe<WireResponse> {
  const help = request.query.get('help') === '1';
  const route = help ? undefined : found?.route;
  const { hashes, rest, chosen, credential, password, certificates, revoked } = secretFields(
    door,
    request,
    entered,
    found,
  );
  const payload = route?.sealsAt === undefined || request.verb !== 'write' ? undefined : payloadOf(request);
  const command: Logical = {
    ...{ project: entered.project, verb: request.verb, path: request.path, hashes },
    route: help ? '' : (found?.route.path ?? ''),
    params: found?.params ?? {},
    data: payload === undefined ? rest : {},
    ...(payload === undefined ? {} : { payload }),
    ...(chosen === undefined ? {} : { chosen: new Redacted(chosen) }),
    ...(credential === undefined ? {} : { credential: new Redacted(credential) }),
  };
  const caller = callerFor(request, entered, isOf(route?.sudo, request.verb));
  if (help) return helped(door, caller, command, found);
  const step = route?.ceremony?.[request.verb];
  if (step !== undefined) {
    const done = then(door.call(operationFor(request, route), caller, command), () =>
      door.ceremony(step, request.data),
    );
    return then(done, (said) => {
      if (said === undefined) return empty();
      return request.path.startsWith(OPENBAO_ROOT) ? enveloped(request, { data: said }) : bare(said);
    });
  }
  const call = (made: Logical) => door.call(operationFor(request, route), caller, made);
  const reply =
    certificates !== undefined
      ? withCertificate(door, command, certificates, call)
      : revoked !== undefined
        ? withRevoked(door, command, revoked, call)
        : password === undefined
          ? call(command)
          : withPassword(door, caller, command, password, call);
  return then(reply, (answered) => shown(door, request, entered, answered, token));
}

/** A login that fails is counted before the next one is tried. */
function withPassword(
  door: VaultDoor,
  caller: Caller,
  command: Logical,
  { user, text }: { readonly user: string; readonly text: string },
  call: (command: Logical) => Maybe<FinishedReply>,
): Promise<FinishedReply> {
  return door.withPassword(user, text, async (password) => {
    try {
      return await call({ ...command, hashes: { ...command.hashes, password } });
    } catch (error) {
      const isWrong = error instanceof Fault && error.code === 'VAULT_REQUEST_INVALID';
      if (isWrong && command.route.startsWith('userpass!login/')) {
        await door.call(vaultInternal, caller, { ...command, route: USERPASS_FAILED_ROUTE, hashes: {}, data: {} });
      }
      throw error;
    }
  });
}

/** A login by what the connection presented; without any, the method itself refuses. */
function withCertificate(
  door: VaultDoor,
  command: Logical,
  chain: readonly Uint8Array[],
  call: (command: Logical) => Maybe<FinishedReply>,
): Maybe<FinishedReply> {
  if (chain.length === 0) return call(command);
  return then(door.certificate(command.params['uid'] ?? '', chain), (certificate) =>
    call(certificate === undefined ? command : { ...command, hashes: { ...command.hashes, certificate } }),
  );
}

/** A list of revoked certificates, read before whoever gives it is judged. */
function withRevoked(
  door: VaultDoor,
  command: Logical,
  pem: string,
  call: (command: Logical) => Maybe<FinishedReply>,
): Maybe<FinishedReply> {
  return then(door.revocations(command.params['uid'] ?? '', pem), (revocations) =>
    call(revocations === undefined ? command : { ...command, hashes: { ...command.hashes, revocations } }),
  );
}

function payloadOf(request: VaultRequest): Redacted<Uint8Array> {
  if (Object.keys(request.data).length === 0) throw new VaultError(400, 'missing data fields');
  return new Redacted(new TextEncoder().encode(JSON.stringify(request.data)));
}

function shown(
  door: VaultDoor,
  request: VaultRequest,
  entered: Entered,
  reply: FinishedReply,
  token: string | undefined,
): Maybe<WireResponse> {
  if (request.path === 'sys/wrapping/unwrap' && reply.opened !== undefined) return ready(reply.opened.reveal());
  if (request.path === 'sys/wrapping/rewrap' && reply.opened !== undefined)
    return rewrapped({ door, request, entered }, reply);
  const known = typeof request.data['token'] === 'string' ? request.data['token'] : (token ?? '');
  const isByAccessor = request.path.includes('accessor');
  const id = isByAccessor ? '' : known;
  const data =
    reply.data !== undefined && 'creation_ttl' in reply.data && 'id' in reply.data ? { ...reply.data, id } : reply.data;
  return replied(request, data === undefined ? reply : { ...reply, data }, id);
}

/** Whoever may ask anything at all may read what a path is for. */
function helped(door: VaultDoor, caller: Caller, command: Logical, found: FoundRoute | undefined): Maybe<WireResponse> {
  const path = 'auth/token/lookup-self';
  const ask = { path, capability: 'read' as const };
  const asking = { ...caller, vault: { ...(caller.vault as Entered['caller']['vault']), ask } };
  return then(door.call(vaultRead, asking, { ...command, verb: 'read', path, route: path, params: {}, data: {} }), () =>
    bare({ help: found?.route.help ?? 'This path is answered by a secret engine.', see_also: null, openapi: null }),
  );
}

/** What the dialect itself needs done around a request. */
export function internal(
  door: VaultDoor,
  entered: Entered,
  route: string,
  data: VaultRequest['data'],
  payload?: Redacted<Uint8Array>,
): Maybe<FinishedReply> {
  return door.call(vaultInternal, entered.caller, {
    ...{ project: entered.project, verb: 'write', path: route, route, params: {}, data, hashes: {} },
    ...(payload === undefined ? {} : { payload }),
  });
}
