// The permissions of IAM that can be made use of by Vault's API: those of secrets and versions, those of keys, and that of
// its own engines.

import { PERMISSIONS } from '../../core/iam/permissions.ts';
import { createSecret, deleteSecret, getSecret, updateSecret } from '../../ops/secrets.ts';
import { listNames } from '../../ops/vault/kv-rows.ts';
import { vaultRead } from '../../ops/vault/logical.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  getVersion,
  listVersions,
} from '../../ops/versions.ts';

export const VAULT_PERMISSIONS: ReadonlySet<string> = new Set([
  ...PERMISSIONS.filter((permission) => permission.startsWith('coffer.keys.')),
  ...[
    ...[createSecret, getSecret, updateSecret, deleteSecret, listNames, vaultRead],
    ...[addVersion, getVersion, listVersions, accessVersion, enableVersion, disableVersion, destroyVersion],
  ].map(({ permission }) => permission),
]);
