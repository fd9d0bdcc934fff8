// Reads the given secrets as the run's own service account, before the child starts and while it follows them: what the
// account may not read, the child does not get. Secret Manager v1 AccessSecretVersion; the checksum must match.

import { ApiError, type Client, segment } from '../client/client.ts';
import { crc32c } from '../core/crc32c.ts';
import { type Binding, type SecretReference, versionName } from './bindings.ts';
import { RunFailure } from './failure.ts';

/** What the child is given. */
export interface GivenSecrets {
  readonly variables: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly payload: Uint8Array }[];
  /** Everything of both, for masking, with the name it was given under. */
  readonly given: readonly { readonly label: string; readonly payload: Uint8Array }[];
}

/** A payload, and the full name of the version that it is of: never `latest` or an alias. */
export interface SecretValue {
  readonly version: string;
  readonly payload: Uint8Array;
}

/** Values under the names that the bindings call them by (`versionName`). */
export type SecretValues = ReadonlyMap<string, SecretValue>;

interface AccessResponse {
  readonly name?: unknown;
  readonly payload?: { readonly data?: unknown; readonly dataCrc32c?: unknown };
}

/** Who reads, and in whose project. */
export interface Reader {
  readonly email: string;
  readonly project: string;
}

/**
 * Reads what the bindings name, the same version once. `client` must carry the service account's token.
 * @throws RunFailure naming the secret and the account where one is missing or forbidden.
 */
export async function readValues(
  client: Client,
  bindings: readonly Binding[],
  reader: Reader,
): Promise<Map<string, SecretValue>> {
  const references = new Map(bindings.map(({ reference }) => [versionName(reference), reference]));
  const read = async ([name, reference]: [string, SecretReference]): Promise<[string, SecretValue]> => {
    const value = await accessVersion(client, reference).catch((error: unknown) => {
      throw explain(error, reference, reader);
    });
    return [name, value];
  };
  return new Map(await Promise.all([...references].map(read)));
}

/**
 * What each binding gives the child.
 * @throws RunFailure naming the secret where a value is unfit for a variable.
 */
export function assignValues(bindings: readonly Binding[], values: SecretValues): GivenSecrets {
  const pairs = bindings.map((binding) => {
    const { payload } = values.get(versionName(binding.reference)) as SecretValue;
    return { binding, payload };
  });
  return {
    variables: Object.fromEntries(pairs.flatMap(({ binding, payload }) => variableOf(binding, payload))),
    files: pairs.flatMap(({ binding, payload }) => (binding.kind === 'file' ? [{ path: binding.path, payload }] : [])),
    given: pairs.map(({ binding, payload }) => ({ label: labelOf(binding), payload })),
  };
}

/**
 * One version as the service account whose token `client` carries.
 * @throws ApiError, ClientError; RunFailure where the answer holds no payload, or a damaged one.
 */
export async function accessVersion(client: Client, reference: SecretReference): Promise<SecretValue> {
  const { project, secret, version } = reference;
  const path = `/v1/projects/${segment(project)}/secrets/${segment(secret)}/versions/${segment(version)}:access`;
  const { name, payload: sent } = await client.request<AccessResponse>('GET', path);
  const { data, dataCrc32c } = sent ?? {};
  if (typeof data !== 'string' || typeof name !== 'string')
    throw new RunFailure(`the server's answer for ${versionName(reference)} holds no payload`);
  const payload = Buffer.from(data, 'base64');
  if (dataCrc32c !== undefined && String(dataCrc32c) !== String(crc32c(payload))) {
    throw new RunFailure(
      `the payload of ${versionName(reference)} was damaged on its way (CRC32C does not match): try again`,
    );
  }
  return { version: name, payload };
}

function explain(error: unknown, reference: SecretReference, { email, project }: Reader): unknown {
  if (!(error instanceof ApiError)) return error;
  const name = versionName(reference);
  const subject = `secret ${reference.secret} (${name}) cannot be read by ${email}`;
  if (error.status === 'PERMISSION_DENIED') {
    const where = reference.project === project ? '' : ` --project=${reference.project}`;
    return new RunFailure(
      `${subject}: permission denied; where it exists, grant it with 'coffer secrets add-iam-policy-binding ${reference.secret}${where} ` +
        `--member=serviceAccount:${email} --role=roles/secretmanager.secretAccessor'`,
    );
  }
  if (error.status === 'NOT_FOUND') return new RunFailure(`${subject}: ${error.message}`);
  return new RunFailure(`${subject}: ${error.status}: ${error.message}`);
}

function variableOf(binding: Binding, payload: Uint8Array): [string, string][] {
  if (binding.kind !== 'variable') return [];
  if (payload.includes(0)) throw unfit(binding.name, binding.reference, 'it has a NUL byte');
  try {
    // ignoreBOM keeps a byte order mark: the child gets the value as it is.
    return [[binding.name, new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload)]];
  } catch {
    throw unfit(binding.name, binding.reference, 'it is not UTF-8 text');
  }
}

function unfit(name: string, reference: SecretReference, why: string): RunFailure {
  return new RunFailure(
    `secret ${reference.secret} cannot be the variable ${name}: ${why}; give it as a file, /path=SECRET:VERSION`,
  );
}

function labelOf(binding: Binding): string {
  return binding.kind === 'file' ? binding.path : binding.name;
}
