// What IAM conditions are judged by: the attributes of the resource that an operation is about, as Google's services
// give them. Sources: https://cloud.google.com/iam/docs/conditions-resource-attributes and .../conditions-attribute-
// reference. Secrets, versions and keys have a name; projects, accounts and topics have a service and a type only, as
// there. A version is judged by the name that was asked for (`versions/latest`, an alias), which is what the real service
// checks and what its refusals name.

import type { ConditionContext, ResourceAttributes } from '../core/iam/condition.ts';
import { locationPart, secretKey } from '../core/name.ts';
import type { Scope, Target } from './operation.ts';

const kind = (service: string, type: string): ResourceAttributes => ({ service, type: `${service}/${type}` });

const PROJECT = kind('cloudresourcemanager.googleapis.com', 'Project');
const ACCOUNT = kind('iam.googleapis.com', 'ServiceAccount');
const SECRET = kind('secretmanager.googleapis.com', 'Secret');
const VERSION = kind('secretmanager.googleapis.com', 'SecretVersion');
/** By the first part of what lives below a project. */
const BELOW: Readonly<Record<string, ResourceAttributes>> = {
  tagKeys: kind('cloudresourcemanager.googleapis.com', 'TagKey'),
  tagValues: kind('cloudresourcemanager.googleapis.com', 'TagValue'),
  topics: kind('pubsub.googleapis.com', 'Topic'),
  subscriptions: kind('pubsub.googleapis.com', 'Subscription'),
};
const KEY_RING = kind('cloudkms.googleapis.com', 'KeyRing');
const KEY = kind('cloudkms.googleapis.com', 'CryptoKey');

/** The attributes of what `target` names; a create and a list are about the project. */
function resourceAttributes(target: Target, { project, secret }: Scope): ResourceAttributes {
  if (project === undefined) return {};
  if (target.secret !== undefined) {
    // However it was spelled: what is found is judged by the name that it has.
    const found = target.spelled || target.from !== undefined ? secret : undefined;
    const key = found === undefined ? target.secret : secretKey(found.name);
    const name = `projects/${project.number}/${locationPart(found?.location ?? target.location)}secrets/${key}`;
    const tags = secret === undefined ? {} : { tags: secret.tags };
    return target.version === undefined
      ? { ...SECRET, name, ...tags }
      : { ...VERSION, name: `${name}/versions/${target.version}`, ...tags };
  }
  if (target.account !== undefined) return ACCOUNT;
  if (target.below?.startsWith('keyRings/')) {
    const name = `projects/${project.number}/locations/global/${target.below}`;
    return { ...(target.below.includes('/cryptoKeys/') ? KEY : KEY_RING), name };
  }
  if (target.below !== undefined) return BELOW[target.below.slice(0, target.below.indexOf('/'))] ?? {};
  return PROJECT;
}

/** What conditions on `target` are judged by, beside the request's own permission check. */
export function contextOf(target: Target, scope: Scope, time: number): ConditionContext {
  return { time, resource: () => resourceAttributes(target, scope) };
}
