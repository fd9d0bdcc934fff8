// The operation table: everything that can be asked of a server, one row each.

import { explainProjectAccess, explainSecretAccess, whoAccess } from './access.ts';
import {
  createAccountKey,
  deleteAccountKey,
  disableAccountKey,
  enableAccountKey,
  getAccountKey,
  listAccountKeys,
  nameAccountKey,
  prepareAccountKey,
} from './account-keys.ts';
import { createAccount, deleteAccount, getAccount, listAccounts } from './accounts.ts';
import { exchangeClient, narrowToken } from './audience-tokens.ts';
import { exportAudit, pruneAudit, queryAudit, verifyAudit } from './audit.ts';
import { createAccessKey, importAccessKey } from './aws/access-keys.ts';
import { setAwsAccount } from './aws/account.ts';
import { createAwsSecret } from './aws/create-secret.ts';
import { describeSecret } from './aws/describe-secret.ts';
import { deleteAccountPolicy, listAccountPolicies, setAccountPolicy } from './aws/identity-policies.ts';
import { createKmsAlias, deleteKmsAlias, listKmsAliases, updateKmsAlias } from './aws/kms-aliases.ts';
import {
  cancelKmsKeyDeletion,
  createKmsKey,
  disableKmsKey,
  enableKmsKey,
  getKmsKey,
  getKmsKeyPolicy,
  purgeKmsKey,
  scheduleKmsKeyDeletion,
  setKmsKeyPolicy,
} from './aws/kms-keys.ts';
import { listSeen } from './aws/list-secrets.ts';
import { listSeenVersions } from './aws/list-versions.ts';
import { moveStage } from './aws/move-stage.ts';
import { amendSecret, putVersion } from './aws/put-version.ts';
import { randomPassword } from './aws/random-password.ts';
import { replicateSecret } from './aws/replicate.ts';
import { deleteAwsPolicy, getAwsPolicy, setAwsPolicy, validateAwsPolicy } from './aws/resource-policies.ts';
import { assumeOwnRole, assumeRole, identifySigner, issueSession } from './aws/sessions.ts';
import { stopReplication } from './aws/stop-replication.ts';
import { tagSecret } from './aws/tag-secret.ts';
import { createBackup, endBackup, readBackup } from './backup.ts';
import { backUpSecret, restoreBackup } from './backup-of-secret.ts';
import { createClientSecret, uploadAccountKey } from './client-secrets.ts';
import { listConsumers } from './consumers.ts';
import { promoteVersion, rollbackSecret } from './current.ts';
import { listCurrent } from './current-versions.ts';
import { deleteProject } from './delete-project.ts';
import { getDeletedSecret, purgeDeletedSecret, restoreSecret } from './deleted-secrets.ts';
import { dropOldEvents, listEventTypes, queryEvents } from './events.ts';
import { exchangeForIdToken, generateIdToken } from './id-tokens.ts';
import { projectImpact, secretImpact } from './impact.ts';
import { createKey, deleteKey, getKey, listKeys, trimKey, updateKey } from './keys.ts';
import { backupKey, exportKey } from './keys-export.ts';
import { getWrappingKey, importKey, importKeyVersion, restoreKey } from './keys-import.ts';
import { hashInput, makeRandom } from './keys-random.ts';
import { rotateDueKey, rotateKey } from './keys-rotate.ts';
import { decrypt, encrypt, makeDataKey, rewrap } from './keys-seal.ts';
import { mac, sign, verify, verifyMac } from './keys-sign.ts';
import { wrapKeyFor } from './keys-wrap.ts';
import { getLocation, listLocations } from './locations.ts';
import { enableManagedRotation, rotateSecret } from './managed-rotation.ts';
import type { Operation } from './operation.ts';
import { getProjectPolicy, getSecretPolicy, setProjectPolicy, setSecretPolicy, testPermissions } from './policies.ts';
import { createProject, getProject, listProjects } from './projects.ts';
import { openProxy } from './proxy.ts';
import { getQuotas, setQuotas } from './quotas.ts';
import { whatAccess } from './reach.ts';
import { getReaderGuard, setReaderGuard } from './reader-settings.ts';
import { rejectRequest } from './rejected.ts';
import { claimRotation, renewRotation, stepRotation } from './rotation/advance-rotation.ts';
import { cancelRotation } from './rotation/cancel-rotation.ts';
import { startRotation } from './rotation/start-rotation.ts';
import { sameValue } from './same-value.ts';
import { listSecrets } from './secret-list.ts';
import { createSecret, deleteSecret, getSecret, updateSecret } from './secrets.ts';
import { getSeal } from './server.ts';
import { setSecret } from './set-secret.ts';
import { createSubscription, deleteSubscription, getSubscription, listSubscriptions } from './subscriptions.ts';
import { announceRotation, destroyDueVersion, expireSecret, purgeSecret } from './sweep.ts';
import { createTagBinding, deleteTagBinding, listEffectiveTags, listTagBindings } from './tag-bindings.ts';
import {
  createTagKey,
  createTagValue,
  deleteTagKey,
  deleteTagValue,
  getTagKey,
  getTagValue,
  listTagKeys,
  listTagValues,
} from './tags.ts';
import { exchangeAssertion, generateToken, inspectToken, issueToken, revokeToken } from './tokens.ts';
import { createTopic, deleteTopic, getTopic, listTopicSubscriptions, listTopics } from './topics.ts';
import { updateVersion } from './update-version.ts';
import { generateVaultToken, renewVaultToken } from './vault/account-tokens.ts';
import { listNames, shapeOfCurrent } from './vault/kv-rows.ts';
import {
  vaultAsk,
  vaultDelete,
  vaultInternal,
  vaultList,
  vaultLogin,
  vaultOpen,
  vaultRead,
  vaultWrite,
} from './vault/logical.ts';
import { describeProject } from './vault/project-metadata.ts';
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
  restoreSecret,
  getDeletedSecret,
  purgeDeletedSecret,
  listCurrent,
  setSecret,
  createAwsSecret,
  describeSecret,
  listSeen,
  amendSecret,
  tagSecret,
  replicateSecret,
  stopReplication,
  putVersion,
  moveStage,
  listSeenVersions,
  randomPassword,
  backUpSecret,
  restoreBackup,
  promoteVersion,
  rollbackSecret,
  addVersion,
  getVersion,
  listVersions,
  accessVersion,
  updateVersion,
  sameValue,
  enableVersion,
  disableVersion,
  destroyVersion,
  enableManagedRotation,
  rotateSecret,
  startRotation,
  cancelRotation,
  claimRotation,
  renewRotation,
  stepRotation,
  getLocation,
  listLocations,
  getSecretPolicy,
  setSecretPolicy,
  getProjectPolicy,
  setProjectPolicy,
  testPermissions,
  getAwsPolicy,
  setAwsPolicy,
  deleteAwsPolicy,
  validateAwsPolicy,
  listAccountPolicies,
  setAccountPolicy,
  deleteAccountPolicy,
  createProject,
  getProject,
  listProjects,
  deleteProject,
  describeProject,
  setAwsAccount,
  createAccount,
  getAccount,
  listAccounts,
  deleteAccount,
  prepareAccountKey,
  createAccountKey,
  nameAccountKey,
  createClientSecret,
  createAccessKey,
  importAccessKey,
  uploadAccountKey,
  listAccountKeys,
  getAccountKey,
  deleteAccountKey,
  disableAccountKey,
  enableAccountKey,
  generateToken,
  issueToken,
  revokeToken,
  exchangeAssertion,
  inspectToken,
  narrowToken,
  issueSession,
  assumeRole,
  assumeOwnRole,
  identifySigner,
  exchangeClient,
  rejectRequest,
  generateIdToken,
  exchangeForIdToken,
  openProxy,
  queryAudit,
  verifyAudit,
  exportAudit,
  pruneAudit,
  createBackup,
  readBackup,
  endBackup,
  getSeal,
  createTopic,
  getTopic,
  listTopics,
  listTopicSubscriptions,
  deleteTopic,
  createSubscription,
  getSubscription,
  listSubscriptions,
  deleteSubscription,
  createTagKey,
  getTagKey,
  listTagKeys,
  deleteTagKey,
  createTagValue,
  getTagValue,
  listTagValues,
  deleteTagValue,
  createTagBinding,
  listTagBindings,
  listEffectiveTags,
  deleteTagBinding,
  createKey,
  getKey,
  listKeys,
  updateKey,
  rotateKey,
  rotateDueKey,
  trimKey,
  deleteKey,
  encrypt,
  decrypt,
  rewrap,
  makeDataKey,
  sign,
  verify,
  mac,
  verifyMac,
  exportKey,
  wrapKeyFor,
  backupKey,
  getWrappingKey,
  importKey,
  importKeyVersion,
  restoreKey,
  createKmsKey,
  getKmsKey,
  getKmsKeyPolicy,
  setKmsKeyPolicy,
  enableKmsKey,
  disableKmsKey,
  scheduleKmsKeyDeletion,
  cancelKmsKeyDeletion,
  purgeKmsKey,
  createKmsAlias,
  updateKmsAlias,
  deleteKmsAlias,
  listKmsAliases,
  makeRandom,
  hashInput,
  queryEvents,
  listEventTypes,
  dropOldEvents,
  expireSecret,
  purgeSecret,
  announceRotation,
  destroyDueVersion,
  listNames,
  shapeOfCurrent,
  vaultRead,
  vaultList,
  vaultAsk,
  vaultWrite,
  vaultDelete,
  vaultOpen,
  vaultLogin,
  vaultInternal,
  generateVaultToken,
  renewVaultToken,
  getQuotas,
  setQuotas,
  getReaderGuard,
  setReaderGuard,
  listConsumers,
  whoAccess,
  whatAccess,
  explainSecretAccess,
  explainProjectAccess,
  secretImpact,
  projectImpact,
];

const byName: ReadonlyMap<string, Operation<unknown, unknown>> = new Map(
  OPERATIONS.map((each) => [each.name, each as Operation<unknown, unknown>]),
);

/** The operation of that name; throws where there is none, which is a bug of whoever asks. */
export function operationNamed(name: string): Operation<unknown, unknown> {
  const found = byName.get(name);
  if (found === undefined) throw new TypeError(`no operation is named ${name}`);
  return found;
}
