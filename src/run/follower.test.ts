import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ApiError, ClientError } from '../client/client.ts';
import { versionName } from './bindings.ts';
import { RunFailure } from './failure.ts';
import { Follower } from './follower.ts';
import type { SecretValue } from './secret-values.ts';

type Read = () => SecretValue;

function reference(secret: string) {
  return { project: 'p', secret, version: 'latest' };
}

function value(version: number): SecretValue {
  return { version: `v${version}`, payload: Buffer.from([version]) };
}

/** A follower whose clock the test moves, and what it did: `read NAME`, `changed VERSIONS`, `settled`; and said. */
function start(t: TestContext, reads: Record<string, Read>, refuse?: (versions: string) => Error | undefined) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 0 });
  const log: string[] = [];
  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0);
  const references = Object.keys(reads).map(reference);
  const follower = new Follower({
    references,
    values: new Map(references.map((each) => [versionName(each), value(1)])),
    read: async ({ secret }) => {
      log.push(`${Date.now()} read ${secret}`);
      return (reads[secret] as Read)();
    },
    changed: async (values) => {
      const versions = [...values.values()].map(({ version }) => version).join(' ');
      log.push(`${Date.now()} changed ${versions}`);
      const error = refuse?.(versions);
      if (error) throw error;
    },
    settled: async () => void log.push(`${Date.now()} settled`),
  });
  void follower.run();
  t.after(() => follower.stop());
  const pass = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 20) {
      t.mock.timers.tick(20);
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    }
  };
  const of = (kind: string) => log.filter((line) => line.includes(kind));
  const timesOf = (kind: string) => of(kind).map((line) => Number.parseInt(line, 10));
  return { log, said, pass, of, timesOf };
}

test('reads about every second, and tells nothing while nothing changes', async (t) => {
  const run = start(t, { a: () => value(1) });
  await run.pass(10_000);
  const times = run.timesOf('read');
  assert.ok(times.length >= 10 && times.length <= 12, String(times));
  assert.deepEqual([run.of('changed'), run.of('settled'), run.said], [[], [], []]);
});

test('changes of one burst are taken as they come and settled once; a stream of changes does not put it off for ever', async (t) => {
  const versions = { a: 1, b: 1 };
  const run = start(t, { a: () => value(versions.a), b: () => value(versions.b) });
  await run.pass(3_000);
  versions.a = 2;
  while (run.of('changed').length === 0) await run.pass(20);
  versions.b = 2;
  await run.pass(2_000);
  assert.deepEqual(
    run.of('changed').map((line) => line.split('changed ')[1]),
    ['v2 v1', 'v2 v2'],
  );
  assert.equal(run.of('settled').length, 1);
  for (let step = 0; step < 40; step++) {
    versions.a++;
    await run.pass(100);
  }
  assert.ok(run.of('settled').length >= 3, 'it is settled every second at least');
});

test('failures are backed off from, up to 30 s; the server being away is said once, and again after it was back', async (t) => {
  let isAway = true;
  const away = () => {
    if (isAway) throw new ClientError('cannot reach the server');
    return value(1);
  };
  const run = start(t, { a: away, b: away });
  await run.pass(200_000);
  const times = run.timesOf('read a');
  const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
  assert.ok(times.length < 14, String(times));
  assert.ok(gaps.every((gap) => gap <= 31_100) && gaps.slice(6).every((gap) => gap >= 24_000), String(gaps));
  assert.equal(run.said.length, 1);
  assert.match(run.said[0] as string, /cannot be followed for now: cannot reach the server; their last values stay/);
  isAway = false;
  await run.pass(32_000);
  isAway = true;
  await run.pass(20_000);
  assert.equal(run.said.length, 2);
});

test('a version in no state to be read is said once and asked for at the same pace', async (t) => {
  const answers = ['DISABLED', 'DISABLED', 'DISABLED', 2, 'DISABLED'];
  let turn = 0;
  const run = start(t, {
    a: () => {
      const answer = answers[Math.min(turn++, answers.length - 1)];
      if (typeof answer === 'number') return value(answer);
      throw new ApiError(400, 'FAILED_PRECONDITION', `version is ${answer}`);
    },
  });
  await run.pass(3_200);
  assert.equal(run.timesOf('read').length, 3);
  assert.equal(run.said.length, 1);
  await run.pass(6_000);
  assert.equal(run.of('changed').length, 1);
  assert.equal(run.said.length, 1, 'the same text is not said twice in a row');
});

test('a value that is refused is offered once; one that could not be put in place is tried again', async (t) => {
  const versions = { a: 1, b: 1 };
  let failures = 2;
  const run = start(t, { a: () => value(versions.a), b: () => value(versions.b) }, (all) => {
    if (all.startsWith('v2')) return new RunFailure('unfit');
    return all.endsWith('v2') && failures-- > 0 ? new Error('no room') : undefined;
  });
  versions.a = 2;
  await run.pass(5_000);
  assert.equal(run.of('changed v2 v1').length, 1);
  assert.equal(run.of('settled').length, 0);
  versions.b = 2;
  await run.pass(12_000);
  assert.equal(run.of('changed v1 v2').length, 3);
  assert.equal(run.of('settled').length, 1);
  assert.deepEqual(
    run.said.map((line) => /followed: (.*); its last/.exec(line)?.[1]),
    ['unfit', 'no room'],
  );
});
