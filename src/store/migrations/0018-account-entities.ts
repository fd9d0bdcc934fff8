// The entity of Vault's that a service account is. Only SQL that SQLite and PostgreSQL both take, as in the first migration.

import type { Migration } from '../migration.ts';

export const accountEntities: Migration = {
  name: '0018-account-entities',
  statements: ['ALTER TABLE accounts ADD COLUMN entity TEXT'],
};
