// OpenBao's agent, unmodified: it logs in by approle, keeps its token alive, renders a template and renders it again when
// the secret changes; and it runs a program with the secret in its environment, anew with each value.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { scratch } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';
import { openVault, type VaultClient } from './fixture.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
const WAIT_MS_MAX = 20_000;
const STEP_MS = 50;

let vault: VaultClient;
let program: string;
let folder: string;

before(async () => {
  program = join(dirname(await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'))), 'bao');
  vault = await openVault();
  folder = scratch();
  await put('one');
  await vault.policy('app', 'path "secret/data/app" { capabilities = ["read"] }');
  await vault.must('POST', 'sys/auth/approle', { type: 'approle' });
  await vault.must('POST', 'auth/approle/role/app', { token_policies: 'app', token_ttl: '1m', token_max_ttl: '1h' });
  const { json } = await vault.must('GET', 'auth/approle/role/app/role-id');
  writeFileSync(join(folder, 'role'), json.data.role_id);
});

after(() => vault.server.stop());

const put = (password: string) => vault.must('POST', 'secret/data/app', { data: { password } });
const VALUE = '{{ with secret "secret/data/app" }}{{ .Data.data.password }}{{ end }}';
const file = (name: string) => join(folder, name);
const content = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'utf8') : '');

async function until(what: string, isThere: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!(await isThere())) {
    if (performance.now() > endMs) assert.fail(`${what}:\n${content('log')}`);
    await sleep(STEP_MS);
  }
}

/** Runs the agent by this configuration while the work is done. */
async function withAgent(name: string, lines: readonly string[], work: () => Promise<void>): Promise<void> {
  const { json } = await vault.must('POST', 'auth/approle/role/app/secret-id');
  writeFileSync(file(`${name}.secret`), json.data.secret_id, { mode: 0o600 });
  const approle = `role_id_file_path = "${file('role')}" secret_id_file_path = "${file(`${name}.secret`)}"`;
  const config = [
    `vault { address = "${vault.server.address}" }`,
    `auto_auth { method "approle" { config = { ${approle} } } sink "file" { config = { path = "${file('token')}" } } }`,
    'template_config { static_secret_render_interval = "1s" }',
    ...lines,
  ];
  writeFileSync(file(`${name}.hcl`), config.join('\n'));
  const env = { PATH: process.env['PATH'], HOME: folder };
  const agent = spawn(program, ['agent', `-config=${file(`${name}.hcl`)}`], {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = (chunk: Buffer) => writeFileSync(file('log'), chunk, { flag: 'a' });
  agent.stdout.on('data', log);
  agent.stderr.on('data', log);
  try {
    await work();
  } finally {
    await stop(agent);
  }
}

async function stop(agent: ChildProcess): Promise<void> {
  if (agent.exitCode !== null || agent.signalCode !== null) return;
  const ended = once(agent, 'exit');
  agent.kill('SIGTERM');
  await ended;
}

test('a template is rendered, and again when the secret changes', async () => {
  const template = `template { contents = ${JSON.stringify(VALUE)} destination = "${file('rendered')}" }`;
  await withAgent('template', [template], async () => {
    await until('the first value', () => content('rendered') === 'one');
    const token = content('token');
    const about = async () => (await vault.must('POST', 'auth/token/lookup', { token })).json.data;
    assert.deepEqual((await about()).policies, ['app', 'default']);
    await put('two');
    await until('the second value', () => content('rendered') === 'two');
    await until('the renewal of its token', async () => (await about()).last_renewal_time !== undefined);
  });
});

test('a program is run with the secret, and anew with each value', {
  skip: isFull ? false : 'only by make test-peers',
}, async () => {
  const command = `echo "$PASSWORD" >> ${file('ran')}; exec sleep 60`;
  const lines = [
    `env_template "PASSWORD" { contents = ${JSON.stringify(VALUE)} }`,
    `exec { command = ["/bin/sh", "-c", ${JSON.stringify(command)}] restart_on_secret_changes = "always" restart_stop_signal = "SIGTERM" }`,
  ];
  const before = (await vault.must('GET', 'secret/data/app')).json.data.data.password;
  await withAgent('exec', lines, async () => {
    await until('the first run', () => content('ran') === `${before}\n`);
    await put('three');
    await until('the second run', () => content('ran') === `${before}\nthree\n`);
  });
});
