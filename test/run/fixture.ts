// A server with one project, one service account and secrets that it may read, and `coffer run` on it.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Api, apiOf, must, ownerToken } from '../support/api.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { type CofferOptions, type CofferResult, coffer } from '../support/coffer.ts';
import { entry, type RunningServer, startServer } from '../support/start.ts';

export const PROJECT = 'run-project';
export const ACCOUNT = `worker@${PROJECT}.iam.gserviceaccount.com`;
export const PASSWORD = 'p@ss/w0rd "quoted" ünïcode';
export const KEY = '-----BEGIN KEY-----\nMIIBVQIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----\n';
export const BINARY = Buffer.from([0xff, 0x00, 0xfe, 0x0a, 0x80, 0x01, 0x02, 0x03]);

const ACCESSOR = { role: 'roles/secretmanager.secretAccessor', members: [`serviceAccount:${ACCOUNT}`] };

export interface Fixture {
  readonly server: RunningServer;
  readonly owner: Api;
  /** `coffer run ARGS`, as the project's own service account unless the arguments say otherwise. */
  run(args: readonly string[], options?: CofferOptions): Promise<CofferResult>;
  /** The same, but it goes on while the test looks at it. */
  start(args: readonly string[], env?: Record<string, string>): Running;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when stdout has `text`, so many times. */
  printed(text: string, times?: number): Promise<void>;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

export async function startFixture(): Promise<Fixture> {
  const server = await startServer();
  try {
    return await fill(server);
  } catch (error) {
    // A server left running would keep the test process alive.
    await server.kill();
    throw error;
  }
}

async function fill(server: RunningServer): Promise<Fixture> {
  const owner = apiOf(server, ownerToken(server));
  await must(owner, 'POST', '/v3/projects', { projectId: PROJECT });
  await must(owner, 'POST', `/v1/projects/${PROJECT}/serviceAccounts`, { accountId: 'worker' });
  const secrets: Record<string, string | Buffer> = {
    password: PASSWORD,
    key: KEY,
    binary: BINARY,
    pin: '1234',
    denied: 'hidden',
  };
  for (const [id, value] of Object.entries(secrets)) await keep(owner, id, value, id !== 'denied');
  await must(owner, 'POST', `/v1/projects/${PROJECT}/secrets/pin:addVersion`, {
    payload: { data: base64('second-pin') },
  });
  const flags = (args: readonly string[]): string[] => {
    const account =
      args.includes('--service-account') || args.includes('--') === false ? [] : ['--service-account', ACCOUNT];
    return ['run', '--project', PROJECT, ...account, ...args];
  };
  return {
    server,
    owner,
    run: (args, options = {}) => coffer(flags(args), { ...options, env: { ...server.env, ...options.env } }),
    start: (args, env = {}) => begin([process.execPath, entry, ...flags(args)], { ...server.env, ...env }),
  };
}

async function keep(owner: Api, id: string, value: string | Buffer, isReadable: boolean): Promise<void> {
  const secret = `/v1/projects/${PROJECT}/secrets/${id}`;
  await must(owner, 'POST', `/v1/projects/${PROJECT}/secrets?secretId=${id}`, { replication: { automatic: {} } });
  await must(owner, 'POST', `${secret}:addVersion`, { payload: { data: base64(value) } });
  if (isReadable) await must(owner, 'POST', `${secret}:setIamPolicy`, { policy: { bindings: [ACCESSOR] } });
}

function base64(value: string | Buffer): string {
  return Buffer.from(value as string).toString('base64');
}

/** Starts any program in a clean environment. */
export function begin(argv: readonly string[], env: Record<string, string>, cwd?: string): Running {
  const [program, ...args] = argv as [string, ...string[]];
  const options = { env: cleanEnv(env), ...(cwd === undefined ? {} : { cwd }) };
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, stdout, stderr }));
  return {
    child,
    ended,
    printed: (text, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stdout.split(text).length > times) resolve();
        };
        child.stdout.on('data', look);
        ended.then(() => reject(new Error(`ended without ${text}: ${stdout}${stderr}`)));
        look();
      }),
  };
}
