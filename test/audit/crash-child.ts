// Writes to the audit log of argv[2] until it is killed, and prints the id of each record once it is acknowledged.

import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { openAudit } from '../../src/audit/log.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { mac, recordOf } from './fixture.ts';

const WRITERS = 8;
const [directory = '', round = ''] = process.argv.slice(2);
const store = openSqlite({ directory });
const log = await openAudit({
  directory: join(directory, 'audit'),
  stream: 'main',
  sync: 'interval',
  store,
  mac,
  clock: { now: () => Date.now() },
  segmentBytesMax: 64 * 1024,
  onFailure: (error) => {
    throw error;
  },
});

function acknowledge(id: string): void {
  writeSync(1, `${id}\n`);
}

async function write(writer: number): Promise<never> {
  for (let number = 0; ; number += 1) {
    const id = `${round}-${writer}-${number}`;
    const record = recordOf(number, { id });
    if (number % 50 === 49) {
      store.transact({}, () => ({ result: undefined, changes: [], record }));
      log.copy(record);
    } else {
      await log.append(record);
    }
    acknowledge(id);
  }
}

await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
