// `coffer secrets versions add`: a new version from a file or stdin. The checksum goes along, and the server must say
// that it saw it: what arrived is then what was sent.

import { crc32c } from '../../core/crc32c.ts';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { lastPart, nativeRef, type SecretRef, secretPath, secretRef } from '../names.ts';
import { readPayload } from '../payload.ts';
import { type Resource, showOne } from '../show.ts';

interface Version extends Resource {
  readonly name: string;
  readonly clientSpecifiedPayloadChecksum?: boolean;
}

/** @throws CliError where the payload is too large or empty; ApiError as the server answers. */
export async function addSecretVersion(
  this: Context,
  flags: { dataFile: string; location?: string; candidate?: boolean },
  id: string,
): Promise<void> {
  const ref = secretRef(this.session, id, flags.location);
  const payload = await readPayload(this.io, flags.dataFile);
  const add = flags.candidate ? addCandidate : addVersion;
  await showOne(this, await add(this, ref, payload), 'none');
}

/** Adds `payload` as a version that `latest` does not give yet, and says so. The server always checks its checksum. */
async function addCandidate(context: Context, ref: SecretRef, payload: Buffer): Promise<Resource> {
  const body = { ...nativeRef(ref), data: payload.toString('base64'), crc32c: crc32c(payload) };
  const version = await context.session.request<Resource>('POST', '/coffer/v1/versions:addCandidate', body);
  const number = version['version'];
  context.out.status(
    `Created candidate version [${number}] of the secret [${ref.secret}]. To make it current, run:\n` +
      `  coffer secrets promote ${ref.secret} ${number}`,
  );
  return version;
}

/** Adds `payload` as a version and says so. */
export async function addVersion(context: Context, ref: SecretRef, payload: Buffer): Promise<Version> {
  const body = { payload: { data: payload.toString('base64'), dataCrc32c: String(crc32c(payload)) } };
  const version = await context.session.request<Version>('POST', `${secretPath(ref)}:addVersion`, body);
  const number = lastPart(version.name);
  context.out.status(`Created version [${number}] of the secret [${ref.secret}].`);
  if (version.clientSpecifiedPayloadChecksum !== true) {
    throw new CliError(
      `the server did not verify the checksum of version [${number}], so its data may be damaged: destroy it and try again`,
    );
  }
  return version;
}
