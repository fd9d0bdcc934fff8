// hvac's own integration tests, from its source distribution and unmodified, against Coffer. They start `vault` themselves:
// a stand-in of that name runs Coffer sealed by shares (stand-in-child.ts). Here a sample of them; `make test-peers` runs
// all that are about what Coffer has.

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { before, test } from 'node:test';
import { execute } from '../support/coffer.ts';
import { repository, scratch } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';

const isFull = process.env['COFFER_TEST_SIZE'] === 'full';
const API = 'tests/integration_tests/api';
const STEP_MS_MAX = 200_000;

/** The files, and what of them is left out because Coffer does not have it. */
const SUITES: readonly (readonly [name: string, files: readonly string[], without: string])[] = [
  ['kv version 2', ['secrets_engines/test_kv_v2.py'], ''],
  ['tokens', ['auth_methods/test_token.py'], ''],
  ['transit', ['secrets_engines/test_transit.py'], ''],
  ['approle', ['auth_methods/test_approle.py'], ''],
  ['identity', ['secrets_engines/test_identity.py'], 'named_key or role or token or well_known or public_keys'],
  ...(isFull
    ? ([
        ['kv version 1', ['secrets_engines/test_kv_v1.py'], ''],
        [
          'system backend',
          ['audit', 'health', 'init', 'key', 'leader', 'lease', 'mount', 'policies', 'policy', 'seal', 'wrapping'].map(
            (name) => `system_backend/test_${name}.py`,
          ),
          '',
        ],
        // Those name no file of the key: the client fails before it asks anybody.
        ['certificates', ['auth_methods/test_cert.py'], 'test_login_0 or test_login_1 or test_login_2'],
        [
          'pki',
          ['secrets_engines/test_pki.py'],
          'submit_ca or read_crl or crl_configuration or rotate_crl or intermediate or sign or tidy or issuer',
        ],
        ['auth methods', ['system_backend/test_auth.py'], ''],
        ['github', ['auth_methods/test_github.py'], ''],
      ] as const)
    : []),
];

let python: string;
let source: string;
let bin: string;

before(async () => {
  python = await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'));
  const root = scratch();
  bin = join(root, 'bin');
  mkdirSync(bin);
  const standIn = join(repository, 'test/vault/stand-in-child.ts');
  const script = `#!/bin/sh\nexec '${process.execPath}' --disable-warning=ExperimentalWarning '${standIn}' "$@"\n`;
  writeFileSync(join(bin, 'vault'), script);
  chmodSync(join(bin, 'vault'), 0o755);
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-build-isolation'];
  await run([...pip, '--no-binary=:all:', 'hvac==2.4.0', '-d', root], root);
  await run(['-m', 'tarfile', '-e', join(root, 'hvac-2.4.0.tar.gz'), root], root);
  source = join(root, readdirSync(root).find((name) => name === 'hvac-2.4.0') ?? '');
  mkdirSync(join(source, 'tests/config_files/generated'), { recursive: true });
});

async function run(args: readonly string[], cwd: string) {
  // The stand-in is killed, and leaves its data behind.
  const env = { ...process.env, PATH: `${bin}:${dirname(python)}:${process.env['PATH']}`, TMPDIR: join(bin, '..') };
  const result = await execute(python, args, { cwd, env, timeoutMs: STEP_MS_MAX });
  assert.equal(result.code, 0, `${args.join(' ')}:\n${result.stdout}${result.stderr}`);
  return result.stdout;
}

for (const [name, files, without] of SUITES) {
  test(`hvac's tests of ${name}`, async () => {
    const chosen = without === '' ? [] : ['-k', `not (${without})`];
    const options = ['-m', 'pytest', '-q', '-o', 'addopts=', '-p', 'no:cacheprovider', ...chosen];
    const said = await run([...options, ...files.map((file) => `${API}/${file}`)], source);
    assert.match(said, /\d+ passed/);
    assert.doesNotMatch(said, /failed|error/i);
  });
}
