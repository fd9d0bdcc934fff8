// A vault's secrets beside Google's API on the same ones: names and how they are spelled, versions, values of both kinds,
// what is disabled, destroyed and deleted, backups, and who may do what.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accountOf, type Json, OTHER_VAULT, openVaults, VAULT } from './fixture.ts';

let at: Awaited<ReturnType<typeof openVaults>>;
const GOOGLE = `/v1/projects/${VAULT}/secrets`;

before(async () => {
  at = await openVaults();
});
after(() => at.close());

const create = (id: string, more: object = {}) =>
  at.must('POST', `${GOOGLE}?secretId=${id}`, { replication: { automatic: {} }, ...more });
const add = (id: string, value: string | Buffer) =>
  at.must('POST', `${GOOGLE}/${id}:addVersion`, { payload: { data: Buffer.from(value).toString('base64') } });
const google = async (id: string, version: string | number = 'latest') =>
  Buffer.from((await at.must('GET', `${GOOGLE}/${id}/versions/${version}:access`)).payload.data, 'base64').toString();
const last = async () => (await at.world.records()).at(-1);

describe('the same secret through Google and Azure', () => {
  test('API_KEY is API-KEY, whatever its case, and keeps its name', async () => {
    await create('API_KEY', { labels: { team: 'a' } });
    await add('API_KEY', 'one');
    for (const name of ['API-KEY', 'api-key']) {
      const bundle = await at.ok('GET', `/secrets/${name}/`);
      assert.equal(bundle.value, 'one');
      assert.match(bundle.id, new RegExp(`^https://${VAULT}\\.vault\\.azure\\.net/secrets/API-KEY/[0-9a-f]{32}$`));
      assert.deepEqual(bundle.tags, { team: 'a' });
      assert.deepEqual([bundle.contentType, bundle.attributes.enabled], [undefined, true]);
    }
    assert.equal((await last())?.resource, `projects/${VAULT}/secrets/API_KEY`);
    const set = await at.ok('PUT', '/secrets/api-key', { value: 'two', tags: { env: 'x' } });
    assert.deepEqual([set.value, set.tags], ['two', { env: 'x' }]);
    assert.deepEqual(
      [await google('API_KEY'), await google('API_KEY', 1), await google('API_KEY', 2)],
      ['two', 'one', 'two'],
    );
    assert.deepEqual((await at.must('GET', `${GOOGLE}/API_KEY`)).labels, { team: 'a' });
    const { value } = await at.ok('GET', '/secrets');
    assert.deepEqual(
      value.map(({ id }: Json) => id.split('/').at(-1)),
      ['API-KEY'],
    );
  });

  test('two that are spelled alike: an exact name wins, else none is found, and the ledger says why', async () => {
    for (const id of ['two_of', 'two--of']) {
      await create(id);
      await add(id, id);
    }
    assert.equal((await at.ok('GET', '/secrets/two-of')).value, 'two_of');
    await create('Two-of');
    await add('Two-of', 'exact');
    assert.equal((await at.ok('GET', '/secrets/Two-of')).value, 'exact');
    const answers = [
      await at.vault('GET', '/secrets/two-of'),
      await at.vault('PUT', '/secrets/TWO-OF', { value: 'x' }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [404, 404],
    );
    assert.deepEqual([(await last())?.outcome, (await last())?.code], ['failed', 'SECRET_AMBIGUOUS']);
    const listed = (await at.ok('GET', '/secrets')).value.map(({ id }: Json) => id.split('/').at(-1));
    assert.deepEqual(listed.sort(), ['API-KEY', 'Two-of', 'two--of']);
  });

  test('bytes are base64 that says so, and survive being read, changed and written', async () => {
    const bytes = Buffer.from([0, 0xff, 0x80, 10]);
    await create('bytes');
    await at.must('POST', `${GOOGLE}/bytes:addVersion`, { payload: { data: bytes.toString('base64') } });
    const { value, contentType } = await at.ok('GET', '/secrets/bytes');
    assert.deepEqual([value, contentType], [bytes.toString('base64'), 'application/octet-stream']);
    await at.ok('PUT', '/secrets/bytes', { value, contentType });
    const { payload } = await at.must('GET', `${GOOGLE}/bytes/versions/2:access`);
    assert.equal(payload.data, bytes.toString('base64'));
    // What only looks like it stays as it was written.
    for (const text of ['aGVsbG8', 'not base64!', 'aGVsbG9=', 'aGVsbG8=']) {
      await at.ok('PUT', '/secrets/bytes', { value: text, contentType: 'application/octet-stream' });
      assert.equal((await at.ok('GET', '/secrets/bytes')).value, text);
    }
    assert.equal(await google('bytes'), 'hello');
  });

  test('text comes back to the character, and a region has names of its own', async () => {
    const value = '\ufeffü "quoted"\n\u0000end \u{1f511}';
    await at.ok('PUT', '/secrets/text', { value });
    assert.equal((await at.ok('GET', '/secrets/text')).value, value);
    assert.equal(await google('text'), value);
    await at.must('POST', `/v1/projects/${VAULT}/locations/europe-west1/secrets?secretId=regional`, {});
    assert.equal((await at.vault('GET', '/secrets/regional')).status, 404);
  });

  test('what Google disables, destroys and deletes', async () => {
    for (const value of ['1', '2', '3']) await at.ok('PUT', '/secrets/moved', { value });
    const ids = (await at.ok('GET', '/secrets/moved/versions')).value.map(({ id }: Json) => id.split('/').at(-1));
    assert.equal(ids.length, 3);
    await at.must('POST', `${GOOGLE}/moved/versions/3:disable`, {});
    const off = await at.vault('GET', '/secrets/moved');
    assert.deepEqual([off.status, off.json.error.innererror.code], [403, 'SecretDisabled']);
    assert.equal((await at.ok('PATCH', '/secrets/moved', { attributes: { enabled: true } })).attributes.enabled, true);
    assert.equal(await google('moved'), '3');
    await at.must('POST', `${GOOGLE}/moved/versions/1:destroy`, {});
    assert.equal((await at.vault('GET', `/secrets/moved/${ids[2]}`)).status, 404);
    assert.equal((await at.ok('GET', '/secrets/moved/versions')).value.length, 2);
    await at.must('DELETE', `${GOOGLE}/moved`);
    assert.equal((await at.vault('GET', '/deletedsecrets/moved')).status, 404);
    assert.deepEqual(await at.ok('GET', '/secrets/moved/versions'), { value: [], nextLink: null });
  });

  test('what Azure deletes is gone for Google until it is recovered, and its name is taken', async () => {
    const { id } = await at.ok('PUT', '/secrets/away', {
      value: 'v',
      contentType: 'c',
      attributes: { exp: 2_524_608_000 },
    });
    const deleted = await at.ok('DELETE', '/secrets/away');
    assert.equal(deleted.recoveryId, `https://${VAULT}.vault.azure.net/deletedsecrets/away`);
    assert.equal(deleted.scheduledPurgeDate - deleted.deletedDate, 90 * 24 * 3600);
    assert.equal(deleted.value, undefined);
    assert.deepEqual(await at.ok('GET', '/deletedsecrets/away'), deleted);
    assert.equal((await at.send('GET', `${GOOGLE}/away`, { token: at.world.ownerCredential })).status, 404);
    const body = JSON.stringify({ replication: { automatic: {} } });
    const again = await at.send('POST', `${GOOGLE}?secretId=away`, { token: at.world.ownerCredential, body });
    assert.equal(again.json.error.status, 'ALREADY_EXISTS');
    assert.equal((await at.ok('POST', '/deletedsecrets/away/recover')).id, id);
    assert.deepEqual([await google('away'), (await at.ok('GET', '/secrets/away')).contentType], ['v', 'c']);
    await at.ok('DELETE', '/secrets/away');
    at.world.clock.advance(90 * 24 * 3600_000);
    const { token } = { token: await at.tokenOf(accountOf(VAULT)) };
    assert.equal((await at.vault('GET', '/deletedsecrets/away', undefined, { token })).status, 404);
    assert.equal((await at.vault('PUT', '/secrets/away', { value: 'new' }, { token })).status, 200);
    at.world.clock.advance(-90 * 24 * 3600_000);
  });
});

describe('versions and pages', () => {
  test('an update merges, replaces tags whole, moves the time and nothing else', async () => {
    const made = await at.ok('PUT', '/secrets/told', {
      value: 'v',
      contentType: 'c',
      tags: { a: '1', b: '2' },
      attributes: { nbf: 10, exp: 20 },
    });
    at.world.clock.advance(5000);
    const now = await at.ok('PATCH', `/secrets/told/${made.id.split('/').at(-1)}`, { tags: { c: '3' } });
    const { updated, ...attributes } = now.attributes;
    const { updated: _updated, ...before } = made.attributes;
    assert.deepEqual([now.id, now.contentType, now.tags, attributes], [made.id, 'c', { c: '3' }, before]);
    assert.equal(updated - made.attributes.updated, 5);
    assert.equal(now.value, undefined);
    // Neither of the two times keeps it from being read.
    assert.equal((await at.ok('GET', '/secrets/told')).value, 'v');
  });

  test('a list of many is read page by page, to its end, once each', async () => {
    for (let index = 0; index < 30; index++) await at.ok('PUT', '/secrets/paged', { value: `${index}` });
    const seen: string[] = [];
    let next: string | null = '/secrets/paged/versions?api-version=7.3&maxresults=7';
    let pages = 0;
    while (next !== null) {
      const page: Json = await at.ok('GET', next);
      seen.push(...page.value.map(({ id }: Json) => id));
      pages++;
      next = page.nextLink === null ? null : page.nextLink.replace(`https://${VAULT}.vault.azure.net`, '');
    }
    assert.deepEqual([seen.length, new Set(seen).size, pages], [30, 30, 5]);
  });

  test('any version of the API, older or newer than is known', async () => {
    for (const version of ['2016-10-01', '7.0', '7.6', '2026-04-01', '2031-01-01', '7.7-preview.1']) {
      assert.equal(
        (await at.vault('GET', `/secrets/told?api%2Dversion=${version}&api-version-x=1`)).status,
        200,
        version,
      );
    }
  });
});

describe('backups', () => {
  test('bring every version back, in this vault or another, and only where the name is free', async () => {
    for (const value of ['1', '2']) await at.ok('PUT', '/secrets/saved', { value, tags: { value } });
    await at.ok('PATCH', '/secrets/saved', { attributes: { enabled: false } });
    await at.ok('PUT', '/secrets/saved', { value: '3' });
    await at.must('POST', `${GOOGLE}/saved/versions/2:destroy`, {});
    const before = await at.ok('GET', '/secrets/saved/versions');
    const { value } = await at.ok('POST', '/secrets/saved/backup');
    assert.match(value, /^[A-Za-z0-9_-]+$/);
    assert.equal((await at.vault('POST', '/secrets/restore', { value })).status, 409);
    await at.ok('DELETE', '/secrets/saved');
    const conflict = await at.vault('POST', '/secrets/restore', { value });
    assert.deepEqual([conflict.status, conflict.json.error.innererror.code], [409, 'ObjectIsDeletedButRecoverable']);
    await at.ok('DELETE', '/deletedsecrets/saved');
    const restored = await at.ok('POST', '/secrets/restore', { value });
    assert.equal(restored.value, undefined);
    assert.deepEqual(await at.ok('GET', '/secrets/saved/versions'), before);
    assert.equal(await google('saved', 1), '1');
    const { versions, totalSize } = await at.must('GET', `${GOOGLE}/saved/versions`);
    const states = versions.map(({ state }: Json) => state);
    assert.deepEqual([states, totalSize], [['ENABLED', 'DESTROYED', 'ENABLED'], 3]);
    const other = { token: await at.tokenOf(accountOf(OTHER_VAULT)), host: `${OTHER_VAULT}.vault.azure.net` };
    assert.equal((await at.vault('POST', '/secrets/restore', { value }, other)).status, 200);
    const elsewhere = await at.vault('GET', '/secrets/saved/versions', undefined, other);
    assert.equal(elsewhere.json.value.length, 2);
    const changed = Buffer.from(value, 'base64url');
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    assert.equal((await at.vault('POST', '/secrets/restore', { value: changed.toString('base64url') })).status, 400);
    const renamed = Buffer.from(value, 'base64url');
    renamed.write('S', 2);
    assert.equal((await at.vault('POST', '/secrets/restore', { value: renamed.toString('base64url') })).status, 400);
  });
});

describe('who may', () => {
  const grant = async (role: string, condition?: object) => {
    const member = `serviceAccount:reader@${VAULT}.iam.gserviceaccount.com`;
    const bindings = [
      { role: 'roles/owner', members: ['user:owner@coffer.internal'] },
      { role: 'Key Vault Secrets Officer', members: [`serviceAccount:${accountOf(VAULT)}`] },
      { role, members: [member], ...(condition === undefined ? {} : { condition }) },
    ];
    await at.must('POST', `/v3/projects/${VAULT}:setIamPolicy`, { policy: { version: 3, bindings } });
  };
  const asks = [
    ['get', 'GET', '/secrets/held'],
    ['list', 'GET', '/secrets'],
    ['list', 'GET', '/secrets/held/versions'],
    ['set', 'PUT', '/secrets/held', { value: 'v' }],
    ['set', 'PUT', '/secrets/new-one', { value: 'v' }],
    ['set', 'PATCH', '/secrets/held', { attributes: { enabled: true } }],
    ['purge', 'DELETE', '/deletedsecrets/purged'],
    ['recover', 'POST', '/deletedsecrets/lost/recover'],
    ['delete', 'DELETE', '/secrets/dropped'],
    ['backup', 'POST', '/secrets/held/backup'],
    ['restore', 'POST', '/secrets/restore', { value: 'AQFhAAAA' }],
  ] as const;

  /** What the reader is not refused. */
  async function allowed(): Promise<string[]> {
    const token = await at.tokenOf(`reader@${VAULT}.iam.gserviceaccount.com`);
    const told = new Set<string>();
    for (const [verb, method, path, body] of asks) {
      const { status } = await at.vault(method, path, body, { token });
      if (status !== 403) told.add(verb);
      assert.notEqual(status, 401);
    }
    return [...told].sort();
  }

  before(async () => {
    await at.must('POST', `/v1/projects/${VAULT}/serviceAccounts`, { accountId: 'reader' });
  });

  const roles: readonly (readonly [role: string, verbs: readonly string[]])[] = [
    ['Key Vault Secrets User', ['get', 'list']],
    ['Key Vault Reader', ['list']],
    ['Key Vault Purge Operator', ['list', 'purge']],
    ['Key Vault Secrets Officer', ['backup', 'delete', 'get', 'list', 'purge', 'recover', 'restore', 'set']],
    ['Key Vault Administrator', ['backup', 'delete', 'get', 'list', 'purge', 'recover', 'restore', 'set']],
    ...['get', 'list', 'set', 'delete', 'recover', 'purge', 'restore'].map(
      (verb) => [`azure.accessPolicy/secrets/${verb}`, [verb]] as const,
    ),
    // A backup holds the values: it takes the right to read them too.
    ['azure.accessPolicy/secrets/backup', []],
    ['roles/secretmanager.secretAccessor', ['get']],
    ['roles/viewer', ['list']],
  ];
  for (const [role, verbs] of roles)
    test(role, async () => {
      for (const name of ['held', 'lost', 'purged', 'dropped']) {
        await at.vault('POST', `/deletedsecrets/${name}/recover`);
        await at.ok('PUT', `/secrets/${name}`, { value: 'v' });
      }
      for (const name of ['lost', 'purged']) await at.ok('DELETE', `/secrets/${name}`);
      await grant(role);
      assert.deepEqual(await allowed(), verbs);
    });

  test('a condition sees the name that the secret has, however it was asked for', async () => {
    const expression = 'resource.name.extract("secrets/{name}/versions") == "API_KEY"';
    await grant('roles/secretmanager.secretAccessor', { title: 'one', expression });
    const token = await at.tokenOf(`reader@${VAULT}.iam.gserviceaccount.com`);
    const status = async (name: string) => (await at.vault('GET', `/secrets/${name}`, undefined, { token })).status;
    assert.deepEqual([await status('api-key'), await status('API-KEY'), await status('held')], [200, 200, 403]);
  });

  test('a version on which somebody stands is not disabled where the project says so', async () => {
    await at.ok('PUT', '/secrets/stood', { value: 'v' });
    await grant('Key Vault Secrets User');
    const token = await at.tokenOf(`reader@${VAULT}.iam.gserviceaccount.com`);
    assert.equal((await at.vault('GET', '/secrets/stood', undefined, { token })).status, 200);
    await at.must('POST', '/coffer/v1/projects:setReaderGuard', { project: VAULT, guard: 'refuse' });
    for (const [method, body] of [['PATCH', { attributes: { enabled: false } }], ['DELETE']] as const) {
      const answer = await at.vault(method, '/secrets/stood', body);
      assert.deepEqual([answer.status, answer.json.error.code], [409, 'Conflict']);
      assert.match(answer.json.error.message, /still in use: it was last read by serviceAccount:reader@/);
    }
    assert.equal((await at.ok('PATCH', '/secrets/stood', { tags: {} })).attributes.enabled, true);
  });
});
