// The group `coffer backup`.

import { buildCommand } from '@stricli/core';
import { group, help, required, text } from '../define.ts';

const from = required('the backup; - is stdin', 'FILE');
const shares = text('shares that open it, one a line, in place of a key file; - is stdin', 'FILE');

export const backup = group('Backups of the whole store', {
  create: buildCommand({
    loader: async () => (await import('./create.ts')).createBackup,
    parameters: { flags: { out: required('a new file; - is stdout', 'FILE') } },
    docs: help(
      'Have the server make a sealed backup while it goes on',
      'coffer backup create --out=coffer-backup',
      'It opens with the key file or the shares of the seal only, which are not in it: keep them in different places',
    ),
  }),
  restore: buildCommand({
    loader: async () => (await import('./restore.ts')).restoreBackup,
    parameters: {
      flags: {
        from,
        data: required('the data directory to make; it must not be there, or be empty', 'DIR'),
        keyFile: text('the key file; DIR.key unless given', 'FILE'),
        shares,
      },
    },
    docs: help(
      'Make a data directory of a backup',
      'coffer backup restore --from=coffer-backup --data=/var/lib/coffer',
    ),
  }),
  verify: buildCommand({
    loader: async () => (await import('./restore.ts')).verifyBackup,
    parameters: { flags: { from, keyFile: text('the key file', 'FILE'), shares } },
    docs: help(
      'Read a backup to its end and check that all of it is as it was made',
      'coffer backup verify --from=coffer-backup --key-file=/var/lib/coffer.key',
    ),
  }),
});
