// The unallocated range of hand-made pages, drawn after fileformat2.html section 1.6.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { slackOf } from './slack.ts';

const PAGE_BYTES = 512;

function page(type: number, cells: number, contentStart: number, header = 0): Buffer {
  const bytes = Buffer.alloc(PAGE_BYTES);
  bytes[header] = type;
  bytes.writeUInt16BE(cells, header + 3);
  bytes.writeUInt16BE(contentStart, header + 5);
  return bytes;
}

test('the range lies between the cell pointers and the cells, for each kind of b-tree page', () => {
  for (const [type, headerBytes] of [
    [2, 12],
    [5, 12],
    [10, 8],
    [13, 8],
  ] as const) {
    for (const number of [1, 2]) {
      const header = number === 1 ? 100 : 0;
      const bytes = page(type, 3, 400, header);
      const start = header + headerBytes + 6;
      bytes.fill(0xee, 400);
      bytes.fill(0xcc, header + headerBytes, start);
      assert.equal(slackOf(bytes, number), undefined, 'all zero');
      bytes[start] = 1;
      assert.deepEqual(slackOf(bytes, number), { start, end: 400 });
      bytes[start] = 0;
      bytes[399] = 1;
      assert.deepEqual(slackOf(bytes, number), { start, end: 400 });
    }
  }
});

test('a page of another kind, or one that contradicts itself, is never touched', () => {
  for (const type of [0, 1, 3, 255]) {
    const bytes = page(type, 1, 400);
    bytes.fill(7, 50, 60);
    assert.equal(slackOf(bytes, 2), undefined);
  }
  const full = page(13, 200, 300).fill(7, 8);
  full.writeUInt16BE(200, 3);
  assert.equal(slackOf(full, 2), undefined);
  const beyond = page(13, 1, PAGE_BYTES + 1).fill(7, 20);
  assert.equal(slackOf(beyond, 2), undefined);
});
