import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeAzCommand } from './az-command.ts';
import { createIdentityServer } from './identity-server.ts';

const SECRET = 'the-secret-of-this-run';
const CLAIMS = Buffer.from(JSON.stringify({ iss: 'https://sts.windows.net/the-tenant/' })).toString('base64url');
const root = mkdtempSync(join(tmpdir(), 'coffer-az-test-'));
const az = makeAzCommand(root);
const asked: string[] = [];
const server = createIdentityServer({
  clientId: 'client',
  secret: SECRET,
  token: async (resource) => {
    asked.push(resource);
    return { accessToken: `head.${CLAIMS}.tail`, expiresAtMs: 1_800_000_000_000 };
  },
});
const env: Record<string, string> = {
  PATH: `${az.folder}:/usr/bin:/bin`,
  TZ: 'UTC',
  NODE_OPTIONS: '--require /nowhere',
};

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  env['IDENTITY_ENDPOINT'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/msi/token`;
  env['IDENTITY_HEADER'] = SECRET;
});
after(() => {
  server.close();
  server.closeAllConnections();
  az.remove();
  rmSync(root, { recursive: true });
});

/** As the libraries ask: through a shell. */
function run(command: string, more: Record<string, string> = {}): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', command], { env: { ...env, ...more } }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

test('gives a token of the run for a resource or a scope', async () => {
  for (const given of [
    '-o json --resource https://vault.azure.net',
    '--output json --resource=https://vault.azure.net --tenant adfs',
    '--output json --scope https://vault.azure.net/.default',
  ]) {
    const { code, out, err } = await run(`az account get-access-token ${given}`);
    assert.equal(code, 0, err);
    assert.deepEqual(JSON.parse(out), {
      accessToken: `head.${CLAIMS}.tail`,
      expiresOn: '2027-01-15 08:00:00.000000',
      expires_on: 1_800_000_000,
      subscription: 'the-tenant',
      tenant: 'the-tenant',
      tokenType: 'Bearer',
    });
  }
  assert.deepEqual(new Set(asked), new Set(['https://vault.azure.net']));
});

test('says what is wrong in one line', async () => {
  const cases: [string, Record<string, string>, RegExp][] = [
    ['az account get-access-token', {}, /^ERROR: coffer run: .* needs --resource or --scope\n$/],
    [
      'az account get-access-token --resource x',
      { IDENTITY_HEADER: 'other' },
      /^ERROR: coffer run: the X-IDENTITY-HEADER/,
    ],
    ['az account get-access-token --resource x', { IDENTITY_HEADER: '' }, /^ERROR: coffer run: IDENTITY_ENDPOINT and/],
  ];
  for (const [command, more, says] of cases) {
    const { code, err } = await run(command, more);
    assert.equal(code, 1);
    assert.match(err, says);
  }
});

test("hands every other command on to the user's own az", async () => {
  const { code, err } = await run('az account show');
  assert.equal(code, 127);
  assert.match(err, /^az: coffer run answers az account get-access-token alone/);
  const own = mkdtempSync(join(root, 'own-'));
  writeFileSync(join(own, 'az'), '#!/bin/sh\necho own "$@"\n', { mode: 0o700 });
  const { out } = await run('az storage "two words"', { PATH: `${az.folder}:${own}:/usr/bin:/bin` });
  assert.equal(out, 'own storage two words\n');
});

test('goes when the run ends', () => {
  const other = makeAzCommand(root);
  assert.ok(existsSync(join(other.folder, 'az')));
  other.remove();
  assert.ok(!existsSync(other.folder));
});
