// What of tags the store is asked for, how it answers, and what can be changed in it: part of the ports of the core.

import type { Location, ProjectRef } from './name.ts';
import type { SecretPlace } from './ports.ts';
import type { Project, Uid } from './secret.ts';
import type { TagKey, TagKeyOfProject, TagKeyRef, TagValue, TagValueOfProject, TagValueRef } from './tag.ts';

export type TagNeed =
  | { readonly need: 'tagKey'; readonly tag: TagKeyRef }
  | { readonly need: 'tagKeys'; readonly project: ProjectRef; readonly after: string; readonly limit: number }
  | { readonly need: 'tagValues'; readonly keyId: string; readonly after: string; readonly limit: number }
  | { readonly need: 'tagValuesNamed'; readonly tags: readonly TagValueRef[] }
  /** The project of a tag key or value by its id, whose policy decides. */
  | { readonly need: 'projectOfTag'; readonly kind: 'tagKeys' | 'tagValues'; readonly id: string }
  | ({ readonly need: 'tagsOfSecret' } & SecretPlace)
  /** Where a secret lives that has this value, deleted ones among them. */
  | { readonly need: 'tagUse'; readonly valueId: string };

export interface TagRowByNeed {
  readonly tagKey: TagKeyOfProject | undefined;
  /** By short name, ascending. */
  readonly tagKeys: readonly TagKey[];
  readonly tagValues: readonly TagValue[];
  /** For each that was asked for: the value, or undefined where there is none. */
  readonly tagValuesNamed: readonly (TagValueOfProject | undefined)[];
  readonly projectOfTag: Project | undefined;
  /** By the value's id, ascending. */
  readonly tagsOfSecret: readonly TagValueOfProject[];
  readonly tagUse: Location | undefined;
}

export type TagChange =
  | { readonly change: 'tagKey.insert'; readonly key: TagKey }
  | { readonly change: 'tagKey.delete' | 'tagValue.delete'; readonly id: string }
  | { readonly change: 'tagValue.insert'; readonly value: TagValue }
  /** That a secret has a value; what conditions see of it is part of the secret. */
  | { readonly change: 'tagBinding.insert' | 'tagBinding.delete'; readonly secretUid: Uid; readonly valueId: string };
