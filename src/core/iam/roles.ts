// Predefined roles and what they hold, of the permissions this server knows. Source:
// https://cloud.google.com/secret-manager/docs/access-control and https://cloud.google.com/iam/docs/understanding-roles.
// Editor adds and manages versions but cannot read them; only owner and secretAccessor (and admin) can.

import { PERMISSIONS, type Permission } from './permissions.ts';

const PROJECT_VIEW = ['resourcemanager.projects.get', 'resourcemanager.projects.list'] as const;

const TAG_VIEW = [
  'resourcemanager.tagKeys.get',
  'resourcemanager.tagKeys.list',
  'resourcemanager.tagValues.get',
  'resourcemanager.tagValues.list',
] as const;

const TAG_BIND = ['resourcemanager.tagValueBindings.create', 'resourcemanager.tagValueBindings.delete'] as const;

const TAG_MANAGE = PERMISSIONS.filter((permission) => /^resourcemanager\.(?:tagKeys|tagValues)\./.test(permission));

const SECRET_TAG_VIEW = ['secretmanager.secrets.listEffectiveTags', 'secretmanager.secrets.listTagBindings'] as const;

const SECRET_TAG_BIND = ['secretmanager.secrets.createTagBinding', 'secretmanager.secrets.deleteTagBinding'] as const;

const SECRET_VIEW = [
  'secretmanager.locations.get',
  'secretmanager.locations.list',
  'secretmanager.secrets.get',
  'secretmanager.secrets.getIamPolicy',
  'secretmanager.secrets.list',
  ...SECRET_TAG_VIEW,
  'secretmanager.versions.get',
  'secretmanager.versions.list',
] as const;

const VERSION_MANAGE = [
  'secretmanager.versions.add',
  'secretmanager.versions.destroy',
  'secretmanager.versions.disable',
  'secretmanager.versions.enable',
] as const;

const PUBSUB_VIEW = [
  'pubsub.subscriptions.get',
  'pubsub.subscriptions.list',
  'pubsub.topics.get',
  'pubsub.topics.list',
] as const;

const PUBSUB_EDIT = PERMISSIONS.filter((permission) => permission.startsWith('pubsub.'));

const KEYS_VIEW = ['coffer.keys.get', 'coffer.keys.list'] as const;

/** What makes and keeps keys, and lets nobody use one or take its material out. */
const KEYS_EDIT = [
  ...KEYS_VIEW,
  'coffer.keys.create',
  'coffer.keys.import',
  'coffer.keys.rotate',
  'coffer.keys.update',
] as const;

const KEYS_ADMIN = [...KEYS_EDIT, 'coffer.keys.delete', 'coffer.keys.trim'] as const;

/** Nothing of this tells a caller what it did not have. */
const KEYS_ENCRYPT = ['coffer.keys.encrypt', 'coffer.keys.rewrap', 'coffer.keys.random'] as const;

const KEYS_SIGN = ['coffer.keys.mac', 'coffer.keys.sign', 'coffer.keys.random'] as const;

const BASIC_VIEW = [
  ...KEYS_VIEW,
  ...SECRET_VIEW,
  'resourcemanager.projects.get',
  'resourcemanager.projects.getIamPolicy',
  ...TAG_VIEW,
  'iam.serviceAccountKeys.get',
  'iam.serviceAccountKeys.list',
  'iam.serviceAccounts.get',
  'iam.serviceAccounts.list',
  ...PUBSUB_VIEW,
  'serviceusage.quotas.get',
] as const;

/** By who may do what each of them undoes, or does for good. */
const RECOVERY = ['coffer.secrets.purge', 'coffer.secrets.recover', 'coffer.secrets.restore'] as const;

const BASIC_EDIT = [
  ...BASIC_VIEW,
  ...KEYS_EDIT,
  ...PUBSUB_EDIT,
  ...VERSION_MANAGE,
  'secretmanager.secrets.create',
  'secretmanager.secrets.delete',
  'secretmanager.secrets.update',
  ...RECOVERY,
  'resourcemanager.projects.update',
  ...TAG_MANAGE,
  ...TAG_BIND,
  'iam.serviceAccounts.create',
  'iam.serviceAccounts.delete',
  'iam.serviceAccounts.update',
] as const;

/** Azure's permissions of a secret, which its access policies are made of. */
const VAULT_GET = ['secretmanager.secrets.get', 'secretmanager.versions.access', 'secretmanager.versions.get'] as const;
const VAULT_LIST = ['secretmanager.secrets.list', 'secretmanager.versions.list'] as const;
const VAULT_SET = [
  'secretmanager.secrets.create',
  'secretmanager.secrets.update',
  'secretmanager.versions.add',
  'secretmanager.versions.disable',
  'secretmanager.versions.enable',
] as const;

/** All that can be done to the secrets of a vault. */
const VAULT_ALL = [
  ...VAULT_GET,
  ...VAULT_LIST,
  ...VAULT_SET,
  'secretmanager.secrets.delete',
  'coffer.secrets.backup',
  ...RECOVERY,
] as const;

const KEY_MANAGE = PERMISSIONS.filter((permission) => permission.startsWith('iam.serviceAccountKeys.'));

/** Azure's built-in roles and the permissions of its access policies, under Azure's names. */
const AZURE_ROLES: Readonly<Record<string, ReadonlySet<Permission>>> = {
  'Key Vault Administrator': new Set([...PROJECT_VIEW, ...VAULT_ALL]),
  'Key Vault Secrets Officer': new Set([...PROJECT_VIEW, ...VAULT_ALL]),
  'Key Vault Secrets User': new Set([...VAULT_GET, ...VAULT_LIST]),
  'Key Vault Reader': new Set([
    ...PROJECT_VIEW,
    ...VAULT_LIST,
    'secretmanager.secrets.get',
    'secretmanager.versions.get',
  ]),
  'Key Vault Purge Operator': new Set([
    'coffer.secrets.purge',
    'secretmanager.secrets.get',
    'secretmanager.secrets.list',
  ]),
  'azure.accessPolicy/secrets/get': new Set(VAULT_GET),
  'azure.accessPolicy/secrets/list': new Set(VAULT_LIST),
  'azure.accessPolicy/secrets/set': new Set(VAULT_SET),
  'azure.accessPolicy/secrets/delete': new Set(['secretmanager.secrets.delete']),
  'azure.accessPolicy/secrets/recover': new Set(['coffer.secrets.recover']),
  'azure.accessPolicy/secrets/purge': new Set(['coffer.secrets.purge']),
  'azure.accessPolicy/secrets/backup': new Set(['coffer.secrets.backup']),
  'azure.accessPolicy/secrets/restore': new Set(['coffer.secrets.restore']),
};

const ROLES: Readonly<Record<string, ReadonlySet<Permission>>> = {
  'roles/viewer': new Set(BASIC_VIEW),
  'roles/editor': new Set(BASIC_EDIT),
  'roles/owner': new Set([
    ...BASIC_EDIT,
    ...KEY_MANAGE,
    ...SECRET_TAG_BIND,
    ...PERMISSIONS.filter((permission) => permission.startsWith('coffer.keys.')),
    'secretmanager.secrets.setIamPolicy',
    'secretmanager.versions.access',
    'coffer.secrets.backup',
    'resourcemanager.projects.delete',
    'resourcemanager.projects.list',
    'resourcemanager.projects.setIamPolicy',
    'logging.privateLogEntries.list',
    'serviceusage.quotas.update',
  ]),
  'roles/secretmanager.viewer': new Set([...PROJECT_VIEW, ...SECRET_VIEW]),
  'roles/secretmanager.secretAccessor': new Set([...PROJECT_VIEW, 'secretmanager.versions.access']),
  'roles/secretmanager.secretVersionAdder': new Set([...PROJECT_VIEW, 'secretmanager.versions.add']),
  'roles/secretmanager.secretVersionManager': new Set([
    ...PROJECT_VIEW,
    ...VERSION_MANAGE,
    'secretmanager.versions.get',
    'secretmanager.versions.list',
  ]),
  'roles/secretmanager.admin': new Set([
    ...PROJECT_VIEW,
    ...PERMISSIONS.filter((permission) => /^(?:secretmanager|coffer\.secrets)\./.test(permission)),
  ]),
  'roles/iam.serviceAccountTokenCreator': new Set([
    ...PROJECT_VIEW,
    'iam.serviceAccounts.get',
    'iam.serviceAccounts.getAccessToken',
    'iam.serviceAccounts.getOpenIdToken',
    'iam.serviceAccounts.list',
  ]),
  'roles/iam.serviceAccountOpenIdTokenCreator': new Set(['iam.serviceAccounts.getOpenIdToken']),
  'roles/iam.serviceAccountKeyAdmin': new Set([
    ...PROJECT_VIEW,
    ...KEY_MANAGE,
    'iam.serviceAccounts.get',
    'iam.serviceAccounts.list',
  ]),
  'roles/iam.serviceAccountAdmin': new Set([
    ...PROJECT_VIEW,
    'iam.serviceAccounts.create',
    'iam.serviceAccounts.delete',
    'iam.serviceAccounts.get',
    'iam.serviceAccounts.list',
    'iam.serviceAccounts.update',
  ]),
  'roles/resourcemanager.projectDeleter': new Set([...PROJECT_VIEW, 'resourcemanager.projects.delete']),
  'roles/resourcemanager.projectIamAdmin': new Set([
    ...PROJECT_VIEW,
    'resourcemanager.projects.getIamPolicy',
    'resourcemanager.projects.setIamPolicy',
  ]),
  'roles/resourcemanager.tagAdmin': new Set(TAG_MANAGE),
  'roles/resourcemanager.tagUser': new Set([
    'resourcemanager.projects.get',
    ...TAG_VIEW,
    ...TAG_BIND,
    ...SECRET_TAG_VIEW,
    ...SECRET_TAG_BIND,
  ]),
  'roles/resourcemanager.tagViewer': new Set([...TAG_VIEW, ...SECRET_TAG_VIEW]),
  'roles/resourcemanager.projectCreator': new Set(['resourcemanager.projects.create']),
  'roles/logging.privateLogViewer': new Set(['resourcemanager.projects.get', 'logging.privateLogEntries.list']),
  'roles/pubsub.viewer': new Set(['resourcemanager.projects.get', ...PUBSUB_VIEW]),
  'roles/pubsub.editor': new Set(['resourcemanager.projects.get', ...PUBSUB_EDIT]),
  'roles/pubsub.admin': new Set(['resourcemanager.projects.get', ...PUBSUB_EDIT]),
  'roles/pubsub.publisher': new Set(['pubsub.topics.publish']),
  'roles/pubsub.subscriber': new Set(['pubsub.subscriptions.consume', 'pubsub.topics.attachSubscription']),
  'roles/servicemanagement.quotaAdmin': new Set([
    ...PROJECT_VIEW,
    'serviceusage.quotas.get',
    'serviceusage.quotas.update',
  ]),
  'roles/coffer.keyViewer': new Set(KEYS_VIEW),
  'roles/coffer.keyAdmin': new Set(KEYS_ADMIN),
  'roles/coffer.keyEncrypter': new Set(KEYS_ENCRYPT),
  'roles/coffer.keyDecrypter': new Set(['coffer.keys.decrypt']),
  'roles/coffer.keyEncrypterDecrypter': new Set([...KEYS_ENCRYPT, 'coffer.keys.decrypt']),
  'roles/coffer.keySigner': new Set(KEYS_SIGN),
  'roles/coffer.keyVerifier': new Set(['coffer.keys.verify']),
  'roles/coffer.keySignerVerifier': new Set([...KEYS_SIGN, 'coffer.keys.verify']),
  'roles/coffer.keyExporter': new Set(['coffer.keys.export']),
  'roles/coffer.admin': new Set(PERMISSIONS),
  ...AZURE_ROLES,
};

/** True where `role` is one this server defines; a policy that names another is refused, never ignored. */
export function isRole(role: string): boolean {
  return Object.hasOwn(ROLES, role);
}

const BASIC: ReadonlySet<string> = new Set(['roles/owner', 'roles/editor', 'roles/viewer']);

/** The roles from before there were services' own; IAM takes no conditions on them. */
export function isBasicRole(role: string): boolean {
  return BASIC.has(role);
}

export function roleGrants(role: string, permission: Permission): boolean {
  return Object.hasOwn(ROLES, role) && (ROLES[role] as ReadonlySet<Permission>).has(permission);
}
