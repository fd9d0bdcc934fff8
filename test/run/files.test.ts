// Secret files at exactly their paths: every way to place one, as root and as an ordinary user, and where the kernel
// gives no namespace. The children look; this process looks from outside, where there must be nothing to see.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { execute } from '../support/coffer.ts';
import { entry } from '../support/start.ts';
import { ACCOUNT, BINARY, type Fixture, KEY, PASSWORD, PROJECT, startFixture } from './fixture.ts';
import { asUser, canRefuse, hasNamespaces, isRoot, NOBODY, refusing, succeeds } from './namespaces.ts';

const tagOf = (process.pid % 100_000).toString(36);

describe('secret files', { concurrency: 2 }, () => {
  let fixture: Fixture;
  let home: string;
  before(async () => {
    fixture = await startFixture();
    home = mkdtempSync(join(tmpdir(), 'coffer-files-'));
    if (isRoot) chownSync(home, NOBODY, NOBODY);
    chmodSync(home, 0o755);
  });
  after(async () => {
    await fixture?.server.stop();
    rmSync(home, { recursive: true, force: true });
  });

  /** `coffer run` as an ordinary user, who has only a token; the server's data is not his to read. */
  async function run(
    prefix: readonly string[],
    bindings: string,
    script: string,
    cwd = home,
    more: Record<string, string> = {},
  ) {
    const args = [
      'run',
      '--project',
      PROJECT,
      '--service-account',
      ACCOUNT,
      `--set-secrets=${bindings}`,
      '--no-mask',
      '--',
      'sh',
      '-c',
      script,
    ];
    const env = { COFFER_ADDR: fixture.server.address, COFFER_TOKEN: fixture.owner.token, HOME: home, ...more };
    const [program, ...rest] = [...prefix, process.execPath, entry, ...args];
    return execute(program as string, rest, { env, cwd });
  }

  test('as an ordinary user: a path below /, with everything else as it was', { skip: !hasNamespaces }, async () => {
    const file = `/coffer-${tagOf}/deep/key`;
    const script = `cat ${file}; id -u; pwd; stat -c '%a' ${file}; (: >${file}) 2>/dev/null || echo readonly; ls / | sort; grep -c . /proc/self/uid_map; umount / 2>/dev/null; mount -t tmpfs x /mnt 2>/dev/null || echo powerless`;
    const result = await run(asUser, `${file}=key:latest`, script);
    const uid = isRoot ? NOBODY : process.getuid?.();
    const root = [...readdirSync('/').filter((name) => !name.startsWith('.')), `coffer-${tagOf}`];
    const [text, rest] = [result.stdout.slice(0, KEY.length), result.stdout.slice(KEY.length).trimEnd().split('\n')];
    assert.equal(text, KEY, result.stderr);
    assert.deepEqual(rest.slice(0, 4), [String(uid), home, '444', 'readonly']);
    assert.deepEqual(new Set(rest.slice(4, -2)), new Set(root));
    assert.deepEqual(rest.slice(-2), ['1', 'powerless']);
    assert.equal(result.stderr, '');
    assert.ok(!existsSync(`/coffer-${tagOf}`));
  });

  test('a mirrored directory, a covered file, a new directory and a placeholder, all at once', {
    skip: !hasNamespaces,
  }, async () => {
    const full = join(home, 'full');
    const empty = join(home, 'empty');
    for (const path of [full, empty]) mkdirSync(path);
    writeFileSync(join(full, 'covered'), 'what was there');
    writeFileSync(join(full, 'neighbour'), 'untouched');
    if (isRoot)
      for (const path of [full, empty, join(full, 'covered'), join(full, 'neighbour')]) chownSync(path, NOBODY, NOBODY);
    const files: Record<string, string> = {
      [join(full, 'covered')]: 'password',
      [join(full, 'new')]: 'key',
      [join(full, 'sub/dir/new')]: 'binary',
      [join(empty, 'a')]: 'password',
      [join(empty, 'b/c')]: 'password',
      [`/etc/coffer-${tagOf}/key`]: 'key',
    };
    const bindings = Object.entries(files)
      .map(([path, secret]) => `${path}=${secret}:1`)
      .join(',');
    const script = `for f in ${Object.keys(files).join(' ')}; do base64 -w0 <$f; echo; done; cat full/neighbour; echo kept >full/out; cat /etc/passwd | head -c 4`;
    const result = await run(asUser, bindings, script);
    const values: Record<string, string | Buffer> = { password: PASSWORD, key: KEY, binary: BINARY };
    const expected = Object.values(files).map((secret) => Buffer.from(values[secret] as string).toString('base64'));
    assert.deepEqual(result.stdout.split('\n'), [...expected, 'untouchedroot'], result.stderr);
    // Outside, the child's own work is there, and nothing else is new.
    assert.deepEqual(readdirSync(full).sort(), ['covered', 'neighbour', 'out']);
    assert.equal(statSync(join(full, 'covered')).size, 'what was there'.length);
    assert.deepEqual(readdirSync(empty), []);
    assert.ok(!existsSync(`/etc/coffer-${tagOf}`));
  });

  test('two runs at once on the same path do not take it from each other', { skip: !hasNamespaces }, async () => {
    const path = join(home, 'shared/key');
    const slow = run(asUser, `${path}=key:1`, `sleep 1.5; cat ${path}`);
    await new Promise((resolve) => setTimeout(resolve, 700));
    const quick = await run(asUser, `${path}=password:1`, `cat ${path}`);
    assert.equal(quick.stdout, PASSWORD, quick.stderr);
    assert.equal((await slow).stdout, KEY);
  });

  test('as root: the same path, seen by the child only', {
    skip: !isRoot || !succeeds('unshare', ['--mount', 'true']),
  }, async () => {
    const file = `/coffer-root-${tagOf}/key`;
    const outside = `nsenter -t 1 -m test -e ${file} 2>/dev/null && echo leaked`;
    const result = await run(
      [],
      `${file}=key:1`,
      `cat ${file}; id -u; ${outside}; setpriv --reuid=${NOBODY} cat ${file} | wc -c`,
    );
    assert.equal(result.stdout, `${KEY}0\n${KEY.length}\n`, result.stderr);
    assert.ok(!existsSync(`/coffer-root-${tagOf}`));
  });

  test('names with spaces, quotes and shell characters', { skip: !hasNamespaces }, async () => {
    const path = join(home, `o'dd $(x) "name" *`, 'f;i&le');
    const result = await run(asUser, `${path}=key:1`, 'cat "$ODD"', home, { ODD: path });
    assert.equal(result.stdout, KEY, result.stderr);
  });

  test('a path that is a directory, or leads through a file, is refused in one line', async () => {
    for (const [path, message] of [
      ['/etc', /\/etc exists and is not a file/],
      ['/etc/passwd/x', /is not a directory/],
    ] as const) {
      const result = await run([], `${path}=key:1`, 'echo started');
      assert.deepEqual([result.code, result.stdout], [1, '']);
      assert.match(result.stderr, /^ERROR: \(coffer\.run\) [^\n]+\n$/);
      assert.match(result.stderr, message);
    }
  });

  test('where the kernel refuses: a link at the path, or a private directory that the child is told', {
    skip: !canRefuse,
  }, async () => {
    const mine = mkdtempSync(join(tmpdir(), 'coffer-mine-'));
    const linked = join(mine, 'linked/key');
    const script = `cat ${linked}; stat -c %F ${linked}; cat "$SECRETS_DIR${linked}" | wc -c; stat -f -c %T "$SECRETS_DIR"; stat -c %a "$SECRETS_DIR"`;
    const result = await run(refusing, `${linked}=key:1`, script, mine);
    assert.equal(result.stdout, `${KEY}symbolic link\n${KEY.length}\ntmpfs\n700\n`, result.stderr);
    assert.equal(result.stderr, '');
    assert.ok(!existsSync(join(mine, 'linked')));
    writeFileSync(join(mine, 'taken'), 'mine');
    const told = await run(
      refusing,
      `${join(mine, 'taken')}=key:1`,
      `cat "$SECRETS_DIR${join(mine, 'taken')}"; cat taken`,
      mine,
    );
    assert.equal(told.stdout, `${KEY}mine`, told.stderr);
    assert.match(
      told.stderr,
      /^WARNING: \(coffer\.run\) no private mount namespace here, so the child finds .*\/taken below \$SECRETS_DIR \(\/[^)]+\)\n$/,
    );
    rmSync(mine, { recursive: true });
  });

  test('without unshare on PATH the private directory serves', async () => {
    const bin = join(home, 'bin');
    mkdirSync(bin);
    for (const tool of ['sh', 'cat', 'mkfifo']) {
      execFileSync('ln', [
        '-s',
        execFileSync('sh', ['-c', `command -v ${tool}`])
          .toString()
          .trim(),
        join(bin, tool),
      ]);
    }
    const path = join(home, 'pathless/key');
    const result = await run([], `${path}=key:1`, `cat ${path}; cat "$SECRETS_DIR${path}"`, home, { PATH: bin });
    assert.equal(result.stdout, KEY + KEY, result.stderr);
    assert.ok(!existsSync(join(home, 'pathless')));
  });
});
