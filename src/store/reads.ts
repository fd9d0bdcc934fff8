// Each need as one statement (a list with a second one that counts) and the decoder of its rows. Plain data: an engine
// only has to run the statements of all needs in one snapshot.

import { versionIdOf } from '../core/aws/secret.ts';
import { stagesOf } from '../core/aws/stages.ts';
import type { Need } from '../core/ports.ts';
import type { Secret } from '../core/secret.ts';
import { readOfProject } from './projects.ts';
import { checkedLimit, counted, listed, one, type Read, rowsOf } from './read.ts';
import { readCensus } from './reads-census.ts';
import { readEvents } from './reads-events.ts';
import { readKeys } from './reads-keys.ts';
import { readTags } from './reads-tags.ts';
import { readRotations } from './rotations.ts';
import {
  currentInListOf,
  payloadOf,
  projectOf,
  secretInListOf,
  secretOf,
  secretOfProjectOf,
  serverPolicyOf,
  versionOf,
  versionOfSecretOf,
} from './rows.ts';
import { accountKeyOf, accountOf, tokenOf } from './rows-accounts.ts';
import { ACCOUNT_KEY_SELECT, ACCOUNT_KEYS_LIST } from './sql/account-keys.ts';
import { ACCOUNT_OF_UID_SELECT, ACCOUNT_SELECT, ACCOUNTS_LIST, ACCOUNTS_TOTAL } from './sql/accounts.ts';
import { PROJECT_OF_AWS_ACCOUNT_SELECT, PROJECT_SELECT, PROJECTS_LIST } from './sql/projects.ts';
import { foldedName, forPlace, forReference, placeValues, seenValues } from './sql/reference.ts';
import {
  SECRET_SELECT,
  SECRETS_DUE,
  SECRETS_LIST,
  SECRETS_SEEN,
  SECRETS_TOTAL,
  SPELLINGS_TOTAL,
} from './sql/secrets.ts';
import { SERVER_SELECT } from './sql/server.ts';
import { TOKEN_SELECT } from './sql/tokens.ts';
import {
  CURRENT_VERSIONS,
  CURRENT_VERSIONS_DELETED,
  PAYLOAD_OF_UID_SELECT,
  PAYLOAD_SELECT,
  PAYLOADS_LIST,
  PAYLOADS_OF_ID,
  VERSION_OF_UID_SELECT,
  VERSION_SELECT,
  VERSIONS_DUE,
  VERSIONS_LIST,
  VERSIONS_OF_ID,
  VERSIONS_OF_VALUE,
  VERSIONS_TOTAL,
} from './sql/versions.ts';
import type { Rows } from './statement.ts';
import { readVault } from './vault.ts';

const NEWEST = Number.MAX_SAFE_INTEGER;

/** What answers a need. Asking for more rows than any page may hold is a bug. */
export function readOf(need: Need): Read {
  switch (need.need) {
    case 'server':
      return { sql: SERVER_SELECT, values: [], decode: serverPolicyOf };
    case 'project':
      return one(forReference(PROJECT_SELECT, need.project), [need.project], projectOf);
    case 'projectOfAwsAccount':
      return one(PROJECT_OF_AWS_ACCOUNT_SELECT, [need.account], projectOf);
    case 'secret':
      return one(forPlace(SECRET_SELECT, need), placeValues(need), secretOf);
    case 'version':
    case 'payload':
      return readOneVersion(need);
    case 'rotation':
    case 'dueRotations':
      return readRotations(need);
    case 'secretsSeen':
      return readSeen(need);
    case 'spellings':
    case 'currentVersions':
    case 'payloads':
      return readSpelled(need);
    case 'account':
      return one(ACCOUNT_SELECT, [need.email], accountOf);
    case 'accountOfUid':
      return one(ACCOUNT_OF_UID_SELECT, [need.uid], accountOf);
    case 'accountKey':
      return one(ACCOUNT_KEY_SELECT, [need.id], accountKeyOf);
    case 'accountKeys':
      return rowsOf(ACCOUNT_KEYS_LIST, [need.email], accountKeyOf);
    case 'token':
      return one(TOKEN_SELECT, [need.hash], tokenOf);
    case 'projects':
      return rowsOf(PROJECTS_LIST, [need.after, checkedLimit(need)], projectOf);
    case 'projectCount':
    case 'retired':
    case 'tagUseElsewhere':
      return readOfProject(need);
    case 'secrets':
    case 'versions':
    case 'accounts':
      return readPage(need);
    case 'dueSecrets':
    case 'dueVersions':
    case 'sameValue':
      return readAcross(need);
    case 'census':
    case 'censusOfProject':
    case 'censusOfPrincipal':
    case 'secretsNaming':
      return readCensus(need);
    case 'tagKey':
    case 'tagKeys':
    case 'tagValues':
    case 'tagValuesNamed':
    case 'projectOfTag':
    case 'tagsOfSecret':
    case 'tagUse':
      return readTags(need);
    case 'vaultEntry':
    case 'vaultEntriesNamed':
    case 'vaultEntries':
    case 'secretNames':
      return readVault(need);
    case 'key':
    case 'keyVersions':
    case 'keys':
    case 'dueKeys':
      return readKeys(need);
    default:
      return readEvents(need);
  }
}

function readSeen(need: Extract<Need, { need: 'secretsSeen' }>): Read {
  const { project, region, withDeleted, order, after } = need;
  const limit = checkedLimit(need);
  const start = after !== 0 ? after : order === 'oldest' ? 0 : NEWEST;
  const rest = [...seenValues(region), start, limit];
  const kinds = withDeleted ? [1, 2] : [1];
  const values = [
    ...kinds.flatMap(() => [project, ...rest]),
    ...kinds.flatMap(() => [project, region, ...rest]),
    limit,
  ];
  const { living, any } = SECRETS_SEEN[order];
  return rowsOf(forReference(withDeleted ? any : living, project), values, secretInListOf);
}

/** What a dialect asks for that has no numbers, and spells names in its own way. */
function readSpelled(need: Extract<Need, { need: 'spellings' | 'currentVersions' | 'payloads' }>): Read {
  switch (need.need) {
    case 'spellings': {
      const values = [need.project, need.location ?? '', foldedName(need.key)];
      return { ...counted(forReference(SPELLINGS_TOTAL, need.project)), values };
    }
    case 'currentVersions':
      return rowsOf(
        forReference(need.deleted ? CURRENT_VERSIONS_DELETED : CURRENT_VERSIONS, need.project),
        [need.project, need.before || NEWEST, checkedLimit(need)],
        currentInListOf,
      );
    case 'payloads':
      return rowsOf(forPlace(PAYLOADS_LIST, need), [...placeValues(need), checkedLimit(need)], payloadOf);
  }
}

function readOneVersion(need: VersionNeed): Read {
  if (need.versionId !== undefined) return readById(need, need.versionId);
  if (need.uid === undefined) {
    const isNamed = need.alias !== undefined || need.stage !== undefined || need.previous;
    return isNamed ? readByName(need) : readVersion(need, need.number);
  }
  const values = [...placeValues(need), need.uid];
  return need.need === 'version'
    ? one(forPlace(VERSION_OF_UID_SELECT, need), values, versionOf)
    : one(forPlace(PAYLOAD_OF_UID_SELECT, need), values, payloadOf);
}

/** The token that names a version is a part of its attributes; what merely looks alike is not the one. */
function readById(need: VersionNeed, id: string): Read {
  const like = `%${JSON.stringify(id).replaceAll(/[!%_]/g, '!$&')}%`;
  const values = [...placeValues(need), id.replaceAll('-', ''), like];
  if (need.need === 'payload') {
    const decode = (rows: Rows) => rows.map((row) => payloadOf(row)).find(({ version }) => versionIdOf(version) === id);
    return { sql: forPlace(PAYLOADS_OF_ID, need), values, decode };
  }
  const decode = (rows: Rows) => rows.map((row) => versionOf(row)).find((version) => versionIdOf(version) === id);
  return { sql: forPlace(VERSIONS_OF_ID, need), values, decode };
}

type VersionNeed = Extract<Need, { need: 'version' | 'payload' }>;

function readVersion(need: VersionNeed, number: number): Read {
  const values = [...placeValues(need), number];
  return need.need === 'version'
    ? one(forPlace(VERSION_SELECT, need), values, versionOf)
    : one(forPlace(PAYLOAD_SELECT, need), values, payloadOf);
}

/** Looks the number up in the secret first, by an alias, by a staging label or as the one before. */
function readByName(need: VersionNeed): Read {
  const next = ([row]: Rows) => {
    const number = row === undefined ? undefined : numberOf(secretOf(row), need);
    return number === undefined ? undefined : readVersion(need, number);
  };
  return { ...one(forPlace(SECRET_SELECT, need), placeValues(need), secretOf), next };
}

function numberOf(secret: Secret, { alias, stage }: VersionNeed): number | undefined {
  if (stage !== undefined) return stagesOf(secret).get(stage);
  const { versionAliases, previousVersion } = secret;
  if (alias === undefined) return previousVersion || undefined;
  return Object.hasOwn(versionAliases, alias) ? versionAliases[alias] : undefined;
}

function readPage(need: Extract<Need, { need: 'secrets' | 'versions' | 'accounts' }>): Read {
  switch (need.need) {
    case 'secrets': {
      const place = [need.project, need.location ?? ''] as const;
      return listed(
        forReference(SECRETS_LIST, need.project),
        [...place, need.before || NEWEST, checkedLimit(need)],
        secretInListOf,
        { sql: forReference(SECRETS_TOTAL, need.project), values: place },
      );
    }
    case 'versions':
      return listed(
        forPlace(VERSIONS_LIST, need),
        [...placeValues(need), need.before || NEWEST, checkedLimit(need)],
        versionOf,
        { sql: forPlace(VERSIONS_TOTAL, need), values: placeValues(need) },
      );
    case 'accounts':
      return listed(
        forReference(ACCOUNTS_LIST, need.project),
        [need.project, need.after, checkedLimit(need)],
        accountOf,
        { sql: forReference(ACCOUNTS_TOTAL, need.project), values: [need.project] },
      );
  }
}

/** What is looked for in the whole server. */
function readAcross(need: Extract<Need, { need: 'dueSecrets' | 'dueVersions' | 'sameValue' }>): Read {
  const limit = checkedLimit(need);
  switch (need.need) {
    case 'dueSecrets': {
      const due = [need.until, limit];
      return rowsOf(SECRETS_DUE, [...due, ...due, ...due, limit], secretOfProjectOf);
    }
    case 'dueVersions':
      return rowsOf(VERSIONS_DUE, [need.until, limit], versionOfSecretOf);
    case 'sameValue':
      return rowsOf(forPlace(VERSIONS_OF_VALUE, need), [...placeValues(need), need.number, limit], versionOfSecretOf);
  }
}
