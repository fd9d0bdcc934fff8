// What a server shares, another has byte for byte, however it was cut; and what is not as it says is not taken.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { appendRange, MapStore, mac, recordOf } from '../../test/audit/fixture.ts';
import type { AuditMark, SharedAudit, SharedPart } from '../core/audit-port.ts';
import { type AuditLog, openAudit } from './log.ts';
import { sealAnchor } from './mark.ts';
import { Mirror, writePart } from './mirror.ts';
import { sharing } from './share.ts';

/** A shared store of what the logs need, in memory. */
class SharedMap extends MapStore implements SharedAudit {
  parts: SharedPart[] = [];

  async shareAudit(ids: readonly string[], mark: AuditMark | undefined, parts: readonly SharedPart[]): Promise<void> {
    for (const part of parts) {
      const isSame = (each: SharedPart) => keyOf(each) === keyOf(part);
      const known = this.parts.find(isSame);
      if (known !== undefined && known.lengthBytes >= part.lengthBytes) continue;
      this.parts = [...this.parts.filter((each) => !isSame(each)), part];
    }
    this.parts.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    this.settleAudit(ids, mark);
  }

  async sharedAudit(stream: string, { segment, atBytes }: { segment: string; atBytes: number }, limit: number) {
    const isBehind = (part: SharedPart) =>
      part.segment > segment || (part.segment === segment && part.atBytes + part.lengthBytes > atBytes);
    return this.parts.filter((part) => part.stream === stream && isBehind(part)).slice(0, limit);
  }
}

function keyOf({ stream, segment, atBytes }: SharedPart): string {
  return `${stream} ${segment} ${String(atBytes).padStart(12, '0')}`;
}

interface Place {
  readonly root: string;
  readonly mirror: Mirror;
  open(stream: string): Promise<AuditLog>;
}

function placeOf(context: TestContext, store: SharedMap, server: string): Place {
  const root = mkdtempSync(join(tmpdir(), 'coffer-mirror-'));
  const opened: AuditLog[] = [];
  context.after(async () => {
    for (const log of opened) await log.close();
    rmSync(root, { recursive: true });
  });
  const mirror = new Mirror({ root, server, store, shared: store });
  const settleAudit = sharing(root, store, store);
  const shared = {
    pendingAudit: (limit?: number) => store.pendingAudit(limit),
    auditMarks: () => store.auditMarks(),
    auditAnchors: () => store.auditAnchors(),
    anchorAudit: (anchor: Parameters<MapStore['anchorAudit']>[0]) => store.anchorAudit(anchor),
    settleAudit,
  };
  const open = async (thread: string) => {
    const options = { directory: root, stream: `${server}${thread}`, sync: 'interval', store: shared, mac } as const;
    const clock = { now: () => 1_763_800_000_000 };
    const log = await openAudit({ ...options, clock, segmentBytesMax: 4000, refresh: () => mirror.refresh() });
    opened.push(log);
    return log;
  };
  return { root, mirror, open };
}

/** Every file of a stream. */
function filesOf(root: string, stream: string): ReadonlyMap<string, string> {
  const names = existsSync(join(root, stream))
    ? readdirSync(join(root, stream)).filter((name) => /jsonl$/.test(name))
    : [];
  return new Map(names.sort().map((name) => [name, readFileSync(join(root, stream, name), 'latin1')]));
}

test('a server finds what the others have settled, in files that are theirs byte for byte', async (context) => {
  const store = new SharedMap();
  const [one, two] = [placeOf(context, store, 's000001'), placeOf(context, store, 's000002')];
  const first = await one.open('main');
  const second = await two.open('main');
  for (let round = 0; round < 5; round += 1) {
    await appendRange(first, 20 * round + 1, 20 * round + 20);
    await second.append(recordOf(1000 + round));
    await first.enroll();
    await second.enroll();
    const { records } = await second.query({ limit: 500 });
    assert.equal(records.length, 21 * (round + 1));
    assert.deepEqual(filesOf(two.root, 's000001main'), filesOf(one.root, 's000001main'));
    assert.deepEqual(await second.verify(), { ok: true, records: 21 * (round + 1), pruned: 0 });
  }
  assert.ok(filesOf(one.root, 's000001main').size > 3);
  assert.deepEqual((await first.query({ limit: 500 })).records.length, 105);
});

test('a copy that was cut short is completed, wherever that was', async (context) => {
  const store = new SharedMap();
  const [one, two] = [placeOf(context, store, 's000001'), placeOf(context, store, 's000002')];
  const log = await one.open('w1');
  await appendRange(log, 1, 60);
  await log.enroll();
  await two.mirror.refresh();
  const wanted = filesOf(one.root, 's000001w1');
  for (const atBytes of [0, 1, 100, 1500, 3999]) {
    const last = [...filesOf(two.root, 's000001w1').keys()].at(-1) as string;
    truncateSync(join(two.root, 's000001w1', last), Math.min(atBytes, wanted.get(last)?.length ?? 0));
    await Promise.all([two.mirror.refresh(), two.mirror.refresh(), two.mirror.refresh()]);
    assert.deepEqual(filesOf(two.root, 's000001w1'), wanted, `cut at ${atBytes}`);
  }
});

test('what was changed on its way is found by whoever fetches it', async (context) => {
  const store = new SharedMap();
  const one = placeOf(context, store, 's000001');
  const log = await one.open('main');
  await appendRange(log, 1, 60);
  await log.enroll();
  const whole = store.parts;
  const edited = Buffer.from([...filesOf(one.root, 's000001main').values()][0] ?? '', 'latin1');
  edited.write('X', 100);
  const [first, ...rest] = whole as [SharedPart, ...SharedPart[]];
  const changed: Readonly<Record<string, readonly SharedPart[]>> = {
    'a part is missing': rest,
    'the last part is missing': whole.slice(0, -1),
    'bytes were edited': [{ ...first, packed: zstdCompressSync(edited.subarray(0, first.lengthBytes)) }, ...rest],
    'it is no archive': [{ ...first, packed: Buffer.from('not packed') }, ...rest],
    'it unpacks to more than it says': [
      { ...first, packed: zstdCompressSync(Buffer.alloc(64 * 1024 * 1024)) },
      ...rest,
    ],
    'it leads elsewhere': [{ ...first, segment: '../../x' }, ...rest],
  };
  for (const [name, parts] of Object.entries(changed)) {
    store.parts = [...parts];
    const two = await placeOf(context, store, 's000002').open('w9');
    assert.equal((await two.verify()).ok, false, name);
    await two.close();
    store.marks.delete('s000002w9');
  }
});

test('any server prunes the logs of all, and each goes on to hold', async (context) => {
  const store = new SharedMap();
  const [one, two] = [placeOf(context, store, 's000001'), placeOf(context, store, 's000002')];
  const [first, second] = [await one.open('main'), await two.open('main')];
  await appendRange(first, 1, 60);
  await first.enroll();
  await second.enroll();
  await second.query({ limit: 1 });
  const pruned = await second.prune(1_763_800_000_001);
  assert.deepEqual(
    pruned.streams.map(({ stream }) => stream),
    ['s000001main'],
  );
  assert.equal(filesOf(two.root, 's000001main').size, 1);
  await second.enroll();
  for (const log of [second, first]) {
    const verdict = await log.verify();
    assert.ok(verdict.ok && verdict.pruned > 0, JSON.stringify(verdict));
  }
  await first.prune(1_763_800_000_001);
  assert.equal(filesOf(one.root, 's000001main').size, 1);
  assert.equal((await first.verify()).ok, true);
});

test('what the store says is pruned goes, and no part is written behind a gap', async (context) => {
  const store = new SharedMap();
  const [one, two] = [placeOf(context, store, 's000001'), placeOf(context, store, 's000002')];
  const log = await one.open('main');
  await appendRange(log, 1, 60);
  await log.enroll();
  await two.mirror.refresh();
  store.anchorAudit(sealAnchor({ stream: 's000001main', segment: '00000003', sequence: 1, head: 'h' }, mac));
  await two.mirror.refresh();
  assert.equal([...filesOf(two.root, 's000001main').keys()][0], '00000003.jsonl');
  const part = { stream: 's000001main', segment: '00000009', lengthBytes: 1, packed: zstdCompressSync('x') };
  assert.equal(await writePart(join(two.root, 's000001main'), { ...part, atBytes: 5 }), false);
});
