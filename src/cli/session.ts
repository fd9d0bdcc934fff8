// One command's conversation with the server: which server, whose credential, which project, asked for when needed and
// found once. A command that needs none of them (help, config) costs nothing.

import type { Client } from '../client/client.ts';
import { type Connection, discover } from '../client/connection.ts';
import { ApiError } from '../client/error.ts';
import { segment } from '../client/path.ts';
import { readConfig } from './config/file.ts';
import { CliError } from './error.ts';
import type { Globals } from './globals.ts';
import type { Io, Output } from './io.ts';

export type Query = Readonly<Record<string, string | undefined>>;

const PROJECT_VARIABLES = ['CLOUDSDK_CORE_PROJECT', 'COFFER_PROJECT', 'GOOGLE_CLOUD_PROJECT'];

export class Session {
  readonly #io: Io;
  readonly #out: Output;
  readonly #globals: Globals;
  #connection: Connection | undefined;
  readonly #clients: Client[] = [];
  #acting: Promise<Client> | undefined;

  constructor(io: Io, out: Output, globals: Globals) {
    this.#io = io;
    this.#out = out;
    this.#globals = globals;
  }

  /** @throws ClientError where the environment describes no server that can be trusted. */
  get connection(): Connection {
    this.#connection ??= discover(this.#io.env);
    return this.#connection;
  }

  /** The project's id or number. @throws CliError, in gcloud's words, where none is set. */
  get project(): string {
    const project = this.projectIfSet;
    if (project !== undefined) return project;
    throw new CliError(
      'The required property [project] is not currently set.\n' +
        'It can be set on a per-command basis by re-running your command with the [--project] flag.\n\n' +
        'You may set it for your current workspace by running:\n\n' +
        '  $ coffer config set project VALUE\n\n' +
        'or it can be set temporarily by the environment variable [CLOUDSDK_CORE_PROJECT]',
    );
  }

  get projectIfSet(): string | undefined {
    if (this.#globals.project) return this.#globals.project;
    const variable = PROJECT_VARIABLES.find((name) => this.#io.env[name]);
    return variable === undefined ? readConfig(this.#io.env).core?.project : this.#io.env[variable];
  }

  /**
   * One request with the credential in force: the caller's, or the impersonated account's.
   * @throws ApiError the server's own error; ClientError where there was no usable answer.
   */
  async request<T>(method: string, path: string, body?: object, query?: Query): Promise<T> {
    const client = await this.#actingClient();
    return client.request<T>(method, path, body, query);
  }

  /**
   * Runs `act`, which creates something in `project`. Where that fails because there is no such project and the caller
   * is the owner, the project is made first: the owner of a fresh server should not have to ask for what is obvious.
   */
  async creating<T>(project: string, act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (!isAbsent(error) || !this.#mayCreate(project)) throw error;
      // Also where the project is there by now: another command of the same owner may have made it meanwhile.
      if (!(await this.#exists(project))) await this.#createProject(project);
      return act();
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** A number is given by the server; nobody can ask for one. */
  #mayCreate(project: string): boolean {
    return this.connection.owner && this.#globals.impersonate === undefined && !/^\d+$/.test(project);
  }

  async #exists(project: string): Promise<boolean> {
    try {
      await this.request('GET', `/v3/projects/${segment(project)}`);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  async #createProject(project: string): Promise<void> {
    try {
      await this.request('POST', '/v3/projects', { projectId: project, displayName: project });
      this.#out.status(`Created project [${project}].`);
    } catch (error) {
      // Another command of the same owner was faster.
      if (!(error instanceof ApiError && error.status === 'ALREADY_EXISTS')) throw error;
    }
  }

  #actingClient(): Promise<Client> {
    this.#acting ??= this.#act();
    return this.#acting;
  }

  async #act(): Promise<Client> {
    const client = await this.#open(this.connection);
    const account = this.#globals.impersonate;
    if (account === undefined) return client;
    this.#out.status(
      `WARNING: This command is using service account impersonation. All API calls will be executed as [${account}].`,
    );
    const token = await generateAccessToken(client, account);
    return this.#open({ ...this.connection, token, owner: false });
  }

  /** Help and the like never get here, so they do not pay for loading an HTTP stack. */
  async #open(connection: Connection): Promise<Client> {
    const { Client } = await import('../client/client.ts');
    const client = new Client(connection);
    this.#clients.push(client);
    return client;
  }
}

/** A token of `account`, as IAM Credentials v1 `generateAccessToken` makes it. */
export async function generateAccessToken(
  client: Pick<Client, 'request'>,
  account: string,
  seconds?: number,
): Promise<string> {
  const path = `/v1/projects/-/serviceAccounts/${segment(account)}:generateAccessToken`;
  const answer = await client.request<{ accessToken: string }>('POST', path, {
    scope: ['https://www.googleapis.com/auth/cloud-platform'],
    ...(seconds === undefined ? {} : { lifetime: `${seconds}s` }),
  });
  return answer.accessToken;
}

/** An ID token of `account` for `audience`, as IAM Credentials v1 `generateIdToken` makes it. */
export async function generateIdToken(
  client: Pick<Client, 'request'>,
  account: string,
  audience: string,
  includeEmail: boolean,
): Promise<string> {
  const path = `/v1/projects/-/serviceAccounts/${segment(account)}:generateIdToken`;
  return (await client.request<{ token: string }>('POST', path, { audience, includeEmail })).token;
}

function isAbsent(error: unknown): boolean {
  // Google answers PERMISSION_DENIED for what the caller may not see, so both can mean that it is not there.
  return error instanceof ApiError && (error.status === 'NOT_FOUND' || error.status === 'PERMISSION_DENIED');
}
