// Quotas of a project, over the real store and engine: what counts, what does not, and whom it hits.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseProjectId, parseProjectRef, parseSecretName, secretKey } from '../../src/core/name.ts';
import { Redacted } from '../../src/core/redacted.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { setProjectPolicy } from '../../src/ops/policies.ts';
import { createProject, getProject } from '../../src/ops/projects.ts';
import { getQuotas, setQuotas } from '../../src/ops/quotas.ts';
import { createSecret, getSecret } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { createTopic } from '../../src/ops/topics.ts';
import { accessVersion, addVersion } from '../../src/ops/versions.ts';
import { refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const project = parseProjectRef('my-project');
const name = parseSecretName('a');
const secret = { project, key: secretKey(name) };

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  for (const id of ['my-project', 'free-project']) {
    await world.ask(createProject, { id: parseProjectId(id), displayName: '', labels: {} }, owner);
    const command = { project: parseProjectRef(id), name, replication: { locations: [] }, labels: {}, annotations: {} };
    await world.ask(createSecret, command as never, owner);
    await world.ask(
      addVersion,
      { ...secret, project: parseProjectRef(id), payload: new Redacted<Uint8Array>(new Uint8Array([1])) },
      owner,
    );
  }
});

after(() => world.close());

const access = (token = owner, at = project) =>
  world.ask(accessVersion, { ...secret, project: at, selector: 'latest' }, token);

test('a quota counts a minute of its own class in its own project', async () => {
  const set = await world.ask(setQuotas, { project: 'my-project', access: 3, write: 1 }, owner);
  assert.deepEqual(set, { project: 'my-project', access: 3, write: 1 });
  for (let each = 0; each < 3; each++) await access();
  const fault = await refused('QUOTA_EXCEEDED', access());
  assert.deepEqual([fault.facts['quota'], fault.facts['limit']], ['access', 3]);
  for (let each = 0; each < 10; each++) {
    await access(owner, parseProjectRef('free-project'));
    await world.ask(getSecret, secret, owner);
    await world.ask(getProject, { project }, owner);
  }
  const payload = new Redacted<Uint8Array>(new Uint8Array([2]));
  await world.ask(addVersion, { ...secret, payload }, owner);
  await refused('QUOTA_EXCEEDED', world.ask(addVersion, { ...secret, payload }, owner));
  await world.ask(createTopic, { project, id: 'uncounted', labels: {} }, owner);
  world.clock.advance(20_000);
  await access();
  await refused('QUOTA_EXCEEDED', access());
  const last = (await world.records()).at(-1);
  assert.deepEqual([last?.operation, last?.outcome, last?.code], ['versions.access', 'failed', 'QUOTA_EXCEEDED']);
});

test('a change that was refused did not happen', async () => {
  await world.ask(setQuotas, { project: 'my-project', write: 1 }, owner);
  world.clock.advance(60_000);
  const make = (id: string) =>
    world.ask(
      createSecret,
      { project, name: parseSecretName(id), replication: { locations: [] }, labels: {}, annotations: {} } as never,
      owner,
    );
  await make('first');
  await refused('QUOTA_EXCEEDED', make('second'));
  await world.ask(setQuotas, { project: 'my-project' }, owner);
  const second = { project, key: secretKey(parseSecretName('second')) };
  await refused('SECRET_NOT_FOUND', world.ask(getSecret, second, owner));
});

test('who may not ask cannot use up what a project has', async () => {
  const account = { project, accountId: 'stranger', displayName: '', description: '' };
  const { account: made } = await world.ask(createAccount, account, owner);
  const stranger = (await world.ask(generateToken, { account: made.email, lifetimeSeconds: 0 }, owner)).token.reveal();
  await world.ask(setQuotas, { project: 'my-project', access: 1 }, owner);
  world.clock.advance(60_000);
  for (let each = 0; each < 5; each++) {
    await refused('PERMISSION_DENIED', access(stranger));
    await refused('CREDENTIAL_INVALID', access(''));
  }
  await access();
});

test('lifting a quota takes effect at once, and takes a permission that an editor does not have', async () => {
  await refused('QUOTA_EXCEEDED', access());
  const account = { project, accountId: 'the-editor', displayName: '', description: '' };
  const { account: made } = await world.ask(createAccount, account, owner);
  const bindings = [{ role: 'roles/editor', members: [`serviceAccount:${made.email}`] }];
  await world.ask(setProjectPolicy, { project, version: 1, bindings }, owner);
  const editor = (await world.ask(generateToken, { account: made.email, lifetimeSeconds: 0 }, owner)).token.reveal();
  await refused('PERMISSION_DENIED', world.ask(setQuotas, { project: 'my-project' }, editor));
  assert.deepEqual(await world.ask(getQuotas, { project: 'my-project' }, editor), { project: 'my-project', access: 1 });
  assert.deepEqual(await world.ask(setQuotas, { project: 'my-project' }, owner), { project: 'my-project' });
  for (let each = 0; each < 10; each++) await access();
});
