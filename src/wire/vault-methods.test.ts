import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { LOCALHOST, raw, type Started, start, until } from '../../test/support/wire.ts';

let server: Started;

before(async () => {
  server = await start({ tls: { certificateFor: () => LOCALHOST } });
});

after(() => server.listener.drain(100));

/** One request on a kept connection, its method sent as it is. */
function on(socket: net.Socket, text: string): Promise<string> {
  return new Promise((resolve) => {
    let got = '';
    const take = (chunk: Buffer) => {
      got += chunk.toString('latin1');
      const length = /content-length: (\d+)/.exec(got)?.[1];
      const head = got.indexOf('\r\n\r\n');
      if (head < 0 || length === undefined || got.length < head + 4 + Number(length)) return;
      socket.off('data', take);
      resolve(got.slice(head + 4));
    };
    socket.on('data', take);
    socket.write(text);
  });
}

async function exchange(socket: net.Socket): Promise<void> {
  const head = 'HTTP/1.1\r\nhost: localhost\r\n';
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  assert.equal(await on(socket, `GET /a ${head}\r\n`), 'GET /a');
  for (let round = 0; round < 15; round++) {
    assert.equal(await on(socket, `LIST /v1/b?x=${round} ${head}\r\n`), 'LIST /v1/b');
    assert.equal(server.requests.at(-1)?.query, `x=${round}`);
    assert.equal(await on(socket, `PUT /c ${head}content-length: 6\r\n\r\nLIST /`), 'LIST /');
    assert.equal(await on(socket, `SCAN /d ${head}\r\n`), 'SCAN /d');
  }
  assert.equal(server.requests.at(-1)?.peer.address, '127.0.0.1');
  process.off('warning', warned);
  assert.deepEqual(warnings, []);
  socket.end();
  await until(() => server.listener.connections() === 0);
  assert.equal(server.listener.connections(), 0);
}

test('LIST and SCAN pass on a plain connection between other requests', async () => {
  await exchange(net.connect(server.port, '127.0.0.1'));
});

test('and on one with TLS', async () => {
  await exchange(tls.connect({ port: server.port, host: '127.0.0.1', ca: LOCALHOST.cert, servername: 'localhost' }));
});

test('a LIST that is sent before the request ahead of it was answered waits for it', async () => {
  const slow = await start({
    http: async ({ method, path }) => {
      if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, 50));
      return { status: 200, body: `${method} ${path}` };
    },
  });
  for (const first of ['GET', 'LIST']) {
    const head = 'HTTP/1.1\r\nhost: localhost\r\n';
    const socket = net.connect(slow.port, '127.0.0.1');
    let got = '';
    socket.on('data', (chunk) => {
      got += String(chunk);
    });
    socket.write(`${first} /slow ${head}\r\n`);
    await until(() => slow.requests.at(-1)?.path === '/slow');
    socket.write(`LIST /next ${head}\r\n`);
    await new Promise((resolve) => setTimeout(resolve, 10));
    socket.write(`GET /last ${head}\r\n`);
    await until(() => got.includes('GET /last'));
    assert.deepEqual(got.match(/(?:GET|LIST) \/(?:slow|next|last)/g), [`${first} /slow`, 'LIST /next', 'GET /last']);
    socket.destroy();
  }
  await slow.listener.drain(100);
});

test('a body in which a piece begins with LIST stays a body', async () => {
  const socket = net.connect(server.port, '127.0.0.1');
  const answer = on(socket, 'PUT /c HTTP/1.1\r\nhost: localhost\r\ncontent-length: 20\r\n\r\n');
  await until(() => server.listener.connections() > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  socket.write('LIST /x HTTP/1.1\r\n\r\n');
  assert.equal(await answer, 'LIST /x HTTP/1.1\r\n\r\n');
  socket.destroy();
});

test('any other method that the parser does not know is refused as before', async () => {
  for (const method of ['LISTS', 'BREW', 'list', 'SCANNER']) {
    assert.match((await raw(server.port, `${method} /a HTTP/1.1\r\nhost: localhost\r\n\r\n`)).text, /^HTTP\/1\.1 400 /);
  }
});

test('a LIST that is malformed further on is refused, and the connection ends', async () => {
  assert.match((await raw(server.port, 'LIST /a HTTP/1.1\r\nbad header\r\n\r\n')).text, /^HTTP\/1\.1 400 /);
});
