// The operations that tell of secrets without their values, and the one that makes a password.

import { describeSecret as describe } from '../../ops/aws/describe-secret.ts';
import { type ListSeen, listSeen } from '../../ops/aws/list-secrets.ts';
import { listSeenVersions } from '../../ops/aws/list-versions.ts';
import { randomPassword } from '../../ops/aws/random-password.ts';
import { then } from '../../ops/maybe.ts';
import { type Json, member } from './json.ts';
import { encodeReserved } from './rotation-encode.ts';
import { encodeListed, encodeSecret, named, replicationOf } from './secret-encode.ts';
import { filtersOf, flagOf, invalidParameter, nextOf, pageOf, textOf } from './secret-input.ts';
import { refOf, regionOf } from './secret-ref.ts';
import type { Action } from './service.ts';

export const describeSecret: Action = (call) =>
  then(call.run(describe, refOf(call, { deleted: true })), (told) => ({
    ...encodeSecret(call, told, 'VersionIdsToStages'),
    ...replicationOf(told.secret),
  }));

const ORDERS: Readonly<Record<string, ListSeen['by']>> = {
  'created-date': 'created',
  'last-accessed-date': 'read',
  'last-changed-date': 'changed',
  name: 'name',
};

export const listSecrets: Action = (call) => {
  const { input } = call;
  const command: ListSeen = {
    ...{ project: call.project, region: regionOf(call) },
    withDeleted: flagOf(input, 'IncludePlannedDeletion') === true,
    filters: filtersOf(input),
    by: ORDERS[textOf(input, 'SortBy') ?? 'created-date'] ?? 'created',
    order: textOf(input, 'SortOrder') === 'desc' ? 'descending' : 'ascending',
    ...pageOf(input),
  };
  return then(call.run(listSeen, command), (page) => ({
    SecretList: page.secrets.map((told) => encodeSecret(call, told, 'SecretVersionsToStages')),
    ...nextOf(page),
  }));
};

export const listSecretVersionIds: Action = (call) => {
  const deprecated = flagOf(call.input, 'IncludeDeprecated') === true;
  const command = { ...refOf(call), deprecated, ...pageOf(call.input) };
  return then(call.run(listSeenVersions, command), (page) => ({
    ...named(call, page.secret),
    Versions: [
      ...page.versions.map((version) => encodeListed(call, page.secret, version)),
      ...(page.nextPageToken === '' ? encodeReserved(page.secret) : []),
    ],
    ...nextOf(page),
  }));
};

const PASSWORD_CHARS = 32;
const KINDS: readonly (readonly [string, string])[] = [
  ['ExcludeLowercase', 'abcdefghijklmnopqrstuvwxyz'],
  ['ExcludeUppercase', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
  ['ExcludeNumbers', '0123456789'],
  ['ExcludePunctuation', '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'],
];

/** The kinds of characters that are wanted, without those that are not. */
function kindsOf(input: Json): readonly string[] {
  const excluded = new Set(textOf(input, 'ExcludeCharacters') ?? '');
  const kinds = KINDS.filter(([flag]) => flagOf(input, flag) !== true).map(([, characters]) => characters);
  return kinds.map((kind) => [...kind].filter((character) => !excluded.has(character)).join('')).filter(Boolean);
}

export const getRandomPassword: Action = (call) => {
  const { input } = call;
  const length = (member(input, 'PasswordLength') as number | undefined) ?? PASSWORD_CHARS;
  const isEach = flagOf(input, 'RequireEachIncludedType') !== false;
  const kinds = kindsOf(input);
  if (kinds.length === 0) throw invalidParameter('The password must have at least one kind of characters.');
  if (isEach && length < kinds.length) {
    throw invalidParameter('Password length is too short based on the required types.');
  }
  // A space is none of the kinds of which each must be there.
  const others =
    flagOf(input, 'IncludeSpace') === true && !textOf(input, 'ExcludeCharacters')?.includes(' ') ? ' ' : '';
  return then(call.run(randomPassword, { length, kinds, others, isEach }), (password) => ({
    RandomPassword: password.reveal(),
  }));
};
