// Namespaces, which are the projects of the server: told to whoever administers it, by the root namespace. They are made
// where projects are made.
// Source: https://developer.hashicorp.com/vault/api-docs/system/namespaces

import { Fault } from '../../core/error.ts';
import type { Project } from '../../core/secret.ts';
import type { Handler, VaultRoute } from './route.ts';

const described = ({ id, uid, labels }: Project) => ({ id: uid, path: `${id}/`, custom_metadata: labels });

const list: Handler = ({ view }) => {
  const projects = view.projects();
  return {
    data: {
      keys: projects.map(({ id }) => `${id}/`),
      key_info: Object.fromEntries(projects.map((project) => [`${project.id}/`, described(project)])),
    },
  };
};

const read: Handler = ({ view, params }) => {
  const found = view.projects().find(({ id }) => id === params['name']);
  if (found === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'namespace' });
  return { data: described(found) };
};

export const NAMESPACE_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/namespaces', help: 'List the namespaces.', server: true, list },
  { path: 'sys/namespaces/:name', help: 'Look at a namespace.', server: true, read },
];
