// `coffer run` as a user has it: a real server, the real command, real children.

import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiOf, ownerToken } from '../support/api.ts';
import { ACCOUNT, type Fixture, PASSWORD, PROJECT, startFixture } from './fixture.ts';

const child = join(import.meta.dirname, 'child.cjs');
const isRoot = process.getuid?.() === 0;

describe('coffer run', { concurrency: 2 }, () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startFixture();
  });
  after(() => fixture?.server.stop());

  test('a Node child reaches owned names by every client, as its service account, and nothing it must not', async () => {
    const result = await fixture.run(['--', process.execPath, child]);
    assert.equal(result.code, 0, result.stderr);
    const report = JSON.parse(result.stdout);
    assert.equal(report.fetch, 401);
    for (const client of ['https', 'regional', 'http2']) assert.deepEqual(report[client], [401, true], client);
    assert.equal(report.tls[1], true);
    assert.match(report.tls[0], /DNS:secretmanager\.googleapis\.com/);
    assert.deepEqual(report.email, [200, ACCOUNT]);
    const token = JSON.parse(report.token[1]);
    assert.equal(token.token_type, 'Bearer');
    assert.ok(token.expires_in > 3000 && token.expires_in <= 3600);
    assert.equal(report.noFlavor[0], 403);
    assert.equal(report.forwarded[0], 403);
    // The child's credentials died with it.
    const dead = apiOf(fixture.server, token.access_token);
    assert.equal((await dead('GET', `/v1/projects/${PROJECT}/secrets/password/versions/1:access`)).status, 401);
  });

  test('the environment: what section 3 names, nothing of Coffer, no owner credential', async () => {
    const env = { NODE_OPTIONS: '--no-deprecation', NO_PROXY: 'internal.example', COFFER_ANYTHING: 'x' };
    const result = await fixture.run(['--', process.execPath, '-p', 'JSON.stringify(process.env)'], { env });
    const seen: Record<string, string> = JSON.parse(result.stdout);
    assert.deepEqual(
      Object.keys(seen).filter((name) => /^COFFER/i.test(name)),
      [],
    );
    assert.ok(!result.stdout.includes(ownerToken(fixture.server)));
    assert.match(seen['https_proxy'] ?? '', /^http:\/\/run-[0-9a-f]{8}:[\w-]{32}@127\.0\.0\.1:\d+$/);
    assert.equal(seen['no_proxy'], '127.0.0.1,localhost,internal.example');
    assert.equal(seen['K_SERVICE'], 'node');
    assert.equal(seen['PORT'], '8080');
    assert.equal(seen['GCP_PROJECT'], PROJECT);
    assert.match(seen['NODE_OPTIONS'] ?? '', /^--no-deprecation --require "/);
    assert.equal(seen['HTTP_PROXY'] ?? seen['http_proxy'], undefined);
    // Everything that the run made is gone.
    assert.ok(!existsSync(seen['SSL_CERT_FILE'] ?? '/'));
  });

  test('variables are set, and what the child prints of them is masked in every form', async () => {
    const script = `
      const value = process.env.DB;
      const forms = [value, Buffer.from(value).toString('base64'), encodeURIComponent(value), JSON.stringify(value)];
      process.stdout.write(forms.join('|') + '|' + Buffer.from(value).toString('hex') + '\\n');
      process.stderr.write('failed with ' + value + '\\n');
      for (const char of value) process.stdout.write(char);`;
    const result = await fixture.run(['--set-secrets', 'DB=password:latest', '--', process.execPath, '-e', script]);
    const hex = Buffer.from(PASSWORD).toString('hex');
    assert.equal(result.stdout, `***|***|***|"***"|${hex}\n***`);
    assert.equal(result.stderr, 'failed with ***\n');
  });

  test('short values are not masked, and it says so; --no-mask masks nothing; versions may be pinned', async () => {
    const bindings = ['--set-secrets=PIN=pin:1,LONG=pin:2'];
    const result = await fixture.run([...bindings, '--', 'sh', '-c', 'echo $PIN $LONG']);
    assert.equal(result.stdout, '1234 ***\n');
    assert.match(
      result.stderr,
      /^WARNING: \(coffer\.run\) values under 6 characters are not masked in the output: PIN\n$/,
    );
    const bare = await fixture.run([...bindings, '--no-mask', '--', 'sh', '-c', 'echo $PIN $LONG']);
    assert.deepEqual([bare.stdout, bare.stderr], ['1234 second-pin\n', '']);
  });

  test('masked output is a real pipe, and input still arrives', async () => {
    const script = 'read x; echo "$x $DB" >/dev/stdout; echo err >/dev/stderr';
    const result = await fixture.run(['--set-secrets=DB=password:1', '--', 'sh', '-c', script], { input: 'hello\n' });
    assert.deepEqual([result.stdout, result.stderr, result.code], ['hello ***\n', 'err\n', 0]);
  });

  test('a missing, forbidden or unfit secret is one clear line, exit 1, and no child', async () => {
    const cases: [string, RegExp][] = [
      ['A=nothing:latest', new RegExp(`secret nothing .*cannot be read by ${ACCOUNT}: permission denied`)],
      [
        'A=denied:latest',
        new RegExp(`secret denied .*cannot be read by ${ACCOUNT}: permission denied.*add-iam-policy-binding denied`),
      ],
      ['A=password:7', new RegExp(`secret password .*versions/7.* cannot be read by ${ACCOUNT}: .*not found`, 'i')],
      ['A=binary:1', /secret binary cannot be the variable A: it has a NUL byte/],
      ['A=password', /no version is given: password:latest/],
    ];
    for (const [binding, message] of cases) {
      const result = await fixture.run([`--set-secrets=${binding}`, '--', 'echo', 'started']);
      assert.equal(result.code, 1, binding);
      assert.equal(result.stdout, '');
      assert.match(result.stderr, /^ERROR: \(coffer\.run\) [^\n]+\n$/);
      assert.match(result.stderr, message);
      assert.doesNotMatch(result.stderr, /hidden/);
    }
  });

  test('an unknown account is one line with the command that makes it; without one, a warning', async () => {
    const unknown = await fixture.run([
      '--service-account',
      `missing@${PROJECT}.iam.gserviceaccount.com`,
      '--',
      'true',
    ]);
    assert.equal(unknown.code, 1);
    assert.match(
      unknown.stderr,
      /^ERROR: .*does not exist: create it with 'coffer iam service-accounts create missing --project=run-project'\n$/,
    );
    const server = fixture.server;
    const { coffer } = await import('../support/coffer.ts');
    const byDefault = await coffer(['run', '--project', PROJECT, '--', 'sh', '-c', 'echo ok'], { env: server.env });
    assert.deepEqual([byDefault.stdout, byDefault.code], ['ok\n', 0]);
    assert.match(
      byDefault.stderr,
      /^WARNING: .*running as \d+-compute@developer\.gserviceaccount\.com, which has roles\/editor[^\n]*\n$/,
    );
    const missing = await coffer(['run', '--project', 'no-such-project', '--', 'true'], { env: server.env });
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /project no-such-project does not exist/);
  });

  test('exit codes: its own, 128 + n, 126 and 127', async () => {
    const codes: [string[], number][] = [
      [['sh', '-c', 'exit 42'], 42],
      [['sh', '-c', 'kill -TERM $$'], 143],
      [['sh', '-c', 'kill -KILL $$'], 137],
      [['no-such-command-here'], 127],
      [['/no/such/path'], 127],
      [['/etc/passwd'], 126],
      [['/'], 126],
    ];
    for (const [command, code] of codes) {
      const result = await fixture.run(['--', ...command]);
      assert.equal(result.code, code, command.join(' '));
      if (code === 126 || code === 127) assert.match(result.stderr, /^ERROR: \(coffer\.run\) [^\n]+\n$/);
    }
    assert.equal((await fixture.run(['--set-secrets=DB=password:1', '--', 'sh', '-c', 'kill -INT $$'])).code, 130);
  });

  test('arguments arrive as they are, and core dumps are off', async () => {
    const args = ['a b', "it's", '"', '$HOME', '', '*', '--flag', 'ü'];
    for (const flags of [[], ['--set-secrets=DB=password:1']]) {
      const script = 'ulimit -c; for a in "$@"; do echo "<$a>"; done';
      const result = await fixture.run([...flags, '--', 'sh', '-c', script, 'sh', ...args]);
      assert.equal(result.stdout, `0\n${args.map((arg) => `<${arg}>\n`).join('')}`);
    }
  });

  test('signals pass through', async () => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1'] as const) {
      const script = `trap 'echo got ${signal}; exit 3' ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
      const running = fixture.start(['--', 'sh', '-c', script]);
      await running.printed('ready');
      running.child.kill(signal);
      const { code, stdout } = await running.ended;
      assert.deepEqual([code, stdout], [3, `ready\ngot ${signal}\n`]);
    }
  });

  test('a signal before the child exists ends the run at once', async () => {
    // A listener that never answers stands for a server that hangs.
    const { createServer } = await import('node:net');
    const { once } = await import('node:events');
    const silent = createServer();
    await once(silent.listen(0, '127.0.0.1'), 'listening');
    const asked = once(silent, 'connection');
    const port = (silent.address() as { port: number }).port;
    const running = fixture.start(['--', 'echo', 'started'], {
      COFFER_ADDR: `http://127.0.0.1:${port}`,
      COFFER_TOKEN: 'x',
    });
    const [socket] = await asked;
    await sleep(100);
    running.child.kill('SIGINT');
    const timer = setTimeout(() => socket.destroy(), 5_000);
    const { code, stdout } = await running.ended;
    clearTimeout(timer);
    socket.destroy();
    silent.close();
    assert.deepEqual([code, stdout], [130, '']);
  });

  test('a run that is killed takes its child along, and the next run clears up after it', {
    skip: process.platform !== 'linux',
  }, async () => {
    const running = fixture.start(['--', 'sh', '-c', 'echo pid $$ $SSL_CERT_FILE; exec sleep 60']);
    await running.printed('\n');
    running.child.kill('SIGKILL');
    const { stdout } = await running.ended;
    const [, pid, file] = /pid (\d+) (\S+)/.exec(stdout) ?? [];
    for (let tries = 0; existsSync(`/proc/${pid}`) && tries < 100; tries++) await sleep(20);
    assert.ok(!existsSync(`/proc/${pid}`), 'the child lives on');
    await fixture.run(['--', 'true']);
    assert.ok(!existsSync(file as string));
  });

  test('output that nobody reads any more ends the child, not the tidying up', async () => {
    const running = fixture.start(['--set-secrets=DB=password:1', '--', 'yes']);
    await running.printed('y\n');
    running.child.stdout?.destroy();
    const { code } = await running.ended;
    assert.equal(code, 141);
  });

  test('output of a background process does not hold the run open', async () => {
    const result = await fixture.run(['--set-secrets=DB=password:1', '--', 'sh', '-c', 'sleep 300 & echo $!']);
    assert.equal(result.code, 0);
    assert.ok(process.kill(Number(result.stdout), 'SIGKILL'), 'it is still there');
  });

  test('a peer of another user gets nothing from the metadata port', {
    skip: !isRoot || !existsSync('/usr/bin/setpriv'),
  }, async () => {
    const ask = `fetch('http://' + process.env.GCE_METADATA_HOST + '/computeMetadata/v1/instance/service-accounts/default/token',
      { headers: { 'Metadata-Flavor': 'Google' } }).then(async (r) => console.log(r.status, await r.text()))`;
    const node = ['env', '-u', 'NODE_OPTIONS', '-u', 'NODE_EXTRA_CA_CERTS', process.execPath, '-e', ask];
    const stranger = await fixture.run(['--', 'setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...node]);
    assert.equal(stranger.stdout, '403 this metadata server serves another user\n\n', stranger.stderr);
    const own = await fixture.run(['--', ...node]);
    assert.match(own.stdout, /^200 \{"access_token":"ya29\./);
  });

  test('nothing of a run is left behind', () => {
    const left = readdirSync('/dev/shm').filter((name) => name.startsWith('coffer-run-'));
    const alive = left.filter((name) => existsSync(`/proc/${name.split('-')[2]}`));
    assert.deepEqual(
      left.filter((name) => !alive.includes(name)),
      [],
    );
  });
});
