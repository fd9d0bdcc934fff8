// `coffer run` while secrets change: files of :latest follow by every way that files are placed, what is pinned does not,
// the mask learns, the child is told or restarted, and a server that is away takes nothing from it.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf, must, ownerToken } from '../support/api.ts';
import { entry } from '../support/start.ts';
import { ACCOUNT, begin, type Fixture, PROJECT, startFixture } from './fixture.ts';
import { asUser, canRefuse, hasNamespaces, isRoot, NOBODY, refusing } from './namespaces.ts';

const child = join(import.meta.dirname, 'follow-child.cjs');
const tagOf = (process.pid % 100_000).toString(36);

interface Sight {
  readonly file: string;
  readonly value: string;
}

describe('coffer run follows', { concurrency: 5 }, () => {
  let fixture: Fixture;
  let home: string;
  before(async () => {
    fixture = await startFixture();
    home = mkdtempSync(join(tmpdir(), 'coffer-follow-'));
    if (isRoot) chownSync(home, NOBODY, NOBODY);
    chmodSync(home, 0o755);
  });
  after(async () => {
    await fixture?.server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  const pathOf = (id: string): string => `/v1/projects/${PROJECT}/secrets/${id}`;

  async function add(id: string, value: string | Buffer): Promise<void> {
    await must(fixture.owner, 'POST', `${pathOf(id)}:addVersion`, {
      payload: { data: Buffer.from(value as string).toString('base64') },
    });
  }

  async function keep(id: string, value: string | Buffer): Promise<void> {
    await must(fixture.owner, 'POST', `/v1/projects/${PROJECT}/secrets?secretId=${id}`, {
      replication: { automatic: {} },
    });
    const binding = { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${ACCOUNT}`] };
    await must(fixture.owner, 'POST', `${pathOf(id)}:setIamPolicy`, { policy: { bindings: [binding] } });
    await add(id, value);
  }

  /** Runs follow-child.cjs on `files` of one secret, changes it three times, and looks at what the child saw. */
  async function watch(prefix: readonly string[], id: string, files: readonly string[], cwd = home): Promise<string> {
    const values = ['first value', 'v2'.padEnd(65_536, '2'), 'v3', 'LAST'];
    const shown = ['first value', `${'v2'.padEnd(20, '2')}+65536`, 'v3', 'LAST'];
    await keep(id, values[0] as string);
    const pinned = files[0] as string;
    const bindings = files.map((file) => `${file}=${id}:${file === pinned ? '1' : 'latest'}`).join(',');
    const run = ['run', '--project', PROJECT, '--service-account', ACCOUNT, `--set-secrets=${bindings}`, '--no-mask'];
    const argv = [...prefix, process.execPath, entry, ...run, '--', process.execPath, child, ...files];
    const env = { COFFER_ADDR: fixture.server.address, COFFER_TOKEN: fixture.owner.token, HOME: home, PINNED: pinned };
    const running = begin(argv, env, cwd);
    const isShown = (index: number) =>
      running.printed(`"value":"${shown[index]}"`, index === 0 ? files.length : files.length - 1);
    for (const [index, value] of values.entries()) {
      if (index > 0) await add(id, value);
      await isShown(index);
    }
    const result = await running.ended;
    const sights: Sight[] = result.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    for (const file of files) {
      const own = sights.filter((sight) => sight.file === file);
      const expected = file === pinned ? shown.slice(0, 1) : shown;
      assert.deepEqual(
        own.map(({ value }) => value),
        expected,
        `${file}: ${result.stderr}`,
      );
    }
    assert.equal(result.code, 0);
    return result.stderr;
  }

  test('as an ordinary user: covered, new, in a memory directory, in a mirrored one; each value whole', {
    skip: !hasNamespaces,
  }, async () => {
    const [full, empty, mixed] = ['full', 'empty', 'mixed'].map((name) => join(home, name)) as [string, string, string];
    for (const path of [full, empty, mixed]) mkdirSync(path);
    const covered = [join(full, 'covered'), join(mixed, 'covered')];
    for (const path of covered) writeFileSync(path, 'what was there');
    if (isRoot) for (const path of [full, empty, ...covered]) chownSync(path, NOBODY, NOBODY);
    // Not to be written by this user: it is mirrored, and the covered file in it too.
    if (isRoot) chmodSync(mixed, 0o755);
    const files = [
      `/coffer-${tagOf}/pinned`,
      ...covered,
      join(full, 'new'),
      join(full, 'sub/new'),
      join(empty, 'a'),
      join(empty, 'b/c'),
      join(mixed, 'new'),
      `/coffer-${tagOf}/deep/key`,
    ];
    assert.equal(await watch(asUser, 'placed', files), '');
    // Outside nothing was, and nothing is left.
    assert.deepEqual(readdirSync(full), ['covered']);
    assert.deepEqual(readdirSync(empty), []);
    assert.ok(!existsSync(`/coffer-${tagOf}`));
  });

  test('as root: a path below / and a covered file', { skip: !isRoot || !hasNamespaces }, async () => {
    const mine = mkdtempSync(join(tmpdir(), 'coffer-mine-'));
    writeFileSync(join(mine, 'covered'), 'what was there');
    const stderr = await watch([], 'rooted', [
      '/secrets/pinned',
      '/secrets/key',
      join(mine, 'covered'),
      join(mine, 'new'),
    ]);
    assert.equal(stderr, '');
    assert.deepEqual(readdirSync(mine), ['covered']);
    rmSync(mine, { recursive: true });
  });

  test('where the kernel refuses: behind the links of the private directory', { skip: !canRefuse }, async () => {
    const mine = mkdtempSync(join(tmpdir(), 'coffer-mine-'));
    assert.equal(await watch(refusing, 'linked', [join(mine, 'pinned'), join(mine, 'sub/key')], mine), '');
    assert.deepEqual(readdirSync(mine), []);
    rmSync(mine, { recursive: true });
  });

  test('variables stay, and new values are masked as the old ones are', async () => {
    await keep('shown', 'old-password');
    const file = join(home, 'shown/key');
    const script = `echo ready; until grep -q new ${file}; do sleep 0.05; done; cat ${file}; echo; base64 <${file}; echo "$KEY" old-password; test "$KEY" = old-password`;
    const running = fixture.start([`--set-secrets=KEY=shown:latest,${file}=shown:latest`, '--', 'sh', '-c', script]);
    await running.printed('ready');
    await add('shown', 'new-password');
    const { stdout, stderr, code } = await running.ended;
    assert.deepEqual([stdout, stderr, code], ['ready\n***\n***\n*** ***\n', '', 0]);
  });

  test('--on-change=SIGHUP: one signal after the changes of a burst, when the files are there', async () => {
    await keep('name', 'name-1');
    await keep('word', 'word-1');
    const [name, word] = [join(home, 'hup/name'), join(home, 'hup/word')];
    const script = `trap 'echo hup $(cat ${name} ${word})' HUP; echo ready; trap 'exit 4' USR1; while :; do sleep 0.05; done`;
    const flags = [`--set-secrets=${name}=name:latest,${word}=word:latest`, '--no-mask', '--on-change=SIGHUP'];
    const running = fixture.start([...flags, '--', 'sh', '-c', script]);
    await running.printed('ready');
    await add('name', 'name-2');
    await sleep(100);
    await add('word', 'word-2');
    await running.printed('hup');
    await sleep(1_500);
    running.child.kill('SIGUSR1');
    const { stdout, code } = await running.ended;
    assert.deepEqual([stdout, code], ['ready\nhup name-2word-2\n', 4]);
  });

  test('--on-change=restart: the command ends and starts again with new variables and files; its exit code passes', async () => {
    await keep('again', 'again-1');
    await keep('still', 'still-1');
    const file = join(home, 'again/key');
    const script = `trap 'echo ending; exit 0' TERM; echo "$A $B $(cat ${file})"; test "$A" = again-2 && exit 6; while :; do sleep 0.05; done`;
    const bindings = `--set-secrets=A=again:latest,B=still:1,${file}=again:latest`;
    const running = fixture.start([bindings, '--no-mask', '--on-change', 'restart', '--', 'sh', '-c', script]);
    await running.printed('again-1');
    await add('still', 'still-2');
    await add('again', 'again-2');
    const { stdout, stderr, code } = await running.ended;
    assert.deepEqual([stdout, stderr], ['again-1 still-1 again-1\nending\nagain-2 still-1 again-2\n', '']);
    assert.equal(code, 6);
  });

  test('a newest version that is disabled, or unfit for its variable, changes nothing, and is told once', async () => {
    await keep('fragile', 'fragile-1');
    const script = `echo "<$A>"; test "$A" = fragile-4 && exit 0; while :; do sleep 0.05; done`;
    const flags = ['--set-secrets=A=fragile:latest', '--no-mask', '--on-change=restart'];
    const running = fixture.start([...flags, '--', 'sh', '-c', script]);
    await running.printed('fragile-1');
    await add('fragile', Buffer.from([0, 1, 2, 3]));
    await sleep(2_200);
    await must(fixture.owner, 'POST', `${pathOf('fragile')}/versions/2:disable`, {});
    await sleep(2_500);
    await add('fragile', 'fragile-4');
    const { stdout, stderr } = await running.ended.finally(() => running.child.kill());
    assert.equal(stdout, '<fragile-1>\n<fragile-4>\n');
    const lines = stderr.trim().split('\n');
    assert.equal(lines.length, 2, stderr);
    assert.match(lines[0] as string, /fragile\/versions\/latest cannot be followed: .*NUL byte.*its last value stays$/);
    assert.match(
      lines[1] as string,
      /fragile\/versions\/latest cannot be followed: FAILED_PRECONDITION: .*DISABLED state/,
    );
  });

  test('nothing to follow is said, and an unknown way is refused', async () => {
    const pinned = await fixture.run(['--set-secrets=A=password:1', '--on-change=restart', '--', 'true']);
    assert.match(pinned.stderr, /^WARNING: \(coffer\.run\) --on-change=restart has nothing to follow: [^\n]+\n$/);
    const wrong = await fixture.run(['--on-change=SIGKILL', '--', 'true']);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /on-change/);
  });

  test('a server that is away takes nothing from the child, and is followed again when it is back', async () => {
    const other = await startFixture();
    const { server } = other;
    const file = join(mkdtempSync(join(tmpdir(), 'coffer-away-')), 'key');
    const script = `echo ready; until grep -q second ${file}; do sleep 0.05; done; echo followed`;
    const running = other.start([`--set-secrets=${file}=pin:latest`, '--no-mask', '--', 'sh', '-c', script]);
    await running.printed('ready');
    await must(other.owner, 'POST', `/v1/projects/${PROJECT}/secrets/pin/versions/2:disable`);
    await server.kill();
    await sleep(2_500);
    const back = await server.restart({ listen: new URL(server.address).host });
    const owner = apiOf(back, ownerToken(back));
    await must(owner, 'POST', `/v1/projects/${PROJECT}/secrets/pin:addVersion`, { payload: { data: 'c2Vjb25k' } });
    const { stdout, code } = await running.ended;
    await back.stop();
    rmSync(join(file, '..'), { recursive: true });
    assert.deepEqual([stdout, code], ['ready\nfollowed\n', 0]);
  });
});
