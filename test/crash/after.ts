// What must hold once a server met its fault and another is started on what it left: the data opens; what was
// acknowledged is there, what was not is there whole or not at all; the work goes on; the audit log verifies, with one
// record of each change and one of each answer.

import assert from 'node:assert/strict';
import type { Core } from '../simulation/core.ts';
import { look, recordedSteps } from '../simulation/look.ts';
import { type Answer, type Look, type Step, worldModel } from '../simulation/model.ts';
import { entranceOf, perform } from '../simulation/perform.ts';
import { assertLinearizable, type Call } from '../support/linear.ts';
import type { Fault } from '../support/strace.ts';
import { workload } from './workload.ts';

export type History = Call<Step | Look, Answer | string>[];

/** Whether a record may be in the log twice: nobody knows what a sync that failed has lost, so it is written again. */
export function mayRepeat({ call, fault }: Fault): boolean {
  return fault !== 'SIGKILL' && (call === 'fsync' || call === 'fdatasync');
}

/**
 * Looks at what the first life left, lives a second one on it, and closes it. The times of `history` must lie before
 * twice the length of the workload; it grows.
 */
export async function checkAfter(
  core: Core,
  history: History,
  tokens: Map<string, string>,
  mayRepeat: boolean,
): Promise<void> {
  try {
    await addLook(core, history, tokens);
    for (const step of workload('second')) {
      const start = timeAfter(history);
      const output = await perform(entranceOf(core), step, tokens);
      assert.ok(output !== undefined, `${step.do} is not available without any fault`);
      history.push({ client: 0, input: step, output, start, end: start });
    }
    await addLook(core, history, tokens);
    assertLinearizable(worldModel(), history);
    const { all, repeated } = await recordedSteps(core);
    if (!mayRepeat) assert.deepEqual(repeated, [], 'the log has a record twice');
    const answered = history.filter(({ input, output }) => input.do !== 'look' && output !== undefined);
    const missing = answered.filter(({ input }) => input.do !== 'look' && !all.has(input.id));
    assert.deepEqual(missing, [], 'an answer has no record');
    const verdict = await core.log.verify();
    assert.ok(verdict.ok, JSON.stringify(verdict));
  } finally {
    await core.close();
  }
}

async function addLook(core: Core, history: History, tokens: ReadonlyMap<string, string>): Promise<void> {
  const input: Look = { do: 'look', labels: [...tokens.keys()] };
  const start = timeAfter(history);
  history.push({ client: 0, input, output: await look(core, input, tokens), start, end: start });
}

function timeAfter(history: History): number {
  return workload('first').length * 2 + history.length;
}
