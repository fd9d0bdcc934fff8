// IAM policies: one binding added or removed as gcloud does it, and the read-modify-write around it. The etag makes a
// change by somebody else an error of the server (ABORTED), upon which the whole is done again, a bounded number of times.

import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../client/error.ts';
import type { Context } from './context.ts';
import { CliError, UsageError } from './error.ts';
import { parseList } from './maps.ts';
import { readDocument } from './payload.ts';

export interface Condition {
  readonly expression: string;
  readonly title: string;
  readonly description?: string;
}

export interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: Condition;
}

export interface Policy {
  readonly version?: number;
  readonly etag?: string;
  readonly bindings?: readonly Binding[];
}

export interface BindingFlags {
  readonly member: string;
  readonly role: string;
  readonly condition?: string;
  readonly conditionFromFile?: string;
}

export interface RemovalFlags extends BindingFlags {
  /** Remove the member from every binding of the role, whatever its condition. */
  readonly all?: boolean;
}

/** What the flags say of conditions: nothing, expressly none, or one. */
export type Conditioned = Condition | 'none' | 'unspecified';

const ATTEMPTS_MAX = 6;
const BASIC_ROLES = ['roles/owner', 'roles/editor', 'roles/viewer'];
const BASIC_ROLE_REFUSED =
  'Binding with a condition and a basic role is not allowed. Basic roles are `roles/editor`, `roles/owner`, ' +
  'and `roles/viewer`.';
const FLAG_INCOMPLETE =
  'Invalid value for [condition]: condition must be either `None` or a list of key=value pairs. If not `None`, ' +
  '`expression` and `title` are required keys.\n' +
  'Example: --condition=expression=[expression],title=[title],description=[description]';
const FILE_INCOMPLETE =
  'Invalid value for [condition-from-file]: condition-from-file must be a path to a YAML or JSON file containing the ' +
  'condition. `expression` and `title` are required keys. `description` is optional. To specify a `None` condition, ' +
  'use --condition=None.';
/** google.iam.v1.Policy.version: 3 is needed as soon as a binding has a condition. */
const POLICY_VERSION = 3;

/** The policy with `member` in the binding of `role`; a new binding where there is none. */
export function addBinding(policy: Policy, member: string, role: string, condition: Conditioned): Policy {
  if (condition === 'unspecified' && hasConditions(policy)) {
    throw new CliError(
      'Adding a binding without specifying a condition to a policy containing conditions is prohibited in ' +
        'non-interactive mode. Run the command again with `--condition=None`',
    );
  }
  const wanted = typeof condition === 'string' ? undefined : condition;
  const bindings = policy.bindings ?? [];
  const at = bindings.findIndex((binding) => binding.role === role && sameCondition(binding.condition, wanted));
  const found = bindings[at];
  if (found === undefined) {
    const added: Binding = { role, members: [member], ...(wanted === undefined ? {} : { condition: wanted }) };
    return { ...policy, bindings: [...bindings, added] };
  }
  const members = found.members.includes(member) ? found.members : [...found.members, member];
  return { ...policy, bindings: bindings.with(at, { ...found, members }) };
}

/** The policy without `member` in the binding of `role`; `all` means whatever the condition. */
export function removeBinding(
  policy: Policy,
  member: string,
  role: string,
  condition: Conditioned,
  all: boolean,
): Policy {
  if (!all && condition === 'unspecified' && hasConditions(policy)) {
    throw new CliError(
      'Removing a binding without specifying a condition from a policy containing conditions is prohibited in ' +
        'non-interactive mode. Run the command again with `--condition=None` to remove a binding without condition ' +
        'or run command with `--all` to remove all bindings of the specified principal and role.',
    );
  }
  const wanted = typeof condition === 'string' ? undefined : condition;
  let removed = false;
  const bindings = (policy.bindings ?? []).map((binding) => {
    const meant = binding.role === role && (all || sameCondition(binding.condition, wanted));
    if (!meant || !binding.members.includes(member)) return binding;
    removed = true;
    return { ...binding, members: binding.members.filter((each) => each !== member) };
  });
  if (!removed) throw new CliError('Policy binding with the specified principal, role, and condition not found!');
  return { ...policy, bindings: bindings.filter((binding) => binding.members.length > 0) };
}

/** @throws UsageError where the flags contradict each other; CliError where the condition is incomplete. */
export async function readCondition(context: Context, flags: RemovalFlags): Promise<Conditioned> {
  const { condition, conditionFromFile } = flags;
  if ([condition, conditionFromFile, flags.all || undefined].filter((each) => each !== undefined).length > 1) {
    throw new UsageError(
      'argument --condition: at most one of --all | --condition | --condition-from-file can be specified',
    );
  }
  if (condition === undefined && conditionFromFile === undefined) return 'unspecified';
  if (condition === 'None') return 'none';
  const fields =
    condition === undefined ? await conditionFile(context, conditionFromFile ?? '') : conditionFields(condition);
  const { expression, title, description } = fields;
  if (!expression || !title) throw new CliError(condition === undefined ? FILE_INCOMPLETE : FLAG_INCOMPLETE);
  if (BASIC_ROLES.includes(flags.role)) throw new CliError(BASIC_ROLE_REFUSED);
  return { expression, title, ...(description ? { description } : {}) };
}

/** The policy as the server holds it, and how to put a new one in its place. */
export interface PolicyAccess {
  readonly get: () => Promise<Policy>;
  readonly set: (policy: Policy) => Promise<Policy>;
}

/** Reads, changes, writes; again from the start where somebody else wrote in between. */
export function changePolicy(access: PolicyAccess, change: (policy: Policy) => Policy): Promise<Policy> {
  return retryConflicts(
    async () => access.set(change(await access.get())),
    (error) => error.status === 'ABORTED',
  );
}

/**
 * Runs `act` again while it fails with a conflict, at most six times with growing, random pauses.
 * @throws the last conflict, or any other error at once.
 */
export async function retryConflicts<T>(act: () => Promise<T>, isConflict: (error: ApiError) => boolean): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      if (attempt === ATTEMPTS_MAX || !(error instanceof ApiError) || !isConflict(error)) throw error;
      await delay(Math.random() * 10 * 2 ** attempt);
    }
  }
}

/** Like `retryConflicts`, for secrets: a stale etag is their conflict. */
export function retryStaleEtags<T>(act: () => Promise<T>): Promise<T> {
  return retryConflicts(act, (error) => error.status === 'FAILED_PRECONDITION' && /etag/i.test(error.message));
}

/** The body that sets a policy: whatever it was read as, this client knows conditions. */
export function policyBody(policy: Policy): { readonly policy: Policy } {
  return { policy: { ...policy, version: POLICY_VERSION } };
}

/** A policy as `get-iam-policy` prints it, from a JSON or YAML file. @throws CliError where it is none. */
export async function readPolicyFile(context: Context, path: string): Promise<Policy> {
  const { parseYaml } = await import('./format/yaml.ts');
  const value = parseYaml(await readDocument(context.io, path), `the policy file [${path}]`);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CliError(`the policy file [${path}] holds no policy: it needs bindings and an etag`);
  }
  return value as Policy;
}

function hasConditions(policy: Policy): boolean {
  return (policy.bindings ?? []).some((binding) => binding.condition !== undefined);
}

function sameCondition(a: Condition | undefined, b: Condition | undefined): boolean {
  return a?.expression === b?.expression && a?.title === b?.title && (a?.description || '') === (b?.description || '');
}

type Fields = Readonly<Partial<Record<'expression' | 'title' | 'description', string>>>;

/** `expression=…,title=…,description=…`, or `^;^…;…`: an expression may hold commas of its own. */
function conditionFields(text: string): Fields {
  const escaped = text.startsWith('^');
  const parts = escaped ? parseList('condition', [text]) : text.split(/,(?=(?:expression|title|description)=)/);
  const pairs = parts.map((part): [string, string] => {
    const equals = part.indexOf('=');
    return [part.slice(0, equals), part.slice(equals + 1)];
  });
  return Object.fromEntries(pairs) as Fields;
}

async function conditionFile(context: Context, path: string): Promise<Fields> {
  const { parseYaml } = await import('./format/yaml.ts');
  const value = parseYaml(await readDocument(context.io, path), `the condition file [${path}]`);
  const fields = Object.entries(typeof value === 'object' && value !== null ? value : {});
  return Object.fromEntries(fields.filter(([, each]) => typeof each === 'string')) as Fields;
}
