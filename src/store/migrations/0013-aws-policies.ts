// The policies of AWS's that service accounts have. Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const awsPolicies: Migration = {
  name: '0013-aws-policies',
  statements: ['ALTER TABLE accounts ADD COLUMN aws_policies TEXT'],
};
