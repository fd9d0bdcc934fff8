// What an account says of itself is believed in exactly one form, for one hour, by whom it was meant for.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CLOUD_SCOPE, type Claims, issuerAccount, judgeBearer, judgeGrant } from './jwt.ts';

const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1000;
const EMAIL = 'reader@my-project.iam.gserviceaccount.com';
const SERVICE = 'https://secretmanager.googleapis.com/';
const TOKEN = 'https://oauth2.googleapis.com/token';

const bearer = { iss: EMAIL, sub: EMAIL, aud: SERVICE, iat: SECONDS, exp: SECONDS + 3600 };
const grant = { iss: EMAIL, aud: TOKEN, scope: CLOUD_SCOPE, iat: SECONDS, exp: SECONDS + 3600 };

/** `good` in the judge's eyes, or its problem. */
function judged(judge: typeof judgeBearer, audience: string, claims: Claims, now = NOW): string {
  const found = judge(claims, [audience], now);
  return 'problem' in found ? found.problem : 'good';
}
const asBearer = (claims: Claims, now?: number) => judged(judgeBearer, SERVICE, claims, now);
const asGrant = (claims: Claims, now?: number) => judged(judgeGrant, TOKEN, claims, now);

describe('a bearer', () => {
  test('is by and about one account', () => {
    assert.deepEqual(judgeBearer(bearer, [SERVICE], NOW), { email: EMAIL });
    assert.equal(asBearer({ ...bearer, sub: 'other@my-project.iam.gserviceaccount.com' }), 'issuer');
    assert.equal(asBearer({ ...bearer, sub: undefined }), 'issuer');
    const strangers = [
      undefined,
      7,
      '',
      'user@example.com',
      EMAIL.toUpperCase(),
      `${EMAIL} `,
      'https://accounts.google.com',
    ];
    for (const iss of strangers) assert.equal(asBearer({ ...bearer, iss, sub: iss }), 'issuer', String(iss));
  });

  test('is for this service, or for the scope of Google Cloud', () => {
    for (const aud of [TOKEN, 'https://storage.googleapis.com/', SERVICE.slice(0, -1), [SERVICE], 1]) {
      assert.equal(asBearer({ ...bearer, aud, scope: CLOUD_SCOPE }), 'audience', String(aud));
    }
    for (const aud of [undefined, '']) {
      assert.equal(asBearer({ ...bearer, aud }), 'audience');
      assert.equal(asBearer({ ...bearer, aud, scope: CLOUD_SCOPE }), 'good');
      assert.equal(asBearer({ ...bearer, aud, scope: `openid ${CLOUD_SCOPE}` }), 'good');
      assert.equal(asBearer({ ...bearer, aud, scope: `${CLOUD_SCOPE}.read-only` }), 'audience');
    }
  });
});

describe('the time', () => {
  for (const [kind, judge, claims] of [
    ['bearer', asBearer, bearer],
    ['grant', asGrant, grant],
  ] as const) {
    test(`of a ${kind} is an hour at most, with a minute for clocks that differ`, () => {
      const at = (seconds: number) => judge(claims, NOW + seconds * 1000);
      assert.deepEqual([at(-61), at(-60), at(3659), at(3660)], ['lifetime', 'good', 'good', 'lifetime']);
      assert.equal(judge({ ...claims, exp: SECONDS + 3601 }), 'lifetime');
      assert.equal(judge({ ...claims, exp: SECONDS }), 'lifetime');
      assert.equal(judge({ ...claims, exp: SECONDS - 100, iat: SECONDS - 50 }), 'lifetime');
      assert.equal(judge({ ...claims, nbf: SECONDS + 61 }), 'lifetime');
      assert.equal(judge({ ...claims, nbf: SECONDS + 59 }), 'good');
      for (const wrong of [undefined, null, String(SECONDS), -1, Number.NaN, Number.POSITIVE_INFINITY, {}]) {
        assert.equal(judge({ ...claims, iat: wrong }), 'lifetime', `iat ${wrong}`);
        assert.equal(judge({ ...claims, exp: wrong }), 'lifetime', `exp ${wrong}`);
        if (wrong !== undefined) assert.equal(judge({ ...claims, nbf: wrong }), 'lifetime', `nbf ${wrong}`);
      }
    });
  }
});

describe('a grant', () => {
  test('is addressed to the token endpoint and acts for nobody else', () => {
    assert.deepEqual(judgeGrant(grant, [TOKEN], NOW), { email: EMAIL });
    assert.equal(asGrant({ ...grant, sub: EMAIL }), 'good');
    assert.equal(asGrant({ ...grant, sub: 'user@example.com' }), 'delegation');
    for (const aud of [undefined, '', SERVICE, `${TOKEN}/`, [TOKEN]]) {
      assert.equal(asGrant({ ...grant, aud }), 'audience', String(aud));
    }
  });

  test('asks for the scope of Google Cloud or for an ID token', () => {
    assert.equal(asGrant({ ...grant, scope: undefined }), 'scope');
    assert.equal(asGrant({ ...grant, scope: 'https://www.googleapis.com/auth/devstorage.read_only' }), 'scope');
    const target = { ...grant, scope: undefined, target_audience: 'https://service.example' };
    assert.deepEqual(judgeGrant(target, [TOKEN], NOW), { email: EMAIL, targetAudience: 'https://service.example' });
    for (const audience of ['', 7, ['x'], 'a'.repeat(1025)]) {
      assert.equal(asGrant({ ...target, target_audience: audience }), 'scope');
    }
    assert.equal(asGrant({ ...target, target_audience: 'a'.repeat(1024) }), 'good');
  });
});

test('an issuer is an account in its own spelling', () => {
  assert.equal(issuerAccount(EMAIL), EMAIL);
  assert.equal(
    issuerAccount('123456789012-compute@developer.gserviceaccount.com'),
    '123456789012-compute@developer.gserviceaccount.com',
  );
  assert.equal(issuerAccount('Reader@my-project.iam.gserviceaccount.com'), undefined);
});
