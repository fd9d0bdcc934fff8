// A second permission is IAM's: whoever comes by Vault's API has it only as a policy of the token lets IAM decide.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '../core/error.ts';
import { type Caller, OWNER } from '../core/principal.ts';
import { demand } from './demand.ts';

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

test('one by Vault\u2019s has it by the policy `iam` alone, and not against another that denies', () => {
  assert.equal(isDenied(['root'], []), true);
  assert.equal(isDenied(['p'], [policy('path "*" { capabilities = ["sudo", "update"] }')]), true);
  assert.equal(isDenied(['iam'], []), false);
  assert.equal(isDenied(['iam'], undefined), true, 'policies that were not looked up');
  const denying = policy('path "secret/*" { capabilities = ["deny"] }');
  assert.equal(isDenied(['iam', 'p'], [denying]), true);
});
