// Whatever is wrong with a request to a vault: Azure's status, code and words, nothing changed, and a record of it in the
// ledger. Names, versions, api-versions, attributes, sizes, page tokens, methods, and who asks.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { accountOf, type Json, OTHER_VAULT, openVaults, VAULT } from './fixture.ts';

let at: Awaited<ReturnType<typeof openVaults>>;
const none = '0'.repeat(32);

before(async () => {
  at = await openVaults();
  await at.ok('PUT', '/secrets/kept', { value: 'a value that no error may show' });
  await at.ok('PUT', '/secrets/off', { value: 'x', attributes: { enabled: false } });
  await at.ok('PUT', '/secrets/gone', { value: 'x' });
  await at.ok('DELETE', '/secrets/gone');
});
after(() => at.close());

interface Case {
  readonly ask: readonly [method: string, path: string, body?: object | string];
  readonly told: readonly [status: number, code: string, inner?: string];
  readonly says?: RegExp;
  /** What the ledger says in place of `failed`. */
  readonly outcome?: string;
}

const long = 'x'.repeat(128);
const tags = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`t${index}`, '']));
const set = (body: object): Case['ask'] => ['PUT', '/secrets/kept', { value: 'v', ...body }];
const bad = [400, 'BadParameter'] as const;
const missing = [404, 'SecretNotFound'] as const;

const CASES: Readonly<Record<string, Case>> = {
  'a name with an underscore': {
    ask: ['GET', '/secrets/a_b'],
    told: bad,
    says: /^The request URI contains an invalid name: a_b$/,
  },
  'a name with a dot': { ask: ['PUT', '/secrets/a.b', { value: 'v' }], told: bad, says: /invalid name: a\.b$/ },
  'a name with a slash in it': { ask: ['GET', '/secrets/a%2Fb'], told: bad, says: /invalid name: a\/b$/ },
  'a name that goes up': { ask: ['GET', '/secrets/%2e%2e'], told: bad },
  'a name in another script': { ask: ['GET', '/secrets/%D0%B0bc'], told: bad },
  'a name that is cut in a character': { ask: ['GET', '/secrets/%ff'], told: bad },
  'a name that is too long': { ask: ['GET', `/secrets/${long}`], told: bad },
  'no name at all': { ask: ['GET', '/secrets//'], told: bad },
  'a version that is none': { ask: ['GET', '/secrets/kept/1'], told: bad },
  'a version that is too long': { ask: ['GET', `/secrets/kept/${none}0`], told: bad },
  'a version that is not there': {
    ask: ['GET', `/secrets/kept/${none}`],
    told: missing,
    says: /\(name\/id\) kept\/0{32} was not found/,
  },
  'a secret that is not there': {
    ask: ['GET', '/secrets/nobody'],
    told: missing,
    says: /^A secret with \(name\/id\) nobody was not found in this key vault\. If you recently deleted/,
  },
  'a secret that is deleted': { ask: ['GET', '/secrets/gone'], told: missing },
  'setting a secret that is deleted': {
    ask: ['PUT', '/secrets/gone', { value: 'v' }],
    told: [409, 'Conflict', 'ObjectIsDeletedButRecoverable'],
    says: /^Secret gone is currently in a deleted but recoverable state/,
  },
  'a secret that is disabled': {
    ask: ['GET', '/secrets/off'],
    told: [403, 'Forbidden', 'SecretDisabled'],
    says: /^Operation get is not allowed on a disabled secret\.$/,
  },
  'a deleted secret that is not there': {
    ask: ['GET', '/deletedsecrets/kept'],
    told: missing,
    says: /^Deleted Secret not found: kept$/,
  },
  'purging what is not deleted': { ask: ['DELETE', '/deletedsecrets/kept'], told: missing },
  'recovering what is not there': { ask: ['POST', '/deletedsecrets/nobody/recover'], told: missing },
  'deleting what is not there': { ask: ['DELETE', '/secrets/nobody'], told: missing },
  'updating what is not there': { ask: ['PATCH', '/secrets/nobody', {}], told: missing },
  'backing up what is not there': { ask: ['POST', '/secrets/nobody/backup'], told: missing },
  'no api-version': { ask: ['GET', '/secrets/kept?api-version='], told: bad, says: /api-version/ },
  'an api-version that is none': { ask: ['GET', '/secrets/kept?api-version=latest'], told: bad, says: /api-version/ },
  'two api-versions': {
    ask: ['GET', '/secrets/kept?api-version=7.4&API-Version=7.5'],
    told: bad,
    says: /is given twice/,
  },
  'no page at all': { ask: ['GET', '/secrets?maxresults=0'], told: bad, says: /maxresults/ },
  'a page that is too long': { ask: ['GET', '/secrets?maxresults=26'], told: bad, says: /maxresults/ },
  'a page of another size': { ask: ['GET', '/secrets?maxresults=1e1'], told: bad },
  'a page token of nobody': { ask: ['GET', '/secrets?$skiptoken=abc'], told: bad, says: /page token/ },
  'no value': { ask: ['PUT', '/secrets/kept', {}], told: bad, says: /^Parameter value must not be null or empty\.$/ },
  'an empty value': { ask: set({ value: '' }), told: bad },
  'a value that is no text': { ask: set({ value: { a: 1 } }), told: bad, says: /value: must be a text/ },
  'a value that is too long': {
    ask: set({ value: 'x'.repeat(25 * 1024 + 1) }),
    told: bad,
    says: /25601 bytes; at most 25600/,
  },
  'no body': { ask: ['PUT', '/secrets/kept', ''], told: bad, says: /body/ },
  'a body that is no JSON': {
    ask: ['PUT', '/secrets/kept', '{"value":"a value'],
    told: bad,
    says: /^body: is not JSON$/,
  },
  'a body that is a list': { ask: ['PUT', '/secrets/kept', '[]'], told: bad },
  'a body that is very deep': { ask: ['PUT', '/secrets/kept', '['.repeat(100_000)], told: bad },
  'too many tags': { ask: set({ tags }), told: bad, says: /at most 15 tags/ },
  'a tag that is too long': { ask: set({ tags: { t: 'x'.repeat(513) } }), told: bad },
  'a tag that is no text': { ask: set({ tags: { t: 1 } }), told: bad, says: /tags/ },
  'a content type that is too long': { ask: set({ contentType: 'x'.repeat(256) }), told: bad, says: /contentType/ },
  'attributes of another kind': { ask: set({ attributes: [] }), told: bad, says: /attributes/ },
  'enabled by a text': { ask: set({ attributes: { enabled: 'no' } }), told: bad, says: /enabled/ },
  'an end before the beginning': { ask: set({ attributes: { nbf: 20, exp: 10 } }), told: bad, says: /exp/ },
  'a time before all times': { ask: set({ attributes: { exp: -1 } }), told: bad },
  'a time after all times': { ask: set({ attributes: { exp: 999_999_999_999 } }), told: bad },
  'a time in words': { ask: set({ attributes: { exp: '2050-01-01' } }), told: bad, says: /exp/ },
  'a bad attribute of an update': { ask: ['PATCH', '/secrets/kept', { attributes: { exp: 1.5 } }], told: bad },
  'a backup of nobody': { ask: ['POST', '/secrets/restore', { value: 'AAAA' }], told: bad, says: /no backup/ },
  'a backup in another alphabet': { ask: ['POST', '/secrets/restore', { value: 'a+/=' }], told: bad },
  'a method that is not taken': { ask: ['POST', '/secrets/kept'], told: [405, 'BadParameter'] },
  'a path that is none': { ask: ['GET', '/secrets/kept/versions/1'], told: [404, 'NotFound'] },
  'keys, which are not here': { ask: ['GET', '/keys'], told: [501, 'NotImplemented'] },
};

describe('cases 1, 5, 19 and 27: a request that is wrong', () => {
  for (const [name, { ask, told, says, outcome = 'failed' }] of Object.entries(CASES))
    test(name, async () => {
      const kept = await at.everything();
      const began = (await at.world.records()).length;
      const answer = await at.vault(...ask);
      const { error } = answer.json;
      assert.deepEqual([answer.status, error.code, error.innererror?.code], [told[0], told[1], told[2]], error.message);
      if (says !== undefined) assert.match(error.message, says);
      assert.ok(!JSON.stringify(answer.json).includes('a value that'));
      const [record, ...more] = (await at.world.records()).slice(began);
      assert.deepEqual([record?.dialect, record?.outcome, more.length], ['azure', outcome, 0]);
      assert.deepEqual(await at.everything(), kept);
    });
});

describe('case 14: who asks', () => {
  const challenge =
    /^Bearer authorization="https:\/\/login\.microsoftonline\.com\/[0-9a-f-]{36}", resource="https:\/\/vault\.azure\.net"$/;
  const denied = async (given: { token?: string; host?: string }, status: number, code: string): Promise<Json> => {
    const began = (await at.world.records()).length;
    const answer = await at.vault('GET', '/secrets/kept', undefined, given);
    assert.deepEqual([answer.status, answer.json.error.code], [status, code], JSON.stringify(answer.json));
    const [record, ...more] = (await at.world.records()).slice(began);
    assert.deepEqual([record?.outcome, more.length], ['denied', 0]);
    if (status === 401) assert.match(String(answer.headers['www-authenticate']), challenge);
    return answer.json.error;
  };

  test('nobody, whose request is looked at no further', async () => {
    const answer = await at.send('PUT', '/secrets/%ff', { host: `${VAULT}.vault.azure.net` });
    assert.deepEqual([answer.status, answer.json.error.code], [401, 'Unauthorized']);
    assert.match(answer.json.error.message, /^AKV10000: Request is missing a Bearer or PoP token\.$/);
    assert.match(String(answer.headers['www-authenticate']), challenge);
  });

  test('a token for another resource, of another tenant, by none, changed, revoked, over', async () => {
    const [head = '', body = '', tail = ''] = at.token.split('.');
    const claims = JSON.parse(Buffer.from(body, 'base64url').toString());
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const forgeries = [
      await at.tokenOf(accountOf(VAULT), 'https://storage.azure.com'),
      await at.tokenOf(accountOf(VAULT), 'api://AzureADTokenExchange'),
      await at.tokenOf(accountOf(VAULT), 'https://vault.azure.net.evil.example'),
      `${part({ alg: 'none', typ: 'JWT' })}.${body}.`,
      `${part({ alg: 'none', typ: 'JWT' })}.${body}.${tail}`,
      `${part({ alg: 'HS256', typ: 'JWT' })}.${body}.${tail}`,
      `${head}.${part({ ...claims, tid: '00000000-0000-0000-0000-000000000000' })}.${tail}`,
      `${head}.${part({ ...claims, sub: accountOf(OTHER_VAULT) })}.${tail}`,
      `${at.token}=`,
      `${at.token.slice(0, -1)}${at.token.endsWith('A') ? 'B' : 'A'}`,
      'x'.repeat(4097),
      'ya29.nobody',
    ];
    for (const token of forgeries) await denied({ token }, 401, 'Unauthorized');
    const parent = await at.access(accountOf(VAULT));
    const { accessToken } = await at.must(
      'POST',
      '/coffer/v1/tokens:narrow',
      { audience: 'https://vault.azure.net' },
      parent,
    );
    assert.equal((await at.vault('GET', '/secrets/kept', undefined, { token: accessToken })).status, 200);
    await at.must('POST', '/coffer/v1/tokens:revoke', {}, parent);
    // What it was had by is revoked.
    await denied({ token: accessToken }, 401, 'Unauthorized');
  });

  test('an account of another vault, whether or not the name exists', async () => {
    const token = await at.tokenOf(accountOf(OTHER_VAULT));
    const error = await denied({ token }, 403, 'Forbidden');
    assert.equal(error.innererror.code, 'ForbiddenByRbac');
    const told = [];
    for (const name of ['kept', 'nobody', 'gone']) {
      const { status, json } = await at.vault('GET', `/secrets/${name}`, undefined, { token });
      told.push([status, json.error.message.replaceAll(`/${name}'`, "/NAME'")]);
    }
    assert.deepEqual(told[1], told[0]);
    assert.deepEqual(told[2], told[0]);
    // A vault that is not there is refused like one that is another's.
    await denied({ token, host: 'nobodys-vault.vault.azure.net' }, 403, 'Forbidden');
  });

  test('a page of another list, or of another vault', async () => {
    for (const name of ['page-a', 'page-b']) await at.ok('PUT', `/secrets/${name}`, { value: 'v' });
    const { nextLink } = await at.ok('GET', '/secrets?maxresults=1');
    const next = new URL(nextLink);
    assert.equal(next.host, `${VAULT}.vault.azure.net`);
    const token = next.searchParams.get('$skiptoken');
    assert.equal((await at.vault('GET', `${next.pathname}${next.search}`)).status, 200);
    assert.equal((await at.vault('GET', `/deletedsecrets?$skiptoken=${token}`)).status, 400);
    const other = { token: await at.tokenOf(accountOf(OTHER_VAULT)), host: `${OTHER_VAULT}.vault.azure.net` };
    assert.equal((await at.vault('GET', `/secrets?$skiptoken=${token}`, undefined, other)).status, 400);
  });
});
