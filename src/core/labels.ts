// Labels and annotations, as resources.proto describes them: which characters, how many, how long.

import { Fault } from './error.ts';
import {
  ANNOTATION_KEY_CHARS_MAX,
  ANNOTATIONS_BYTES_MAX,
  LABEL_BYTES_MAX,
  LABEL_KEY_CHARS_MAX,
  LABEL_VALUE_CHARS_MAX,
  LABELS_MAX,
} from './limits.ts';
import type { Labels } from './secret.ts';

const LABEL_KEY = new RegExp(`^[\\p{Ll}\\p{Lo}][\\p{Ll}\\p{Lo}\\p{N}_-]{0,${LABEL_KEY_CHARS_MAX - 1}}$`, 'u');
const LABEL_VALUE = new RegExp(`^[\\p{Ll}\\p{Lo}\\p{N}_-]{0,${LABEL_VALUE_CHARS_MAX}}$`, 'u');
const ANNOTATION_KEY = new RegExp(`^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,${ANNOTATION_KEY_CHARS_MAX - 2}}[A-Za-z0-9])?$`);

const encoder = new TextEncoder();

function byteLength(text: string): number {
  return encoder.encode(text).length;
}

/** The labels themselves, where each is legal; throws INVALID_FIELD that names the first that is not. */
export function parseLabels(labels: Labels): Labels {
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    const problem = `at most ${LABELS_MAX} labels are allowed`;
    throw new Fault('INVALID_FIELD', { field: 'labels', problem, rule: 'count', found: entries.length });
  }
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key) || byteLength(key) > LABEL_BYTES_MAX) {
      throw new Fault('INVALID_FIELD', {
        field: 'labels',
        problem: `a key has 1 to ${LABEL_KEY_CHARS_MAX} lower-case letters, digits, _ and -, and starts with a letter`,
      });
    }
    if (!LABEL_VALUE.test(value) || byteLength(value) > LABEL_BYTES_MAX) {
      throw new Fault('INVALID_FIELD', {
        field: 'labels',
        problem: `a value has at most ${LABEL_VALUE_CHARS_MAX} lower-case letters, digits, _ and -`,
      });
    }
  }
  return labels;
}

/** What Google would take as a label is one, the rest are annotations. */
export function splitLabels(tags: Labels): { readonly labels: Labels; readonly annotations: Labels } {
  const labels: Record<string, string> = {};
  const annotations: Record<string, string> = {};
  for (const [key, value] of Object.entries(tags)) (isLabel(key, value) ? labels : annotations)[key] = value;
  return { labels, annotations };
}

function isLabel(key: string, value: string): boolean {
  try {
    return Object.keys(parseLabels({ [key]: value })).length === 1;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** The annotations themselves, where each is legal, or was there `before`, and all together fit. */
export function parseAnnotations(annotations: Labels, before: Labels = {}): Labels {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations)) {
    if (!ANNOTATION_KEY.test(key) && !Object.hasOwn(before, key)) {
      throw new Fault('INVALID_FIELD', {
        field: 'annotations',
        problem: `a key has 1 to ${ANNOTATION_KEY_CHARS_MAX} letters, digits and . _ - inside`,
        rule: 'name',
        name: key,
      });
    }
    bytes += byteLength(key) + byteLength(value);
  }
  if (bytes > ANNOTATIONS_BYTES_MAX) throw new Fault('ANNOTATIONS_TOO_LARGE', { limitBytes: ANNOTATIONS_BYTES_MAX });
  return annotations;
}
