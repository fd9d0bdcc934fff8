// Access questions over the real engine and store: who could and who did, why, and what a change of a policy would take
// away; judged beside what really opens. A caller is shown what it may read of policies and census, and no more.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { principalNamed } from '../../src/core/iam/grants.ts';
import type { Permission } from '../../src/core/iam/permissions.ts';
import type { Binding } from '../../src/core/iam/policy.ts';
import { type AccountEmail, parseProjectId, parseProjectRef } from '../../src/core/name.ts';
import { explainProjectAccess, explainSecretAccess, READING, whoAccess } from '../../src/ops/access.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { projectImpact, secretImpact } from '../../src/ops/impact.ts';
import { setProjectPolicy, setSecretPolicy } from '../../src/ops/policies.ts';
import { createProject } from '../../src/ops/projects.ts';
import { whatAccess } from '../../src/ops/reach.ts';
import { deleteSecret, type SecretRef } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { accessVersion, addVersion } from '../../src/ops/versions.ts';
import { bytes, key, newSecret, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

const ACCESSOR = 'roles/secretmanager.secretAccessor';
const VIEWER = 'roles/secretmanager.viewer';
const IAM = 'roles/resourcemanager.projectIamAdmin';
const id = parseProjectId('access-project');
const project = parseProjectRef(id);

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  await world.ask(createProject, { id, displayName: '', labels: {} }, owner);
});
after(() => world.close());

async function secretOf(name: string): Promise<SecretRef> {
  const { key: found } = await newSecret(world, name, [], { project });
  const ref: SecretRef = { project, key: found };
  await world.ask(addVersion, { ...ref, payload: bytes('one') }, owner);
  return ref;
}

const bind = (ref: SecretRef, bindings: readonly Binding[]) => world.ask(setSecretPolicy, { ...ref, bindings }, owner);
const bindProject = (bindings: readonly Binding[]) =>
  world.ask(
    setProjectPolicy,
    { project, bindings: [{ role: 'roles/owner', members: ['user:owner@coffer.internal'] }, ...bindings] },
    owner,
  );

let accounts = 0;

async function account(): Promise<{ email: AccountEmail; member: string; token: string }> {
  accounts += 1;
  const command = { project, accountId: `account-${accounts}`, displayName: '', description: '' };
  const { email } = (await world.ask(createAccount, command, owner)).account;
  const { token } = await world.ask(generateToken, { account: email, lifetimeSeconds: 0 }, owner);
  return { email, member: `serviceAccount:${email}`, token: token.reveal() };
}

const who = (ref: SecretRef, token = owner, permission: Permission = READING) =>
  world.ask(whoAccess, { ...ref, permission }, token);
const what = (member: string, token = owner, page: { pageSize?: number; pageToken?: string } = {}) =>
  world.ask(
    whatAccess,
    { project, principal: principalNamed(member), permission: READING, pageSize: 0, pageToken: '', ...page },
    token,
  );
const explain = (ref: SecretRef, member: string, token = owner, permission: Permission = READING) =>
  world.ask(explainSecretAccess, { ...ref, principal: principalNamed(member), permission }, token);

async function read(ref: SecretRef, token: string) {
  world.clock.advance(10);
  return world.ask(accessVersion, { ...ref, selector: 'latest' }, token);
}

const expired = { title: 'expired', description: '', expression: 'request.time < timestamp("2000-01-01T00:00:00Z")' };
const only = (name: string) => ({
  title: `only ${name}`,
  description: '',
  expression: `resource.name.extract("secrets/{id}/") == "${name}"`,
});

test('who: every member of every level with its verdict, and whoever did read', async () => {
  const ref = await secretOf('who');
  const [direct, conditional, left] = [await account(), await account(), await account()];
  await bind(ref, [
    { role: ACCESSOR, members: [direct.member, left.member] },
    { role: VIEWER, members: ['user:viewer@x.org'] },
  ]);
  await bindProject([
    { role: ACCESSOR, members: [conditional.member], condition: expired },
    { role: ACCESSOR, members: [conditional.member], condition: only('who') },
    { role: ACCESSOR, members: ['group:none@x.org'], condition: only('other') },
  ]);
  for (const each of [direct, conditional, left]) await read(ref, each.token);
  await bind(ref, [{ role: ACCESSOR, members: [direct.member, 'domain:x.org'] }]);
  const answer = await who(ref);
  assert.deepEqual([answer.hidden, answer.isComplete, answer.dialects], [[], true, [`test of ${READING}`]]);
  const rows = answer.members.map(({ member, access, grants, read: seen }) => [
    member,
    access,
    grants
      .map(
        ({ resource, verdict }) =>
          `${resource}${verdict === undefined ? '' : ` ${verdict.holds} ${verdict.dependsOn}`}`,
      )
      .join(),
    seen?.version,
  ]);
  assert.deepEqual(rows, [
    ['user:owner@coffer.internal', 'allowed', 'server,server,projects/access-project', undefined],
    [conditional.member, 'allowed', 'projects/access-project false time,projects/access-project true resource', 1],
    ['group:none@x.org', 'denied', 'projects/access-project false resource', undefined],
    [direct.member, 'allowed', 'projects/access-project/secrets/who', 1],
    ['domain:x.org', 'allowed', 'projects/access-project/secrets/who', undefined],
    [left.member, 'denied', '', 1],
  ]);
  for (const { member, access } of rows.map(([each, verdict]) => ({ member: each, access: verdict }))) {
    const reader = [direct, conditional, left].find((each) => each.member === member);
    if (reader === undefined) continue;
    const opens = await read(ref, reader.token).then(
      () => 'allowed',
      () => 'denied',
    );
    assert.equal(opens, access, String(member));
  }
  const managers = await who(ref, owner, 'secretmanager.versions.destroy');
  assert.deepEqual(
    managers.members.map(({ member }) => member),
    ['user:owner@coffer.internal'],
  );
});

test('a reader through allUsers is told with the grant that lets it', async () => {
  const ref = await secretOf('public');
  await bind(ref, [{ role: ACCESSOR, members: ['allUsers'] }]);
  const anyone = await account();
  await read(ref, anyone.token);
  await world.ask(accessVersion, { ...ref, selector: 1 });
  const members = (await who(ref)).members.filter(({ member }) => !member.startsWith('user:'));
  assert.deepEqual(
    members
      .filter(({ member }) => [anyone.member, 'allUsers', 'anonymous'].includes(member))
      .map((each) => [each.member, each.access, each.grants.at(-1)?.member]),
    [
      ['allUsers', 'allowed', 'allUsers'],
      ['anonymous', 'allowed', 'allUsers'],
      [anyone.member, 'allowed', 'allUsers'],
    ],
  );
});

test('explain: the grant, where it comes from, its condition; and why not', async () => {
  const ref = await secretOf('explained');
  const { member, token } = await account();
  assert.deepEqual((await explain(ref, member)).access, 'denied');
  await bindProject([{ role: ACCESSOR, members: [member], condition: only('explained') }]);
  const allowed = await explain(ref, member);
  assert.deepEqual(
    [
      allowed.access,
      allowed.resource,
      allowed.grants[0]?.resource,
      allowed.grants[0]?.verdict?.condition.title,
      allowed.read,
    ],
    [
      'allowed',
      'projects/access-project/secrets/explained/versions/latest',
      'projects/access-project',
      'only explained',
      undefined,
    ],
  );
  await read(ref, token);
  assert.equal((await explain(ref, member)).read?.version, 1);
  assert.equal(
    (await explain(ref, member, owner, 'secretmanager.secrets.get')).resource,
    'projects/access-project/secrets/explained',
  );
  const ofProject = (permission: Permission) =>
    world.ask(explainProjectAccess, { project, principal: principalNamed(member), permission }, owner);
  assert.equal((await ofProject(READING)).access, 'depends', 'on which secret it is');
  assert.equal((await ofProject('resourcemanager.projects.delete' as Permission)).access, 'denied');
  await refused('SECRET_NOT_FOUND', explain({ ...ref, key: key('none') }, member));
});

test('what: grants from above, secrets whose policies name the principal, and what it did read', async () => {
  const { member, token } = await account();
  const [w1, w2, w3, w4, w5, w6] = [
    ...[await secretOf('w1'), await secretOf('w2'), await secretOf('w3')],
    ...[await secretOf('w4'), await secretOf('w5'), await secretOf('w6')],
  ] as const;
  await bind(w1, [{ role: ACCESSOR, members: [member] }]);
  await bind(w2, [{ role: ACCESSOR, members: ['allAuthenticatedUsers'] }]);
  await bind(w3, [{ role: ACCESSOR, members: [member], condition: expired }]);
  await bind(w4, [{ role: VIEWER, members: [member] }]);
  await bind(w5, [{ role: ACCESSOR, members: ['user:somebody@x.org'] }]);
  await bindProject([{ role: ACCESSOR, members: [member], condition: only('w6') }]);
  for (const ref of [w1, w6]) await read(ref, token);
  const answer = await what(member);
  assert.deepEqual([answer.access, answer.grants.map(({ role }) => role)], ['depends', [ACCESSOR]]);
  assert.deepEqual(
    answer.secrets
      .filter(({ secret }) => /^w\d$/.test(secret.name))
      .map(({ secret, access }) => `${secret.name} ${access}`)
      .sort(),
    ['w1 allowed', 'w2 allowed', 'w3 denied'],
  );
  assert.deepEqual(
    answer.reads.map(({ secret, access, sighting }) => [secret.name, access, sighting.version]),
    [
      ['w6', 'allowed', 1],
      ['w1', 'allowed', 1],
    ],
  );
  const paged: string[] = [];
  let pageToken = '';
  for (let pages = 0; pages < 20; pages++) {
    const page = await what(member, owner, { pageSize: 1, pageToken });
    if (pages > 0) assert.deepEqual(page.reads, [], 'once is enough');
    assert.ok(page.secrets.length <= 1);
    paged.push(...page.secrets.map(({ secret }) => secret.uid));
    pageToken = page.nextPageToken;
    if (pageToken === '') break;
  }
  assert.deepEqual(
    paged,
    answer.secrets.map(({ secret }) => secret.uid),
  );
  await refused(
    'PAGE_TOKEN_INVALID',
    what('user:a@x.org', owner, { pageToken: (await what(member, owner, { pageSize: 1 })).nextPageToken }),
  );
  await world.ask(deleteSecret, w1, owner);
  const gone = await what(member);
  assert.ok(
    gone.secrets.every(({ secret }) => secret.name !== 'w1') && gone.reads.every(({ secret }) => secret.name !== 'w1'),
  );
});

test('impact: readers of the window who could before and could not after, and no others', async () => {
  const ref = await secretOf('impact');
  const [stays, loses, silent, elsewhere] = [await account(), await account(), await account(), await account()];
  await bind(ref, [{ role: ACCESSOR, members: [stays.member, loses.member, silent.member, elsewhere.member] }]);
  await bindProject([{ role: ACCESSOR, members: [elsewhere.member] }]);
  for (const each of [stays, loses, elsewhere]) await read(ref, each.token);
  const bindings = [{ role: ACCESSOR, members: [stays.member] }];
  const { losing } = await world.ask(secretImpact, { ...ref, bindings }, owner);
  assert.deepEqual(
    losing.map(({ principal, sighting, secret }) => [principal, sighting.version, secret.name]),
    [[loses.member, 1, 'impact']],
  );
  const project2 = await world.ask(projectImpact, { project, bindings: [] }, owner);
  assert.deepEqual(project2.losing, [], 'the secret lets it in');
  const gone = [{ role: ACCESSOR, members: [elsewhere.member, stays.member], condition: expired }];
  assert.equal(
    (await world.ask(secretImpact, { ...ref, bindings: gone }, owner)).losing.length,
    2,
    'a condition can take it too',
  );
  const began = (await world.records()).length;
  await bind(ref, bindings);
  await bindProject([]);
  const kept = (await world.records())
    .slice(began)
    .flatMap(({ operation, details }) =>
      operation.endsWith('setIamPolicy') ? [[operation, details?.['losing']]] : [],
    );
  assert.deepEqual(kept, [
    ['secrets.setIamPolicy', loses.member],
    ['projects.setIamPolicy', elsewhere.member],
  ]);
  world.clock.advance(8 * 86_400_000);
  assert.deepEqual((await world.ask(secretImpact, { ...ref, bindings: [] }, owner)).losing, [], 'out of the window');
});

test('a reviewer of one secret is shown its policy alone, and never what rests on others', async () => {
  const ref = await secretOf('narrow');
  const [reviewer, reader] = [await account(), await account()];
  const { token } = await world.ask(generateToken, { account: reviewer.email, lifetimeSeconds: 0 }, owner);
  await bind(ref, [{ role: VIEWER, members: [reviewer.member] }]);
  await bindProject([{ role: ACCESSOR, members: [reader.member] }]);
  const asReviewer = token.reveal();
  const shown = await who(ref, asReviewer);
  assert.deepEqual([shown.hidden, shown.members], [['server', 'projects/access-project'], []]);
  const explained = await explain(ref, reader.member, asReviewer);
  assert.deepEqual([explained.access, explained.grants], ['unknown', []]);
  await refused('PERMISSION_DENIED', what(reader.member, asReviewer));
  await refused('PERMISSION_DENIED', world.ask(projectImpact, { project, bindings: [] }, asReviewer));
});

test('a reviewer of policies alone sees neither secrets nor readers', async () => {
  const ref = await secretOf('unseen');
  const [reviewer, reader] = [await account(), await account()];
  await bind(ref, [{ role: ACCESSOR, members: [reader.member] }]);
  await bindProject([{ role: IAM, members: [reviewer.member] }]);
  const { token } = await world.ask(generateToken, { account: reviewer.email, lifetimeSeconds: 0 }, owner);
  const { token: readers } = await world.ask(generateToken, { account: reader.email, lifetimeSeconds: 0 }, owner);
  await read(ref, readers.reveal());
  const answer = await what(reader.member, token.reveal());
  assert.deepEqual([answer.secrets, answer.reads], [[], []]);
  const { losing } = await world.ask(projectImpact, { project, bindings: [] }, token.reveal());
  assert.deepEqual(losing, []);
  await refused('PERMISSION_DENIED', who(ref, token.reveal()));
  await bind(ref, [
    { role: ACCESSOR, members: [reader.member] },
    { role: 'roles/secretmanager.secretVersionManager', members: [reviewer.member] },
  ]);
  assert.equal((await what(reader.member, token.reveal())).reads.length, 1);
});

test('a stranger is refused alike for what is there and what is not, also about itself', async () => {
  const ref = await secretOf('strange');
  const { member, email } = await account();
  await bind(ref, [{ role: ACCESSOR, members: [member] }]);
  const { token } = await world.ask(generateToken, { account: email, lifetimeSeconds: 0 }, owner);
  const stranger = token.reveal();
  const missing = { ...ref, key: key('strangf') };
  for (const ask of [
    (each: SecretRef) => who(each, stranger),
    (each: SecretRef) => explain(each, member, stranger),
    (each: SecretRef) => world.ask(secretImpact, { ...each, bindings: [] }, stranger),
  ]) {
    const there = await refused('PERMISSION_DENIED', ask(ref));
    const absent = await refused('PERMISSION_DENIED', ask(missing));
    assert.equal(absent.message.replace('strangf', 'strange'), there.message);
  }
  await refused('PERMISSION_DENIED', what(member, stranger));
  await refused('CREDENTIAL_MISSING', world.ask(whoAccess, { ...ref, permission: READING }));
});
