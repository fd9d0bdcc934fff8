// Rows of the census to domain values. The order of columns is that of `sql/census.ts`.

import type { Sighting, SightingOfVersion } from '../core/census.ts';
import type { SightingOfSecret } from '../core/census-ports.ts';
import { integer, text } from './cells.ts';
import { secretOf, versionStateOf } from './rows.ts';
import { SIGHTING_COLUMNS } from './sql/census.ts';
import { columnCount } from './sql/reference.ts';
import type { Row } from './statement.ts';

const REST_AT = columnCount(SIGHTING_COLUMNS);

function sightingOf(row: Row): Sighting {
  return {
    secretUid: text('census', row, 0),
    projectUid: text('census', row, 1),
    version: integer('census', row, 2),
    principal: text('census', row, 3),
    workload: text('census', row, 4),
    dialect: text('census', row, 5),
    firstSeenAt: integer('census', row, 6),
    lastSeenAt: integer('census', row, 7),
    reads: integer('census', row, 8),
  };
}

export function sightingOfVersionOf(row: Row): SightingOfVersion {
  return { ...sightingOf(row), state: versionStateOf('census', row, REST_AT) };
}

export function sightingOfSecretOf(row: Row): SightingOfSecret {
  return { sighting: sightingOf(row), secret: secretOf(row.slice(REST_AT)) };
}
