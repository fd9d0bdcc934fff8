import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ownedTarget } from '../proxy/connect.ts';
import { readUpstream } from '../proxy/upstream.ts';
import { type RunningProxy, startProxy, startTlsPort } from './proxy.ts';

/** Answers NAME:… to everything, when the other side has finished. */
async function echo(name: string): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => socket.end(`${name}:${text}`));
    socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** A proxy as a user may have one: it wants credentials and writes down what it was asked for. */
async function userProxy(asked: string[], target: () => number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', (head) => {
      asked.push(head.toString());
      if (!head.includes(`Proxy-Authorization: Basic ${Buffer.from('me:p@ss').toString('base64')}`)) {
        socket.end('HTTP/1.1 407 No\r\n\r\n');
        return;
      }
      const upstream = connect({ port: target(), host: '127.0.0.1', allowHalfOpen: true });
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(upstream).pipe(socket);
    });
    socket.on('error', () => {});
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

describe('the run proxy', () => {
  let coffer: Server;
  let other: Server;
  let upstream: Server;
  let proxy: RunningProxy;
  let chained: RunningProxy;
  const asked: string[] = [];

  before(async () => {
    coffer = await echo('coffer');
    other = await echo('other');
    upstream = await userProxy(asked, () => portOf(other));
    const target = ownedTarget(() => ({ host: '127.0.0.1', port: portOf(coffer) }));
    proxy = await startProxy({ target, route: readUpstream({}) });
    const env = { HTTPS_PROXY: `http://me:p%40ss@127.0.0.1:${portOf(upstream)}`, no_proxy: 'localhost' };
    chained = await startProxy({ target, route: readUpstream(env) });
  });
  after(async () => {
    await Promise.all([proxy.stop(), chained.stop()]);
    for (const server of [coffer, other, upstream]) server.close();
  });

  /** Sends a head and a body through, and gives all that came back. */
  async function exchange(through: RunningProxy, head: string, body = 'hello'): Promise<string> {
    const socket = connect({ port: through.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(`${head}\r\n\r\n`);
    socket.end(body);
    return drain(socket);
  }

  async function drain(socket: Socket): Promise<string> {
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text;
  }

  function connectHead(authority: string, through: RunningProxy): string {
    const { username, password } = new URL(through.url);
    const credentials = Buffer.from(`${username}:${password}`).toString('base64');
    return `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: Basic ${credentials}`;
  }

  test('owned names on 443 end at the Coffer server, whatever the spelling', async () => {
    const names = [
      'secretmanager.googleapis.com',
      'SecretManager.GoogleAPIs.com.',
      'secretmanager.us-east1.rep.googleapis.com',
    ];
    for (const name of names) {
      const answer = await exchange(proxy, connectHead(`${name}:443`, proxy));
      assert.equal(answer, 'HTTP/1.1 200 Connection established\r\n\r\ncoffer:hello', name);
    }
  });

  test('another name passes through, and each half closes on its own', async () => {
    const answer = await exchange(proxy, connectHead(`127.0.0.1:${portOf(other)}`, proxy), 'x'.repeat(300_000));
    assert.equal(answer.length, 'HTTP/1.1 200 Connection established\r\n\r\nother:'.length + 300_000);
  });

  test("another name goes through the user's own proxy with its credentials; exempt and owned names do not", async () => {
    assert.match(
      await exchange(chained, connectHead('api.example.com:8443', chained)),
      /200 Connection established\r\n\r\nother:hello$/,
    );
    assert.match(asked.at(-1) ?? '', /^CONNECT api\.example\.com:8443 HTTP\/1\.1\r\n/);
    const before = asked.length;
    assert.match(await exchange(chained, connectHead(`localhost:${portOf(other)}`, chained)), /other:hello$/);
    assert.match(await exchange(chained, connectHead('sts.googleapis.com:443', chained)), /coffer:hello$/);
    assert.equal(asked.length, before);
  });

  test('407 without the password of this run', async () => {
    const wrong = Buffer.from(`${new URL(proxy.url).username}:wrong`).toString('base64');
    for (const line of ['', `\r\nProxy-Authorization: Basic ${wrong}`, '\r\nProxy-Authorization: Bearer x']) {
      const answer = await exchange(proxy, `CONNECT secretmanager.googleapis.com:443 HTTP/1.1\r\nHost: x${line}`);
      assert.match(answer, /^HTTP\/1\.1 407 .*\r\nProxy-Authenticate: Basic/);
      assert.doesNotMatch(answer, /coffer:/);
    }
    assert.notEqual(new URL(proxy.url).password, new URL(chained.url).password);
    assert.match(await exchange(chained, connectHead('secretmanager.googleapis.com:443', proxy)), /^HTTP\/1\.1 407 /);
  });

  test('what cannot be done is refused in words', async () => {
    assert.match(await exchange(proxy, connectHead('secretmanager.googleapis.com:80', proxy)), /^HTTP\/1\.1 403 /);
    for (const authority of ['nonsense', 'a:0', 'a:70000', 'a/b:443', 'u@a:443']) {
      assert.match(await exchange(proxy, connectHead(authority, proxy)), /^HTTP\/1\.1 400 /, authority);
    }
    const closed = await echo('closed');
    const port = portOf(closed);
    await new Promise((resolve) => closed.close(resolve));
    assert.match(await exchange(proxy, connectHead(`127.0.0.1:${port}`, proxy)), /^HTTP\/1\.1 502 .*ECONNREFUSED/s);
    assert.match(
      await exchange(proxy, 'GET http://example.com/ HTTP/1.1\r\nHost: example.com', ''),
      /^HTTP\/1\.1 405 /,
    );
  });

  test('the TLS port leads everything to the Coffer server', async () => {
    const port = await startTlsPort({ host: '127.0.0.1', port: portOf(coffer) });
    const socket = connect({ port: port.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end('bytes');
    assert.equal(await drain(socket), 'coffer:bytes');
    await port.stop();
  });
});

test("the user's proxy variables", () => {
  const route = readUpstream({
    https_proxy: 'proxy.example:3128',
    no_proxy: 'a.example,.b.example,*.c.example,d.example:8443,10.0.0.0/8,192.168.1.5,::1',
  });
  const direct = (host: string, port = 443): boolean => route(host, port).kind === 'direct';
  for (const host of [
    'a.example',
    'x.a.example',
    'A.example.',
    'x.b.example',
    'x.c.example',
    '10.9.8.7',
    '192.168.1.5',
    '::1',
  ]) {
    assert.ok(direct(host), host);
  }
  for (const host of ['xa.example', 'example', 'd.example', '11.0.0.1', '192.168.1.6', '::2'])
    assert.ok(!direct(host), host);
  assert.ok(direct('d.example', 8443));
  assert.deepEqual(route('z.example', 443), {
    kind: 'proxy',
    proxy: { host: 'proxy.example', port: 3128, secure: false },
  });
  assert.ok(readUpstream({ https_proxy: 'http://p:1', NO_PROXY: '*' })('z.example', 443).kind === 'direct');
  assert.deepEqual(readUpstream({ all_proxy: 'socks5://p:1' })('z', 1), { kind: 'unsupported', scheme: 'socks5' });
  assert.equal(readUpstream({})('z', 1).kind, 'direct');
  const secure = readUpstream({ HTTPS_PROXY: 'https://u:100%@[::1]' })('z', 1);
  assert.deepEqual(secure, {
    kind: 'proxy',
    proxy: { host: '::1', port: 443, secure: true, authorization: `Basic ${Buffer.from('u:100%').toString('base64')}` },
  });
});
