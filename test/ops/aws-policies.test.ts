// AWS's policies beside IAM's, on a whole server: one decision, whatever the API that a request came by.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseProjectRef, parseSecretName } from '../../src/core/name.ts';
import type { Caller } from '../../src/core/principal.ts';
import { explainSecretAccess } from '../../src/ops/access.ts';
import { createAccount, deleteAccount } from '../../src/ops/accounts.ts';
import { deleteAccountPolicy, listAccountPolicies, setAccountPolicy } from '../../src/ops/aws/identity-policies.ts';
import { deleteAwsPolicy, getAwsPolicy, setAwsPolicy, validateAwsPolicy } from '../../src/ops/aws/resource-policies.ts';
import { promoteVersion } from '../../src/ops/current.ts';
import { setProjectPolicy, setSecretPolicy, testPermissions } from '../../src/ops/policies.ts';
import { createProject } from '../../src/ops/projects.ts';
import { listSecrets } from '../../src/ops/secret-list.ts';
import { createSecret, deleteSecret, getSecret, type SecretRef, updateSecret } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { accessVersion, addVersion, destroyVersion } from '../../src/ops/versions.ts';
import { bytes, newSecret, project, refused } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let owner: string;
let account: string;
let bob: Awaited<ReturnType<typeof make>>;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  account = (await world.store.read({ it: { need: 'project', project } })).it?.number ?? '';
  bob = await make('bobby-1');
});
after(() => world.close());

async function make(accountId: string, of = project) {
  const command = { project: of, accountId, displayName: '', description: '' };
  const made = await world.ask(createAccount, command, owner);
  const { token } = await world.ask(generateToken, { account: made.account.email, lifetimeSeconds: 0 }, owner);
  return { ...made.account, token: token.reveal() };
}

const document = (...statements: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: statements });
const roleOf = (name: string, of = account) => `arn:aws:iam::${of}:role/${name}`;
const allowing = (principal: unknown, more: object = {}) => ({
  ...{ Effect: 'Allow', Principal: principal, Action: 'secretsmanager:GetSecretValue', Resource: '*' },
  ...more,
});
const granting = (more: object = {}) => ({
  ...{ Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: '*' },
  ...more,
});
const denying = (more: object = {}) => ({
  Effect: 'Deny',
  Principal: '*',
  Action: 'secretsmanager:*',
  Resource: '*',
  ...more,
});

const read = (ref: SecretRef, credential: string) =>
  world.ask(accessVersion, { ...ref, selector: 'latest' }, credential);
const put = (ref: SecretRef, ...statements: object[]) =>
  world.ask(setAwsPolicy, { ...ref, policy: document(...statements) }, owner);
const attach = (to: { email: string }, name: string, ...statements: object[]) =>
  world.ask(setAccountPolicy, { account: to.email as never, name, policy: document(...statements) }, owner);
const detach = (from: { email: string }, name: string) =>
  world.ask(deleteAccountPolicy, { account: from.email as never, name }, owner);

describe('the policy of a secret', () => {
  test('grants to whom it names, of the same account, and the audit says by which statement', async () => {
    const ref = await newSecret(world, 'granted', ['v']);
    await refused('PERMISSION_DENIED', read(ref, bob.token));
    await put(ref, allowing({ AWS: roleOf('bobby-1') }, { Sid: 'ToBob' }));
    assert.equal((await read(ref, bob.token)).version.number, 1);
    const record = (await world.records()).findLast(
      ({ operation, outcome, principal }) =>
        operation === 'versions.access' && outcome === 'allowed' && principal.includes('bobby'),
    );
    assert.deepEqual(record?.details, { grantedBy: 'aws resource policy, statement ToBob' });
    await refused('PERMISSION_DENIED', world.ask(getSecret, ref, bob.token));
    await refused('PERMISSION_DENIED', world.ask(addVersion, { ...ref, payload: bytes('w') }, bob.token));
    const shown = await world.ask(getAwsPolicy, ref, owner);
    assert.equal(shown.secret.awsPolicy, document(allowing({ AWS: roleOf('bobby-1') }, { Sid: 'ToBob' })));
    await world.ask(deleteAwsPolicy, ref, owner);
    await refused('PERMISSION_DENIED', read(ref, bob.token));
    assert.equal((await world.ask(getAwsPolicy, ref, owner)).secret.awsPolicy, undefined);
  });

  test('that names an account leaves it to that account, which anybody of it has to be granted by', async () => {
    const ref = await newSecret(world, 'left-to-account', ['v']);
    await put(ref, allowing({ AWS: account }));
    await refused('PERMISSION_DENIED', read(ref, bob.token));
    await attach(bob, 'own', granting());
    await read(ref, bob.token);
    await detach(bob, 'own');
  });

  test('denies in every API what IAM grants, and to the owner too, who can undo it', async () => {
    const ref = await newSecret(world, 'denied', ['v']);
    const bindings = [{ role: 'roles/secretmanager.admin', members: [`serviceAccount:${bob.email}`] }];
    await world.ask(setSecretPolicy, { ...ref, bindings }, owner);
    await read(ref, bob.token);
    await put(ref, denying({ Sid: 'Shut' }));
    for (const credential of [bob.token, owner]) {
      const fault = await refused('PERMISSION_DENIED', read(ref, credential));
      assert.equal(fault.facts['deniedBy'], 'aws resource policy, statement Shut');
      assert.doesNotMatch(fault.message, /Shut/, 'whoever may not see the policy is not told of it');
      await refused('PERMISSION_DENIED', world.ask(getSecret, ref, credential));
      await refused('PERMISSION_DENIED', world.ask(deleteSecret, ref, credential));
      await refused('PERMISSION_DENIED', world.ask(updateSecret, { ...ref, labels: {} }, credential));
    }
    assert.deepEqual((await world.records()).at(-1)?.details, { deniedBy: 'aws resource policy, statement Shut' });
    await refused('PERMISSION_DENIED', world.ask(deleteAwsPolicy, ref, bob.token));
    await world.ask(deleteAwsPolicy, ref, owner);
    await read(ref, bob.token);
  });

  test('denies by whichever name or number of a version it is asked for', async () => {
    const name = parseSecretName('team/key');
    const ref: SecretRef = { project, key: 'team--key' as never };
    await world.ask(createSecret, { project, name, replication: { locations: [] } }, owner);
    await world.ask(addVersion, { ...ref, payload: bytes('1') }, owner);
    await world.ask(addVersion, { ...ref, payload: bytes('2') }, owner);
    await attach(bob, 'all', granting());
    const shut = { Effect: 'Deny', Action: 'secretsmanager:GetSecretValue' };
    const of = (secret: string) => `arn:aws:secretsmanager:eu-west-1:${account}:secret:${secret}`;
    await attach(bob, 'shut', { ...shut, Resource: of('team/*') });
    await refused('PERMISSION_DENIED', read(ref, bob.token));
    await refused('PERMISSION_DENIED', read({ ...ref, spelled: true }, bob.token));
    await refused('PERMISSION_DENIED', world.ask(accessVersion, { ...ref, selector: 1 }, bob.token));
    await attach(bob, 'shut', { ...shut, Resource: of('team--*') });
    await read(ref, bob.token);
    const previous = { StringEquals: { 'secretsmanager:VersionStage': 'AWSPREVIOUS' } };
    await attach(bob, 'shut', { ...shut, Resource: '*', Condition: previous });
    await read(ref, bob.token);
    await refused('PERMISSION_DENIED', world.ask(accessVersion, { ...ref, selector: 1 }, bob.token));
    await detach(bob, 'shut');
    await detach(bob, 'all');
  });

  test('that is none is refused, and what was there stays', async () => {
    const ref = await newSecret(world, 'no-policy', ['v']);
    for (const policy of ['', '{}', '[]', 'x'.repeat(20_481), document(granting())]) {
      await refused('POLICY_INVALID', world.ask(setAwsPolicy, { ...ref, policy }, owner));
    }
    const policy = document(allowing('*'));
    const fault = await refused('POLICY_PUBLIC', world.ask(setAwsPolicy, { ...ref, policy, blockPublic: true }, owner));
    assert.equal(fault.facts['statement'], '1');
    assert.equal((await world.ask(getAwsPolicy, ref, owner)).secret.awsPolicy, undefined);
    const missing = { project, key: 'not-there' as never, policy };
    await refused('SECRET_NOT_FOUND', world.ask(setAwsPolicy, missing, owner));
    await refused('PERMISSION_DENIED', world.ask(setAwsPolicy, { ...ref, policy }, bob.token));
    await refused('PERMISSION_DENIED', world.ask(getAwsPolicy, ref, bob.token));
  });

  test('is judged before it is set: what it says, whom it lets in, whom it locks out', async () => {
    const ref = await newSecret(world, 'judged', ['v']);
    const findings = async (policy: string) =>
      (await world.ask(validateAwsPolicy, { project, secret: ref, policy }, owner)).findings.map(({ check }) => check);
    assert.deepEqual(await findings(document(allowing({ AWS: account }))), []);
    assert.deepEqual(await findings('{'), ['SYNTAX']);
    assert.deepEqual(await findings(document(allowing('*'))), ['PUBLIC_ACCESS']);
    assert.deepEqual(await findings(document(allowing('*'), denying())), ['PUBLIC_ACCESS', 'LOCKOUT']);
    const others = denying({ Principal: undefined, NotPrincipal: { AWS: account } });
    assert.deepEqual(await findings(document(others)), [], 'the owner is the root of that account');
    assert.deepEqual(await findings(document(denying({ Action: 'secretsmanager:DeleteResourcePolicy' }))), ['LOCKOUT']);
  });

  test('names nobody any more where the account is gone that it named, and whoever gets the name gets nothing', async () => {
    const ref = await newSecret(world, 'inherited', ['v']);
    const first = await make('gone-soon');
    const session = `arn:aws:sts::${account}:assumed-role/gone-soon/s`;
    await put(ref, allowing({ AWS: [roleOf('gone-soon'), session, roleOf('bobby-1')] }));
    await read(ref, first.token);
    await world.ask(deleteAccount, { account: first.email }, owner);
    const second = await make('gone-soon');
    await refused('PERMISSION_DENIED', read(ref, second.token));
    await read(ref, bob.token);
    const gone = `AIDA${first.uniqueId}`;
    const { awsPolicy } = (await world.ask(getAwsPolicy, ref, owner)).secret;
    assert.deepEqual(JSON.parse(awsPolicy ?? '').Statement[0].Principal, { AWS: [gone, gone, roleOf('bobby-1')] });
    await world.ask(setAwsPolicy, { ...ref, policy: awsPolicy ?? '' }, owner);
  });
});

describe('the policies of a service account', () => {
  test('grant what they name in its own account, and what the action is elsewhere', async () => {
    const ref = await newSecret(world, 'by-identity', ['1', '2']);
    const resource = `arn:aws:secretsmanager:*:${account}:secret:by-identity-??????`;
    await attach(bob, 'p', granting({ Resource: resource }));
    await read(ref, bob.token);
    await refused('PERMISSION_DENIED', read(await newSecret(world, 'by-identity-2', ['v']), bob.token));
    await refused('PERMISSION_DENIED', world.ask(destroyVersion, { ...ref, number: 1 }, bob.token));
    await attach(bob, 'p', granting({ Action: 'secretsmanager:DeleteSecret' }));
    await refused('PERMISSION_DENIED', world.ask(destroyVersion, { ...ref, number: 1 }, bob.token));
    await attach(
      bob,
      'p',
      granting({ Action: ['secretsmanager:DeleteSecret', 'secretsmanager:UpdateSecretVersionStage'] }),
    );
    await world.ask(promoteVersion, { ...ref, number: 1 }, bob.token);
    await world.ask(destroyVersion, { ...ref, number: 2 }, bob.token);
    await attach(
      bob,
      'p',
      granting({ Action: 'secretsmanager:CreateSecret', Resource: `arn:aws:secretsmanager:*:*:secret:bob/*` }),
    );
    const create = (name: string) =>
      world.ask(createSecret, { project, name: parseSecretName(name), replication: { locations: [] } }, bob.token);
    await create('bob/new');
    await refused('PERMISSION_DENIED', create('eve/new'));
    await refused('PERMISSION_DENIED', create('bob--new2'));
    await attach(bob, 'p', granting({ Action: 'secretsmanager:ListSecrets' }));
    await world.ask(listSecrets, { project, pageSize: 1, pageToken: '' } as never, bob.token);
    await detach(bob, 'p');
    assert.equal((await world.ask(listAccountPolicies, { account: bob.email }, owner)).account.awsPolicies, undefined);
  });

  test('grant nothing that AWS has no action for, and deny it where they deny everything', async () => {
    await attach(bob, 'p', granting({ Action: '*' }));
    const create = () =>
      world.ask(createAccount, { project, accountId: 'made-by-bob', displayName: '', description: '' }, bob.token);
    await refused('PERMISSION_DENIED', create());
    await refused('PERMISSION_DENIED', world.ask(setProjectPolicy, { project, bindings: [] }, bob.token));
    const { policy } = await world.ask(
      setProjectPolicy,
      { project, bindings: [{ role: 'roles/owner', members: [`serviceAccount:${bob.email}`] }] },
      owner,
    );
    await create();
    await attach(bob, 'quarantine', { Effect: 'Deny', Action: '*', Resource: '*' });
    await refused(
      'PERMISSION_DENIED',
      world.ask(setProjectPolicy, { project, bindings: [], etag: policy.etag }, bob.token),
    );
    const ref = await newSecret(world, 'quarantined', ['v']);
    const fault = await refused('PERMISSION_DENIED', read(ref, bob.token));
    assert.equal(fault.facts['deniedBy'], 'aws policy quarantine, statement 1');
    const asked = { project, permissions: ['secretmanager.secrets.list'] };
    assert.deepEqual((await world.ask(testPermissions, asked, bob.token)).permissions, []);
    await detach(bob, 'quarantine');
    assert.deepEqual((await world.ask(testPermissions, asked, bob.token)).permissions, asked.permissions);
    await world.ask(setProjectPolicy, { project, bindings: [] }, owner);
    await detach(bob, 'p');
  });

  test('are set by whoever sets the policy of the project, and by nobody who may set certain roles only', async () => {
    const ann = await make('annie-1');
    const policy = document(granting());
    const set = () => world.ask(setAccountPolicy, { account: ann.email, name: 'p', policy }, ann.token);
    await refused('PERMISSION_DENIED', set());
    const expression = "api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/viewer'])";
    const role = 'roles/resourcemanager.projectIamAdmin';
    const members = [`serviceAccount:${ann.email}`];
    const condition = { title: 'viewers', description: '', expression };
    await world.ask(setProjectPolicy, { project, bindings: [{ role, members, condition }], version: 3 }, owner);
    await refused('PERMISSION_DENIED', set());
    await world.ask(setProjectPolicy, { project, bindings: [{ role, members }] }, owner);
    await set();
    for (let index = 2; index <= 10; index++) await attach(ann, `p${index}`, granting());
    await refused('LIMIT_REACHED', attach(ann, 'p11', granting()));
    await attach(ann, 'p10', granting());
    await world.ask(setProjectPolicy, { project, bindings: [] }, owner);
    await refused('POLICY_INVALID', attach(ann, 'p', allowing('*')));
    await world.ask(deleteAccount, { account: ann.email }, owner);
    const again = await make('annie-1');
    assert.equal(
      (await world.ask(listAccountPolicies, { account: again.email }, owner)).account.awsPolicies,
      undefined,
    );
  });
});

describe('whoever is of another account', () => {
  test('needs the policy of the secret and a word of his own account', async () => {
    const other = parseProjectRef('other-project');
    await world.ask(createProject, { id: 'other-project', displayName: '', labels: {} } as never, owner);
    const eve = await make('evelyn-1', other);
    const number = (await world.store.read({ it: { need: 'project', project: other } })).it?.number ?? '';
    const ref = await newSecret(world, 'across', ['v']);
    await attach(eve, 'all', granting());
    await refused('PERMISSION_DENIED', read(ref, eve.token));
    await put(ref, allowing({ AWS: number }));
    await read(ref, eve.token);
    await put(ref, allowing({ AWS: roleOf('evelyn-1') }));
    await refused('PERMISSION_DENIED', read(ref, eve.token));
    await put(ref, allowing('*'));
    await read(ref, eve.token);
    await detach(eve, 'all');
    await refused('PERMISSION_DENIED', read(ref, eve.token));
    const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${eve.email}`] }];
    await world.ask(setProjectPolicy, { project: other, bindings }, owner);
    await read(ref, eve.token);
    await read({ ...ref, project: parseProjectRef(account) }, eve.token);
    await put(ref, allowing('*'), denying({ Principal: { AWS: number } }));
    await refused('PERMISSION_DENIED', read(ref, eve.token));
    await refused('PERMISSION_DENIED', read({ ...ref, project: parseProjectRef(account) }, eve.token));
  });

  test('is nobody to a policy where no credential comes', async () => {
    const ref = await newSecret(world, 'for-nobody', ['v']);
    await put(ref, allowing('*'));
    await refused('CREDENTIAL_MISSING', world.ask(accessVersion, { ...ref, selector: 'latest' }, undefined));
    await put(ref, allowing('*'), denying());
    await refused('CREDENTIAL_MISSING', world.ask(accessVersion, { ...ref, selector: 'latest' }, undefined));
  });
});

describe('what a request has', () => {
  const asking = async (more: Partial<Caller>): Promise<Caller> => ({ ...(await world.as(bob.token)), ...more });
  const readAs = (ref: SecretRef, caller: Caller) =>
    world.door.call(accessVersion, caller, { ...ref, selector: 'latest' });
  const settle = async (work: () => unknown) => {
    await work();
  };

  test('address, transport, time, tags and who asks are what conditions see', async () => {
    const ref = await newSecret(world, 'conditional', ['v'], { labels: { team: 'blue' } });
    const arn = { 'aws:PrincipalArn': roleOf('bobby-1') };
    for (const [condition, holds, fails] of [
      [{ IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { peer: '::ffff:10.1.2.3' }, { peer: '::ffff:11.1.2.3' }],
      [{ NotIpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }, { peer: '127.0.0.1' }, { peer: '::ffff:10.1.2.3' }],
      [{ Bool: { 'aws:SecureTransport': true } }, { secure: true }, {}],
      [
        { StringEquals: { 'aws:ResourceTag/Team': 'blue' }, ArnEquals: arn },
        {},
        { principal: { member: 'user:x@y.z', groups: [] } },
      ],
      [{ StringLike: { 'aws:UserAgent': 'mine*' } }, { userAgent: 'mine/1' }, {}],
    ] as [object, Partial<Caller>, Partial<Caller>][]) {
      await put(ref, allowing('*', { Condition: condition }));
      await settle(async () => readAs(ref, await asking(holds)));
      await refused(
        'PERMISSION_DENIED',
        settle(async () => readAs(ref, await asking(fails))),
      );
    }
    const until = new Date(world.clock.now() + 60_000).toISOString();
    await put(ref, allowing('*', { Condition: { DateLessThan: { 'aws:CurrentTime': until } } }));
    await read(ref, bob.token);
    await attach(bob, 'mine', granting({ Resource: `arn:aws:secretsmanager:*:*:secret:\${aws:username}*` }));
    await world.ask(deleteAwsPolicy, ref, owner);
    await refused('PERMISSION_DENIED', read(ref, bob.token));
    await read(await newSecret(world, 'bobby-1-own', ['v']), bob.token);
    await detach(bob, 'mine');
  });

  test("by AWS's API: its own action, and no more than that action is", async () => {
    const ref = await newSecret(world, 'by-action', ['v']);
    const aws = (action: string, keys = {}) => ({
      aws: { action: `secretsmanager:${action}`, region: 'us-east-1', keys },
    });
    await put(ref, allowing('*', { Action: 'secretsmanager:DescribeSecret' }));
    await settle(async () => world.door.call(getSecret, await asking(aws('DescribeSecret')), ref));
    await refused(
      'PERMISSION_DENIED',
      settle(async () => readAs(ref, await asking(aws('DescribeSecret')))),
    );
    await put(ref, allowing('*', { Action: 'secretsmanager:BatchGetSecretValue' }));
    await refused(
      'PERMISSION_DENIED',
      settle(async () => readAs(ref, await asking(aws('BatchGetSecretValue')))),
    );
    const region = {
      StringEquals: { 'aws:RequestedRegion': 'us-east-1', 'secretsmanager:VersionStage': 'AWSCURRENT' },
    };
    await put(ref, allowing('*', { Condition: region }));
    const current = aws('GetSecretValue', { 'secretsmanager:versionstage': ['AWSCURRENT'] });
    await settle(async () => readAs(ref, await asking(current)));
    await refused(
      'PERMISSION_DENIED',
      settle(async () => readAs(ref, await asking(aws('GetSecretValue')))),
    );
    await refused('PERMISSION_DENIED', read(ref, bob.token));
  });
});

test('an explanation names the statement that decides', async () => {
  const ref = await newSecret(world, 'explained', ['v']);
  const question = {
    ...ref,
    principal: { member: `serviceAccount:${bob.email}`, groups: [] },
    permission: 'secretmanager.versions.access' as const,
  };
  await put(ref, allowing({ AWS: roleOf('bobby-1') }, { Sid: 'ToBob' }));
  const allowed = await world.ask(explainSecretAccess, question, owner);
  assert.equal(allowed.access, 'allowed');
  assert.deepEqual(
    allowed.grants.map(({ role, member }) => [role, member]),
    [['aws resource policy, statement ToBob', question.principal.member]],
  );
  await put(ref, allowing('*'), denying({ Sid: 'Shut', Principal: { AWS: account } }));
  await attach(bob, 'own', granting());
  const denied = await world.ask(explainSecretAccess, question, owner);
  assert.equal(denied.access, 'denied');
  assert.equal(denied.deniedBy, 'aws resource policy, statement Shut');
  await detach(bob, 'own');
});
