// Rows of the census to domain values. The order of columns is that of `sql/census.ts`.

import type { Sighting, SightingOfVersion } from '../core/census.ts';
import type { SightingOfSecret } from '../core/census-ports.ts';
import { integer, text } from './cells.ts';
import { secretOf, versionStateOf } from './rows.ts';
import { SIGHTING_COLUMNS } from './sql/census.ts';
import { ORDINALS_A_SECRET } from './sql/versions.ts';
import type { Row } from './statement.ts';

function sightingOf(row: Row): Sighting {
  return {
    secretUid: text('secrets', row, 0),
    principal: text('census_principals', row, 1),
    version: integer('census', row, 2) % ORDINALS_A_SECRET,
    workload: text('census', row, 4),
    dialect: text('census', row, 5),
    projectUid: text('census', row, 6),
    firstSeenAt: integer('census', row, 7),
    lastSeenAt: integer('census', row, 8),
    reads: integer('census', row, 9),
  };
}

export function sightingOfVersionOf(row: Row): SightingOfVersion {
  return { ...sightingOf(row), state: versionStateOf('census', row, SIGHTING_COLUMNS) };
}

export function sightingOfSecretOf(row: Row): SightingOfSecret {
  return { sighting: sightingOf(row), secret: secretOf(row.slice(SIGHTING_COLUMNS)) };
}
