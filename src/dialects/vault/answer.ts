// Answers in Vault's shape: an envelope with all of its eight members, errors as a list of texts, and, on the old paths
// of `sys/`, the members of `data` once more at the top. Only here does a secret leave.

import { Fault, type FaultClass } from '../../core/error.ts';
import { formatTime } from '../../core/vault/duration.ts';
import type { FinishedReply, ReplyAuth } from '../../ops/vault/route.ts';
import type { WireResponse } from '../../wire/types.ts';
import { VaultError, type VaultRequest } from './request.ts';

const HEADERS = {
  'content-type': 'application/json',
  'cache-control': 'no-store',
  'strict-transport-security': 'max-age=31536000; includeSubDomains',
};

export interface Envelope {
  readonly status?: number;
  readonly data?: unknown;
  readonly warnings?: readonly string[];
  readonly leaseSeconds?: number;
  readonly leaseId?: string;
  readonly auth?: object;
  readonly wrapInfo?: object;
}

/** Paths whose data stands at the top too. */
const INJECTED =
  /^sys\/(?:(?:audit|auth|mounts|policy)(?:\/|$)|audit-hash\/|capabilities|key-status$|remount|rotate$|wrapping\/wrap$|config\/cors$|ha-status$)/;

export function empty(): WireResponse {
  return { status: 204, headers: HEADERS };
}

/** An object as it is, without the envelope. */
export function bare(value: object, status = 200): WireResponse {
  return { status, headers: HEADERS, body: `${JSON.stringify(value)}\n` };
}

/** A text that is an answer already: one that was wrapped. */
export function ready(body: Uint8Array): WireResponse {
  return { status: 200, headers: HEADERS, body };
}

export function enveloped(request: VaultRequest, envelope: Envelope): WireResponse {
  const {
    data = null,
    warnings = [],
    leaseSeconds = 0,
    leaseId = '',
    auth = null,
    wrapInfo = null,
    status = 200,
  } = envelope;
  if (auth === null && wrapInfo === null && !request.path.startsWith('sys/')) {
    return plain(request, JSON.stringify(data), warnings, leaseSeconds, leaseId, status);
  }
  const injected = INJECTED.test(request.path) && typeof data === 'object' && data !== null ? data : {};
  return bare(
    {
      ...injected,
      request_id: wrapInfo === null ? request.wire.id : '',
      lease_id: leaseId,
      renewable: false,
      lease_duration: leaseSeconds,
      data: auth === null ? data : null,
      wrap_info: wrapInfo,
      warnings: warnings.length === 0 ? null : warnings,
      auth,
    },
    status,
  );
}

/** The envelope around data that is JSON text already; not for paths of `sys/`. */
export function envelopedText(request: VaultRequest, data: string, status = 200): WireResponse {
  return plain(request, data, [], 0, '', status);
}

/** The envelope of most answers, written by hand: it has but one member that is not known beforehand. */
function plain(
  request: VaultRequest,
  data: string,
  warnings: readonly string[],
  leaseSeconds: number,
  leaseId: string,
  status: number,
): WireResponse {
  const said = warnings.length === 0 ? 'null' : JSON.stringify(warnings);
  // The id is a UUID of our own.
  const head = `{"request_id":"${request.wire.id}","lease_id":${JSON.stringify(leaseId)},"renewable":false,"lease_duration":${leaseSeconds}`;
  const body = `${head},"data":${data},"wrap_info":null,"warnings":${said},"auth":null}\n`;
  return { status, headers: HEADERS, body };
}

/** What an operation of Vault's own answered. `known`: the text of the token that it is about, where the caller sent it. */
export function replied(request: VaultRequest, reply: FinishedReply, known: string): WireResponse {
  const { data, auth, wrap, warnings, issued, opened } = reply;
  if (wrap !== undefined) {
    return enveloped(request, {
      wrapInfo: {
        token: issued?.reveal() ?? '',
        accessor: wrap.accessor,
        ttl: wrap.ttlSeconds,
        creation_time: formatTime(wrap.createdAt),
        creation_path: wrap.path,
        ...(wrap.wrappedAccessor === undefined ? {} : { wrapped_accessor: wrap.wrappedAccessor }),
      },
    });
  }
  if (reply.bare) return bare(data ?? {});
  if (reply.raw !== undefined) {
    return { status: 200, headers: { ...HEADERS, 'content-type': reply.raw.type }, body: reply.raw.body };
  }
  const { lease } = reply;
  const leased = lease === undefined ? {} : { leaseId: lease.id, leaseSeconds: lease.seconds };
  const said = { ...(warnings === undefined ? {} : { warnings }), ...leased };
  if (reply.keyed !== undefined) return enveloped(request, { data: withKey(reply, reply.keyed), ...said });
  if (reply.secretId) return enveloped(request, { data: { ...data, secret_id: issued?.reveal() ?? '' }, ...said });
  if (auth !== undefined) return enveloped(request, { auth: authOf(auth, issued?.reveal() ?? known), ...said });
  if (opened !== undefined) {
    return enveloped(request, { data: JSON.parse(new TextDecoder().decode(opened.reveal())), ...said });
  }
  if (data === undefined && said.warnings === undefined) return empty();
  if (Array.isArray(data?.['keys']) && data['keys'].length === 0 && request.verb === 'list') throw new VaultError(404);
  return enveloped(request, { data: data ?? null, ...said });
}

/** The private key of a new certificate, in the form that was asked for. */
function withKey({ data = {}, privateKey }: FinishedReply, form: NonNullable<FinishedReply['keyed']>): object {
  const pem = privateKey?.reveal().trim() ?? '';
  if (form === 'der') return { ...data, private_key: pem.replaceAll(/-----[^-]+-----|\s/g, '') };
  const bundle = form === 'bundle' ? { certificate: `${pem}\n${data['certificate']}` } : {};
  return { ...data, ...bundle, private_key: pem };
}

function authOf(auth: ReplyAuth, token: string): object {
  const bound = auth.identityPolicies ?? [];
  return {
    client_token: token,
    accessor: auth.accessor,
    policies: [...new Set([...auth.policies, ...bound])].sort(),
    token_policies: auth.policies,
    ...(bound.length === 0 ? {} : { identity_policies: bound }),
    metadata: auth.metadata,
    lease_duration: auth.leaseSeconds,
    renewable: auth.renewable,
    entity_id: auth.entityId ?? '',
    token_type: auth.type,
    orphan: auth.orphan,
    mfa_requirement: null,
    num_uses: auth.uses,
  };
}

const STATUS = {
  invalid: 400,
  unauthenticated: 403,
  denied: 403,
  missing: 404,
  exists: 400,
  conflict: 400,
  precondition: 400,
  exhausted: 400,
  unavailable: 503,
  unimplemented: 405,
  corrupt: 500,
  internal: 500,
} as const satisfies Record<FaultClass, number>;

/** A member who is none is a failure of the server to Vault. */
const OWN_STATUS: Readonly<Partial<Record<Fault['code'], number>>> = {
  QUOTA_EXCEEDED: 429,
  GITHUB_MEMBER_UNKNOWN: 500,
};

/** Texts by which Vault's clients know a failure. */
const TEXTS: Readonly<Partial<Record<Fault['code'], (fault: Fault) => readonly string[]>>> = {
  CREDENTIAL_MISSING: () => ['permission denied'],
  CREDENTIAL_INVALID: ({ facts }) => [facts['problem'] === 'bad token' ? 'bad token' : 'permission denied'],
  PERMISSION_DENIED: () => ['1 error occurred:\n\t* permission denied\n\n'],
  UNIMPLEMENTED: () => ['1 error occurred:\n\t* unsupported operation\n\n'],
  ROUTE_NOT_FOUND: ({ facts }) => [`no handler for route "${facts['path']}". route entry not found.`],
  CHECK_AND_SET_FAILED: () => ['check-and-set parameter did not match the current version'],
  SEALED: () => ['Vault is sealed'],
};

/** The answer to an error; of one that is no Fault it says nothing but that it happened. */
export function failed(error: unknown): WireResponse {
  if (error instanceof VaultError) return bare({ errors: error.errors }, error.status);
  const fault = error instanceof Fault ? error : new Fault('INTERNAL');
  const status = OWN_STATUS[fault.code] ?? STATUS[fault.class];
  const text = TEXTS[fault.code];
  if (text !== undefined) return bare({ errors: text(fault) }, status);
  // What is not there has no text, so that nobody learns from it why.
  return bare({ errors: fault.class === 'missing' ? [] : [fault.message] }, status);
}
