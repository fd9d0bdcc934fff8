// Where a secret is kept and under whose keys, as resources.proto describes it. This server keeps one copy under its own
// keys: the policy is validated, stored and shown, so that what was written for Google reads the same here.

import { Fault } from './error.ts';
import { REPLICAS_MAX } from './limits.ts';
import { GLOBAL, type Location } from './name.ts';
import type { Replication } from './secret.ts';

const LOCATION = /^[a-z][a-z0-9-]{0,62}$/;
const KMS_KEY = /^projects\/[^/\s]{1,63}\/locations\/([^/\s]{1,63})\/keyRings\/[\w-]{1,63}\/cryptoKeys\/[\w-]{1,63}$/;

/**
 * The replication of a secret at `location`, where it is legal. A global one must have a policy, a regional one none but
 * a key. Throws REPLICATION_MISSING, REPLICATION_FORBIDDEN or INVALID_FIELD.
 */
export function parseReplication(
  location: Location,
  replication: Replication | undefined,
  kmsKey: string | undefined,
): Replication {
  if (location !== GLOBAL) {
    if (replication !== undefined) throw new Fault('REPLICATION_FORBIDDEN');
    return oneCopy(location, kmsKey);
  }
  if (replication === undefined) throw new Fault('REPLICATION_MISSING');
  if (kmsKey !== undefined) {
    const problem = 'only a regional secret has it; a global one names its keys in the replication policy';
    throw new Fault('INVALID_FIELD', { field: 'customer_managed_encryption', problem });
  }
  return replication.locations.length === 0
    ? oneCopy('global', replication.kmsKey)
    : { locations: parseReplicas(replication.locations) };
}

/** The replication with other keys: kind and locations cannot change. Throws FIELD_IMMUTABLE or INVALID_FIELD. */
export function changeKeys(before: Replication, location: Location, after: Replication): Replication {
  const places = ({ locations }: Replication) => locations.map((replica) => replica.location).sort();
  if (location !== GLOBAL || places(before).join() !== places(after).join()) {
    const kind = before.locations.length === 0 ? 'automatic' : 'user managed';
    const same = (after.locations.length === 0) === (before.locations.length === 0);
    throw new Fault('FIELD_IMMUTABLE', { field: 'replication', ...(same ? {} : { kind }) });
  }
  return parseReplication(location, after, undefined);
}

/** The replication of a regional secret under another key, or under none. */
export function changeKey(location: Location, kmsKey: string | undefined): Replication {
  if (location !== GLOBAL) return oneCopy(location, kmsKey);
  const problem = 'only a regional secret has it';
  throw new Fault('INVALID_FIELD', { field: 'customer_managed_encryption', problem });
}

function parseReplicas(replicas: Replication['locations']): Replication['locations'] {
  const field = 'replication.user_managed.replicas';
  const names = new Set(replicas.map((replica) => replica.location));
  const legal = replicas.length <= REPLICAS_MAX && replicas.every((replica) => LOCATION.test(replica.location));
  if (!legal || names.size !== replicas.length) {
    throw new Fault('INVALID_FIELD', { field, problem: `must be 1 to ${REPLICAS_MAX} distinct locations` });
  }
  const keyed = replicas.filter((replica) => replica.kmsKey !== undefined);
  if (keyed.length > 0 && keyed.length < replicas.length) {
    throw new Fault('INVALID_FIELD', { field, problem: 'either every replica names a key or none does' });
  }
  for (const { location, kmsKey } of keyed) checkKey(kmsKey, location);
  return replicas;
}

function oneCopy(location: string, kmsKey: string | undefined): Replication {
  if (kmsKey === undefined) return { locations: [] };
  checkKey(kmsKey, location);
  return { locations: [], kmsKey };
}

function checkKey(kmsKey: string | undefined, location: string): void {
  const field = 'customer_managed_encryption.kms_key_name';
  const found = KMS_KEY.exec(kmsKey ?? '');
  if (found === null) {
    throw new Fault('INVALID_FIELD', { field, problem: 'must be projects/*/locations/*/keyRings/*/cryptoKeys/*' });
  }
  if (found[1] !== location) throw new Fault('INVALID_FIELD', { field, problem: `the key must be in ${location}` });
}
