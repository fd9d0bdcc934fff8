// The HTTP client against servers that misbehave.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { ApiError, Client, ClientError } from '../../src/client/client.ts';

async function against<T>(listener: RequestListener, use: (client: Client, address: string) => Promise<T>): Promise<T> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new Client({ address, token: 'T0KEN', owner: false });
  try {
    return await use(client, address);
  } finally {
    client.close();
    server.close();
    server.closeAllConnections();
  }
}

test('a request carries the token, the body and the query', async () => {
  await against(
    async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, body, authorization: headers.authorization }));
    },
    async (client) => {
      assert.deepEqual(await client.request('POST', '/v1/x', { a: 1 }, { q: 'a b', none: undefined }), {
        method: 'POST',
        url: '/v1/x?q=a+b',
        body: '{"a":1}',
        authorization: 'Bearer T0KEN',
      });
    },
  );
});

test('one connection serves many requests', async () => {
  let connections = 0;
  await against(
    (request, response) => {
      if (request.socket.bytesWritten === 0) connections++;
      response.end('{}');
    },
    async (client) => {
      for (let count = 0; count < 5; count++) assert.deepEqual(await client.request('GET', '/'), {});
    },
  );
  assert.equal(connections, 1);
});

test("Google's error form becomes an ApiError", async () => {
  const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'R' }];
  await against(
    (_request, response) => {
      response.statusCode = 404;
      response.end(JSON.stringify({ error: { code: 404, message: 'gone', status: 'NOT_FOUND', details } }));
    },
    async (client) => {
      await assert.rejects(client.request('GET', '/'), (error) => {
        assert.ok(error instanceof ApiError);
        assert.equal(error.status, 'NOT_FOUND');
        assert.equal(error.httpStatus, 404);
        assert.equal(error.message, 'gone');
        assert.deepEqual(error.details, details);
        return true;
      });
    },
  );
});

test('an answer that is not ours is said to be so, and a redirect is not followed', async () => {
  const answers: RequestListener[] = [
    (_request, response) => response.end('<html>'),
    (_request, response) => response.writeHead(500).end('oops'),
    (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    (_request, response) => response.writeHead(404).end('{"error":"text"}'),
  ];
  for (const answer of answers) {
    await against(answer, async (client) => {
      await assert.rejects(client.request('GET', '/'), (error) => {
        assert.ok(error instanceof ClientError, String(error));
        assert.match(error.message, /is not a Coffer server/);
        assert.ok(!error.message.includes('T0KEN'));
        return true;
      });
    });
  }
});

test('a connection that breaks, and an answer without end', async () => {
  await against(
    (request) => request.socket.destroy(),
    async (client, address) => {
      await assert.rejects(client.request('GET', '/'), (error: Error) => {
        return (
          error instanceof ClientError && error.message.startsWith(`the connection to the Coffer server at ${address}`)
        );
      });
    },
  );
  await against(
    (_request, response) => {
      const chunk = Buffer.alloc(1024 * 1024, 32);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
        response.once('drain', more);
      };
      more();
    },
    async (client) => {
      await assert.rejects(client.request('GET', '/'), /is over 67108864 bytes/);
    },
  );
});

test("without a credential, the server's refusal says where one is looked for", async () => {
  await against(
    (_request, response) => {
      response.writeHead(401).end('{"error":{"code":401,"message":"Unauthenticated.","status":"UNAUTHENTICATED"}}');
    },
    async (_client, address) => {
      const anonymous = new Client({ address, owner: false });
      await assert.rejects(
        anonymous.request('GET', '/'),
        /Unauthenticated\. \(no credential was found: set COFFER_DATA/,
      );
      anonymous.close();
    },
  );
});

const isRoot = process.getuid?.() === 0;

test("the owner's credential is not sent to another user who took the port", {
  skip: isRoot && existsSync('/usr/bin/setpriv') ? false : 'needs root, to run a server as another user',
}, async () => {
  const program =
    'let n=0;require("node:http").createServer((q,s)=>{n++;s.end("{}")}).listen(0,"127.0.0.1",function(){console.log(this.address().port)});process.on("SIGTERM",()=>{console.log("asked",n);process.exit()})';
  const drop = ['--reuid=65534', '--regid=65534', '--clear-groups'];
  const thief = spawn('setpriv', [...drop, process.execPath, '-e', program], {
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = createInterface(thief.stdout)[Symbol.asyncIterator]();
  try {
    const port = (await lines.next()).value as string;
    const data = mkdtempSync(join(tmpdir(), 'coffer-owner-'));
    const address = `http://127.0.0.1:${port}`;
    const client = new Client({ address, token: 'T0KEN', owner: true, data });
    await assert.rejects(client.request('GET', '/'), (error) => {
      assert.ok(error instanceof ClientError);
      assert.match(error.message, /another user \(uid 65534\) listens at .*the owner's credential is not sent/);
      return true;
    });
    assert.deepEqual(await new Client({ address, token: 'T0KEN', owner: false }).request('GET', '/'), {});
  } finally {
    thief.kill('SIGTERM');
  }
  assert.equal((await lines.next()).value, 'asked 1', 'only the request without the owner came');
});
