// Fills the data directory of a server that is not running: secrets with versions, sealed by its own keys and kept by
// the store's own statements. Faster than any server can be, as nothing has to be durable before the last row.

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { crc32c } from '../src/core/crc32c.ts';
import { parseProjectRef } from '../src/core/name.ts';
import type { Change } from '../src/core/ports.ts';
import { Redacted } from '../src/core/redacted.ts';
import type { Project } from '../src/core/secret.ts';
import { systemEntropy } from '../src/crypto/entropy.ts';
import { openSeal } from '../src/crypto/file-seal.ts';
import { Keyring } from '../src/crypto/keyring.ts';
import { writesOf } from '../src/store/changes.ts';
import { openSqlite } from '../src/store/sqlite.ts';
import { aSecret, aVersion } from '../test/contract/store-rows.ts';

export const VERSIONS = 5;
const PAYLOAD_BYTES = 64;
const NAME_DIGITS = 8;
const SECRETS_A_TRANSACTION = 2000;
/** Of pages of the indexes, whose keys come in no order. */
const CACHE_KIB = 3 * 1024 * 1024;

/** The name of a secret; all are equally long. */
export function nameOf(index: number): string {
  return `secret-${String(index).padStart(NAME_DIGITS, '0')}`;
}

/** The value of a version, which nobody else has. */
export function payloadOf(index: number, version: number): Buffer {
  return Buffer.from(`${nameOf(index)} version ${version}`.padEnd(PAYLOAD_BYTES, '.'));
}

/** Adds `count` secrets to project `default`. */
export async function fill(data: string, count: number): Promise<void> {
  const store = openSqlite({ directory: data });
  let keyring: Keyring;
  let project: Project | undefined;
  try {
    keyring = new Keyring(await openSeal({ dataDir: data, meta: store }));
    // Else the server would go through all of the file, and be measured while it does.
    store.erase();
    ({ project } = store.read({ project: { need: 'project', project: parseProjectRef('default') } }));
  } finally {
    store.close();
  }
  if (project === undefined) throw new Error('the server has no project to fill');
  const writer = new Writer(join(data, 'coffer.db'));
  try {
    for (let from = 0; from < count; from += SECRETS_A_TRANSACTION) {
      const changes = changesOf(keyring, project, from, Math.min(count, from + SECRETS_A_TRANSACTION));
      writer.transact(changes);
    }
  } finally {
    writer.close();
  }
}

function* changesOf(keyring: Keyring, project: Project, from: number, to: number): Generator<Change> {
  for (let index = from; index < to; index++) {
    const secret = aSecret(project, nameOf(index), {
      uid: systemEntropy.uid(),
      annotations: {},
      lastVersion: VERSIONS,
      currentVersion: VERSIONS,
      previousVersion: VERSIONS - 1,
    });
    yield { change: 'secret.insert', secret };
    for (let number = 1; number <= VERSIONS; number++) {
      const payload = new Redacted<Uint8Array>(payloadOf(index, number));
      const version = aVersion(secret, number, {
        uid: systemEntropy.uid(),
        crc32c: crc32c(payload.reveal()),
        fingerprint: keyring.fingerprint(payload),
      });
      const place = { projectUid: project.uid, secretUid: secret.uid, versionUid: version.uid };
      yield { change: 'version.insert', version, sealed: keyring.seal(project.wrappedKey, place, payload) };
    }
  }
}

/** The file without any of its safety: whoever is interrupted starts anew. */
class Writer {
  readonly #path: string;
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(path: string) {
    this.#path = path;
    this.#database = new DatabaseSync(path);
    this.#database.exec(`PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -${CACHE_KIB}`);
  }

  transact(changes: Iterable<Change>): void {
    this.#database.exec('BEGIN');
    for (const change of changes) {
      for (const write of writesOf(change)) {
        if ('query' in write) throw new TypeError(`${change.change} reads before it writes`);
        this.#prepared(write.sql).run(...write.values);
      }
    }
    this.#database.exec('COMMIT');
  }

  close(): void {
    this.#database.exec('PRAGMA journal_mode = WAL');
    this.#database.close();
    // Else the first to sync anything, the server at its start, would wait for all of it.
    const file = openSync(this.#path, 'r+');
    fsyncSync(file);
    closeSync(file);
  }

  #prepared(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}
