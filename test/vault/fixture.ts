// A server spoken to by Vault's API: any method, any token, the answer as JSON.

import assert from 'node:assert/strict';
import http from 'node:http';
import { ownerToken } from '../support/api.ts';
import { type RunningServer, type StartOptions, startServer } from '../support/start.ts';

export interface VaultAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any answer, asserted on by the test
  readonly json: any;
}

export interface Asked {
  readonly token?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  /** Its connections in place of one for each request. */
  readonly agent?: http.Agent;
}

export interface VaultClient {
  readonly server: RunningServer;
  /** The owner's credential: root. */
  readonly root: string;
  /** `body` is sent as JSON, a text as it is. Without a token: the owner's. An empty one: none. */
  ask(method: string, path: string, body?: object | string, asked?: Asked): Promise<VaultAnswer>;
  /** The same, with anything but a 2xx a failure of the test. */
  must(method: string, path: string, body?: object, asked?: Asked): Promise<VaultAnswer>;
  /** A token of these policies. */
  token(policies: readonly string[], fields?: object): Promise<string>;
  policy(name: string, text: string): Promise<void>;
}

/** In a namespace, by its header. */
export function inside(namespace: string, token?: string): Asked {
  return { ...(token === undefined ? {} : { token }), headers: { 'x-vault-namespace': namespace } };
}

export async function openVault(options: StartOptions = {}): Promise<VaultClient> {
  const server = await startServer(options);
  return clientOf(server, ownerToken(server));
}

/** `root`: the token of whoever names none. */
export function clientOf(server: RunningServer, root: string): VaultClient {
  const ask: VaultClient['ask'] = (method, path, body, { token = root, headers = {}, agent } = {}) =>
    send(
      server.address,
      method,
      path,
      body,
      { ...(token === '' ? {} : { 'x-vault-token': token }), ...headers },
      agent,
    );
  const must: VaultClient['must'] = async (method, path, body, asked) => {
    const answer = await ask(method, path, body, asked);
    assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
    return answer;
  };
  return {
    server,
    root,
    ask,
    must,
    token: async (policies, fields = {}) =>
      (await must('POST', 'auth/token/create', { policies, no_default_policy: true, ...fields })).json.auth
        .client_token,
    policy: async (name, policy) => void (await must('PUT', `sys/policies/acl/${name}`, { policy })),
  };
}

function send(
  address: string,
  method: string,
  path: string,
  body: object | string | undefined,
  headers: http.OutgoingHttpHeaders,
  agent: http.Agent | false = false,
): Promise<VaultAnswer> {
  const { hostname, port } = new URL(address);
  const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    // Node's client knows no LIST either: it goes the way of the Go client.
    const isList = method === 'LIST';
    const request = http.request({
      ...{ hostname, port, agent, timeout: 20_000 },
      // Node does not frame the body of a GET by itself.
      headers: { ...headers, ...(sent === undefined ? {} : { 'content-length': Buffer.byteLength(sent) }) },
      method: isList ? 'GET' : method,
      path: `/v1/${path}${isList ? `${path.includes('?') ? '&' : '?'}list=true` : ''}`,
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error(`${method} ${path} was not answered`)));
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('end', () => {
        let json: unknown;
        try {
          json = JSON.parse(text);
        } catch {
          json = undefined;
        }
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
      });
    });
    request.end(sent);
  });
}
