// Rotations below AWS's wire, from their start to their end, and what fails on the way.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { stagesOf } from '../../src/core/aws/stages.ts';
import { createKmsKey } from '../../src/ops/aws/kms-keys.ts';
import { moveStage } from '../../src/ops/aws/move-stage.ts';
import { putVersion } from '../../src/ops/aws/put-version.ts';
import { accessVersion, getVersion } from '../../src/ops/versions.ts';
import { ALL, Rotating, region, seen, token } from './rotating.ts';
import { bytes, eventsOf, key, project, refused, textOf } from './support.ts';

let at: Rotating;

beforeEach(async () => {
  at = await Rotating.open();
});
afterEach(() => at.close());

const minute = 60_000;
const day = 86_400_000;

test('a rotation is four steps of the function, and its end is told', async () => {
  await at.make('plain');
  const started = await at.rotate('plain', 'one', { rules: { afterDays: 7 } });
  assert.equal(started.versionId, token('one'));
  assert.deepEqual((await at.secretOf('plain')).aws?.reserved?.versionId, token('one'));
  await refused(
    'VERSION_NOT_FOUND',
    at.ask(accessVersion, { ...seen('plain'), selector: { versionId: token('one'), stage: 'AWSPENDING' } }),
  );
  await at.look();
  assert.deepEqual(at.steps(), ALL);
  assert.equal(await at.read('plain'), 'made for one-----');
  const settings = await at.settingsOf('plain');
  assert.equal(settings?.rotatedAt, at.world.clock.now());
  assert.equal(settings?.nextBy, Math.floor(at.world.clock.now() / day) * day + 8 * day - 1000);
  assert.equal((await at.rowOf('plain'))?.state, 'planned');
  const states = (await eventsOf(at.world, 'secrets/plain'))
    .filter(({ type }) => type === 'SECRET_ROTATION')
    .map(({ attributes }) => attributes['state']);
  assert.deepEqual(states, ['started', 'stored', 'applied', 'verified', 'planned']);
  const told = (await at.world.records()).filter(({ operation }) => operation.startsWith('rotations.'));
  assert.deepEqual(
    told.map(({ operation, details }) => [operation, details?.['rotation']]),
    [
      ['rotations.start', 'started'],
      ['rotations.claim', 'started'],
      ['rotations.step', 'stored'],
      ['rotations.step', 'applied'],
      ['rotations.step', 'verified'],
      ['rotations.step', 'planned'],
    ],
  );
  await at.look();
  assert.equal(at.lambda.invocations.length, 4, 'nothing is due');
});

test('a schedule fires by itself, once after a window that was missed, and with a version of its own each time', async () => {
  await at.make('often');
  await at.rotate('often', 'one', { rules: { schedule: 'rate(4 hours)' } });
  await at.look();
  for (const hours of [4, 4]) {
    await at.look(hours * 60 * minute);
    // A start and its steps are two looks.
    await at.look();
  }
  assert.equal(at.lambda.invocations.length, 12);
  assert.equal(new Set(at.lambda.invocations.map(({ token: version }) => version)).size, 3);
  await at.look(9 * day + 30 * minute);
  await at.look(60 * minute);
  await at.look();
  await at.look();
  assert.equal(at.lambda.invocations.length, 16, 'one rotation for all that were missed');
});

test('whatever step fails, it is tried again from the start with the same version, and then given up', async () => {
  for (const failing of ALL) {
    const name = `fails-${failing.toLowerCase()}`;
    await at.make(name);
    at.lambda.invocations.length = 0;
    at.behave = (invocation) => (invocation.step === failing ? new Error('no: hunter2') : at.template(invocation));
    await at.rotate(name, 'one');
    await at.look();
    assert.equal((await at.rowOf(name))?.details.problem, 'the function failed');
    await at.look();
    assert.equal(at.steps().filter((step) => step === 'createSecret').length, 1, 'not at once');
    for (const seconds of [10, 30, 90, 270]) await at.look(seconds * 1000);
    const row = await at.rowOf(name);
    assert.deepEqual([row?.state, row?.details.attempts, row?.dueAt], ['failed', 5, undefined]);
    assert.equal(new Set(at.lambda.invocations.map(({ token: version }) => version)).size, 1);
    assert.equal(await at.read(name), 'first');
    await at.look(day);
    await refused('ROTATION_INCOMPLETE', at.rotate(name, 'two'));
    at.behave = undefined;
    await at.look();
    assert.equal(await at.read(name), 'made for one-----', 'the refusal had it tried again');
    assert.equal((await at.rowOf(name))?.state, 'planned');
  }
  assert.ok(!JSON.stringify(await at.world.records()).includes('hunter2'));
});

test('a function that never moves AWSCURRENT has not rotated', async () => {
  await at.make('idle');
  at.behave = (invocation) => (invocation.step === 'finishSecret' ? undefined : at.template(invocation));
  await at.rotate('idle', 'one');
  await at.look();
  assert.match((await at.rowOf('idle'))?.details.problem ?? '', /left AWSPENDING/);
  assert.equal((await at.settingsOf('idle'))?.rotatedAt, undefined);
  // What is left of it can be cleared away, reserved or not.
  await at.ask(moveStage, { ...seen('idle'), stage: 'AWSPENDING', removeFrom: token('one') });
  await at.look(10_000);
  at.behave = undefined;
  await at.rotate('idle', 'two');
  await at.look();
  assert.equal(await at.read('idle'), 'made for two-----');
});

test('requests at once start one rotation, and a request that comes again is the same', async () => {
  await at.make('at-once');
  const ends = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => at.rotate('at-once', `id-${n}`)));
  assert.equal(ends.filter(({ status }) => status === 'fulfilled').length, 1);
  const won = (await at.secretOf('at-once')).aws?.reserved?.versionId as string;
  await at.rotate('at-once', won);
  await at.look();
  assert.deepEqual(at.steps(), ALL);
  assert.equal((await at.rotate('at-once', won)).versionId, won);
  await refused('REQUEST_TOKEN_USED', at.rotate('at-once', 'first'));
  await at.look();
  assert.equal(at.lambda.invocations.length, 4);
});

test('AWSPENDING of somebody else, without a rotation, refuses one until it is taken away', async () => {
  await at.make('by-hand');
  await at.ask(putVersion, { ...seen('by-hand'), token: token('mine'), payload: bytes('x'), stages: ['AWSPENDING'] });
  await refused('ROTATION_INCOMPLETE', at.rotate('by-hand', 'one'));
  assert.equal(await at.rowOf('by-hand'), undefined);
  await at.ask(moveStage, { ...seen('by-hand'), stage: 'AWSPENDING', removeFrom: token('mine') });
  await at.rotate('by-hand', 'one');
});

test('without RotateImmediately the function is only tried, on a version that goes again', async () => {
  const { key: wrapping } = await at.ask(createKmsKey, { project, region });
  for (const [name, answer, kmsKeyId] of [
    ['tried', undefined, ''],
    ['tried-under-a-key', undefined, wrapping.name],
    ['refused', new Error('no'), ''],
  ] as const) {
    await at.make(name, 'first', kmsKeyId);
    at.lambda.invocations.length = 0;
    let tried = '';
    at.behave = async ({ token: version }) => {
      tried = textOf(
        (await at.ask(accessVersion, { ...seen(name), selector: { versionId: version, stage: 'AWSPENDING' } })).payload,
      );
      return answer;
    };
    await at.rotate(name, 'trial', { waits: true, rules: { schedule: 'cron(0 8 ? * MON *)' } });
    for (const seconds of [0, 10, 30, 90, 270]) await at.look(seconds * 1000);
    assert.equal(tried, 'first');
    assert.deepEqual(new Set(at.steps()), new Set(['testSecret']));
    assert.equal(at.lambda.invocations.length, answer === undefined ? 1 : 5);
    const secret = await at.secretOf(name);
    assert.deepEqual(Object.fromEntries(stagesOf(secret)), { AWSCURRENT: 1 });
    const { version } = await at.ask(getVersion, { project, key: key(name), selector: 2 });
    assert.deepEqual([version.state, version.attributes?.customerKey?.name ?? ''], ['DESTROYED', kmsKeyId]);
    assert.equal(secret.aws?.rotation?.rotatedAt, undefined);
    assert.equal((await at.rowOf(name))?.state, 'planned');
  }
});
