// `coffer run` on a terminal. util-linux script gives the outer terminal, as it gives `run` the inner one.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { must } from '../support/api.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { entry, scratch } from '../support/start.ts';
import { ACCOUNT, type Fixture, KEY, PROJECT, startFixture } from './fixture.ts';

const hasScript = spawnSync('script', ['--version']).stdout?.includes('util-linux') ?? false;

interface Typed {
  /** Typed when the terminal shows this. */
  readonly after: string;
  readonly keys?: string;
  /** Done instead. */
  readonly act?: () => unknown;
}

describe('coffer run on a terminal', { skip: !hasScript, concurrency: 2 }, () => {
  let fixture: Fixture;
  before(async () => {
    fixture = await startFixture();
  });
  after(() => fixture?.server.stop());

  /** Runs a shell line in a terminal, where $RUN is `coffer run …`; gives what the terminal showed, and the exit code. */
  function onTerminal(line: string, typed: readonly Typed[] = []): Promise<{ screen: string; code: number | null }> {
    const run = [process.execPath, entry, 'run', '--project', PROJECT, '--service-account', ACCOUNT];
    const env = cleanEnv({ ...fixture.server.env, RUN: run.join(' '), SHELL: '/bin/sh' });
    const child = spawn('script', ['-qefc', `stty rows 33 cols 101; ${line}`, '/dev/null'], {
      env,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const waiting = [...typed];
    let screen = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      screen += chunk;
      for (let next = waiting[0]; next !== undefined && screen.includes(next.after); next = waiting[0]) {
        if (next.keys !== undefined) child.stdin.write(next.keys);
        next.act?.();
        waiting.shift();
      }
    });
    return new Promise((resolve, reject) => {
      // What is written after script(1) gave the terminal back gets its carriage return twice, which shows on no screen.
      child.on('error', reject).on('close', (code) => resolve({ screen: screen.replace(/\r+\n/g, '\r\n'), code }));
    });
  }

  const LOOK = 'for fd in 0 1 2; do test -t $fd && echo "tty $fd"; done; stty size </dev/tty';

  test('without given values the terminal is inherited', async () => {
    const { screen, code } = await onTerminal(`$RUN -- sh -c '${LOOK}; exit 5'`);
    assert.deepEqual([screen, code], ['tty 0\r\ntty 1\r\ntty 2\r\n33 101\r\n', 5]);
  });

  test('with them the child has a terminal too, of the same size, and its output is masked', async () => {
    const bindings = '--set-secrets=KEY=key:1,PASSWORD=password:1';
    const script = `${LOOK}; echo "$KEY" >&2; echo "<$PASSWORD> $1"; env | grep -c ^SHELL=/bin/sh; exit 5`;
    const { screen, code } = await onTerminal(`$RUN ${bindings} -- sh -c '${script}' sh "it's \\"quoted\\" \\$HOME"`);
    const lines = ['tty 0', 'tty 1', 'tty 2', '33 101', '***', '', `<***> it's "quoted" $HOME`, '1', ''];
    assert.equal(screen.replace(/\*\*\*(\r\n)+/, '***\r\n\r\n'), lines.join('\r\n'));
    assert.equal(code, 5);
    for (const part of KEY.split('\n').filter((each) => each !== '')) assert.ok(!screen.includes(part));
  });

  test('what is typed arrives, Ctrl-C once, with and without masking', async () => {
    for (const flags of ['', '--set-secrets=KEY=key:1']) {
      const script = `trap "echo interrupted; exit 9" INT; read line; echo "got $line"; echo waiting; while :; do sleep 0.1; done`;
      const typed = [
        { after: 'ready', keys: 'hello\r' },
        { after: 'waiting', keys: '\u0003' },
      ];
      const { screen, code } = await onTerminal(`exec $RUN ${flags} -- sh -c 'echo ready; ${script}'`, typed);
      assert.match(screen, /got hello\r\nwaiting\r\n\^Cinterrupted\r\n/);
      assert.equal(screen.match(/interrupted/g)?.length, 1);
      assert.equal(code, 9);
    }
  });

  test('input and errors that were led elsewhere stay there', async () => {
    const errors = join(scratch(), 'errors');
    const script = `read line; echo "got $line"; ${LOOK}; echo "$KEY" >&2`;
    const { screen } = await onTerminal(`echo piped | $RUN --set-secrets=KEY=key:1 -- sh -c '${script}' 2>${errors}`);
    assert.equal(screen, 'got piped\r\ntty 1\r\n33 101\r\n');
    assert.match(readFileSync(errors, 'utf8'), /^(\*\*\*\n*)+$/);
  });

  test('a signal reaches the child through the pseudo-terminal', async () => {
    const script = `trap "echo terminated; exit 7" TERM; echo ready; while :; do sleep 0.1; done`;
    const line = `$RUN --set-secrets=KEY=key:1 -- sh -c '${script}' & pid=$!; read go; kill -TERM $pid; wait $pid; echo "code $?"`;
    const { screen } = await onTerminal(line, [{ after: 'ready', keys: 'go\r' }]);
    assert.match(screen, /ready\r\ngo\r\nterminated\r\ncode 7\r\n/);
  });

  test('a secret that changes: the file is replaced behind the pseudo-terminal, and the command starts again in one', async () => {
    const file = join(scratch(), 'pin');
    const script = `cat ${file}; test "$PIN" = third-pin && test -t 1 && exit 8; trap "echo ending; exit 0" TERM; echo waiting; while :; do sleep 0.1; done`;
    const flags = `--on-change=restart --set-secrets=PIN=pin:latest,${file}=pin:latest`;
    const payload = { data: Buffer.from('third-pin').toString('base64') };
    const add = () => must(fixture.owner, 'POST', `/v1/projects/${PROJECT}/secrets/pin:addVersion`, { payload });
    const { screen, code } = await onTerminal(`exec $RUN ${flags} -- sh -c '${script}'`, [
      { after: 'waiting', act: add },
    ]);
    assert.match(screen, /^\*\*\*waiting\r\nending\r\n\*\*\*$/);
    assert.equal(code, 8);
  });
});
