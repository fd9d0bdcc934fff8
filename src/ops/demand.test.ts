// A second permission is judged as the request was: by IAM, or, of whoever comes by Vault's API, by the policies of the token.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../core/error.ts';
import { type Caller, OWNER } from '../core/principal.ts';
import { demand } from './demand.ts';
import { mayAsk } from './viewing.ts';

const server = { bindings: [{ role: 'roles/owner', members: [OWNER.member] }], etag: 'x' };
const caller: Caller = { principal: OWNER, dialect: 'vault', peer: '127.0.0.1', requestId: '1' };
const authority = { project: 'default' as never, ask: { path: 'secret/data/a', capability: 'update' as const } };
const policy = (text: string) => ({ id: 'project/default/policy/p', data: { policy: text } });

function isDenied(policies: readonly string[] | undefined, callerPolicies: readonly object[] | undefined): boolean {
  const scope = { server, project: undefined, secret: undefined, callerPolicies: callerPolicies as never };
  const asking = policies === undefined ? caller : { ...caller, vault: { ...authority, policies } };
  try {
    demand({ scope, caller: asking, now: 1 }, 'secretmanager.secrets.create', { asked: 'projects/p' });
    return false;
  } catch (error) {
    assert.ok(error instanceof Fault && error.code === 'PERMISSION_DENIED', String(error));
    return true;
  }
}

test('a caller by another API has what the policies grant', () => {
  assert.equal(isDenied(undefined, undefined), false);
});

test('one by Vault\u2019s has it by what allows the path, or by the policy `iam`, and never against one that denies', () => {
  assert.equal(isDenied(['root'], []), false);
  assert.equal(isDenied(['p'], [policy('path "secret/data/*" { capabilities = ["update"] }')]), false);
  assert.equal(isDenied(['p'], [policy('path "secret/data/*" { capabilities = ["read", "sudo"] }')]), true);
  assert.equal(isDenied(['p'], [policy('path "secret/data/b" { capabilities = ["update"] }')]), true);
  assert.equal(isDenied(['root'], undefined), true, 'policies that were not looked up');
  assert.equal(isDenied(['iam'], []), false);
  assert.equal(isDenied(['iam'], undefined), true, 'policies that were not looked up');
  const denying = policy('path "secret/*" { capabilities = ["deny"] }');
  assert.equal(isDenied(['iam', 'p'], [denying]), true);
});

test('elsewhere than at its path a token of Vault\u2019s has what IAM grants it, and what a root of that very project has', () => {
  const scope = { server, secret: undefined, callerPolicies: [policy('path "*" { capabilities = ["update"] }')] };
  const may = (policies: readonly string[], id: string) => {
    const project = { id, policy: { bindings: [], etag: '' } } as never;
    const asking = { ...caller, vault: { ...authority, policies } };
    return mayAsk({ caller: asking, now: 1 }, 'secretmanager.versions.list', { asked: 'x' }, {
      ...scope,
      project,
    } as never);
  };
  assert.deepEqual([may(['p'], 'default'), may(['root'], 'default'), may(['root'], 'other')], [false, true, false]);
});
