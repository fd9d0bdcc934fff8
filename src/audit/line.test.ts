import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { recordOf } from '../../test/audit/fixture.ts';
import type { AuditRecord } from '../core/audit-record.ts';
import { AUDIT_TEXT_CHARS_MAX } from '../core/limits.ts';
import { bound, chainHash, NO_HASH, recordBody, recordFields, sealLine } from './line.ts';
import { parseRecord as parseLine, sequenceAt, timeAt } from './parse.ts';

const parseRecord = (line: string) => parseLine(line, 'main');

function lineOf(record: AuditRecord, sequence = 7): string {
  const body = recordBody(sequence, recordFields(record));
  return sealLine(body, chainHash(NO_HASH, body));
}

test('a record comes back as it was written, with its sequence and without its hash', () => {
  const record = recordOf(1, {
    code: 'PERMISSION_DENIED',
    outcome: 'denied',
    details: { role: 'roles/owner', size: 3 },
  });
  assert.deepEqual(parseRecord(lineOf(record)), { stream: 'main', sequence: 7, ...record });
});

test('fields that are absent are not written', () => {
  const { credential: _c, version: _v, userAgent: _u, ...record } = recordOf(1);
  assert.deepEqual(parseRecord(lineOf(record)), { stream: 'main', sequence: 7, ...record });
});

test('case 24: whatever a caller sends stays one line of printable ASCII and comes back the same', () => {
  const nasty = [
    '\n',
    '\r\n',
    '\u001b[31m',
    '\u007f',
    '\u009b',
    '\u2028',
    '\u2029',
    '\u202e',
    '"',
    '\\',
    '",',
    '=cmd|',
  ];
  // Halves of surrogate pairs among them.
  const unit = fc.nat(0xffff).map((code) => String.fromCharCode(code));
  // As long as they may be made: without `max` no text would come near the bounds.
  const text = fc.oneof(
    fc.string({ unit, maxLength: 300, size: 'max' }),
    fc
      .array(fc.constantFrom(...nasty, 'a', '😀', '\ud800', '"hash":"'), { maxLength: 60, size: 'max' })
      .map((parts) => parts.join('')),
  );
  fc.assert(
    fc.property(text, text, text, (userAgent, resource, fact) => {
      const line = lineOf(recordOf(1, { userAgent, resource, details: { fact, [fact]: 1 } }));
      assert.match(line, /^[ -~]+\n$/);
      const kept = recordOf(1, { userAgent: bound(userAgent), resource, details: { fact, [bound(fact)]: 1 } });
      assert.deepEqual(parseRecord(line), { stream: 'main', sequence: 7, ...kept });
    }),
  );
});

test('text from outside is cut where it is too long, and says so', () => {
  const long = parseRecord(lineOf(recordOf(1, { userAgent: 'x'.repeat(100_000), peer: 'y'.repeat(257) })));
  assert.equal(long?.userAgent, `${'x'.repeat(AUDIT_TEXT_CHARS_MAX - 1)}…`);
  assert.equal(long?.peer.length, AUDIT_TEXT_CHARS_MAX);
  const whole = 'y'.repeat(AUDIT_TEXT_CHARS_MAX);
  assert.equal(parseRecord(lineOf(recordOf(1, { userAgent: whole })))?.userAgent, whole);
});

test('the longest resource that can exist is kept whole, a longer one is cut', () => {
  const legal = `projects/${'p'.repeat(30)}/secrets/${'s'.repeat(255)}`;
  assert.equal(parseRecord(lineOf(recordOf(1, { resource: legal })))?.resource, legal);
  assert.equal(parseRecord(lineOf(recordOf(1, { resource: legal.repeat(9) })))?.resource.length, 512);
});

test('details are bounded in number and length', () => {
  const details = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'v'.repeat(10_000)]));
  const kept = parseRecord(lineOf(recordOf(1, { details })))?.details ?? {};
  assert.equal(Object.keys(kept).length, 16);
  assert.ok(Object.values(kept).every((fact) => String(fact).length === 4096));
});

test('a number that JSON cannot hold is a bug, not a broken line', () => {
  assert.throws(() => recordFields(recordOf(1, { time: Number.NaN })), /not finite/);
});

test('a line that is not a record is none', () => {
  const line = lineOf(recordOf(1));
  assert.equal(parseRecord('{"sequence":1}'), undefined);
  assert.equal(parseRecord(line.slice(0, 40)), undefined);
  assert.equal(parseRecord('null'), undefined);
  assert.equal(parseRecord(line.replace('"allowed"', '"granted"')), undefined);
  assert.equal(parseRecord(line.replace('"version":3', '"version":"3"')), undefined);
  assert.equal(parseRecord(line.replace('"peer":', '"pear":')), undefined);
});

test('sequence and time are read from the bytes of a line', () => {
  const block = Buffer.from(`first\n${lineOf(recordOf(1), 123_456)}`);
  assert.equal(sequenceAt(block, 6), 123_456);
  assert.equal(timeAt(block, 6), recordOf(1).time);
  assert.equal(sequenceAt(block, 0), undefined);
  assert.equal(timeAt(block, 7), undefined);
});
