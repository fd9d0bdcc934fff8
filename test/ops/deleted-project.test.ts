// What stands in the way of deleting a project, and what nobody can have again after it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseProjectId, parseProjectRef, parseSecretName } from '../../src/core/name.ts';
import { setAwsAccount } from '../../src/ops/aws/account.ts';
import { deleteProject } from '../../src/ops/delete-project.ts';
import { createProject, getProject } from '../../src/ops/projects.ts';
import { createSecret } from '../../src/ops/secrets.ts';
import { createTagBinding, deleteTagBinding } from '../../src/ops/tag-bindings.ts';
import { createTagKey, createTagValue } from '../../src/ops/tags.ts';
import { addVersion } from '../../src/ops/versions.ts';
import { bytes, key, newSecret, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
before(async () => {
  world = await openWorld();
});
after(() => world.close());

const make = async (id: string) => {
  const command = { id: parseProjectId(id), displayName: '', labels: {} };
  return (await world.ask(createProject, command, world.ownerCredential)).project;
};
const remove = (id: string, fields: object = {}, credential = world.ownerCredential) =>
  world.ask(deleteProject, { project: parseProjectRef(id), ...fields }, credential);

test('its account of AWS and its number are nobody else’s afterwards', async () => {
  const { number } = await make('with-account');
  const set = (project: string, awsAccountId: string) =>
    world.ask(setAwsAccount, { project, awsAccountId }, world.ownerCredential);
  await set('with-account', '123456789012');
  assert.deepEqual(await remove(number), { project: 'with-account', projectNumber: number });
  await refused('AWS_ACCOUNT_EXISTS', set('default', '123456789012'));
  await refused('AWS_ACCOUNT_EXISTS', set('default', number));
  await refused('PROJECT_RETIRED', make('with-account'));
  await refused('PROJECT_NOT_FOUND', remove('with-account'));
  await refused(
    'PROJECT_NOT_FOUND',
    world.ask(getProject, { project: parseProjectRef(number) }, world.ownerCredential),
  );
});

test('a tag that a secret of another project has stands in the way', async () => {
  const project = parseProjectRef((await make('with-tags')).id);
  const owner = world.ownerCredential;
  const made = await world.ask(createTagKey, { project, shortName: 'env', description: '' }, owner);
  const { value } = await world.ask(createTagValue, { keyId: made.key.id, shortName: 'prod', description: '' }, owner);
  const elsewhere = await newSecret(world, 'tagged');
  const own = { project, key: key('own'), name: parseSecretName('own'), replication: { locations: [] } };
  await world.ask(createSecret, own, owner);
  const tag = { id: value.id };
  await world.ask(createTagBinding, { ...own, tag }, owner);
  await world.ask(createTagBinding, { ...elsewhere, tag }, owner);
  await refused('TAG_VALUE_IN_USE', remove('with-tags'));
  await world.ask(deleteTagBinding, { ...elsewhere, tag }, owner);
  await remove('with-tags');
});

test('nobody deletes it with a credential that is none, and what is due in it is due no more', async () => {
  const project = parseProjectRef((await make('with-ends')).id);
  const owner = world.ownerCredential;
  const name = parseSecretName('ends');
  const expiration = { ttlSeconds: 3600 };
  await world.ask(createSecret, { project, name, replication: { locations: [] }, expiration }, owner);
  await world.ask(addVersion, { project, key: key('ends'), payload: bytes('x') }, owner);
  await refused('CREDENTIAL_INVALID', remove('with-ends', {}, `ya29.${'x'.repeat(43)}`));
  await remove('with-ends', { guard: 'refuse' });
  world.clock.advance(2 * 3600 * 1000);
  await world.sweep();
  assert.ok(!(await world.records()).some(({ operation }) => operation === 'secrets.expire'));
});
