// Rotations: what answers their needs, and the statements of their changes.

import type { Rotation, RotationDetails, RotationState } from '../core/rotation/machine.ts';
import type { RotationChange, RotationNeed, RotationOfSecret } from '../core/rotation/rows.ts';
import { damaged, integer, json, text, type Writable } from './cells.ts';
import { rotationDetailsColumn } from './columns.ts';
import { checkedLimit, one, type Read, rowsOf } from './read.ts';
import { projectOf, secretOf } from './rows.ts';
import { PROJECT_COLUMNS } from './sql/projects.ts';
import { columnCount, forPlace, placeValues } from './sql/reference.ts';
import {
  ROTATION_COLUMNS,
  ROTATION_DELETE,
  ROTATION_INSERT,
  ROTATION_SELECT,
  ROTATION_UPDATE,
  ROTATIONS_DUE,
} from './sql/rotations.ts';
import type { Row } from './statement.ts';
import { one as oneRow, type Write } from './write.ts';

const PROJECT_AT = columnCount(ROTATION_COLUMNS);
const SECRET_AT = PROJECT_AT + columnCount(PROJECT_COLUMNS);
const STATES: Readonly<Record<RotationState, true>> = {
  ...{ planned: true, started: true, stored: true, applied: true, verified: true, checking: true, failed: true },
};

function rotationOf(row: Row): Rotation {
  const [rotator, state] = [text('rotations', row, 1), text('rotations', row, 2)];
  if (rotator !== 'lambda' || !Object.hasOwn(STATES, state)) {
    throw damaged('rotations', row, 'is of no known kind, or in no known state');
  }
  const rotation: Writable<Rotation> = {
    secretUid: text('rotations', row, 0),
    rotator,
    state: state as RotationState,
    epoch: integer('rotations', row, 4),
    details: json(rotationDetailsColumn, 'rotations', row, 5) as RotationDetails,
  };
  if (row[3] !== null) rotation.dueAt = integer('rotations', row, 3);
  return rotation;
}

function rotationOfSecretOf(row: Row): RotationOfSecret {
  const project = projectOf(row.slice(PROJECT_AT, SECRET_AT));
  return { project, secret: secretOf(row.slice(SECRET_AT)), rotation: rotationOf(row) };
}

export function readRotations(need: RotationNeed): Read {
  if (need.need === 'rotation') return one(forPlace(ROTATION_SELECT, need), placeValues(need), rotationOf);
  return rowsOf(ROTATIONS_DUE, [need.until, checkedLimit(need)], rotationOfSecretOf);
}

export function writeRotation(change: RotationChange): Write {
  if (change.change === 'rotation.delete') return oneRow(ROTATION_DELETE, [change.secretUid]);
  const { secretUid, rotator, state, dueAt = null, epoch, details } = change.rotation;
  const values = [rotator, state, dueAt, epoch, rotationDetailsColumn.encode(details)];
  return change.change === 'rotation.insert'
    ? oneRow(ROTATION_INSERT, [secretUid, ...values])
    : oneRow(ROTATION_UPDATE, [...values, secretUid, epoch - 1]);
}
