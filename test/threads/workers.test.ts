// A server of several threads in this very process, so that a worker can be ended as a crash would end it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { type RunningServer, startServer } from '../../src/serve.ts';
import { type Api, apiOf, auditRecords, must } from '../support/api.ts';
import { startServer as startProcess } from '../support/start.ts';

const WORKERS = 2;
const CONNECTIONS = 40;
const SECRET = '/v1/projects/default/secrets/threaded';

const root = mkdtempSync(join(tmpdir(), 'coffer-threads-'));
const workers: Worker[] = [];
process.env['XDG_STATE_HOME'] = root;
process.env['COFFER_LOG_LEVEL'] = 'silent';
process.on('worker', (worker) => workers.push(worker));

describe('a server of several threads', () => {
  let server: RunningServer;
  let api: Api;

  before(async () => {
    server = await startServer({ listen: '127.0.0.1:0', data: join(root, 'data'), workers: WORKERS });
    api = apiOf(server, readFileSync(join(root, 'data', 'owner.token'), 'utf8').trim());
    await must(api, 'POST', '/v1/projects/default/secrets?secretId=threaded', { replication: { automatic: {} } });
    await must(api, 'POST', `${SECRET}:addVersion`, { payload: { data: 'dGhyZWFkZWQ=' } });
  });

  after(async () => {
    await server.stop();
    rmSync(root, { recursive: true, force: true });
  });

  /** Reads on many connections until told to stop; answers how each read ended, by status or by error code. */
  async function reading(until: () => boolean): Promise<Map<string, number>> {
    const ends = new Map<string, number>();
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const read = () =>
      new Promise<string>((resolve) => {
        const options = { agent, headers: { authorization: `Bearer ${api.token}` } };
        const sent = request(`${server.address}${SECRET}/versions/latest:access`, options, (response) => {
          response.resume();
          response.once('end', () => resolve(String(response.statusCode)));
          response.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        });
        sent.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
        sent.end();
      });
    const lane = async () => {
      while (!until()) {
        const end = await read();
        ends.set(end, (ends.get(end) ?? 0) + 1);
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, lane));
    agent.destroy();
    return ends;
  }

  async function accesses(): Promise<number> {
    const records = await auditRecords(api);
    return records.filter(({ operation, outcome }) => operation === 'versions.access' && outcome === 'allowed').length;
  }

  async function counted(): Promise<number> {
    const { text } = await must(api, 'GET', '/metrics');
    return Number(
      /coffer_operations_total\{operation="versions.access",outcome="allowed",code=""\} (\d+)/.exec(text)?.[1],
    );
  }

  test('both threads answer, and their counts are one', async () => {
    assert.equal(workers.length, WORKERS);
    const before = Number.isNaN(await counted()) ? 0 : await counted();
    let left = 400;
    const ends = await reading(() => left-- <= 0);
    assert.deepEqual([...ends.keys()], ['200']);
    assert.equal((await counted()) - before, ends.get('200'));
    const streams = new Set((await auditRecords(api)).map(({ stream }) => stream));
    assert.ok(streams.has('w1') && streams.has('w2'), [...streams].join());
  });

  test('a worker that dies takes its connections with it, and is replaced; nothing answered lacks its record', async () => {
    const before = await accesses();
    const countedBefore = await counted();
    let stop = false;
    const ends = reading(() => stop);
    await sleep(300);
    const [victim] = workers;
    await victim?.terminate();
    while (workers.length < WORKERS + 1) await sleep(10);
    await sleep(1500);
    stop = true;
    const ended = await ends;
    const answered = ended.get('200') ?? 0;
    const broken = [...ended].filter(([end]) => end !== '200');
    assert.ok(answered > 100, `${answered} answered`);
    for (const [end] of broken) assert.match(end, /^(ECONNRESET|EPIPE|ECONNREFUSED)$/);
    const lost = broken.reduce((all, [, count]) => all + count, 0);
    const recorded = (await accesses()) - before;
    assert.ok(recorded >= answered && recorded <= answered + lost, `${answered} answered, ${recorded} recorded`);
    assert.equal((await must(api, 'GET', '/coffer/v1/audit:verify')).json.ok, true);
    assert.ok((await counted()) >= countedBefore, 'no counter falls');
    // The one that came in its place answers too.
    let left = 200;
    assert.deepEqual([...(await reading(() => left-- <= 0)).keys()], ['200']);
    const after = workers.at(-1);
    await after?.terminate();
    while (workers.length < WORKERS + 2) await sleep(10);
    assert.equal((await must(api, 'POST', `${SECRET}:addVersion`, { payload: { data: 'dHdv' } })).status, 200);
  });

  test('a quota is one for all threads', async () => {
    await must(api, 'POST', '/coffer/v1/projects:setQuotas', { project: 'default', access: 50 });
    try {
      let left = 300;
      const ends = await reading(() => left-- <= 0);
      // What came back while the test ran is a token or two.
      const answered = ends.get('200') ?? 0;
      assert.ok(answered >= 50 && answered <= 60, `${answered} answered`);
      assert.ok((ends.get('429') ?? 0) >= 200);
    } finally {
      await must(api, 'POST', '/coffer/v1/projects:setQuotas', { project: 'default' });
    }
  });

  test('while the store cannot be written, changes are unavailable and reads go on', async () => {
    const foreign = new DatabaseSync(join(root, 'data', 'coffer.db'));
    foreign.exec('BEGIN IMMEDIATE');
    const adding = Array.from({ length: 3 }, () => api('POST', `${SECRET}:addVersion`, { payload: { data: 'bm8=' } }));
    let done = false;
    const answered = Promise.all(adding).finally(() => {
      done = true;
    });
    const ends = await reading(() => done);
    const answers = await answered;
    assert.deepEqual([...ends.keys()], ['200']);
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([503]));
    assert.equal(answers[0]?.json.error.status, 'UNAVAILABLE');
    foreign.exec('ROLLBACK');
    foreign.close();
    const added = await must(api, 'POST', `${SECRET}:addVersion`, { payload: { data: 'eWVz' } });
    const listed = await must(api, 'GET', `${SECRET}/versions?pageSize=1`);
    assert.equal(listed.json.versions[0].name, added.json.name, 'none of those refused was made');
    assert.equal(String(listed.json.totalSize), added.json.name.split('/').at(-1));
  });

  test('a second server on the same address is refused, however the first one shares it', async () => {
    const listen = server.address.slice('http://'.length);
    await assert.rejects(
      startServer({ listen, data: join(root, 'second'), workers: WORKERS }),
      new RegExp(`address ${listen} is already in use`),
    );
    const one = startProcess({ listen, args: ['--workers=2'] });
    await assert.rejects(one, /is already in use: stop what listens there/);
    assert.equal((await must(api, 'GET', SECRET)).status, 200);
  });

  test('a second server on the same data is refused and told who has it', async () => {
    await assert.rejects(
      startServer({ listen: '127.0.0.1:0', data: join(root, 'data'), workers: 1 }),
      /another coffer server is using .*data \(pid \d+\): stop it, or choose another --data/,
    );
  });
});

test('what is under way when a server stops is answered, by every thread', async () => {
  const own = mkdtempSync(join(tmpdir(), 'coffer-drain-'));
  const server = await startServer({ listen: '127.0.0.1:0', data: join(own, 'data'), workers: WORKERS });
  const { hostname, port } = new URL(server.address);
  const token = readFileSync(join(own, 'data', 'owner.token'), 'utf8').trim();
  const body = JSON.stringify({ replication: { automatic: {} } });
  // Each has sent all but the last byte when the server is told to stop.
  const sockets = Array.from({ length: 12 }, (_, each) => {
    const socket = connect(Number(port), hostname);
    const head = `POST /v1/projects/default/secrets?secretId=s${each} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}authorization: Bearer ${token}\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, -1)}`);
    return socket;
  });
  await sleep(200);
  const stopped = server.stop();
  const answers = sockets.map(async (socket) => {
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    return text.slice(0, 'HTTP/1.1 200'.length);
  });
  await sleep(50);
  for (const socket of sockets) socket.write(body.slice(-1));
  assert.deepEqual(new Set(await Promise.all(answers)), new Set(['HTTP/1.1 200']));
  await stopped;
  rmSync(own, { recursive: true, force: true });
});

test('without workers the main thread answers by itself', async () => {
  const server = await startProcess({ args: ['--workers=0'] });
  const api = apiOf(server, readFileSync(join(server.data, 'owner.token'), 'utf8').trim());
  await must(api, 'POST', '/v1/projects/default/secrets?secretId=alone', { replication: { automatic: {} } });
  await must(api, 'POST', '/v1/projects/default/secrets/alone:addVersion', { payload: { data: 'YQ==' } });
  assert.equal((await must(api, 'GET', '/v1/projects/default/secrets/alone/versions/1:access')).status, 200);
  assert.equal((await must(api, 'GET', '/coffer/v1/audit:verify')).json.ok, true);
  await server.stop();
});
