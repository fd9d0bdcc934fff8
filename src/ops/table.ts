// The operation table: everything that can be asked of a server, one row each.

import { createAccount, deleteAccount, getAccount, listAccounts } from './accounts.ts';
import { queryAudit, verifyAudit } from './audit.ts';
import type { Operation } from './operation.ts';
import { getProjectPolicy, getSecretPolicy, setProjectPolicy, setSecretPolicy, testPermissions } from './policies.ts';
import { createProject, getProject, listProjects } from './projects.ts';
import { createSecret, deleteSecret, getSecret, listSecrets, updateSecret } from './secrets.ts';
import { getSeal } from './server.ts';
import { generateToken, issueToken, revokeToken } from './tokens.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  getVersion,
  listVersions,
} from './versions.ts';

// biome-ignore lint/suspicious/noExplicitAny: a table of operations of every command and result
export const OPERATIONS: readonly Operation<any, unknown>[] = [
  createSecret,
  getSecret,
  listSecrets,
  updateSecret,
  deleteSecret,
  addVersion,
  getVersion,
  listVersions,
  accessVersion,
  enableVersion,
  disableVersion,
  destroyVersion,
  getSecretPolicy,
  setSecretPolicy,
  getProjectPolicy,
  setProjectPolicy,
  testPermissions,
  createProject,
  getProject,
  listProjects,
  createAccount,
  getAccount,
  listAccounts,
  deleteAccount,
  generateToken,
  issueToken,
  revokeToken,
  queryAudit,
  verifyAudit,
  getSeal,
];
