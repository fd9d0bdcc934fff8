// How Coffer's own API names a secret and a version of it: the fields that its routes share, and what they mean.

import { GLOBAL, parseLocation, parseProjectRef, parseSecretName, secretKey } from '../core/name.ts';
import type { Fields, FieldValues } from './fields.ts';
import type { SecretRef } from './secrets.ts';

export const nativeFields = {
  project: { type: 'string', help: 'the project, by id or number', required: true },
  location: { type: 'string', help: 'the region of a regional secret' },
  secret: { type: 'string', help: 'the name of the secret', required: true },
} as const satisfies Fields;

export const nativeVersion = {
  version: { type: 'integer', help: 'the number of the version', required: true, min: 1 },
} as const satisfies Fields;

/** The secret that those fields name; throws INVALID_FIELD. */
export function nativeSecret({ project, location, secret }: FieldValues): SecretRef {
  return {
    project: parseProjectRef(String(project)),
    location: location === undefined ? GLOBAL : parseLocation(String(location)),
    key: secretKey(parseSecretName(String(secret))),
  };
}
