// Each change as the statements that make it. Plain data, shared by every engine. A statement that must touch exactly
// one row says so: an update or a deletion of nothing is a bug of its caller and rolls everything back.

import type { AccountDeletion } from '../core/account-deletion.ts';
import type { KeyChange } from '../core/keys/rows.ts';
import type { Change } from '../core/ports.ts';
import { accountPrincipal } from '../core/principal.ts';
import { policyColumn } from './columns.ts';
import { deleteProject } from './projects.ts';
import { writeRotation } from './rotations.ts';
import { ACCOUNT_KEY_DELETE } from './sql/account-keys.ts';
import { ACCOUNT_DELETE } from './sql/accounts.ts';
import { CENSUS_DELETE, CENSUS_DELETE_AT, MEMBER_DELETE } from './sql/census.ts';
import { SECRET_DELETE, SECRETS_DELETE_AT } from './sql/secrets.ts';
import { SERVER_UPDATE } from './sql/server.ts';
import { TAG_BINDING_DELETE, TAG_BINDING_INSERT, TAG_KEY_DELETE, TAG_VALUE_DELETE } from './sql/tags.ts';
import { TOKEN_DELETE, TOKENS_DELETE_OF_MEMBER, TOKENS_DELETE_OF_PARENT } from './sql/tokens.ts';
import { SUBSCRIPTION_DELETE, TOPIC_DELETE } from './sql/topics.ts';
import { VERSIONS_DELETE, VERSIONS_DELETE_AT } from './sql/versions.ts';
import { writeVault } from './vault.ts';
import { any, one, type Rewrite, type Write } from './write.ts';
import { insertAccount, insertAccountKey, insertToken, updateAccount, updateAccountKey } from './writes-accounts.ts';
import { deleteEventsBefore, insertEvent, insertSubscription, insertTopic } from './writes-events.ts';
import { writesOfKeys } from './writes-keys.ts';
import { insertMembers } from './writes-members.ts';
import { renameMember, retirePrincipal } from './writes-policies.ts';
import {
  insertProject,
  insertSecret,
  insertVersion,
  updateProject,
  updateSecret,
  updateVersion,
} from './writes-secrets.ts';
import { insertTagKey, insertTagValue } from './writes-tags.ts';

/** The statements of a change, in their order. */
export function writesOf(change: Change): readonly (Write | Rewrite)[] {
  switch (change.change) {
    case 'account.delete':
      return deleteAccount(change);
    case 'project.delete':
      return deleteProject(change);
    case 'secret.insert':
      return [insertSecret(change.secret), ...insertMembers(change.secret)];
    case 'secret.delete': {
      const twice = [change.uid, change.uid];
      return [any(CENSUS_DELETE, twice), any(VERSIONS_DELETE, twice), one(SECRET_DELETE, [change.uid])];
    }
    case 'secrets.deleteAt': {
      const place = [change.projectUid, change.location];
      return [any(CENSUS_DELETE_AT, place), any(VERSIONS_DELETE_AT, place), any(SECRETS_DELETE_AT, place)];
    }
    case 'secret.update':
      return updateSecret(change.secret, change.before);
    case 'accountKey.delete':
      return [one(ACCOUNT_KEY_DELETE, [change.id]), any(TOKENS_DELETE_OF_PARENT, [change.id])];
    case 'token.delete':
      // A sweep may have been first.
      return [any(TOKEN_DELETE, [change.hash]), any(TOKENS_DELETE_OF_PARENT, [change.hash])];
    case 'key.insert':
    case 'key.update':
    case 'key.delete':
    case 'keyVersion.insert':
    case 'keyVersion.update':
    case 'keyVersions.destroy':
    case 'keyRing.delete':
    case 'keyRing.move':
      return writesOfKeys(change);
    default:
      return [writeOf(change)];
  }
}

function deleteAccount(change: AccountDeletion): readonly (Write | Rewrite)[] {
  const { member } = accountPrincipal(change.email);
  // Its keys go with it: the schema sees to that. Tokens are of any member, so they are named here.
  return [
    one(ACCOUNT_DELETE, [change.email]),
    any(TOKENS_DELETE_OF_MEMBER, [member]),
    any(MEMBER_DELETE, [member]),
    ...renameMember(member, change.deletedMember, change.policyEtag),
    retirePrincipal(change.awsArns, change.awsDeleted),
  ];
}

type ManyWrites =
  | 'account.delete'
  | 'accountKey.delete'
  | 'project.delete'
  | `secret.${string}`
  | 'secrets.deleteAt'
  | 'token.delete';

function writeOf(change: Exclude<Change, KeyChange | { change: ManyWrites }>): Write {
  switch (change.change) {
    case 'server.policy':
      return one(SERVER_UPDATE, [policyColumn.encode(change.policy)]);
    case 'project.insert':
      return insertProject(change.project);
    case 'project.update':
      return updateProject(change.project);
    case 'version.insert':
      return insertVersion(change.version, change.sealed);
    case 'version.update':
      return updateVersion(change.version);
    case 'account.insert':
      return insertAccount(change.account);
    case 'account.update':
      return updateAccount(change.account);
    case 'accountKey.insert':
      return insertAccountKey(change.key);
    case 'accountKey.update':
      return updateAccountKey(change.key);
    case 'topic.insert':
      return insertTopic(change.topic);
    case 'topic.delete':
      return one(TOPIC_DELETE, [change.projectUid, change.id]);
    case 'subscription.insert':
      return insertSubscription(change.subscription);
    case 'subscription.delete':
      return one(SUBSCRIPTION_DELETE, [change.projectUid, change.id]);
    case 'tagKey.insert':
      return insertTagKey(change.key);
    case 'tagKey.delete':
      return one(TAG_KEY_DELETE, [change.id]);
    case 'tagValue.insert':
      return insertTagValue(change.value);
    case 'tagValue.delete':
      return one(TAG_VALUE_DELETE, [change.id]);
    case 'tagBinding.insert':
      return one(TAG_BINDING_INSERT, [change.secretUid, change.valueId]);
    case 'tagBinding.delete':
      return one(TAG_BINDING_DELETE, [change.secretUid, change.valueId]);
    case 'event.insert':
      return insertEvent(change.event);
    case 'events.deleteBefore':
      return deleteEventsBefore(change.time);
    case 'token.insert':
      return insertToken(change.token);
    case 'token.deleteAll':
      return any(TOKENS_DELETE_OF_MEMBER, [change.member]);
    case 'rotation.insert':
    case 'rotation.update':
    case 'rotation.delete':
      return writeRotation(change);
    case 'vaultEntry.put':
    case 'vaultEntry.delete':
    case 'vaultEntry.deleteBelow':
    case 'vaultEntry.deleteOwnersBelow':
    case 'vaultEntry.release':
      return writeVault(change);
  }
}

/** True where a change leaves sealed bytes behind in the log of the engine, which has to forget them too. */
export function erases(change: Change): boolean {
  switch (change.change) {
    case 'secret.delete':
    case 'secrets.deleteAt':
    case 'key.delete':
    case 'keyRing.delete':
    case 'keyVersions.destroy':
    case 'project.delete':
      return true;
    case 'version.update':
      return change.version.state === 'DESTROYED';
    default:
      return false;
  }
}
