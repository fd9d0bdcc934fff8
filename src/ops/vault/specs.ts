// The description of Vault's API in the form that its clients read: every path of the route table, and its verbs.
// Source: https://spec.openapis.org/oas/v3.0.2 and https://developer.hashicorp.com/vault/api-docs/system/internal-specs-openapi

import { VAULT_VERSION } from '../../core/vault/version.ts';
import type { VaultRoute } from './route.ts';

const METHODS = { read: 'get', list: 'get', write: 'post', patch: 'patch', delete: 'delete' } as const;
const VERBS = ['list', 'read', 'write', 'patch', 'delete'] as const;
const LIST_PARAMETER = { name: 'list', in: 'query', required: true, schema: { type: 'string', enum: ['true'] } };

/** An OpenAPI document over these routes; those of a method stand below the path that it usually has. */
export function openApiOf(routes: readonly VaultRoute[]): Readonly<Record<string, unknown>> {
  const named = routes.filter(({ path }) => !path.startsWith('internal:'));
  return {
    openapi: '3.0.2',
    info: {
      ...{ title: 'HashiCorp Vault API', version: VAULT_VERSION },
      ...{ description: 'The paths of Vault that this server answers.', license: { name: 'as the server' } },
    },
    paths: Object.fromEntries(named.map((route) => [pathOf(route), described(route)])),
  };
}

function pathOf({ path }: VaultRoute): string {
  const below = path.replace(/^(pki)!|^(\w+)!/, (_, engine, method) =>
    engine === undefined ? `auth/${method}/` : `${engine}/`,
  );
  return `/${below.replaceAll(/[:*](\w+)/g, '{$1}')}`;
}

function described(route: VaultRoute) {
  const tag = route.path.startsWith('sys/') ? 'system' : 'secrets';
  const parameters = [...route.path.matchAll(/[:*](\w+)/g)].map(([, name]) => ({
    ...{ name, in: 'path', required: true, schema: { type: 'string' } },
  }));
  const operations = VERBS.filter((verb) => route[verb] !== undefined).map((verb) => [
    METHODS[verb],
    {
      ...{ summary: route.help, tags: [tag], responses: { 200: { description: 'OK' } } },
      ...(verb === 'list' && route.read === undefined ? { parameters: [LIST_PARAMETER] } : {}),
    },
  ]);
  return {
    description: route.help,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.open === true ? { 'x-vault-unauthenticated': true } : {}),
    ...(route.sudo !== undefined ? { 'x-vault-sudo': true } : {}),
    ...Object.fromEntries(operations),
  };
}
