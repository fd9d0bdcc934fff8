// Entries of Vault's API: what answers their needs, and the statements of their changes.

import assert from 'node:assert/strict';
import { pastPrefix, type VaultChange, type VaultEntry, type VaultNeed } from '../core/vault/entry.ts';
import { bytes, damaged, integer, json, text, type Writable } from './cells.ts';
import { isObject } from './columns.ts';
import { JsonColumn } from './json.ts';
import { checkedLimit, one, type Read, rowsOf } from './read.ts';
import { forReference } from './sql/reference.ts';
import { SECRET_NAMES } from './sql/secrets.ts';
import {
  VAULT_ENTRIES_BELOW,
  VAULT_ENTRIES_DELETE_BELOW,
  VAULT_ENTRIES_DELETE_OWNERS_BELOW,
  VAULT_ENTRIES_RELEASE,
  VAULT_ENTRY_DELETE,
  VAULT_ENTRY_PUT,
  VAULT_ENTRY_SELECT,
  vaultEntriesNamed,
} from './sql/vault.ts';
import type { Row } from './statement.ts';
import { any, one as oneRow, type Write } from './write.ts';

/** Ours: entries that one need may name; a token has no more policies. */
const NAMED_MAX = 500;

const dataColumn: JsonColumn<VaultEntry['data']> = new JsonColumn(isObject);

function entryOf(row: Row): VaultEntry {
  const entry: Writable<VaultEntry> = {
    id: text('vault_entries', row, 0),
    data: json(dataColumn, 'vault_entries', row, 3),
  };
  if (row[1] !== null) entry.owner = text('vault_entries', row, 1);
  if (row[2] !== null) entry.expiresAt = integer('vault_entries', row, 2);
  if (row[4] !== null) {
    entry.sealed = { wrappedKey: bytes('vault_entries', row, 4), ciphertext: bytes('vault_entries', row, 5) };
  }
  return entry;
}

export function readVault(need: VaultNeed): Read {
  switch (need.need) {
    case 'vaultEntry':
      return one(VAULT_ENTRY_SELECT, [need.id], entryOf);
    case 'vaultEntriesNamed': {
      const { ids } = need;
      assert(ids.length <= NAMED_MAX, `at most ${NAMED_MAX} entries`);
      const found = rowsOf(vaultEntriesNamed(Math.max(1, ids.length)), ids.length === 0 ? [''] : ids, entryOf);
      return {
        ...found,
        decode: (rows) => {
          const byId = new Map((found.decode(rows, []) as VaultEntry[]).map((entry) => [entry.id, entry]));
          return ids.map((id) => byId.get(id));
        },
      };
    }
    case 'secretNames': {
      const { project, location, prefix, after } = need;
      const past = prefix === '' ? '\u007f' : pastPrefix(prefix);
      const values = [project, location, prefix, past, after, checkedLimit(need)];
      return rowsOf(forReference(SECRET_NAMES, project), values, (row) => text('secrets', row, 0));
    }
    case 'vaultEntries': {
      const { prefix, after } = need;
      return rowsOf(VAULT_ENTRIES_BELOW, [prefix, pastPrefix(prefix), after, checkedLimit(need)], entryOf);
    }
  }
}

export function writeVault(change: Exclude<VaultChange, { change: 'secrets.deleteAt' }>): Write {
  switch (change.change) {
    case 'vaultEntry.put': {
      const { id, owner, expiresAt, data, sealed } = change.entry;
      if (owner === id) throw damaged('vault_entries', [id], 'would own itself');
      const kept = [sealed?.wrappedKey ?? null, sealed?.ciphertext ?? null];
      return oneRow(VAULT_ENTRY_PUT, [id, owner ?? null, expiresAt ?? null, dataColumn.encode(data), ...kept]);
    }
    case 'vaultEntry.delete':
      return any(VAULT_ENTRY_DELETE, [change.id]);
    case 'vaultEntry.deleteBelow':
      return any(VAULT_ENTRIES_DELETE_BELOW, [change.prefix, pastPrefix(change.prefix)]);
    case 'vaultEntry.deleteOwnersBelow':
      return any(VAULT_ENTRIES_DELETE_OWNERS_BELOW, [change.prefix, pastPrefix(change.prefix)]);
    case 'vaultEntry.release':
      return any(VAULT_ENTRIES_RELEASE, [change.owner, change.prefix, pastPrefix(change.prefix)]);
  }
}
