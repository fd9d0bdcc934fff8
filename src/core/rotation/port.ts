// What the core asks of whoever carries out rotations: functions that live outside of the server.

import type { Verb } from './machine.ts';

/** What a function is told: one step of one version. */
export interface FunctionCall {
  /** The function. */
  readonly arn: string;
  readonly verb: Verb;
  /** The secret, as the function asks for it. */
  readonly secretArn: string;
  /** What names the version. */
  readonly version: string;
}

export interface RotationFunctions {
  /** Whether there is such a function; rejects with ROTATION_FUNCTION_UNREACHABLE where nobody can tell. */
  exists(arn: string): Promise<boolean>;
  /** Runs one step to its end. Rejects with FunctionProblem, which says why it did not get there. */
  invoke(call: FunctionCall, signal: AbortSignal): Promise<void>;
}

/** Why a step was not done. Its message says nothing that the function said: that may hold anything. */
export class FunctionProblem extends Error {}
