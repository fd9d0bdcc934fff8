// Which permissions the operations of AWS's services take. For explaining by which dialect somebody can make use of a
// permission.

import type { Permission } from '../../core/iam/permissions.ts';

export const AWS_PERMISSIONS: ReadonlySet<Permission> = new Set<Permission>([
  'secretmanager.secrets.create',
  'secretmanager.secrets.delete',
  'secretmanager.secrets.get',
  'secretmanager.secrets.getIamPolicy',
  'secretmanager.secrets.list',
  'secretmanager.secrets.setIamPolicy',
  'secretmanager.secrets.update',
  'secretmanager.versions.access',
  'secretmanager.versions.add',
  'secretmanager.versions.list',
  'coffer.keys.create',
  'coffer.keys.delete',
  'coffer.keys.encrypt',
  'coffer.keys.get',
  'coffer.keys.list',
  'coffer.keys.update',
  'coffer.secrets.purge',
  'coffer.secrets.recover',
]);
