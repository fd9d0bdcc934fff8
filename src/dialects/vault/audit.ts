// What Vault's audit devices are told: a line for each request before anything is done, and one for each answer before it
// leaves, in Vault's own form. Every text that a client sent or gets is a keyed hash in it, tokens and accessors too; what
// is plain is who asked, where and when, names of fields, numbers and booleans. If no device takes a line, the request fails.
// Source: https://developer.hashicorp.com/vault/docs/audit#format

import type { Maybe } from '../../core/ports.ts';
import { authMountOf } from '../../core/vault/auth-mounts.ts';
import { formatTime } from '../../core/vault/duration.ts';
import { mountOf } from '../../core/vault/mounts.ts';
import { DEFAULT_PROJECT } from '../../ops/bootstrap.ts';
import { attempt, then } from '../../ops/maybe.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import type { WireResponse } from '../../wire/types.ts';
import { failed } from './answer.ts';
import { VaultError, type VaultRequest } from './request.ts';

export interface Audited {
  readonly door: VaultDoor;
  readonly request: VaultRequest;
  readonly entered: Entered;
  /** The credential as it was sent. */
  readonly token: string | undefined;
}

type Hash = (text: string) => string;
type Entry = Readonly<Record<string, unknown>>;

const UNHEARD =
  'internal error: no audit device takes the record of this request, so it is refused: the log of the server says why';
const OPERATIONS = { read: 'read', list: 'list', write: 'update', patch: 'patch', delete: 'delete' } as const;

/** Does the work between the two lines. */
export function audited(about: Audited, work: () => Maybe<WireResponse>): Maybe<WireResponse> {
  const { devices } = about.entered;
  if (devices.length === 0) return work();
  tell(about, (hash) => ({ type: 'request', ...requestEntry(about, hash) }));
  const answered = attempt(work, (error) => {
    tellAnswer(about, failed(error));
    throw error;
  });
  // Of a failure it has been told.
  return then(answered, (response) => tellAnswer(about, response));
}

function tellAnswer(about: Audited, response: WireResponse): WireResponse {
  const { errors, ...body } = bodyOf(response);
  const error = Array.isArray(errors) ? errors.join('\n') : undefined;
  tell(about, (hash) => ({
    type: 'response',
    ...requestEntry(about, hash),
    response: { ...mountEntry(about), ...(error === undefined ? answerEntry(body, hash) : {}) },
    ...(error === undefined || error === '' ? {} : { error }),
  }));
  return response;
}

function tell({ door, entered }: Audited, entry: (hash: Hash) => Entry): void {
  const time = formatTime(door.now());
  const taken = entered.devices.map((device) => {
    const hash: Hash = (text) => (text === '' ? '' : door.auditHash(device, text));
    return door.auditLine(device, `${JSON.stringify({ time, ...entry(hash) })}\n`);
  });
  if (!taken.includes(true)) throw new VaultError(500, UNHEARD);
}

/** Every text in it hashed, whatever it is part of. */
function hashed(value: unknown, hash: Hash): unknown {
  if (typeof value === 'string') return hash(value);
  if (Array.isArray(value)) return value.map((each) => hashed(each, hash));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, hashed(inner, hash)]));
}

function requestEntry(about: Audited, hash: Hash): Entry {
  const { request, entered, token } = about;
  const { wire, verb, path, data, wrapSeconds } = request;
  const sent = token === undefined ? {} : { client_token: hash(token) };
  const accessor = entered.token === undefined ? '' : hash(entered.token.token.accessor);
  return {
    auth: { ...sent, ...(accessor === '' ? {} : { accessor }), ...whoEntry(entered) },
    request: {
      ...{ id: wire.id, operation: request.query.get('help') === '1' ? 'help' : OPERATIONS[verb] },
      ...{ ...mountEntry(about), ...sent, ...(accessor === '' ? {} : { client_token_accessor: accessor }) },
      ...{ namespace: namespaceEntry(entered), path },
      ...(Object.keys(data).length === 0 ? {} : { data: hashed(data, hash) }),
      ...{ remote_address: wire.peer.address, remote_port: wire.peer.port },
      ...(wrapSeconds === undefined ? {} : { wrap_ttl: wrapSeconds }),
    },
  };
}

function whoEntry({ caller, token }: Entered): Entry {
  const { policies, tokenPolicies = policies, identity } = caller.vault;
  if (policies.length === 0) return {};
  const display = token?.token.displayName ?? caller.principal.member;
  return {
    ...{ display_name: display, policies, token_policies: tokenPolicies },
    ...(identity === undefined ? {} : { identity_policies: identity.policies, entity_id: identity.id }),
    token_type: token?.token.accessor === '' ? 'batch' : 'service',
    ...(token === undefined
      ? {}
      : { token_ttl: token.token.ttlSeconds, token_issue_time: formatTime(token.token.createdAt) }),
    ...(token?.token.meta == null ? {} : { metadata: token.token.meta }),
  };
}

function mountEntry({ entered, request: { path } }: Audited): Entry {
  const rest = path.startsWith('auth/') ? path.slice('auth/'.length) : undefined;
  const auth = rest === undefined ? undefined : authMountOf(entered.auth, rest);
  if (auth !== undefined) {
    return { mount_point: `auth/${auth.path}`, mount_type: auth.mount.type, mount_class: 'auth' };
  }
  if (rest?.startsWith('token/')) return { mount_point: 'auth/token/', mount_type: 'token', mount_class: 'auth' };
  const found = mountOf(entered.mounts, path);
  if (found === undefined) return {};
  return { mount_point: found.path, mount_type: found.mount.type, mount_class: 'secret' };
}

function bodyOf({ body, headers = {}, status }: WireResponse): Entry {
  if (body === undefined) return {};
  const type = String(headers['content-type']);
  if (type !== 'application/json') {
    const text = typeof body === 'string' ? body : Buffer.from(body).toString('base64');
    return { http_content_type: type, http_raw_body: text, http_status_code: status };
  }
  const value: unknown = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
  return typeof value === 'object' && value !== null ? (value as Entry) : {};
}

const TOKENS = ['client_token', 'accessor', 'token', 'wrapped_accessor'];

/** Of a token: its text and its accessor hashed, what it may do plain. */
function tokenEntry(value: unknown, hash: Hash): Entry {
  const entries = Object.entries(value as Entry);
  return Object.fromEntries(
    entries.map(([name, inner]) => [name, TOKENS.includes(name) ? hashed(inner, hash) : inner]),
  );
}

function answerEntry(body: Entry, hash: Hash): Entry {
  // An answer without the envelope is data as a whole.
  if (!('request_id' in body)) return Object.keys(body).length === 0 ? {} : { data: hashed(body, hash) };
  const { data, auth, wrap_info: wrap, warnings, lease_id: lease } = body;
  return {
    ...(auth === null ? {} : { auth: tokenEntry(auth, hash) }),
    ...(data === null ? {} : { data: hashed(data, hash) }),
    ...(wrap === null ? {} : { wrap_info: tokenEntry(wrap, hash) }),
    ...(lease === '' ? {} : { secret: { lease_id: lease } }),
    ...(warnings === null ? {} : { warnings }),
  };
}

/** The project that is the root namespace has no path. */
function namespaceEntry({ project }: Entered): Entry {
  return project === DEFAULT_PROJECT ? { id: 'root' } : { id: project, path: `${project}/` };
}
