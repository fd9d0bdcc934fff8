// kill -9 in a loop under load: after each, every acknowledged version is there with its value, and every answered
// read has its audit record, and the chain of records holds. Rounds: COFFER_CRASH_ROUNDS, 15 unless set.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Api, apiOf, auditRecords, must, ownerToken } from '../support/api.ts';
import { startServer } from '../support/start.ts';

const ROUNDS = Number(process.env['COFFER_CRASH_ROUNDS'] ?? 15);
const WRITERS = 4;
const READERS = 4;
const SECRETS = '/v1/projects/default/secrets';

interface Ledger {
  /** Version name → value, as acknowledged. */
  readonly written: Map<string, string>;
  /** Request ids of reads that were answered with a value. */
  readonly read: Set<string>;
}

async function load(api: Api, ledger: Ledger, until: () => boolean): Promise<void> {
  const forever = async (work: () => Promise<void>) => {
    while (!until()) {
      try {
        await work();
      } catch {
        return; // The server was killed.
      }
    }
  };
  const write = async (writer: number) => {
    const value = randomBytes(24).toString('hex');
    const data = Buffer.from(value).toString('base64');
    const added = await must(api, 'POST', `${SECRETS}/s${writer}:addVersion`, { payload: { data } });
    ledger.written.set(added.json.name, value);
  };
  const read = async (reader: number) => {
    const answer = await api('GET', `${SECRETS}/s${reader % WRITERS}/versions/1:access`);
    if (answer.status === 200) ledger.read.add(answer.requestId);
  };
  await Promise.all([
    ...Array.from({ length: WRITERS }, (_, writer) => forever(() => write(writer))),
    ...Array.from({ length: READERS }, (_, reader) => forever(() => read(reader))),
  ]);
}

test(`${ROUNDS} times kill -9 under load loses nothing that was acknowledged`, async () => {
  let server = await startServer();
  const ledger: Ledger = { written: new Map(), read: new Set() };
  try {
    let api = apiOf(server, ownerToken(server));
    for (let writer = 0; writer < WRITERS; writer++) {
      await must(api, 'POST', `${SECRETS}?secretId=s${writer}`, { replication: { automatic: {} } });
      await must(api, 'POST', `${SECRETS}/s${writer}:addVersion`, { payload: { data: 'Zmlyc3Q=' } });
    }
    for (let round = 0; round < ROUNDS; round++) {
      let killed = false;
      const loading = load(api, ledger, () => killed);
      await sleep(50 + ((round * 37) % 250));
      await server.kill();
      killed = true;
      await loading;
      server = await server.restart();
      api = apiOf(server, ownerToken(server));
      await checkVersions(api, ledger);
    }
    assert.ok(ledger.written.size > 0 && ledger.read.size > 0, 'there was load');
    const verdict = await must(api, 'GET', '/coffer/v1/audit:verify');
    assert.equal(verdict.json.ok, true, verdict.text);
    const records = await auditRecords(api);
    const audited = new Set(records.map((record) => record.requestId));
    const missing = [...ledger.read].filter((id) => !audited.has(id));
    assert.deepEqual(missing, [], 'every answered read has its record');
    const added = new Set(
      records.filter((r) => r.operation === 'versions.add').map((r) => `${r.resource.split('/').at(-1)}/${r.version}`),
    );
    for (const name of ledger.written.keys()) {
      const [, secret, version] = /secrets\/([^/]+)\/versions\/(\d+)$/.exec(name) ?? [];
      assert.ok(added.has(`${secret}/${version}`), `${name} has its record`);
    }
  } finally {
    await server.stop();
  }
});

/** Checks what this round wrote, and forgets it, so that rounds stay as short as they begin. */
async function checkVersions(api: Api, ledger: Ledger): Promise<void> {
  for (const [name, value] of ledger.written) {
    if (checked.has(name)) continue;
    const answer = await must(api, 'GET', `/v1/${name}:access`);
    assert.equal(Buffer.from(answer.json.payload.data, 'base64').toString(), value, name);
    checked.add(name);
  }
}

const checked = new Set<string>();
