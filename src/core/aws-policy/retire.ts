// A policy after a principal that it names is gone: the name is replaced by what nobody ever is, so that whoever gets the name
// next gets nothing with it. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html

import { parseStrictly } from './json.ts';

/** The text with `gone` in the place of those ARNs and of their sessions; undefined where it names none of them. */
export function withoutPrincipal(text: string, arns: readonly string[], gone: string): string | undefined {
  const policy = parseStrictly(text) as { Statement: object | readonly object[] };
  let found = false;
  const retired = (name: unknown) => {
    if (typeof name !== 'string' || !arns.some((arn) => isOf(name, arn))) return name;
    found = true;
    return gone;
  };
  for (const statement of [policy.Statement].flat() as Record<string, unknown>[]) {
    for (const element of ['Principal', 'NotPrincipal']) {
      const principal = statement[element] as { AWS?: unknown } | string | undefined;
      if (typeof principal !== 'object' || principal.AWS === undefined) continue;
      principal.AWS = Array.isArray(principal.AWS) ? principal.AWS.map(retired) : retired(principal.AWS);
    }
  }
  return found ? JSON.stringify(policy) : undefined;
}

function isOf(name: string, arn: string): boolean {
  if (name === arn) return true;
  const [, , , , account, role = ''] = arn.split(':');
  return role.startsWith('role/') && name.startsWith(`arn:aws:sts::${account}:assumed-${role}/`);
}
