// Whose a token is, asked of servers as bad as they come: over real sockets on loopback.

import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hostname } from 'node:os';
import { after, test } from 'node:test';
import { startGithub } from '../../test/support/github.ts';
import { Redacted } from '../core/redacted.ts';
import { ExchangeProblem, exchange } from './exchange.ts';
import { openGithub } from './github.ts';

const ORG = { login: 'Acme', id: 7 };
const github = openGithub();
const token = new Redacted('ghp_secret');

async function answering(answer: (path: string, request: IncomingMessage, response: ServerResponse) => unknown) {
  const fake = await startGithub(answer);
  after(fake.stop);
  return fake;
}

/** Members as they should be, but for what the test says. */
const good =
  (over: Readonly<Record<string, unknown>> = {}) =>
  (path: string): unknown =>
    over[path] ??
    ({ '/user': { login: 'Ann', id: 1 }, '/user/orgs?per_page=100': [ORG] } as Record<string, unknown>)[path] ??
    [];

const unusable = (work: Promise<unknown>, what?: string) => assert.rejects(work, { code: 'GITHUB_UNREACHABLE' }, what);

test('a member, his organization and his teams in it, asked with the token', async () => {
  const teams = [
    { slug: 'OPS', name: 'x', organization: { id: 7 } },
    { slug: 'ops', organization: { id: 7 } },
    { slug: 'owners', organization: { id: 8 } },
    { slug: 'チーム', organization: { id: 7 } },
  ];
  const fake = await answering((path) => good({ '/user/teams?per_page=100': teams })(path.replace('/api', '')));
  const member = await github.member(`${fake.url}api/`, 7, token);
  assert.deepEqual(member, { login: 'ann', organization: 'Acme', teams: ['ops'] });
  assert.deepEqual(
    fake.asked.map(({ url }) => url),
    ['/api/user', '/api/user/orgs?per_page=100', '/api/user/teams?per_page=100'],
  );
  assert.ok(fake.asked.every(({ headers }) => headers.authorization === 'Bearer ghp_secret'));
});

test('lists are read page by page, by numbers of our own, and one without end is none', async () => {
  let pages = 0;
  const fake = await answering((path, _request, response) => {
    if (!path.startsWith('/user/orgs')) return good()(path);
    pages++;
    if (!path.endsWith('&page=3')) response.setHeader('link', '<http://169.254.169.254/steal>; rel="next"');
    return path.endsWith('&page=3') ? [ORG] : [{ login: 'other', id: pages + 100 }];
  });
  assert.equal((await github.member(fake.url, 7, token))?.login, 'ann');
  assert.equal(pages, 3);
  const endless = await answering((path, _request, response) => {
    if (path === '/user') return { login: 'ann' };
    response.setHeader('link', '</user/orgs>; rel="next"');
    return [ORG];
  });
  await unusable(github.member(endless.url, 7, token));
  assert.equal(endless.asked.length, 11);
});

test('nobody: a token that is not taken or could be no header, and who is not in the organization', async () => {
  const fake = await answering((path, request, response) => {
    if (request.headers.authorization === 'Bearer ghp_secret') return good()(path);
    response.statusCode = 401;
    return { message: 'Bad credentials' };
  });
  assert.equal(await github.member(fake.url, 7, new Redacted('other')), undefined);
  assert.equal(await github.member(fake.url, 8, token), undefined);
  const before = fake.asked.length;
  for (const text of ['', 'a b', 'a\r\nx-y: z', 'é', 'x'.repeat(1025)]) {
    assert.equal(await github.member(fake.url, 7, new Redacted(text)), undefined);
  }
  assert.equal(fake.asked.length, before);
  const empty = await answering((path, _request, response) => (path === '/user' ? good()(path) : void response.end()));
  assert.equal(await github.member(empty.url, 7, token), undefined);
});

test('a redirect is not followed, and no status but 200 is an answer', async () => {
  const other = await answering(() => ({ login: 'ann', id: 7 }));
  for (const status of [301, 302, 307, 308, 404, 429, 500]) {
    const fake = await answering((_path, _request, response) => {
      response.writeHead(status, { location: other.url });
      return {};
    });
    await unusable(github.member(fake.url, 7, token), String(status));
    await unusable(github.organizationId(fake.url, 'acme'), String(status));
    assert.equal(fake.asked.length, 2);
  }
  assert.equal(other.asked.length, 0);
});

test('answers without end, without hurry, cut off, or of another kind are none', async () => {
  let sent = 0;
  const endless = await answering((_path, _request, response) => {
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, ' '))) sent += 64 * 1024;
    };
    response.on('drain', more);
    more();
  });
  await unusable(github.member(endless.url, 7, token));
  assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were taken`);
  const silent = await answering(() => undefined);
  await unusable(openGithub({ waitMs: 50 }).member(silent.url, 7, token));
  const cut = await answering((_path, _request, response) => {
    response.writeHead(200, { 'content-length': '10' }).write('{"');
    setImmediate(() => response.destroy());
  });
  await unusable(github.member(cut.url, 7, token));
  await unusable(github.member('http://127.0.0.1:1/', 7, token));
  const odd: unknown[] = ['text', 5, [], {}, { login: 5 }, { login: 'a/b' }, { login: 'K\u212a' }];
  for (const user of odd) {
    const fake = await answering(good({ '/user': user }));
    await unusable(github.member(fake.url, 7, token), JSON.stringify(user));
  }
  for (const orgs of [{}, 'x', [{}], [{ id: '7' }], [{ id: 7.5 }], Array.from({ length: 101 }, () => ORG)]) {
    const fake = await answering(good({ '/user/orgs?per_page=100': orgs }));
    await unusable(github.member(fake.url, 7, token), JSON.stringify(orgs).slice(0, 50));
  }
});

test('a name that stands for this machine is not asked, nor any whose addresses may not be', async () => {
  const fake = await answering(good());
  const { port } = new URL(fake.url);
  for (const name of [hostname(), 'a.localhost'])
    await unusable(github.member(`http://${name}:${port}/`, 7, token), name);
  assert.equal(fake.asked.length, 0);
  assert.equal((await github.member(`http://localhost:${port}/`, 7, token))?.login, 'ann');
  assert.equal(fake.asked[0]?.headers.host, `localhost:${port}`);
  const judged: string[] = [];
  const asking = (isAllowed: (address: string) => boolean) =>
    exchange({
      ...{ url: new URL(`http://localhost:${port}/`), method: 'GET', path: '/user', headers: {} },
      ...{ signal: AbortSignal.timeout(10_000), answerBytesMax: 1000, isAllowed },
    });
  await assert.rejects(
    asking((address) => judged.push(address) === 0),
    ExchangeProblem,
  );
  assert.ok(judged.includes('127.0.0.1'), judged.join());
  assert.equal((await asking((address) => address === '127.0.0.1')).status, 200);
  assert.equal(fake.asked.length, 4);
});

test('logins at once are bounded', async () => {
  const waiting: ServerResponse[] = [];
  const silent = await answering((_path, _request, response) => void waiting.push(response));
  const own = openGithub({ waitMs: 60_000 });
  const running = Array.from({ length: 32 }, () => own.member(silent.url, 7, token));
  await assert.rejects(own.member(silent.url, 7, token), { code: 'LIMIT_REACHED' });
  silent.stop();
  const ended = await Promise.allSettled(running);
  assert.ok(ended.every(({ status }) => status === 'rejected'));
  await unusable(own.member(silent.url, 7, token));
});
