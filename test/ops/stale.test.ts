// A change that was made ready for rows which are no longer there is made ready anew, also where it was only being looked
// for what it needs; not for ever.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Operation } from '../../src/ops/operation.ts';
import { type ProjectQuotas, setQuotas } from '../../src/ops/quotas.ts';
import { Stale } from '../../src/ops/writer.ts';
import { project } from './support.ts';
import { openWorld, type World } from './world.ts';

let world: World;

before(async () => {
  world = await openWorld();
});
after(() => world.close());

/** Finds its rows changed so many times. */
function unsettled(times: number, explores: boolean): Operation<ProjectQuotas, ProjectQuotas> {
  let left = times;
  return {
    ...setQuotas,
    ...(explores ? { explores } : {}),
    decide: (input) => {
      if (left-- > 0) throw new Stale();
      return setQuotas.decide(input);
    },
  };
}

for (const explores of [false, true]) {
  const where = explores ? 'while its rows are looked for' : 'by the writer';
  test(`a change that is found stale ${where} is made anew`, async () => {
    const { write } = await world.ask(unsettled(2, explores), { project, write: 7000 }, world.ownerCredential);
    assert.equal(write, 7000);
  });

  test(`a change that stays stale ${where} fails`, async () => {
    const asked = world.ask(unsettled(100, explores), { project, write: 8000 }, world.ownerCredential);
    await assert.rejects(asked, Stale);
  });
}
