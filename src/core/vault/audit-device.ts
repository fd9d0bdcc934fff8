// Vault's audit devices: where a line goes for each request by Vault's API and for each answer. They are the whole
// server's, in one entry, since every request looks at it. What names a file comes by the network: a file that something
// else would read as a program, a shell's or a service's, must not be one.
// Source: https://developer.hashicorp.com/vault/docs/audit/file

import type { VaultEntry } from './entry.ts';

export interface AuditDevice {
  /** Ends in `/`. */
  readonly path: string;
  /** 32 hex digits: the salt of its hashes is made of it. */
  readonly uid: string;
  readonly description: string;
  /** Absolute. */
  readonly file: string;
  /** As they were given. */
  readonly options: Readonly<Record<string, string>>;
  readonly local: boolean;
}

/** The entry that holds them. */
export const AUDIT_DEVICES_ID = 'audit-devices';
/** Ours. */
export const AUDIT_DEVICES_MAX = 16;
const FILE_CHARS_MAX = 512;

const NONE: readonly AuditDevice[] = [];

export function auditDevices(entry: VaultEntry | undefined): readonly AuditDevice[] {
  return entry === undefined ? NONE : (entry.data['devices'] as readonly AuditDevice[]);
}

/** Where audit lines are written. Implemented by whoever has the disk. */
export interface AuditFiles {
  /** Makes the file ready; throws VAULT_REQUEST_INVALID where it is none that lines may go to. */
  open(file: string): void;
  /** Hands a line to the kernel, whole; false where it does not take it. */
  append(file: string, line: string): boolean;
}

/** What is wrong with the name of a file as such; undefined where nothing is. */
export function problemOfFile(file: string): string | undefined {
  const segments = file.split('/');
  const name = segments.at(-1) ?? '';
  if (!file.startsWith('/') || segments.slice(1).some((each) => each === '' || each === '.' || each === '..')) {
    return 'must be an absolute path without empty, "." and ".." parts; "stdout", "stderr" and "discard" are not there';
  }
  if (file.length > FILE_CHARS_MAX || /[\x00-\x1f\x7f]/.test(file)) return 'is too long, or has control characters';
  if (name.startsWith('.') || !name.endsWith('.log')) return 'must be a file whose name ends in .log and is not hidden';
  return undefined;
}
