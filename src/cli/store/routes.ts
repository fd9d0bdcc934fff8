// The group `coffer store`.

import { buildCommand } from '@stricli/core';
import { group, help, required, text } from '../define.ts';

const PLACE = 'DIR|postgres://USER@HOST/NAME';

export const store = group('The store itself, while no server runs', {
  migrate: buildCommand({
    loader: async () => (await import('./migrate.ts')).migrateStore,
    parameters: {
      flags: {
        from: required('the store as it is: a data directory, or a PostgreSQL', PLACE),
        to: required('where it goes: the other of the two, empty', PLACE),
        passwordFile: text('a file with the password of the PostgreSQL', 'FILE'),
      },
    },
    docs: help(
      'Move a store and its audit log from a data directory into PostgreSQL, or back',
      'coffer store migrate --from=/var/lib/coffer --to=postgres://coffer@db1,db2/coffer',
      'Every row is read back and compared. The source stays as it is; the key file and the owner token are not moved',
    ),
  }),
});
