// The census over a real server and its wires: what a header can and cannot make of a reader, how the guard looks to
// a client of the cloud, what survives the server, and what a run is called.

import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { type Api, apiOf, must, ownerToken } from '../support/api.ts';
import { coffer } from '../support/coffer.ts';
import { type RunningServer, startServer } from '../support/start.ts';

const PROJECT = 'census-project';
const READER = `reader@${PROJECT}.iam.gserviceaccount.com`;
const SECRETS = `/v1/projects/${PROJECT}/secrets`;

let server: RunningServer;
let owner: Api;
let reader: string;

before(async () => {
  server = await startServer({ args: ['--workers=2'] });
  owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v3/projects', { projectId: PROJECT });
  await must(owner, 'POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'reader' });
  const { json } = await must(owner, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: READER });
  reader = json.accessToken;
});
after(() => server.stop());

async function keep(id: string): Promise<string> {
  const secret = `${SECRETS}/${id}`;
  const members = [`serviceAccount:${READER}`];
  const policy = { bindings: [{ role: 'roles/secretmanager.secretAccessor', members }] };
  await must(owner, 'POST', `${SECRETS}?secretId=${id}`, { replication: { automatic: {} } });
  await must(owner, 'POST', `${secret}:addVersion`, { payload: { data: 'dmFsdWU=' } });
  await must(owner, 'POST', `${secret}:setIamPolicy`, { policy });
  return secret;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of an answer, asserted on by the test
async function consumersOf(id: string): Promise<any[]> {
  const query = new URLSearchParams({ project: PROJECT, secret: id });
  return (await must(owner, 'GET', `/coffer/v1/secrets:consumers?${query}`)).json.consumers;
}

/** A read with these bytes as its user agent, as no client would send them; the status of the answer. */
async function readAs(secret: string, userAgent: Buffer): Promise<number> {
  const { hostname, port } = new URL(server.address);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.write(`GET ${secret}/versions/1:access HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n`);
  socket.write(`authorization: Bearer ${reader}\r\nuser-agent: `);
  socket.write(userAgent);
  socket.write('\r\n\r\n');
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]);
}

test('no user agent makes more of a reader than a plain name', async () => {
  const secret = await keep('agents');
  const agents: [Buffer, string][] = [
    [Buffer.from('python-requests/2.31'), 'python-requests'],
    [Buffer.from('\u001b[31mred/1'), ''],
    [Buffer.from('a\u001b]0;title\u0007'), 'a'],
    [Buffer.from(`${'x'.repeat(3000)}/1`), 'x'.repeat(64)],
    [Buffer.from('a, serviceAccount:other@x.iam.gserviceaccount.com'), 'a'],
    [Buffer.from([0x62, 0xff, 0xfe, 0x2f]), 'b'],
    [Buffer.from('name\r\nx-coffer-workload: other'), 'name'],
  ];
  const expected = new Set<string>();
  for (const [agent, workload] of agents) {
    const status = await readAs(secret, agent);
    assert.ok(status === 200 || status === 400, `${status} for ${JSON.stringify(agent.toString('latin1'))}`);
    if (status === 200) expected.add(workload);
  }
  assert.ok(expected.has('python-requests') && expected.has('name'));
  const found = await consumersOf('agents');
  assert.deepEqual(found.map(({ workload }) => workload).sort(), [...expected].sort());
  assert.deepEqual([...new Set(found.map(({ principal }) => principal))], [`serviceAccount:${READER}`]);
});

test("a client of the cloud is refused in the cloud's own form, where the project says so", async () => {
  const secret = await keep('wire');
  await must(apiOf(server, reader), 'GET', `${secret}/versions/1:access`);
  const guard = (value: string) =>
    must(owner, 'POST', '/coffer/v1/projects:setReaderGuard', { project: PROJECT, guard: value });
  await guard('refuse');
  const { status, json } = await owner('POST', `${secret}/versions/1:destroy`, {});
  assert.equal(status, 400);
  assert.equal(json.error.status, 'FAILED_PRECONDITION');
  assert.match(
    json.error.message,
    /^Secret Version \[projects\/\d+\/secrets\/wire\/versions\/1\] is still in use: it was last read by serviceAccount:reader@census-project\.iam\.gserviceaccount\.com \(\S+\) by gcp at \d{4}-\S+Z\. Move its readers/,
  );
  assert.equal((await owner('DELETE', secret)).json.error.status, 'FAILED_PRECONDITION');
  const own = await owner('POST', '/coffer/v1/versions:disable', { project: PROJECT, secret: 'wire', version: 1 });
  assert.deepEqual([own.status, own.json.error.status], [412, 'VERSION_IN_USE']);
  const forced = { project: PROJECT, secret: 'wire', version: 1, force: true };
  assert.equal((await must(owner, 'POST', '/coffer/v1/versions:disable', forced)).json.state, 'DISABLED');
  await guard('off');
  await must(owner, 'POST', `${secret}/versions/1:destroy`, {});
});

test('whichever thread answered a read, the decision that follows knows of it', async () => {
  for (let round = 0; round < 20; round++) {
    const secret = await keep(`thread-${round}`);
    // Each on a connection of its own, so that the kernel deals them out to the threads.
    assert.equal(await readAs(secret, Buffer.from('web')), 200);
    const disable = { project: PROJECT, secret: `thread-${round}`, version: 1 };
    const { status, json } = await owner('POST', '/coffer/v1/versions:disable', disable);
    assert.deepEqual([status, json.error?.status], [412, 'VERSION_IN_USE'], `round ${round}`);
  }
});

test('a run is known by its name, or by that of its command', async () => {
  await keep('run');
  const run = (...args: string[]) =>
    coffer(['run', '--project', PROJECT, '--service-account', READER, '--set-secrets=V=run:latest', ...args], {
      env: server.env,
    });
  const named = await run('--workload=nightly', '--', process.execPath, '-e', '');
  assert.equal(named.code, 0, named.stderr);
  assert.equal((await run('--', process.execPath, '-e', '')).code, 0);
  assert.deepEqual((await consumersOf('run')).map(({ workload }) => workload).sort(), ['nightly', 'node']);
  const refused = await run('--workload=two words', '--', 'true');
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /^ERROR: .*--workload: expected 1 to 64 letters/);
});

/** What a service account signed with this key, good for a minute, for `audience`. */
function signed({ private_key_id: kid, private_key: key }: Record<string, string>, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const body = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part({ iss: READER, sub: READER, iat: now, exp: now + 60, ...claims })}`;
  return `${body}.${sign('sha256', Buffer.from(body), key as string).toString('base64url')}`;
}

test('what holds a key is known by the name that was given to the key, also with tokens that it got for it', async () => {
  const secret = await keep('key');
  const account = `/v1/projects/${PROJECT}/serviceAccounts/${READER}`;
  const made = (await must(owner, 'POST', `${account}/keys`, {})).json;
  const file = JSON.parse(Buffer.from(made.privateKeyData, 'base64').toString());
  const key = file.private_key_id;
  const name = { serviceAccount: READER, key, workload: 'cron' };
  assert.equal((await apiOf(server, reader)('POST', '/coffer/v1/accountKeys:setWorkload', name)).status, 403);
  const bad = await owner('POST', '/coffer/v1/accountKeys:setWorkload', { ...name, workload: 'a\nb' });
  assert.deepEqual([bad.status, bad.json.error.status], [400, 'INVALID_FIELD']);
  const none = await owner('POST', '/coffer/v1/accountKeys:setWorkload', { ...name, key: '0'.repeat(40) });
  assert.equal(none.json.error.status, 'ACCOUNT_KEY_NOT_FOUND');
  await must(owner, 'POST', '/coffer/v1/accountKeys:setWorkload', name);
  const bearer = signed(file, { aud: 'https://secretmanager.googleapis.com/' });
  await must(apiOf(server, bearer), 'GET', `${secret}/versions/1:access`);
  const scope = 'https://www.googleapis.com/auth/cloud-platform';
  const body = new URLSearchParams({
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: signed(file, { aud: 'https://oauth2.googleapis.com/token', scope }),
  });
  const response = await fetch(`${server.address}/token`, { method: 'POST', body });
  const { access_token: token } = (await response.json()) as { access_token: string };
  await must(apiOf(server, token), 'GET', `${secret}/versions/1:access`);
  assert.deepEqual(
    (await consumersOf('key')).map(({ workload, reads }) => [workload, reads]),
    [['cron', 2]],
  );
});

test('coffer env names what runs in its environment', async () => {
  const secret = await keep('env');
  const env = (...args: string[]) =>
    coffer(['env', '--project', PROJECT, '--service-account', READER, '--format=json', ...args], { env: server.env });
  const { stdout, stderr, code } = await env('--workload=shell');
  assert.equal(code, 0, stderr);
  const file = JSON.parse(readFileSync(JSON.parse(stdout).GOOGLE_APPLICATION_CREDENTIALS, 'utf8'));
  const bearer = signed(file, { aud: 'https://secretmanager.googleapis.com/' });
  await must(apiOf(server, bearer), 'GET', `${secret}/versions/1:access`);
  assert.deepEqual(
    (await consumersOf('env')).map(({ workload }) => workload),
    ['shell'],
  );
  assert.match((await env('--workload=-')).stderr, /--workload: expected 1 to 64 letters/);
});

test('what was seen is there after the server was stopped', async () => {
  const secret = await keep('kept');
  await must(apiOf(server, reader), 'GET', `${secret}/versions/1:access`);
  server = await server.restart();
  owner = apiOf(server, ownerToken(server));
  const [first] = await consumersOf('kept');
  assert.deepEqual([first?.version, first?.reads], [1, 1]);
});
