// The policy of a key of AWS's API. It says who of those whom IAM lets use or change the key may: what it denies, or grants to
// nobody, is denied, by whichever API the key is used. A key without one leaves all to IAM, as AWS's default policy does.
// Source: the KMS developer guide, "Key policies in AWS KMS".

import { awsAccountOf } from '../../core/aws/access-key.ts';
import { kmsArn } from '../../core/aws/kms.ts';
import { type AwsQuestion, denialBy, grantBy } from '../../core/aws-policy/evaluate.ts';
import { Fault } from '../../core/error.ts';
import type { Key } from '../../core/keys/key.ts';
import { OWNER, SYSTEM } from '../../core/principal.ts';
import type { Project } from '../../core/secret.ts';
import type { Input } from '../operation.ts';
import { awsQuestionOf, compiled, rulingText } from './authority.ts';
import { checkedPolicy } from './resource-policies.ts';

export type Asking = Pick<Input<unknown, Record<never, never>, unknown>, 'scope' | 'caller' | 'now'>;

/** By what a key is used for a secret; the others change it or show it. */
const OF_SECRETS: ReadonlySet<string> = new Set(['Decrypt', 'GenerateDataKey']);
/** Whoever owns the server can undo a policy that locks everybody out. */
const UNDOING: ReadonlySet<string> = new Set(['GetKeyPolicy', 'PutKeyPolicy']);

/** Throws PERMISSION_DENIED where the key's policy does not let the caller do this; `action` without `kms:`. */
export function checkKeyPolicy(asking: Asking, project: Project, key: Key, action: string): void {
  const { principal } = asking.caller;
  const { policy: text, region = '' } = key.aws ?? {};
  if (text === undefined || principal === SYSTEM) return;
  if (principal.member === OWNER.member && UNDOING.has(action)) return;
  const policies = [{ name: '', policy: compiled(text, 'resource') }];
  const question = questionOf(asking, project, kmsArn(awsAccountOf(project), region, `key/${key.name}`), action);
  const denial = denialBy(policies, question);
  if (denial === undefined && grantBy(policies, question) !== undefined) return;
  const deniedBy = denial === undefined ? {} : { deniedBy: rulingText(denial) };
  throw new Fault('PERMISSION_DENIED', { permission: `kms:${action}`, resource: `key ${key.name}`, ...deniedBy });
}

function questionOf(asking: Asking, project: Project, arn: string, action: string): AwsQuestion {
  const asked = awsQuestionOf({ ...asking, permission: 'coffer.keys.get', target: { asked: '' } });
  // Whom AWS could not name is of the account that the key is of: IAM's word counts for them.
  const { account = awsAccountOf(project) } = asked.principal;
  const own: Readonly<Record<string, string | undefined>> = {
    'kms:calleraccount': account,
    'kms:viaservice': OF_SECRETS.has(action) ? `secretsmanager.${arn.split(':')[3]}.amazonaws.com` : undefined,
  };
  return {
    principal: { ...asked.principal, account },
    actions: [`kms:${action}`],
    resource: { arn },
    attribute: (key) => {
      const value = own[key];
      return value === undefined ? asked.attribute(key) : [value];
    },
  };
}

/**
 * Throws POLICY_INVALID for a text that is no policy and, unless `unsafe`, KEY_POLICY_LOCKS_OUT for one by which whoever sets it
 * could not set another.
 */
export function checkNewKeyPolicy(asking: Asking, project: Project, key: Key, unsafe: boolean): void {
  checkedPolicy(key.aws?.policy ?? '', 'resource');
  if (unsafe) return;
  try {
    checkKeyPolicy(asking, project, key, 'PutKeyPolicy');
  } catch (error) {
    throw error instanceof Fault ? new Fault('KEY_POLICY_LOCKS_OUT') : error;
  }
}
