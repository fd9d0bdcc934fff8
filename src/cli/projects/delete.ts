// `coffer projects delete`: asks, since nothing brings it back. A project of which somebody still reads a secret stays
// unless --force is given.

import type { Context } from '../context.ts';
import { confirm } from '../prompt.ts';

export interface DeleteFlags {
  readonly force?: boolean;
}

/** @throws CliError where the answer is no; ApiError as the server answers. */
export async function deleteProject(this: Context, { force }: DeleteFlags, project: string): Promise<void> {
  if (!this.globals.quiet) {
    const message =
      `You are about to delete the project [${project}] and everything in it: secrets, keys, service accounts. ` +
      'This action cannot be reversed, and its id cannot be used again.';
    await confirm(this.io, { message, quiet: false, attended: true });
  }
  await this.session.request('POST', '/coffer/v1/projects:delete', { project, ...(force === true ? { force } : {}) });
  this.out.status(`Deleted project [${project}].`);
}
