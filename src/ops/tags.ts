// Tag keys and tag values, as Resource Manager has them: a key belongs to a project, a value to a key, and neither goes
// while something hangs on it. What does not exist is answered like what the caller may not see.
// Source: tag_keys.proto and tag_values.proto; limits: https://cloud.google.com/resource-manager/docs/limits.

import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { TAG_KEYS_PER_PROJECT_MAX, TAG_VALUES_PER_KEY_MAX } from '../core/limits.ts';
import { GLOBAL, type ProjectRef } from '../core/name.ts';
import type { Project } from '../core/secret.ts';
import {
  parseTagDescription,
  parseTagShortName,
  type TagKey,
  type TagKeyOfProject,
  type TagKeyRef,
  type TagValue,
  type TagValueOfProject,
  type TagValueRef,
} from '../core/tag.ts';
import { shownTagValue, tagTarget } from './bound-tags.ts';
import { type Operation, operation, type Target } from './operation.ts';
import { type PageRequest, pageCursor, pageLimit, pageOf } from './paging.ts';
import { policyEtag } from './policies.ts';

export interface CreateTagKey {
  readonly project: ProjectRef;
  readonly shortName: string;
  readonly description: string;
}

export interface CreateTagValue {
  readonly keyId: string;
  readonly shortName: string;
  readonly description: string;
}

export interface DeleteTag {
  readonly id: string;
  readonly etag?: string;
}

export interface ListTagKeys extends PageRequest {
  readonly project: ProjectRef;
}

export interface ListTagValues extends PageRequest {
  readonly keyId: string;
}

export interface ListedTagKeys {
  readonly project: Project;
  readonly keys: readonly TagKey[];
  readonly nextPageToken: string;
}

export interface ListedTagValues extends TagKeyOfProject {
  readonly values: readonly TagValue[];
  readonly nextPageToken: string;
}

/** The numbers in the names of keys and values are as long as Google's. */
const ID_DIGITS = 15;

function found<T>(row: T | undefined, permission: Permission, resource: string): T {
  if (row === undefined) throw new Fault('PERMISSION_DENIED', { permission, resource });
  return row;
}

function checkTagEtag(given: string | undefined, etag: string, tag: string): void {
  if (given !== undefined && given !== etag) throw new Fault('TAG_ETAG_MISMATCH', { tag });
}

/** By its id, or below the project that its name begins with. */
function keyTarget(tag: TagKeyRef): Target {
  if ('id' in tag) return tagTarget('tagKeys', tag.id);
  const { project, shortName } = tag;
  return { project, below: `tagKeys/${shortName}`, asked: `${project}/${shortName}` };
}

function valueTarget(tag: TagValueRef): Target {
  if ('id' in tag) return tagTarget('tagValues', tag.id);
  const { project, keyName, shortName } = tag;
  return { project, below: `tagValues/${keyName}/${shortName}`, asked: shownTagValue(tag) };
}

const keyNeed = (keyId: string) => ({ need: 'tagKey', tag: { id: keyId } }) as const;

export const createTagKey: Operation<CreateTagKey, TagKeyOfProject> = operation({
  name: 'tagKeys.create',
  help: 'make a tag key',
  kind: 'write',
  permission: 'resourcemanager.tagKeys.create',
  target: ({ project, shortName }) => ({ project, creates: `tagKeys/${shortName}`, asked: `projects/${project}` }),
  needs: ({ project }) => ({ all: { need: 'tagKeys', project, after: '', limit: TAG_KEYS_PER_PROJECT_MAX } }) as const,
  decide: (input) => {
    const project = input.project(input.command.project);
    const shortName = parseTagShortName(input.command.shortName, 'tag_key.short_name');
    const description = parseTagDescription(input.command.description, 'tag_key.description');
    if (input.rows.all.some((key) => key.shortName === shortName)) {
      throw new Fault('TAG_KEY_EXISTS', { project: project.id, projectNumber: project.number, name: shortName });
    }
    if (input.rows.all.length >= TAG_KEYS_PER_PROJECT_MAX) {
      throw new Fault('TAGS_FULL', { parent: `projects/${project.id}`, limit: TAG_KEYS_PER_PROJECT_MAX });
    }
    const key: TagKey = {
      id: input.entropy.digits(ID_DIGITS),
      projectUid: project.uid,
      shortName,
      description,
      createdAt: input.now,
      updatedAt: input.now,
      etag: policyEtag(input.entropy.etag()),
    };
    return { result: { project, key }, changes: [{ change: 'tagKey.insert', key }] };
  },
});

export const getTagKey: Operation<{ readonly tag: TagKeyRef }, TagKeyOfProject> = operation({
  name: 'tagKeys.get',
  help: 'show a tag key',
  kind: 'read',
  permission: 'resourcemanager.tagKeys.get',
  target: ({ tag }) => keyTarget(tag),
  needs: ({ tag }) => ({ key: { need: 'tagKey', tag } }) as const,
  decide: (input) => ({
    result: found(input.rows.key, 'resourcemanager.tagKeys.get', keyTarget(input.command.tag).asked),
  }),
});

const keysScope = ({ project }: ListTagKeys) => `tagKeys.list projects/${project}`;

export const listTagKeys: Operation<ListTagKeys, ListedTagKeys> = operation({
  name: 'tagKeys.list',
  help: 'list the tag keys of a project',
  kind: 'read',
  permission: 'resourcemanager.tagKeys.list',
  target: ({ project }) => ({ project, asked: `projects/${project}` }),
  needs: (command, keyring) =>
    ({
      found: {
        need: 'tagKeys',
        project: command.project,
        after: pageCursor(keyring, keysScope(command), command, ''),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => ({ result: { project: input.project(input.command.project), rows: input.rows.found } }),
  finish: ({ project, rows }, command, { keyring }) => {
    const page = pageOf(keyring, keysScope(command), command, rows, ({ shortName }) => shortName);
    return { project, keys: page.rows, nextPageToken: page.nextPageToken };
  },
});

export const deleteTagKey: Operation<DeleteTag, TagKeyOfProject> = operation({
  name: 'tagKeys.delete',
  help: 'delete a tag key that has no values',
  kind: 'write',
  permission: 'resourcemanager.tagKeys.delete',
  target: ({ id }) => tagTarget('tagKeys', id),
  needs: ({ id }) => ({ key: keyNeed(id), values: { need: 'tagValues', keyId: id, after: '', limit: 1 } }) as const,
  decide: (input) => {
    const { id, etag } = input.command;
    const name = `tagKeys/${id}`;
    const result = found(input.rows.key, 'resourcemanager.tagKeys.delete', name);
    checkTagEtag(etag, result.key.etag, name);
    if (input.rows.values.length > 0) throw new Fault('TAG_KEY_IN_USE', { key: name });
    return { result, changes: [{ change: 'tagKey.delete', id }] };
  },
});

export const createTagValue: Operation<CreateTagValue, TagValueOfProject> = operation({
  name: 'tagValues.create',
  help: 'make a value of a tag key',
  kind: 'write',
  permission: 'resourcemanager.tagValues.create',
  target: ({ keyId, shortName }) => ({
    ...tagTarget('tagKeys', keyId),
    creates: `tagKeys/${keyId}/tagValues/${shortName}`,
  }),
  needs: ({ keyId }) =>
    ({ key: keyNeed(keyId), all: { need: 'tagValues', keyId, after: '', limit: TAG_VALUES_PER_KEY_MAX } }) as const,
  decide: (input) => {
    const { keyId } = input.command;
    const name = `tagKeys/${keyId}`;
    const { project, key } = found(input.rows.key, 'resourcemanager.tagValues.create', name);
    const shortName = parseTagShortName(input.command.shortName, 'tag_value.short_name');
    const description = parseTagDescription(input.command.description, 'tag_value.description');
    if (input.rows.all.some((value) => value.shortName === shortName)) {
      throw new Fault('TAG_VALUE_EXISTS', { key: name, name: shortName });
    }
    if (input.rows.all.length >= TAG_VALUES_PER_KEY_MAX) {
      throw new Fault('TAGS_FULL', { parent: name, limit: TAG_VALUES_PER_KEY_MAX });
    }
    const value: TagValue = {
      id: input.entropy.digits(ID_DIGITS),
      keyId,
      shortName,
      description,
      createdAt: input.now,
      updatedAt: input.now,
      etag: policyEtag(input.entropy.etag()),
    };
    return { result: { project, key, value }, changes: [{ change: 'tagValue.insert', value }] };
  },
});

export const getTagValue: Operation<{ readonly tag: TagValueRef }, TagValueOfProject> = operation({
  name: 'tagValues.get',
  help: 'show a tag value',
  kind: 'read',
  permission: 'resourcemanager.tagValues.get',
  target: ({ tag }) => valueTarget(tag),
  needs: ({ tag }) => ({ found: { need: 'tagValuesNamed', tags: [tag] } }) as const,
  decide: (input) => ({
    result: found(input.rows.found[0], 'resourcemanager.tagValues.get', shownTagValue(input.command.tag)),
  }),
});

const valuesScope = ({ keyId }: ListTagValues) => `tagValues.list tagKeys/${keyId}`;

export const listTagValues: Operation<ListTagValues, ListedTagValues> = operation({
  name: 'tagValues.list',
  help: 'list the values of a tag key',
  kind: 'read',
  permission: 'resourcemanager.tagValues.list',
  target: ({ keyId }) => tagTarget('tagKeys', keyId),
  needs: (command, keyring) =>
    ({
      key: keyNeed(command.keyId),
      values: {
        need: 'tagValues',
        keyId: command.keyId,
        after: pageCursor(keyring, valuesScope(command), command, ''),
        limit: pageLimit(command) + 1,
      },
    }) as const,
  decide: (input) => {
    const key = found(input.rows.key, 'resourcemanager.tagValues.list', `tagKeys/${input.command.keyId}`);
    return { result: { ...key, rows: input.rows.values } };
  },
  finish: ({ project, key, rows }, command, { keyring }) => {
    const page = pageOf(keyring, valuesScope(command), command, rows, ({ shortName }) => shortName);
    return { project, key, values: page.rows, nextPageToken: page.nextPageToken };
  },
});

export const deleteTagValue: Operation<DeleteTag, TagValueOfProject> = operation({
  name: 'tagValues.delete',
  help: 'delete a tag value that no secret has',
  kind: 'write',
  permission: 'resourcemanager.tagValues.delete',
  target: ({ id }) => tagTarget('tagValues', id),
  needs: ({ id }) =>
    ({ found: { need: 'tagValuesNamed', tags: [{ id }] }, use: { need: 'tagUse', valueId: id } }) as const,
  decide: (input) => {
    const { id, etag } = input.command;
    const name = `tagValues/${id}`;
    const result = found(input.rows.found[0], 'resourcemanager.tagValues.delete', name);
    checkTagEtag(etag, result.value.etag, name);
    const { use } = input.rows;
    if (use !== undefined) throw new Fault('TAG_VALUE_IN_USE', { value: name, place: use === GLOBAL ? 'global' : use });
    return { result, changes: [{ change: 'tagValue.delete', id }] };
  },
});
