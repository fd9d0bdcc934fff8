// Google's permission names, the one vocabulary of every dialect. Source: the Secret Manager, Resource Manager and IAM
// pages of https://cloud.google.com/iam/docs/permissions-reference; `coffer.*` are ours.

export const PERMISSIONS = [
  'secretmanager.locations.get',
  'secretmanager.locations.list',
  'secretmanager.secrets.create',
  'secretmanager.secrets.delete',
  'secretmanager.secrets.get',
  'secretmanager.secrets.getIamPolicy',
  'secretmanager.secrets.list',
  'secretmanager.secrets.setIamPolicy',
  'secretmanager.secrets.update',
  'secretmanager.versions.access',
  'secretmanager.versions.add',
  'secretmanager.versions.destroy',
  'secretmanager.versions.disable',
  'secretmanager.versions.enable',
  'secretmanager.versions.get',
  'secretmanager.versions.list',
  'resourcemanager.projects.create',
  'resourcemanager.projects.get',
  'resourcemanager.projects.getIamPolicy',
  'resourcemanager.projects.list',
  'resourcemanager.projects.setIamPolicy',
  'resourcemanager.projects.update',
  'iam.serviceAccounts.create',
  'iam.serviceAccounts.delete',
  'iam.serviceAccounts.get',
  'iam.serviceAccounts.getAccessToken',
  'iam.serviceAccounts.list',
  'iam.serviceAccounts.update',
  'logging.privateLogEntries.list',
  'coffer.audit.verify',
  'coffer.server.get',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

const known: ReadonlySet<string> = new Set(PERMISSIONS);

export function isPermission(text: string): text is Permission {
  return known.has(text);
}
