// `coffer secrets versions access`: the payload on stdout byte for byte, with nothing added, or in a file of its
// owner's. What comes is checked against its CRC32C before a byte of it is passed on.

import { crc32c } from '../../core/crc32c.ts';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { versionPath, versionRef } from '../names.ts';
import { writePrivate } from '../payload.ts';
import { type Resource, showOne } from '../show.ts';

export interface AccessFlags {
  readonly secret?: string;
  readonly location?: string;
  readonly outFile?: string;
}

interface Access extends Resource {
  readonly payload?: { readonly data?: string; readonly dataCrc32c?: string };
}

/** @throws CliError where the payload does not match its checksum; ApiError as the server answers. */
export async function accessVersion(this: Context, flags: AccessFlags, version: string): Promise<void> {
  const ref = versionRef(this.session, version, flags.secret, flags.location);
  const answer = await this.session.request<Access>('GET', `${versionPath(ref)}:access`);
  const payload = Buffer.from(answer.payload?.data ?? '', 'base64');
  if (answer.payload?.dataCrc32c !== String(crc32c(payload))) {
    throw new CliError('the payload arrived damaged: its CRC32C is not the one the server sent along; try again');
  }
  if (flags.outFile !== undefined) await writePrivate(this.io, flags.outFile, payload);
  else if (this.globals.format === undefined) this.out.payload(payload);
  else await showOne(this, answer);
}
