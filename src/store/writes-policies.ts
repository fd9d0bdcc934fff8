// The renaming of a member in every policy of the server, those of deleted secrets among them.

import type { Policy } from '../core/iam/policy.ts';
import { json, text } from './cells.ts';
import { policyColumn } from './columns.ts';
import { PROJECT_POLICIES, PROJECT_POLICY_UPDATE } from './sql/projects.ts';
import { SECRET_POLICIES, SECRET_POLICY_UPDATE } from './sql/secrets.ts';
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
