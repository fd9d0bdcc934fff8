// What a service account proves itself by where its library knows no key pairs of Google's: a client secret, or the public
// half of a certificate of its own. Both are keys of the account: they are listed, disabled and deleted like the others.

import { parseWorkload } from '../core/census.ts';
import { Fault } from '../core/error.ts';
import { CLIENT_SECRET_SECONDS_MAX, PUBLIC_KEY_CHARS_MAX } from '../core/limits.ts';
import { parseAccountEmail } from '../core/name.ts';
import type { Entropy } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import { type AccountKeyResult, addedKey, keysNeeds } from './account-keys.ts';
import { type AccountRef, accountTarget } from './accounts.ts';
import type { Fields, FieldValues } from './fields.ts';
import { type Operation, operation, type Prepared } from './operation.ts';

export interface CreateClientSecret extends AccountRef {
  /** Absent: as long as can be. */
  readonly lifetimeSeconds?: number;
  /** The name of the program it is for. */
  readonly workload?: string;
}

/** What a client of Azure's libraries needs to know. */
export interface ClientResult extends AccountKeyResult {
  readonly tenantId: string;
  /** Absent of a certificate: who made it has the private half. */
  readonly secret?: Redacted<string>;
}

export interface UploadAccountKey extends AccountRef {
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicKey: string;
  /** When the certificate ends, milliseconds since 1970. */
  readonly expiresAt?: number;
}

const PUBLIC_KEY = /^-----BEGIN PUBLIC KEY-----\n(?:[A-Za-z0-9+/=]{1,76}\n){1,40}-----END PUBLIC KEY-----\n$/;

const accountField = {
  serviceAccount: { type: 'string', help: 'the address of the service account', required: true },
} as const satisfies Fields;

const accountOf = ({ serviceAccount }: FieldValues) => parseAccountEmail(String(serviceAccount));

/** 40 hex digits, as of every key. */
const newKeyId = (entropy: Entropy) => `${entropy.uid()}${entropy.uid().slice(0, 8)}`;

interface MadeSecret {
  readonly id: string;
  readonly hash: string;
}

export const createClientSecret: Operation<CreateClientSecret, ClientResult> = operation({
  name: 'accountKeys.createSecret',
  help: 'give a service account a client secret',
  kind: 'write',
  permission: 'iam.serviceAccountKeys.create',
  api: {
    method: 'POST',
    path: '/accountKeys:createSecret',
    fields: {
      ...accountField,
      lifetimeSeconds: { type: 'integer', help: 'how long it holds', min: 1, max: CLIENT_SECRET_SECONDS_MAX },
      workload: { type: 'string', help: 'the name of the program it is for, which the census shows' },
    },
    command: ({ lifetimeSeconds, workload, ...values }) => ({
      account: accountOf(values),
      ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
      ...(workload === undefined ? {} : { workload: parseWorkload(String(workload)) }),
    }),
  },
  target: (command: CreateClientSecret) => accountTarget(command),
  needs: (command) => keysNeeds(command),
  prepare: ({ entropy }): Prepared<MadeSecret, Redacted<string>> => {
    const { text, hash } = entropy.credential('client');
    return { carried: { id: newKeyId(entropy), hash }, kept: text };
  },
  decide: (input) => {
    const { lifetimeSeconds = CLIENT_SECRET_SECONDS_MAX, workload } = input.command;
    const { id, hash } = input.prepared;
    const expiresAt = input.now + lifetimeSeconds * 1000;
    const named = workload === undefined ? {} : { workload };
    const added = addedKey(input, { id, kind: 'secret', publicKey: hash, expiresAt, ...named });
    return { ...added, details: { key: id, kind: 'secret' } };
  },
  finish: (result, _command, { keyring, kept }) => ({ ...result, tenantId: keyring.tenantId(), secret: kept }),
});

export const uploadAccountKey: Operation<UploadAccountKey, ClientResult> = operation({
  name: 'accountKeys.upload',
  help: 'give a service account the public key of a certificate that it proves itself by',
  kind: 'write',
  permission: 'iam.serviceAccountKeys.create',
  api: {
    method: 'POST',
    path: '/accountKeys:upload',
    fields: {
      ...accountField,
      publicKey: { type: 'string', help: 'the public key in PEM', required: true, max: PUBLIC_KEY_CHARS_MAX },
      expireTime: { type: 'time', help: 'when its certificate ends' },
    },
    command: ({ publicKey, expireTime, ...values }) => ({
      account: accountOf(values),
      publicKey: String(publicKey),
      ...(expireTime === undefined ? {} : { expiresAt: expireTime }),
    }),
  },
  target: (command: UploadAccountKey) => accountTarget(command),
  needs: (command) => keysNeeds(command),
  prepare: ({ entropy }) => ({ carried: newKeyId(entropy) }),
  decide: (input) => {
    const { publicKey, expiresAt } = input.command;
    if (!PUBLIC_KEY.test(publicKey)) {
      throw new Fault('INVALID_FIELD', { field: 'publicKey', problem: 'must be a public key in PEM' });
    }
    const until = expiresAt === undefined ? {} : { expiresAt };
    const added = addedKey(input, { id: input.prepared, kind: 'certificate', publicKey, ...until });
    return { ...added, details: { key: input.prepared, kind: 'certificate' } };
  },
  finish: (result, _command, { keyring }) => ({ ...result, tenantId: keyring.tenantId() }),
});
