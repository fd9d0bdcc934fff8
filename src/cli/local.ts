// The commands that run something on this machine: `coffer server` and `coffer run`. What they run is loaded only here.

import { resolve } from 'node:path';
import { defaultDataPath } from '../client/connection.ts';
import type { Context } from './context.ts';
import { CliError, UsageError } from './error.ts';
import { VERSION } from './version.ts';

export interface ServerFlags {
  readonly listen?: string;
  readonly data?: string;
  readonly store?: string;
  readonly storePasswordFile?: string;
  readonly keyFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly workers?: number;
  readonly auditSync?: 'interval' | 'always';
  readonly auditSink?: string;
  readonly auditSinkHeaders?: string;
  readonly auditRetention?: number;
  readonly awsLambdaEndpoint?: string;
  readonly awsLambdaKeyFile?: string;
  readonly acceptRollback?: boolean;
  readonly seal?: 'file' | 'shamir';
}

export interface RunFlags {
  readonly serviceAccount?: string;
  readonly setSecrets?: readonly string[];
  readonly workload?: string;
  readonly host?: readonly string[];
  readonly noMask?: boolean;
  readonly onChange?: 'none' | 'restart' | 'SIGHUP' | 'SIGUSR1' | 'SIGUSR2';
}

const LISTEN_DEFAULT = '127.0.0.1:8200';

/** `coffer server`: returns when the server has stopped. @throws CliError where it cannot start. */
export async function runServer(this: Context, flags: ServerFlags): Promise<void> {
  const { tlsCert, tlsKey } = flags;
  if (Boolean(tlsCert) !== Boolean(tlsKey)) {
    throw new UsageError('--tls-cert and --tls-key go together: give both, or neither');
  }
  const { serve } = await import('../serve.ts');
  const data = flags.data || this.io.env['COFFER_DATA'] || defaultDataPath(this.io.env);
  const store = flags.store || this.io.env['COFFER_STORE'];
  try {
    await serve({
      listen: flags.listen || LISTEN_DEFAULT,
      data: resolve(this.io.cwd, data),
      ...(store ? { store } : {}),
      ...(flags.storePasswordFile ? { storePasswordFile: resolve(this.io.cwd, flags.storePasswordFile) } : {}),
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
      audit: auditSettings(this.io.cwd, flags),
      ...lambdaSettings(this.io.cwd, flags),
      ...(flags.acceptRollback ? { acceptRollback: true } : {}),
      ...(flags.seal === undefined ? {} : { seal: flags.seal }),
      ...(flags.keyFile ? { keyFile: resolve(this.io.cwd, flags.keyFile) } : {}),
      ...(tlsCert && tlsKey
        ? { tls: { certFile: resolve(this.io.cwd, tlsCert), keyFile: resolve(this.io.cwd, tlsKey) } }
        : {}),
    });
  } catch (error) {
    throw new CliError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

const DAY_SECONDS = 24 * 60 * 60;

function auditSettings(cwd: string, flags: ServerFlags) {
  const { auditSync, auditSink, auditSinkHeaders, auditRetention } = flags;
  if (auditSinkHeaders && !auditSink) throw new UsageError('--audit-sink-headers goes with --audit-sink');
  return {
    ...(auditSync === undefined ? {} : { sync: auditSync }),
    ...(auditSink ? { sink: auditSink } : {}),
    ...(auditSinkHeaders ? { sinkHeaders: resolve(cwd, auditSinkHeaders) } : {}),
    ...(auditRetention === undefined ? {} : { retentionSeconds: auditRetention * DAY_SECONDS }),
  };
}

function lambdaSettings(cwd: string, { awsLambdaEndpoint: endpoint, awsLambdaKeyFile: keyFile }: ServerFlags) {
  if (!endpoint && keyFile) throw new UsageError('--aws-lambda-key-file goes with --aws-lambda-endpoint');
  if (!endpoint) return {};
  return { lambda: { endpoint, ...(keyFile ? { keyFile: resolve(cwd, keyFile) } : {}) } };
}

/** `coffer run -- CMD`: the child's exit code is ours. @throws UsageError where there is no command behind `--`. */
export async function runCommand(this: Context, flags: RunFlags, ...misplaced: readonly string[]): Promise<void> {
  const command = this.rest ?? [];
  if (command.length === 0 || misplaced.length > 0) {
    throw new UsageError('put the command behind --, like: coffer run -- python app.py');
  }
  const { run } = await import('../run/run.ts');
  this.exitCode = await run(
    {
      project: this.session.project,
      setSecrets: [...(flags.setSecrets ?? [])],
      hosts: [...(flags.host ?? [])],
      noMask: flags.noMask === true,
      onChange: flags.onChange ?? 'none',
      command: [...command],
      ...(flags.workload === undefined ? {} : { workload: flags.workload }),
      ...(flags.serviceAccount === undefined ? {} : { serviceAccount: flags.serviceAccount }),
    },
    this.session.connection,
  );
}

/** `coffer version`. */
export function printVersion(this: Context): void {
  this.out.result(`Coffer ${VERSION}\n`);
}
