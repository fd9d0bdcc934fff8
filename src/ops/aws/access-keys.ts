// Access keys of AWS's API: keys of a service account like its others, which sign requests instead of being sent. To judge
// a signature takes the secret itself, so that is kept, sealed under the project's key. A pair from elsewhere is taken too.

import {
  awsAccountOf,
  awsId,
  checkSecretAccessKey,
  parseAccessKeyId,
  secretAccessKey,
} from '../../core/aws/access-key.ts';
import { parseWorkload } from '../../core/census.ts';
import { Fault } from '../../core/error.ts';
import { parseAccountEmail } from '../../core/name.ts';
import type { Keyring } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import type { Project } from '../../core/secret.ts';
import { type AccountKeyResult, addedKey, keysNeeds } from '../account-keys.ts';
import { type AccountRef, accountTarget } from '../accounts.ts';
import type { Fields, FieldValues } from '../fields.ts';
import { type Operation, operation } from '../operation.ts';
import { Stale } from '../writer.ts';

export interface CreateAccessKey extends AccountRef {
  /** The name of the program it is for. */
  readonly workload?: string;
}

export interface ImportAccessKey extends CreateAccessKey {
  readonly id: string;
  readonly secret: Redacted<string>;
}

export interface AccessKeyResult extends AccountKeyResult {
  /** The account of AWS's that the key is of. */
  readonly awsAccount: string;
  /** Absent where who asks has it already. */
  readonly secret?: Redacted<string>;
}

interface SealedKey {
  readonly id: string;
  readonly projectUid: string;
  readonly sealed: string;
}

const SECRET_CHARS = 40;

const fields = {
  serviceAccount: { type: 'string', help: 'the address of the service account', required: true },
  workload: { type: 'string', help: 'the name of the program it is for, which the census shows' },
} as const satisfies Fields;

const refOf = ({ serviceAccount, workload }: FieldValues): CreateAccessKey => ({
  account: parseAccountEmail(String(serviceAccount)),
  ...(workload === undefined ? {} : { workload: parseWorkload(String(workload)) }),
});

export const createAccessKey: Operation<CreateAccessKey, AccessKeyResult> = operation({
  name: 'accountKeys.createAws',
  help: 'give a service account an access key of AWS',
  kind: 'write',
  permission: 'iam.serviceAccountKeys.create',
  api: { method: 'POST', path: '/accountKeys:createAws', fields, command: refOf },
  target: (command: CreateAccessKey) => accountTarget(command),
  needs: (command) => keysNeeds(command),
  prepare: ({ command, scope, entropy }, keyring) => {
    const id = awsId('AKIA', entropy.uid());
    const secret = new Redacted(secretAccessKey(entropy.text(SECRET_CHARS)));
    return { carried: sealed(keyring, scope.project, command, id, secret), kept: secret };
  },
  decide: (input) => added(input, input.prepared),
  finish: (result, _command, { kept }) => ({ ...result, secret: kept }),
});

export const importAccessKey: Operation<ImportAccessKey, AccessKeyResult> = operation({
  name: 'accountKeys.importAws',
  help: 'let a service account use an access key that it has already',
  kind: 'write',
  permission: 'iam.serviceAccountKeys.create',
  api: {
    method: 'POST',
    path: '/accountKeys:importAws',
    fields: {
      ...fields,
      accessKeyId: { type: 'string', help: 'the id of the key', required: true },
      secretAccessKey: { type: 'string', help: 'its secret', required: true },
    },
    command: ({ accessKeyId: id, secretAccessKey: secret, ...values }) => {
      checkSecretAccessKey(String(secret));
      return { ...refOf(values), id: parseAccessKeyId(String(id)), secret: new Redacted(String(secret)) };
    },
  },
  target: (command: ImportAccessKey) => accountTarget(command),
  needs: (command) => ({ ...keysNeeds(command), taken: { need: 'accountKey', id: command.id } }) as const,
  prepare: ({ command, scope }, keyring) => ({
    carried: sealed(keyring, scope.project, command, command.id, command.secret),
  }),
  carried: ({ secret: _sealed, ...command }) => command,
  decide: (input) => {
    const { id } = input.command;
    if (input.rows.taken !== undefined) throw new Fault('ACCESS_KEY_EXISTS', { key: id });
    return added(input, input.prepared);
  },
});

function sealed(
  keyring: Pick<Keyring, 'aws'>,
  project: Project | undefined,
  { account }: AccountRef,
  id: string,
  secret: Redacted<string>,
): SealedKey {
  if (project === undefined) throw new Fault('ACCOUNT_NOT_FOUND', { account });
  return { id, projectUid: project.uid, sealed: keyring.aws.seal(project, id, secret) };
}

type Adding = Parameters<typeof addedKey>[0] & { readonly command: CreateAccessKey };

function added(input: Adding, { id, projectUid, sealed: publicKey }: SealedKey) {
  const { workload } = input.command;
  const named = workload === undefined ? {} : { workload };
  const { result, changes } = addedKey(input, { id, kind: 'aws', publicKey, ...named });
  // Deleted and made anew meanwhile: the secret was sealed for the one that is gone.
  if (result.project.uid !== projectUid) throw new Stale();
  return {
    result: { ...result, awsAccount: awsAccountOf(result.project) },
    changes,
    details: { key: id, kind: 'aws' },
  };
}
