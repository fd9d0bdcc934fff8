// A process that holds a store and adds versions until it is killed. It prints the number of each one that was
// acknowledged, a line each. Run as `node store-writer.ts DIRECTORY`.

import { writeSync } from 'node:fs';
import { openSqlite } from '../../src/store/sqlite.ts';
import { aProject, aRecord, aSealed, aSecret, aVersion } from './store-rows.ts';

const store = openSqlite({ directory: process.argv[2] as string });
const project = aProject({ id: 'crash-test' as never });
let secret = aSecret(project, 'written');
store.transact({}, () => ({
  result: undefined,
  changes: [
    { change: 'project.insert', project },
    { change: 'secret.insert', secret },
  ],
  record: aRecord(),
}));
for (let number = 1; ; number++) {
  secret = { ...secret, lastVersion: number, currentVersion: number };
  store.transact({}, () => ({
    result: undefined,
    changes: [
      { change: 'secret.update', secret },
      { change: 'version.insert', version: aVersion(secret, number), sealed: aSealed(2000) },
    ],
    record: aRecord({ version: number }),
  }));
  writeSync(1, `${number}\n`);
}
