// IAM conditions through the one door: what each operation says its resource is, at what time, and who may grant what.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Condition } from '../../src/core/iam/condition.ts';
import type { Binding } from '../../src/core/iam/policy.ts';
import { type AccountEmail, parseProjectRef } from '../../src/core/name.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { getProjectPolicy, setProjectPolicy, setSecretPolicy, testPermissions } from '../../src/ops/policies.ts';
import { getProject, listProjects } from '../../src/ops/projects.ts';
import { createSecret, getSecret, type SecretRef } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { accessVersion, addVersion, getVersion, listVersions } from '../../src/ops/versions.ts';
import { bytes, newSecret, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const ACCESSOR = 'roles/secretmanager.secretAccessor';
const ADMIN = 'roles/secretmanager.admin';
const PAGE = { pageSize: 0, pageToken: '' };

let world: World;
let owner: string;
let number: string;
let ownerBinding: readonly Binding[];

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  number = (await world.ask(getProject, { project }, owner)).project.number;
  ownerBinding = (await world.ask(getProjectPolicy, { project }, owner)).policy.bindings;
});
after(() => world.close());

async function newAccount(accountId: string): Promise<{ member: string; email: AccountEmail; token: string }> {
  const { account } = await world.ask(createAccount, { project, accountId, displayName: '', description: '' }, owner);
  const { token } = await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner);
  return { member: `serviceAccount:${account.email}`, email: account.email, token: token.reveal() };
}

const under = (expression: string, title = 't'): Condition => ({ title, description: '', expression });

const grant = (secret: SecretRef, member: string, expression: string, title?: string) => {
  const bindings = [{ role: ACCESSOR, members: [member], condition: under(expression, title) }];
  return world.ask(setSecretPolicy, { ...secret, bindings }, owner);
};

const grantInProject = (bindings: readonly Binding[]) =>
  world.ask(setProjectPolicy, { project, bindings: [...ownerBinding, ...bindings] }, owner);

test('access that expires, and what the audit keeps of it', async () => {
  const secret = await newSecret(world, 'expiring', ['value']);
  const { member, token } = await newAccount('expiring-reader');
  const end = new Date(world.clock.now() + 60_000).toISOString();
  const { policy } = await grant(secret, member, `request.time < timestamp("${end}")`, 'one minute');
  assert.equal(policy.bindings[0]?.condition?.title, 'one minute');
  const set = (await world.records()).at(-1);
  assert.deepEqual(set?.details, { added: `${ACCESSOR} ${member} (condition: one minute)` });
  const read = () => world.ask(accessVersion, { ...secret, selector: 'latest' as const }, token);
  await read();
  assert.deepEqual((await world.records()).at(-1)?.details, { condition: 'one minute' });
  world.clock.advance(60_000);
  await refused('PERMISSION_DENIED', read());
  assert.equal((await world.records()).at(-1)?.details, undefined);
});

test('a version is judged by the name that was asked for', async () => {
  const secret = await newSecret(world, 'versioned', ['one', 'two']);
  const { member, token } = await newAccount('versioned-reader');
  const read = (selector: number | 'latest') => world.ask(accessVersion, { ...secret, selector }, token);
  const name = `projects/${number}/secrets/versioned`;
  await grant(secret, member, `resource.name == "${name}/versions/1"`);
  await read(1);
  await refused('PERMISSION_DENIED', read(2));
  await refused('PERMISSION_DENIED', read('latest'));
  await grant(secret, member, 'resource.name.endsWith("/versions/latest")');
  await read('latest');
  await refused('PERMISSION_DENIED', read(2));
  await grant(
    secret,
    member,
    `resource.name.startsWith("${name}/") && resource.service == "secretmanager.googleapis.com"`,
  );
  await read(2);
  await grant(secret, member, 'resource.name.startsWith("projects/default/")');
  await refused('PERMISSION_DENIED', read(1));
});

test('in a project, by name and by type; what has no name is not opened by one', async () => {
  const prod = await newSecret(world, 'prod-db', ['value']);
  const dev = await newSecret(world, 'dev-db', ['value']);
  const { member, token } = await newAccount('prefix-reader');
  const start = `resource.name.startsWith("projects/${number}/secrets/prod-")`;
  await grantInProject([{ role: ADMIN, members: [member], condition: under(start) }]);
  await world.ask(getSecret, prod, token);
  await world.ask(addVersion, { ...prod, payload: bytes('next') }, token);
  await world.ask(listVersions, { ...prod, ...PAGE }, token);
  await refused('PERMISSION_DENIED', world.ask(getSecret, dev, token));
  const create = { project, name: 'prod-new' as never, replication: { locations: [] } };
  await refused('PERMISSION_DENIED', world.ask(createSecret, create as never, token));
  await refused('PERMISSION_DENIED', world.ask(getProject, { project }, token));

  const secrets = 'resource.type == "secretmanager.googleapis.com/Secret"';
  await grantInProject([{ role: ADMIN, members: [member], condition: under(secrets) }]);
  await world.ask(getSecret, dev, token);
  await refused('PERMISSION_DENIED', world.ask(getVersion, { ...dev, selector: 1 }, token));
  const projects = 'resource.type == "cloudresourcemanager.googleapis.com/Project"';
  await grantInProject([{ role: ADMIN, members: [member], condition: under(projects) }]);
  await world.ask(createSecret, create as never, token);
  assert.deepEqual(
    (await world.ask(listProjects, PAGE, token)).projects.map(({ id }) => id as string),
    ['default'],
  );
  await refused('PERMISSION_DENIED', world.ask(getSecret, dev, token));
});

test('what may I is judged by the same conditions', async () => {
  const secret = await newSecret(world, 'asked', ['value']);
  const { member, token } = await newAccount('asking-account');
  await grantInProject([
    { role: ACCESSOR, members: [member], condition: under('resource.name.endsWith("/secrets/asked")') },
  ]);
  const permissions = ['secretmanager.versions.access', 'secretmanager.secrets.get'];
  const may = async (ref: { project: typeof project; key?: SecretRef['key'] }) =>
    (await world.ask(testPermissions, { ...ref, permissions }, token)).permissions;
  assert.deepEqual(await may(secret), ['secretmanager.versions.access']);
  assert.deepEqual(await may({ project }), []);
  assert.deepEqual(await may({ project: parseProjectRef('no-such-project') }), []);
});

test('an account by its type; it has no name to be judged by', async () => {
  const { member, token } = await newAccount('minting-account');
  const { email } = await newAccount('minted-account');
  const mint = () => world.ask(generateToken, { account: email, lifetimeSeconds: 0 }, token);
  const role = 'roles/iam.serviceAccountTokenCreator';
  await grantInProject([
    { role, members: [member], condition: under('resource.type == "iam.googleapis.com/ServiceAccount"') },
  ]);
  await mint();
  await grantInProject([{ role, members: [member], condition: under('!resource.name.startsWith("x")') }]);
  await refused('PERMISSION_DENIED', mint());
});

test('who may grant only some roles cannot grant others, nor take them away', async () => {
  const { member, token } = await newAccount('limited-admin');
  const limit = `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly(["${ACCESSOR}"])`;
  const role = 'roles/resourcemanager.projectIamAdmin';
  await grantInProject([{ role, members: [member], condition: under(limit, 'accessors only') }]);
  const { policy } = await world.ask(getProjectPolicy, { project }, token);
  const set = (bindings: readonly Binding[]) =>
    world.ask(setProjectPolicy, { project, bindings, etag: policy.etag }, token);
  const self = { role: 'roles/owner', members: [member] };
  await refused('PERMISSION_DENIED', set([...policy.bindings, self]));
  await refused('PERMISSION_DENIED', set(policy.bindings.slice(1)));
  await refused('PERMISSION_DENIED', set(policy.bindings.map(({ condition: _, ...binding }) => binding)));
  await refused('PERMISSION_DENIED', set([...policy.bindings, { role: 'roles/none', members: [member] }]));
  await refused('PERMISSION_DENIED', world.ask(setProjectPolicy, { project, bindings: [self] }, token));
  const added = await set([...policy.bindings, { role: ACCESSOR, members: [member] }]);
  assert.equal(added.policy.bindings.at(-1)?.role, ACCESSOR);
  assert.equal((await world.records()).at(-1)?.details?.['condition'], 'accessors only');
});

test('conditions outlive a restart: the store gives back what was set', async () => {
  const secret = await newSecret(world, 'stored', ['value']);
  const { member } = await newAccount('stored-reader');
  const { policy } = await grant(secret, member, 'true', 'tïtle');
  const { found } = await world.store.read({ found: { need: 'secret', project, key: secret.key } });
  assert.deepEqual(found?.policy, policy);
  await refused('CONDITION_INVALID', grant(secret, member, 'nonsense'));
  const { kept } = await world.store.read({ kept: { need: 'secret', project, key: secret.key } });
  assert.deepEqual(kept?.policy, policy, 'a refused policy changes nothing');
});
