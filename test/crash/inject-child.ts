// Does the workload on the data directory of argv[2], and says on stdout how each step went, one line before and one
// after it. At its end it closes everything, or with argv[3] `killed` dies as it stands. System calls may fail, and it
// may be killed at any of them.

import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { openCore } from '../simulation/core.ts';
import { entranceOf, perform } from '../simulation/perform.ts';
import { tokenOf, workload } from './workload.ts';

/** So long that the audit log has been synced. */
const UPKEEP_MS = 120;
const LIFE = 'first';

const [directory = '', end = ''] = process.argv.slice(2);
const tell = (line: object) => writeSync(1, `${JSON.stringify(line)}\n`);
const tokens = new Map<string, string>();

const clock = { now: () => Date.now() };
const core = await openCore({ directory, clock, entropy: systemEntropy, segmentBytesMax: 4000 }).catch(
  (error: unknown) => {
    tell({ refused: String(error) });
    process.exit(1);
  },
);
tell({ opened: true });
for (const step of workload(LIFE)) {
  // Where the token could not be made, nobody can ask with it.
  if (step.as === tokenOf(LIFE) && !tokens.has(step.as)) continue;
  tell({ began: step.id });
  const output = await perform(entranceOf(core), step, tokens);
  tell({ ended: step.id, output, ...(step.do === 'token.make' ? { token: tokens.get(step.label) } : {}) });
}
await sleep(UPKEEP_MS);
try {
  core.store.erase();
} catch {
  // It is tried again by itself.
}
if (end === 'killed') {
  tell({ dying: true });
  process.kill(process.pid, 'SIGKILL');
}
await core.close();
tell({ closed: true });
