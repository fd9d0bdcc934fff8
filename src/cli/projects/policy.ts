// `coffer projects add-iam-policy-binding`, `remove-…`, `get-iam-policy`, `set-iam-policy`.

import { segment } from '../../client/path.ts';
import type { Context } from '../context.ts';
import { warningOfReaders } from '../impact.ts';
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
import { type ListFlags, type Resource, showList, showOne } from '../show.ts';

export async function addProjectBinding(this: Context, flags: BindingFlags, id: string): Promise<void> {
  const condition = await readCondition(this, flags);
  await change(this, id, access(this, id), (policy) => addBinding(policy, flags.member, flags.role, condition));
}

export async function removeProjectBinding(this: Context, flags: RemovalFlags, id: string): Promise<void> {
  const condition = await readCondition(this, flags);
  await change(this, id, warning(this, id), (policy) =>
    removeBinding(policy, flags.member, flags.role, condition, flags.all === true),
  );
}

/** gcloud makes a list of one of it when it is flattened, so that --filter and --sort-by work on the bindings. */
export async function getProjectPolicy(this: Context, flags: ListFlags, id: string): Promise<void> {
  const policy = (await access(this, id).get()) as Resource;
  if (this.globals.flatten === undefined) return showOne(this, policy);
  await showList(this, flags, {
    defaultFormat: 'yaml',
    serverFilters: false,
    uri: () => `${this.session.connection.address}/v1/projects/${id}`,
    fetch: () => Promise.resolve({ items: [policy], nextPageToken: undefined }),
  });
}

export async function setProjectPolicy(this: Context, _flags: object, id: string, file: string): Promise<void> {
  const policy = await warning(this, id).set(await readPolicyFile(this, file));
  this.out.status(`Updated IAM policy for project [${id}].`);
  await showOne(this, policy as Resource);
}

async function change(
  context: Context,
  id: string,
  policies: PolicyAccess,
  changed: (policy: Policy) => Policy,
): Promise<void> {
  const policy = await changePolicy(policies, changed);
  context.out.status(`Updated IAM policy for project [${id}].`);
  await showOne(context, policy as Resource);
}

/** For changes that may take reading from somebody. */
function warning(context: Context, project: string): PolicyAccess {
  return warningOfReaders(context, '/coffer/v1/access:impactProject', { project }, access(context, project));
}

function access({ session }: Context, id: string): PolicyAccess {
  const path = `/v3/projects/${segment(id)}`;
  return {
    get: () => session.request<Policy>('POST', `${path}:getIamPolicy`, { options: { requestedPolicyVersion: 3 } }),
    set: (policy) => session.request<Policy>('POST', `${path}:setIamPolicy`, policyBody(policy)),
  };
}
