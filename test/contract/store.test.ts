// The store's contract on the embedded engine.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqlite } from '../../src/store/sqlite.ts';
import { storeSpec } from './store-spec.ts';

storeSpec('sqlite', () => {
  const root = mkdtempSync(join(tmpdir(), 'coffer-store-'));
  return {
    open: () => openSqlite({ directory: join(root, 'data') }),
    remove: () => rmSync(root, { recursive: true }),
  };
});
