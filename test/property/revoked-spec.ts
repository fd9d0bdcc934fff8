// Case 29, at a hundred clients: what was taken away stays away. Once a disable, a destruction or a revocation of any
// kind was acknowledged, no request that starts later is answered from before it; and once a right was given back, none
// is refused. Each is a register that is `open` or `closed`, whose history must be linearizable.

import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { assertLinearizable } from '../support/linear.ts';
import { type RegisterInput, register } from '../support/linear-models.ts';
import { ACCESSOR, CLIENTS, type Client, type Crowd, crowded, History, TIMES, until } from './fixture.ts';

/** Reads of the crowd between two changes. */
const READS = 300;
const PROJECT_POLICY = '/v3/projects/default';
/** Changes while nobody else asks, each probed at once. */
const QUIET_CHANGES = 20;
/** Deleted while tokens are asked for. */
const ACCOUNTS = 4;

interface Right {
  /** What the crowd reads. */
  readonly path: string;
  /** By which; absent: the owner's. */
  readonly token?: string;
  readonly close: () => Promise<unknown>;
  /** Absent: it is gone for good. */
  readonly open?: () => Promise<unknown>;
  /** What who has not the right is answered. */
  readonly refused: number;
}

let crowd: Crowd;

const bindings = (emails: readonly string[]) => ({
  policy: { bindings: [{ role: ACCESSOR, members: emails.map((email) => `serviceAccount:${email}`) }] },
});

/** A secret that an account may read by its own policy. */
async function shared() {
  const path = await crowd.secret();
  const email = await crowd.account();
  await crowd.must('POST', `${path}:setIamPolicy`, bindings([email]));
  return { path, email, read: `${path}/versions/latest:access` };
}

/** What a service account signs itself, as a library does with its key file. */
function bearer(
  email: string,
  file: { readonly private_key_id: string; readonly private_key: string },
  aud = 'https://secretmanager.googleapis.com/',
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const scope = 'https://www.googleapis.com/auth/cloud-platform';
  const claims = { iss: email, sub: email, aud, scope, iat: now, exp: now + 3600 };
  const signed = `${part({ alg: 'RS256', typ: 'JWT', kid: file.private_key_id })}.${part(claims)}`;
  return `${signed}.${sign('RSA-SHA256', Buffer.from(signed), file.private_key).toString('base64url')}`;
}

async function key() {
  const { read, email } = await shared();
  const made = await crowd.must('POST', `/v1/projects/-/serviceAccounts/${email}/keys`, {});
  const file = JSON.parse(Buffer.from(made.privateKeyData, 'base64').toString());
  return { path: read, token: bearer(email, file), name: `/v1/${made.name}`, refused: 401 };
}

const RIGHTS: Readonly<Record<string, () => Promise<Right>>> = {
  'a version is disabled, and enabled again': async () => {
    const path = await crowd.secret();
    const move = (verb: string) => () => crowd.must('POST', `${path}/versions/1:${verb}`, {});
    return { path: `${path}/versions/1:access`, close: move('disable'), open: move('enable'), refused: 400 };
  },
  'the role on a secret is taken away, and given back': async () => {
    const { path, email, read } = await shared();
    const set = (emails: readonly string[]) => () => crowd.must('POST', `${path}:setIamPolicy`, bindings(emails));
    return { path: read, token: await crowd.token(email), close: set([]), open: set([email]), refused: 403 };
  },
  'the role on the project is taken away, and given back': async () => {
    const path = await crowd.secret();
    const email = await crowd.account();
    const set = (emails: readonly string[]) => () =>
      crowd.must('POST', `${PROJECT_POLICY}:setIamPolicy`, bindings(emails));
    await set([email])();
    const token = await crowd.token(email);
    return { path: `${path}/versions/1:access`, token, close: set([]), open: set([email]), refused: 403 };
  },
  'a key of an account is disabled, and enabled again': async () => {
    const { name, ...right } = await key();
    const move = (verb: string) => () => crowd.must('POST', `${name}:${verb}`, {});
    return { ...right, close: move('disable'), open: move('enable') };
  },
  'a version is destroyed': async () => {
    const path = await crowd.secret();
    const close = () => crowd.must('POST', `${path}/versions/1:destroy`, {});
    return { path: `${path}/versions/latest:access`, close, refused: 400 };
  },
  'a secret is deleted': async () => {
    const path = await crowd.secret();
    return { path: `${path}/versions/1:access`, close: () => crowd.must('DELETE', path), refused: 404 };
  },
  'a token is revoked': async () => {
    const { email, read } = await shared();
    const token = await crowd.token(email);
    return { path: read, token, close: () => crowd.must('POST', '/coffer/v1/tokens:revoke', {}, token), refused: 401 };
  },
  'an account is deleted': async () => {
    const { email, read } = await shared();
    const token = await crowd.token(email);
    const close = () => crowd.must('DELETE', `/v1/projects/-/serviceAccounts/${email}`);
    return { path: read, token, close, refused: 401 };
  },
  'a key of an account is deleted': async () => {
    const { name, ...right } = await key();
    return { ...right, close: () => crowd.must('DELETE', name) };
  },
};

/** One right, while the crowd uses it: closed, and opened again where it can be. */
async function watch(right: Right): Promise<void> {
  const history = new History<RegisterInput, string>();
  const read = async (client: Client) => {
    await history.record(client.id, { kind: 'read' }, async () => {
      const { status, json } = await client.ask('GET', right.path, undefined, right.token);
      if (status === 200) return 'open';
      // A deletion may fall between the look at a credential and that at what it may do.
      assert.ok(status === right.refused || (status === 403 && right.refused === 401), JSON.stringify(json));
      return 'closed';
    });
  };
  const change = async (value: 'open' | 'closed', work: () => Promise<unknown>) => {
    await history.record(0, { kind: 'write', value }, async () => {
      await work();
      return 'done';
    });
    await Promise.all(crowd.probes.map(read));
  };
  await crowded(crowd.clients, read, async () => {
    await history.grow(READS);
    await change('closed', right.close);
    await history.grow(READS);
    if (right.open === undefined) return;
    await change('open', right.open);
    await history.grow(READS);
  });
  for (let count = 0; right.open !== undefined && count < QUIET_CHANGES; count += 2) {
    await change('closed', right.close);
    await change('open', right.open);
  }
  assertLinearizable(register('open'), history.calls);
}

/** Exchanges what an account signed for an access token; undefined where it is refused. */
async function exchange(client: Client, assertion: string): Promise<string | undefined> {
  const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
  const { status, json } = await client.submit('/token', grant, 'oauth2.googleapis.com');
  assert.ok(status === 200 || status === 400, JSON.stringify(json));
  return json.access_token;
}

/** Of the servers that `open` starts. */
export function describeRevoked(title: string, open: () => Promise<Crowd>): void {
  describe(title, () => {
    before(async () => {
      crowd = await open();
    });
    after(() => crowd.close());

    test('no token outlives its account, however it was on its way', async () => {
      for (let round = 0; round < ACCOUNTS * TIMES; round += 1) {
        const { path, email } = await shared();
        const made = await crowd.must('POST', `/v1/projects/-/serviceAccounts/${email}/keys`, {});
        const file = JSON.parse(Buffer.from(made.privateKeyData, 'base64').toString());
        const assertion = bearer(email, file, 'https://oauth2.googleapis.com/token');
        const tokens: string[] = [];
        const ask = async (client: Client) => {
          const token = await exchange(client, assertion);
          if (token !== undefined) tokens.push(token);
        };
        await crowded(crowd.clients, ask, async () => {
          await until(() => tokens.length >= CLIENTS);
          await crowd.must('DELETE', `/v1/projects/-/serviceAccounts/${email}`);
        });
        // Whoever has the name next must not find that old tokens are his.
        const accountId = email.split('@')[0];
        await crowd.must('POST', '/v1/projects/default/serviceAccounts', { accountId });
        await crowd.must('POST', `${path}:setIamPolicy`, bindings([email]));
        const read = `${path}/versions/1:access`;
        const answers = tokens.map((token, index) => {
          const client = crowd.clients[index % CLIENTS] as Client;
          return client.ask('GET', read, undefined, token);
        });
        const alive = (await Promise.all(answers)).filter(({ status }) => status !== 401);
        assert.equal(alive.length, 0, `${alive.length} of ${tokens.length} tokens are alive`);
      }
    });

    for (const [name, make] of Object.entries(RIGHTS)) {
      test(name, async () => {
        for (let round = 0; round < TIMES; round += 1) await watch(await make());
      });
    }
  });
}
