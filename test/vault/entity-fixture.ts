// A server with service accounts that are entities of Vault's, each with a credential of every API.

import { type Api, apiOf, must } from '../support/api.ts';
import { type SigningKey, signed } from '../support/aws-sign.ts';
import { openVault, type VaultClient } from './fixture.ts';

export const SECRETS = '/v1/projects/default/secrets';
export const TOKEN_ACCESSOR = 'auth_token_00000001';
export const APIS = ['google', 'aws', 'azure', 'coffer', 'vault'] as const;

/** One account, with a credential of each API. */
export interface Person {
  readonly email: string;
  readonly google: Api;
  readonly azure: Api;
  readonly aws: SigningKey;
}

export const emailOf = (name: string, project = 'default') => `${name}@${project}.iam.gserviceaccount.com`;

export interface Entities {
  readonly vault: VaultClient;
  readonly owner: Api;
  person(name: string, project?: string): Promise<Person>;
  /** By AWS's API: the status, 200 or 400. */
  byAws(key: SigningKey, operation: string, input: object): Promise<number>;
  /** Which of the APIs read the current value of a secret of the default project to them. */
  readers(who: Person, name: string): Promise<readonly string[]>;
  alias(email: string, entity: string, fields?: object): ReturnType<VaultClient['must']>;
  /** Makes one that is that account; answers its id. */
  entity(email: string, fields: object): Promise<string>;
  change(id: string, fields: object): Promise<unknown>;
  /** Has the members, and nobody else, administer the secrets of the project. */
  bind(...members: string[]): Promise<unknown>;
  /** Without entities and bindings. */
  clear(): Promise<void>;
}

/** Its secrets are `app/db`, `app--key` and `plain`, its policies `read-app`, `no-app` and `read-plain`. */
export async function openEntities(): Promise<Entities> {
  const vault = await openVault();
  const owner = apiOf(vault.server, vault.root);
  for (const name of ['app/db', 'app--key', 'plain']) {
    await vault.must('POST', `secret/data/${name}`, { data: { name } });
  }
  await vault.policy('read-app', 'path "secret/data/app/*" { capabilities = ["read"] }');
  await vault.policy('no-app', 'path "secret/data/app/*" { capabilities = ["deny"] }');
  await vault.policy('read-plain', 'path "secret/data/plain" { capabilities = ["read"] }');

  const byAws: Entities['byAws'] = async (key, operation, input) => {
    const body = JSON.stringify(input);
    const { host } = new URL(vault.server.address);
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `secretsmanager.${operation}` };
    const { host: _host, ...rest } = signed(key, { host, headers, body, time: Date.now() });
    return (await fetch(vault.server.address, { method: 'POST', headers: rest, body })).status;
  };
  const alias: Entities['alias'] = (email, canonical_id, fields = {}) =>
    vault.must('POST', 'identity/entity-alias', {
      ...{ name: email, canonical_id, mount_accessor: TOKEN_ACCESSOR },
      ...fields,
    });
  const bind: Entities['bind'] = (...members) => {
    const bindings = members.length === 0 ? [] : [{ role: 'roles/secretmanager.admin', members }];
    return must(owner, 'POST', '/v3/projects/default:setIamPolicy', { policy: { bindings } });
  };
  return {
    ...{ vault, owner, byAws, alias, bind },
    person: async (name, project = 'default') => {
      await must(owner, 'POST', `/v1/projects/${project}/serviceAccounts`, { accountId: name });
      const email = emailOf(name, project);
      const made = await must(owner, 'POST', '/coffer/v1/tokens:generate', { serviceAccount: email });
      const google = apiOf(vault.server, made.json.accessToken);
      const narrowed = await must(google, 'POST', '/coffer/v1/tokens:narrow', { audience: 'https://vault.azure.net' });
      const key = (await must(owner, 'POST', '/coffer/v1/accountKeys:createAws', { serviceAccount: email })).json;
      return {
        ...{ email, google, azure: apiOf(vault.server, narrowed.json.accessToken) },
        aws: { id: key.accessKeyId, secret: key.secretAccessKey },
      };
    },
    readers: async ({ google, azure, aws }, name) => {
      const spelled = name.replaceAll('/', '--');
      const statuses = [
        (await google('GET', `${SECRETS}/${spelled}/versions/latest:access`)).status,
        await byAws(aws, 'GetSecretValue', { SecretId: name }),
        (await azure('GET', `/secrets/${spelled}?api-version=7.6`)).status,
        (await google('GET', `/coffer/v1/versions:sameValue?project=default&secret=${name}&version=1`)).status,
        (await vault.ask('GET', `secret/data/${name}`, undefined, { token: google.token })).status,
      ];
      return APIS.filter((_, at) => statuses[at] === 200);
    },
    entity: async (email, fields) => {
      const { id } = (await vault.must('POST', 'identity/entity', fields)).json.data;
      await alias(email, id);
      return id;
    },
    change: (id, fields) => vault.must('POST', `identity/entity/id/${id}`, fields),
    clear: async () => {
      const { keys = [] } = (await vault.ask('LIST', 'identity/entity/id')).json?.data ?? {};
      if (keys.length > 0) await vault.must('POST', 'identity/entity/batch-delete', { entity_ids: keys });
      await bind();
    },
  };
}
