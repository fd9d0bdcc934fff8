// A request that was not understood, or whose caller is not known: it comes through the door all the same, so that it is
// refused in the right order and is in the ledger. Who brings no valid credential learns nothing else.

import { Fault, type FaultData } from '../core/error.ts';
import { type Operation, operation } from './operation.ts';

export interface Rejected extends FaultData {
  /** What it asked for, as it was written. */
  readonly asked: string;
}

export const rejectRequest: Operation<Rejected, never> = operation({
  name: 'requests.reject',
  help: 'refuse a request that is wrong as written',
  kind: 'read',
  permission: 'authenticated',
  target: ({ asked }) => ({ asked }),
  decide: ({ command: { code, facts } }) => {
    throw new Fault(code, facts);
  },
});
