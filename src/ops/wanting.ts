// What a judgement throws that lacks rows.

import type { Needs } from '../core/ports.ts';

/**
 * A decision hangs on rows that only other rows name: it is made anew with these too. It is thrown and no Error: nobody is
 * shown it, and a stack would cost as much as the decision.
 */
export class Wanting {
  readonly needs: Needs;

  constructor(needs: Needs) {
    this.needs = needs;
  }
}
