// What random clients ask for. Few names, so that they meet; many who may not, so that refusals are as common as answers.

import { type Grant, ROLES, type Step, type StepKind } from './model.ts';
import type { Random } from './random.ts';

const SECRETS = ['alpha', 'beta'];
const ACCOUNTS = ['account-one', 'account-two'];
const NUMBERS_MAX = 3;
const GRANTS_MAX = 3;

const OWNER_STEPS: Readonly<Record<StepKind, number>> = {
  'secret.create': 8,
  'secret.delete': 2,
  'secret.update': 2,
  'secret.rollback': 3,
  'version.add': 8,
  'version.candidate': 4,
  'version.promote': 3,
  'version.access': 10,
  'version.enable': 4,
  'version.disable': 5,
  'version.destroy': 2,
  'policy.set': 8,
  'account.create': 4,
  'account.delete': 2,
  'token.make': 6,
  'token.revoke': 1,
};

const ACCOUNT_STEPS: Readonly<Record<StepKind, number>> = {
  ...OWNER_STEPS,
  'version.access': 25,
  'version.add': 20,
  'token.revoke': 6,
};

/** What a life begins with, so that most of what is asked for is there: what was taken away is soon made again. */
export const OPENING: readonly Step[] = [
  ...SECRETS.map((secret) => ({ do: 'secret.create', secret }) as const),
  ...SECRETS.map((secret) => ({ do: 'version.add', secret, value: `first of ${secret}` }) as const),
  ...ACCOUNTS.map((account) => ({ do: 'account.create', account }) as const),
  ...ACCOUNTS.map((account) => ({ do: 'token.make', account, label: `token of ${account}` }) as const),
].map((step, index) => ({ ...step, id: `o${index}`, as: 'owner' }));

/** The next step; `labels` are the tokens that somebody holds, live or not. */
export function drawStep(random: Random, id: string, labels: readonly string[]): Step {
  const who = random.weighted({ owner: 60, account: 35, stranger: 5 });
  const as =
    who === 'account' && labels.length > 0
      ? random.pick(labels.slice(-4))
      : who === 'stranger'
        ? random.pick(['nobody', 'forger'])
        : 'owner';
  const kind = random.weighted(as === 'owner' ? OWNER_STEPS : ACCOUNT_STEPS);
  return { id, as, ...detail(random, id, kind) } as Step;
}

function detail(random: Random, id: string, kind: StepKind): object {
  const secret = random.pick(SECRETS);
  const number = 1 + random.below(NUMBERS_MAX);
  const account = random.pick(ACCOUNTS);
  switch (kind) {
    case 'version.add':
    case 'version.candidate':
      return { do: kind, secret, value: `value of ${id}` };
    case 'version.access':
      return { do: kind, secret, number: random.once(2) ? 'latest' : number };
    case 'version.enable':
    case 'version.disable':
    case 'version.destroy':
    case 'version.promote':
      return { do: kind, secret, number };
    case 'policy.set':
      return { do: kind, grants: drawGrants(random), ...(random.once(4) ? {} : { secret }) };
    case 'account.create':
    case 'account.delete':
      return { do: kind, account };
    case 'token.make':
      return { do: kind, account, label: `token ${id}` };
    case 'token.revoke':
      return { do: kind };
    default:
      return { do: kind, secret };
  }
}

function drawGrants(random: Random): readonly Grant[] {
  const draw = () => `${random.pick(Object.keys(ROLES))} ${random.pick(ACCOUNTS)}`;
  return [...new Set(Array.from({ length: random.below(GRANTS_MAX + 1) }, draw))];
}
