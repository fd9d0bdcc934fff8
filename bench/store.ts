// What the store costs: microseconds of CPU for the reads of one access, for lists, and for the durable transaction
// that adds a version. Run it with `node bench/store.ts`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseProjectRef, secretKey } from '../src/core/name.ts';
import { openSqlite, type SqliteStore } from '../src/store/sqlite.ts';
import { aProject, aRecord, aSealed, aSecret, aVersion } from '../test/contract/store-rows.ts';

const SECRETS = 10_000;
const VERSIONS = 5_000;
const PAYLOAD_BYTES = 668;

const root = mkdtempSync(join(tmpdir(), 'coffer-bench-'));
const store = openSqlite({ directory: join(root, 'data') });
try {
  run(store);
} finally {
  store.close();
  rmSync(root, { recursive: true });
}

function run(on: SqliteStore): void {
  const project = aProject();
  const secrets = Array.from({ length: SECRETS }, (_, index) =>
    aSecret(project, `secret-${index}`, { lastVersion: 1, currentVersion: 1, labels: { n: String(index % 100) } }),
  );
  let many = aSecret(project, 'many', { lastVersion: VERSIONS, currentVersion: VERSIONS });
  on.transact({}, () => ({
    result: undefined,
    changes: [
      { change: 'project.insert', project },
      ...[...secrets, many].map((secret) => ({ change: 'secret.insert' as const, secret })),
      ...secrets.map((secret) => insertion(secret, 1)),
      ...Array.from({ length: VERSIONS }, (_, index) => insertion(many, index + 1)),
    ],
    record: aRecord(),
  }));

  const ref = parseProjectRef(project.id);
  const keys = secrets.map(({ name }) => secretKey(name));
  const key = secretKey(many.name);
  measure('access: server, project, secret, payload', 50_000, (turn) => {
    const place = { project: ref, key: keys[turn % SECRETS] as (typeof keys)[0] };
    return on.read({
      server: { need: 'server' },
      project: { need: 'project', project: ref },
      secret: { need: 'secret', ...place },
      payload: { need: 'payload', ...place, number: 0 },
    });
  });
  measure('one project', 50_000, () => on.read({ project: { need: 'project', project: ref } }));
  measure(`list 100 of ${SECRETS} secrets, with total`, 300, () =>
    on.read({ list: { need: 'secrets', project: ref, before: 0, limit: 100 } }),
  );
  measure(`list 100 of ${VERSIONS} versions, with total`, 300, () =>
    on.read({ list: { need: 'versions', project: ref, key, before: 0, limit: 100 } }),
  );
  measure('add a version, durable', 500, () => {
    on.transact({ project: { need: 'project', project: ref }, secret: { need: 'secret', project: ref, key } }, () => {
      const number = many.lastVersion + 1;
      many = { ...many, lastVersion: number, currentVersion: number };
      const changes = [{ change: 'secret.update' as const, secret: many }, insertion(many, number)];
      return { result: number, changes, record: aRecord() };
    });
  });
}

function insertion(secret: ReturnType<typeof aSecret>, number: number) {
  return { change: 'version.insert' as const, version: aVersion(secret, number), sealed: aSealed(PAYLOAD_BYTES) };
}

function measure(what: string, turns: number, work: (turn: number) => unknown): void {
  for (let turn = 0; turn < turns / 5; turn++) work(turn);
  const cpu = process.cpuUsage();
  const start = performance.now();
  for (let turn = 0; turn < turns; turn++) work(turn);
  const { user, system } = process.cpuUsage(cpu);
  const cpuMicros = ((user + system) / turns).toFixed(1);
  const wallMicros = (((performance.now() - start) * 1000) / turns).toFixed(1);
  console.log(`${what.padEnd(44)} ${cpuMicros.padStart(8)} µs CPU ${wallMicros.padStart(8)} µs`);
}
