// Whether a read costs the same among few secrets and among many, each with five versions: `make bench-scale`.
// Measured are CPU time and latency of reads of a hundred secrets ("cached"), of any version of any secret ("random"),
// and of any while somebody else commits without a pause, so that no row may be answered from memory ("unsettled");
// then the time to the first answer and the resident memory.
//
//   node bench/scale.ts [--few=1000] [--many=1000000] [--seconds=N] [--workers=N]

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type RunningServer, startServer } from '../test/support/start.ts';
import { closedLoop, type Figures } from './closed-loop.ts';
import { Http1Connection, http1Request } from './http1-load.ts';
import { residentMegabytes } from './process-stat.ts';
import { report } from './report.ts';
import { nameOf, payloadOf, VERSIONS } from './scale-fill.ts';
import { bundle } from './subject.ts';

const { values } = parseArgs({
  options: {
    few: { type: 'string', default: '1000' },
    many: { type: 'string', default: '1000000' },
    seconds: { type: 'string', default: '5' },
    workers: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const args = values.workers === undefined ? [] : [`--workers=${values.workers}`];

const FILLER = join(import.meta.dirname, 'scale-fill-child.ts');
const CONNECTIONS = 16;
const WARM_SECONDS = 3;
const CACHED_SECRETS = 100;
const SAMPLE_EVERY = 16;
/** How much more a read may cost where there are a thousand times as many secrets. */
const GROWTH_MAX = 1.25;
const START_MS = 1500;
const RESIDENT_MEGABYTES = 500;

interface Measured {
  readonly reads: Readonly<Record<'cached' | 'random' | 'unsettled', Figures>>;
  /** Milliseconds of a ListSecrets of a hundred, the best of several. */
  readonly listMs: number;
  readonly startMs: number;
  readonly startMegabytes: number;
  readonly loadMegabytes: number;
}

async function measure(secrets: number): Promise<Measured> {
  const empty = await startServer({ entry: bundle, args });
  await empty.stop();
  const begunMs = performance.now();
  execFileSync(process.execPath, [FILLER, empty.data, String(secrets)], { stdio: 'inherit' });
  const megabytes = statSync(join(empty.data, 'coffer.db')).size / 1e6;
  const fillSeconds = (performance.now() - begunMs) / 1000;
  process.stderr.write(`${secrets} secrets, ${megabytes.toFixed(0)} MB, filled in ${fillSeconds.toFixed(0)} s\n`);
  const startedMs = performance.now();
  const server = await startServer({ entry: bundle, root: empty.root, args });
  const authorization = `Bearer ${readFileSync(join(server.data, 'owner.token'), 'utf8').trim()}`;
  try {
    await ask(server, authorization, `secrets/${nameOf(secrets - 1)}/versions/latest:access`);
    const startMs = performance.now() - startedMs;
    const startMegabytes = residentMegabytes(server.process.pid as number);
    const load = (count: number, forSeconds: number) => drive(server, authorization, count, forSeconds);
    await load(secrets, WARM_SECONDS);
    const cached = await load(Math.min(secrets, CACHED_SECRETS), seconds);
    const random = await load(secrets, seconds);
    const unsettled = await whileWriting(server, authorization, () => load(secrets, seconds));
    const loadMegabytes = residentMegabytes(server.process.pid as number);
    const listMs = await bestOf(10, () => ask(server, authorization, 'secrets?pageSize=100'));
    return { reads: { cached, random, unsettled }, listMs, startMs, startMegabytes, loadMegabytes };
  } finally {
    await server.stop();
    rmSync(empty.root, { recursive: true });
  }
}

async function ask(server: RunningServer, authorization: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`${server.address}/v1/projects/default/${path}`, {
    headers: { authorization, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
}

async function bestOf(times: number, work: () => Promise<void>): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let time = 0; time < times; time++) {
    const begunMs = performance.now();
    await work();
    best = Math.min(best, performance.now() - begunMs);
  }
  return best;
}

/** Reads any version of the first `count` secrets. */
function drive(server: RunningServer, authorization: string, count: number, forSeconds: number): Promise<Figures> {
  const connections = Array.from({ length: CONNECTIONS }, () => {
    const pathOf = (index: number, version: number) =>
      `/v1/projects/default/secrets/${nameOf(index)}/versions/${version}:access`;
    const request = http1Request('GET', pathOf(0, 1), { authorization });
    const path = Buffer.from(pathOf(0, 1));
    const pathAt = request.indexOf(path);
    let index = 0;
    let version = 1;
    return new Http1Connection({
      address: server.address,
      request: () => {
        index = Math.floor(Math.random() * count);
        version = 1 + Math.floor(Math.random() * VERSIONS);
        // Every path is equally long.
        request.write(pathOf(index, version), pathAt, 'latin1');
        return request;
      },
      isRight: (body) => body.includes(payloadOf(index, version).toString('base64')),
      sampleEvery: SAMPLE_EVERY,
    });
  });
  return closedLoop(connections, { pid: server.process.pid as number, seconds: forSeconds });
}

/** One writer that adds a version as soon as the last one is there. */
async function whileWriting<T>(server: RunningServer, authorization: string, work: () => Promise<T>): Promise<T> {
  const data = Buffer.from('a value').toString('base64');
  await ask(server, authorization, 'secrets?secretId=written', { replication: { automatic: {} } });
  let over = false;
  const write = async () => {
    while (!over) await ask(server, authorization, 'secrets/written:addVersion', { payload: { data } });
  };
  const writing = write();
  try {
    return await work();
  } finally {
    over = true;
    await writing;
  }
}

const few = await measure(Number(values.few));
const many = await measure(Number(values.many));
for (const kind of ['cached', 'random', 'unsettled'] as const) {
  const [before, after] = [few.reads[kind], many.reads[kind]];
  // What is held in memory among few and read among many may cost what a read costs; the other two must stay flat.
  const target = kind === 'random' ? {} : { target: { most: GROWTH_MAX } };
  report({
    bench: `scale.${kind}.cpu`,
    value: after.serverMicroseconds,
    unit: 'µs/request',
    reference: before.serverMicroseconds,
    ...target,
  });
  report({ bench: `scale.${kind}.p50`, value: after.p50Ms, unit: 'ms', reference: before.p50Ms });
  report({ bench: `scale.${kind}.p99`, value: after.p99Ms, unit: 'ms', reference: before.p99Ms });
}
const most = { target: { most: 1 } };
report({ bench: 'scale.list', value: many.listMs, unit: 'ms', reference: few.listMs });
report({ bench: 'scale.start', value: many.startMs, unit: 'ms', reference: START_MS, ...most });
report({ bench: 'scale.memory.start', value: many.startMegabytes, unit: 'MB', reference: RESIDENT_MEGABYTES, ...most });
report({ bench: 'scale.memory.load', value: many.loadMegabytes, unit: 'MB', reference: RESIDENT_MEGABYTES, ...most });
