// The benchmarks of the hot path, one after another: `make bench`. Each prints JSON lines on stdout, and for people on
// stderr; a bench that fails is told there and makes the exit code 1, the others still run.
//
//   node bench/run.ts [--only=NAME]... [--seconds=N] [--workers=N]

import { parseArgs } from 'node:util';
import { accessByGrpc, accessByRest, wireByGrpc, wireByRest } from './access.ts';
import { accessByAzure } from './access-azure.ts';
import { accessByAws, besideMoto } from './aws-access.ts';
import { firstAnswer, idleMemory } from './idle.ts';
import { onPostgres } from './postgres.ts';
import { vaultBeside } from './vault.ts';
import { addVersions } from './write.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    /** Of one round of one side. */
    seconds: { type: 'string', default: '2' },
    /** Passed on to the server, which chooses by itself without. */
    workers: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const args = values.workers === undefined ? [] : [`--workers=${values.workers}`];
const workers = values.workers === undefined ? undefined : Number(values.workers);
const tail = { p99: { most: 2 } };
const besideBao = (least: number) => ({ requests: { least }, p99: { most: 0.5 } });

const BENCHES: Readonly<Record<string, (bench: string) => Promise<void>>> = {
  'wire.rest': (bench) => wireByRest(bench, { seconds, targets: { cpu: { most: 1.3 } } }),
  'wire.grpc': (bench) => wireByGrpc(bench, { seconds, targets: {} }),
  'access.rest': (bench) => accessByRest(bench, args, { seconds, targets: { requests: { least: 0.6 }, ...tail } }),
  'access.rest.synced': (bench) =>
    accessByRest(bench, [...args, '--audit-sync=always'], { seconds, targets: { requests: { least: 0.2 } } }),
  'access.grpc': (bench) => accessByGrpc(bench, args, { seconds, targets: { requests: { least: 0.6 }, ...tail } }),
  'access.azure': (bench) => accessByAzure(bench, args, { seconds, targets: { cpu: { most: 1.3 } } }),
  'access.aws': (bench) => accessByAws(bench, args, { seconds, targets: { cpu: { most: 1.5 } } }),
  'aws.moto': (bench) => besideMoto(bench, args, { seconds, targets: { requests: { least: 1 } } }),
  'versions.add': (bench) => addVersions(bench, seconds, args),
  'postgres.rest': (bench) =>
    onPostgres(bench, seconds, args, {
      beside: { requests: { least: 0.5 } },
      reads: { requests: { least: 15 } },
      writes: { requests: { least: 5 } },
    }),
  'vault.kv.read': (bench) => vaultBeside('kv-read', bench, args, { seconds, targets: besideBao(8) }),
  'vault.kv.read.synced': (bench) =>
    vaultBeside('kv-read', bench, [...args, '--audit-sync=always'], { seconds, targets: { requests: { least: 3 } } }),
  'vault.kv.write': (bench) => vaultBeside('kv-write', bench, args, { seconds, targets: besideBao(8) }),
  'transit.encrypt': (bench) => vaultBeside('encrypt', bench, args, { seconds, targets: besideBao(7) }),
  'transit.decrypt': (bench) => vaultBeside('decrypt', bench, args, { seconds, targets: besideBao(5) }),
  'vault.token.lookup': (bench) => vaultBeside('lookup', bench, args, { seconds, targets: besideBao(6) }),
  'idle.memory': (bench) => idleMemory(bench, args, workers),
  'start.answer': (bench) => firstAnswer(bench, args),
};

const chosen = values.only ?? Object.keys(BENCHES);
for (const bench of chosen) {
  const run = BENCHES[bench];
  if (run === undefined || !(seconds > 0)) {
    process.stderr.write(`bench: --only is one of ${Object.keys(BENCHES).join(', ')}; --seconds is above 0\n`);
    process.exit(2);
  }
  try {
    await run(bench);
  } catch (error) {
    process.stderr.write(`${bench}: ${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
}
