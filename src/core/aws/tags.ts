// Tags of a secret: its labels and annotations as one map. What Google would take as a label is one, the rest are
// annotations. Source: service-2.json `TagListType`, and the tagging rules of AWS's general reference.

import { Fault } from '../error.ts';
import { splitLabels } from '../labels.ts';
import { AWS_TAGS_MAX } from '../limits.ts';
import type { Labels, Secret } from '../secret.ts';

/** The tags that a secret shows. */
export function tagsOf({ labels, annotations }: Pick<Secret, 'labels' | 'annotations'>): Labels {
  return { ...annotations, ...labels };
}

/** The labels and annotations that these tags are; throws LIMIT_REACHED or INVALID_FIELD. */
export function parseTags(tags: Labels): Pick<Secret, 'labels' | 'annotations'> {
  const keys = Object.keys(tags);
  if (keys.length > AWS_TAGS_MAX) throw new Fault('LIMIT_REACHED', { what: 'tags of one secret', limit: AWS_TAGS_MAX });
  if (keys.some((key) => key.toLowerCase().startsWith('aws:'))) {
    throw new Fault('INVALID_FIELD', { field: 'Tags', problem: 'a key must not begin with aws:' });
  }
  return splitLabels(tags);
}
