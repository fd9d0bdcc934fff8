// The one door, over the real store, keyring and audit: who may, what happens, what is written down.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Audit } from '../../src/core/audit-port.ts';
import { Fault } from '../../src/core/error.ts';
import { type AccountEmail, parseAccountEmail, parseProjectRef, parseSecretName } from '../../src/core/name.ts';
import { Redacted } from '../../src/core/redacted.ts';
import { createAccount, deleteAccount, getAccount, listAccounts } from '../../src/ops/accounts.ts';
import { queryAudit, verifyAudit } from '../../src/ops/audit.ts';
import type { Operation } from '../../src/ops/operation.ts';
import { getSecretPolicy, setProjectPolicy, setSecretPolicy, testPermissions } from '../../src/ops/policies.ts';
import { createProject, getProject, listProjects } from '../../src/ops/projects.ts';
import { listSecrets } from '../../src/ops/secret-list.ts';
import { createSecret, deleteSecret, getSecret, updateSecret } from '../../src/ops/secrets.ts';
import { generateToken, issueToken, revokeToken } from '../../src/ops/tokens.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  getVersion,
  listVersions,
} from '../../src/ops/versions.ts';
import { bytes, key, project, refused, newSecret as secretOf, textOf as text } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
});
after(() => world.close());

const newSecret = (name: string, ...values: string[]) => secretOf(world, name, values);

async function newAccount(accountId: string): Promise<{ email: AccountEmail; token: string }> {
  const { account } = await world.ask(createAccount, { project, accountId, displayName: '', description: '' }, owner);
  const { token } = await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner);
  return { email: account.email, token: token.reveal() };
}

const grant = (secret: { project: typeof project; key: ReturnType<typeof key> }, role: string, member: string) =>
  world.ask(setSecretPolicy, { ...secret, bindings: [{ role, members: [member] }] }, owner);

test('a version goes in and comes out, and latest is the newest whatever its state', async () => {
  const secret = await newSecret('roundtrip', 'one', 'two');
  const latest = await world.ask(accessVersion, { ...secret, selector: 'latest' }, owner);
  assert.equal(text(latest.payload), 'two');
  assert.equal(latest.version.number, 2);
  assert.equal(text((await world.ask(accessVersion, { ...secret, selector: 1 }, owner)).payload), 'one');
  await world.ask(disableVersion, { ...secret, number: 2 }, owner);
  const disabled = await refused(
    'VERSION_NOT_ENABLED',
    world.ask(accessVersion, { ...secret, selector: 'latest' }, owner),
  );
  assert.equal(disabled.facts['state'], 'DISABLED');
  const record = (await world.records()).at(-1);
  assert.deepEqual([record?.outcome, record?.version], ['failed', 2], 'the record names the version that was refused');
  await world.ask(enableVersion, { ...secret, number: 2 }, owner);
  await world.ask(destroyVersion, { ...secret, number: 2 }, owner);
  await refused('VERSION_NOT_ENABLED', world.ask(accessVersion, { ...secret, selector: 'latest' }, owner));
  await refused('VERSION_DESTROYED', world.ask(enableVersion, { ...secret, number: 2 }, owner));
  await refused('VERSION_NOT_FOUND', world.ask(getVersion, { ...secret, selector: 3 }, owner));
});

test('an account reads only after a binding, and no longer after it is gone', async () => {
  const secret = await newSecret('bound', 'value');
  const { email, token } = await newAccount('reader-account');
  const read = () => world.ask(accessVersion, { ...secret, selector: 'latest' as const }, token);
  await refused('PERMISSION_DENIED', read());
  await grant(secret, 'roles/secretmanager.secretAccessor', `serviceAccount:${email}`);
  assert.equal(text((await read()).payload), 'value');
  await refused('PERMISSION_DENIED', world.ask(addVersion, { ...secret, payload: bytes('x') }, token));
  await world.ask(setSecretPolicy, { ...secret, bindings: [] }, owner);
  await refused('PERMISSION_DENIED', read());
});

test('what is denied and what is not there look alike', async () => {
  await newSecret('exists-unseen', 'value');
  const { token } = await newAccount('curious-account');
  const ask = (name: string) =>
    world.ask(accessVersion, { project, key: key(name), selector: 'latest' as const }, token);
  const there = await refused('PERMISSION_DENIED', ask('exists-unseen'));
  const absent = await refused('PERMISSION_DENIED', ask('not-there-at-all'));
  assert.deepEqual(Object.keys(there.facts), Object.keys(absent.facts));
  const elsewhere = { project: parseProjectRef('no-such-project'), key: key('x'), selector: 'latest' as const };
  await refused('PERMISSION_DENIED', world.ask(accessVersion, elsewhere, token));
});

test('an account of one project reads a secret of another after a binding there', async () => {
  await world.ask(createProject, { id: 'other-project' as never, displayName: '', labels: {} }, owner);
  const other = parseProjectRef('other-project');
  const { account } = await world.ask(
    createAccount,
    { project: other, accountId: 'foreigner', displayName: '', description: '' },
    owner,
  );
  const { token } = await world.ask(generateToken, { account: account.email, lifetimeSeconds: 60 }, owner);
  const secret = await newSecret('shared', 'across');
  await refused('PERMISSION_DENIED', world.ask(accessVersion, { ...secret, selector: 'latest' }, token.reveal()));
  await grant(secret, 'roles/secretmanager.secretAccessor', `serviceAccount:${account.email}`);
  const read = await world.ask(accessVersion, { ...secret, selector: 'latest' }, token.reveal());
  assert.equal(text(read.payload), 'across');
});

test('the default compute account adds versions and cannot read them', async () => {
  const secret = await newSecret('editor', 'value');
  const number = (await world.ask(getProject, { project }, owner)).project.number;
  const account = parseAccountEmail(`${number}-compute@developer.gserviceaccount.com`);
  const { token } = await world.ask(generateToken, { account, lifetimeSeconds: 60 }, owner);
  const added = await world.ask(addVersion, { ...secret, payload: bytes('new') }, token.reveal());
  assert.equal(added.version.number, 2);
  await refused('PERMISSION_DENIED', world.ask(accessVersion, { ...secret, selector: 'latest' }, token.reveal()));
  await refused('PERMISSION_DENIED', world.ask(setSecretPolicy, { ...secret, bindings: [] }, token.reveal()));
  await refused('PERMISSION_DENIED', world.ask(generateToken, { account, lifetimeSeconds: 60 }, token.reveal()));
});

test('nobody without a credential, with a bad one, or with one that expired or was revoked', async () => {
  const secret = await newSecret('credentials', 'value');
  const read = (credential?: string) =>
    world.ask(accessVersion, { ...secret, selector: 'latest' as const }, credential);
  await refused('CREDENTIAL_MISSING', read());
  for (const bad of [
    '',
    'x',
    'ya29.short',
    `ya29.${'x'.repeat(43)}`,
    owner.slice(0, -1),
    `${owner}x`,
    'eyJhbGciOiJub25lIn0.e30.',
  ]) {
    await refused('CREDENTIAL_INVALID', read(bad));
  }
  const { email, token } = await newAccount('short-lived');
  await grant(secret, 'roles/secretmanager.secretAccessor', `serviceAccount:${email}`);
  await read(token);
  world.clock.advance(3599_000);
  await read(token);
  world.clock.advance(1_000);
  await refused('CREDENTIAL_INVALID', read(token));
  const again = (await world.ask(generateToken, { account: email, lifetimeSeconds: 0 }, owner)).token.reveal();
  await read(again);
  await world.ask(revokeToken, {}, again);
  await refused('CREDENTIAL_INVALID', read(again));
});

test('a deleted account takes its tokens with it, and one of the same name is another', async () => {
  const secret = await newSecret('deleted-account', 'value');
  const { email, token } = await newAccount('doomed-account');
  await grant(secret, 'roles/secretmanager.secretAccessor', `serviceAccount:${email}`);
  await world.ask(deleteAccount, { account: email }, owner);
  await refused('CREDENTIAL_INVALID', world.ask(accessVersion, { ...secret, selector: 1 }, token));
  await refused('ACCOUNT_NOT_FOUND', world.ask(getAccount, { account: email }, owner));
});

test('an access token cannot renew itself, nor the owner lock the owner out', async () => {
  const { token } = await newAccount('renewing-account');
  await refused('PERMISSION_DENIED', world.ask(issueToken, {}, token));
  const issued = await world.ask(issueToken, {}, owner);
  await refused('PERMISSION_DENIED', world.ask(issueToken, {}, issued.token.reveal()));
  await refused('PERMISSION_DENIED', world.ask(revokeToken, {}, owner));
});

test('payloads: empty, at the limit, above it, and with a wrong checksum', async () => {
  const secret = await newSecret('limits');
  const add = (size: number, crc32c?: number) =>
    world.ask(
      addVersion,
      { ...secret, payload: new Redacted(new Uint8Array(size)), ...(crc32c === undefined ? {} : { crc32c }) },
      owner,
    );
  await refused('PAYLOAD_EMPTY', add(0));
  await refused('PAYLOAD_TOO_LARGE', add(65_537));
  await refused('PAYLOAD_CHECKSUM', add(10, 1));
  assert.equal((await add(65_536)).version.number, 1, 'what was refused took no number');
});

test('etags: a stale one changes nothing', async () => {
  const secret = await newSecret('etags', 'one');
  const before = await world.ask(getSecret, secret, owner);
  const after = await world.ask(updateSecret, { ...secret, labels: { a: 'b' }, etag: before.secret.etag }, owner);
  assert.notEqual(after.secret.etag, before.secret.etag);
  await refused('ETAG_MISMATCH', world.ask(updateSecret, { ...secret, labels: {}, etag: before.secret.etag }, owner));
  await refused('ETAG_MISMATCH', world.ask(deleteSecret, { ...secret, etag: before.secret.etag }, owner));
  await refused('ETAG_MISMATCH', world.ask(destroyVersion, { ...secret, number: 1, etag: 'x' }, owner));
  assert.deepEqual((await world.ask(getSecret, secret, owner)).secret.labels, { a: 'b' });
  const policy = await world.ask(getSecretPolicy, secret, owner);
  await world.ask(setSecretPolicy, { ...secret, bindings: [], etag: policy.policy.etag }, owner);
  await refused(
    'POLICY_ETAG_MISMATCH',
    world.ask(setSecretPolicy, { ...secret, bindings: [], etag: policy.policy.etag }, owner),
  );
});

test('names: one spelling, one secret; deleted is gone', async () => {
  await newSecret('prod--db', 'value');
  await refused('SECRET_EXISTS', newSecret('prod/db'));
  await world.ask(deleteSecret, { project, key: key('prod/db') }, owner);
  await refused('SECRET_NOT_FOUND', world.ask(getSecret, { project, key: key('prod--db') }, owner));
  await newSecret('prod/db', 'other');
  assert.equal((await world.ask(getSecret, { project, key: key('prod--db') }, owner)).secret.name, 'prod/db');
});

test('pages hold what was asked for, once each; a token of another list is refused', async () => {
  await world.ask(createProject, { id: 'paged-project' as never, displayName: '', labels: {} }, owner);
  const paged = parseProjectRef('paged-project');
  for (let index = 0; index < 7; index++) {
    const name = parseSecretName(`s${index}`);
    await world.ask(
      createSecret,
      { project: paged, name, replication: { locations: [] }, labels: {}, annotations: {} },
      owner,
    );
  }
  const seen: string[] = [];
  let pageToken = '';
  do {
    const page = await world.ask(listSecrets, { project: paged, pageSize: 3, pageToken }, owner);
    assert.equal(page.total, 7);
    seen.push(...page.secrets.map((secret) => secret.name));
    pageToken = page.nextPageToken;
    if (pageToken !== '') {
      await refused('PAGE_TOKEN_INVALID', world.ask(listSecrets, { project, pageSize: 3, pageToken }, owner));
      await refused('PAGE_TOKEN_INVALID', world.ask(listAccounts, { project: paged, pageSize: 3, pageToken }, owner));
    }
  } while (pageToken !== '');
  assert.deepEqual(seen, ['s6', 's5', 's4', 's3', 's2', 's1', 's0']);
  await refused('PAGE_TOKEN_INVALID', world.ask(listSecrets, { project, pageSize: 0, pageToken: 'forged' }, owner));
  await refused('PAGE_SIZE_INVALID', world.ask(listSecrets, { project, pageSize: -1, pageToken: '' }, owner));
  const versions = await newSecret('paged', 'a', 'b', 'c');
  const first = await world.ask(listVersions, { ...versions, pageSize: 2, pageToken: '' }, owner);
  const rest = await world.ask(listVersions, { ...versions, pageSize: 2, pageToken: first.nextPageToken }, owner);
  assert.deepEqual(
    [...first.versions, ...rest.versions].map((version) => version.number),
    [3, 2, 1],
  );
  assert.equal(rest.nextPageToken, '');
});

test('a caller sees only the projects it may get', async () => {
  const { email, token } = await newAccount('project-viewer');
  const list = async () =>
    (await world.ask(listProjects, { pageSize: 0, pageToken: '' }, token)).projects.map((p) => p.id);
  assert.deepEqual(await list(), []);
  await world.ask(createProject, { id: 'seen-project' as never, displayName: '', labels: {} }, owner);
  const bindings = [{ role: 'roles/viewer', members: [`serviceAccount:${email}`] }];
  await world.ask(setProjectPolicy, { project: parseProjectRef('seen-project'), bindings }, owner);
  assert.deepEqual(await list(), ['seen-project']);
  const asked = ['secretmanager.secrets.get', 'secretmanager.versions.access', 'no.such.permission'];
  const mine = await world.ask(
    testPermissions,
    { project: parseProjectRef('seen-project'), permissions: asked },
    token,
  );
  assert.deepEqual(mine.permissions, ['secretmanager.secrets.get']);
  await refused(
    'PERMISSION_DENIED',
    world.ask(createProject, { id: 'not-mine' as never, displayName: '', labels: {} }, token),
  );
});

test('what happened is written down: who, what, which version, and how it ended', async () => {
  const secret = await newSecret('audited', 'value');
  const { email, token } = await newAccount('audited-account');
  await refused('PERMISSION_DENIED', world.ask(accessVersion, { ...secret, selector: 'latest' }, token));
  await grant(secret, 'roles/secretmanager.secretAccessor', `serviceAccount:${email}`);
  await world.ask(accessVersion, { ...secret, selector: 'latest' }, token);
  await refused('CREDENTIAL_INVALID', world.ask(accessVersion, { ...secret, selector: 'latest' }, 'forged'));
  const page = await world.ask(queryAudit, { resource: 'projects/default/secrets/audited' }, owner);
  const lines = page.records.map(({ operation, outcome, principal, version, code }) => [
    operation,
    outcome,
    principal,
    version,
    code,
  ]);
  const account = `serviceAccount:${email}`;
  const ownerMember = 'user:owner@coffer.internal';
  assert.deepEqual(lines, [
    ['secrets.create', 'allowed', ownerMember, undefined, undefined],
    ['versions.add', 'allowed', ownerMember, 1, undefined],
    ['versions.access', 'denied', account, undefined, 'PERMISSION_DENIED'],
    ['secrets.setIamPolicy', 'allowed', ownerMember, undefined, undefined],
    ['versions.access', 'allowed', account, 1, undefined],
    ['versions.access', 'denied', 'anonymous', undefined, 'CREDENTIAL_INVALID'],
  ]);
  assert.equal((await world.ask(verifyAudit, {}, owner)).ok, true);
  await refused('PERMISSION_DENIED', world.ask(queryAudit, {}, token));
});

test('a project reader of the audit sees that project only', async () => {
  await world.ask(createProject, { id: 'audited-project' as never, displayName: '', labels: {} }, owner);
  const { email, token } = await newAccount('log-viewer-account');
  const bindings = [{ role: 'roles/logging.privateLogViewer', members: [`serviceAccount:${email}`] }];
  await world.ask(setProjectPolicy, { project: parseProjectRef('audited-project'), bindings }, owner);
  const mine = await world.ask(queryAudit, { project: 'audited-project' }, token);
  assert.ok(mine.records.length > 0);
  for (const record of mine.records) assert.match(record.resource, /^projects\/audited-project(\/|$)/);
  await refused('PERMISSION_DENIED', world.ask(queryAudit, {}, token));
  await refused('PERMISSION_DENIED', world.ask(queryAudit, { project: 'default' }, token));
  const outside = { project: 'audited-project', resource: 'projects/default' };
  await refused('INVALID_FIELD', world.ask(queryAudit, outside, token));
});

test('where the audit cannot be written no secret leaves', async () => {
  let failing = false;
  const wrapAudit = (audit: Audit): Audit => ({
    append: (record) => {
      if (failing) throw new Fault('AUDIT_UNAVAILABLE');
      return audit.append(record);
    },
    copy: (record) => audit.copy(record),
    query: (query) => audit.query(query),
    verify: () => audit.verify(),
    export: (request) => audit.export(request),
    prune: (before) => audit.prune(before),
  });
  const other = await openWorld({ wrapAudit });
  try {
    const command = {
      project,
      name: parseSecretName('x'),
      replication: { locations: [] },
      labels: {},
      annotations: {},
    };
    await other.ask(createSecret, command, other.ownerCredential);
    await other.ask(addVersion, { project, key: key('x'), payload: bytes('v') }, other.ownerCredential);
    const read = () =>
      other.ask(accessVersion, { project, key: key('x'), selector: 'latest' as const }, other.ownerCredential);
    failing = true;
    await refused('AUDIT_UNAVAILABLE', read());
    failing = false;
    assert.equal(text((await read()).payload), 'v', 'it recovers by itself');
  } finally {
    await other.close();
  }
});

test('a hundred versions added at once are numbered without a gap', async () => {
  const secret = await newSecret('concurrent');
  const added = await Promise.all(
    Array.from({ length: 100 }, (_, index) => world.ask(addVersion, { ...secret, payload: bytes(`v${index}`) }, owner)),
  );
  const numbers = added.map((result) => result.version.number).sort((a, b) => a - b);
  assert.deepEqual(
    numbers,
    Array.from({ length: 100 }, (_, index) => index + 1),
  );
});

test('an operation that throws something else answers nothing of it, and is audited as failed', async () => {
  const broken = {
    name: 'broken',
    help: '',
    kind: 'read',
    permission: 'authenticated',
    target: () => ({ asked: 'x' }),
    decide: () => {
      throw new Error('hunter2');
    },
  };
  await assert.rejects(world.ask(broken as unknown as Operation<object, object>, {}, owner), /hunter2/);
  const last = (await world.records()).at(-1);
  assert.equal(last?.code, 'INTERNAL');
  assert.ok(!JSON.stringify(last).includes('hunter2'));
});
