// Reads the given secrets as the run's own service account, once, before the child starts: what the account may not
// read, the child does not get. Secret Manager v1 AccessSecretVersion; the checksum must match.

import { ApiError, Client, type Connection, segment } from '../client/client.ts';
import { crc32c } from '../core/crc32c.ts';
import { type Binding, type SecretReference, versionName } from './bindings.ts';
import { RunFailure } from './failure.ts';

export interface ResolvedSecrets {
  readonly variables: Readonly<Record<string, string>>;
  readonly files: readonly { readonly path: string; readonly payload: Uint8Array }[];
  /** Everything the child is given, for masking, with the name it was given under. */
  readonly given: readonly { readonly label: string; readonly payload: Uint8Array }[];
}

interface AccessResponse {
  readonly payload?: { readonly data?: unknown; readonly dataCrc32c?: unknown };
}

/** Who reads, and as whom. */
export interface Reader {
  readonly connection: Connection;
  readonly email: string;
  readonly project: string;
}

/**
 * Resolves every binding; the same version is read once.
 * @throws RunFailure naming the secret and the account where one is missing, forbidden, or unfit for a variable.
 */
export async function resolveSecrets(bindings: readonly Binding[], reader: Reader): Promise<ResolvedSecrets> {
  const client = new Client(reader.connection);
  const reads = new Map<string, Promise<Uint8Array>>();
  try {
    const payloads = await Promise.all(
      bindings.map(({ reference }) => {
        const name = versionName(reference);
        const read = reads.get(name) ?? accessVersion(client, reference, reader);
        reads.set(name, read);
        return read;
      }),
    );
    const pairs = bindings.map((binding, index) => ({ binding, payload: payloads[index] as Uint8Array }));
    return {
      variables: Object.fromEntries(pairs.flatMap(({ binding, payload }) => variableOf(binding, payload))),
      files: pairs.flatMap(({ binding, payload }) =>
        binding.kind === 'file' ? [{ path: binding.path, payload }] : [],
      ),
      given: pairs.map(({ binding, payload }) => ({ label: labelOf(binding), payload })),
    };
  } finally {
    client.close();
  }
}

async function accessVersion(client: Client, reference: SecretReference, reader: Reader): Promise<Uint8Array> {
  const { project, secret, version } = reference;
  const path = `/v1/projects/${segment(project)}/secrets/${segment(secret)}/versions/${segment(version)}:access`;
  const answer = await client.request<AccessResponse>('GET', path).catch((error: unknown) => {
    throw explain(error, reference, reader);
  });
  const { data, dataCrc32c } = answer.payload ?? {};
  if (typeof data !== 'string')
    throw new RunFailure(`the server's answer for ${versionName(reference)} holds no payload`);
  const payload = Buffer.from(data, 'base64');
  if (dataCrc32c !== undefined && String(dataCrc32c) !== String(crc32c(payload))) {
    throw new RunFailure(
      `the payload of ${versionName(reference)} was damaged on its way (CRC32C does not match): try again`,
    );
  }
  return payload;
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
