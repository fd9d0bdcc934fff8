// What AWS's API keeps of a secret, and what it is found by from a region: where it was made, and where it has replicas,
// as `,a,b,`. Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const awsSecrets: Migration = {
  name: '0015-aws-secrets',
  statements: [
    'ALTER TABLE secrets ADD COLUMN aws TEXT',
    'ALTER TABLE secrets ADD COLUMN home_region TEXT',
    'ALTER TABLE secrets ADD COLUMN replica_regions TEXT',
  ],
};
