// Secrets: the named, ordered series of versions. Order of the checks is Google's: permission, existence, etag, fields.

import { Fault } from '../core/error.ts';
import { EMPTY_POLICY } from '../core/iam/policy.ts';
import { parseAnnotations, parseLabels } from '../core/labels.ts';
import { type ProjectRef, type SecretKey, type SecretName, secretKey } from '../core/name.ts';
import type { Labels, Project, Replication, Secret } from '../core/secret.ts';
import { type Operation, operation, secretFacts, type Target } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';

export interface SecretRef {
  readonly project: ProjectRef;
  readonly key: SecretKey;
}

/** A secret with the project it lives in, which dialects name it by. */
export interface SecretResult {
  readonly project: Project;
  readonly secret: Secret;
}

export interface CreateSecret {
  readonly project: ProjectRef;
  readonly name: SecretName;
  readonly replication: Replication;
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface ListSecrets extends PageRequest {
  readonly project: ProjectRef;
}

export interface ListedSecrets {
  readonly project: Project;
  readonly secrets: readonly Secret[];
  readonly total: number;
  readonly nextPageToken: string;
}

export interface UpdateSecret extends SecretRef {
  readonly etag?: string;
  /** Absent: stays; present: replaced whole. */
  readonly labels?: Labels;
  readonly annotations?: Labels;
}

export interface DeleteSecret extends SecretRef {
  readonly etag?: string;
}

/** The target of an operation on one secret; `suffix` names what below it was asked for. */
export function secretTarget(ref: SecretRef, suffix = ''): Target {
  return { project: ref.project, secret: ref.key, asked: `projects/${ref.project}/secrets/${ref.key}${suffix}` };
}

/** Throws ETAG_MISMATCH where the caller named an etag that is not the current one. */
export function checkEtag(given: string | undefined, current: string): void {
  if (given !== undefined && given !== current) throw new Fault('ETAG_MISMATCH');
}

export const createSecret: Operation<CreateSecret, SecretResult> = operation({
  name: 'secrets.create',
  help: 'make a secret without any version',
  kind: 'write',
  permission: 'secretmanager.secrets.create',
  target: ({ project, name }) => ({ project, creates: `secrets/${name}`, asked: `projects/${project}` }),
  needs: ({ project, name }) => ({ existing: { need: 'secret', project, key: secretKey(name) } }) as const,
  decide: (input) => {
    const { name, labels, annotations, replication } = input.command;
    const project = input.project(input.command.project);
    if (input.rows.existing !== undefined) throw new Fault('SECRET_EXISTS', secretFacts(project, name));
    const secret: Secret = {
      uid: input.entropy.uid(),
      projectUid: project.uid,
      name,
      createdAt: input.now,
      labels: parseLabels(labels),
      annotations: parseAnnotations(annotations),
      replication,
      etag: input.entropy.etag(),
      policy: EMPTY_POLICY,
      lastVersion: 0,
      currentVersion: 0,
    };
    return {
      result: { project, secret },
      changes: [{ change: 'secret.insert', secret }],
    };
  },
});

export const getSecret: Operation<SecretRef, SecretResult> = operation({
  name: 'secrets.get',
  help: 'show what a secret is, without its values',
  kind: 'read',
  permission: 'secretmanager.secrets.get',
  target: (command) => secretTarget(command),
  decide: (input) => ({
    result: { secret: input.secret(input.command), project: input.project(input.command.project) },
  }),
});

const listScope = (command: ListSecrets) => `secrets.list projects/${command.project}`;

export const listSecrets: Operation<ListSecrets, ListedSecrets> = operation({
  name: 'secrets.list',
  help: 'list the secrets of a project, newest first',
  kind: 'read',
  permission: 'secretmanager.secrets.list',
  target: ({ project }) => ({ project, asked: `projects/${project}` }),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'secrets',
        project: command.project,
        before: Number(pageCursor(keyring, listScope(command), command, '0')),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({
    result: { project: input.project(input.command.project), found: input.rows.found },
  }),
  finish: ({ project, found }, command, { keyring }) => {
    const page = pageOf(keyring, listScope(command), command, found.rows, (row) => String(row.cursor));
    return {
      project,
      secrets: page.rows.map((row) => row.secret),
      total: found.total,
      nextPageToken: page.nextPageToken,
    };
  },
});

export const updateSecret: Operation<UpdateSecret, SecretResult> = operation({
  name: 'secrets.update',
  help: 'replace the labels or annotations of a secret',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  target: (command) => secretTarget(command),
  decide: (input) => {
    const { labels, annotations, etag } = input.command;
    const before = input.secret(input.command);
    checkEtag(etag, before.etag);
    const secret: Secret = {
      ...before,
      ...(labels === undefined ? {} : { labels: parseLabels(labels) }),
      ...(annotations === undefined ? {} : { annotations: parseAnnotations(annotations) }),
      etag: input.entropy.etag(),
    };
    return {
      result: { project: input.project(input.command.project), secret },
      changes: [{ change: 'secret.update', secret }],
    };
  },
});

export const deleteSecret: Operation<DeleteSecret, undefined> = operation({
  name: 'secrets.delete',
  help: 'delete a secret and every version of it, at once and for good',
  kind: 'write',
  permission: 'secretmanager.secrets.delete',
  target: (command) => secretTarget(command),
  decide: (input) => {
    const secret = input.secret(input.command);
    checkEtag(input.command.etag, secret.etag);
    return {
      result: undefined,
      changes: [{ change: 'secret.delete', uid: secret.uid }],
      details: { versions: secret.lastVersion },
    };
  },
});
