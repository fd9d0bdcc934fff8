import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeGuard } from './guard.ts';
import { type Launched, launch } from './launch.ts';
import { LivePatterns } from './live-patterns.ts';
import { makeRunDirectory } from './run-directory.ts';
import { Interrupted, SignalRelay } from './signals.ts';
import { Supervisor } from './supervisor.ts';

const STOP_MS_MAX = 300;

/** Supervises `sh -c script`, which gets the number of its start as $1. */
async function supervise(t: TestContext, script: string) {
  const guard = await makeGuard(process.env);
  const directory = makeRunDirectory(process.env);
  const relay = new SignalRelay();
  t.after(() => {
    relay.stop();
    directory.remove();
  });
  const patterns = new LivePatterns([]);
  const env = process.env as Record<string, string>;
  const common = { env, guard, directory: directory.path, patterns, namespace: undefined, payloads: [] };
  let starts = 0;
  const start = async (): Promise<Launched> =>
    (await launch({ ...common, command: ['sh', '-c', script, 'sh', String(++starts)] })) as Launched;
  const supervisor = new Supervisor(await start(), start, relay, STOP_MS_MAX);
  return { supervisor, starts: () => starts };
}

test('a child that ends by itself ends the run; a restart then does nothing', async (t) => {
  const { supervisor, starts } = await supervise(t, 'exit 7');
  assert.equal(await supervisor.finished, 7);
  await supervisor.restart();
  assert.equal(starts(), 1);
});

test('a restart ends the child and starts another, whose exit code counts; one that ignores SIGTERM is killed', async (t) => {
  const { supervisor, starts } = await supervise(
    t,
    `trap '' TERM; test $1 = 3 && exit 5; while :; do sleep 0.05; done`,
  );
  await sleep(150);
  const begin = Date.now();
  await supervisor.restart();
  assert.ok(Date.now() - begin >= STOP_MS_MAX - 10);
  await sleep(150);
  await supervisor.restart();
  assert.equal(await supervisor.finished, 5);
  assert.equal(starts(), 3);
});

test('a signal that asks for an end during a restart ends the run', async (t) => {
  const { supervisor, starts } = await supervise(t, `trap 'sleep 0.2; exit 0' TERM; while :; do sleep 0.02; done`);
  await sleep(150);
  const restarting = supervisor.restart();
  process.emit('SIGTERM');
  await assert.rejects(supervisor.finished, (error) => error instanceof Interrupted && error.exitCode === 143);
  await restarting;
  assert.equal(starts(), 1);
});
