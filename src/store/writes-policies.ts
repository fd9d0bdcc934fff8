// The renaming of a member in every policy of the server, those of deleted secrets among them.

import { withoutPrincipal } from '../core/aws-policy/retire.ts';
import { AWS_POLICY_MEMBER } from '../core/aws-policy/statement.ts';
import type { Policy } from '../core/iam/policy.ts';
import { json, text } from './cells.ts';
import { policyColumn, secretSettingsColumn } from './columns.ts';
import { SETTINGS_OF_MEMBER } from './sql/census.ts';
import { PROJECT_POLICIES, PROJECT_POLICY_UPDATE } from './sql/projects.ts';
import { SECRET_POLICIES, SECRET_POLICY_UPDATE, SECRET_SETTINGS_UPDATE } from './sql/secrets.ts';
import { SERVER_POLICIES, SERVER_POLICY_UPDATE } from './sql/server.ts';
import type { Row, Value } from './statement.ts';
import { one, type Rewrite, type Write } from './write.ts';

const TABLES = [
  { table: 'server', select: SERVER_POLICIES, update: SERVER_POLICY_UPDATE },
  { table: 'projects', select: PROJECT_POLICIES, update: PROJECT_POLICY_UPDATE },
  { table: 'secrets', select: SECRET_POLICIES, update: SECRET_POLICY_UPDATE },
] as const;

/** Bindings of `from` become bindings of `to`; each policy that had one gets `etag`. */
export function renameMember(from: string, to: string, etag: string): Rewrite[] {
  // The pattern only narrows the search, and means less in one engine than in the other.
  const pattern = `%"${from}"%`;
  return TABLES.map(({ table, select, update }) => ({
    query: { sql: select, values: [pattern] },
    writes: (rows) =>
      rows.flatMap((row): Write[] => {
        const renamed = rename(json(policyColumn, table, row, 1), from, to, etag);
        return renamed === undefined ? [] : [one(update, [policyColumn.encode(renamed), keyOf(table, row)])];
      }),
  }));
}

/** In policies of AWS's: what names one of `arns` names nobody. */
export function retirePrincipal(arns: readonly string[], gone: string): Rewrite {
  return {
    query: { sql: SETTINGS_OF_MEMBER, values: [AWS_POLICY_MEMBER] },
    writes: (rows) =>
      rows.flatMap((row): Write[] => {
        const settings = json(secretSettingsColumn, 'secrets', row, 1);
        const awsPolicy =
          settings.awsPolicy === undefined ? undefined : withoutPrincipal(settings.awsPolicy, arns, gone);
        if (awsPolicy === undefined) return [];
        return [
          one(SECRET_SETTINGS_UPDATE, [
            secretSettingsColumn.encode({ ...settings, awsPolicy }),
            text('secrets', row, 0),
          ]),
        ];
      }),
  };
}

function rename(policy: Policy, from: string, to: string, etag: string): Policy | undefined {
  if (!policy.bindings.some(({ members }) => members.includes(from))) return undefined;
  const bindings = policy.bindings.map((binding) => ({
    ...binding,
    members: binding.members.map((member) => (member === from ? to : member)),
  }));
  return { ...policy, bindings, etag };
}

function keyOf(table: string, row: Row): Value {
  return table === 'server' ? 1 : text(table, row, 0);
}
