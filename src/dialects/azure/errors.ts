// Faults as Key Vault says them: status, code, inner code and message, as its clients log and tell them apart. What is no
// fault is a bug of ours, and the caller learns only that there was one. Source: recorded traffic of Microsoft's SDKs, and
// https://learn.microsoft.com/azure/key-vault/general/rest-error-codes.

import { Fault, type FaultClass, type FaultCode } from '../../core/error.ts';
import type { Permission } from '../../core/iam/permissions.ts';
import type { WireResponse } from '../../wire/types.ts';

/** What was asked for, as far as the message tells it. */
export interface Asked {
  /** `secrets` or `deletedsecrets`. */
  readonly collection: string;
  readonly name?: string;
  readonly version?: string;
  readonly vault: string;
  /** Who asks, as Azure would say it. */
  readonly caller: string;
  /** `get`, `set`, …: for the refusal of something that is disabled. */
  readonly verb: string;
}

interface WireError {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly inner?: string;
}

/** Seconds: the quotas are of a minute. */
const RETRY_AFTER = '10';

const CLASSES = {
  invalid: [400, 'BadParameter'],
  unauthenticated: [401, 'Unauthorized'],
  denied: [403, 'Forbidden'],
  missing: [404, 'SecretNotFound'],
  exists: [409, 'Conflict'],
  conflict: [409, 'Conflict'],
  precondition: [409, 'Conflict'],
  exhausted: [429, 'Throttled'],
  unavailable: [503, 'ServiceUnavailable'],
  unimplemented: [501, 'NotImplemented'],
  corrupt: [500, 'InternalServerError'],
  internal: [500, 'InternalServerError'],
} as const satisfies Record<FaultClass, readonly [status: number, code: string]>;

/** The action of Azure RBAC that a permission is asked for by. */
const ACTIONS: Readonly<Partial<Record<Permission, string>>> = {
  'secretmanager.versions.access': 'getSecret/action',
  'secretmanager.versions.add': 'setSecret/action',
  'secretmanager.secrets.create': 'setSecret/action',
  'secretmanager.secrets.update': 'update/action',
  'secretmanager.versions.enable': 'update/action',
  'secretmanager.versions.disable': 'update/action',
  'secretmanager.secrets.get': 'readMetadata/action',
  'secretmanager.secrets.list': 'readMetadata/action',
  'secretmanager.versions.list': 'readMetadata/action',
  'secretmanager.secrets.delete': 'delete',
  'coffer.secrets.backup': 'backup/action',
  'coffer.secrets.purge': 'purge/action',
  'coffer.secrets.recover': 'recover/action',
  'coffer.secrets.restore': 'restore/action',
};

const HELP =
  'If you recently deleted this secret you may be able to recover it using the correct recovery command. ' +
  'For help resolving this issue, please see https://go.microsoft.com/fwlink/?linkid=2125182';

function notFound({ collection, name = '', version }: Asked): WireError {
  const message =
    collection === 'deletedsecrets'
      ? `Deleted Secret not found: ${name}`
      : `A secret with (name/id) ${version === undefined ? name : `${name}/${version}`} was not found in this key vault. ${HELP}`;
  return { status: 404, code: 'SecretNotFound', message };
}

function denied(fault: Fault, { name, vault, caller }: Asked): WireError {
  const action = ACTIONS[fault.facts['permission'] as Permission] ?? 'action';
  const lines = [
    'Caller is not authorized to perform action on resource.',
    'If role assignments, deny assignments or role definitions were changed recently, please observe propagation time.',
    `Caller: ${caller}`,
    `Action: 'Microsoft.KeyVault/vaults/secrets/${action}'`,
    `Resource: '/providers/Microsoft.KeyVault/vaults/${vault}/secrets${name === undefined ? '' : `/${name}`}'`,
    'Assignment: (not found)',
    `Vault: ${vault};location=local`,
  ];
  return { status: 403, code: 'Forbidden', inner: 'ForbiddenByRbac', message: `${lines.join('\r\n')}\r\n` };
}

type Special = (fault: Fault, asked: Asked) => WireError;

const bad = ({ message }: { readonly message: string }): WireError => ({ status: 400, code: 'BadParameter', message });

const SPECIALS: Readonly<Partial<Record<FaultCode, Special>>> = {
  CREDENTIAL_MISSING: () => ({
    status: 401,
    code: 'Unauthorized',
    message: 'AKV10000: Request is missing a Bearer or PoP token.',
  }),
  CREDENTIAL_INVALID: ({ facts }) => ({
    status: 401,
    code: 'Unauthorized',
    message:
      facts['problem'] === 'audience'
        ? 'AKV10022: Invalid audience. The token is not for the resource that the challenge names.'
        : 'AKV10046: Unable to validate the token: it was not issued by this server, or it has expired or been revoked.',
  }),
  PERMISSION_DENIED: denied,
  VERSION_NOT_ENABLED: ({ facts }, asked) =>
    facts['state'] === 'DESTROYED'
      ? notFound(asked)
      : {
          status: 403,
          code: 'Forbidden',
          inner: 'SecretDisabled',
          message: `Operation ${asked.verb} is not allowed on a disabled secret.`,
        },
  VERSION_NOT_FOUND: (_fault, asked) => notFound(asked),
  SECRET_NOT_FOUND: (_fault, asked) => notFound(asked),
  SECRET_AMBIGUOUS: (_fault, asked) => notFound(asked),
  PROJECT_NOT_FOUND: (_fault, { vault }) => ({
    status: 404,
    code: 'VaultNotFound',
    message: `The vault ${vault} was not found.`,
  }),
  ROUTE_NOT_FOUND: ({ message }) => ({ status: 404, code: 'NotFound', message }),
  SECRET_EXISTS: (_fault, { name = '' }) => ({
    status: 409,
    code: 'Conflict',
    message: `The secret ${name} already exists in the vault: a backup is restored only where its name is free.`,
  }),
  SECRET_DELETED: ({ facts }, { name = '' }) => ({
    status: 409,
    code: 'Conflict',
    inner: 'ObjectIsDeletedButRecoverable',
    message:
      `Secret ${name} is currently in a deleted but recoverable state, and its name cannot be reused; in this state, ` +
      `the secret can only be recovered or purged. It is purged by itself at ${facts['purgeTime']}.`,
  }),
  PAYLOAD_EMPTY: () => ({
    status: 400,
    code: 'BadParameter',
    message: 'Parameter value must not be null or empty.',
  }),
  LIMIT_REACHED: bad,
  // Of a name the whole sentence is Azure's.
  INVALID_FIELD: (fault) => bad(fault.facts['field'] === 'name' ? { message: String(fault.facts['problem']) } : fault),
};

function wireError(fault: Fault, asked: Asked): WireError {
  const special = SPECIALS[fault.code];
  if (special !== undefined) return special(fault, asked);
  const [status, code] = CLASSES[fault.class];
  return { status, code, message: fault.class === 'internal' ? 'An internal error occurred.' : fault.message };
}

/** The answer to any failure; `headers` are those of every answer, `challenge` goes with a 401. */
export function encodeError(
  error: unknown,
  asked: Asked,
  { headers, challenge }: { readonly headers: Readonly<Record<string, string>>; readonly challenge: string },
): WireResponse {
  const fault = error instanceof Fault ? error : new Fault('INTERNAL');
  const { status, code, message, inner } = wireError(fault, asked);
  const allow = fault.facts['allow'];
  return {
    status: allow === undefined ? status : 405,
    headers: {
      ...headers,
      ...(status === 401 ? { 'www-authenticate': challenge } : {}),
      ...(status === 429 ? { 'retry-after': RETRY_AFTER } : {}),
      ...(allow === undefined ? {} : { allow: String(allow) }),
    },
    body: JSON.stringify({ error: { code, message, ...(inner === undefined ? {} : { innererror: { code: inner } }) } }),
  };
}
