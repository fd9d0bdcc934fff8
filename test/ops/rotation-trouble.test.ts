// What becomes of a rotation that somebody interferes with: it is cancelled, its secret deleted, its server killed.

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Location } from '../../src/core/name.ts';
import { SYSTEM } from '../../src/core/principal.ts';
import { LEASE_MS, type Rotation } from '../../src/core/rotation/machine.ts';
import { restoreSecret } from '../../src/ops/deleted-secrets.ts';
import type { Operation } from '../../src/ops/operation.ts';
import { claimRotation, renewRotation, stepRotation } from '../../src/ops/rotation/advance-rotation.ts';
import { cancelRotation } from '../../src/ops/rotation/cancel-rotation.ts';
import { startRotation } from '../../src/ops/rotation/start-rotation.ts';
import { deleteSecret } from '../../src/ops/secrets.ts';
import { ALL, Rotating, region, seen, token } from './rotating.ts';
import { key, project, refused } from './support.ts';

let at: Rotating;

beforeEach(async () => {
  at = await Rotating.open();
});
afterEach(() => at.close());

const minute = 60_000;
const day = 86_400_000;

test('a rotation that is cancelled goes no step further, and its labels stay', async () => {
  await at.make('cancelled');
  at.behave = async (invocation) => {
    await at.template(invocation);
    if (invocation.step === 'setSecret') await at.ask(cancelRotation, seen('cancelled'));
    return undefined;
  };
  await at.rotate('cancelled', 'one', { rules: { afterDays: 1 } });
  await at.look();
  assert.deepEqual(at.steps(), ['createSecret', 'setSecret']);
  await at.look(5 * day);
  assert.equal(at.lambda.invocations.length, 2);
  const { aws, candidateVersion } = await at.secretOf('cancelled');
  assert.deepEqual([aws?.rotation?.isEnabled, aws?.rotation?.nextBy, candidateVersion], [false, undefined, 2]);
  assert.equal((await at.ask(cancelRotation, seen('cancelled'))).versionId, token('one'));
  await refused('ROTATION_INCOMPLETE', at.rotate('cancelled', 'two'));
  await at.make('never');
  await refused('ROTATION_FUNCTION_MISSING', at.ask(cancelRotation, seen('never')));
  await refused('ROTATION_FUNCTION_MISSING', at.ask(startRotation, { ...seen('never'), token: token('one') }));
});

test('a secret that is deleted while it is rotated goes on where it comes back, and else its rotation goes with it', async () => {
  await at.make('deleted');
  at.behave = async (invocation) => {
    await at.template(invocation);
    if (invocation.step === 'createSecret') {
      await at.ask(deleteSecret, { ...seen('deleted'), recoverySeconds: 7 * 86_400 });
    }
    return undefined;
  };
  await at.rotate('deleted', 'one');
  await at.look();
  assert.deepEqual(at.steps(), ['createSecret']);
  await at.look(minute);
  assert.deepEqual(at.steps(), ['createSecret']);
  await refused('SECRET_DELETED', at.rotate('deleted', 'two'));
  at.behave = undefined;
  await at.ask(restoreSecret, { ...seen('deleted'), from: { ...seen('deleted').from, deleted: true } });
  await at.look(61 * minute);
  assert.equal(await at.read('deleted'), 'made for one-----');
  await at.ask(deleteSecret, { ...seen('deleted'), recoverySeconds: 0 });
  await at.world.sweep();
  assert.equal(await at.rowOf('deleted'), undefined);
});

test('a function must be there, of the account and of the region of the secret', async () => {
  await at.make('functions');
  const [own] = (await at.arnOf()).match(/\d{12}/) as RegExpMatchArray;
  const other = own === '111122223333' ? '111122223334' : '111122223333';
  for (const functionArn of [
    await at.arnOf('missing-one'),
    `arn:aws:lambda:${region}:${other}:function:rotate`,
    `arn:aws:lambda:us-east-1:${own}:function:rotate`,
    `arn:aws:lambda:${region}:${own}:function:rotate/../../other`,
    `arn:aws:lambda:${region}:${own}:layer:rotate`,
    'rotate',
    'http://169.254.169.254/latest/meta-data',
    '',
  ]) {
    await refused('ROTATION_FUNCTION_REFUSED', at.rotate('functions', 'one', { functionArn }));
  }
  assert.equal((await at.secretOf('functions')).aws?.rotation, undefined);
  assert.equal(at.lambda.invocations.length, 0);
  await refused('AWS_REQUEST_INVALID', at.rotate('functions', 'one', { rules: { schedule: 'rate(1 hour)' } }));
});

test('nobody but the server moves a rotation on, and whoever lost its lease changes nothing', async () => {
  await at.make('leases');
  await at.rotate('leases', 'one');
  const { epoch, secretUid } = (await at.rowOf('leases')) as Rotation;
  const ref = { project, location: '' as Location, key: key('leases'), secretUid, epoch };
  for (const operation of [claimRotation, renewRotation, stepRotation] as Operation<typeof ref, unknown>[]) {
    await refused('PERMISSION_DENIED', at.ask(operation, ref));
  }
  const system = {
    principal: SYSTEM,
    dialect: 'server',
    peer: 'local',
    requestId: 'r',
  };
  const claim = await at.world.engine.call(claimRotation, system, ref);
  assert.equal(claim?.call.verb, 'create');
  // Claimed: nobody else has it, before the lease is over.
  const late = async () => ({ ...ref, epoch: ((await at.rowOf('leases')) as Rotation).epoch });
  await assert.rejects(async () => at.world.engine.call(claimRotation, system, await late()), {
    code: 'SECRET_NOT_FOUND',
  });
  at.world.clock.advance(LEASE_MS);
  await at.world.engine.call(claimRotation, system, await late());
  await assert.rejects(
    async () => at.world.engine.call(stepRotation, system, { ...ref, epoch: claim?.epoch as number }),
    {
      code: 'SECRET_NOT_FOUND',
    },
  );
});

test('what a server that is gone was at is taken up by the next one at once, at the step that was under way', async () => {
  await at.make('crashed');
  const silent = Promise.withResolvers<void>();
  at.behave = async (invocation) => {
    await at.template(invocation);
    if (invocation.step !== 'testSecret') return undefined;
    silent.resolve();
    return () => {};
  };
  await at.rotate('crashed', 'one');
  await at.rotations.look();
  await silent.promise;
  // The first never learns how it ended; the second begins without its memory.

  at.behave = undefined;
  at.world.clock.advance(5_000);
  const gone = at.restart();
  await at.look();
  assert.deepEqual(at.steps(), [...ALL.slice(0, 3), 'testSecret', 'finishSecret']);
  assert.equal(await at.read('crashed'), 'made for one-----');
  await gone.stop();
});

test('a server that stops gives its rotations back', async () => {
  await at.make('stopped');
  const asked = Promise.withResolvers<void>();
  at.behave = () => {
    asked.resolve();
    return () => {};
  };
  await at.rotate('stopped', 'one');
  await at.rotations.look();
  await asked.promise;
  await at.rotations.stop();
  const row = (await at.rowOf('stopped')) as Rotation;
  assert.deepEqual(
    [row.state, row.dueAt, row.details],
    ['started', at.world.clock.now(), { version: token('one'), attempts: 0 }],
  );
});

test('no project takes all the room', async () => {
  const names = Array.from({ length: 7 }, (_, n) => `many-${n}`);
  const gate = Promise.withResolvers<void>();
  at.behave = (invocation) => gate.promise.then(() => at.template(invocation));
  for (const name of names) {
    await at.make(name);
    await at.rotate(name, `r-${name}`);
  }
  await at.rotations.look();
  while (at.lambda.invocations.length < 4) await new Promise((next) => setImmediate(next));
  await at.rotations.look();
  assert.equal(at.rotations.runningCount, 4);
  gate.resolve();
  for (let round = 0; round < 4; round++) await at.look();
  assert.equal(at.lambda.invocations.length, 28);
  for (const name of names) assert.equal(await at.read(name), `made for r-${name}`);
});
