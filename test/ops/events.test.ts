// The outbox as it is asked for and forgotten, over the real store and engine.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Fault } from '../../src/core/error.ts';
import { secretEvent } from '../../src/core/events.ts';
import { EMPTY_POLICY } from '../../src/core/iam/policy.ts';
import { GLOBAL, parseProjectId, parseSecretName } from '../../src/core/name.ts';
import { SYSTEM } from '../../src/core/principal.ts';
import type { Project, Secret } from '../../src/core/secret.ts';
import { dropOldEvents, listEventTypes, oldEvents, queryEvents } from '../../src/ops/events.ts';
import { createProject } from '../../src/ops/projects.ts';
import { openWorld, type World } from './world.ts';

const DAY_MS = 24 * 3_600_000;

let world: World;
let owner: string;
let mine: Project;
let theirs: Project;
let made = 0;

before(async () => {
  world = await openWorld();
  owner = world.ownerCredential;
  const make = async (id: string) =>
    (await world.ask(createProject, { id: parseProjectId(id), displayName: '', labels: {} }, owner)).project;
  mine = await make('my-project');
  theirs = await make('their-project');
});

after(() => world.close());

/** Puts events of a made-up secret into the outbox, as an operation that changes one would. */
async function happen(project: Project, count: number): Promise<void> {
  const secret: Secret = {
    uid: 'f'.repeat(32),
    projectUid: project.uid,
    location: GLOBAL,
    name: parseSecretName('a'),
    createdAt: 0,
    labels: {},
    annotations: {},
    tags: {},
    replication: { locations: [] },
    versionAliases: {},
    topics: [],
    etag: 'e',
    policy: EMPTY_POLICY,
    lastVersion: 0,
    currentVersion: 0,
    previousVersion: 0,
  };
  const changes = Array.from({ length: count }, () => {
    made++;
    const uid = made.toString(16).padStart(32, '0');
    const event = secretEvent('SECRET_UPDATE', { uid, now: world.clock.now(), project, secret });
    return { change: 'event.insert', event } as const;
  });
  const record = {
    id: `record-${made}`,
    time: world.clock.now(),
    operation: 'test',
    outcome: 'allowed',
    principal: 'test',
    resource: 'test',
    dialect: 'test',
    peer: 'test',
    requestId: 'test',
  } as const;
  await world.store.transact({}, () => ({ result: undefined, changes, record }));
}

test('events come oldest first, by cursor, of the server or of one project', async () => {
  await happen(mine, 3);
  await happen(theirs, 2);
  const all = await world.ask(queryEvents, {}, owner);
  assert.equal(all.events.length, 5);
  assert.equal(all.next, undefined);
  const first = await world.ask(queryEvents, { limit: 2 }, owner);
  assert.deepEqual(first.events, all.events.slice(0, 2));
  const second = await world.ask(queryEvents, { after: first.next as number, limit: 3 }, owner);
  assert.deepEqual([second.events, second.next], [all.events.slice(2), undefined]);
  const one = await world.ask(queryEvents, { project: 'their-project', limit: 1 }, owner);
  assert.deepEqual(one.events, all.events.slice(3, 4));
  const rest = await world.ask(queryEvents, { project: theirs.number, after: one.next as number }, owner);
  assert.deepEqual([rest.events, rest.next], [all.events.slice(4), undefined]);
  await assert.rejects(async () => world.ask(queryEvents, {}), /no credential/);
});

test('a project that had nothing among many events gets an empty page that goes on', async () => {
  await happen(theirs, 1000);
  const start = (await world.ask(queryEvents, {}, owner)).events[4]?.cursor as number;
  await happen(mine, 1);
  const empty = await world.ask(queryEvents, { project: 'my-project', after: start }, owner);
  assert.equal(empty.events.length, 0);
  const found = await world.ask(queryEvents, { project: 'my-project', after: empty.next as number }, owner);
  assert.equal(found.events.length, 1);
  assert.equal(found.next, undefined);
});

test('anybody may learn the vocabulary', async () => {
  const types = await world.ask(listEventTypes, {});
  assert.ok(types.SECRET_ROTATE.data);
});

test('events are forgotten after seven days, by the hour, and only by the server itself', async () => {
  const drop = async () => {
    const before = await oldEvents(world.store, world.clock.now());
    if (before === undefined) return false;
    const caller = { principal: SYSTEM, dialect: 'server', peer: 'local', requestId: 'r' };
    await world.door.call(dropOldEvents, caller, { before });
    return true;
  };
  world.clock.advance(7 * DAY_MS - 3_600_000);
  assert.equal(await drop(), false);
  await happen(mine, 2);
  world.clock.advance(2 * 3_600_000);
  while (await drop());
  const left = await world.ask(queryEvents, {}, owner);
  assert.equal(left.events.length, 2);
  // What `happen` put into the store has nobody to copy it, and so comes last.
  const copied = (await world.records()).filter(({ operation }) => operation !== 'test');
  assert.equal(copied.at(-1)?.operation, 'events.query');
  assert.ok(
    (await world.records()).some(({ operation, principal }) => operation === 'events.drop' && principal === 'system'),
  );
  await assert.rejects(
    async () => world.ask(dropOldEvents, { before: world.clock.now() }, owner),
    (error) => error instanceof Fault && error.code === 'PERMISSION_DENIED',
  );
  // The newest stays for its cursor, and is no reason to try again for ever.
  world.clock.advance(30 * DAY_MS);
  while (await drop());
  assert.equal((await world.ask(queryEvents, {}, owner)).events.length, 1);
  assert.equal(await drop(), false);
});
