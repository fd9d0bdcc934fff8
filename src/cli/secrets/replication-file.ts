// The file of a replication policy, JSON or YAML, in the words of the API:
// https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets#replication.

import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { readDocument } from '../payload.ts';

export interface Encryption {
  readonly kmsKeyName?: string;
}

export interface Replica {
  readonly location: string;
  readonly customerManagedEncryption?: Encryption;
}

export interface Replication {
  readonly automatic?: { readonly customerManagedEncryption?: Encryption };
  readonly userManaged?: { readonly replicas?: readonly Replica[] };
}

/** @throws CliError where the file cannot be read or holds no replication policy. */
export async function readReplication(context: Context, path: string): Promise<Replication> {
  const { parseYaml } = await import('../format/yaml.ts');
  const where = `the replication policy file [${path}]`;
  const value = parseYaml(await readDocument(context.io, path), where);
  if (typeof value === 'object' && value !== null && 'automatic' in value !== 'userManaged' in value) return value;
  throw new CliError(`${where} must have either "automatic" or "userManaged"`);
}
