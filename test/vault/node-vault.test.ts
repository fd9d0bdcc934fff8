// node-vault, unmodified: every command of the table that it publishes, against a server that begins uninitialised. What
// it has for engines that Coffer does not have is refused in Vault's own way; everything else works.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute } from '../support/coffer.ts';
import { nodeProject } from '../support/node-project.ts';
import { scratch, startServer } from '../support/start.ts';

interface Told {
  readonly name: string;
  readonly status?: number;
  readonly text?: string;
}

const COMMANDS = 82;
const NO_ENGINE = [403, 404];

/** Commands that are refused, and how. */
const REFUSED: Readonly<Record<string, readonly number[]>> = {
  // The client itself fails before it sends anything.
  addKubernetesRole: [0],
  ...Object.fromEntries(
    [
      ...['getKubernetesRole', 'deleteKubernetesRole', 'kubernetesLogin', 'gcpLogin', 'jwtLogin', 'githubLogin'],
      ...['ldapLogin', 'oktaLogin', 'radiusLogin', 'awsIamLogin', 'generateDatabaseCredentials'],
    ].map((name) => [name, NO_ENGINE]),
  ),
  // There is no certificate on a connection without TLS.
  certLogin: [400, 403],
  // A lease of a token is renewed as a token, in Vault too.
  renew: [400],
};

test('node-vault: its whole table of commands', async () => {
  const project = await nodeProject(join(import.meta.dirname, 'node'));
  const server = await startServer({ args: ['--seal=shamir', '--workers=1'] });
  try {
    const argv = [join(project, 'commands.mjs'), server.address, join(scratch(), 'audit.log')];
    const result = await execute(process.execPath, argv, { env: process.env });
    assert.equal(result.code, 0, result.stderr);
    const told = result.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Told);
    const wrong = told.filter(({ name, status }) =>
      status === undefined ? name in REFUSED : !REFUSED[name]?.includes(status),
    );
    assert.deepEqual(wrong, []);
    assert.ok(told.length > COMMANDS);
  } finally {
    await server.stop();
  }
});
