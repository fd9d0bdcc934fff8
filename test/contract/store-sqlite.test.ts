// What only the embedded engine promises: a private, locked directory; a file that is ours, whole and not newer than
// the program; full disks, foreign locks and kill -9 without loss.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Fault } from '../../src/core/error.ts';
import { parseProjectRef, secretKey } from '../../src/core/name.ts';
import type { Need } from '../../src/core/ports.ts';
import { Connection } from '../../src/store/connection.ts';
import { prepareDirectory } from '../../src/store/directory.ts';
import { MIGRATIONS } from '../../src/store/migrations/all.ts';
import { migrate } from '../../src/store/schema.ts';
import { openSqlite, type SqliteStore } from '../../src/store/sqlite.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { aProject, apply, aRecord, aSealed, aSecret, aVersion, seed } from './store-rows.ts';

const root = mkdtempSync(join(tmpdir(), 'coffer-store-'));
after(() => rmSync(root, { recursive: true }));

let places = 0;
function place(): string {
  places += 1;
  return join(root, `data-${places}`);
}

function refused(directory: string, message: string | RegExp): void {
  assert.throws(
    () => openSqlite({ directory }),
    (error) => {
      assert.ok(error instanceof StoreError, String(error));
      if (typeof message === 'string') assert.equal(error.message, message);
      else assert.match(error.message, message);
      return true;
    },
  );
}

function unavailable(problem: string): (error: unknown) => boolean {
  return (error) => error instanceof Fault && error.code === 'STORE_UNAVAILABLE' && error.facts['problem'] === problem;
}

/** Edits the file as another program would. */
function edit(directory: string, sql: string): void {
  const database = new DatabaseSync(join(directory, 'coffer.db'), { enableForeignKeyConstraints: false });
  database.exec(`PRAGMA ignore_check_constraints = ON; ${sql}`);
  database.close();
}

describe('the data directory', () => {
  test('is made private, and so is every file, whatever the umask', () => {
    for (const mask of [0o000, 0o777]) {
      const directory = place();
      const before = process.umask(mask);
      try {
        mkdirSync(join(directory, '..'), { recursive: true });
        const store = openSqlite({ directory });
        store.setMeta('a', Uint8Array.of(1));
        assert.equal(statSync(directory).mode & 0o777, 0o700);
        const files = readdirSync(directory);
        assert.ok(files.includes('coffer.db-wal'));
        for (const file of files) assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
        store.close();
      } finally {
        process.umask(before);
      }
    }
  });

  test('is refused where others can write to it', () => {
    const directory = place();
    mkdirSync(directory);
    chmodSync(directory, 0o770);
    refused(directory, `other users can write to ${directory} (mode 770): run chmod 700 ${directory}`);
  });

  test('is refused where it belongs to another user', (context: TestContext) => {
    if (process.geteuid?.() !== 0) return context.skip('only root can give a directory away');
    const directory = place();
    mkdirSync(directory);
    chownSync(directory, 12345, 12345);
    refused(directory, /belongs to another user \(uid 12345\): choose another --data, or chown it to 0$/);
  });

  test('is refused where it cannot be made', () => {
    const file = place();
    writeFileSync(file, '');
    refused(join(file, 'data'), /^cannot make the data directory .* \(ENOTDIR\): choose another --data$/);
  });
});

describe('the lock', () => {
  test('keeps a second store away, in this process too, until the first is closed', () => {
    const directory = place();
    const store = openSqlite({ directory });
    const message = `another coffer server is using ${directory} (pid ${process.pid}): stop it, or choose another --data`;
    refused(directory, message);
    refused(directory, message);
    store.setMeta('a', Uint8Array.of(1));
    store.close();
    store.close();
    openSqlite({ directory }).close();
  });

  test('names the process that holds it; kill -9 frees it and loses nothing that was acknowledged', async () => {
    const directory = place();
    const writer = fileURLToPath(import.meta.resolve('./store-writer.ts'));
    const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      let output = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
      while (output.split('\n').length < 20) await once(child.stdout, 'data');
      refused(directory, new RegExp(`using ${directory} \\(pid ${child.pid}\\): stop it`));
      child.kill('SIGKILL');
      await once(child, 'close');
      const acknowledged = Number(output.trimEnd().split('\n').at(-1));
      const store = openSqlite({ directory });
      const need = { project: parseProjectRef('crash-test'), key: secretKey('written' as never) };
      const { secret, versions } = store.read({
        secret: { need: 'secret', ...need },
        versions: { need: 'versions', ...need, before: 0, limit: 1 },
      });
      const pending = store.pendingAudit();
      store.close();
      assert.ok(versions.total === acknowledged || versions.total === acknowledged + 1);
      assert.equal(secret?.lastVersion, versions.total);
      assert.equal(versions.rows[0]?.number, versions.total);
      assert.equal(pending.length, versions.total + 1);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('the file', () => {
  test('is brought up to date once, and opening again changes nothing', () => {
    const directory = place();
    openSqlite({ directory }).close();
    const dump = () => {
      const database = new DatabaseSync(join(directory, 'coffer.db'), { readOnly: true });
      const objects = database.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all();
      const names = database.prepare('SELECT ordinal, name FROM schema_migrations').all();
      database.close();
      return { objects, names: names.map((row) => ({ ...row })) };
    };
    const first = dump();
    openSqlite({ directory }).close();
    assert.deepEqual(dump(), first);
    assert.deepEqual(
      first.names,
      MIGRATIONS.map(({ name }, ordinal) => ({ ordinal, name })),
    );
  });

  test('of before there were audit streams keeps its mark, as that of main', () => {
    const directory = place();
    const path = join(directory, 'coffer.db');
    prepareDirectory(directory);
    const connection = new Connection(path);
    migrate(connection, path, MIGRATIONS.slice(0, 3));
    connection.run('INSERT INTO audit_mark VALUES (1, ?, ?, ?, ?, ?)', ['00000007', 4321, 99, 'hh', 'mm']);
    connection.close();
    const store = openSqlite({ directory });
    const mark = { segment: '00000007', sequence: 4321, lengthBytes: 99, head: 'hh', mac: 'mm' };
    assert.deepEqual(store.auditMarks(), [{ stream: 'main', ...mark, streams: [] }]);
    store.close();
  });

  test('is left alone where a newer program wrote it', () => {
    const directory = place();
    openSqlite({ directory }).close();
    edit(directory, `INSERT INTO schema_migrations VALUES (${MIGRATIONS.length}, '0099-future')`);
    const path = join(directory, 'coffer.db');
    refused(
      directory,
      `${path} was written by a newer coffer (its schema has 0099-future): start that version, or choose another --data`,
    );
  });

  test('is left alone where it is not ours', () => {
    const directory = place();
    mkdirSync(directory, { mode: 0o700 });
    const path = join(directory, 'coffer.db');
    edit(directory, 'CREATE TABLE theirs (a)');
    refused(directory, `${path} is a database of another program: choose another --data`);
    writeFileSync(path, 'this is not a database, whatever its name says '.repeat(100));
    refused(directory, `cannot open ${path}: its file is not a database: restore the data directory from your backup`);
  });

  test('is refused where it is damaged, and a damaged row names itself', async () => {
    const directory = place();
    const store = openSqlite({ directory });
    const { project, secret } = await seed(store, 1);
    store.close();
    const need = { project: parseProjectRef(project.id), key: secretKey(secret.name) };
    const damages: [string, Need, string, string][] = [
      [`UPDATE secrets SET policy = '{"bindings":7,"etag":"x"}'`, { need: 'secret', ...need }, 'secrets', secret.uid],
      [`UPDATE secrets SET settings = '{}'`, { need: 'secret', ...need }, 'secrets', secret.uid],
      [`UPDATE secrets SET labels = '{'`, { need: 'secret', ...need }, 'secrets', secret.uid],
      [`UPDATE projects SET created_at = 'soon'`, { need: 'project', project: need.project }, 'projects', project.uid],
      [`UPDATE server SET policy = '[]'`, { need: 'server' }, 'server', '[]'],
      ['DELETE FROM server', { need: 'server' }, 'server', '1'],
    ];
    for (const [sql, wanted, table, uid] of damages) {
      edit(directory, sql);
      const damaged = openSqlite({ directory });
      assert.throws(
        () => damaged.read({ it: wanted }),
        (error) =>
          error instanceof Fault &&
          error.code === 'INTERNAL' &&
          error.facts['table'] === table &&
          error.facts['uid'] === uid,
        sql,
      );
      damaged.close();
    }
    const path = join(directory, 'coffer.db');
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xa5, bytes.length - 4 * 4096));
    refused(
      directory,
      new RegExp(`^(cannot open )?${path}(: its file)? is damaged: restore the data directory from your backup$`),
    );
    writeFileSync(path, bytes.subarray(0, 4096));
    refused(
      directory,
      new RegExp(`^(cannot open )?${path}(: its file)? is damaged: restore the data directory from your backup$`),
    );
  });
});

describe('trouble', () => {
  test('a foreign lock is an answer, and goes away by itself', async () => {
    const directory = place();
    const store = openSqlite({ directory });
    const other = new DatabaseSync(join(directory, 'coffer.db'));
    other.exec('BEGIN IMMEDIATE');
    assert.throws(() => store.setMeta('a', Uint8Array.of(1)), unavailable('another program holds its file'));
    await assert.rejects(apply(store), unavailable('another program holds its file'));
    assert.equal(store.meta('a'), undefined);
    other.exec('ROLLBACK');
    other.close();
    await apply(store);
    store.close();
  });

  test('a full disk is an answer; the data is whole, and room lets it go on', async (context: TestContext) => {
    const directory = place();
    mkdirSync(directory, { mode: 0o700 });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', directory], { stdio: 'ignore' });
    } catch {
      return context.skip('a small file system cannot be mounted here');
    }
    try {
      await fillAndRecover(directory);
    } finally {
      execFileSync('umount', [directory], { stdio: 'ignore' });
    }
  });

  test('the store is not used from within its own transaction', () => {
    const store = openSqlite({ directory: place() });
    const uses: ((store: SqliteStore) => unknown)[] = [
      () => store.read({ server: { need: 'server' } }),
      () => store.transact({}, () => ({ result: 0, changes: [], record: aRecord() })),
      () => store.setMeta('a', Uint8Array.of(1)),
      () => store.close(),
    ];
    for (const use of uses) {
      const reenter = () => store.transact({}, () => ({ result: use(store), changes: [], record: aRecord() }));
      assert.throws(reenter, { name: 'AssertionError' });
    }
    assert.equal(store.pendingAudit().length, 0);
    store.close();
  });
});

/** Adds versions until the disk is full, looks, makes room, and goes on. */
async function fillAndRecover(directory: string): Promise<void> {
  const ballast = join(directory, 'ballast');
  writeFileSync(ballast, Buffer.alloc(512 * 1024));
  const store = openSqlite({ directory });
  const project = aProject();
  const secret = aSecret(project);
  await apply(store, { change: 'project.insert', project }, { change: 'secret.insert', secret });
  let written = 0;
  const add = async () => {
    const version = aVersion(secret, written + 1);
    await apply(store, { change: 'version.insert', version, sealed: aSealed(60_000) });
    written += 1;
  };
  await assert.rejects(async () => {
    while (written < 100) await add();
  }, unavailable('the disk is full'));
  await assert.rejects(add(), unavailable('the disk is full'));
  const need = { need: 'versions', project: parseProjectRef(project.id), key: secretKey(secret.name) } as const;
  const all = { ...need, before: 0, limit: 100 } as const;
  const count = () => store.read({ all }).all.rows.length;
  assert.ok(written > 0);
  assert.equal(count(), written);
  assert.equal(store.pendingAudit().length, written + 1);
  rmSync(ballast);
  await add();
  assert.equal(count(), written);
  store.close();
  const again = openSqlite({ directory });
  assert.equal(again.read({ all }).all.rows.length, written);
  again.close();
}
