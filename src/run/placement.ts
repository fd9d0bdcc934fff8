// Starts the command with its secret files: in a mount namespace of its own, by the best way that the kernel allows;
// where it refuses all of them, with the files in the run's private directory. What worked once is used again when the
// command is restarted, and knows how to replace a file.

import { RunFailure } from './failure.ts';
import type { Guard } from './guard.ts';
import { type Launched, launch } from './launch.ts';
import type { PatternSource } from './masker.ts';
import { type MountPlan, planMounts, type SecretFile, Unplaceable } from './mount-plan.ts';
import { type Namespace, namespaces } from './mount-script.ts';
import { type PlacedFiles, placePrivately } from './private-directory.ts';
import type { RunDirectory } from './run-directory.ts';

export interface PlacementOptions {
  readonly command: readonly string[];
  readonly guard: Guard;
  readonly patterns: PatternSource | undefined;
  readonly files: readonly SecretFile[];
  /** The payloads of the files, by path. */
  readonly payloads: ReadonlyMap<string, Uint8Array>;
  readonly directory: RunDirectory;
  /** Has something called when the run ends. */
  own(stop: () => void): void;
  /** Throws where the run is to end before it has begun. */
  assertQuiet(): void;
}

export class Placement {
  readonly #options: PlacementOptions;
  readonly #payloads: Map<string, Uint8Array>;
  #namespace: Namespace | undefined;
  #placed: PlacedFiles | undefined;
  #child: Launched | undefined;

  constructor(options: PlacementOptions) {
    this.#options = options;
    this.#payloads = new Map(options.payloads);
  }

  /**
   * Starts the command; again, when it has ended, the way it was started first.
   * @throws RunFailure where a path is taken by something else than a file, or the command cannot be executed.
   */
  async start(env: Record<string, string>): Promise<Launched> {
    this.#child = (await this.#startInNamespace(env)) ?? (await this.#startWithDirectory(env));
    return this.#child;
  }

  /**
   * Replaces a followed file; a reader sees the old payload or the new one, whole.
   * @throws Error where the child's namespace cannot be reached any more.
   */
  async replace(path: string, payload: Uint8Array): Promise<void> {
    this.#payloads.set(path, payload);
    this.#placed?.replace(path, payload);
    const index = this.#namespace?.followed.indexOf(path) ?? -1;
    if (index >= 0 && this.#child?.hasEnded === false) await this.#child.channel.replace(index, payload);
  }

  async #startInNamespace(env: Record<string, string>): Promise<Launched | undefined> {
    if (this.#placed !== undefined || this.#options.files.length === 0) return undefined;
    if (this.#namespace !== undefined) {
      const again = await this.#launch(env, this.#namespace);
      if (again === undefined) throw new RunFailure('the command could not be started again: no mount namespace');
      return again;
    }
    const { files, directory } = this.#options;
    const workingDirectory = process.cwd();
    const plan = tryPlan(files, workingDirectory);
    if (plan === undefined) return undefined;
    const staging = directory.directory('mounts');
    for (const namespace of namespaces({ plan, staging, workingDirectory, env })) {
      this.#options.assertQuiet();
      const launched = await this.#launch(env, namespace);
      if (launched === undefined) continue;
      this.#namespace = namespace;
      this.#options.own(() => plan.undo());
      return launched;
    }
    plan.undo();
    return undefined;
  }

  async #startWithDirectory(env: Record<string, string>): Promise<Launched> {
    const { files, directory, own, assertQuiet } = this.#options;
    if (files.length > 0 && this.#placed === undefined) {
      const placed = placePrivately(files, (path) => this.#payload(path), directory);
      own(() => placed.undo());
      this.#placed = placed;
    }
    assertQuiet();
    return (await this.#launch({ ...env, ...this.#placed?.env }, undefined)) as Launched;
  }

  #launch(env: Record<string, string>, namespace: Namespace | undefined): Promise<Launched | undefined> {
    const { command, guard, patterns, directory } = this.#options;
    const payloads = namespace?.expects.map((path) => this.#payload(path)) ?? [];
    return launch({ command, env, guard, patterns, directory: directory.path, namespace, payloads });
  }

  #payload(path: string): Uint8Array {
    return this.#payloads.get(path) as Uint8Array;
  }
}

/** The plan of all mounts; undefined where no mount can serve. */
function tryPlan(files: readonly SecretFile[], workingDirectory: string): MountPlan | undefined {
  try {
    return planMounts(files, workingDirectory);
  } catch (error) {
    if (error instanceof Unplaceable) return undefined;
    throw error;
  }
}
