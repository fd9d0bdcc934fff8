// Which tags a secret has. A binding is kept twice in one transaction: as a row, by which a value knows that it is in
// use, and in the secret, where conditions see it. It moves neither the secret's etag nor tells its topics.
// Source: tag_bindings.proto and https://cloud.google.com/secret-manager/docs/create-and-manage-tags.

import { Fault } from '../core/error.ts';
import { TAGS_MAX } from '../core/limits.ts';
import type { Secret } from '../core/secret.ts';
import { hasTagKey, type TagValueOfProject, type TagValueRef, withoutTag, withTag } from '../core/tag.ts';
import { usableTag } from './bound-tags.ts';
import { type Operation, operation } from './operation.ts';
import { type PageRequest, pageCursor, pageOf } from './paging.ts';
import { placeOf, type SecretRef, type SecretResult, secretTarget } from './secrets.ts';

export interface BindTag extends SecretRef {
  readonly tag: TagValueRef;
}

export interface TagBindingResult extends SecretResult {
  readonly tag: TagValueOfProject;
}

export interface ListTagsOfSecret extends SecretRef, PageRequest {}

export interface ListedTagsOfSecret extends SecretResult {
  readonly tags: readonly TagValueOfProject[];
  readonly nextPageToken: string;
}

const has = ({ tags }: Secret, { key, value }: TagValueOfProject) =>
  hasTagKey(tags, key.id) && tags[`tagKeys/${key.id}`] === `tagValues/${value.id}`;

const tagNeed = ({ tag }: BindTag) => ({ found: { need: 'tagValuesNamed', tags: [tag] } }) as const;

export const createTagBinding: Operation<BindTag, TagBindingResult> = operation({
  name: 'tagBindings.create',
  help: 'give a secret a tag',
  kind: 'write',
  permission: 'secretmanager.secrets.createTagBinding',
  target: (command) => secretTarget(command),
  needs: tagNeed,
  decide: (input) => {
    const { command } = input;
    const project = input.project(command.project);
    const before = input.secret(command);
    const tag = usableTag(input, 'resourcemanager.tagValueBindings.create', command.tag, input.rows.found[0]);
    const { asked } = secretTarget(command);
    if (has(before, tag)) throw new Fault('TAG_BINDING_EXISTS', { secret: asked, value: `tagValues/${tag.value.id}` });
    if (hasTagKey(before.tags, tag.key.id)) {
      throw new Fault('TAG_KEY_BOUND', { secret: asked, key: `tagKeys/${tag.key.id}` });
    }
    if (Object.keys(before.tags).filter((name) => name.startsWith('tagKeys/')).length >= TAGS_MAX) {
      throw new Fault('TAGS_FULL', { parent: asked, limit: TAGS_MAX });
    }
    const secret: Secret = { ...before, tags: withTag(before.tags, tag) };
    return {
      result: { project, secret, tag },
      changes: [
        { change: 'secret.update', secret },
        { change: 'tagBinding.insert', secretUid: secret.uid, valueId: tag.value.id },
      ],
      details: { tagKey: tag.key.id, tagValue: tag.value.id },
    };
  },
});

export const deleteTagBinding: Operation<BindTag, undefined> = operation({
  name: 'tagBindings.delete',
  help: 'take a tag from a secret',
  kind: 'write',
  permission: 'secretmanager.secrets.deleteTagBinding',
  target: (command) => secretTarget(command),
  needs: tagNeed,
  decide: (input) => {
    const { command } = input;
    const before = input.secret(command);
    const tag = usableTag(input, 'resourcemanager.tagValueBindings.delete', command.tag, input.rows.found[0]);
    if (!has(before, tag)) {
      throw new Fault('TAG_BINDING_NOT_FOUND', {
        secret: secretTarget(command).asked,
        value: `tagValues/${tag.value.id}`,
      });
    }
    const secret: Secret = { ...before, tags: withoutTag(before.tags, tag) };
    return {
      result: undefined,
      changes: [
        { change: 'secret.update', secret },
        { change: 'tagBinding.delete', secretUid: secret.uid, valueId: tag.value.id },
      ],
      details: { tagKey: tag.key.id, tagValue: tag.value.id },
    };
  },
});

/** A list of the tags of a secret; it has few, so they are loaded whole. */
function tagList(
  name: string,
  help: string,
  permission: 'secretmanager.secrets.listTagBindings' | 'secretmanager.secrets.listEffectiveTags',
): Operation<ListTagsOfSecret, ListedTagsOfSecret> {
  const scope = (command: ListTagsOfSecret) => `${name} ${secretTarget(command).asked}`;
  return operation({
    name,
    help,
    kind: 'read',
    permission,
    target: (command: ListTagsOfSecret) => secretTarget(command),
    needs: (command) => ({ tags: { need: 'tagsOfSecret', ...placeOf(command) } }) as const,
    decide: (input) => ({
      result: {
        project: input.project(input.command.project),
        secret: input.secret(input.command),
        rows: input.rows.tags,
      },
    }),
    finish: ({ rows, ...of }, command, { keyring }) => {
      const after = pageCursor(keyring, scope(command), command, '');
      const rest = rows.filter(({ value }) => value.id > after);
      const page = pageOf(keyring, scope(command), command, rest, ({ value }) => value.id);
      return { ...of, tags: page.rows, nextPageToken: page.nextPageToken };
    },
  });
}

export const listTagBindings: Operation<ListTagsOfSecret, ListedTagsOfSecret> = tagList(
  'tagBindings.list',
  'list the tags that a secret was given',
  'secretmanager.secrets.listTagBindings',
);

/** Nothing is inherited: projects have no tags of their own here. */
export const listEffectiveTags: Operation<ListTagsOfSecret, ListedTagsOfSecret> = tagList(
  'tagBindings.listEffective',
  'list the tags that count for a secret',
  'secretmanager.secrets.listEffectiveTags',
);
