// The token authority as Azure's libraries ask it: what they find out first, client credentials by secret, certificate and
// federated token, and every way in which such a proof is not one. A token ends with what it was had by.

import assert from 'node:assert/strict';
import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { accountOf, type Json, OTHER_VAULT, openVaults, TENANT, VAULT } from './fixture.ts';

const EMAIL = accountOf(VAULT);
const CLOUD = 'login.microsoftonline.com';
const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer\n';
const SCOPE = 'https://vault.azure.net/.default';

let at: Awaited<ReturnType<typeof openVaults>>;
let client: { key: string; clientId: string; clientSecret: string; tenantId: string };
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
let certificate: { key: string };

const secretOf = (serviceAccount: string) => at.must('POST', '/coffer/v1/accountKeys:createSecret', { serviceAccount });

before(async () => {
  at = await openVaults();
  await at.ok('PUT', '/secrets/kept', { value: 'the value' });
  client = await secretOf(EMAIL);
  const publicKey = pair.publicKey.export({ type: 'spki', format: 'pem' });
  certificate = await at.must('POST', '/coffer/v1/accountKeys:upload', { serviceAccount: EMAIL, publicKey });
});
after(() => at.close());

function form(fields: Record<string, string>, path = `/${TENANT}/oauth2/v2.0/token`, host = CLOUD) {
  const body = new URLSearchParams(fields).toString();
  return at.send('POST', path, { host, body, type: 'application/x-www-form-urlencoded' });
}

const bySecret = (more: Record<string, string> = {}) => ({
  grant_type: 'client_credentials',
  client_id: client.clientId,
  client_secret: client.clientSecret,
  scope: SCOPE,
  client_info: '1',
  ...more,
});

const byAssertion = (client_assertion: string, more: Record<string, string> = {}) => {
  const { client_secret: _none, ...rest } = bySecret();
  return { ...rest, client_assertion, client_assertion_type: ASSERTION_TYPE, ...more };
};

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const seconds = () => Math.floor(at.world.clock.now() / 1000);

/** As MSAL signs it. */
function assertion(claims: object = {}, header: object = {}, key = pair.privateKey): string {
  const all = { alg: 'RS256', typ: 'JWT', x5t: 'AAAA', ...header };
  const aud = `https://${CLOUD}/${TENANT}/oauth2/v2.0/token`;
  const times = { iat: seconds(), nbf: seconds(), exp: seconds() + 600 };
  const signed = `${part(all)}.${part({ aud, iss: client.clientId, sub: client.clientId, jti: 'x', ...times, ...claims })}`;
  const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const signature = sign('RSA-SHA256', Buffer.from(signed), all.alg === 'PS256' ? pss : key);
  return `${signed}.${signature.toString('base64url')}`;
}

async function reads(answer: { status: number; json: Json }): Promise<number> {
  assert.equal(answer.status, 200, JSON.stringify(answer.json));
  assert.deepEqual([answer.json.token_type, answer.json.expires_in], ['Bearer', 3600]);
  return (await at.vault('GET', '/secrets/kept', undefined, { token: answer.json.access_token })).status;
}

async function refused(answer: { status: number; json: Json }, status: number, error: string, number: number) {
  assert.deepEqual(
    [answer.status, answer.json.error, answer.json.error_codes],
    [status, error, [number]],
    JSON.stringify(answer.json),
  );
  assert.match(answer.json.error_description, new RegExp(`^AADSTS${number}: `));
}

describe('what libraries find out first', () => {
  test('that this authority is one, by the name of the one that they know', async () => {
    const query = 'api-version=1.1&authorization_endpoint=https%3A%2F%2Fevil.example%2Fx%2Foauth2%2Fv2.0%2Fauthorize';
    const { json } = await at.send('GET', `/common/discovery/instance?${query}`, { host: CLOUD });
    assert.equal(
      json.tenant_discovery_endpoint,
      `https://127.0.0.1:8200/${TENANT}/v2.0/.well-known/openid-configuration`,
    );
    assert.ok(json.metadata.some((each: Json) => each.aliases.includes(CLOUD)));
    assert.ok(!JSON.stringify(json).includes('evil'));
  });

  test('where its endpoints are, under the name that was asked', async () => {
    const cases = [
      [CLOUD, `/${TENANT}/v2.0`, `https://${CLOUD}/${TENANT}/oauth2/v2.0/token`],
      ['127.0.0.1:8443', '/adfs', 'https://127.0.0.1:8443/adfs/oauth2/token'],
    ] as const;
    for (const [host, path, endpoint] of cases) {
      const { json } = await at.send('GET', `${path}/.well-known/openid-configuration?`, { host });
      assert.equal(json.token_endpoint, endpoint);
      const keys = await at.send('GET', new URL(json.jwks_uri).pathname, { host });
      assert.ok(keys.json.keys.length > 0);
    }
  });

  test('that a vault wants a token, and for what', async () => {
    const cases = [
      ['127.0.0.1:8200', 'https://127.0.0.1:8200/adfs', 'api://0.0.1:8200'],
      ['one.vault.localhost:8443', 'https://127.0.0.1:8200/adfs', 'https://vault.localhost:8443'],
      ['one.vault.example.com', 'https://127.0.0.1:8200/adfs', 'https://vault.example.com'],
      [`${VAULT}.vault.azure.net`, `https://${CLOUD}/${TENANT}`, 'https://vault.azure.net'],
    ] as const;
    for (const [host, authority, resource] of cases) {
      const { status, headers } = await at.send('GET', '/secrets/kept?api-version=7.4', { host });
      assert.equal(status, 401);
      assert.equal(headers['www-authenticate'], `Bearer authorization="${authority}", resource="${resource}"`);
      const token = await at.tokenOf(EMAIL, resource);
      const answer = await at.send('GET', '/secrets/kept?api-version=7.4', { host, token });
      assert.notEqual(answer.status, 401, host);
    }
  });
});

describe('client credentials', () => {
  test('by secret: of the newer form and the older, under both names of the tenant, by GUID and by address', async () => {
    assert.equal(await reads(await form(bySecret())), 200);
    assert.equal(await reads(await form(bySecret({ client_id: EMAIL }))), 200);
    for (const path of ['/adfs/oauth2/token', '/adfs/oauth2/v2.0/token']) {
      assert.equal(await reads(await form(bySecret(), path, '127.0.0.1:8200')), 200);
    }
    const { scope: _scope, ...older } = bySecret({ resource: 'https://vault.azure.net' });
    const answer = await form(older, `/${TENANT}/oauth2/token`);
    assert.equal(answer.json.resource, 'https://vault.azure.net');
    assert.equal(await reads(answer), 200);
    const [, claims = ''] = answer.json.access_token.split('.');
    const { aud, sub, exp, iat } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    assert.deepEqual([aud, sub, exp - iat], ['https://vault.azure.net', EMAIL, 3600]);
  });

  test('by certificate, with either padding', async () => {
    assert.equal(await reads(await form(byAssertion(assertion()))), 200);
    const header = { alg: 'PS256', 'x5t#S256': 'AAAA', x5c: ['AAAA'] };
    assert.equal(await reads(await form(byAssertion(assertion({}, header)))), 200);
    const aud = 'https://127.0.0.1:8200/adfs/oauth2/token';
    assert.equal(await reads(await form(byAssertion(assertion({ aud })), '/adfs/oauth2/token', '127.0.0.1:8200')), 200);
  });

  test('by a token that is good for that alone, which opens nothing itself and cannot be had by itself', async () => {
    const token = await at.tokenOf(EMAIL, 'api://AzureADTokenExchange');
    const answer = await form(byAssertion(token));
    assert.equal(await reads(answer), 200);
    const again = { scope: 'api://AzureADTokenExchange/.default' };
    await refused(await form(byAssertion(token, again)), 401, 'invalid_client', 7000112);
    // What was had by it is no proof of anything.
    await refused(await form(byAssertion(answer.json.access_token)), 401, 'invalid_client', 7000215);
  });

  test('what is no proof: each refused alike, and in the ledger', async () => {
    const other = await secretOf(accountOf(OTHER_VAULT));
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const [head = '', claims = '', tail = ''] = assertion().split('.');
    const cases: Record<string, string>[] = [
      bySecret({ client_secret: 'guess' }),
      bySecret({ client_secret: other.clientSecret }),
      bySecret({ client_secret: `${client.clientSecret} ` }),
      bySecret({ client_id: other.clientId }),
      bySecret({ client_id: '00000000-0000-0000-0000-000000000000' }),
      bySecret({ client_id: 'nobody@first-vault.iam.gserviceaccount.com' }),
      bySecret({ client_id: '../x' }),
      byAssertion('nothing'),
      byAssertion(at.token),
      byAssertion(await at.tokenOf(accountOf(OTHER_VAULT), 'api://AzureADTokenExchange')),
      byAssertion(assertion({}, {}, stranger)),
      byAssertion(assertion({ aud: 'https://login.microsoftonline.com/other/oauth2/v2.0/token' })),
      byAssertion(assertion({ iss: other.clientId })),
      byAssertion(assertion({ sub: other.clientId })),
      byAssertion(assertion({}, { jku: 'https://evil.example/keys' })),
      byAssertion(`${part({ alg: 'none', typ: 'JWT' })}.${claims}.${tail}`),
      byAssertion(`${part({ alg: 'HS256', typ: 'JWT' })}.${claims}.${tail}`),
      byAssertion(
        `${head}.${part({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), exp: seconds() + 601 })}.${tail}`,
      ),
      { ...byAssertion(assertion()), client_id: other.clientId },
    ];
    for (const fields of cases) {
      const began = (await at.world.records()).length;
      await refused(await form(fields), 401, 'invalid_client', 7000215);
      const records = (await at.world.records()).slice(began);
      assert.deepEqual(
        records.map(({ operation, outcome }) => [operation, outcome]),
        [['tokens.exchangeClient', 'denied']],
      );
    }
    const late = byAssertion(assertion({ iat: seconds() - 1200, nbf: seconds() - 1200, exp: seconds() - 600 }));
    await refused(await form(late), 401, 'invalid_client', 700024);
    const long = byAssertion(assertion({ exp: seconds() + 7200 }));
    await refused(await form(long), 401, 'invalid_client', 700024);
  });

  test('what is wrong as written', async () => {
    const { client_id: _id, ...anonymous } = bySecret();
    const began = (await at.world.records()).length;
    await refused(await form(anonymous), 400, 'invalid_request', 900144);
    await refused(await form(bySecret({ grant_type: 'password' })), 400, 'unsupported_grant_type', 70003);
    await refused(await form(bySecret({ scope: 'openid' })), 400, 'invalid_scope', 70011);
    await refused(await form(bySecret({ scope: `${SCOPE} ${SCOPE}` })), 400, 'invalid_scope', 70011);
    const tenant = '/99999999-2222-8333-8444-555555555555/oauth2/v2.0/token';
    await refused(await form(bySecret(), tenant), 400, 'invalid_request', 90002);
    await refused(await form(bySecret(), '/common/oauth2/v2.0/token'), 400, 'invalid_request', 90002);
    assert.equal((await at.world.records()).length, began + 6);
    assert.equal((await at.send('GET', `/${TENANT}/oauth2/v2.0/token`, { host: CLOUD })).status, 405);
    assert.equal((await at.send('GET', `/${TENANT}/anything`, { host: CLOUD })).status, 404);
  });

  test('a key that is disabled, deleted or over, and every token that was had by it', async () => {
    const keys = `/v1/projects/-/serviceAccounts/${EMAIL}/keys`;
    const made = await secretOf(EMAIL);
    const short = await at.must('POST', '/coffer/v1/accountKeys:createSecret', {
      serviceAccount: EMAIL,
      lifetimeSeconds: 60,
    });
    const fields = (from: Json) => bySecret({ client_secret: from.clientSecret });
    const had = await form(fields(made));
    assert.equal(await reads(had), 200);
    await at.must('POST', `${keys}/${made.key}:disable`, {});
    await refused(await form(fields(made)), 401, 'invalid_client', 7000215);
    await at.must('POST', `${keys}/${made.key}:enable`, {});
    assert.equal(await reads(await form(fields(made))), 200);
    await at.must('DELETE', `${keys}/${made.key}`);
    await refused(await form(fields(made)), 401, 'invalid_client', 7000215);
    assert.equal(await reads(had), 401);
    at.world.clock.advance(61_000);
    await refused(await form(fields(short)), 401, 'invalid_client', 7000215);
    await at.must('DELETE', `${keys}/${certificate.key}`);
    await refused(await form(byAssertion(assertion())), 401, 'invalid_client', 7000215);
  });
});

test('a token for one audience is had by an access token alone, and never outlives it', async () => {
  const parent = await at.access(EMAIL);
  const narrow = (token: string) =>
    at.send('POST', '/coffer/v1/tokens:narrow', {
      token,
      body: JSON.stringify({ audience: 'https://vault.azure.net' }),
    });
  assert.equal((await narrow(at.world.ownerCredential)).status, 403);
  assert.equal((await narrow(at.token)).status, 401);
  at.world.clock.advance(3_000_000);
  const { json } = await narrow(parent);
  assert.equal(Date.parse(json.expireTime) - at.world.clock.now(), 600_000);
  const status = async () => (await at.vault('GET', '/secrets/kept', undefined, { token: json.accessToken })).status;
  assert.equal(await status(), 200);
  at.world.clock.advance(600_000);
  assert.equal(await status(), 401);
});
