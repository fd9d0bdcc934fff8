// Which members the policies of secrets name, kept beside the policies. A policy that was never set names nobody and
// costs nothing; any other is compared with the one before, so that only a change of it is written. A policy of AWS's counts
// as one member, whomever it names.

import { AWS_POLICY_MEMBER } from '../core/aws-policy/statement.ts';
import { FRESH_POLICY_ETAG, type Policy } from '../core/iam/policy.ts';
import type { Secret } from '../core/secret.ts';
import { json, text } from './cells.ts';
import { policyColumn, secretSettingsColumn } from './columns.ts';
import { MEMBER_INSERT, MEMBERS_DELETE, MEMBERS_FILL } from './sql/census.ts';
import { SECRET_POLICY_SELECT } from './sql/secrets.ts';
import { any, one, type Rewrite, type Write } from './write.ts';

/** What an update of the secret changes of it; to run before the update. */
export function changeMembers({ uid, projectUid, policy, awsPolicy }: Secret): readonly Rewrite[] {
  // Once set, a policy never becomes fresh again. One of AWS's that is taken away may stay counted: it grants nothing.
  if (policy.etag === FRESH_POLICY_ETAG && awsPolicy === undefined) return [];
  const after = policyColumn.encode(policy);
  return [
    {
      query: { sql: SECRET_POLICY_SELECT, values: [uid] },
      writes: ([row]) => {
        if (row === undefined) return [];
        const had = json(secretSettingsColumn, 'secrets', row, 1).awsPolicy !== undefined;
        const isSame = row[0] === after && had === (awsPolicy !== undefined);
        return isSame ? [] : [any(MEMBERS_DELETE, [uid]), ...insertMembers({ uid, projectUid, policy, awsPolicy })];
      },
    },
  ];
}

type Named = Pick<Secret, 'uid' | 'projectUid' | 'policy'> & { readonly awsPolicy?: string | undefined };

/** Those of a new secret. */
export function insertMembers({ uid, projectUid, policy: { bindings }, awsPolicy }: Named): readonly Write[] {
  const members = new Set(bindings.flatMap((binding) => binding.members));
  if (awsPolicy !== undefined) members.add(AWS_POLICY_MEMBER);
  return [...members].map((member) => one(MEMBER_INSERT, [uid, member, projectUid]));
}

/** Those of every secret that there is. */
export function fillMembers(): Rewrite {
  return {
    query: { sql: MEMBERS_FILL, values: [] },
    writes: (rows) =>
      rows.flatMap((row) => {
        const policy: Policy = json(policyColumn, 'secrets', row, 2);
        return insertMembers({ uid: text('secrets', row, 0), projectUid: text('secrets', row, 1), policy });
      }),
  };
}
