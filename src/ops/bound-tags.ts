// Which tags a caller may give to a secret, or take from it: that takes a permission on the secret, and one on the value.
// A value that is not there is answered like one that the caller may not use, as Resource Manager answers it.

import { Fault } from '../core/error.ts';
import type { Permission } from '../core/iam/permissions.ts';
import { authorise } from '../core/iam/policy.ts';
import type { Labels } from '../core/secret.ts';
import { hasTagKey, namedTags, parseTags, type TagValueOfProject, type TagValueRef, withTag } from '../core/tag.ts';
import { contextOf } from './conditions.ts';
import { policyChain } from './judgement.ts';
import type { Input, Scope, Target } from './operation.ts';

/** Who asks, and when. */
type Asker = Pick<Input<unknown, Record<never, never>, unknown>, 'scope' | 'caller' | 'now'>;

export interface BoundTags {
  /** As the secret keeps them. */
  readonly tags: Labels;
  readonly bound: readonly TagValueOfProject[];
}

/** The values to load: what can name none exists nowhere, and is refused before it is missed. */
export const tagsNeed = (tags: Labels = {}) =>
  ({ need: 'tagValuesNamed', tags: namedTags(tags).map(({ value }) => value) }) as const;

/** A value as a request named it. */
export function shownTagValue(tag: TagValueRef): string {
  return 'id' in tag ? `tagValues/${tag.id}` : `${tag.project}/${tag.keyName}/${tag.shortName}`;
}

/** The target of what is about one key or value. */
export function tagTarget(kind: 'tagKeys' | 'tagValues', id: string): Target {
  return { tag: { kind, id }, below: `${kind}/${id}`, asked: `${kind}/${id}` };
}

/** The value, where the caller has this permission on it; throws PERMISSION_DENIED, also where there is none. */
export function usableTag(
  input: Asker,
  permission: Permission,
  asked: TagValueRef,
  tag: TagValueOfProject | undefined,
): TagValueOfProject {
  if (tag !== undefined) {
    const scope: Scope = { server: input.scope.server, project: tag.project, secret: undefined };
    if (allows(input, permission, scope, tagTarget('tagValues', tag.value.id))) return tag;
  }
  throw new Fault('PERMISSION_DENIED', { permission, resource: shownTagValue(asked) });
}

function allows(input: Asker, permission: Permission, scope: Scope, target: Target): boolean {
  const context = contextOf(target, scope, input.now);
  return authorise(permission, input.caller.principal, policyChain(scope), context) !== undefined;
}

/**
 * The tags of a secret to be; `found` is what was loaded for them. Throws PERMISSION_DENIED, or INVALID_FIELD where they
 * are no tags, or give one key two values.
 */
export function tagsOfNewSecret(
  input: Asker,
  target: Target,
  asked: Labels,
  found: readonly (TagValueOfProject | undefined)[],
): BoundTags {
  const named = parseTags(asked);
  const permission = 'secretmanager.secrets.createTagBinding';
  if (named.length > 0 && !allows(input, permission, input.scope, target)) {
    throw new Fault('PERMISSION_DENIED', { permission, resource: target.asked });
  }
  let tags: Labels = {};
  const bound = named.map(({ value, keyId }, index) => {
    const tag = usableTag(input, 'resourcemanager.tagValueBindings.create', value, found[index]);
    if (keyId !== undefined && keyId !== tag.key.id) {
      throw new Fault('INVALID_FIELD', { field: 'tags', problem: 'each value must be one of its key' });
    }
    if (hasTagKey(tags, tag.key.id)) {
      throw new Fault('INVALID_FIELD', { field: 'tags', problem: 'each key may be named once' });
    }
    tags = withTag(tags, tag);
    return tag;
  });
  return { tags, bound };
}
