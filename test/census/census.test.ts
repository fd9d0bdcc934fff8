// The census over a real server and its wires: what a header can and cannot make of a reader, how the guard looks to
// a client of the cloud, what survives the server, and what a run is called.

import assert from 'node:assert/strict';
import { once } from 'node:events';
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
  server = await startServer();
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

test('what was seen is there after the server was stopped', async () => {
  const secret = await keep('kept');
  await must(apiOf(server, reader), 'GET', `${secret}/versions/1:access`);
  server = await server.restart();
  owner = apiOf(server, ownerToken(server));
  const [first] = await consumersOf('kept');
  assert.deepEqual([first?.version, first?.reads], [1, 1]);
});
