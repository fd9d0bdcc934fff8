// `coffer secrets add-iam-policy-binding`, `remove-…`, `get-iam-policy`, `set-iam-policy`.

import type { Context } from '../context.ts';
import { warningOfReaders } from '../impact.ts';
import { nativeRef, type SecretRef, secretPath, secretRef } from '../names.ts';
import {
  addBinding,
  type BindingFlags,
  changePolicy,
  type Policy,
  type PolicyAccess,
  policyBody,
  type RemovalFlags,
  readCondition,
  readPolicyFile,
  removeBinding,
} from '../policy.ts';
import { type Resource, showOne } from '../show.ts';

interface Place {
  readonly location?: string;
}

export async function addSecretBinding(this: Context, flags: BindingFlags & Place, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const condition = await readCondition(this, flags);
  await change(this, ref, access(this, ref), (policy) => addBinding(policy, flags.member, flags.role, condition));
}

export async function removeSecretBinding(this: Context, flags: RemovalFlags & Place, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const condition = await readCondition(this, flags);
  await change(this, ref, warning(this, ref), (policy) =>
    removeBinding(policy, flags.member, flags.role, condition, flags.all === true),
  );
}

export async function getSecretPolicy(this: Context, flags: Place, id: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  await showOne(this, (await access(this, ref).get()) as Resource);
}

export async function setSecretPolicy(this: Context, flags: Place, id: string, file: string): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const policy = await warning(this, ref).set(await readPolicyFile(this, file));
  this.out.status(`Updated IAM policy for secret [${ref.secret}].`);
  await showOne(this, policy as Resource);
}

async function change(
  context: Context,
  ref: SecretRef,
  policies: PolicyAccess,
  changed: (policy: Policy) => Policy,
): Promise<void> {
  const policy = await changePolicy(policies, changed);
  context.out.status(`Updated IAM policy for secret [${ref.secret}].`);
  await showOne(context, policy as Resource);
}

/** For changes that may take reading from somebody. */
function warning(context: Context, ref: SecretRef): PolicyAccess {
  return warningOfReaders(context, '/coffer/v1/access:impact', nativeRef(ref), access(context, ref));
}

function access({ session }: Context, ref: SecretRef): PolicyAccess {
  const path = secretPath(ref);
  return {
    get: () =>
      session.request<Policy>('GET', `${path}:getIamPolicy`, undefined, { 'options.requestedPolicyVersion': '3' }),
    set: (policy) => session.request<Policy>('POST', `${path}:setIamPolicy`, policyBody(policy)),
  };
}
