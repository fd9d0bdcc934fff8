// Making, describing and deleting namespaces: the same operations by which the projects are made that they are. The root
// namespace alone has these paths, and they take `sudo`, or what IAM asks of whoever does it to a project.
// Source: https://developer.hashicorp.com/vault/api-docs/system/namespaces and OpenBao's recorded answers.

import { Fault } from '../../core/error.ts';
import { splitLabels } from '../../core/labels.ts';
import { type ProjectId, parseProjectId, parseProjectRef } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import { DEFAULT_PROJECT } from '../../ops/bootstrap.ts';
import { deleteProject } from '../../ops/delete-project.ts';
import { attempt, then } from '../../ops/maybe.ts';
import { createProject, getProject, type ProjectResult } from '../../ops/projects.ts';
import { customMetadataOf } from '../../ops/vault/custom-metadata.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import { describedNamespace } from '../../ops/vault/namespaces.ts';
import { describeProject } from '../../ops/vault/project-metadata.ts';
import type { WireResponse } from '../../wire/types.ts';
import { enveloped } from './answer.ts';
import { VaultError, type VaultRequest } from './request.ts';

const PATH = /^sys\/namespaces\/(.+?)\/?$/;

interface Asked {
  readonly door: VaultDoor;
  readonly entered: Entered;
  readonly request: VaultRequest;
  /** Asks for `sudo` at the path of the request. */
  readonly caller: Caller;
}

/** Whether a request changes a namespace. */
export function changesNamespace({ path, verb, query }: VaultRequest): boolean {
  return verb !== 'read' && verb !== 'list' && query.get('help') !== '1' && PATH.test(path);
}

/** Throws VaultError for what no namespace can be; whoever asks was not judged then. */
export function namespaceCall(asked: Asked): Maybe<WireResponse> {
  const { entered, request } = asked;
  if (entered.project !== DEFAULT_PROJECT)
    throw new VaultError(400, 'sys/namespaces is about the whole server: ask the root namespace');
  const name = PATH.exec(request.path)?.[1] ?? '';
  if (name.includes('/')) throw new VaultError(400, 'namespace name cannot contain /');
  if (name === DEFAULT_PROJECT || name === 'root') throw new VaultError(400, `"${name}" is the root namespace`);
  const shown = ({ project }: ProjectResult) => enveloped(request, { data: describedNamespace(project) });
  if (request.verb === 'write') return then(make(asked, name), shown);
  if (request.verb === 'patch') return then(describe(asked, idOf(name), true), shown);
  return remove(asked, idOf(name));
}

function make({ door, entered, request, caller }: Asked, name: string): Maybe<ProjectResult> {
  const { data } = request;
  if (entered.mounts[`${name}/`] !== undefined)
    throw new VaultError(400, `"${name}/" is a mount of the root namespace and cannot be a namespace`);
  for (const field of ['seal', 'pgp_keys']) {
    if (data[field] !== undefined) throw new VaultError(400, `${field}: a namespace has no seal of its own`);
  }
  const id = idOf(name);
  const custom = customMetadataOf(data, {});
  const fresh = { id, displayName: '', ...splitLabels(custom ?? {}) };
  return attempt(
    () => door.call(createProject, caller, fresh),
    (error) => {
      if (!(error instanceof Fault) || error.code !== 'PROJECT_EXISTS') throw error;
      if (custom !== undefined) return describe({ door, entered, request, caller }, id, false);
      return door.call(getProject, caller, { project: parseProjectRef(id) });
    },
  );
}

function describe({ door, request, caller }: Asked, id: ProjectId, isPatch: boolean): Maybe<ProjectResult> {
  const customMetadata = request.data['custom_metadata'];
  if (customMetadata === undefined) throw new VaultError(400, 'missing required field "custom_metadata"');
  return door.call(describeProject, caller, { project: parseProjectRef(id), customMetadata, isPatch });
}

function remove({ door, request, caller }: Asked, id: ProjectId): Maybe<WireResponse> {
  return attempt(
    () =>
      then(door.call(deleteProject, caller, { project: parseProjectRef(id) }), () =>
        enveloped(request, { data: { status: 'deleted' } }),
      ),
    (error) => {
      if (!(error instanceof Fault) || error.code !== 'PROJECT_NOT_FOUND') throw error;
      return enveloped(request, { warnings: ['requested namespace does not exist'] });
    },
  );
}

function idOf(name: string): ProjectId {
  try {
    return parseProjectId(name);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const said = `"${name.slice(0, 64)}" cannot be a namespace, which is a project: its id has ${error.facts['problem']}`;
    throw new VaultError(400, said);
  }
}
