// Case 11: a JWT that is expired, not yet valid, for another audience, of another issuer, alg none, HS256 under the public
// key, of an unknown key, of a key with a path, of another account's key, of a disabled or deleted key. Each is refused
// and audited, as a bearer and as a grant, and nothing is ever fetched for it.

import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { after, describe, test } from 'node:test';
import { jwt, OTHER, openAuthority, PROJECT, part, SCOPE } from './fixture.ts';

const at = await openAuthority();
const { world, server, key, otherKey, must, newKey, seconds, bearer, grant, exchange, access } = at;
after(() => at.close());

/** What each forgery is, as a bearer and as a grant, and what the token endpoint says of it. */
const FORGERIES: Record<string, (claims: (more?: object) => object) => [token: string, error: string]> = {
  expired: (claims) => [jwt(claims({ iat: seconds() - 3700, exp: seconds() - 61 }), key), 'invalid_grant'],
  'not yet valid': (claims) => [jwt(claims({ iat: seconds() + 61, exp: seconds() + 3000 }), key), 'invalid_grant'],
  'not before': (claims) => [jwt(claims({ nbf: seconds() + 61 }), key), 'invalid_grant'],
  'for too long': (claims) => [jwt(claims({ exp: seconds() + 3601 }), key), 'invalid_grant'],
  'without an end': (claims) => [jwt(claims({ exp: undefined }), key), 'invalid_grant'],
  'other audience': (claims) => [jwt(claims({ aud: 'https://storage.googleapis.com/' }), key), 'invalid_grant'],
  'other issuer': (claims) => [jwt(claims({ iss: OTHER, sub: OTHER }), key), 'invalid_grant'],
  'issuer that is no account': (claims) => [
    jwt(claims({ iss: 'https://evil.example', sub: 'x' }), key),
    'invalid_grant',
  ],
  'account that is not there': (claims) => {
    const nobody = `nobody@${PROJECT}.iam.gserviceaccount.com`;
    return [jwt(claims({ iss: nobody, sub: nobody }), key), 'invalid_grant'];
  },
  'alg none': (claims) => [`${part({ alg: 'none', kid: key.private_key_id })}.${part(claims())}.`, 'invalid_grant'],
  'alg none with a signature': (claims) => [jwt(claims(), key, { alg: 'none' }), 'invalid_grant'],
  'HS256 under the public key': (claims) => {
    const signed = `${part({ alg: 'HS256', typ: 'JWT', kid: key.private_key_id })}.${part(claims())}`;
    const publicKey = createPublicKey(key.private_key).export({ format: 'pem', type: 'spki' });
    return [`${signed}.${createHmac('sha256', publicKey).update(signed).digest('base64url')}`, 'invalid_grant'];
  },
  'unknown key': (claims) => [jwt(claims(), key, { kid: 'f'.repeat(40) }), 'invalid_grant'],
  'key with a path': (claims) => [jwt(claims(), key, { kid: `../${key.private_key_id}` }), 'invalid_grant'],
  'key of another account': (claims) => [jwt(claims(), otherKey), 'invalid_grant'],
  "another account's key id": (claims) => [jwt(claims(), key, { kid: otherKey.private_key_id }), 'invalid_grant'],
  'a key of its own making': (claims) => {
    const made = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey as KeyObject;
    const pem = made.export({ format: 'pem', type: 'pkcs8' }) as string;
    return [jwt(claims(), { ...key, private_key: pem }), 'invalid_grant'];
  },
  "no key id, and another account's key": (claims) => [jwt(claims(), otherKey, { kid: undefined }), 'invalid_grant'],
  'a key to be fetched': (claims) => [
    jwt(claims(), key, { jku: `http://127.0.0.1:${server.port}/x` }),
    'invalid_grant',
  ],
  'changed claims': (claims) => {
    const [head, , tail] = jwt(claims(), key).split('.');
    return [`${head}.${part(claims({ pad: 1 }))}.${tail}`, 'invalid_grant'];
  },
};

describe('case 11', () => {
  for (const [name, forge] of Object.entries(FORGERIES)) {
    test(`${name}: refused and audited, as a bearer and as a grant`, async () => {
      const requests = server.requests.length;
      const [asBearer] = forge(bearer);
      const [asGrant, error] = forge(grant);
      const began = (await world.records()).length;
      const read = await access(asBearer);
      assert.deepEqual([read.status, read.json.error.status], [401, 'UNAUTHENTICATED']);
      const exchanged = await exchange(asGrant);
      assert.deepEqual([exchanged.status, exchanged.json.error], [400, error]);
      assert.equal(typeof exchanged.json.error_description, 'string');
      const records = (await world.records()).slice(began);
      assert.deepEqual(
        records.map(({ operation, outcome, code, principal }) => [operation, outcome, code, principal]),
        [
          ['versions.access', 'denied', 'CREDENTIAL_INVALID', 'anonymous'],
          ['tokens.exchange', 'denied', 'CREDENTIAL_INVALID', 'anonymous'],
        ],
      );
      assert.equal(server.requests.length, requests + 2, 'nothing was fetched');
    });
  }

  test('acting for a user, or for a narrower scope: refused in its own words', async () => {
    for (const [claims, status, error] of [
      [grant({ sub: 'user@example.com' }), 401, 'unauthorized_client'],
      [grant({ scope: 'https://www.googleapis.com/auth/devstorage.read_only' }), 400, 'invalid_scope'],
      [grant({ scope: undefined }), 400, 'invalid_scope'],
    ] as const) {
      const answer = await exchange(jwt(claims, key));
      assert.deepEqual([answer.status, answer.json.error], [status, error]);
    }
  });

  test('neither of the two is taken for the other', async () => {
    assert.equal((await access(jwt(grant(), key))).status, 401);
    assert.equal((await exchange(jwt(bearer(), key))).status, 400);
    assert.equal((await exchange(jwt(bearer({ aud: undefined, scope: SCOPE }), key))).status, 400);
  });

  test('a disabled key is refused at once, also where it was good before; enabled, it is good again; deleted, never', async () => {
    const made = await newKey();
    const token = jwt(bearer(), made);
    const both = async () => [(await access(token)).status, (await exchange(jwt(grant(), made))).status];
    assert.deepEqual(await both(), [200, 200]);
    await must('POST', `/v1/${made.name}:disable`, {});
    assert.equal((await must('GET', `/v1/${made.name}`)).disabled, true);
    assert.deepEqual(await both(), [401, 400]);
    await must('POST', `/v1/${made.name}:enable`, {});
    assert.deepEqual(await both(), [200, 200]);
    await must('DELETE', `/v1/${made.name}`);
    assert.deepEqual(await both(), [401, 400]);
    assert.equal((await exchange(jwt(grant(), made))).json.error_description, 'Invalid JWT Signature.');
  });

  test('a bearer ends by its own clock, also where it was good before', async () => {
    const token = jwt(bearer({ exp: seconds() + 10 }), key);
    assert.equal((await access(token)).status, 200);
    world.clock.advance(69_000);
    assert.equal((await access(token)).status, 200);
    world.clock.advance(1_000);
    assert.equal((await access(token)).status, 401);
  });
});
