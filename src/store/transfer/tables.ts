// Every table that a store is moved with, in an order in which each row comes after those it refers to, and the key by
// which its rows are walked. The records of changes that wait for their copy lie elsewhere in each engine.

export interface Table {
  readonly name: string;
  readonly key: readonly string[];
  /** Of the key first. */
  readonly columns: readonly string[];
}

export const KEYS: Readonly<Record<string, readonly string[]>> = {
  meta: ['key'],
  server: ['id'],
  projects: ['uid'],
  retired_names: ['name'],
  accounts: ['uid'],
  account_keys: ['id'],
  tokens: ['hash'],
  topics: ['project_uid', 'id'],
  subscriptions: ['project_uid', 'id'],
  events: ['ordinal'],
  tag_keys: ['id'],
  tag_values: ['id'],
  secrets: ['ordinal'],
  versions: ['ordinal'],
  rotations: ['secret_uid'],
  tag_bindings: ['secret_uid', 'value_id'],
  secret_members: ['secret_uid', 'member'],
  census_principals: ['ordinal'],
  census: ['place', 'principal', 'workload', 'dialect'],
  vault_entries: ['id'],
  crypto_keys: ['uid'],
  crypto_key_versions: ['key_uid', 'number'],
  audit_marks: ['stream'],
  audit_anchors: ['stream'],
};

/** What an engine keeps for itself. */
export const NOT_MOVED: ReadonlySet<string> = new Set(['schema_migrations', 'audit_pending']);

/** The statement of the next rows of a table, `after` those of a key, in its order. */
export function rowsAfter({ name, key, columns }: Table, isFirst: boolean): string {
  const from = isFirst ? '' : `WHERE (${key.join(', ')}) > (${key.map(() => '?').join(', ')}) `;
  return `SELECT ${columns.join(', ')} FROM ${name} ${from}ORDER BY ${key.join(', ')} LIMIT ?`;
}

export function insertInto({ name, columns }: Table): string {
  return `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
}
