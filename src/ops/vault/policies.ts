// Vault's policies, kept as they were written, and what a token may do by them. Names are one whatever their case: two
// that differ in it alone would be two rules where somebody thinks of one.

import { Fault } from '../../core/error.ts';
import { Acl } from '../../core/vault/acl.ts';
import { aclOf, IAM_POLICY, policyId, policyText, ROOT_POLICY } from '../../core/vault/authority.ts';
import { HclError } from '../../core/vault/hcl.ts';
import type { Identity } from '../../core/vault/identity.ts';
import { parsePolicy } from '../../core/vault/policy.ts';
import type { KnownToken } from '../../core/vault/token.ts';
import { invalid, listField, textField } from './fields.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';
import { knownToken, tokenOfAccessor } from './token-rows.ts';

/** Ours: bytes of one policy, and policies of one project. */
const POLICY_CHARS_MAX: number = 256 * 1024;
export const POLICIES_MAX = 5000;
const NAME = /^[a-z0-9](?:[a-z0-9 ._@-]{0,126}[a-z0-9._@-])?$/;
/** Of the server's own making: nobody writes them. */
const FIXED: ReadonlySet<string> = new Set([ROOT_POLICY, IAM_POLICY, 'response-wrapping']);

/** A name as it is kept; throws where it can be none. */
export function policyName(text: string): string {
  const name = text.toLowerCase();
  if (!NAME.test(name)) throw invalid('invalid policy name: use letters, digits and . _ @ - and blanks inside');
  return name;
}

const names: Handler = ({ view }) => {
  const prefix = policyId(view.project.id, '');
  const written = view.below(prefix, POLICIES_MAX).map(({ id }) => id.slice(prefix.length));
  const keys = [...new Set([...written, 'default', ROOT_POLICY])].sort();
  return { data: { keys, policies: keys } };
};

const namesOnly: Handler = (call) => ({ data: { keys: (names(call).data as { keys: unknown }).keys } });

function read(field: 'rules' | 'policy'): Handler {
  return ({ view, params }) => {
    const name = (params['name'] ?? '').toLowerCase();
    if (name === ROOT_POLICY) return { data: { name, [field]: '' } };
    const id = policyId(view.project.id, name);
    const text = policyText(id, view.get(id));
    if (text === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: `policy ${name}`.slice(0, 100) });
    return { data: { name, [field]: text } };
  };
}

const write: Handler = ({ view, params, data }) => {
  const name = policyName(params['name'] ?? '');
  if (FIXED.has(name)) throw invalid(`cannot update "${name}" policy`);
  const given = textField(data, 'policy') ?? textField(data, 'rules');
  if (given === undefined || given === '') throw invalid("'policy' parameter not supplied or empty");
  if (given.length > POLICY_CHARS_MAX) throw invalid(`a policy has at most ${POLICY_CHARS_MAX} characters`);
  const text = decodedPolicy(given);
  try {
    new Acl([{ name, rules: parsePolicy(text) }]);
  } catch (error) {
    if (error instanceof HclError) throw invalid(`failed to parse policy: ${error.message}`);
    throw error;
  }
  const prefix = policyId(view.project.id, '');
  if (view.get(prefix + name) === undefined && view.below(prefix, POLICIES_MAX).length >= POLICIES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'policies of one project', limit: POLICIES_MAX });
  }
  view.put({ id: prefix + name, data: { policy: text } });
  return {};
};

/** `bao policy write` may send a text in base64; one that is not stays as it is. */
function decodedPolicy(text: string): string {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return text;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  } catch {
    return text;
  }
}

const remove: Handler = ({ view, params }) => {
  const name = (params['name'] ?? '').toLowerCase();
  if (FIXED.has(name) || name === 'default') throw invalid(`cannot delete "${name}" policy`);
  view.remove(policyId(view.project.id, name));
  return {};
};

const rules = { write, delete: remove };

/** What the holder of these policies may do at each path that was asked for. */
function capabilities({ view, data }: VaultCall, own: readonly string[], identity: Identity | undefined): Reply {
  const policies = [...new Set([...own, ...(identity?.policies ?? [])])].sort();
  const paths = listField(data, 'paths') ?? listField(data, 'path') ?? [];
  if (paths.length === 0) throw invalid('paths must be supplied');
  const who = identity === undefined ? {} : { identity };
  const authority = { project: view.authority.project, ...who };
  const ids = policies.filter((name) => !FIXED.has(name)).map((name) => policyId(view.project.id, name));
  const acl = aclOf({ ...authority, policies: policies.filter((name) => !FIXED.has(name)) }, view.all(ids));
  const found = Object.fromEntries(
    paths.map((path) => {
      const asked = path.replace(/^\//, '');
      return [path, policies.includes(ROOT_POLICY) ? ['root'] : acl.capabilities(asked)];
    }),
  );
  const [only] = paths;
  return { data: { ...found, ...(paths.length === 1 ? { capabilities: found[only as string] } : {}) } };
}

const capabilitiesOf = (call: VaultCall, { token }: KnownToken): Reply =>
  capabilities(call, token.policies, token.entity === undefined ? undefined : call.view.identity(token.entity));

export const POLICY_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/policy', help: 'List the configured access control policies.', read: names, list: names },
  {
    path: 'sys/policy/:name',
    help: 'Read, write or delete an access control policy.',
    read: read('rules'),
    ...rules,
  },
  { path: 'sys/policies/acl', help: 'List the configured access control policies.', list: namesOnly, read: namesOnly },
  {
    path: 'sys/policies/acl/:name',
    help: 'Read, write or delete an access control policy.',
    read: read('policy'),
    ...rules,
  },
  {
    path: 'sys/capabilities-self',
    help: "What the request's own token may do at these paths.",
    asks: true,
    write: (call) => capabilities(call, call.view.authority.policies, call.view.authority.identity),
  },
  {
    path: 'sys/capabilities',
    help: 'What the given token may do at these paths.',
    asks: true,
    write: (call) => capabilitiesOf(call, knownToken(call)),
  },
  {
    path: 'sys/capabilities-accessor',
    help: 'What the token of this accessor may do at these paths.',
    asks: true,
    write: (call) => capabilitiesOf(call, tokenOfAccessor(call)),
  },
];
