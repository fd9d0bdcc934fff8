// What following means for one run: which of its secrets can change at all, and what a change entails. Files get the new
// value; variables cannot, so a program that has only those is served by a restart. As on Cloud Run, a version that is
// given by number never changes.

import { type Binding, isPinned, type SecretReference, versionName } from './bindings.ts';
import { warn } from './failure.ts';
import { Follower } from './follower.ts';
import type { LivePatterns } from './live-patterns.ts';
import { isTooShort } from './mask-forms.ts';
import type { Placement } from './placement.ts';
import { assignValues, type GivenSecrets, type SecretValue, type SecretValues } from './secret-values.ts';
import type { Supervisor } from './supervisor.ts';

/** What happens to the child after its files were replaced. */
export type OnChange = 'none' | 'restart' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';

export interface FollowingOptions {
  readonly bindings: readonly Binding[];
  readonly onChange: OnChange;
  readonly values: SecretValues;
  readonly placement: Placement;
  readonly patterns: LivePatterns | undefined;
  read(reference: SecretReference): Promise<SecretValue>;
}

export class Following {
  readonly #options: FollowingOptions;
  readonly #followed: readonly Binding[];
  #given: GivenSecrets;

  constructor(options: FollowingOptions) {
    const { bindings, onChange, values } = options;
    this.#options = options;
    this.#followed = bindings.filter((binding) => isFollowed(binding, onChange));
    this.#given = assignValues(this.#followed, values);
    if (onChange !== 'none' && this.#followed.length === 0) {
      const what = onChange === 'restart' ? 'secret' : 'file';
      warn(`--on-change=${onChange} has nothing to follow: no ${what} is given as :latest`);
    }
  }

  /** The variables that a restarted child gets in place of those it had. */
  get variables(): Readonly<Record<string, string>> {
    return this.#given.variables;
  }

  /** Begins; gives what ends it, or undefined where nothing can change. */
  begin(supervisor: Supervisor): Follower | undefined {
    if (this.#followed.length === 0) return undefined;
    const { onChange, values, read } = this.#options;
    const references = new Map(this.#followed.map(({ reference }) => [versionName(reference), reference]));
    const follower = new Follower({
      references: [...references.values()],
      values,
      read,
      changed: (next) => this.#replace(next),
      settled: async () => {
        if (onChange === 'restart') await supervisor.restart();
        else if (onChange !== 'none') supervisor.signal(onChange);
      },
    });
    void follower.run();
    return follower;
  }

  async #replace(values: SecretValues): Promise<void> {
    const { placement, patterns } = this.#options;
    const before = new Map(this.#given.files.map(({ path, payload }) => [path, payload]));
    const given = assignValues(this.#followed, values);
    // The mask first: nobody can print a value that it does not have yet.
    if (patterns !== undefined) {
      patterns.update(given.given.map(({ payload }) => payload));
      warnOfShort(given, this.#given);
    }
    for (const { path, payload } of given.files) {
      if (!Buffer.from(payload).equals(before.get(path) as Uint8Array)) await placement.replace(path, payload);
    }
    this.#given = given;
  }
}

/** True where what the binding gives can change during the run. */
export function isFollowed({ kind, reference }: Binding, onChange: OnChange): boolean {
  return !isPinned(reference) && (kind === 'file' || onChange === 'restart');
}

/** Says which values are too short to be masked, of those that were not so before. */
export function warnOfShort({ given }: GivenSecrets, before?: GivenSecrets): void {
  const known = new Set(before?.given.filter(({ payload }) => isTooShort(payload)).map(({ label }) => label));
  const short = given.filter(({ label, payload }) => isTooShort(payload) && !known.has(label));
  const labels = short.map(({ label }) => label);
  if (labels.length > 0) warn(`values under 6 characters are not masked in the output: ${labels.join(', ')}`);
}
