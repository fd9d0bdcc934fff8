// A whole server that is backed up while it is written to, lost, and restored: everything that was acknowledged before is
// there and the ledger holds. Older copies of its store are refused at the start, restored ones are known.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Answer, apiOf, auditRecords, must, ownerToken } from '../support/api.ts';
import { coffer } from '../support/coffer.ts';
import { type RunningServer, type StartOptions, scratch, startServer } from '../support/start.ts';

const PARENT = '/v1/projects/default/secrets';
const WRITERS = 4;

/** A server that goes with its test, however that ends. */
async function serving(context: TestContext, options?: StartOptions): Promise<RunningServer> {
  const server = await startServer(options);
  context.after(() => server.kill());
  return server;
}

const apiAs = (server: RunningServer) => apiOf(server, ownerToken(server));

/** Adds versions until it is stopped; `acknowledged` holds the values that were answered for. */
async function write(
  server: RunningServer,
  name: string,
  acknowledged: string[],
  stopped: () => boolean,
): Promise<void> {
  const api = apiAs(server);
  await must(api, 'POST', `${PARENT}?secretId=${name}`, { replication: { automatic: {} } });
  for (let number = 1; !stopped(); number += 1) {
    const data = Buffer.from(`${name} ${number} `.padEnd(2000, 'x')).toString('base64');
    await must(api, 'POST', `${PARENT}/${name}:addVersion`, { payload: { data } });
    await must(api, 'GET', `${PARENT}/${name}/versions/${number}:access`);
    acknowledged.push(`${name}/versions/${number}`);
  }
}

async function run(args: readonly string[], server: RunningServer, input?: Uint8Array): Promise<Buffer> {
  const done = await coffer(args, { env: server.env, cwd: server.root, ...(input === undefined ? {} : { input }) });
  assert.equal(done.code, 0, done.stderr);
  return done.bytes;
}

async function refused(args: readonly string[], server: RunningServer, input?: Uint8Array): Promise<string> {
  const done = await coffer(args, { env: server.env, cwd: server.root, ...(input === undefined ? {} : { input }) });
  assert.equal(done.code, 1, done.stdout);
  assert.equal(done.stderr.trim().split('\n').length, 1, done.stderr);
  return done.stderr;
}

async function untilMany(acknowledged: readonly string[], count: number): Promise<void> {
  while (acknowledged.length < count) await new Promise((next) => setTimeout(next, 5));
}

test('a backup under load holds all that was acknowledged before it, and is restored', {
  timeout: 60_000,
}, async (context) => {
  const server = await serving(context, { args: ['--workers=2'] });
  const acknowledged: string[] = [];
  let stopping = false;
  const stopped = () => stopping;
  const writers = Array.from({ length: WRITERS }, (_, at) => write(server, `s${at}`, acknowledged, stopped));
  await untilMany(acknowledged, 40);
  const before = [...acknowledged];
  await run(['backup', 'create', '--out=b'], server);
  const during = acknowledged.length - before.length;
  stopping = true;
  await Promise.all(writers);
  assert.ok(during > 0, 'nothing was written while the backup was made');
  const file = join(server.root, 'b');
  const bytes = readFileSync(file);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.deepEqual(
    readdirSync(server.root).filter((name) => name.endsWith('.part')),
    [],
  );
  assert.ok(!existsSync(join(server.data, 'backup')), 'the server kept the backup');
  // Neither a name nor a key of the store can be read in it.
  assert.ok(!bytes.includes('SQLite format 3') && !bytes.includes('projects/default'));
  assert.ok(!bytes.includes(readFileSync(`${server.data}.key`, 'latin1').split(' ')[2] ?? 'x'));
  assert.match(await refused(['backup', 'create', '--out=b'], server), /cannot write the file .*EEXIST/);
  const stdout = await run(['backup', 'create', '--out=-'], server);
  assert.match(String(await run(['backup', 'verify', '--from=-', '--key-file=data.key'], server, stdout)), /is whole/);
  const records = await auditRecords(apiAs(server));
  assert.equal(records.filter(({ operation }) => operation === 'backup.create').length, 3);
  await server.stop();

  assert.match(await refused(['backup', 'restore', '--from=b', '--data=data'], server), /data is not empty/);
  renameSync(server.data, join(server.root, 'lost'));
  const cut = bytes.subarray(0, -20_000);
  assert.match(await refused(['backup', 'restore', '--from=-', '--data=data'], server, cut), /does not hold/);
  assert.ok(!existsSync(server.data));
  await run(['backup', 'restore', '--from=b', '--data=data'], server);
  const restored = await serving(context, { root: server.root, args: ['--workers=2'] });
  const api = apiAs(restored);
  for (const name of before) {
    const answer: Answer = await must(api, 'GET', `${PARENT}/${name}:access`);
    const value = Buffer.from(answer.json.payload.data, 'base64').toString();
    assert.ok(value.startsWith(name.replace('/versions/', ' ')), name);
  }
  const verdict = (await must(api, 'GET', '/coffer/v1/audit:verify')).json;
  assert.equal(verdict.ok, true, JSON.stringify(verdict));
  const kept = await auditRecords(api);
  // Each change that the store holds is in its ledger, and how it came here too.
  const adds = kept.filter(({ operation }) => operation === 'versions.add').length;
  assert.ok(adds >= before.length, `${adds} of ${before.length}`);
  assert.equal(kept.filter(({ operation }) => operation === 'server.restored').length, 1);
  const again = await restored.restart();
  const all = await auditRecords(apiAs(again));
  assert.equal(all.filter(({ operation }) => operation === 'server.restored').length, 1);
  await again.stop();
});

test('an older copy of the data is refused at the start, and taken only where that is asked for', async (context) => {
  const server = await serving(context);
  await server.stop();
  const old = join(server.root, 'old');
  cpSync(server.data, old, { recursive: true });
  const second = await server.restart();
  await must(apiAs(second), 'POST', `${PARENT}?secretId=newer`, { replication: { automatic: {} } });
  // Not even a server that was killed forgets what it has seen.
  await second.kill();
  rmSync(server.data, { recursive: true });
  cpSync(old, server.data, { recursive: true });
  const line =
    /this is an older copy of the store: .*data stands at \d+, and .*data\.key\.seen-[0-9a-f]{16} has seen \d+/;
  await assert.rejects(startServer({ root: server.root }), line);
  await assert.rejects(startServer({ root: server.root }), line);
  const taken = await serving(context, { root: server.root, args: ['--accept-rollback'] });
  const records = await auditRecords(apiAs(taken));
  assert.equal(records.filter(({ operation }) => operation === 'server.acceptRollback').length, 1);
  const last = await taken.restart({ args: [] });
  assert.equal(await last.stop(), 0);
});

test('a killed server is no older copy, and a key that came back from paper is taken with a warning', async (context) => {
  const server = await serving(context);
  await server.kill();
  const again = await serving(context, { root: server.root });
  assert.doesNotMatch(again.logs(), /copy of the store/);
  await again.stop();
  for (const name of readdirSync(server.root)) if (name.includes('.seen-')) rmSync(join(server.root, name));
  const third = await serving(context, { root: server.root });
  assert.match(third.logs(), /is missing and is made anew/);
  assert.equal(await third.stop(), 0);
});

test('a backup is restored elsewhere with the key file alone, and refused with another', async (context) => {
  const server = await serving(context, { args: ['--workers=0'] });
  await must(apiAs(server), 'POST', `${PARENT}?secretId=kept`, { replication: { automatic: {} } });
  await run(['backup', 'create', '--out=b'], server);
  const elsewhere = mkdtempSync(join(scratch(), 'elsewhere-'));
  const data = join(elsewhere, 'data');
  cpSync(`${server.data}.key`, `${data}.key`);
  const stranger = await serving(context);
  await stranger.stop();
  const ids = [server, stranger].map((each) => readFileSync(`${each.data}.key`, 'latin1').split(' ')[1]);
  const wrong = ['backup', 'restore', '--from=b', `--data=${data}`, `--key-file=${stranger.data}.key`];
  const said = await refused(wrong, server);
  assert.match(said, new RegExp(`holds key ${ids[1]}, but the backup b opens with key ${ids[0]} only`));
  assert.deepEqual(readdirSync(elsewhere), ['data.key']);
  await run(['backup', 'restore', '--from=b', `--data=${data}`], server);
  const there = await serving(context, { root: elsewhere });
  const api = apiAs(there);
  await must(api, 'GET', `${PARENT}/kept`);
  assert.equal((await must(api, 'GET', '/coffer/v1/audit:verify')).json.ok, true);
  await there.stop();
  await server.stop();
});

test('backups are one at a time, in parts, and for the administrator only', async (context) => {
  const server = await serving(context, { args: ['--workers=2'] });
  const api = apiAs(server);
  const create = () => api('POST', '/coffer/v1/backup:create', {});
  const first = await create();
  assert.equal(first.status, 200);
  const { id } = first.json;
  const second = await create();
  assert.equal(second.status, 412);
  assert.match(second.text, /another backup is being made or fetched/);
  assert.equal((await api('GET', `/coffer/v1/backup:read?id=${'0'.repeat(32)}`)).status, 404);
  while ((await must(api, 'GET', `/coffer/v1/backup:read?id=${id}`)).json.sizeBytes === undefined);
  assert.equal((await api('GET', `/coffer/v1/backup:read?id=${id}&at=999999999`)).status, 400);
  assert.equal((await api('GET', `/coffer/v1/backup:read?id=${id}&at=-1`)).status, 400);
  const nobody = apiOf(server, 'nobody');
  assert.equal((await nobody('GET', `/coffer/v1/backup:read?id=${id}`)).status, 401);
  await must(api, 'POST', '/coffer/v1/backup:end', { id });
  await must(api, 'POST', '/coffer/v1/backup:end', { id });
  assert.equal((await api('GET', `/coffer/v1/backup:read?id=${id}`)).status, 404);
  assert.equal((await create()).status, 200);
  // What is being made at a stop goes too.
  assert.equal(await server.stop(), 0);
  assert.ok(!existsSync(join(server.data, 'backup')));
});
