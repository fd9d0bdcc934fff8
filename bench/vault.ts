// Vault's API beside OpenBao on the same machine in the same run, audit on, with the same requests by tokens of the same
// policy: KV version 2 read and written, transit, and a look-up of the token itself.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../test/support/start.ts';
import { compare, type Targets } from './compare.ts';
import { send, startBao } from './peer-bao.ts';
import { residentMegabytes } from './process-stat.ts';
import { report } from './report.ts';
import { launcher } from './subject.ts';
import { connectionsOf, type VaultWork } from './vault-work.ts';

/** Resident memory after the load, beside the other server's. */
const MEMORY = { most: 2 };

export async function vaultBeside(
  work: VaultWork,
  bench: string,
  args: readonly string[],
  options: { readonly seconds: number; readonly targets: Targets },
): Promise<void> {
  const server = await startServer({ entry: launcher, args, env: { NODE_ENV: 'production' } });
  try {
    const bao = await startBao();
    try {
      await send(bao.address, bao.root, 'POST', 'sys/mounts/secret', { type: 'kv', options: { version: '2' } });
      const owner = readFileSync(join(server.data, 'owner.token'), 'utf8').trim();
      const pid = server.process.pid as number;
      const ours = { pid, connect: await connectionsOf(work, server.address, owner) };
      const theirs = { pid: bao.pid, connect: await connectionsOf(work, bao.address, bao.root) };
      await compare(bench, ours, theirs, options);
      const reference = residentMegabytes(bao.pid);
      report({ bench: `${bench}.memory`, value: residentMegabytes(pid), unit: 'MB', reference, target: MEMORY });
    } finally {
      await bao.stop();
    }
  } finally {
    await server.stop();
  }
}
