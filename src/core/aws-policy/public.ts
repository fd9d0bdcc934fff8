// Whether a policy of a resource grants to the public: to anybody, held to nothing that the caller cannot choose. Judged
// statement by statement, never weakened by a denial elsewhere, and what is not known to bind does not bind.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html, "The meaning of
// public", which AWS's services share, and the condition keys of Secrets Manager.

import { type Condition, isFixedValue } from './condition.ts';
import type { AwsPolicy, Statement } from './statement.ts';

/** Keys that bind a statement to those whom the author named, where they are compared with fixed values. */
const BINDING: ReadonlySet<string> = new Set([
  ...['aws:principalaccount', 'aws:principalarn', 'aws:principalorgid', 'aws:principalorgpaths', 'aws:userid'],
  ...['aws:sourceaccount', 'aws:sourcearn', 'aws:sourceorgid', 'aws:sourceorgpaths', 'aws:sourceowner'],
  ...['aws:sourcevpc', 'aws:sourcevpce'],
]);
const EQUAL = /^(?:foranyvalue:)?(?:string(?:equals|equalsignorecase|like)|arn(?:equals|like))$/;
const WITHIN = /^(?:foranyvalue:)?ipaddress$/;
/** Blocks that are wider are the public's. */
const BITS_MIN = { four: 8, six: 32 } as const;

/** The first statement that grants to the public, by its Sid or its place; undefined: none does. */
export function publicStatement({ statements }: AwsPolicy): string | undefined {
  const index = statements.findIndex(isPublic);
  return index < 0 ? undefined : (statements[index]?.sid ?? String(index + 1));
}

function isPublic({ effect, principal, conditions }: Statement): boolean {
  if (effect !== 'Allow' || principal === undefined) return false;
  return (principal.anybody || principal.isNot) && !conditions.some(binds);
}

function binds({ operator, key, values }: Condition): boolean {
  const form = operator.toLowerCase();
  if (values.length === 0) return false;
  if (key === 'aws:sourceip' || key === 'aws:vpcsourceip') return WITHIN.test(form) && values.every(isNarrow);
  if (key === 'aws:principalarn' || key === 'aws:sourcearn') return EQUAL.test(form) && values.every(isArnOfAccount);
  return BINDING.has(key) && EQUAL.test(form) && values.every(isFixedValue);
}

/** A pattern of ARNs binds where it says of which account. */
function isArnOfAccount(value: string): boolean {
  const account = value.split(':')[4] ?? '';
  return isFixedValue(value) || (value.startsWith('arn:') && account !== '' && isFixedValue(account));
}

function isNarrow(block: string): boolean {
  const [address = '', length] = block.split('/');
  const least = address.includes(':') ? BITS_MIN.six : BITS_MIN.four;
  return length === undefined || Number(length) >= least;
}
