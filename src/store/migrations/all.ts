// All migrations, oldest first. A new one is a file and a line here.

import type { Migration } from '../migration.ts';
import { init } from './0001-init.ts';
import { lifecycle } from './0002-lifecycle.ts';
import { tags } from './0003-tags.ts';
import { auditStreams } from './0004-audit-streams.ts';
import { census } from './0005-census.ts';
import { fewerIndexes } from './0006-fewer-indexes.ts';
import { eventsByOrdinal } from './0007-events-by-ordinal.ts';
import { versionsByOrdinal } from './0008-versions-by-ordinal.ts';
import { azure } from './0009-azure.ts';
import { vault } from './0010-vault.ts';
import { keys } from './0011-keys.ts';
import { awsAccounts } from './0012-aws-accounts.ts';
import { awsPolicies } from './0013-aws-policies.ts';
import { censusByPlace } from './0014-census-by-place.ts';
import { awsSecrets } from './0015-aws-secrets.ts';
import { rotations } from './0016-rotations.ts';
import { eventsWithoutTimes } from './0017-events-without-times.ts';
import { accountEntities } from './0018-account-entities.ts';
import { retiredNames } from './0019-retired-names.ts';

export const MIGRATIONS: readonly Migration[] = [
  init,
  lifecycle,
  tags,
  auditStreams,
  census,
  fewerIndexes,
  eventsByOrdinal,
  versionsByOrdinal,
  azure,
  vault,
  keys,
  awsAccounts,
  awsPolicies,
  censusByPlace,
  awsSecrets,
  rotations,
  eventsWithoutTimes,
  accountEntities,
  retiredNames,
];
