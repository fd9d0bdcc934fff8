// The token authority over real sockets: keys of service accounts, what they sign and get for it, and ID tokens that
// verify by what is published.

import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { ask } from '../support/wire.ts';
import { ACCOUNT, ADDRESS, EMAIL, type Json, jwt, OTHER, openAuthority, PROJECT, SCOPE, TOKEN_URL } from './fixture.ts';

const at = await openAuthority();
const { world, server, key, call, must, newKey, seconds, bearer, grant, form, exchange, access, verified } = at;
const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SERVICE = 'https://secretmanager.googleapis.com/';
after(() => at.close());

describe('keys of a service account', () => {
  test('are made once, listed without their private half, and are Google-shaped', async () => {
    const made = await must('POST', `${ACCOUNT}/keys`, {});
    assert.match(made.name, /^projects\/my-project\/serviceAccounts\/reader@[^/]+\/keys\/[0-9a-f]{40}$/);
    const file = JSON.parse(Buffer.from(made.privateKeyData, 'base64').toString());
    assert.equal(file.type, 'service_account');
    assert.equal(file.token_uri, TOKEN_URL);
    assert.equal(file.universe_domain, 'googleapis.com');
    assert.equal(file.client_email, EMAIL);
    assert.match(file.client_id, /^[1-9][0-9]{20}$/);
    assert.match(file.private_key, /^-----BEGIN PRIVATE KEY-----\n/);
    const { privateKeyData: _data, privateKeyType, ...shown } = made;
    assert.equal(privateKeyType, 'TYPE_GOOGLE_CREDENTIALS_FILE');
    const { validAfterTime: _time, ...rest } = shown;
    assert.deepEqual(rest, {
      name: made.name,
      keyAlgorithm: 'KEY_ALG_RSA_2048',
      validBeforeTime: '9999-12-31T23:59:59Z',
      keyOrigin: 'GOOGLE_PROVIDED',
      keyType: 'USER_MANAGED',
    });
    assert.deepEqual(await must('GET', `/v1/${made.name}`), shown);
    const raw = await must('GET', `/v1/${made.name}?publicKeyType=TYPE_RAW_PUBLIC_KEY`);
    const shownKey = createPublicKey(Buffer.from(raw.publicKeyData, 'base64').toString());
    assert.ok(shownKey.equals(createPublicKey(createPrivateKey(file.private_key))));
    const { keys } = await must('GET', `${ACCOUNT}/keys`);
    assert.ok(keys.some((each: Json) => each.name === made.name));
    assert.ok(!JSON.stringify(keys).includes('privateKeyData'));
    assert.deepEqual(await must('GET', `${ACCOUNT}/keys?keyTypes=SYSTEM_MANAGED`), {});
    await must('DELETE', `/v1/${made.name}`);
    const gone = await call('GET', `/v1/${made.name}`);
    assert.deepEqual([gone.status, gone.json.error.status], [404, 'NOT_FOUND']);
    assert.equal((await call('DELETE', `/v1/${made.name}`)).status, 404);
  });

  test('are ten at most', async () => {
    await must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'fuller' });
    const path = `/v1/projects/-/serviceAccounts/fuller@${PROJECT}.iam.gserviceaccount.com/keys`;
    const made = await Promise.all(Array.from({ length: 11 }, () => call('POST', path, {})));
    assert.deepEqual(made.map(({ status }) => status).sort(), [...Array(10).fill(200), 400]);
    const refused = made.find(({ status }) => status === 400)?.json.error;
    assert.deepEqual([refused.status, refused.message], ['FAILED_PRECONDITION', 'Precondition check failed.']);
  });

  test('take a permission; a stranger has none made, and it is audited', async () => {
    for (const [token, status] of [
      ['', 401],
      [`ya29.${'A'.repeat(43)}`, 401],
      [jwt(bearer({ aud: 'https://iam.googleapis.com/' }), key), 403],
    ] as const) {
      const began = (await world.records()).length;
      const madeBefore = at.keysMade();
      assert.equal((await call('POST', `${ACCOUNT}/keys`, {}, token)).status, status);
      assert.equal(at.keysMade(), madeBefore, 'no work was done for whoever may not keep it');
      const records = (await world.records()).slice(began);
      assert.deepEqual(
        records.map(({ operation, outcome }) => [operation, outcome]),
        [['accountKeys.prepare', 'denied']],
      );
    }
    assert.equal((await call('GET', `/v1/projects/-/serviceAccounts/${OTHER}/keys/${key.private_key_id}`)).status, 404);
    for (const body of [{ privateKeyType: 'TYPE_PKCS12_FILE' }, { keyAlgorithm: 'KEY_ALG_RSA_1024' }]) {
      assert.equal((await call('POST', `${ACCOUNT}/keys`, body)).status, 501);
    }
  });
});

describe('the JWT grant', () => {
  test('gives an access token that reads', async () => {
    for (const host of ['oauth2.googleapis.com', '127.0.0.1']) {
      const { status, json, headers } = await exchange(jwt(grant(), key), host);
      assert.equal(status, 200);
      assert.deepEqual({ ...json, access_token: '' }, { access_token: '', expires_in: 3599, token_type: 'Bearer' });
      assert.equal(headers['cache-control'], 'no-store');
      const read = await access(json.access_token);
      assert.equal(atob(read.json.payload.data), 'the payload');
    }
    assert.equal((await exchange(jwt(grant({ aud: `${ADDRESS}/token` }), key))).status, 200);
    assert.equal((await exchange(jwt(grant({ aud: 'https://www.googleapis.com/oauth2/v4/token' }), key))).status, 200);
  });

  test('is taken without a key id, as Node writes it, from any live key of the account; a bearer is not', async () => {
    const unnamed = { kid: undefined };
    const second = await newKey();
    assert.equal((await exchange(jwt(grant(), key, unnamed))).status, 200);
    assert.equal((await exchange(jwt(grant(), second, unnamed))).status, 200);
    assert.equal((await access(jwt(bearer(), key, unnamed))).status, 401);
    await must('POST', `/v1/${second.name}:disable`, {});
    assert.equal((await exchange(jwt(grant(), second, unnamed))).status, 400);
    await must('DELETE', `/v1/${second.name}`);
  });

  test('gives an ID token for a target audience, under the name that was asked', async () => {
    const target = { scope: undefined, target_audience: 'https://service.example' };
    for (const [host, issuer] of [
      ['oauth2.googleapis.com', 'https://accounts.google.com'],
      ['127.0.0.1', ADDRESS],
    ] as const) {
      const { json } = await exchange(jwt(grant(target), key), host);
      const claims = await verified(json.id_token);
      assert.deepEqual([claims.iss, claims.aud, claims.email], [issuer, 'https://service.example', EMAIL]);
      assert.equal(claims.exp - claims.iat, 3600);
      assert.equal((await access(json.id_token)).status, 401, 'an ID token opens nothing here');
    }
  });

  test('a token is described and given back', async () => {
    const { json } = await exchange(jwt(grant(), key));
    const told = await form('/tokeninfo', { access_token: json.access_token });
    assert.deepEqual(
      [told.status, told.json.email, told.json.scope, told.json.expires_in],
      [200, EMAIL, SCOPE, '3600'],
    );
    const asked = await ask(server.port, { path: `/tokeninfo?access_token=${json.access_token}` });
    assert.equal(asked.status, 200);
    assert.equal((await form('/revoke', { token: json.access_token })).status, 200);
    assert.equal((await access(json.access_token)).status, 401);
    for (const path of ['/revoke', '/tokeninfo']) {
      const fields = { token: json.access_token, access_token: json.access_token };
      const again = await form(path, fields);
      assert.deepEqual([again.status, again.json.error], [400, 'invalid_token']);
    }
    for (const path of ['/revoke', '/tokeninfo']) {
      const owner = await form(path, { token: world.ownerCredential, access_token: world.ownerCredential });
      assert.deepEqual(
        [owner.status, owner.json.error],
        [400, 'invalid_token'],
        "the owner's credential is no such token",
      );
    }
  });

  test('refuses what is no such request, in the words of RFC 6749', async () => {
    const good = jwt(grant(), key);
    const cases: [Record<string, string>, string][] = [
      [{}, 'invalid_request'],
      [{ grant_type: JWT_BEARER }, 'invalid_request'],
      [{ grant_type: 'password', assertion: good }, 'unsupported_grant_type'],
      [{ grant_type: 'refresh_token', refresh_token: 'x' }, 'unsupported_grant_type'],
      [{ grant_type: JWT_BEARER, assertion: 'x'.repeat(5000) }, 'invalid_grant'],
    ];
    for (const [fields, error] of cases) {
      const { status, json } = await form('/token', fields);
      assert.deepEqual([status, json.error], [400, error]);
    }
    const type = 'application/x-www-form-urlencoded';
    const twice = `grant_type=${encodeURIComponent(JWT_BEARER)}&assertion=${good}&assertion=${good}`;
    for (const [body, contentType, status] of [
      [twice, type, 400],
      [JSON.stringify({ grant_type: JWT_BEARER, assertion: good }), 'application/json', 400],
      ['a=b&'.repeat(5000), type, 413],
    ] as const) {
      const headers = { 'content-type': contentType, host: 'oauth2.googleapis.com' };
      const answer = await ask(server.port, { method: 'POST', path: '/token', headers, body });
      assert.deepEqual([answer.status, JSON.parse(answer.body).error], [status, 'invalid_request']);
    }
    assert.equal((await ask(server.port, { path: '/token' })).status, 405);
    assert.equal((await ask(server.port, { path: '/auth', headers: { host: 'oauth2.googleapis.com' } })).status, 404);
  });
});

describe('a self-signed JWT as a bearer', () => {
  test('reads, for its service or for the scope of Google Cloud', async () => {
    const good = [
      bearer(),
      bearer({ aud: 'https://secretmanager.googleapis.com' }),
      bearer({ aud: `${SERVICE}google.cloud.secretmanager.v1.SecretManagerService` }),
      bearer({ aud: undefined, scope: SCOPE }),
      bearer({ aud: '', scope: `openid ${SCOPE}` }),
    ];
    for (const claims of good) {
      const token = jwt(claims, key);
      for (const host of ['secretmanager.googleapis.com', '127.0.0.1']) {
        assert.equal((await access(token, host)).status, 200, JSON.stringify(claims));
      }
    }
    const record = (await world.records()).at(-1);
    assert.deepEqual([record?.operation, record?.principal], ['versions.access', `serviceAccount:${EMAIL}`]);
    assert.match(record?.credential ?? '', /^[0-9a-f]{12}$/);
  });

  test('is for a regional host only where that host was asked', async () => {
    const host = 'secretmanager.europe-west1.rep.googleapis.com';
    const token = jwt(bearer({ aud: `https://${host}/` }), key);
    assert.equal((await access(token)).status, 401);
    assert.notEqual((await access(token, host)).status, 401);
  });
});

describe('ID tokens', () => {
  const path = `/v1/projects/-/serviceAccounts/${EMAIL}:generateIdToken`;

  test('are made for whoever may act as the account', async () => {
    const { token } = await must('POST', path, { audience: 'https://service.example', includeEmail: true });
    const claims = await verified(token);
    assert.deepEqual(
      { ...claims, iat: 0, exp: 0 },
      {
        iss: 'https://accounts.google.com',
        aud: 'https://service.example',
        azp: claims.sub,
        sub: claims.sub,
        email: EMAIL,
        email_verified: true,
        iat: 0,
        exp: 0,
      },
    );
    assert.match(claims.sub, /^[1-9][0-9]{20}$/);
    assert.equal(claims.iat, seconds());
    const plain = await verified((await must('POST', path, { audience: 'a' })).token);
    assert.equal(plain.email, undefined);
    const record = (await world.records()).at(-1);
    assert.deepEqual([record?.operation, record?.details], ['idTokens.generate', { audience: 'a' }]);
  });

  test('take an audience and a permission', async () => {
    for (const audience of [undefined, '', 'a'.repeat(1025)]) {
      assert.equal((await call('POST', path, { audience })).status, 400);
    }
    const { json } = await exchange(jwt(grant(), key));
    assert.equal((await call('POST', path, { audience: 'a' }, json.access_token)).status, 403);
    assert.equal((await call('POST', path, { audience: 'a' }, '')).status, 401);
  });

  test('are verified by what the authority publishes, under both of its names', async () => {
    for (const [host, issuer, origin] of [
      ['oauth2.googleapis.com', 'https://accounts.google.com', 'https://oauth2.googleapis.com'],
      ['127.0.0.1', ADDRESS, ADDRESS],
      ['evil.example', ADDRESS, ADDRESS],
    ] as const) {
      const answer = await ask(server.port, { path: '/.well-known/openid-configuration', headers: { host } });
      const document = JSON.parse(answer.body);
      assert.deepEqual([document.issuer, document.jwks_uri], [issuer, `${origin}/oauth2/v3/certs`]);
      assert.match(String(answer.headers['cache-control']), /^public, max-age=3600/);
    }
  });
});
