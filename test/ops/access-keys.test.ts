// Access keys of AWS as keys of service accounts: made, imported, refused; who may; what a moved row is worth; and which
// account a project is.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AccountEmail, parseProjectId, parseProjectRef, userAccountEmail } from '../../src/core/name.ts';
import { Redacted } from '../../src/core/redacted.ts';
import { listAccountKeys } from '../../src/ops/account-keys.ts';
import { createAccount } from '../../src/ops/accounts.ts';
import { createAccessKey, importAccessKey } from '../../src/ops/aws/access-keys.ts';
import { setAwsAccount } from '../../src/ops/aws/account.ts';
import { createProject } from '../../src/ops/projects.ts';
import { generateToken } from '../../src/ops/tokens.ts';
import { signed } from '../support/aws-sign.ts';
import { refused } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;
const account = userAccountEmail('signer', parseProjectId('default'));

before(async () => {
  world = await openWorld();
  const project = parseProjectRef('default');
  await world.ask(
    createAccount,
    { project, accountId: 'signer', displayName: '', description: '' },
    world.ownerCredential,
  );
});
after(() => world.close());

const asOwner = <C, R>(operation: Parameters<typeof world.ask<C, R>>[0], command: C) =>
  world.ask(operation, command, world.ownerCredential);
const pair = (id: string, secret = 'wJalrXUtnFEMI') => ({ account, id, secret: new Redacted(secret) });

/** Who a request is that this pair signed. */
async function signer(id: string, secret: string) {
  const headers = signed({ id, secret }, { host: 'h', time: world.clock.now() });
  const parts = { method: 'POST', path: '/', query: '', headers, body: new Uint8Array() };
  const origin = { dialect: 'aws', peer: '127.0.0.1', requestId: 'r' };
  const expected = { service: 'secretsmanager', region: undefined, windowSeconds: 300 };
  return await world.awsDoor.enter(parts, origin, expected);
}

test('a new key is of AWS form, and signs as the account', async () => {
  const { key, secret, awsAccount } = await asOwner(createAccessKey, { account });
  assert.match(key.id, /^AKIA[A-Z2-7]{16}$/);
  assert.match(secret?.reveal() ?? '', /^[\w+/]{40}$/);
  const entered = await signer(key.id, secret?.reveal() ?? '');
  assert.equal(entered.caller.principal.member, `serviceAccount:${account}`);
  assert.equal(entered.signer?.arn, `arn:aws:iam::${awsAccount}:user/signer`);
  const { keys } = await asOwner(listAccountKeys, { account });
  assert.ok(!JSON.stringify(keys).includes(secret?.reveal() ?? 'x'));
});

test('an imported key signs; its id is taken from then on, for every account', async () => {
  await asOwner(importAccessKey, pair('FOOBARKEY'));
  assert.equal((await signer('FOOBARKEY', 'wJalrXUtnFEMI')).problem, undefined);
  assert.equal((await signer('FOOBARKEY', 'wJalrXUtnFEMJ')).problem?.code, 'InvalidSignatureException');
  await refused('ACCESS_KEY_EXISTS', asOwner(importAccessKey, pair('FOOBARKEY', 'another')));
  const absent = 'nobody@default.iam.gserviceaccount.com' as AccountEmail;
  await refused('ACCOUNT_NOT_FOUND', asOwner(importAccessKey, { ...pair('OTHERKEY'), account: absent }));
  await refused('ACCOUNT_NOT_FOUND', asOwner(createAccessKey, { account: absent }));
});

test('who may give the account no key may give it no access key', async () => {
  const { token } = await asOwner(generateToken, { account, lifetimeSeconds: 0 });
  const own = token.reveal();
  await refused('PERMISSION_DENIED', world.ask(createAccessKey, { account }, own));
  await refused('PERMISSION_DENIED', world.ask(importAccessKey, pair('STOLENKEY'), own));
  assert.equal((await signer('STOLENKEY', 'wJalrXUtnFEMI')).problem?.code, 'UnrecognizedClientException');
});

test('what was sealed for one key opens as no other, and no secret is in the ledger', async () => {
  const { key } = await asOwner(createAccessKey, { account });
  const moved = { ...key, id: 'AKIAMOVED' };
  await world.store.transact({}, () => ({
    result: undefined,
    changes: [{ change: 'accountKey.insert', key: moved }],
    record: {
      ...{ id: '0'.repeat(32), time: 1, operation: 'test', outcome: 'allowed', principal: 'test', resource: 'test' },
      ...{ dialect: 'test', peer: 'test', requestId: 'test' },
    },
  }));
  await assert.rejects(async () => signer('AKIAMOVED', 'any-secret'), { code: 'KEY_CORRUPT' });
  assert.ok(!JSON.stringify(await world.records()).includes('wJalrXUtnFEMI'));
});

test('an account of AWS is one project: its number, or what was set', async () => {
  const other = { id: parseProjectId('other-one'), displayName: '', labels: {} };
  const { project } = await asOwner(createProject, other);
  const set = (awsAccountId: string) => asOwner(setAwsAccount, { project: 'default', awsAccountId });
  await refused('AWS_ACCOUNT_EXISTS', set(project.number));
  assert.deepEqual(await set('123456789012'), { project: 'default', awsAccountId: '123456789012' });
  assert.deepEqual(await set('123456789012'), { project: 'default', awsAccountId: '123456789012' });
  const stranger = asOwner(setAwsAccount, { project: 'other-one', awsAccountId: '123456789012' });
  await refused('AWS_ACCOUNT_EXISTS', stranger);
});
