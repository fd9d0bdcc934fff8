// The sources of a package of Python's, as they were published: its tests are in them, and nowhere else.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { execute } from '../../support/coffer.ts';

/** Unpacks into `place` what `wanted`, a file of one requirement with its hash, names. Kept outside the tree. */
export async function fetchSource(python: string, wanted: string, place: string): Promise<string> {
  const hash = /sha256:([0-9a-f]{24})/.exec(readFileSync(wanted, 'utf8'))?.[1] ?? '';
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'coffer/source', hash);
  const pip = ['-m', 'pip', 'download', '--quiet', '--no-deps', '--no-binary=:all:', '--require-hashes'];
  mkdirSync(cache, { recursive: true });
  if (readdirSync(cache).length === 0) {
    const fetched = await execute(python, [...pip, '-d', cache, '-r', wanted], { env: { ...process.env } });
    assert.equal(fetched.code, 0, fetched.stderr);
  }
  mkdirSync(place);
  const [archive = ''] = readdirSync(cache);
  const unpacked = await execute('tar', ['xzf', join(cache, archive), '-C', place, '--strip-components=1']);
  assert.equal(unpacked.code, 0, unpacked.stderr);
  return place;
}
