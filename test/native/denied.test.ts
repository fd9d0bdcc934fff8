// Every route of Coffer's own API, as nobody, with a forged credential and as an account that was granted nothing: no
// answer but a refusal, nothing of what is there, and each refusal in the ledger.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parseProjectRef, parseSecretName, secretKey } from '../../src/core/name.ts';
import { Redacted } from '../../src/core/redacted.ts';
import { createNativeDialect } from '../../src/dialects/native/dialect.ts';
import { ROUTES } from '../../src/dialects/native/routes.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { createSecret } from '../../src/ops/secrets.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { addVersion } from '../../src/ops/versions.ts';
import type { Dialect } from '../../src/wire/types.ts';
import { openWorld, type World } from '../ops/world.ts';

const VALUE = 'what-a-stranger-must-not-see';
/** What names the one secret there is, for the fields that a route has. */
const GIVEN: Readonly<Record<string, string>> = {
  ...{ project: 'default', secret: 'kept', version: '1', data: 'eA==' },
  serviceAccount: 'stranger@default.iam.gserviceaccount.com',
  key: '0'.repeat(40),
  id: '0'.repeat(32),
  name: 'readers',
  ...{
    principal: 'user:a@example.com',
    workload: 'web',
    permission: 'secretmanager.versions.access',
    policy: '{"bindings":[]}',
  },
  before: '2026-01-31T12:00:00Z',
  publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n',
  audience: 'https://vault.azure.net',
  ...{ awsAccountId: '123456789012', accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI' },
  accessor: 'a',
};

let world: World;
let dialect: Dialect;
let stranger: string;

before(async () => {
  world = await openWorld();
  dialect = createNativeDialect(world.door, {
    certificatePem: () => '',
    onError: (error) => assert.fail(error as Error),
  });
  const project = parseProjectRef('default');
  const name = parseSecretName('kept');
  const owner = world.ownerCredential;
  await world.ask(createSecret, { project, name, replication: { locations: [] } }, owner);
  const payload = new Redacted<Uint8Array>(new TextEncoder().encode(VALUE));
  await world.ask(addVersion, { project, key: secretKey(name), payload }, owner);
  const command = { project, accountId: 'stranger', displayName: '', description: '' };
  const { account } = await world.ask(createAccount, command, owner);
  const { token } = await world.ask(generateToken, { account: account.email, lifetimeSeconds: 0 }, owner);
  stranger = token.reveal();
});

after(() => world.close());

/** Anybody's right: to give back one's own token, to have one that can do less, or that is for AWS's API. */
const OF_ONESELF = new Set(['tokens.revoke', 'tokens.narrow', 'awsSessions.issue']);

for (const { api, operation } of ROUTES) {
  if (operation.permission === 'public') continue;
  test(`${api.method} ${api.path} is refused to whoever was granted nothing`, async () => {
    const asked = Object.fromEntries(Object.entries(GIVEN).filter(([name]) => Object.hasOwn(api.fields, name)));
    const send = async (credential: string | undefined) =>
      dialect.http({
        id: 'r',
        protocol: 'h2',
        secure: false,
        host: 'localhost',
        peer: { address: '127.0.0.1', port: 1 },
        headers: credential === undefined ? {} : { authorization: `Bearer ${credential}` },
        method: api.method,
        path: `/coffer/v1${api.path}`,
        query: api.method === 'GET' ? new URLSearchParams(asked).toString() : '',
        body: new TextEncoder().encode(api.method === 'GET' ? '' : JSON.stringify(asked)),
      });
    const cases: [string | undefined, number][] = [
      [undefined, 401],
      [`ya29.${'x'.repeat(43)}`, 401],
      ...(OF_ONESELF.has(operation.name) ? [] : [[stranger, 403] as [string, number]]),
    ];
    for (const [credential, status] of cases) {
      const began = (await world.records()).length;
      const answer = await send(credential);
      assert.equal(answer.status, status, String(answer.body));
      assert.ok(!String(answer.body).includes(VALUE));
      const records = (await world.records()).slice(began);
      assert.deepEqual(
        records.map((record) => [record.operation, record.outcome]),
        [[operation.name, 'denied']],
      );
    }
  });
}
