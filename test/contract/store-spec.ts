// What every engine behind the store port must do. A second engine calls `storeSpec` with its own way to open a store.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EMPTY_POLICY } from '../../src/core/iam/policy.ts';
import { VERSIONS_MAX } from '../../src/core/limits.ts';
import { parseProjectRef, type SecretKey, secretKey } from '../../src/core/name.ts';
import type { Maybe } from '../../src/core/ports.ts';
import { ORDINALS_A_SECRET } from '../../src/store/sql/versions.ts';
import {
  type AnyStore,
  anAccount,
  aProject,
  apply,
  aRecord,
  aSealed,
  aSecret,
  aToken,
  aVersion,
  hex,
  internal,
  numbers,
  plain,
  seed,
  uid,
  unknownProject,
} from './store-rows.ts';
import { describeAws } from './store-spec-aws.ts';
import { describeCensus } from './store-spec-census.ts';
import { describeChanges, describeTransactions } from './store-spec-changes.ts';
import { describeIdentity, describeOutbox, describeTopics } from './store-spec-events.ts';
import { describeGroups } from './store-spec-groups.ts';
import { describeKeys } from './store-spec-keys.ts';
import { describeSchedules, describeSecrets } from './store-spec-lifecycle.ts';
import { describeProjects } from './store-spec-projects.ts';
import { describeRotations } from './store-spec-rotations.ts';
import { describeSpelled } from './store-spec-spelled.ts';
import { describeTags } from './store-spec-tags.ts';
import { describeTogether } from './store-spec-together.ts';
import { describeVault } from './store-spec-vault.ts';

/** A place where one store lives; opening it again after closing finds the same data. */
export interface StorePlace {
  open(): Maybe<AnyStore>;
  remove(): Maybe<void>;
}

function describeReads(use: () => AnyStore): void {
  test('a new store grants nothing', async () => {
    assert.deepEqual((await use().read({ server: { need: 'server' } })).server, EMPTY_POLICY);
  });

  test('a project is found by id and by number, exactly as written', async () => {
    const project = aProject();
    await apply(use(), { change: 'project.insert', project });
    const rows = await use().read({
      byId: { need: 'project', project: parseProjectRef(project.id) },
      byNumber: { need: 'project', project: parseProjectRef(project.number) },
      none: { need: 'project', project: unknownProject },
    });
    assert.deepEqual(plain(rows.byId), plain(project));
    assert.deepEqual(plain(rows.byNumber), plain(project));
    assert.equal(rows.none, undefined);
  });

  test('a project is found by its AWS account: the one that was set, or else its number', async () => {
    const [numbered, set, late] = [aProject(), aProject({ awsAccount: '123456789012' }), aProject()];
    for (const project of [numbered, set, late]) await apply(use(), { change: 'project.insert', project });
    const find = async (account: string) =>
      (await use().read({ found: { need: 'projectOfAwsAccount', account } })).found?.uid;
    assert.equal(await find(numbered.number), numbered.uid);
    assert.equal(await find('123456789012'), set.uid);
    assert.equal(await find(set.number), undefined);
    await apply(use(), { change: 'project.update', project: { ...late, awsAccount: '210987654321' } });
    assert.deepEqual([await find('210987654321'), await find(late.number)], [late.uid, undefined]);
    const rows = await use().read({ set: { need: 'project', project: parseProjectRef(set.id) } });
    assert.deepEqual(plain(rows.set), plain(set));
    // Neither what was set for another, nor another's number.
    for (const awsAccount of ['123456789012', numbered.number]) {
      const project = { ...late, awsAccount };
      await assert.rejects(async () => apply(use(), { change: 'project.update', project }));
    }
  });

  test('a secret is found under its key, by id and number of its project', async () => {
    const { project, secret } = await seed(use(), 0);
    const key = secretKey(secret.name);
    const other = aProject();
    await apply(use(), { change: 'project.insert', project: other });
    const rows = await use().read({
      byId: { need: 'secret', project: parseProjectRef(project.id), key },
      byNumber: { need: 'secret', project: parseProjectRef(project.number), key },
      elsewhere: { need: 'secret', project: parseProjectRef(other.id), key },
      case: { need: 'secret', project: parseProjectRef(project.id), key: key.toUpperCase() as SecretKey },
    });
    assert.deepEqual(rows.byId, secret);
    assert.deepEqual(rows.byNumber, secret);
    assert.equal(rows.elsewhere, undefined);
    assert.equal(rows.case, undefined);
  });

  test('a name with a slash is found in the spelling of all dialects and keeps its own', async () => {
    const project = aProject();
    const secret = aSecret(project, 'prod/db');
    await apply(use(), { change: 'project.insert', project }, { change: 'secret.insert', secret });
    const need = { need: 'secret', project: parseProjectRef(project.id), key: 'prod--db' as SecretKey } as const;
    assert.equal((await use().read({ need })).need?.name, 'prod/db');
  });

  test('a version and its payload are found by number, and 0 is the current one', async () => {
    const { project, secret, versions, sealed } = await seed(use(), 3);
    const current = { ...secret, currentVersion: 2 };
    await apply(use(), { change: 'secret.update', secret: current });
    const place = { project: parseProjectRef(project.id), key: secretKey(secret.name) };
    const rows = await use().read({
      first: { need: 'version', ...place, number: 1 },
      latest: { need: 'version', ...place, number: 0 },
      payload: { need: 'payload', ...place, number: 0 },
      byNumber: { need: 'payload', ...place, project: parseProjectRef(project.number), number: 3 },
      none: { need: 'payload', ...place, number: 4 },
    });
    assert.deepEqual(rows.first, versions[0]);
    assert.deepEqual(rows.latest, versions[1]);
    assert.deepEqual(rows.payload?.version, versions[1]);
    assert.deepEqual(hex(rows.payload?.sealed), hex(sealed[1]));
    assert.deepEqual(hex(rows.byNumber?.sealed), hex(sealed[2]));
    assert.equal(rows.none, undefined);
  });

  test('a secret without versions has no current one', async () => {
    const { project, secret } = await seed(use(), 0);
    const place = { project: parseProjectRef(project.id), key: secretKey(secret.name), number: 0 };
    const rows = await use().read({ version: { need: 'version', ...place }, payload: { need: 'payload', ...place } });
    assert.deepEqual(rows, { version: undefined, payload: undefined });
  });

  test('an account is found by its address', async () => {
    const project = aProject();
    const account = anAccount(project);
    await apply(use(), { change: 'project.insert', project }, { change: 'account.insert', account });
    assert.deepEqual((await use().read({ it: { need: 'account', email: account.email } })).it, account);
  });

  test('a token is found by its hash, with or without an end', async () => {
    const ends = aToken('user:a@example.com');
    const { expiresAt: _, ...endless } = aToken('user:owner@coffer.internal', { kind: 'owner' });
    await apply(use(), { change: 'token.insert', token: ends }, { change: 'token.insert', token: endless });
    const rows = await use().read({
      ends: { need: 'token', hash: ends.hash },
      endless: { need: 'token', hash: endless.hash },
      none: { need: 'token', hash: uid() },
    });
    assert.deepEqual(rows, { ends, endless, none: undefined });
  });
}

function describeLists(use: () => AnyStore): void {
  test('secrets run from the newest to the oldest, page by page, with their total', async () => {
    const { project } = await seed(use(), 0);
    const names = ['b', 'a', 'c', 'e', 'd'];
    const secrets = names.map((name) => aSecret(project, name));
    for (const secret of secrets) await apply(use(), { change: 'secret.insert', secret });
    const seen: string[] = [];
    let before = 0;
    for (;;) {
      const need = { need: 'secrets', project: parseProjectRef(project.id), before, limit: 4 } as const;
      const { list } = await use().read({ list: need });
      assert.equal(list.total, 6);
      seen.push(...list.rows.map(({ secret }) => secret.name));
      if (list.rows.length < 4) break;
      before = list.rows.at(-1)?.cursor as number;
    }
    assert.deepEqual(seen.slice(0, 5), ['d', 'e', 'c', 'a', 'b']);
    assert.equal(seen.length, 6);
  });

  test('a cursor stays good when secrets come and go', async () => {
    const { project, secret: oldest } = await seed(use(), 0);
    const [second, third, fourth] = [aSecret(project), aSecret(project), aSecret(project)];
    for (const secret of [second, third, fourth]) await apply(use(), { change: 'secret.insert', secret });
    const place = { need: 'secrets', project: parseProjectRef(project.number), limit: 2 } as const;
    const { list } = await use().read({ list: { ...place, before: 0 } });
    const cursor = list.rows[1]?.cursor as number;
    await apply(use(), { change: 'secret.delete', uid: fourth.uid }, { change: 'secret.delete', uid: third.uid });
    await apply(use(), { change: 'secret.insert', secret: aSecret(project) });
    const { rest } = await use().read({ rest: { ...place, before: cursor } });
    assert.deepEqual(
      rest.rows.map(({ secret }) => secret.uid),
      [second.uid, oldest.uid],
    );
    assert.equal(rest.total, 3);
  });

  test('versions run from the highest number down', async () => {
    const { project, secret } = await seed(use(), 5);
    const place = { need: 'versions', project: parseProjectRef(project.id), key: secretKey(secret.name) } as const;
    const rows = await use().read({
      first: { ...place, before: 0, limit: 2 },
      rest: { ...place, before: 4, limit: 10 },
      none: { ...place, before: 1, limit: 10 },
    });
    assert.deepEqual(numbers(rows.first.rows), [5, 4]);
    assert.deepEqual(numbers(rows.rest.rows), [3, 2, 1]);
    assert.deepEqual(numbers(rows.none.rows), []);
    assert.deepEqual([rows.first.total, rows.rest.total, rows.none.total], [5, 5, 5]);
  });

  test('no number finds a version of another secret', async () => {
    const first = await seed(use(), 1);
    const second = await seed(use(), 2);
    const place = { project: parseProjectRef(first.project.id), key: secretKey(first.secret.name) } as const;
    for (const number of [ORDINALS_A_SECRET + 1, ORDINALS_A_SECRET + 2, 1e15]) {
      for (const need of ['version', 'payload'] as const) {
        assert.equal((await use().read({ found: { need, ...place, number } })).found, undefined, `${need} ${number}`);
      }
    }
    assert.ok(ORDINALS_A_SECRET > VERSIONS_MAX);
    const beyond = { need: 'versions', ...place, before: 1e15, limit: 10 } as const;
    assert.deepEqual(numbers((await use().read({ beyond })).beyond.rows), [1]);
    const version = aVersion(second.secret, ORDINALS_A_SECRET + 1);
    await assert.rejects(apply(use(), { change: 'version.insert', version, sealed: aSealed() }), internal);
    const nowhere = aVersion({ ...second.secret, uid: uid() }, 1);
    await assert.rejects(apply(use(), { change: 'version.insert', version: nowhere, sealed: aSealed() }), internal);
  });

  test('projects and accounts run by name, after a given one', async () => {
    const projects = ['zz-spec-b', 'zz-spec-a', 'zz-spec-c'].map((id) => aProject({ id: id as never }));
    const { count: before } = await use().read({ count: { need: 'projectCount' } });
    for (const project of projects) await apply(use(), { change: 'project.insert', project });
    const { count } = await use().read({ count: { need: 'projectCount' } });
    assert.equal(count, before + projects.length);
    const [project] = projects;
    assert.ok(project);
    const accounts = ['name-b', 'name-c', 'name-a'].map((name) => anAccount(project, name));
    for (const account of accounts) await apply(use(), { change: 'account.insert', account });
    const after = accounts[2]?.email as string;
    const rows = await use().read({
      projects: { need: 'projects', after: 'zz-spec-a', limit: 10 },
      one: { need: 'projects', after: 'zz-spec-', limit: 1 },
      accounts: { need: 'accounts', project: parseProjectRef(project.id), after, limit: 1 },
    });
    assert.deepEqual(
      rows.projects.map(({ id }) => id as string),
      ['zz-spec-b', 'zz-spec-c'],
    );
    assert.deepEqual(
      rows.one.map(({ id }) => id as string),
      ['zz-spec-a'],
    );
    assert.deepEqual(rows.accounts, { rows: [accounts[0]], total: 3 });
  });

  test('lists of what is not there are empty', async () => {
    const key = 'none' as SecretKey;
    const rows = await use().read({
      secrets: { need: 'secrets', project: unknownProject, before: 0, limit: 10 },
      versions: { need: 'versions', project: unknownProject, key, before: 0, limit: 10 },
      accounts: { need: 'accounts', project: unknownProject, after: '', limit: 10 },
    });
    for (const list of Object.values(rows)) assert.deepEqual(list, { rows: [], total: 0 });
  });
}

function describeAudit(use: () => AnyStore): void {
  test('a record is pending until it is settled, oldest first', async () => {
    const settled = (await use().pendingAudit()).map(({ id }) => id);
    await use().settleAudit(settled, undefined);
    assert.deepEqual(await use().pendingAudit(), []);
    assert.deepEqual(await use().auditMarks(), []);
    const records = [aRecord(), aRecord({ resource: 'x\n\u2028"é' }), aRecord()];
    for (const record of records) await use().transact({}, () => ({ result: 0, changes: [], record }));
    assert.deepEqual(await use().pendingAudit(), records);
    const place = { segment: '00000001.jsonl', sequence: 2, lengthBytes: 2 ** 40, head: 'aa', mac: 'bb' };
    const mark = { stream: 'main', ...place, streams: [] };
    await use().settleAudit([records[0]?.id as string, records[1]?.id as string, 'unknown'], mark);
    assert.deepEqual(await use().pendingAudit(), [records[2]]);
    assert.deepEqual(await use().auditMarks(), [mark]);
    await use().settleAudit([records[2]?.id as string], undefined);
    assert.deepEqual(await use().pendingAudit(), []);
    assert.deepEqual(await use().auditMarks(), [mark]);
    await use().settleAudit([], { ...mark, sequence: 3, streams: ['w1', 'w2'] });
    assert.deepEqual(await use().auditMarks(), [{ ...mark, sequence: 3, streams: ['w1', 'w2'] }]);
  });

  test('each stream has a mark of its own', async () => {
    const [main] = await use().auditMarks();
    const place = { segment: '00000009', sequence: 7, lengthBytes: 1, head: 'h', mac: 'm' };
    for (const stream of ['w2', 'w1']) await use().settleAudit([], { stream, ...place, streams: ['main'] });
    const marks = await use().auditMarks();
    assert.deepEqual(
      marks.map(({ stream }) => stream),
      ['main', 'w1', 'w2'],
    );
    assert.deepEqual(marks[0], main);
  });

  test('only so many pending records come as are asked for, the oldest', async () => {
    const records = [aRecord(), aRecord(), aRecord()];
    for (const record of records) await use().transact({}, () => ({ result: 0, changes: [], record }));
    assert.deepEqual(await use().pendingAudit(2), records.slice(0, 2));
    await use().settleAudit(
      records.map(({ id }) => id),
      undefined,
    );
  });

  test('an anchor is kept for each stream and never leads back', async () => {
    assert.deepEqual(await use().auditAnchors(), []);
    const anchor = { stream: 'w1', segment: '00000005', sequence: 900, head: 'hh', mac: 'mm' };
    await use().anchorAudit(anchor);
    await use().anchorAudit({ ...anchor, segment: '00000004', sequence: 700 });
    assert.deepEqual(await use().auditAnchors(), [anchor]);
    await use().anchorAudit({ ...anchor, segment: '00000006', sequence: 950 });
    await use().anchorAudit({ ...anchor, stream: 'main' });
    assert.deepEqual(
      (await use().auditAnchors()).map(({ stream, sequence }) => [stream, sequence]),
      [
        ['main', 900],
        ['w1', 950],
      ],
    );
  });
}

function describeMeta(use: () => AnyStore): void {
  test('values beside the rows are kept byte for byte', async () => {
    assert.equal(await use().meta('seal'), undefined);
    await use().setMeta('seal', Uint8Array.of(0, 1, 255));
    await use().setMeta('other', new Uint8Array());
    assert.deepEqual([...((await use().meta('seal')) ?? [])], [0, 1, 255]);
    assert.deepEqual([...((await use().meta('other')) ?? [9])], []);
    await use().setMeta('seal', Uint8Array.of(7));
    assert.deepEqual([...((await use().meta('seal')) ?? [])], [7]);
  });
}

/** Everything an engine must keep, in one process on one store; `create` makes an empty place. */
export function storeSpec(engine: string, create: () => Maybe<StorePlace>): void {
  describe(`store on ${engine}`, () => {
    let place: StorePlace;
    let store: AnyStore;
    const use = () => store;
    before(async () => {
      place = await create();
      store = await place.open();
    });
    after(async () => {
      await store.close();
      await place.remove();
    });
    describeReads(use);
    describeTogether(use);
    describeLists(use);
    describeChanges(use);
    describeTransactions(use);
    describeGroups(use);
    describeSecrets(use);
    describeSchedules(use);
    describeTopics(use);
    describeTags(use);
    describeSpelled(use);
    describeAws(use);
    describeVault(use);
    describeKeys(use);
    describeProjects(use);
    describeRotations(use);
    describeCensus(use);
    describeOutbox(use);
    describeIdentity(use);
    describeAudit(use);
    describeMeta(use);

    test('what was committed is there after closing and opening again', async () => {
      const { project, secret, sealed } = await seed(use(), 2);
      await use().setMeta('kept', Uint8Array.of(1, 2, 3));
      const record = aRecord();
      await use().transact({}, () => ({ result: 0, changes: [], record }));
      await store.close();
      store = await place.open();
      const key = secretKey(secret.name);
      const { it } = await use().read({
        it: { need: 'payload', project: parseProjectRef(project.id), key, number: 0 },
      });
      assert.deepEqual(hex(it?.sealed), hex(sealed[1]));
      assert.deepEqual([...((await use().meta('kept')) ?? [])], [1, 2, 3]);
      assert.deepEqual((await use().pendingAudit()).at(-1), record);
    });
  });
}
