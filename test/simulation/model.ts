// What a server must do, told once more and as plainly as possible: secrets, versions, grants, accounts and tokens as
// plain data, and for each step the only right answer. The real server is held against it, so nothing here is shared
// with the sources; it leaves out what the steps never touch (projects, labels, aliases, time).

import type { FaultCode } from '../../src/core/error.ts';
import type { Model } from '../support/linear.ts';

/** The roles that are given out, by the last word of their names, and what each allows. */
export const ROLES = {
  secretAccessor: ['version.access'],
  secretVersionAdder: ['version.add', 'version.candidate', 'version.promote', 'secret.rollback'],
  secretVersionManager: [
    ...['version.add', 'version.candidate', 'version.promote', 'secret.rollback'],
    ...['version.enable', 'version.disable', 'version.destroy'],
  ],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** `ROLE ACCOUNT`. */
export type Grant = string;

/** `owner`, `nobody`, `forger`, or the label of a token. */
export type Asker = string;

export type Step = { readonly id: string; readonly as: Asker } & (
  | {
      readonly do: 'secret.create' | 'secret.delete' | 'secret.update' | 'secret.rollback';
      readonly secret: string;
    }
  | { readonly do: 'version.add' | 'version.candidate'; readonly secret: string; readonly value: string }
  | { readonly do: 'version.access'; readonly secret: string; readonly number: number | 'latest' }
  | {
      readonly do: 'version.enable' | 'version.disable' | 'version.destroy' | 'version.promote';
      readonly secret: string;
      readonly number: number;
    }
  /** Of the project where no secret is named. */
  | { readonly do: 'policy.set'; readonly secret?: string; readonly grants: readonly Grant[] }
  | { readonly do: 'account.create' | 'account.delete'; readonly account: string }
  | { readonly do: 'token.make'; readonly account: string; readonly label: string }
  /** The token that asks revokes itself. */
  | { readonly do: 'token.revoke' }
);

export type StepKind = Step['do'];

/** What a step answers: a number or a value where it has one to tell. */
export type Answer =
  | { readonly ok: string | number }
  | { readonly fault: FaultCode }
  /** Over the wire, where only the HTTP status is looked at. */
  | { readonly refused: number };

interface VersionModel {
  readonly state: 'ENABLED' | 'DISABLED' | 'DESTROYED';
  /** Empty once destroyed. */
  readonly value: string;
}

interface SecretModel {
  readonly versions: readonly VersionModel[];
  /** The number that `latest` means, and the one before it; 0: none. */
  readonly current: number;
  readonly previous: number;
  readonly grants: readonly Grant[];
}

type Table<T> = Readonly<Record<string, T>>;

export interface State {
  readonly secrets: Table<SecretModel>;
  readonly grants: readonly Grant[];
  readonly accounts: readonly string[];
  /** Label of each live token, and whose it is. */
  readonly tokens: Table<string>;
  /** Ids of the steps that changed something, sorted. */
  readonly applied: readonly string[];
  /** Type, secret and version of each event, in their order. */
  readonly events: readonly string[];
}

export const EMPTY: State = { secrets: {}, grants: [], accounts: [], tokens: {}, applied: [], events: [] };

/** Looks at everything at once, past all permissions. */
export interface Look {
  readonly do: 'look';
  /** Those whose texts are known, and that can so be looked for. */
  readonly labels: readonly string[];
}

/** The state as text, the same for equal ones; of the tokens only those with these labels. */
export function shown(state: State, labels: readonly string[]): string {
  const tokens = labels.filter((label) => state.tokens[label] !== undefined).toSorted();
  return JSON.stringify({
    secrets: Object.entries(state.secrets).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    grants: state.grants,
    accounts: state.accounts,
    tokens: tokens.map((label) => [label, state.tokens[label]]),
    applied: state.applied,
    events: state.events,
  });
}

/** Histories of steps and looks, from `initial` on. The output of a look is what `shown` tells of a state. */
export function worldModel(initial: State = EMPTY): Model<State, Step | Look, Answer | string> {
  return {
    initial,
    key: (state) => shown(state, Object.keys(state.tokens)),
    isRead: (input, output) =>
      input.do === 'look' || input.do === 'version.access' || (typeof output === 'object' && !('ok' in output)),
    step: (state, input, output) => {
      if (input.do === 'look') return output === undefined || output === shown(state, input.labels) ? [state] : [];
      const { answer, after } = judge(state, input);
      return output === undefined || isAnswer(output, answer) ? [after] : [];
    },
  };
}

function isAnswer(output: Answer | string, right: Answer): boolean {
  if (JSON.stringify(output) === JSON.stringify(right)) return true;
  // A token that dies between the two questions, whose it is and what that one may, is refused by the second.
  if (typeof output !== 'object' || !('fault' in right)) return false;
  if ('refused' in output) return statusesOf(right.fault).includes(output.refused);
  return right.fault === 'CREDENTIAL_INVALID' && 'fault' in output && output.fault === 'PERMISSION_DENIED';
}

/** The HTTP status of the faults that the model knows, in Google's API and our own. */
function statusesOf(fault: FaultCode): readonly number[] {
  if (fault.startsWith('CREDENTIAL_')) return [401];
  if (fault === 'PERMISSION_DENIED') return [403];
  if (fault.endsWith('_NOT_FOUND')) return [404];
  return fault.endsWith('_EXISTS') ? [409] : [400, 412];
}

interface Judged {
  readonly answer: Answer;
  readonly after: State;
}

/** The answer to a step, and the state that it leaves. */
export function judge(state: State, step: Step): Judged {
  const refuse = (fault: FaultCode): Judged => ({ answer: { fault }, after: state });
  const refusal = refusalOf(state, step);
  if (refusal !== undefined) return refuse(refusal);
  const changed = change(state, step);
  if ('fault' in changed) return refuse(changed.fault);
  const { ok = '', event, ...after } = changed;
  if (step.do === 'version.access') return { answer: { ok }, after: state };
  const events = event === undefined ? state.events : [...state.events, event];
  const applied = [...state.applied, step.id].toSorted();
  return { answer: { ok }, after: { ...state, ...after, events, applied } };
}

/** Deny by default: who holds no token that lives, and no grant that allows it, gets nothing. */
function refusalOf(state: State, step: Step): FaultCode | undefined {
  if (step.as === 'owner') return step.do === 'token.revoke' ? 'PERMISSION_DENIED' : undefined;
  if (step.as === 'nobody') return 'CREDENTIAL_MISSING';
  const account = state.tokens[step.as];
  if (account === undefined) return 'CREDENTIAL_INVALID';
  if (step.do === 'token.revoke') return undefined;
  const below = 'secret' in step && step.secret !== undefined ? state.secrets[step.secret]?.grants : undefined;
  const allows = ([role, member]: readonly string[]) =>
    member === account && ((ROLES as Table<readonly StepKind[]>)[role ?? ''] ?? []).includes(step.do);
  return [...state.grants, ...(below ?? [])].some((grant) => allows(grant.split(' ')))
    ? undefined
    : 'PERMISSION_DENIED';
}

type Changed =
  | { readonly fault: FaultCode }
  | (Partial<State> & { readonly ok?: string | number; readonly event?: string });

function change(state: State, step: Step): Changed {
  switch (step.do) {
    case 'account.create':
      if (state.accounts.includes(step.account)) return { fault: 'ACCOUNT_EXISTS' };
      return { accounts: [...state.accounts, step.account].toSorted() };
    case 'account.delete':
      return state.accounts.includes(step.account)
        ? withoutAccount(state, step.account)
        : { fault: 'ACCOUNT_NOT_FOUND' };
    case 'token.make':
      if (!state.accounts.includes(step.account)) return { fault: 'ACCOUNT_NOT_FOUND' };
      return { tokens: { ...state.tokens, [step.label]: step.account } };
    case 'token.revoke':
      return { tokens: without(state.tokens, step.as) };
    case 'policy.set':
      if (step.secret === undefined) return { grants: step.grants.toSorted() };
      return changeSecret(state, step.secret, step);
    default:
      return changeSecret(state, step.secret, step);
  }
}

function changeSecret(state: State, name: string, step: Step): Changed {
  const secret = state.secrets[name];
  const put = (after: SecretModel) => ({ secrets: { ...state.secrets, [name]: after } });
  if (step.do === 'secret.create') {
    if (secret !== undefined) return { fault: 'SECRET_EXISTS' };
    return { ...put({ versions: [], current: 0, previous: 0, grants: [] }), event: `SECRET_CREATE ${name}` };
  }
  if (secret === undefined) return { fault: 'SECRET_NOT_FOUND' };
  switch (step.do) {
    case 'secret.delete':
      return { secrets: without(state.secrets, name), event: `SECRET_DELETE ${name}` };
    case 'secret.update':
      return { event: `SECRET_UPDATE ${name}` };
    case 'policy.set':
      return put({ ...secret, grants: step.grants.toSorted() });
    case 'version.add':
    case 'version.candidate': {
      const versions = [...secret.versions, { state: 'ENABLED', value: step.value } as const];
      const added = { ...secret, versions };
      const after = step.do === 'version.add' ? moved(added, versions.length) : added;
      return { ...put(after), ok: versions.length, event: `SECRET_VERSION_ADD ${name} ${versions.length}` };
    }
    case 'secret.rollback':
      return secret.previous === 0 ? { fault: 'ROLLBACK_NOWHERE' } : makeCurrent(secret, name, secret.previous, put);
    case 'version.promote':
      return makeCurrent(secret, name, step.number, put);
    case 'version.access':
    case 'version.enable':
    case 'version.disable':
    case 'version.destroy':
      return changeVersion(secret, step, (versions) => put({ ...secret, versions }));
    default:
      throw new Error(`${step.do} is not about a secret`);
  }
}

function moved(secret: SecretModel, current: number): SecretModel {
  return { ...secret, current, previous: secret.current };
}

/** Of what is current nothing changes, and nobody is told. */
function makeCurrent(
  secret: SecretModel,
  name: string,
  number: number,
  put: (after: SecretModel) => Partial<State>,
): Changed {
  const version = secret.versions[number - 1];
  if (version === undefined) return { fault: 'VERSION_NOT_FOUND' };
  if (version.state !== 'ENABLED') return { fault: 'VERSION_NOT_ENABLED' };
  return secret.current === number ? {} : { ...put(moved(secret, number)), event: `SECRET_UPDATE ${name}` };
}

type OfVersion = Extract<Step, { readonly number: number | 'latest' }>;

function changeVersion(
  { versions, current }: SecretModel,
  step: OfVersion,
  put: (versions: readonly VersionModel[]) => Partial<State>,
): Changed {
  const number = step.number === 'latest' ? current : step.number;
  const version = versions[number - 1];
  if (version === undefined) return { fault: 'VERSION_NOT_FOUND' };
  if (step.do === 'version.access') {
    return version.state === 'ENABLED' ? { ok: version.value } : { fault: 'VERSION_NOT_ENABLED' };
  }
  if (version.state === 'DESTROYED') return { fault: 'VERSION_DESTROYED' };
  const [, verb = ''] = step.do.split('.');
  const after: VersionModel =
    verb === 'destroy'
      ? { state: 'DESTROYED', value: '' }
      : { ...version, state: verb === 'enable' ? 'ENABLED' : 'DISABLED' };
  return {
    ...put(versions.with(number - 1, after)),
    event: `SECRET_VERSION_${verb.toUpperCase()} ${step.secret} ${number}`,
  };
}

/** Its tokens go with it, and no account of the same name inherits what it was granted. */
function withoutAccount(state: State, account: string): Partial<State> {
  const kept = (grants: readonly Grant[]) => grants.filter((grant) => !grant.endsWith(` ${account}`));
  const secrets = Object.entries(state.secrets).map(
    ([name, secret]) => [name, { ...secret, grants: kept(secret.grants) }] as const,
  );
  return {
    accounts: state.accounts.filter((each) => each !== account),
    tokens: Object.fromEntries(Object.entries(state.tokens).filter(([, owner]) => owner !== account)),
    grants: kept(state.grants),
    secrets: Object.fromEntries(secrets),
  };
}

function without<T>(table: Table<T>, name: string): Table<T> {
  const { [name]: _gone, ...rest } = table;
  return rest;
}
