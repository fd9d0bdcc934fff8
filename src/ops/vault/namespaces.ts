// Namespaces, which are the projects of the server: told to whoever administers it, by the root namespace. They are made,
// described and deleted by the operations that projects have.
// Source: https://developer.hashicorp.com/vault/api-docs/system/namespaces and OpenBao's recorded answers.

import { Fault } from '../../core/error.ts';
import type { Project } from '../../core/secret.ts';
import { DEFAULT_PROJECT } from '../bootstrap.ts';
import { metadataOfProject } from './project-metadata.ts';
import type { Handler, VaultRoute } from './route.ts';

/** What Vault's clients are told of a namespace. */
export function describedNamespace(project: Project): Readonly<Record<string, unknown>> {
  const { id, uid } = project;
  const uuid = uid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return { id: uid, uuid, path: `${id}/`, tainted: false, locked: false, custom_metadata: metadataOfProject(project) };
}

const list: Handler = ({ view }) => {
  const projects = view.projects().filter(({ id }) => id !== DEFAULT_PROJECT);
  return {
    data: {
      keys: projects.map(({ id }) => `${id}/`),
      key_info: Object.fromEntries(projects.map((project) => [`${project.id}/`, describedNamespace(project)])),
    },
  };
};

const read: Handler = ({ view, params }) => {
  const found = view.projects().find(({ id }) => id === params['name'] && id !== DEFAULT_PROJECT);
  if (found === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'namespace' });
  return { data: describedNamespace(found) };
};

export const NAMESPACE_ROUTES: readonly VaultRoute[] = [
  { path: 'sys/namespaces', help: 'List the namespaces.', server: true, list },
  { path: 'sys/namespaces/:name', help: 'Make, look at, describe or delete a namespace.', server: true, read },
];
