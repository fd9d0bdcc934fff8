// A step of the model, asked over the wire, each on a connection of its own so that every worker gets some.

import { request } from 'node:http';
import type { Answer, Step } from '../simulation/model.ts';
import { bindingsOf, emailOf, userAgentOf } from '../simulation/perform.ts';

const REQUEST_MS_MAX = 20_000;
const SECRETS = '/v1/projects/default/secrets';
const NATIVE = '/coffer/v1';

export interface Remote {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  readonly ownerToken: string;
}

type Asked = readonly [method: string, path: string, body?: object];

/**
 * What a running server answers; undefined where it could not do it, which leaves open whether it did. Rejects where no
 * answer came. `tokens` has the texts of tokens by their labels, and gets those that are made.
 */
export async function performRemote(
  { address, ownerToken }: Remote,
  step: Step,
  tokens: Map<string, string>,
): Promise<Answer | undefined> {
  const token = step.as === 'owner' ? ownerToken : (tokens.get(step.as) ?? '');
  const { status, text } = await send(address, asked(step), token, userAgentOf(step.id));
  if (status === 503) return undefined;
  if (status !== 200) return { refused: status };
  const json = JSON.parse(text);
  if (step.do === 'token.make') tokens.set(step.label, json.accessToken);
  if (step.do === 'version.access') return { ok: atob(json.payload.data) };
  if (step.do !== 'version.add' && step.do !== 'version.candidate') return { ok: '' };
  return { ok: Number(step.do === 'version.add' ? json.name.split('/').at(-1) : json.version) };
}

function asked(step: Step): Asked {
  switch (step.do) {
    case 'account.create':
      return ['POST', '/v1/projects/default/serviceAccounts', { accountId: step.account }];
    case 'account.delete':
      return ['DELETE', `/v1/projects/-/serviceAccounts/${emailOf(step.account)}`];
    case 'token.make': {
      const scope = ['https://www.googleapis.com/auth/cloud-platform'];
      return ['POST', `/v1/projects/-/serviceAccounts/${emailOf(step.account)}:generateAccessToken`, { scope }];
    }
    case 'token.revoke':
      return ['POST', `${NATIVE}/tokens:revoke`, {}];
    case 'policy.set': {
      const path = step.secret === undefined ? '/v3/projects/default' : `${SECRETS}/${step.secret}`;
      return ['POST', `${path}:setIamPolicy`, { policy: { bindings: bindingsOf(step.grants) } }];
    }
    default:
      return askedOfSecret(step);
  }
}

function askedOfSecret(step: Extract<Step, { readonly secret: string }>): Asked {
  const path = `${SECRETS}/${step.secret}`;
  const named = { project: 'default', secret: step.secret };
  switch (step.do) {
    case 'secret.create':
      return ['POST', `${SECRETS}?secretId=${step.secret}`, { replication: { automatic: {} } }];
    case 'secret.update':
      return ['PATCH', `${path}?updateMask=labels`, { labels: { step: step.id } }];
    case 'secret.delete':
      return ['DELETE', path];
    case 'secret.rollback':
      return ['POST', `${NATIVE}/secrets:rollback`, named];
    case 'version.add':
      return ['POST', `${path}:addVersion`, { payload: { data: btoa(step.value) } }];
    case 'version.candidate':
      return ['POST', `${NATIVE}/versions:addCandidate`, { ...named, data: btoa(step.value) }];
    case 'version.promote':
      return ['POST', `${NATIVE}/secrets:promote`, { ...named, version: step.number }];
    case 'version.access':
      return ['GET', `${path}/versions/${step.number}:access`];
    case 'version.enable':
    case 'version.disable':
    case 'version.destroy':
      return ['POST', `${path}/versions/${step.number}:${step.do.split('.')[1]}`, {}];
    default:
      throw new Error('a step that is no request about a secret');
  }
}

function send(
  address: string,
  [method, path, body]: Asked,
  token: string,
  userAgent: string,
): Promise<{ readonly status: number; readonly text: string }> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': userAgent };
  return new Promise((resolve, reject) => {
    const options = { agent: false, method, headers, timeout: REQUEST_MS_MAX };
    const sent = request(new URL(path, address), options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    });
    sent.once('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer`)));
    sent.once('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
