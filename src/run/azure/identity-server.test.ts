import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createIdentityServer } from './identity-server.ts';

const SECRET = 's'.repeat(43);
const NOW = 1_000_000;
let hasToken = true;

const server = createIdentityServer({
  clientId: 'client',
  secret: SECRET,
  token: async (resource) => {
    if (!hasToken) throw new Error('secret-in-an-error');
    return { accessToken: `token of ${resource}`, expiresAtMs: NOW + 3_599_900 };
  },
  now: () => NOW,
});
let port: number;

before(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  port = (server.address() as AddressInfo).port;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

interface Asked {
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

async function ask({ method = 'GET', path, headers = {}, body }: Asked, at = port) {
  const sent = request({ host: '127.0.0.1', port: at, method, path, headers: { ...headers }, agent: false });
  sent.end(body);
  const [answer] = await once(sent, 'response');
  const text = Buffer.concat(await answer.toArray()).toString();
  return { status: answer.statusCode as number, json: JSON.parse(text), headers: answer.headers };
}

const METADATA = { metadata: 'true' };
const RESOURCE = 'https://vault.azure.net';
const APP_SERVICE = `/msi/token?api-version=2019-08-01&resource=${encodeURIComponent(RESOURCE)}`;

describe('the managed identity of a run', () => {
  test('answers App Service, the metadata service and Cloud Shell in their forms', async () => {
    const expected = {
      access_token: `token of ${RESOURCE}`,
      client_id: 'client',
      expires_in: '3599',
      expires_on: '4599',
      resource: RESOURCE,
      token_type: 'Bearer',
    };
    const form = `resource=${encodeURIComponent(RESOURCE)}`;
    for (const asked of [
      { path: APP_SERVICE, headers: { 'x-identity-header': SECRET } },
      {
        path: `${APP_SERVICE}&client_id=11111111-2222-3333-4444-555555555555`,
        headers: { 'X-IDENTITY-HEADER': SECRET },
      },
      { path: `/msi/token?api-version=2017-09-01&resource=${RESOURCE}`, headers: { secret: SECRET } },
      { path: `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=${RESOURCE}`, headers: METADATA },
      { path: `/metadata/identity/oauth2/token/?resource=${RESOURCE}&api-version=2018-02-01`, headers: METADATA },
      {
        path: `/metadata/identity/oauth2/token?resource=${RESOURCE}`,
        headers: { ...METADATA, host: '169.254.169.254' },
      },
      { method: 'POST', path: '/msi/token', headers: METADATA, body: form },
    ]) {
      const { status, json, headers } = await ask(asked);
      assert.deepEqual([status, json, headers['cache-control']], [200, expected, 'no-store'], asked.path);
    }
  });

  test('refuses whoever cannot be the child, and tells no token', async () => {
    const cases: [Asked, number][] = [
      [{ path: APP_SERVICE }, 401],
      [{ path: APP_SERVICE, headers: { 'x-identity-header': `${SECRET.slice(1)}t` } }, 401],
      [{ path: APP_SERVICE, headers: { 'x-identity-header': '' } }, 401],
      [{ path: APP_SERVICE, headers: METADATA }, 401],
      [{ path: APP_SERVICE, headers: { 'x-identity-header': SECRET, 'x-forwarded-for': '10.0.0.1' } }, 403],
      [{ path: APP_SERVICE, headers: { 'x-identity-header': SECRET, host: 'evil.example' } }, 403],
      [{ path: APP_SERVICE, headers: { 'x-identity-header': SECRET, host: `evil.example:${port}` } }, 403],
      [{ path: '/metadata/identity/oauth2/token' }, 400],
      [{ path: `/metadata/identity/oauth2/token?resource=${RESOURCE}` }, 400],
      [{ path: '/metadata/identity/oauth2/token', headers: METADATA }, 400],
      [{ path: `/metadata/identity/oauth2/token?resource=${'x'.repeat(1025)}`, headers: METADATA }, 400],
      [{ method: 'POST', path: '/msi/token', body: 'resource=a' }, 400],
      [{ method: 'POST', path: '/msi/token', headers: METADATA, body: 'x'.repeat(9000) }, 413],
      [{ method: 'PUT', path: '/msi/token', headers: { 'x-identity-header': SECRET } }, 405],
      [{ path: '/', headers: METADATA }, 404],
      [{ path: '/metadata/instance', headers: METADATA }, 404],
    ];
    for (const [asked, status] of cases) {
      const answer = await ask(asked);
      assert.equal(answer.status, status, JSON.stringify(asked));
      assert.ok(!JSON.stringify(answer.json).includes('token of'));
      assert.equal(typeof answer.json.error_description, 'string');
    }
  });

  test('a plain 503 where there is no token', async () => {
    hasToken = false;
    const { status, json } = await ask({ path: APP_SERVICE, headers: { 'x-identity-header': SECRET } });
    hasToken = true;
    assert.equal(status, 503);
    assert.ok(!JSON.stringify(json).includes('secret-in-an-error'));
  });

  test('another user of the machine is refused before anything else', async () => {
    const other = createIdentityServer(
      { clientId: 'client', secret: SECRET, token: () => assert.fail('nobody may ask') },
      () => false,
    );
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const at = (other.address() as AddressInfo).port;
    assert.equal((await ask({ path: APP_SERVICE, headers: { 'x-identity-header': SECRET } }, at)).status, 403);
    other.close();
    other.closeAllConnections();
  });
});
