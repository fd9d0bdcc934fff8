// Each need as one statement (a list with a second one that counts) and the decoder of its rows. Plain data: an engine
// only has to run the statements of all needs in one snapshot.

import assert from 'node:assert/strict';
import { PAGE_SIZE_MAX } from '../core/limits.ts';
import type { Need } from '../core/ports.ts';
import {
  accountOf,
  payloadOf,
  projectOf,
  secretInListOf,
  secretOf,
  serverPolicyOf,
  tokenOf,
  totalOf,
  versionOf,
} from './rows.ts';
import { ACCOUNT_SELECT, ACCOUNTS_LIST, ACCOUNTS_TOTAL } from './sql/accounts.ts';
import { PROJECT_SELECT, PROJECTS_LIST } from './sql/projects.ts';
import { forReference } from './sql/reference.ts';
import { SECRET_SELECT, SECRETS_LIST, SECRETS_TOTAL } from './sql/secrets.ts';
import { SERVER_SELECT } from './sql/server.ts';
import { TOKEN_SELECT } from './sql/tokens.ts';
import { PAYLOAD_SELECT, VERSION_SELECT, VERSIONS_LIST, VERSIONS_TOTAL } from './sql/versions.ts';
import type { Row, Rows, Statement, Value } from './statement.ts';

export interface Read extends Statement {
  /** Counts what a list has in all. */
  readonly total?: Statement;
  /** `totals` holds the rows of `total`. */
  readonly decode: (rows: Rows, totals: Rows) => unknown;
}

const NEWEST = Number.MAX_SAFE_INTEGER;

/** What answers a need. Asking for more rows than any page may hold is a bug. */
export function readOf(need: Need): Read {
  switch (need.need) {
    case 'server':
      return { sql: SERVER_SELECT, values: [], decode: serverPolicyOf };
    case 'project':
      return one(forReference(PROJECT_SELECT, need.project), [need.project], projectOf);
    case 'secret':
      return one(forReference(SECRET_SELECT, need.project), [need.project, need.key], secretOf);
    case 'version':
      return one(forReference(VERSION_SELECT, need.project), [need.project, need.key, need.number], versionOf);
    case 'payload':
      return one(forReference(PAYLOAD_SELECT, need.project), [need.project, need.key, need.number], payloadOf);
    case 'account':
      return one(ACCOUNT_SELECT, [need.email], accountOf);
    case 'token':
      return one(TOKEN_SELECT, [need.hash], tokenOf);
    case 'projects':
      return { sql: PROJECTS_LIST, values: [need.after, checkedLimit(need)], decode: (rows) => rows.map(projectOf) };
    case 'secrets':
      return listed(
        forReference(SECRETS_LIST, need.project),
        [need.project, need.before || NEWEST, checkedLimit(need)],
        secretInListOf,
        { sql: forReference(SECRETS_TOTAL, need.project), values: [need.project] },
      );
    case 'versions':
      return listed(
        forReference(VERSIONS_LIST, need.project),
        [need.project, need.key, need.before || NEWEST, checkedLimit(need)],
        versionOf,
        { sql: forReference(VERSIONS_TOTAL, need.project), values: [need.project, need.key] },
      );
    case 'accounts':
      return listed(
        forReference(ACCOUNTS_LIST, need.project),
        [need.project, need.after, checkedLimit(need)],
        accountOf,
        { sql: forReference(ACCOUNTS_TOTAL, need.project), values: [need.project] },
      );
  }
}

function one(sql: string, values: readonly Value[], decode: (row: Row) => unknown): Read {
  return { sql, values, decode: (rows) => (rows[0] === undefined ? undefined : decode(rows[0])) };
}

function listed(sql: string, values: readonly Value[], decode: (row: Row) => unknown, total: Statement): Read {
  return { sql, values, total, decode: (rows, totals) => ({ rows: rows.map(decode), total: totalOf(totals) }) };
}

/** One row more than a page tells whether another page follows. */
function checkedLimit(need: { readonly limit: number }): number {
  assert(Number.isInteger(need.limit) && need.limit >= 0 && need.limit <= PAGE_SIZE_MAX + 1, 'a limit within bounds');
  return need.limit;
}
