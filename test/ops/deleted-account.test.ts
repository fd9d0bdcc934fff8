// A binding belongs to one account, not to its name: whoever gets the name next gets none of it.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createAccount, deleteAccount } from '../../src/ops/accounts.ts';
import { getProjectPolicy, getSecretPolicy, setProjectPolicy, setSecretPolicy } from '../../src/ops/policies.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { accessVersion } from '../../src/ops/versions.ts';
import { newSecret, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
});
after(() => world.close());

const make = async () => {
  const command = { project, accountId: 'same-name', displayName: '', description: '' };
  const { account } = await world.ask(createAccount, command, owner);
  const { token } = await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner);
  return { ...account, token: token.reveal() };
};

test('an account made under the name of a deleted one inherits no binding, and the policy says whose it was', async () => {
  const ref = await newSecret(world, 'inherited', ['v']);
  const first = await make();
  const member = `serviceAccount:${first.email}`;
  const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: [member, 'user:a@b.c'] }];
  await world.ask(setSecretPolicy, { ...ref, bindings }, owner);
  const condition = { title: 'x', description: '', expression: `resource.name != "${member}"` };
  const conditional = [{ role: 'roles/secretmanager.viewer', members: [member], condition }];
  await world.ask(setProjectPolicy, { project, bindings: conditional, version: 3 }, owner);
  await world.ask(accessVersion, { ...ref, selector: 1 }, first.token);
  const before = (await world.ask(getSecretPolicy, ref, owner)).policy;

  await world.ask(deleteAccount, { account: first.email }, owner);
  const gone = `deleted:serviceAccount:${first.email}?uid=${first.uniqueId}`;
  const { policy } = await world.ask(getSecretPolicy, ref, owner);
  assert.deepEqual(policy.bindings, [{ role: 'roles/secretmanager.secretAccessor', members: [gone, 'user:a@b.c'] }]);
  assert.notEqual(policy.etag, before.etag, 'what was read before cannot be written back unseen');
  const ofProject = (await world.ask(getProjectPolicy, { project }, owner)).policy;
  assert.deepEqual(ofProject.bindings, [{ role: 'roles/secretmanager.viewer', members: [gone], condition }]);

  const second = await make();
  assert.equal(second.email, first.email);
  await refused('PERMISSION_DENIED', world.ask(accessVersion, { ...ref, selector: 1 }, second.token));
  await world.ask(setSecretPolicy, { ...ref, ...policy }, owner);
  const kept = (await world.ask(getSecretPolicy, ref, owner)).policy;
  assert.deepEqual(kept.bindings, policy.bindings, 'a policy with such a member can be written back');
  await refused('PERMISSION_DENIED', world.ask(accessVersion, { ...ref, selector: 1 }, second.token));
});
