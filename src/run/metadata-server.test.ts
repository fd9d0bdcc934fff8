import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { createMetadataServer } from './metadata-server.ts';
import { MetadataTree } from './metadata-tree.ts';

const EMAIL = 'app@my-project.iam.gserviceaccount.com';
const NOW = 1_000_000;
const FLAVOR = { 'metadata-flavor': 'Google' };
let hasToken = true;

const tree = new MetadataTree(
  {
    email: EMAIL,
    projectId: 'my-project',
    projectNumber: '123456789012',
    token: async () => {
      if (!hasToken) throw new Error('ya29.secret-in-an-error');
      return { accessToken: 'ya29.one', expiresAtMs: NOW + 3_599_900 };
    },
    idToken: async (audience) => {
      if (!hasToken) throw new Error('ya29.secret-in-an-error');
      return `id token for ${audience}`;
    },
  },
  'abc',
  () => NOW,
);

interface Reply {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

describe('metadata server', () => {
  let isOwn = true;
  const server = createMetadataServer(tree, () => isOwn);
  const port = (): number => (server.address() as AddressInfo).port;

  before(() => once(server.listen(0, '127.0.0.1'), 'listening'));
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  function ask(path: string, headers: Record<string, string> = FLAVOR, method = 'GET'): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: port(), path, method, headers, agent: false }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          body += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
      });
      sent.on('error', reject).end();
    });
  }

  const V1 = '/computeMetadata/v1';
  const ACCOUNT = `${V1}/instance/service-accounts`;

  test('every path that google-auth, gcp-metadata, Go and gcloud ask for', async () => {
    const texts: [string, string][] = [
      ['/', 'computeMetadata/\n'],
      ['/computeMetadata/', 'v1/\n'],
      [V1, 'instance/\nproject/\nuniverse/\n'],
      [`${V1}/instance`, 'attributes/\nid\nregion\nservice-accounts/\nzone\n'],
      [`${V1}/project/project-id`, 'my-project'],
      [`${V1}/project/numeric-project-id`, '123456789012'],
      [`${V1}/universe/universe-domain`, 'googleapis.com'],
      [`${V1}/instance/id`, 'abc'],
      [`${V1}/instance/region`, 'projects/123456789012/regions/us-central1'],
      [`${V1}/instance/zone`, 'projects/123456789012/zones/us-central1-1'],
      [`${ACCOUNT}/`, `default/\n${EMAIL}/\n`],
      [`${ACCOUNT}/default/`, 'aliases\nemail\nidentity\nscopes\ntoken\n'],
      [`${ACCOUNT}/default/email`, EMAIL],
      [`${ACCOUNT}/${EMAIL}/email`, EMAIL],
      [`${ACCOUNT}/${encodeURIComponent(EMAIL)}/email`, EMAIL],
      [`${ACCOUNT}/default/scopes`, 'https://www.googleapis.com/auth/cloud-platform\n'],
      [`${ACCOUNT}/default/aliases`, 'default\n'],
    ];
    for (const [path, body] of texts) {
      const reply = await ask(path);
      assert.deepEqual([reply.status, reply.body], [200, body], path);
      assert.equal(reply.headers['metadata-flavor'], 'Google', path);
      assert.equal(reply.headers['content-type'], 'application/text', path);
    }
  });

  test('recursive and alt=json answers', async () => {
    const account = { aliases: ['default'], email: EMAIL, scopes: ['https://www.googleapis.com/auth/cloud-platform'] };
    for (const name of ['default', EMAIL]) {
      const reply = await ask(`${ACCOUNT}/${name}/?recursive=true`);
      assert.equal(reply.headers['content-type'], 'application/json');
      assert.deepEqual(JSON.parse(reply.body), account);
    }
    const all = JSON.parse((await ask(`${V1}/?recursive=true`)).body);
    assert.deepEqual(all.project, { attributes: {}, numericProjectId: 123456789012, projectId: 'my-project' });
    assert.deepEqual(all.instance.serviceAccounts, { default: account, [EMAIL]: account });
    assert.equal((await ask(`${V1}/project/project-id?alt=json`)).body, '"my-project"');
    assert.equal((await ask(`${V1}/project/numeric-project-id?alt=json`)).body, '123456789012');
    assert.match((await ask(`${V1}/project/?recursive=true&alt=text`)).body, /^project-id my-project$/m);
  });

  test('tokens: the answer, and a plain 503 where there is none', async () => {
    for (const query of ['', '?scopes=https://www.googleapis.com/auth/cloud-platform,x']) {
      const reply = await ask(`${ACCOUNT}/default/token${query}`);
      assert.deepEqual(JSON.parse(reply.body), { access_token: 'ya29.one', expires_in: 3599, token_type: 'Bearer' });
      assert.equal(reply.headers['cache-control'], 'no-store');
    }
    hasToken = false;
    const failed = await ask(`${ACCOUNT}/default/token`);
    hasToken = true;
    assert.equal(failed.status, 503);
    assert.doesNotMatch(failed.body, /ya29/);
  });

  test('an ID token is the bare text, for the audience that was asked', async () => {
    for (const account of ['default', EMAIL]) {
      const reply = await ask(`${ACCOUNT}/${account}/identity?audience=https://a&format=full&licenses=TRUE`);
      assert.deepEqual([reply.status, reply.body], [200, 'id token for https://a']);
    }
    for (const query of ['', '?audience=', `?audience=${'a'.repeat(1025)}`]) {
      assert.equal((await ask(`${ACCOUNT}/default/identity${query}`)).status, 400);
    }
    hasToken = false;
    const failed = await ask(`${ACCOUNT}/default/identity?audience=https://a`);
    hasToken = true;
    assert.equal(failed.status, 503);
    assert.doesNotMatch(failed.body, /ya29/);
  });

  test('unknown paths, other accounts, dots and prototype names are 404', async () => {
    const paths = [
      ...[
        '/computeMetadata/v2/',
        '/computeMetadata/v1beta1/',
        '/latest/meta-data/',
        `${V1}/instance/nothing`,
        `${V1}//project`,
      ],
      ...[`${ACCOUNT}/other@x.iam.gserviceaccount.com/token`, `${V1}/../v1/project/project-id`, `${V1}/constructor`],
      ...[`${V1}/__proto__/x`, `${V1}/%zz`, `${V1}/project/project-id/x`],
    ];
    for (const path of paths) assert.equal((await ask(path)).status, 404, path);
  });

  test('403 for whoever cannot be the child', async () => {
    const path = `${ACCOUNT}/default/token`;
    const refused: [string, Record<string, string>][] = [
      ['no header', {}],
      ['wrong value', { 'metadata-flavor': 'google' }],
      ['forwarded', { ...FLAVOR, 'X-Forwarded-For': '10.0.0.1' }],
      ['forwarded, odd case, empty', { ...FLAVOR, 'x-fORWARDED-fOR': '' }],
      ['rebound name', { ...FLAVOR, host: `attacker.example:${port()}` }],
      ['rebound suffix', { ...FLAVOR, host: `127.0.0.1.attacker.example:${port()}` }],
      ['other port', { ...FLAVOR, host: '127.0.0.1:1' }],
      ['no port', { ...FLAVOR, host: '127.0.0.1' }],
    ];
    for (const [name, headers] of refused) {
      const reply = await ask(path, headers);
      assert.equal(reply.status, 403, name);
      assert.equal(reply.headers['metadata-flavor'], 'Google');
      assert.doesNotMatch(reply.body, /ya29/);
    }
    for (const host of [`localhost:${port()}`, 'metadata.google.internal', `metadata.google.internal:${port()}`]) {
      assert.equal((await ask(path, { ...FLAVOR, host })).status, 200, host);
    }
    isOwn = false;
    const stranger = await ask(path);
    isOwn = true;
    assert.equal(stranger.status, 403);
    assert.match(stranger.body, /another user/);
  });

  test('only GET and HEAD; two Host headers are refused', async () => {
    assert.equal((await ask('/', FLAVOR, 'POST')).status, 405);
    assert.equal((await ask('/', FLAVOR, 'PUT')).status, 405);
    const head = await ask(`${V1}/project/project-id`, FLAVOR, 'HEAD');
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '10', '']);
    const socket = connect(port(), '127.0.0.1').setEncoding('utf8');
    const hosts = `Host: 127.0.0.1:${port()}\r\nHost: attacker.example\r\n`;
    socket.end(`GET / HTTP/1.1\r\n${hosts}Metadata-Flavor: Google\r\nConnection: close\r\n\r\n`);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    assert.match(answer, /^HTTP\/1\.1 40[03] /);
  });
});
