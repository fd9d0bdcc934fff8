// What every token may do that was not made without the policy `default`: look after itself, use its cubbyhole, wrap and
// unwrap. It stands for the policy of that name until somebody writes another.
// Source: the paths of Vault's own default policy, https://developer.hashicorp.com/vault/docs/concepts/policies.

const SELF: Readonly<Record<string, readonly string[]>> = {
  'auth/token/lookup-self': ['read'],
  'auth/token/renew-self': ['update'],
  'auth/token/revoke-self': ['update'],
  'sys/capabilities-self': ['update'],
  'identity/entity/id/{{identity.entity.id}}': ['read'],
  'identity/entity/name/{{identity.entity.name}}': ['read'],
  'sys/internal/ui/resultant-acl': ['read'],
  'sys/renew': ['update'],
  'sys/leases/renew': ['update'],
  'sys/leases/lookup': ['update'],
  'cubbyhole/*': ['create', 'read', 'update', 'delete', 'list'],
  'sys/wrapping/wrap': ['update'],
  'sys/wrapping/lookup': ['update'],
  'sys/wrapping/unwrap': ['update'],
  'sys/tools/hash': ['update'],
  'sys/tools/hash/*': ['update'],
};

/** The text of the policy. */
export const DEFAULT_POLICY: string = textOf(SELF);

/** What a wrapping token may do: open what it wraps. */
export const WRAPPING_RULES: string = textOf({ 'sys/wrapping/unwrap': ['update'], 'sys/wrapping/rewrap': ['update'] });

function textOf(rules: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(rules)
    .map(([path, capabilities]) => `path "${path}" {\n    capabilities = ${JSON.stringify(capabilities)}\n}\n`)
    .join('\n');
}
