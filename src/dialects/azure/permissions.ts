// Which permissions the routes of a vault take. For explaining by which dialect somebody can make use of a permission.

import type { Permission } from '../../core/iam/permissions.ts';

export const AZURE_PERMISSIONS: ReadonlySet<Permission> = new Set<Permission>([
  'secretmanager.secrets.create',
  'secretmanager.secrets.delete',
  'secretmanager.secrets.get',
  'secretmanager.secrets.list',
  'secretmanager.secrets.update',
  'secretmanager.versions.access',
  'secretmanager.versions.add',
  'secretmanager.versions.disable',
  'secretmanager.versions.enable',
  'secretmanager.versions.list',
  'coffer.secrets.backup',
  'coffer.secrets.purge',
  'coffer.secrets.recover',
  'coffer.secrets.restore',
]);
