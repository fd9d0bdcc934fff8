// Follows secrets while a run lasts: reads each again about every second, as the run's own service account, and tells
// when one has another current version. A server that is away, or a newest version that cannot be read, changes nothing:
// the last value stays, one line says so, and the next reads come at growing distances. It never ends the run.

import { ApiError, ClientError } from '../client/client.ts';
import { type SecretReference, versionName } from './bindings.ts';
import { RunFailure, warn } from './failure.ts';
import type { SecretValue, SecretValues } from './secret-values.ts';

/** Secrets that are changed together come within this time; what a change entails happens once, after them. */
const BURST_MS_MAX = 1_000;
const BURST_POLL_MS = 200;
/** So many looks in a row without a change end a burst before its time. */
const QUIET_LOOKS = 2;
const POLL_MS = 1_000;
const BACKOFF_MS_MAX = 30_000;
/** How many reads in a row must fail before a silent server is worth a line. */
const AWAY_MIN = 3;
/** The service answers, but its newest version is in no state to be read. */
const STATES: ReadonlySet<string> = new Set(['FAILED_PRECONDITION', 'NOT_FOUND']);

export interface FollowerOptions {
  readonly references: readonly SecretReference[];
  /** What was read at the start, by `versionName`. */
  readonly values: SecretValues;
  read(reference: SecretReference): Promise<SecretValue>;
  /** Is given all values, a new one among them. A RunFailure refuses it for good, another error for now: the old stays. */
  changed(values: SecretValues): Promise<void>;
  /** Called once after the changes of one burst. */
  settled(): Promise<void>;
}

interface Watch {
  readonly reference: SecretReference;
  readonly name: string;
  failures: number;
  dueAtMs: number;
  /** What was said last about a failure, so that it is said once. */
  told: string | undefined;
  /** A version that was refused, so that it is not offered every second. */
  refused: string | undefined;
}

export class Follower {
  readonly #options: FollowerOptions;
  readonly #watches: readonly Watch[];
  #isStopped = false;
  #wake: () => void = () => {};
  #values: SecretValues;
  /** True where it was said that the server is away. */
  #isAway = false;
  /** When the first change of a burst came; undefined where there is none. */
  #burstAtMs: number | undefined;
  #quietLooks = 0;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#values = options.values;
    this.#watches = options.references.map((reference) => ({
      reference,
      name: versionName(reference),
      failures: 0,
      dueAtMs: 0,
      told: undefined,
      refused: undefined,
    }));
  }

  /** Reads on until `stop`; resolves then. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#pause(this.#burstAtMs === undefined ? jittered(POLL_MS) : BURST_POLL_MS);
      if (!this.#isStopped) await this.#round();
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake();
  }

  #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = () => {
      clearTimeout(timer);
      resolve();
    };
    return promise;
  }

  async #round(): Promise<void> {
    const begin = Date.now();
    const due = this.#watches.filter(({ dueAtMs }) => dueAtMs <= begin);
    const found = await Promise.all(due.map((watch) => this.#look(watch)));
    if (this.#isStopped) return;
    const news = found.filter((each) => each !== undefined);
    for (const { watch, value } of news) await this.#take(watch, value);
    if (this.#burstAtMs === undefined) return;
    this.#quietLooks = news.length > 0 ? 0 : this.#quietLooks + 1;
    if (this.#quietLooks < QUIET_LOOKS && Date.now() - this.#burstAtMs < BURST_MS_MAX) return;
    this.#burstAtMs = undefined;
    await this.#options.settled().catch((error: unknown) => warn(messageOf(error)));
  }

  async #look(watch: Watch): Promise<{ watch: Watch; value: SecretValue } | undefined> {
    try {
      const value = await this.#options.read(watch.reference);
      this.#isAway = false;
      watch.failures = 0;
      const isKnown = value.version === this.#values.get(watch.name)?.version || value.version === watch.refused;
      if (isKnown && value.version !== watch.refused) watch.told = undefined;
      return isKnown ? undefined : { watch, value };
    } catch (error) {
      if (!this.#isStopped) this.#excuse(watch, error);
      return undefined;
    }
  }

  async #take(watch: Watch, value: SecretValue): Promise<void> {
    const values = new Map(this.#values).set(watch.name, value);
    try {
      await this.#options.changed(values);
    } catch (error) {
      if (error instanceof RunFailure) watch.refused = value.version;
      this.#excuse(watch, error);
      return;
    }
    this.#values = values;
    this.#burstAtMs ??= Date.now();
  }

  #excuse(watch: Watch, error: unknown): void {
    watch.failures++;
    // A version that is disabled, gone or unfit is a quick answer, and the next one may come at any time.
    const isState = error instanceof RunFailure || (error instanceof ApiError && STATES.has(error.status));
    if (!isState) watch.dueAtMs = Date.now() + jittered(Math.min(BACKOFF_MS_MAX, POLL_MS * 2 ** watch.failures));
    if (
      error instanceof ClientError ||
      (error instanceof ApiError && (error.httpStatus >= 500 || error.httpStatus === 429))
    ) {
      if (this.#isAway || watch.failures < AWAY_MIN) return;
      this.#isAway = true;
      warn(`secrets cannot be followed for now: ${messageOf(error)}; their last values stay`);
      return;
    }
    const text = `${watch.name} cannot be followed: ${messageOf(error)}; its last value stays`;
    if (watch.told === text) return;
    watch.told = text;
    warn(text);
  }
}

/** Up to a fifth less, so that many runs do not ask at the same moments. */
function jittered(ms: number): number {
  return ms * (0.8 + Math.random() * 0.2);
}

function messageOf(error: unknown): string {
  if (error instanceof ApiError) return `${error.status}: ${error.message}`;
  return error instanceof Error ? error.message : String(error);
}
