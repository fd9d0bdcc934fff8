// Entries of Vault's API by their paths. A path orders as its bytes do, so everything below one is a range.

import { placeholders } from './reference.ts';

const COLUMNS = 'id, owner, expires_at, data, wrapped_key, ciphertext';

export const VAULT_ENTRY_SELECT = `SELECT ${COLUMNS} FROM vault_entries WHERE id = ?`;
export const VAULT_ENTRIES_BELOW = `SELECT ${COLUMNS} FROM vault_entries
  WHERE id >= ? AND id < ? AND id > ? ORDER BY id LIMIT ?`;

export function vaultEntriesNamed(count: number): string {
  const values = Array.from({ length: count }, () => '?').join(', ');
  return `SELECT ${COLUMNS} FROM vault_entries WHERE id IN (${values})`;
}

export const VAULT_ENTRY_PUT = `INSERT INTO vault_entries (${COLUMNS}) VALUES (${placeholders(COLUMNS)})
  ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at, data = excluded.data,
    wrapped_key = excluded.wrapped_key, ciphertext = excluded.ciphertext`;
export const VAULT_ENTRY_DELETE = 'DELETE FROM vault_entries WHERE id = ?';
export const VAULT_ENTRIES_DELETE_BELOW = 'DELETE FROM vault_entries WHERE id >= ? AND id < ?';
export const VAULT_ENTRIES_DELETE_OWNERS_BELOW = `DELETE FROM vault_entries
  WHERE id IN (SELECT owner FROM vault_entries WHERE id >= ? AND id < ?)`;
export const VAULT_ENTRIES_RELEASE = 'UPDATE vault_entries SET owner = NULL WHERE owner = ? AND id >= ? AND id < ?';
export const VAULT_ENTRIES_SWEEP = `DELETE FROM vault_entries
  WHERE id IN (SELECT id FROM vault_entries WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`;
