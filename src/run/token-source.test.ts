import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Client, type Connection } from '../client/client.ts';
import { TokenSource } from './token-source.ts';

const EMAIL = 'worker@p.iam.gserviceaccount.com';
const HOUR_MS = 3_600_000;

describe('token source', () => {
  let server: Server;
  let connection: Connection;
  let client: Client;
  let nowMs = Date.parse('2026-01-01T00:00:00Z');
  let isDown = false;
  let issued = 0;
  const revoked: string[] = [];
  const asked: string[] = [];

  before(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      if (isDown) {
        response.writeHead(503, { 'content-type': 'application/json' }).end('{"error":{"message":"down"}}');
      } else if (request.url === '/coffer/v1/tokens:generate') {
        request.on('end', () => asked.push(body));
        issued++;
        const answer = { accessToken: `token-${issued}`, expireTime: new Date(nowMs + HOUR_MS).toISOString() };
        response.end(JSON.stringify(answer));
      } else {
        revoked.push(`${request.url} ${request.headers.authorization}`);
        response.end('{}');
      }
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    connection = { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'owner', owner: true };
    client = new Client(connection);
  });
  after(() => {
    client.close();
    server.close();
    server.closeAllConnections();
  });

  test('one token for all, renewed ahead of expiry, kept while the server is away, revoked at the end', async () => {
    const tokens = new TokenSource(client, connection, { email: EMAIL, workload: 'web' }, { now: () => nowMs });
    const first = await Promise.all([tokens.token(), tokens.token(), tokens.token()]);
    assert.deepEqual(
      first.map(({ accessToken }) => accessToken),
      ['token-1', 'token-1', 'token-1'],
    );
    nowMs += HOUR_MS - 5 * 60_000 - 1;
    assert.equal((await tokens.token()).accessToken, 'token-1');
    nowMs += 2;
    isDown = true;
    assert.equal((await tokens.token()).accessToken, 'token-1');
    isDown = false;
    assert.equal((await tokens.token()).accessToken, 'token-2');
    const wanted = { serviceAccount: EMAIL, workload: 'web', lifetimeSeconds: 3600 };
    assert.deepEqual(
      asked.map((each) => JSON.parse(each)),
      [wanted, wanted],
    );
    await tokens.revokeAll();
    assert.deepEqual(revoked.sort(), [
      '/coffer/v1/tokens:revoke Bearer token-1',
      '/coffer/v1/tokens:revoke Bearer token-2',
    ]);
    nowMs += 2 * HOUR_MS;
    await assert.rejects(tokens.token(), /the run has ended/);
  });
});
