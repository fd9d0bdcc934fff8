// Which members the policies of secrets name, kept beside the policies. A policy that was never set names nobody and
// costs nothing; any other is compared with the one before, so that only a change of it is written.

import { FRESH_POLICY_ETAG, type Policy } from '../core/iam/policy.ts';
import type { Secret } from '../core/secret.ts';
import { json, text } from './cells.ts';
import { policyColumn } from './columns.ts';
import { MEMBER_INSERT, MEMBERS_DELETE, MEMBERS_FILL } from './sql/census.ts';
import { SECRET_POLICY_SELECT } from './sql/secrets.ts';
import { any, one, type Rewrite, type Write } from './write.ts';

/** What an update of the secret changes of it; to run before the update. */
export function changeMembers({ uid, projectUid, policy }: Secret): readonly Rewrite[] {
  // Once set, a policy never becomes fresh again.
  if (policy.etag === FRESH_POLICY_ETAG) return [];
  const after = policyColumn.encode(policy);
  return [
    {
      query: { sql: SECRET_POLICY_SELECT, values: [uid] },
      writes: ([row]) =>
        row?.[0] === after ? [] : [any(MEMBERS_DELETE, [uid]), ...insertMembers(uid, projectUid, policy)],
    },
  ];
}

/** Those of a new secret. */
export function insertMembers(secretUid: string, projectUid: string, { bindings }: Policy): readonly Write[] {
  const members = new Set(bindings.flatMap((binding) => binding.members));
  return [...members].map((member) => one(MEMBER_INSERT, [secretUid, member, projectUid]));
}

/** Those of every secret that there is. */
export function fillMembers(): Rewrite {
  return {
    query: { sql: MEMBERS_FILL, values: [] },
    writes: (rows) =>
      rows.flatMap((row) =>
        insertMembers(text('secrets', row, 0), text('secrets', row, 1), json(policyColumn, 'secrets', row, 2)),
      ),
  };
}
