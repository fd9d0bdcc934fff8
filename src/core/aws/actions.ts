// The one table between AWS's actions and the permissions that every dialect shares. A request by AWS's API is judged by its
// own action; any other stands for the actions that do the same there, so that no other API gets around a rule.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html

import type { Permission } from '../iam/permissions.ts';

const UPDATES = [
  ...['UpdateSecret', 'UpdateSecretVersionStage', 'TagResource', 'UntagResource', 'RotateSecret', 'CancelRotateSecret'],
  ...['ReplicateSecretToRegions', 'RemoveRegionsFromReplication', 'StopReplicationToReplica'],
] as const;

/** What each permission is, in the actions of Secrets Manager. A permission that is not here is none of AWS's. */
const SECRETS: Readonly<Partial<Record<Permission, readonly string[]>>> = {
  'secretmanager.versions.access': ['GetSecretValue'],
  'secretmanager.versions.get': ['DescribeSecret'],
  'secretmanager.versions.list': ['ListSecretVersionIds'],
  'secretmanager.versions.add': ['PutSecretValue'],
  'secretmanager.versions.enable': ['UpdateSecretVersionStage'],
  'secretmanager.versions.disable': ['UpdateSecretVersionStage'],
  'secretmanager.versions.destroy': ['DeleteSecret', 'UpdateSecretVersionStage'],
  'secretmanager.secrets.get': ['DescribeSecret'],
  'secretmanager.secrets.list': ['ListSecrets'],
  'secretmanager.secrets.create': ['CreateSecret'],
  'secretmanager.secrets.update': UPDATES,
  'secretmanager.secrets.delete': ['DeleteSecret'],
  'secretmanager.secrets.getIamPolicy': ['GetResourcePolicy'],
  'secretmanager.secrets.setIamPolicy': ['PutResourcePolicy', 'DeleteResourcePolicy'],
  'secretmanager.secrets.listTagBindings': ['DescribeSecret'],
  'secretmanager.secrets.listEffectiveTags': ['DescribeSecret'],
  'secretmanager.secrets.createTagBinding': ['TagResource'],
  'secretmanager.secrets.deleteTagBinding': ['UntagResource'],
  'coffer.secrets.backup': ['GetSecretValue'],
  'coffer.secrets.restore': ['CreateSecret'],
  'coffer.secrets.recover': ['RestoreSecret'],
  'coffer.secrets.purge': ['DeleteSecret'],
};

/** Operations that take a permission which says less than AWS's action does. */
const BY_OPERATION: Readonly<Record<string, readonly string[]>> = {
  'secrets.promote': ['UpdateSecretVersionStage'],
  'secrets.rollback': ['UpdateSecretVersionStage'],
};

const ASSUME: Permission = 'iam.serviceAccounts.getAccessToken';

/**
 * The actions that a request by another API stands for; `known`: AWS has them, so a policy of AWS's can grant them too.
 * Any other is denied where everything is.
 */
export function actionsOf(
  permission: Permission,
  operation?: string,
): { readonly actions: readonly string[]; readonly known: boolean } {
  const names = (operation === undefined ? undefined : BY_OPERATION[operation]) ?? SECRETS[permission];
  if (names !== undefined) return { actions: names.map((name) => `secretsmanager:${name}`), known: true };
  if (permission === ASSUME) return { actions: ['sts:AssumeRole'], known: true };
  return { actions: [`coffer:${permission}`], known: false };
}

/**
 * What each action may do by a grant of AWS's alone: the dialect cannot make more of it than its name says. Those that
 * change several things take the permission of each.
 */
const MAY: Readonly<Record<string, readonly Permission[]>> = {
  BatchGetSecretValue: ['secretmanager.versions.access', 'secretmanager.secrets.list', 'secretmanager.versions.get'],
  GetSecretValue: ['secretmanager.versions.access', 'secretmanager.versions.get'],
  DescribeSecret: ['secretmanager.secrets.get', 'secretmanager.versions.list', 'secretmanager.versions.get'],
  ListSecrets: ['secretmanager.secrets.list'],
  ListSecretVersionIds: ['secretmanager.versions.list', 'secretmanager.secrets.get'],
  CreateSecret: ['secretmanager.secrets.create', 'secretmanager.versions.add', 'secretmanager.secrets.update'],
  PutSecretValue: ['secretmanager.versions.add', 'secretmanager.secrets.update'],
  UpdateSecret: ['secretmanager.secrets.update', 'secretmanager.versions.add'],
  UpdateSecretVersionStage: ['secretmanager.versions.add', 'secretmanager.secrets.update'],
  DeleteSecret: ['secretmanager.secrets.delete', 'coffer.secrets.purge'],
  RestoreSecret: ['coffer.secrets.recover'],
  RotateSecret: ['secretmanager.secrets.update', 'secretmanager.versions.add'],
  CancelRotateSecret: ['secretmanager.secrets.update'],
  TagResource: ['secretmanager.secrets.update'],
  UntagResource: ['secretmanager.secrets.update'],
  ReplicateSecretToRegions: ['secretmanager.secrets.update'],
  RemoveRegionsFromReplication: ['secretmanager.secrets.update'],
  StopReplicationToReplica: ['secretmanager.secrets.update', 'secretmanager.secrets.create'],
  GetResourcePolicy: ['secretmanager.secrets.getIamPolicy'],
  PutResourcePolicy: ['secretmanager.secrets.setIamPolicy'],
  DeleteResourcePolicy: ['secretmanager.secrets.setIamPolicy'],
  ValidateResourcePolicy: ['secretmanager.secrets.getIamPolicy'],
};

/** Whether a grant of this action, such as `secretsmanager:GetSecretValue`, may give the permission. */
export function mayGive(action: string, permission: Permission): boolean {
  if (action === 'sts:AssumeRole') return permission === ASSUME;
  const [service, name = ''] = action.split(':');
  return service === 'secretsmanager' && Object.hasOwn(MAY, name) && MAY[name]?.includes(permission) === true;
}
