import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { CREDENTIALS_PATH, createCredentialsServer } from './credentials-server.ts';

const authorization = 'a'.repeat(43);
const session = {
  accessKeyId: 'ASIA',
  secretAccessKey: 'secret',
  sessionToken: 'token',
  expireTime: '2026-01-31T12:00:00.000Z',
};
let hasSession = true;

const options = {
  authorization,
  session: async () => {
    if (!hasSession) throw new Error('secret-in-an-error');
    return session;
  },
};
const server = createCredentialsServer(options);
const forOthers = createCredentialsServer(options, () => false);

before(async () => {
  for (const each of [server, forOthers]) await once(each.listen(0, '127.0.0.1'), 'listening');
});
after(() => {
  for (const each of [server, forOthers]) {
    each.close();
    each.closeAllConnections();
  }
});

async function ask(headers: Record<string, string>, { path = CREDENTIALS_PATH, method = 'GET', at = server } = {}) {
  const { port } = at.address() as AddressInfo;
  const sent = request({ host: '127.0.0.1', port, path, method, headers, agent: false });
  sent.end();
  const [answer] = await once(sent, 'response');
  const text = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode as number, text };
}

test('the child is given a session in the form that every library takes', async () => {
  const { status, text } = await ask({ authorization });
  assert.equal(status, 200);
  assert.deepEqual(JSON.parse(text), {
    AccessKeyId: 'ASIA',
    SecretAccessKey: 'secret',
    Token: 'token',
    Expiration: '2026-01-31T12:00:00.000Z',
  });
});

test('nobody else is', async () => {
  const refused: readonly (readonly [number, Awaited<ReturnType<typeof ask>>])[] = [
    [401, await ask({})],
    [401, await ask({ authorization: `${authorization}a` })],
    [401, await ask({ authorization: `Bearer ${authorization}` })],
    [403, await ask({ authorization, host: 'evil.example' })],
    [403, await ask({ authorization, 'x-forwarded-for': '10.0.0.1' })],
    [403, await ask({ authorization }, { at: forOthers })],
    [404, await ask({ authorization }, { path: '/' })],
    [404, await ask({ authorization }, { path: `${CREDENTIALS_PATH}?x=1` })],
    [405, await ask({ authorization }, { method: 'POST' })],
  ];
  for (const [expected, { status, text }] of refused) {
    assert.equal(status, expected);
    assert.ok(!/secret|token/.test(text), text);
  }
});

test('where there is no session, the answer says so and nothing more', async () => {
  hasSession = false;
  const { status, text } = await ask({ authorization });
  hasSession = true;
  assert.equal(status, 503);
  assert.ok(!text.includes('secret-in-an-error'));
});
