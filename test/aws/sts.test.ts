// Sessions of AWS's API: who one is, credentials for hours, roles, ID tokens; and how each of them ends, is refused, or
// turns out to be somebody else's.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { SigningKey } from '../support/aws-sign.ts';
import { ACCOUNT_ID, accountOf, OTHER_PROJECT, openAws, PROJECT, type XmlAnswer } from './fixture.ts';

let at: Awaited<ReturnType<typeof openAws>>;
const ROLE = `arn:aws:iam::${ACCOUNT_ID}:role/worker`;
const worker = `worker@${PROJECT}.iam.gserviceaccount.com`;
const HOUR_MS = 3_600_000;

before(async () => {
  at = await openAws();
  await at.secret('kept', 'a value');
  await at.must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'worker' });
});
after(() => at.close());

/** Lets the first account have the worker's tokens, and the worker read. */
async function grant(): Promise<void> {
  const bindings = [
    { role: 'roles/owner', members: ['user:owner@coffer.internal'] },
    { role: 'roles/secretmanager.admin', members: [`serviceAccount:${accountOf(PROJECT)}`] },
    { role: 'roles/iam.serviceAccountTokenCreator', members: [`serviceAccount:${accountOf(PROJECT)}`] },
    { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${worker}`] },
  ];
  await at.must('POST', `/v3/projects/${PROJECT}:setIamPolicy`, { policy: { bindings } });
}

function failed(answer: XmlAnswer, status: number, code: string): string {
  assert.equal(answer.status, status, answer.xml);
  assert.equal(answer.text('Code'), code, answer.xml);
  assert.equal(answer.text('RequestId'), answer.requestId);
  assert.ok(!answer.xml.includes('SecretAccessKey'));
  return answer.text('Message') ?? '';
}

const read = (as: SigningKey) => at.call('GetSecretValue', { SecretId: 'kept' }, as);
const assume = (members: Readonly<Record<string, string>> = {}, as?: SigningKey) =>
  at.sts({ Action: 'AssumeRole', RoleArn: ROLE, RoleSessionName: 'nightly', ...members }, as);

test('who one is', async () => {
  const { xml, text } = await at.sts({ Action: 'GetCallerIdentity' });
  assert.match(
    xml,
    /^<GetCallerIdentityResponse xmlns="https:\/\/sts\.amazonaws\.com\/doc\/2011-06-15\/"><GetCallerIdentityResult><Arn>/,
  );
  assert.equal(text('Arn'), `arn:aws:iam::${ACCOUNT_ID}:user/client`);
  assert.equal(text('Account'), ACCOUNT_ID);
  assert.match(text('UserId') ?? '', /^AIDA[A-Z2-7]{16}$/);
});

test('a session of a user is that user, until it ends', async () => {
  const answer = await at.sts({ Action: 'GetSessionToken', DurationSeconds: '900' });
  const session = at.sessionOf(answer);
  assert.match(session.id, /^ASIA[A-Z2-7]{16}$/);
  assert.match(session.token, /^cof_aws_[\w-]{43}$/);
  const { clock } = at.world;
  assert.equal(answer.text('Expiration'), new Date(clock.now() + 900_000).toISOString().replace(/\.\d+Z/, 'Z'));
  assert.equal((await read(session)).json.SecretString, 'a value');
  const who = await at.sts({ Action: 'GetCallerIdentity' }, session);
  assert.equal(who.text('Arn'), `arn:aws:iam::${ACCOUNT_ID}:user/client`);
  // It cannot be turned into another.
  failed(await at.sts({ Action: 'GetSessionToken' }, session), 403, 'AccessDenied');
  clock.advance(900_000);
  const expired = await read(session);
  assert.deepEqual(expired.json, {
    __type: 'ExpiredTokenException',
    message: 'The security token included in the request is expired',
  });
  failed(await at.sts({ Action: 'GetCallerIdentity' }, session), 403, 'ExpiredToken');
});

test('the parts of a session belong together', async () => {
  const session = at.sessionOf(await at.sts({ Action: 'GetSessionToken' }));
  const other = at.sessionOf(await at.sts({ Action: 'GetSessionToken' }));
  const wrong: Readonly<Record<string, SigningKey>> = {
    'no token': { id: session.id, secret: session.secret },
    'the token of another': { ...session, token: other.token },
    'the key of another': { ...session, id: other.id },
    'a token with a lasting key': { ...at.key, token: session.token },
    'no token of ours': { ...session, token: 'FwoGZXIvYXdzEXAMPLE' },
    "the owner's credential": { ...session, token: at.world.ownerCredential },
  };
  for (const [name, key] of Object.entries(wrong)) {
    assert.equal((await read(key)).json.__type, 'UnrecognizedClientException', name);
    failed(await at.sts({ Action: 'GetCallerIdentity' }, key), 403, 'InvalidClientTokenId');
  }
  assert.equal((await read({ ...session, secret: other.secret })).json.__type, 'InvalidSignatureException');
  // As a bearer it is nothing.
  const path = `/v1/projects/${PROJECT}/secrets/kept/versions/latest:access`;
  assert.equal((await at.send('GET', path, { authorization: `Bearer ${session.token}` })).status, 401);
});

test('a session ends with the key that it was had by', async () => {
  const key = await at.keyOf(accountOf(PROJECT));
  const session = at.sessionOf(await at.sts({ Action: 'GetSessionToken' }, key));
  assert.equal((await read(session)).status, 200);
  await at.must('DELETE', `/v1/projects/-/serviceAccounts/${accountOf(PROJECT)}/keys/${key.id}`);
  assert.equal((await read(session)).json.__type, 'UnrecognizedClientException');
});

test('a role is a service account; to assume it takes the permission, whether it is there or not', async () => {
  const missing = `arn:aws:iam::${ACCOUNT_ID}:role/missing-one`;
  const elsewhere = 'arn:aws:iam::999999999999:role/worker';
  for (const RoleArn of [ROLE, missing, elsewhere]) {
    const told = failed(await assume({ RoleArn }), 403, 'AccessDenied');
    const who = `arn:aws:iam::${ACCOUNT_ID}:user/client`;
    assert.equal(told, `User: ${who} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`);
  }
  await grant();
  const answer = await assume();
  const session = at.sessionOf(answer);
  assert.match(answer.text('AssumedRoleId') ?? '', /^AROA[A-Z2-7]{16}:nightly$/);
  const arn = `arn:aws:sts::${ACCOUNT_ID}:assumed-role/worker/nightly`;
  assert.equal(answer.text('Arn'), arn);
  assert.equal((await read(session)).json.SecretString, 'a value');
  const who = await at.sts({ Action: 'GetCallerIdentity' }, session);
  assert.deepEqual([who.text('Arn'), who.text('UserId')], [arn, answer.text('AssumedRoleId')]);
  const seen = (await at.world.records()).filter(({ operation }) => operation === 'versions.access');
  assert.equal(seen.at(-1)?.principal ?? seen[0]?.principal, `serviceAccount:${worker}`);
  failed(await assume({ RoleArn: missing }), 403, 'AccessDenied');
  // Another project's account has no say here.
  const other = await at.keyOf(accountOf(OTHER_PROJECT));
  failed(await assume({}, other), 403, 'AccessDenied');
});

test('a session that a session was had by is no longer than that, and ends with it', async () => {
  const key = await at.keyOf(accountOf(PROJECT));
  const first = at.sessionOf(await at.sts({ Action: 'GetSessionToken', DurationSeconds: '1800' }, key));
  const second = await assume({ DurationSeconds: '43200' }, first);
  const expiration = Date.parse(second.text('Expiration') ?? '');
  assert.ok(expiration <= at.world.clock.now() + 1_800_000 && expiration > at.world.clock.now());
  const session = at.sessionOf(second);
  assert.equal((await read(session)).status, 200);
  await at.must('DELETE', `/v1/projects/-/serviceAccounts/${accountOf(PROJECT)}/keys/${key.id}`);
  for (const each of [first, session]) assert.equal((await read(each)).status, 400);
});

test('sessions end with their account', async () => {
  await at.must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'short-lived' });
  const session = at.sessionOf(await assume({ RoleArn: `arn:aws:iam::${ACCOUNT_ID}:role/short-lived` }));
  const who = await at.sts({ Action: 'GetCallerIdentity' }, session);
  assert.equal(who.status, 200);
  await at.must('DELETE', `/v1/projects/-/serviceAccounts/short-lived@${PROJECT}.iam.gserviceaccount.com`);
  failed(await at.sts({ Action: 'GetCallerIdentity' }, session), 403, 'InvalidClientTokenId');
});

test('what is wrong as written is refused, also what would narrow a session', async () => {
  const wrong: readonly Readonly<Record<string, string>>[] = [
    { DurationSeconds: '899' },
    { DurationSeconds: '43201' },
    { DurationSeconds: '1e3' },
    { RoleSessionName: 'x' },
    { RoleSessionName: 'a b' },
    { RoleSessionName: 'x'.repeat(65) },
    { RoleArn: 'worker' },
    { RoleArn: `arn:aws:iam::${ACCOUNT_ID}:user/worker` },
    { Policy: '{"Version":"2012-10-17","Statement":[]}' },
    { 'PolicyArns.member.1.arn': 'arn:aws:iam::aws:policy/ReadOnlyAccess' },
    { 'Tags.member.1.Key': 'a' },
    { SerialNumber: 'x' },
  ];
  for (const members of wrong) failed(await assume(members), 400, 'ValidationError');
  failed(await at.sts({ Action: 'Constructor' }), 400, 'InvalidAction');
  failed(await at.sts({ Action: '__proto__' }), 400, 'InvalidAction');
  failed(await at.sts({}), 400, 'InvalidAction');
  failed(await at.sts({ Action: 'GetCallerIdentity', Version: '2010-01-01' }), 400, 'InvalidAction');
  const message = failed(await at.sts({ Action: '<a>&"\u0001' }), 400, 'InvalidAction');
  assert.match(message, /^Could not find operation &lt;a&gt;&amp;&quot;\?/);
});

test('who signs nothing, or for another service, learns nothing', async () => {
  failed(
    await at.sts({ Action: 'GetCallerIdentity' }, undefined, { unsigned: true }),
    403,
    'MissingAuthenticationToken',
  );
  const late = at.world.clock.now() - 15 * 60_000 - 1000;
  failed(await at.sts({ Action: 'GetCallerIdentity' }, at.key, { time: late }), 403, 'SignatureDoesNotMatch');
  assert.equal((await at.sts({ Action: 'GetCallerIdentity' }, at.key, { time: late + 2000 })).status, 200);
  const unknown = { id: 'AKIAIOSFODNN7EXAMPLE', secret: 'x'.repeat(40) };
  failed(await at.sts({ Action: 'GetCallerIdentity' }, unknown), 403, 'InvalidClientTokenId');
});

const idToken = async (audience: string, email = worker): Promise<string> =>
  (await at.must('POST', `/v1/projects/-/serviceAccounts/${email}:generateIdToken`, { audience, includeEmail: true }))
    .token;

const byIdToken = (WebIdentityToken: string, members: Readonly<Record<string, string>> = {}) =>
  at.sts(
    { Action: 'AssumeRoleWithWebIdentity', RoleArn: ROLE, RoleSessionName: 'job', WebIdentityToken, ...members },
    undefined,
    { unsigned: true },
  );

test('an ID token for STS is a session of its own account, unsigned', async () => {
  // Only who may have the tokens of an account may have its ID tokens: here that is the owner.
  const bindings = [{ role: 'roles/iam.serviceAccountTokenCreator', members: ['user:owner@coffer.internal'] }];
  await at.must('POST', `/v3/projects/${PROJECT}:setIamPolicy`, {
    policy: {
      bindings: [
        ...bindings,
        { role: 'roles/owner', members: ['user:owner@coffer.internal'] },
        { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${worker}`] },
      ],
    },
  });
  const token = await idToken('sts.amazonaws.com');
  const answer = await byIdToken(token);
  const session = at.sessionOf(answer);
  assert.equal((await read(session)).json.SecretString, 'a value');
  assert.equal(answer.text('Arn'), `arn:aws:sts::${ACCOUNT_ID}:assumed-role/worker/job`);
  assert.equal(answer.text('Audience'), 'sts.amazonaws.com');
  assert.match(answer.text('SubjectFromWebIdentityToken') ?? '', /^\d{21}$/);

  failed(await byIdToken(await idToken('https://elsewhere.example')), 400, 'InvalidIdentityToken');
  const parts = token.split('.');
  const claims = JSON.parse(Buffer.from(parts[1] ?? '', 'base64url').toString());
  const forged = Buffer.from(JSON.stringify({ ...claims, exp: claims.exp + 1 })).toString('base64url');
  failed(await byIdToken([parts[0], forged, parts[2]].join('.')), 400, 'InvalidIdentityToken');
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
  failed(await byIdToken([none, parts[1], ''].join('.')), 400, 'InvalidIdentityToken');
  failed(await byIdToken('x'), 400, 'InvalidIdentityToken');
  for (const RoleArn of [`arn:aws:iam::${ACCOUNT_ID}:role/client`, 'arn:aws:iam::999999999999:role/worker']) {
    const told = failed(await byIdToken(token, { RoleArn }), 403, 'AccessDenied');
    assert.equal(told, 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
  }
  at.world.clock.advance(HOUR_MS + 61_000);
  failed(await byIdToken(token), 400, 'ExpiredTokenException');
  const last = (await at.world.records()).filter(({ operation }) => operation === 'requests.reject');
  assert.ok(last.some(({ outcome, resource }) => outcome === 'denied' && resource === 'sts:AssumeRoleWithWebIdentity'));
});

test('an access token is turned into a session of a role, an owner or a session is not', async () => {
  const { accessToken } = await at.must('POST', '/coffer/v1/tokens:generate', {
    ...{ serviceAccount: worker, workload: 'nightly-job', lifetimeSeconds: 1200 },
  });
  const issue = (token: string) =>
    at.send('POST', '/coffer/v1/awsSessions:issue', { authorization: `Bearer ${token}` }, '{}');
  const { status, json } = await issue(accessToken);
  assert.equal(status, 200);
  assert.ok(Date.parse(json.expireTime) <= at.world.clock.now() + 1_200_000);
  const session = { id: json.accessKeyId, secret: json.secretAccessKey, token: json.sessionToken };
  const who = await at.sts({ Action: 'GetCallerIdentity' }, session);
  assert.equal(who.text('Arn'), `arn:aws:sts::${ACCOUNT_ID}:assumed-role/worker/nightly-job`);
  assert.equal((await issue(at.world.ownerCredential)).status, 403);
  assert.equal((await issue(session.token)).status, 401);
  await at.send('POST', '/coffer/v1/tokens:revoke', { authorization: `Bearer ${accessToken}` }, '{}');
  failed(await at.sts({ Action: 'GetCallerIdentity' }, session), 403, 'InvalidClientTokenId');
});
