// Whoever did not sign well: AWS's own refusal, nothing read, and a record of it in the ledger. Every part of a request is
// changed after it was signed; keys are taken away; what could be read in two ways is refused.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { raw as sendRaw } from '../support/wire.ts';
import { type Answer, accountOf, OTHER_PROJECT, openAws, PROJECT } from './fixture.ts';

let at: Awaited<ReturnType<typeof openAws>>;
const VALUE = 'what-a-stranger-must-not-see';
const BODY = JSON.stringify({ SecretId: 'kept' });

before(async () => {
  at = await openAws();
  await at.secret('kept', VALUE);
});
after(() => at.close());

/** A good request to read the secret. */
function good(given: Partial<Parameters<typeof signed>[1]> = {}, key: SigningKey = at.key): Record<string, string> {
  const { host, world, targeted } = at;
  return signed(key, { host, headers: targeted('GetSecretValue'), body: BODY, time: world.clock.now(), ...given });
}

/** Refused so, without the value, and the ledger's newest record says so. */
async function refused(answer: Promise<Answer>, code: string, outcome = 'denied'): Promise<string> {
  const before = (await at.world.records()).length;
  const { status, json, headers } = await answer;
  assert.equal(status, 400, JSON.stringify(json));
  assert.equal(json.__type, code, JSON.stringify(json));
  assert.ok(!JSON.stringify(json).includes(VALUE));
  assert.match(String(headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/);
  const records = await at.world.records();
  assert.equal(records.length, before + 1);
  const newest = records.reduce((last, each) => (each.requestId === headers['x-amzn-requestid'] ? each : last));
  assert.equal(newest.outcome, outcome);
  assert.equal(newest.dialect, 'aws');
  return json.message;
}

test('a request that is signed well is answered', async () => {
  const { status, json, headers } = await at.send('POST', '/', good(), BODY);
  assert.equal(status, 200);
  assert.equal(json.SecretString, VALUE);
  assert.equal(headers['content-type'], 'application/x-amz-json-1.1');
});

test('nothing of a signed request can be changed', async () => {
  const wrong = 'InvalidSignatureException';
  await refused(at.send('POST', '/', good(), JSON.stringify({ SecretId: 'other' })), wrong);
  await refused(at.send('POST', '/', good(), `${BODY} `), wrong);
  await refused(at.send('POST', '/aws', good(), BODY), wrong);
  await refused(at.send('POST', '/?a=1', good(), BODY), wrong);
  await refused(at.send('PUT', '/', good(), BODY), wrong);
  const changed: Readonly<Record<string, string>> = {
    host: 'localhost:1',
    'x-amz-target': 'secretsmanager.DescribeSecret',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-security-token': 'added',
    'x-amz-more': 'added',
  };
  for (const [name, value] of Object.entries(changed)) {
    await refused(at.send('POST', '/', { ...good(), [name]: value }, BODY), wrong);
  }
  const later = new Date(at.world.clock.now() + 1000).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  await refused(at.send('POST', '/', { ...good(), 'x-amz-date': later }, BODY), wrong);
  const { authorization = '', ...rest } = good();
  for (const [from, to] of [
    [/eu-west-1/, 'eu-west-2'],
    [/Signature=(.)/, 'Signature=0'],
    [/content-type;/, ''],
    [/;x-amz-target/, ''],
  ] as const) {
    const text = authorization.replace(from, to);
    if (text !== authorization) await refused(at.send('POST', '/', { ...rest, authorization: text }, BODY), wrong);
  }
  const reordered = authorization.replace('content-type;host', 'host;content-type');
  await refused(at.send('POST', '/', { ...rest, authorization: reordered }, BODY), 'IncompleteSignatureException');
});

test('a signature is for one service and, at a name of AWS, for its region', async () => {
  const told = await refused(at.send('POST', '/', good({ service: 'kms' }), BODY), 'InvalidSignatureException');
  assert.equal(told, "Credential should be scoped to correct service: 'secretsmanager'. ");
  const cloud = { host: 'secretsmanager.us-east-1.amazonaws.com' };
  assert.equal((await at.send('POST', '/', good({ ...cloud, region: 'us-east-1' }), BODY)).status, 200);
  await refused(at.send('POST', '/', good({ ...cloud, region: 'us-west-2' }), BODY), 'InvalidSignatureException');
});

test('a request holds for five minutes, before and after', async () => {
  const { clock } = at.world;
  const headers = good();
  clock.advance(5 * 60_000);
  assert.equal((await at.send('POST', '/', headers, BODY)).status, 200);
  clock.advance(1000);
  const told = await refused(at.send('POST', '/', headers, BODY), 'InvalidSignatureException');
  assert.match(told, /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/);
  const early = good({ time: clock.now() + 5 * 60_000 + 1000 });
  assert.match(
    await refused(at.send('POST', '/', early, BODY), 'InvalidSignatureException'),
    /^Signature not yet current: \S+ is still later than \S+ \(\S+ \+ 5 min\.\)$/,
  );
});

test('a key that is not there, was disabled or deleted signs nothing; its signature is judged all the same', async () => {
  const unknown = { id: 'AKIAIOSFODNN7EXAMPLE', secret: at.key.secret };
  const code = 'UnrecognizedClientException';
  const told = await refused(at.call('GetSecretValue', { SecretId: 'kept' }, unknown), code);
  assert.equal(told, 'The security token included in the request is invalid.');
  const swapped = { ...at.key, secret: 'x'.repeat(40) };
  await refused(at.call('GetSecretValue', { SecretId: 'kept' }, swapped), 'InvalidSignatureException');
  const key = await at.keyOf(accountOf(PROJECT));
  const path = `/v1/projects/-/serviceAccounts/${accountOf(PROJECT)}/keys/${key.id}`;
  assert.equal((await at.ok('GetSecretValue', { SecretId: 'kept' }, key)).SecretString, VALUE);
  await at.must('POST', `${path}:disable`, {});
  await refused(at.call('GetSecretValue', { SecretId: 'kept' }, key), code);
  await at.must('POST', `${path}:enable`, {});
  assert.equal((await at.ok('GetSecretValue', { SecretId: 'kept' }, key)).SecretString, VALUE);
  await at.must('DELETE', path);
  await refused(at.call('GetSecretValue', { SecretId: 'kept' }, key), code);
  // The same id again, with another secret: what was derived from the first one is not used.
  const again = { ...key, secret: 'another secret'.replaceAll(' ', '-') };
  const pair = { accessKeyId: again.id, secretAccessKey: again.secret, serviceAccount: accountOf(PROJECT) };
  await at.must('POST', '/coffer/v1/accountKeys:importAws', pair);
  assert.equal((await at.ok('GetSecretValue', { SecretId: 'kept' }, again)).SecretString, VALUE);
  await refused(at.call('GetSecretValue', { SecretId: 'kept' }, key), 'InvalidSignatureException');
});

test("a key of Google's or a client secret is no access key", async () => {
  const made = await at.must('POST', '/coffer/v1/accountKeys:createSecret', { serviceAccount: accountOf(PROJECT) });
  const key = { id: made.key, secret: made.clientSecret };
  await refused(at.call('GetSecretValue', { SecretId: 'kept' }, key), 'UnrecognizedClientException');
});

test('an access key is only of its own account, and its secret is not shown again', async () => {
  const other = await at.keyOf(accountOf(OTHER_PROJECT));
  const { status, json } = await at.call('GetSecretValue', { SecretId: 'kept' }, other);
  assert.deepEqual([status, json.__type], [400, 'ResourceNotFoundException']);
  const mine = await at.ok('GetSecretValue', { SecretId: 'kept' });
  const foreign = await at.call('GetSecretValue', { SecretId: mine.ARN }, other);
  assert.equal(foreign.json.__type, 'AccessDeniedException');
  const name = `/v1/projects/-/serviceAccounts/${accountOf(PROJECT)}/keys/${at.key.id}`;
  const shown = JSON.stringify(await at.must('GET', `${name}?publicKeyType=TYPE_RAW_PUBLIC_KEY`));
  assert.ok(!shown.includes(at.key.secret) && !shown.includes('publicKeyData'), shown);
});

test('what is not signed, or signed twice, is refused', async () => {
  const { authorization = '', ...unsigned } = good();
  const told = await refused(at.send('POST', '/', unsigned, BODY), 'MissingAuthenticationTokenException');
  assert.equal(told, 'Missing Authentication Token');
  const owner = { ...unsigned, authorization: `Bearer ${at.world.ownerCredential}` };
  await refused(at.send('POST', '/', owner, BODY), 'IncompleteSignatureException');
  const lines = Object.entries(unsigned).map(([name, value]) => `${name}: ${value}`);
  const both = [authorization, authorization].map((text) => `authorization: ${text}`);
  const raw = await sendRaw(
    at.server.port,
    [`POST / HTTP/1.1`, ...lines, ...both, `content-length: ${BODY.length}`, 'connection: close', '', BODY].join(
      '\r\n',
    ),
  );
  assert.match(raw.text, /^HTTP\/1\.1 400 [\s\S]*"IncompleteSignatureException"/);
  const large = { ...unsigned, authorization: `${authorization}${' '.repeat(17_000)}` };
  assert.equal((await at.send('POST', '/', large, BODY).catch(() => ({ status: 431 }))).status, 431);
});

test('only one form of a call is taken, and only of an operation that there is', async () => {
  const { host, targeted } = at;
  const time = at.world.clock.now();
  const unknown = [
    'secretsmanager.Constructor',
    'secretsmanager.constructor',
    'secretsmanager.',
    'nothing.GetSecretValue',
    'GetSecretValue',
    '__proto__.x',
    'secretsmanager.GetSecretValue.x',
  ];
  for (const target of unknown) {
    const headers = signed(at.key, { host, headers: { ...targeted('x'), 'x-amz-target': target }, body: BODY, time });
    await refused(at.send('POST', '/', headers, BODY), 'UnknownOperationException', 'failed');
  }
  const form = { ...targeted('GetSecretValue'), 'content-type': 'application/x-www-form-urlencoded' };
  for (const body of [BODY, 'Action=GetSecretValue&SecretId=kept']) {
    const headers = signed(at.key, { host, headers: form, body, time });
    await refused(at.send('POST', '/', headers, body), 'UnknownOperationException', 'failed');
  }
  const path = '/v1/projects/first-account/secrets/kept';
  const elsewhere = signed(at.key, { host, headers: targeted('GetSecretValue'), body: BODY, time, path });
  await refused(at.send('POST', path, elsewhere, BODY), 'UnknownOperationException', 'failed');
  const get = signed(at.key, { host, headers: targeted('GetSecretValue'), time, method: 'GET' });
  await refused(at.send('GET', '/', get), 'UnknownOperationException', 'failed');
});

test('a body is one JSON object whose members are named once', async () => {
  const bodies = [
    '{"SecretId":"kept","SecretId":"other"}',
    '{"SecretId":"kept","Secret\\u0049d":"other"}',
    '{"SecretId":"kept","x":{"a":1,"a":2}}',
    '["SecretId"]',
    'null',
    '{"SecretId":"kept"',
    '{"SecretId":7}',
    `{"SecretId":"kept","x":${'['.repeat(20)}${']'.repeat(20)}}`,
    '\xff',
  ];
  for (const body of bodies) await refused(at.call('GetSecretValue', body), 'SerializationException', 'failed');
  const fine = await at.call('GetSecretValue', '{"SecretId":"kept","x":[{"a":"}{,:\\""},{"a":1}],"y":null}');
  assert.equal(fine.json.SecretString, VALUE);
});

test('who may not read is told as AWS tells it, whether the secret is there or not', async () => {
  await at.must('POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'nobody' });
  const key = await at.keyOf(`nobody@${PROJECT}.iam.gserviceaccount.com`);
  for (const name of ['kept', 'absent']) {
    const told = await refused(at.call('GetSecretValue', { SecretId: name }, key), 'AccessDeniedException');
    assert.equal(
      told,
      'User: arn:aws:iam::123456789012:user/nobody is not authorized to perform: secretsmanager:GetSecretValue on ' +
        `resource: ${name} because no identity-based policy allows the secretsmanager:GetSecretValue action`,
    );
  }
});
