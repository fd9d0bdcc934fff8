// `coffer env`: the variables by which programs reach this server as a service account without `coffer run`, on stdout
// in the form that --format names, and `coffer env --revoke`, which takes them back.

import { ClientError } from '../client/error.ts';
import type { Context } from './context.ts';
import { CliError, UsageError } from './error.ts';

export interface EnvFlags {
  readonly serviceAccount: string;
  readonly workload?: string;
  readonly node?: boolean;
  readonly revoke?: boolean;
}

/** @throws CliError where it cannot work here; ApiError as the server answers. */
export async function printEnv(this: Context, flags: EnvFlags): Promise<void> {
  const { ENV_FORMATS, provisionEnv, revokeEnv } = await import('../run/env.ts');
  const { io, session } = this;
  const wanted = this.globals.format ?? 'shell';
  if (wanted === 'aws-profile' && flags.revoke !== true) return printProfile(this, flags);
  const format = ENV_FORMATS.find((each) => each === wanted);
  if (format === undefined)
    throw new UsageError(`argument --format: must be one of ${ENV_FORMATS.join(', ')}, aws-profile`);
  try {
    if (flags.revoke === true) {
      await revokeEnv(flags.serviceAccount, session.connection, io.env);
      this.out.status(`Revoked the environment of [${flags.serviceAccount}].`);
      return;
    }
    const project = session.projectIfSet;
    const { serviceAccount, workload } = flags;
    const named = workload === undefined ? {} : { workload };
    const options = { serviceAccount, project, format, node: flags.node === true, ...named };
    this.out.result(await provisionEnv(options, session.connection, io.env));
  } catch (error) {
    if (error instanceof Error && error.name === 'RunFailure') throw new CliError(error.message, { cause: error });
    if (error instanceof ClientError || !(error instanceof Error) || !('code' in error)) throw error;
    throw new CliError(`cannot keep the files of the environment: ${String(error.code)}`, { cause: error });
  }
}

/** Without any file: the profile holds nothing secret. */
async function printProfile({ io, out, session }: Context, { serviceAccount }: EnvFlags): Promise<void> {
  const { awsProfile } = await import('../run/env.ts');
  const { address } = session.connection;
  const dataDirectory = io.env['COFFER_DATA'];
  try {
    out.result(awsProfile({ serviceAccount, address, dataDirectory, program: process.argv[1] ?? '' }));
  } catch (error) {
    if (error instanceof Error && error.name === 'RunFailure') throw new CliError(error.message, { cause: error });
    throw error;
  }
}
