// Predefined roles and what they hold, of the permissions this server knows. Source:
// https://cloud.google.com/secret-manager/docs/access-control and https://cloud.google.com/iam/docs/understanding-roles.
// Editor adds and manages versions but cannot read them; only owner and secretAccessor (and admin) can.

import { PERMISSIONS, type Permission } from './permissions.ts';

const PROJECT_VIEW = ['resourcemanager.projects.get', 'resourcemanager.projects.list'] as const;

const SECRET_VIEW = [
  'secretmanager.locations.get',
  'secretmanager.locations.list',
  'secretmanager.secrets.get',
  'secretmanager.secrets.getIamPolicy',
  'secretmanager.secrets.list',
  'secretmanager.versions.get',
  'secretmanager.versions.list',
] as const;

const VERSION_MANAGE = [
  'secretmanager.versions.add',
  'secretmanager.versions.destroy',
  'secretmanager.versions.disable',
  'secretmanager.versions.enable',
] as const;

const BASIC_VIEW = [
  ...SECRET_VIEW,
  'resourcemanager.projects.get',
  'resourcemanager.projects.getIamPolicy',
  'iam.serviceAccounts.get',
  'iam.serviceAccounts.list',
] as const;

const BASIC_EDIT = [
  ...BASIC_VIEW,
  ...VERSION_MANAGE,
  'secretmanager.secrets.create',
  'secretmanager.secrets.delete',
  'secretmanager.secrets.update',
  'resourcemanager.projects.update',
  'iam.serviceAccounts.create',
  'iam.serviceAccounts.delete',
  'iam.serviceAccounts.update',
] as const;

const ROLES: Readonly<Record<string, ReadonlySet<Permission>>> = {
  'roles/viewer': new Set(BASIC_VIEW),
  'roles/editor': new Set(BASIC_EDIT),
  'roles/owner': new Set([
    ...BASIC_EDIT,
    'secretmanager.secrets.setIamPolicy',
    'secretmanager.versions.access',
    'resourcemanager.projects.list',
    'resourcemanager.projects.setIamPolicy',
    'logging.privateLogEntries.list',
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
    ...PERMISSIONS.filter((permission) => permission.startsWith('secretmanager.')),
  ]),
  'roles/iam.serviceAccountTokenCreator': new Set([
    ...PROJECT_VIEW,
    'iam.serviceAccounts.get',
    'iam.serviceAccounts.getAccessToken',
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
  'roles/resourcemanager.projectIamAdmin': new Set([
    ...PROJECT_VIEW,
    'resourcemanager.projects.getIamPolicy',
    'resourcemanager.projects.setIamPolicy',
  ]),
  'roles/resourcemanager.projectCreator': new Set(['resourcemanager.projects.create']),
  'roles/logging.privateLogViewer': new Set(['resourcemanager.projects.get', 'logging.privateLogEntries.list']),
  'roles/coffer.admin': new Set(PERMISSIONS),
};

/** True where `role` is one this server defines; a policy that names another is refused, never ignored. */
export function isRole(role: string): boolean {
  return Object.hasOwn(ROLES, role);
}

export function roleGrants(role: string, permission: Permission): boolean {
  return Object.hasOwn(ROLES, role) && (ROLES[role] as ReadonlySet<Permission>).has(permission);
}
