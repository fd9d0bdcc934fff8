// Lists, whole and filtered, of each location; and that a regional secret is another one than its global namesake.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { AuditRecord } from '../../src/core/audit-record.ts';
import { FILTER_SCAN_MAX } from '../../src/core/limits.ts';
import { type Location, parseProjectRef, parseSecretName } from '../../src/core/name.ts';
import type { Change } from '../../src/core/ports.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { queryAudit } from '../../src/ops/audit.ts';
import { setSecretPolicy } from '../../src/ops/policies.ts';
import { createProject } from '../../src/ops/projects.ts';
import { listSecrets } from '../../src/ops/secret-list.ts';
import { createSecret, deleteSecret, getSecret } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { accessVersion, addVersion, disableVersion, listVersions } from '../../src/ops/versions.ts';
import { bytes, key, newSecret, project, refused, textOf } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
let owner: string;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
});
after(() => world.close());

const region = 'europe-west1' as Location;
const elsewhere = 'us-east1' as Location;

test('a regional secret is told from the global one and from that of another region, in all that is done with it', async () => {
  const global = await newSecret(world, 'placed', ['global']);
  const here = { project, location: region, key: key('placed') };
  const there = { ...here, location: elsewhere };
  for (const ref of [here, there]) {
    await world.ask(createSecret, { project, location: ref.location, name: parseSecretName('placed') }, owner);
    await world.ask(addVersion, { ...ref, payload: bytes(ref.location) }, owner);
  }
  const again = { project, location: region, name: parseSecretName('placed') };
  assert.equal(
    (await refused('SECRET_EXISTS', world.ask(createSecret, again, owner))).facts['within'],
    'locations/europe-west1/',
  );
  const read = async (ref: typeof global) =>
    textOf((await world.ask(accessVersion, { ...ref, selector: 'latest' }, owner)).payload);
  assert.deepEqual([await read(global), await read(here), await read(there)], ['global', 'europe-west1', 'us-east1']);
  await world.ask(deleteSecret, there, owner);
  const gone = await refused('SECRET_NOT_FOUND', world.ask(getSecret, there, owner));
  assert.equal(gone.facts['within'], 'locations/us-east1/');
  assert.equal(await read(global), 'global');
  const list = async (location?: Location) => {
    const at = location === undefined ? {} : { location };
    const found = await world.ask(listSecrets, { project, ...at, pageSize: 0, pageToken: '' }, owner);
    return [found.secrets.map((secret) => secret.name), found.total];
  };
  assert.deepEqual(
    [await list(), await list(region), await list(elsewhere)],
    [
      [['placed'], 1],
      [['placed'], 1],
      [[], 0],
    ],
  );
});

test('a binding on a regional secret opens that one alone; refusals and records name its location', async () => {
  const global = await newSecret(world, 'bound', ['g']);
  const here = { project, location: region, key: key('bound') };
  await world.ask(createSecret, { project, location: region, name: parseSecretName('bound') }, owner);
  await world.ask(addVersion, { ...here, payload: bytes('r') }, owner);
  const account = { project, accountId: 'regional-reader', displayName: '', description: '' };
  const { email } = (await world.ask(createAccount, account, owner)).account;
  const token = (await world.ask(generateToken, { account: email, lifetimeSeconds: 0 }, owner)).token.reveal();
  const read = (ref: typeof global) => world.ask(accessVersion, { ...ref, selector: 'latest' as const }, token);
  const denied = await refused('PERMISSION_DENIED', read(here));
  assert.equal(denied.facts['resource'], 'projects/default/locations/europe-west1/secrets/bound/versions/latest');
  const bindings = [{ role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${email}`] }];
  await world.ask(setSecretPolicy, { ...here, bindings }, owner);
  assert.equal(textOf((await read(here)).payload), 'r');
  await refused('PERMISSION_DENIED', read(global));
  const resource = 'projects/default/locations/europe-west1/secrets/bound';
  const { records } = await world.ask(queryAudit, { resource }, owner);
  assert.deepEqual(
    records.map(({ operation, outcome }) => [operation, outcome]),
    [
      ['secrets.create', 'allowed'],
      ['versions.add', 'allowed'],
      ['versions.access', 'denied'],
      ['secrets.setIamPolicy', 'allowed'],
      ['versions.access', 'allowed'],
    ],
  );
});

test('a filtered list is paged whole, counts nothing, and its tokens are of that filter', async () => {
  await world.ask(createProject, { id: 'filtered-project' as never, displayName: '', labels: {} }, owner);
  const filtered = parseProjectRef('filtered-project');
  const count = FILTER_SCAN_MAX + 5;
  const name = parseSecretName('s0');
  const first = { project: filtered, name, replication: { locations: [] }, labels: { hit: 'yes' } };
  const { secret } = await world.ask(createSecret, first, owner);
  const others = Array.from({ length: count - 1 }, (_, index): Change => {
    const labels = (index + 1) % 100 === 0 ? secret.labels : {};
    const row = { ...secret, uid: randomUUID().replaceAll('-', ''), name: parseSecretName(`s${index + 1}`), labels };
    return { change: 'secret.insert', secret: row };
  });
  // One transaction: a thousand requests would take a thousand times as long.
  const record = (await world.records()).at(-1) as AuditRecord;
  const decided = { result: undefined, changes: others, record: { ...record, id: randomUUID() } };
  await world.store.transact({}, () => decided);
  const seen: string[] = [];
  const sizes: number[] = [];
  let pageToken = '';
  do {
    const page = await world.ask(
      listSecrets,
      { project: filtered, filter: 'labels.hit=yes', pageSize: 4, pageToken },
      owner,
    );
    assert.equal(page.total, 0);
    sizes.push(page.secrets.length);
    seen.push(...page.secrets.map((secret) => secret.name));
    pageToken = page.nextPageToken;
    if (pageToken !== '') {
      for (const filter of [undefined, '', 'labels.hit:yes']) {
        const other = { project: filtered, pageSize: 4, pageToken, ...(filter === undefined ? {} : { filter }) };
        await refused('PAGE_TOKEN_INVALID', world.ask(listSecrets, other, owner));
      }
    }
  } while (pageToken !== '');
  assert.deepEqual(
    seen,
    Array.from({ length: 11 }, (_, index) => `s${(10 - index) * 100}`),
  );
  assert.deepEqual(sizes, [4, 4, 3]);
  const none = { project: filtered, filter: 'name:nothing', pageSize: 10, pageToken: '' };
  const short = await world.ask(listSecrets, none, owner);
  assert.deepEqual(short.secrets, []);
  assert.notEqual(short.nextPageToken, '', 'a page looks at a bounded number of rows');
  const last = await world.ask(listSecrets, { ...none, pageToken: short.nextPageToken }, owner);
  assert.deepEqual([last.secrets, last.nextPageToken], [[], '']);
  const whole = await world.ask(listSecrets, { ...none, filter: '  ', pageSize: 25_000 }, owner);
  assert.deepEqual([whole.secrets.length, whole.total], [count, count]);
});

test('versions are filtered too; a bad filter is said after permission and existence', async () => {
  const ref = await newSecret(world, 'filtered', ['a', 'b', 'c']);
  await world.ask(disableVersion, { ...ref, number: 2 }, owner);
  const list = (filter: string, credential: string | undefined = owner) =>
    world.ask(listVersions, { ...ref, filter, pageSize: 0, pageToken: '' }, credential);
  const found = await list('state:ENABLED');
  assert.deepEqual([found.versions.map(({ number }) => number), found.total], [[3, 1], 0]);
  assert.equal((await list('')).total, 3);
  await refused('FILTER_INVALID', list('state:'));
  await refused(
    'SECRET_NOT_FOUND',
    world.ask(listVersions, { ...ref, key: key('none'), filter: ':', pageSize: 0, pageToken: '' }, owner),
  );
  await refused('CREDENTIAL_MISSING', world.ask(listSecrets, { project, filter: ':', pageSize: 0, pageToken: '' }));
  await refused(
    'PAGE_SIZE_INVALID',
    world.ask(listSecrets, { project, filter: 'a', pageSize: -1, pageToken: '' }, owner),
  );
});
