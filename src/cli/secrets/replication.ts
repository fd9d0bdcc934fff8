// `coffer secrets replication get`, `set` and `update`: where a secret is kept and under whose keys. The places cannot
// change, the keys can.

import type { Context } from '../context.ts';
import { CliError, UsageError } from '../error.ts';
import { oneOf } from '../flags.ts';
import { type SecretRef, secretPath, secretRef } from '../names.ts';
import { retryStaleEtags } from '../policy.ts';
import { type Resource, showOne } from '../show.ts';
import { type Encryption, type Replica, type Replication, readReplication } from './replication-file.ts';

export interface KeyFlags {
  readonly location?: string;
  readonly setKmsKey?: string;
  readonly removeCmek?: boolean;
}

interface Secret extends Resource {
  readonly etag?: string;
  readonly replication?: Replication;
}

export async function getReplication(this: Context, _flags: object, id: string): Promise<void> {
  const secret = await this.session.request<Secret>('GET', secretPath(secretRef(this.session, id)));
  await showOne(this, { ...secret.replication });
}

/** @throws CliError where the file holds no policy; ApiError where the server does not take it. */
export async function setReplication(
  this: Context,
  flags: { readonly replicationPolicyFile: string },
  id: string,
): Promise<void> {
  const ref = secretRef(this.session, id);
  const replication = await readReplication(this, flags.replicationPolicyFile);
  await say(this, ref, await write(this, ref, { replication }));
}

/** Sets or removes the keys. @throws UsageError, CliError where the flags do not fit the secret's replication. */
export async function updateReplication(this: Context, flags: KeyFlags, id: string): Promise<void> {
  const { setKmsKey, removeCmek, location } = flags;
  oneOf(flags, ['removeCmek', 'setKmsKey']);
  if (setKmsKey === undefined && !removeCmek) {
    throw new UsageError('exactly one of --remove-cmek | --set-kms-key must be specified');
  }
  if (removeCmek && location !== undefined) {
    throw new UsageError('argument --location: keys are removed from all locations at once: leave it out');
  }
  const ref = secretRef(this.session, id);
  const updated = await retryStaleEtags(async () => {
    const { etag, replication } = await this.session.request<Secret>('GET', secretPath(ref));
    return write(this, ref, { etag, replication: withKey(replication ?? {}, setKmsKey, location) });
  });
  await say(this, ref, updated);
}

/** The same places under `key`, or under none. */
function withKey(replication: Replication, key: string | undefined, location: string | undefined): Replication {
  const encryption = key === undefined ? {} : { customerManagedEncryption: { kmsKeyName: key } };
  const replicas = replication.userManaged?.replicas;
  if (replicas === undefined) {
    if (location === undefined) return { automatic: encryption };
    throw new UsageError('argument --location: this secret has an automatic replication policy: leave it out');
  }
  if (key === undefined) return { userManaged: { replicas: replicas.map((replica) => keyed(replica, {})) } };
  if (location === undefined && replicas.length > 1) {
    throw new UsageError('argument --location: Must be specified: this secret has a user-managed replication policy');
  }
  const place = location ?? replicas[0]?.location;
  if (!replicas.some((replica) => replica.location === place)) {
    const places = replicas.map((replica) => replica.location).join(', ');
    throw new UsageError(`argument --location: this secret has no replica in [${place}]; it has [${places}]`);
  }
  const changed = replicas.map((replica) => (replica.location === place ? keyed(replica, encryption) : replica));
  if (changed.every((replica) => replica.customerManagedEncryption !== undefined)) {
    return { userManaged: { replicas: changed } };
  }
  throw new CliError(
    'either all replicas have a key of yours or none has: to give one to each at once, use ' +
      'coffer secrets replication set',
  );
}

function keyed({ location }: Replica, encryption: { readonly customerManagedEncryption?: Encryption }): Replica {
  return { location, ...encryption };
}

function write({ session }: Context, ref: SecretRef, body: object): Promise<Resource> {
  return session.request<Resource>('PATCH', secretPath(ref), body, { updateMask: 'replication' });
}

async function say(context: Context, ref: SecretRef, secret: Resource): Promise<void> {
  context.out.status(`Updated secret [${ref.secret}].`);
  if (context.globals.format !== undefined) await showOne(context, secret);
}
