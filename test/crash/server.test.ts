// Cases 33 and 34 on a whole server with its threads: system calls fail, or are the last thing that happens, while clients
// speak to it. Afterwards the same holds as of the operations alone (inject.test.ts). A few of the calls unless
// COFFER_TEST_SIZE=full.

import assert from 'node:assert/strict';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { openSeal } from '../../src/crypto/file-seal.ts';
import { Keyring } from '../../src/crypto/keyring.ts';
import { readOwner } from '../../src/local-state.ts';
import { type Core, openCore } from '../simulation/core.ts';
import { type RunningServer, scratch, startServer } from '../support/start.ts';
import { type Fault, injecting, whyNoStrace } from '../support/strace.ts';
import { checkAfter, type History, mayRepeat } from './after.ts';
import { performRemote } from './remote.ts';
import { workload } from './workload.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
const WORKERS = 2;
const AT_ONCE = 2;
/** Of each thread: some while it starts, most while it works. */
const PLACES = isFull ? Array.from({ length: 60 }, (_, index) => 1 + index * 5) : [25, 90];
const CALLS = ['pwrite64', 'fdatasync', 'fsync'] as const;

/** A server that was begun and stopped: its data, and its key beside it. */
let begun = '';

async function open(directory: string): Promise<Core> {
  return openCore({
    directory,
    clock: { now: () => Date.now() },
    entropy: systemEntropy,
    openKeyring: async (store) => new Keyring(await openSeal({ dataDir: directory, meta: store })),
  });
}

/** Asks for everything until the server is gone; what it was at then, nobody knows. */
async function live(server: RunningServer, history: History, tokens: Map<string, string>): Promise<void> {
  const remote = { address: server.address, ownerToken: readOwner(server.data) ?? '' };
  const steps = workload('first');
  for (const input of steps) {
    if (input.as !== 'owner' && !tokens.has(input.as)) continue;
    const start = history.length * 2;
    try {
      const output = await performRemote(remote, input, tokens);
      if (output !== undefined) history.push({ client: 0, input, output, start, end: start + 1 });
      else history.push({ client: 0, input, start, end: steps.length * 2 });
    } catch {
      history.push({ client: 0, input, start, end: steps.length * 2 });
      return;
    }
  }
}

async function meet(fault: Fault): Promise<void> {
  const root = scratch();
  cpSync(begun, root, { recursive: true });
  const history: History = [];
  const tokens = new Map<string, string>();
  let said = 'it did not start';
  try {
    const server = await startServer({ root, under: injecting(fault), args: [`--workers=${WORKERS}`] });
    await live(server, history, tokens);
    said = server.logs();
    await (fault.when % 2 === 0 ? server.kill() : server.stop());
  } catch (error) {
    // Many a fault keeps it from starting, in its own words.
    assert.match((error as Error).message, /^the server ended with/);
  }
  try {
    await checkAfter(await open(join(root, 'data')), history, tokens, mayRepeat(fault));
  } catch (error) {
    const at = `${fault.call} ${fault.when} of each thread, ${fault.fault}`;
    throw new Error(`${at}: ${(error as Error).message}\nthe server said:\n${said}`, { cause: error });
  }
  rmSync(root, { recursive: true });
}

const skip = whyNoStrace() ?? false;

describe('a fault in a whole server', { skip }, () => {
  before(async () => {
    const server = await startServer({ args: [`--workers=${WORKERS}`] });
    await server.stop();
    begun = server.root;
  });

  for (const call of CALLS) {
    for (const fault of ['EIO', 'SIGKILL'] as const) {
      test(`${call}, ${fault}`, async () => {
        const places = PLACES.values();
        const work = async () => {
          for (const when of places) await meet({ call, fault, when });
        };
        await Promise.all(Array.from({ length: AT_ONCE }, work));
      });
    }
  }
});
