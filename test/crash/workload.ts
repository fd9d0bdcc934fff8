// What the server is at while its system calls fail: each kind of change and of read, small and large, as the owner and
// as an account that is given a right and loses it.

import type { Step } from '../simulation/model.ts';

/** Many pages of the store, and of its log. */
const LARGE_CHARS = 9_000;

type Without<T> = T extends Step ? Omit<T, 'id' | 'as'> & { readonly as?: string } : never;

const STEPS: readonly Without<Step>[] = [
  { do: 'secret.create', secret: 'one' },
  { do: 'version.add', secret: 'one', value: 'first' },
  { do: 'account.create', account: 'reader' },
  { do: 'token.make', account: 'reader', label: 'token' },
  { do: 'version.access', secret: 'one', number: 1, as: 'token' },
  { do: 'policy.set', secret: 'one', grants: ['secretAccessor reader'] },
  { do: 'version.access', secret: 'one', number: 1, as: 'token' },
  { do: 'version.add', secret: 'one', value: 'large '.repeat(LARGE_CHARS / 6) },
  { do: 'version.access', secret: 'one', number: 'latest', as: 'token' },
  { do: 'version.disable', secret: 'one', number: 2 },
  { do: 'version.access', secret: 'one', number: 'latest', as: 'token' },
  { do: 'version.enable', secret: 'one', number: 2 },
  { do: 'version.destroy', secret: 'one', number: 1 },
  { do: 'version.access', secret: 'one', number: 1, as: 'token' },
  { do: 'policy.set', secret: 'one', grants: [] },
  { do: 'version.access', secret: 'one', number: 2, as: 'token' },
  { do: 'policy.set', grants: ['secretAccessor reader', 'secretVersionAdder reader'] },
  { do: 'version.add', secret: 'one', value: 'third', as: 'token' },
  { do: 'secret.update', secret: 'one' },
  { do: 'version.candidate', secret: 'one', value: 'fourth' },
  { do: 'secret.rollback', secret: 'one' },
  { do: 'version.promote', secret: 'one', number: 4 },
  { do: 'secret.create', secret: 'two' },
  { do: 'version.add', secret: 'two', value: 'other' },
  { do: 'secret.delete', secret: 'one' },
  { do: 'version.access', secret: 'two', number: 1, as: 'token' },
  { do: 'token.revoke', as: 'token' },
  { do: 'version.access', secret: 'two', number: 1, as: 'token' },
  { do: 'account.delete', account: 'reader' },
  { do: 'secret.create', secret: 'one' },
];

/** The steps of one life of the server, each with an id, and a token, that no other has. */
export function workload(life: string): readonly Step[] {
  const own = (name: string) => (name === 'token' ? tokenOf(life) : name);
  return STEPS.map((step, index) => {
    const label = step.do === 'token.make' ? { label: own(step.label) } : {};
    return { ...step, ...label, as: own(step.as ?? 'owner'), id: `${life}-${index}` } as Step;
  });
}

/** The label of the token that a life makes. */
export function tokenOf(life: string): string {
  return `${life}-token`;
}
