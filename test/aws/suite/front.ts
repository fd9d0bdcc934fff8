// What the tests of moto take for its server: what is asked of Secrets Manager goes to Coffer, whatever else to a real one.
// Where they ask for an empty server, every secret that was made is done away with.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { signed } from '../../support/aws-sign.ts';

/** As the client that moto patches signs. */
export const MOTO_KEY = { id: 'FOOBARKEY', secret: 'FOOBARSECRET' };

export interface Front {
  readonly address: string;
  close(): void;
}

// biome-ignore lint/suspicious/noExplicitAny: JSON of any answer
type Json = any;

/** Both are `http://HOST:PORT`; without moto's nothing else is to be had. */
export async function startFront(coffer: string, moto: string | undefined): Promise<Front> {
  const regions = new Set(['us-east-1']);

  async function call(region: string, operation: string, input: object): Promise<Json> {
    const body = JSON.stringify(input);
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${operation}` };
    const host = new URL(coffer).host;
    const all = signed(MOTO_KEY, { host, headers, body, region, time: Date.now() });
    const answer = await fetch(coffer, { method: 'POST', headers: all, body });
    const json: Json = await answer.json();
    assert.equal(answer.status, 200, `${operation}: ${JSON.stringify(json)}`);
    return json;
  }

  async function empty(): Promise<void> {
    for (const region of regions) {
      const { SecretList: secrets } = await call(region, 'ListSecrets', { IncludePlannedDeletion: true });
      for (const { ARN: SecretId, PrimaryRegion: primary, DeletedDate: deleted } of secrets) {
        if ((primary ?? region) !== region) continue;
        const RemoveReplicaRegions = [...regions];
        if (deleted === undefined)
          await call(region, 'RemoveRegionsFromReplication', { SecretId, RemoveReplicaRegions });
        await call(region, 'DeleteSecret', { SecretId, ForceDeleteWithoutRecovery: true });
      }
    }
  }

  function pass(to: string | undefined, from: IncomingMessage, response: ServerResponse): void {
    if (to === undefined) {
      from.resume();
      response.end();
      return;
    }
    const { hostname, port } = new URL(to);
    const { method, url: path, headers } = from;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    from.pipe(onward);
  }

  const server: Server = createServer((from, response) => {
    const scope = /Credential=[^/]+\/\d+\/([a-z0-9-]+)\/([a-z]+)\//.exec(from.headers.authorization ?? '');
    if (scope?.[2] === 'secretsmanager') {
      regions.add(scope[1] ?? '');
      return pass(coffer, from, response);
    }
    if (from.url !== '/moto-api/reset') return pass(moto, from, response);
    empty().then(
      () => pass(moto, from, response),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
