// Backups of the whole store, sealed: begun, fetched in parts, let go of. What leaves opens with the key file only, which
// no request ever gets; still it is everything, so only who administers the server may have it.

import type { BackupBegun, BackupPart } from '../core/backup-port.ts';
import type { Field } from './fields.ts';
import { type Operation, operation } from './operation.ts';

const ID_CHARS = 32;
const ID: Field = { type: 'string', help: 'the id of the backup', required: true, max: ID_CHARS };

/** A write, so that its record is durable in the store before anything is copied. */
export const createBackup: Operation<object, BackupBegun> = operation({
  name: 'backup.create',
  help: 'begin a sealed backup of the whole store and its audit log',
  kind: 'write',
  permission: 'coffer.backup.create',
  api: { method: 'POST', path: '/backup:create', fields: {} },
  target: () => ({ asked: 'server' }),
  decide: () => ({ result: undefined }),
  finish: (_result, _command, { backups }) => backups.begin(),
});

export const readBackup: Operation<{ readonly id: string; readonly at?: number }, BackupPart> = operation({
  name: 'backup.read',
  help: 'fetch the next bytes of a backup; without any, it is still being made',
  kind: 'read',
  permission: 'coffer.backup.create',
  api: {
    method: 'GET',
    path: '/backup:read',
    fields: { id: ID, at: { type: 'integer', help: 'how many bytes are there already; 0 unless given' } },
  },
  target: () => ({ asked: 'server' }),
  decide: ({ command }) => ({ result: undefined, details: { at: command.at ?? 0 } }),
  finish: (_result, { id, at = 0 }, { backups }) => backups.read(id, at),
});

export const endBackup: Operation<{ readonly id: string }, object> = operation({
  name: 'backup.end',
  help: 'let go of a backup that was fetched or is not wanted',
  kind: 'read',
  permission: 'coffer.backup.create',
  api: { method: 'POST', path: '/backup:end', fields: { id: ID } },
  target: () => ({ asked: 'server' }),
  decide: () => ({ result: undefined }),
  finish: async (_result, { id }, { backups }) => {
    await backups.end(id);
    return {};
  },
});
