// One simulated life of a server: random clients at several doors of the real operations, the real store and the real
// audit log, which fail, decide twice, hear late, die and are opened again. After each batch everything is looked at; at the end all of it must be a
// history of the model, with exactly one record of each change and at least one of each answer.

import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertLinearizable, type Call } from '../support/linear.ts';
import { type Core, openCore } from './core.ts';
import { Faults, MOMENTS } from './faults.ts';
import { look, recordedSteps } from './look.ts';
import { type Answer, type Look, type Step, worldModel } from './model.ts';
import { perform } from './perform.ts';
import { entropyOf, Random } from './random.ts';
import { drawStep, OPENING } from './steps.ts';

const BATCHES = 60;
const BATCH_STEPS_MAX = 4;
const START_MS = 1_800_000_000_000;
const PAUSE_MS_MAX = 1000;
const SEGMENT_BYTES_MAX = 8000;
/** In memory where there is such a place: what a sync costs is none of this test's business. */
const SHARED_MEMORY = '/dev/shm';

export type SimulatedCall = Call<Step | Look, Answer | string>;

/** Runs the life that follows from a seed; answers its history. Rejects, naming the seed, where it is not one of the model. */
export async function simulate(seed: number): Promise<readonly SimulatedCall[]> {
  const life = new Life(seed);
  try {
    await life.live();
    return life.history;
  } catch (error) {
    throw new Error(`COFFER_SEED=${seed}: ${(error as Error).message}`, { cause: error });
  } finally {
    await life.end();
  }
}

class Life {
  readonly history: SimulatedCall[] = [];
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #root: string;
  readonly #tokens = new Map<string, string>();
  readonly #clock = { now: () => this.#now };
  #now = START_MS;
  #core: Core | undefined;
  #directories = 0;
  #steps = 0;
  #time = 0;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#faults = new Faults(new Random(seed ^ 0x5bd1e995));
    this.#root = mkdtempSync(join(existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir(), 'coffer-simulation-'));
  }

  async live(): Promise<void> {
    await this.#open();
    for (const step of OPENING) await this.#ask([step]);
    for (let batch = 0; batch < BATCHES; batch += 1) {
      for (const id of this.#faults.late) if (this.#random.once(3)) await this.#arrive(id);
      this.#now += this.#random.below(PAUSE_MS_MAX);
      await this.#next();
      await this.#lookAround();
    }
    await this.#reopen();
    await this.#lookAround();
    assertLinearizable(worldModel(), this.history);
  }

  async end(): Promise<void> {
    await this.#core?.close();
    rmSync(this.#root, { recursive: true, force: true });
  }

  get #directory(): string {
    return join(this.#root, `data-${this.#directories}`);
  }

  #opened(): Core {
    if (this.#core === undefined) throw new Error('the server is down');
    return this.#core;
  }

  async #open(): Promise<void> {
    this.#core = await openCore({
      directory: this.#directory,
      clock: this.#clock,
      entropy: entropyOf(this.#random),
      segmentBytesMax: SEGMENT_BYTES_MAX,
      wrapStore: (store) => this.#faults.wrapStore(store),
      wrapReads: (reads) => this.#faults.wrapReads(reads),
      wrapWriter: (writer) => this.#faults.wrapWriter(writer),
      wrapAudit: (audit) => this.#faults.wrapAudit(audit),
      onAuditFailure: (error) => assert.fail(error.message),
    });
    const left = this.#core.store.pendingAudit().filter(({ dialect }) => dialect === 'test');
    assert.deepEqual(left, [], 'a start copies what was left over');
  }

  async #next(): Promise<void> {
    const what = this.#random.weighted({ steps: 88, death: 8, restart: 4 });
    if (what === 'restart') return this.#reopen();
    const steps = Array.from({ length: 1 + this.#random.below(BATCH_STEPS_MAX) }, () =>
      drawStep(this.#random, `s${++this.#steps}`, [...this.#tokens.keys()]),
    );
    if (what === 'steps') await this.#ask(steps);
    else await this.#die(steps);
  }

  /** Asks for all of them at once. */
  async #ask(steps: readonly Step[]): Promise<void> {
    const start = this.#time++;
    const outputs = await Promise.all(steps.map((step) => this.#perform(step, this.#tokens)));
    const end = this.#time++;
    const late = new Set(this.#faults.late);
    for (const [client, input] of steps.entries()) {
      const output = outputs[client];
      // What had no answer may still have happened by its end, or happens when the writer hears of it.
      const call = late.has(input.id) ? { client, input, start } : { client, input, start, end };
      this.history.push(output === undefined ? call : { ...call, output });
    }
  }

  /** A change that was given up is heard of by the writer after all. */
  async #arrive(id: string): Promise<void> {
    await this.#faults.arrive(id);
    this.#close(id);
  }

  /** What this step was to do is done now, or never. */
  #close(id: string): void {
    const index = this.history.findIndex(({ input }) => input.do !== 'look' && input.id === id);
    const call = this.history[index];
    if (call !== undefined) this.history[index] = { ...call, end: this.#time++ };
  }

  #perform(step: Step, tokens: Map<string, string>): Promise<Answer | undefined> {
    const { doors, ownerCredential } = this.#opened();
    return perform({ door: this.#random.pick(doors), ownerCredential }, step, tokens);
  }

  /** The server dies while it is at these steps: what it leaves behind is copied at that moment. */
  async #die(steps: readonly Step[]): Promise<void> {
    const dead = this.#directory;
    const left = join(this.#root, `data-${this.#directories + 1}`);
    let isDead = false;
    const die = () => {
      cpSync(dead, left, { recursive: true });
      isDead = true;
    };
    this.#faults.dieAt(this.#random.pick(MOMENTS), die);
    const start = this.#time++;
    // Whatever they answer, nobody hears it.
    const lost = new Map(this.#tokens);
    const answers = Promise.allSettled(steps.map((step) => this.#perform(step, lost)));
    if (this.#random.once(2)) await answers;
    if (!isDead) die();
    this.#faults.dieAt('before', () => undefined);
    this.#faults.isOn = false;
    await answers;
    for (const id of this.#faults.late) this.#close(id);
    this.#faults.forget();
    await this.#core?.close();
    rmSync(dead, { recursive: true });
    this.#faults.isOn = true;
    this.#directories += 1;
    await this.#open();
    const end = this.#time++;
    for (const [client, input] of steps.entries()) this.history.push({ client, input, start, end });
  }

  async #reopen(): Promise<void> {
    for (const id of this.#faults.late) await this.#arrive(id);
    await this.#core?.close();
    await this.#open();
  }

  async #lookAround(): Promise<void> {
    const core = this.#opened();
    const input: Look = { do: 'look', labels: [...this.#tokens.keys()] };
    const output = await look(core, input, this.#tokens);
    this.history.push({ client: 0, input, output, start: this.#time, end: this.#time });
    this.#time += 1;
    const { all } = await recordedSteps(core);
    const answered = this.history.filter(({ input, output }) => input.do !== 'look' && output !== undefined);
    const missing = answered.filter(({ input }) => input.do !== 'look' && !all.has(input.id));
    assert.deepEqual(missing, [], 'an answer has no record');
    const verdict = await core.log.verify();
    assert.ok(verdict.ok, JSON.stringify(verdict));
  }
}
