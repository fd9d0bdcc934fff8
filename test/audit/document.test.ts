// The script in docs/audit.md, run as an outsider would: it accepts a log as it is and refuses one that was changed.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { execute } from '../support/coffer.ts';
import { repository } from '../support/start.ts';
import { appendRange, openBench } from './fixture.ts';

const script = /```python\n([\s\S]+?)```/.exec(readFileSync(join(repository, 'docs/audit.md'), 'utf8'))?.[1] ?? '';

test('the script of the document checks an export, and is as short as it says', async (context) => {
  const bench = await openBench(context, 2000);
  await appendRange(bench.log, 1, 10);
  await bench.log.close();
  const check = () => execute('python3', ['-c', script, bench.directory]);
  const { head } = bench.store.mark ?? { head: '' };
  assert.deepEqual((await check()).stdout, `10 records hold; the last hash is ${head}\n`);
  bench.edit(2, (text) => text.replace('"version":3', '"version":4'));
  const edited = await check();
  assert.deepEqual([edited.code, edited.stderr], [1, '00000002.jsonl: what follows record 4 does not hold\n']);
  assert.ok(script.split('\n').length <= 20);
});
