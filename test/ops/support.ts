// What the tests of operations have in common: secrets to begin with, and the fault that a call must end in.

import assert from 'node:assert/strict';
import { Fault, type FaultCode } from '../../src/core/error.ts';
import { parseProjectRef, parseSecretName, secretKey } from '../../src/core/name.ts';
import { Redacted } from '../../src/core/redacted.ts';
import type { StoredEvent } from '../../src/core/secret.ts';
import { type CreateSecret, createSecret, type SecretRef } from '../../src/ops/secrets.ts';
import { addVersion } from '../../src/ops/versions.ts';
import type { World } from './world.ts';

export const project = parseProjectRef('default');
export const key = (name: string) => secretKey(parseSecretName(name));
export const bytes = (text: string) => new Redacted<Uint8Array>(new TextEncoder().encode(text));
export const textOf = (payload: Redacted<Uint8Array>) => new TextDecoder().decode(payload.reveal());

/** The fault that `work` ends in; fails where it ends in another or in none. */
export async function refused(code: FaultCode, work: Promise<unknown>): Promise<Fault> {
  const error = await work.then(
    () => assert.fail(`expected ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Fault, String(error));
  assert.equal(error.code, code, error.message);
  return error;
}

/** A global secret of the default project with these values, made by the owner. */
export async function newSecret(
  world: World,
  name: string,
  values: readonly string[] = [],
  fields: Partial<CreateSecret> = {},
): Promise<SecretRef> {
  const command = { project, name: parseSecretName(name), replication: { locations: [] }, ...fields };
  await world.ask(createSecret, command, world.ownerCredential);
  const ref: SecretRef = {
    project,
    ...(fields.location === undefined ? {} : { location: fields.location }),
    key: key(name),
  };
  for (const value of values) await world.ask(addVersion, { ...ref, payload: bytes(value) }, world.ownerCredential);
  return ref;
}

/** Every event so far about what ends in `suffix`. */
export async function eventsOf(world: World, suffix: string): Promise<readonly StoredEvent[]> {
  const { events } = await world.store.read({ events: { need: 'events', after: 0, limit: 1000 } });
  return events.map(({ event }) => event).filter(({ resource }) => resource.endsWith(suffix));
}
