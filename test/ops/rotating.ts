// A world with rotation functions over real sockets, which call back into the same operations. The clock is the test's.

import assert from 'node:assert/strict';
import type { AwsSettings } from '../../src/core/aws/secret.ts';
import { stagesOf } from '../../src/core/aws/stages.ts';
import type { Location, SecretName } from '../../src/core/name.ts';
import type { Rotation } from '../../src/core/rotation/machine.ts';
import type { Secret } from '../../src/core/secret.ts';
import { systemEntropy } from '../../src/crypto/entropy.ts';
import { createAwsSecret } from '../../src/ops/aws/create-secret.ts';
import { describeSecret } from '../../src/ops/aws/describe-secret.ts';
import { moveStage } from '../../src/ops/aws/move-stage.ts';
import { putVersion } from '../../src/ops/aws/put-version.ts';
import { type AwsRef, awsRef } from '../../src/ops/aws/ref.ts';
import type { Operation } from '../../src/ops/operation.ts';
import { type StartedRotation, type StartRotation, startRotation } from '../../src/ops/rotation/start-rotation.ts';
import { accessVersion } from '../../src/ops/versions.ts';
import { Rotations } from '../../src/rotations.ts';
import { openLambda } from '../../src/rotators/lambda.ts';
import { type Ending, type Invocation, type LambdaStandIn, startLambda } from '../support/lambda.ts';
import { bytes, key, project, textOf } from './support.ts';
import { openWorld, type World } from './world.ts';

export const region = 'eu-west-1' as string as Location;
export const ALL = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'];
export const token = (name: string): string => name.padEnd(32, '-');
export const seen = (name: string): AwsRef => awsRef(project, { region, name: name as SecretName, changes: true });

export class Rotating {
  readonly world: World;
  readonly lambda: LambdaStandIn;
  /** What the function does; undefined: what AWS's template does. */
  behave: ((invocation: Invocation) => Promise<Ending | undefined> | Ending | undefined) | undefined;
  #rotations: Rotations;
  readonly #failures: unknown[] = [];

  static async open(): Promise<Rotating> {
    let behave: Rotating['behave'];
    const lambda = await startLambda((invocation) => behave?.(invocation));
    const functions = openLambda({ endpoint: lambda.endpoint, clock: { now: () => Date.now() } });
    const rotating = new Rotating(await openWorld({ functions }), lambda);
    behave = (invocation) => (rotating.behave ?? rotating.template)(invocation);
    return rotating;
  }

  private constructor(world: World, lambda: LambdaStandIn) {
    this.world = world;
    this.lambda = lambda;
    this.#rotations = this.#opened();
  }

  #opened(): Rotations {
    const { store, engine, clock } = this.world;
    const functions = openLambda({ endpoint: this.lambda.endpoint, clock });
    const failed = (error: unknown) => this.#failures.push(error);
    return new Rotations({ store, engine, clock, entropy: systemEntropy, isAlone: true, functions, failed });
  }

  get rotations(): Rotations {
    return this.#rotations;
  }

  /** The next server, without what the one before had in memory; answers that one. */
  restart(): Rotations {
    const gone = this.#rotations;
    this.#rotations = this.#opened();
    return gone;
  }

  async close(): Promise<void> {
    await this.#rotations.stop();
    this.lambda.close();
    await this.world.close();
    assert.deepEqual(this.#failures, []);
  }

  ask<C, R>(operation: Operation<C, R>, command: C): Promise<R> {
    return this.world.ask(operation, command, this.world.ownerCredential);
  }

  async arnOf(name = 'rotate'): Promise<string> {
    const { found } = await this.world.store.read({ found: { need: 'project', project } });
    return `arn:aws:lambda:${region}:${found?.number}:function:${name}`;
  }

  make(name: string, text = 'first', kmsKeyId = ''): Promise<unknown> {
    return this.ask(createAwsSecret, {
      ...{ project, region, name: name as SecretName, kmsKeyId },
      value: { token: token(text), payload: bytes(text) },
    });
  }

  async rotate(name: string, id: string, more: Partial<StartRotation> = {}): Promise<StartedRotation> {
    return this.ask(startRotation, { ...seen(name), token: token(id), functionArn: await this.arnOf(), ...more });
  }

  async read(name: string): Promise<string> {
    return textOf((await this.ask(accessVersion, { ...seen(name), selector: 'latest' })).payload);
  }

  async rowOf(name: string): Promise<Rotation | undefined> {
    return (await this.world.store.read({ row: { need: 'rotation', ...placeOf(name) } })).row;
  }

  async secretOf(name: string): Promise<Secret> {
    return (await this.world.store.read({ row: { need: 'secret', ...placeOf(name) } })).row as Secret;
  }

  async settingsOf(name: string): Promise<AwsSettings['rotation']> {
    return (await this.secretOf(name)).aws?.rotation;
  }

  steps(): readonly string[] {
    return this.lambda.invocations.map(({ step }) => step);
  }

  /** One look, and all that it begins. */
  async look(afterMs = 0): Promise<void> {
    this.world.clock.advance(afterMs);
    await this.#rotations.look();
    await this.#rotations.idle();
  }

  /** As AWS's template does it, by its own calls to the server. */
  readonly template = async ({ step, secretId, token: version }: Invocation): Promise<undefined> => {
    const name = /:secret:(.+)-\w{6}$/.exec(secretId)?.[1] as string;
    const { secret, versions } = await this.ask(describeSecret, seen(name));
    assert.equal(secret.aws?.rotation?.isEnabled, true, 'the function sees that it is rotated');
    const holder = stagesOf(secret).get('AWSPENDING');
    const held = versions.find(({ number }) => number === holder)?.attributes?.requestToken;
    assert.equal(secret.aws?.reserved?.versionId ?? held, version, 'the function sees its version as pending');
    const value = { token: version, payload: bytes(`made for ${version.slice(0, 8)}`) };
    if (step === 'createSecret' && secret.aws?.reserved !== undefined) {
      await this.ask(putVersion, { ...seen(name), ...value, stages: ['AWSPENDING'] });
    }
    if (step === 'testSecret') await this.ask(accessVersion, { ...seen(name), selector: { versionId: version } });
    if (step !== 'finishSecret') return;
    const current = versions.find(({ number }) => number === secret.currentVersion);
    const removeFrom = current?.attributes?.requestToken as string;
    if (removeFrom === version) return;
    await this.ask(moveStage, { ...seen(name), stage: 'AWSCURRENT', moveTo: version, removeFrom });
  };
}

const placeOf = (name: string) => ({ project, location: '' as Location, key: key(name), deleted: true }) as const;
