// Adding versions of 64 bytes by REST on 64 connections, each to a secret of its own, beside what one durable row costs
// on the same disk: what group commit gains is the ratio.

import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { closedLoop, type Figures } from './closed-loop.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { median, report } from './report.ts';
import { startSubject } from './subject.ts';

const CONNECTIONS = 64;
const PAYLOAD_BYTES = 64;
const ROUNDS = 5;
const WARM_SECONDS = 2;
/** Writes that the project aims at on a machine whose disk lets it. */
const WRITES_PER_SECOND = 8000;
/** Or so many times what single rows reach. */
const TIMES_SINGLE_ROWS = 10;

export async function addVersions(bench: string, seconds: number, args: readonly string[]): Promise<void> {
  const subject = await startSubject(args);
  try {
    const names = Array.from({ length: CONNECTIONS }, (_, index) => `written-${index}`);
    for (const name of names) {
      await subject.post(`/v1/projects/default/secrets?secretId=${name}`, { replication: { automatic: {} } });
    }
    const writes: Figures[] = [];
    const rows: number[] = [];
    const load = (forSeconds: number) => {
      const connections = names.map((name) => writer(subject.server.address, subject.owner, name));
      return closedLoop(connections, { pid: subject.pid, seconds: forSeconds });
    };
    await load(WARM_SECONDS);
    for (let round = 0; round < ROUNDS; round++) {
      writes.push(await load(seconds));
      rows.push(singleRows(subject.server.root, seconds));
    }
    const of = (figure: keyof Figures) => median(writes.map((figures) => figures[figure]));
    const single = median(rows);
    const value = of('requestsPerSecond');
    const unit = 'writes/s';
    const least = Math.min(TIMES_SINGLE_ROWS, WRITES_PER_SECOND / single);
    report({ bench: `${bench}.requests`, value, unit, reference: single, target: { least } });
    const [p50, p99] = [of('p50Ms'), of('p99Ms')];
    report({ bench: `${bench}.p50`, value: p50, unit: 'ms', reference: 1000 / single });
    report({ bench: `${bench}.p99`, value: p99, unit: 'ms', reference: 1000 / single });
    const cpu = of('serverMicroseconds');
    report({ bench: `${bench}.cpu`, value: cpu, unit: 'µs/request', reference: 1e6 / single });
  } finally {
    await subject.server.stop();
  }
}

function writer(address: string, authorization: string, secret: string): Http1Connection {
  const data = Buffer.alloc(PAYLOAD_BYTES, 'x').toString('base64');
  const body = Buffer.from(JSON.stringify({ payload: { data } }));
  const headers = { authorization, 'content-type': 'application/json' };
  const path = `/v1/projects/default/secrets/${secret}:addVersion`;
  return new Http1Connection({
    address,
    request: http1Request('POST', path, headers, body),
    isRight: (answer) => answer.includes(`/secrets/${secret}/versions/`) && answer.includes('"ENABLED"'),
    sampleEvery: 1,
  });
}

/** Rows a second where each is a transaction of its own that is on the disk before the next begins. */
function singleRows(beside: string, seconds: number): number {
  const directory = mkdtempSync(join(beside, 'rows-'));
  const database = new DatabaseSync(join(directory, 'rows.db'));
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
    database.exec('CREATE TABLE version (id INTEGER PRIMARY KEY, sealed BLOB) STRICT');
    const insert = database.prepare('INSERT INTO version (sealed) VALUES (?)');
    const sealed = Buffer.alloc(PAYLOAD_BYTES);
    const begunMs = performance.now();
    const untilMs = begunMs + seconds * 1000;
    let count = 0;
    for (; performance.now() < untilMs; count++) insert.run(sealed);
    return (count * 1000) / (performance.now() - begunMs);
  } finally {
    database.close();
    rmSync(directory, { recursive: true });
  }
}
