// The account of AWS's that a project is, where it is not its number. No two projects are one account. Only SQL that SQLite
// and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const awsAccounts: Migration = {
  name: '0012-aws-accounts',
  statements: [
    'ALTER TABLE projects ADD COLUMN aws_account TEXT',
    'CREATE UNIQUE INDEX projects_by_aws_account ON projects ((COALESCE(aws_account, number)))',
  ],
};
