// A real server, and a hundred clients on it, each on a connection of its own so that all workers have some. What they
// ask and hear becomes a history, by one clock. COFFER_TEST_WORKERS sets the number of workers, COFFER_TEST_SIZE=full
// makes it all ten times as long.

import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { ownerToken } from '../support/api.ts';
import type { Call } from '../support/linear.ts';
import { type RunningServer, startServer } from '../support/start.ts';

export const CLIENTS = 100;
/** Enough that each worker has several. */
const PROBES = 16;
const REQUEST_MS_MAX = 30_000;
const WAIT_MS_MAX = 60_000;
const workers = process.env['COFFER_TEST_WORKERS'];
/** How much longer than in a pipeline. */
export const TIMES: number = process.env['COFFER_TEST_SIZE'] === 'full' ? 10 : 1;

export const SECRETS = '/v1/projects/default/secrets';
export const ACCESSOR = 'roles/secretmanager.secretAccessor';

export interface Heard {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
  readonly json: any;
}

/** A client with a connection of its own. */
export interface Client {
  readonly id: number;
  /** Rejects where no answer came. */
  ask(method: string, path: string, body?: object, token?: string): Promise<Heard>;
  /** Posts a form, without any credential. */
  submit(path: string, fields: Record<string, string>, host: string): Promise<Heard>;
}

export interface Crowd {
  readonly clients: readonly Client[];
  /** More of them, whose connections wait while the others are busy. */
  readonly probes: readonly Client[];
  /** As the owner, on one more connection; anything but a 2xx rejects. */
  must(method: string, path: string, body?: object, token?: string): Promise<Heard['json']>;
  /** A name that nothing had before. */
  fresh(kind: string): string;
  /** A secret with one version, `first`; answers its path. */
  secret(): Promise<string>;
  /** A service account; answers its address. */
  account(): Promise<string>;
  /** An access token of an account. */
  token(email: string): Promise<string>;
  close(): Promise<void>;
}

/** On one server with a store of its own. */
export function openCrowd(): Promise<Crowd> {
  return openCrowdOn(1);
}

/** On so many servers, `args` for each of them; the clients take turns, so that neighbours are on different ones. */
export async function openCrowdOn(count: number, args: readonly string[] = []): Promise<Crowd> {
  const all = workers === undefined ? args : [...args, `--workers=${workers}`];
  const first = await startServer({ args: all });
  const servers = [first];
  try {
    while (servers.length < count) {
      servers.push(await startServer({ args: [...all, '--key-file', `${first.data}.key`] }));
    }
  } catch (error) {
    // Those that did start would keep the tests from ending.
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
  return crowdOf(servers, ownerToken(first));
}

function crowdOf(servers: readonly RunningServer[], owner: string): Crowd {
  const agents: Agent[] = [];
  const clients = Array.from({ length: 1 + CLIENTS + PROBES }, (_, id) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agents.push(agent);
    const { address } = servers[id % servers.length] as RunningServer;
    const ask: Client['ask'] = (method, path, body, token = owner) => {
      // The host that a bearer which an account signed is meant for.
      const host = token.startsWith('ey') ? { host: 'secretmanager.googleapis.com' } : {};
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...host };
      return send(agent, address, { method, path, headers, body: body && JSON.stringify(body) });
    };
    const submit: Client['submit'] = (path, fields, host) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded', host };
      return send(agent, address, { method: 'POST', path, headers, body: `${new URLSearchParams(fields)}` });
    };
    return { id, ask, submit };
  });
  const [first, ...rest] = clients as [Client, ...Client[]];
  const must: Crowd['must'] = async (method, path, body, token) => {
    const { status, json } = await first.ask(method, path, body, token);
    assert.equal(status, 200, `${method} ${path}: ${JSON.stringify(json)}`);
    return json;
  };
  let names = 0;
  const fresh = (kind: string) => `${kind}-${String(++names).padStart(5, '0')}`;
  const secret = async () => {
    const name = fresh('secret');
    await must('POST', `${SECRETS}?secretId=${name}`, { replication: { automatic: {} } });
    await must('POST', `${SECRETS}/${name}:addVersion`, { payload: { data: btoa('first') } });
    return `${SECRETS}/${name}`;
  };
  const account = async () =>
    (await must('POST', '/v1/projects/default/serviceAccounts', { accountId: fresh('account') })).email;
  const token = async (email: string) => {
    const body = { scope: ['https://www.googleapis.com/auth/cloud-platform'] };
    return (await must('POST', `/v1/projects/-/serviceAccounts/${email}:generateAccessToken`, body)).accessToken;
  };
  const close = async () => {
    for (const agent of agents) agent.destroy();
    await Promise.all(servers.map((server) => server.stop()));
  };
  return {
    clients: rest.slice(0, CLIENTS),
    probes: rest.slice(CLIENTS),
    must,
    fresh,
    secret,
    account,
    token,
    close,
  };
}

interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

function send(agent: Agent, address: string, { method, path, headers, body }: Sent): Promise<Heard> {
  const { hostname, port } = new URL(address);
  return new Promise((resolve, reject) => {
    const sent = request({ agent, hostname, port, method, path, headers, timeout: REQUEST_MS_MAX }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, json: text === '' ? undefined : JSON.parse(text) });
      });
    });
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer within ${REQUEST_MS_MAX} ms`)));
    sent.once('error', reject);
    sent.end(body);
  });
}

/** What clients asked and heard. */
export class History<I, O> {
  readonly calls: Call<I, O>[] = [];

  /** Asks, and keeps what `work` makes of the answer with the times before and after. */
  async record(client: number, input: I, work: () => Promise<O>): Promise<O> {
    const start = performance.now();
    const output = await work();
    this.calls.push({ client, input, output, start, end: performance.now() });
    return output;
  }

  /** Resolves once so many more calls have begun and ended. */
  async grow(count: number): Promise<void> {
    const from = performance.now();
    await until(() => this.calls.filter(({ start }) => start > from).length >= count);
  }
}

/** Resolves once `isSo`; rejects where that takes too long. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`the crowd gets nowhere in ${WAIT_MS_MAX} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Has all clients do `work` again and again while `conduct` goes on. */
export async function crowded(
  clients: readonly Client[],
  work: (client: Client) => Promise<void>,
  conduct: () => Promise<void>,
): Promise<void> {
  let isOver = false;
  const loops = clients.map(async (client) => {
    while (!isOver) await work(client);
  });
  // One that fails must not leave the others running.
  const failed = Promise.all(loops).then(() => undefined);
  try {
    await Promise.race([conduct(), failed]);
  } finally {
    isOver = true;
    await Promise.allSettled(loops);
  }
  await failed;
}
