// Rotations. One is found with its secret, or because it is due.

import { PROJECT_COLUMNS } from './projects.ts';
import { byPlace, placeholders, qualified } from './reference.ts';
import { secretCells } from './secrets.ts';

export const ROTATION_COLUMNS = 'secret_uid, rotator, state, due_at, epoch, details';
const ROTATION = qualified('r', ROTATION_COLUMNS);

export const ROTATION_SELECT = byPlace(
  (found) => `SELECT ${ROTATION} FROM projects p JOIN secrets s ON s.project_uid = p.uid
  JOIN rotations r ON r.secret_uid = s.uid WHERE ${found}`,
);
export const ROTATIONS_DUE = `SELECT ${ROTATION}, ${qualified('p', PROJECT_COLUMNS)}, ${secretCells('s')}
  FROM rotations r JOIN secrets s ON s.uid = r.secret_uid JOIN projects p ON p.uid = s.project_uid
  WHERE r.due_at <= ? ORDER BY r.due_at, r.secret_uid LIMIT ?`;

export const ROTATION_INSERT = `INSERT INTO rotations (${ROTATION_COLUMNS}) VALUES (${placeholders(ROTATION_COLUMNS)})`;
/** Finds nothing where it is not of the epoch before. */
export const ROTATION_UPDATE = `UPDATE rotations SET rotator = ?, state = ?, due_at = ?, epoch = ?, details = ?
  WHERE secret_uid = ? AND epoch = ?`;
export const ROTATION_DELETE = 'DELETE FROM rotations WHERE secret_uid = ?';
