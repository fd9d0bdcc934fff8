// The one handler table of the dialect: every method of every service by its gRPC path, `/package.Service/Method`. Both
// transports look here, so that they cannot differ.

import type { Method } from './call.ts';
import { credentialsMethods } from './credentials.ts';
import { locationsMethods } from './locations.ts';
import { operationsMethods } from './long-running.ts';
import { projectsMethods } from './projects.ts';
import { publisherMethods, subscriberMethods } from './pubsub.ts';
import { secretManagerMethods } from './secret-manager.ts';
import { serviceAccountsMethods } from './service-accounts.ts';
import { tagBindingsMethods } from './tag-bindings.ts';
import { tagKeysMethods, tagValuesMethods } from './tags.ts';

/** In order of preference where two services have the same path: signBlob of IAM is the deprecated one. */
const ALL: readonly Method[] = [
  ...secretManagerMethods,
  ...projectsMethods,
  ...tagKeysMethods,
  ...tagValuesMethods,
  ...tagBindingsMethods,
  ...credentialsMethods,
  ...serviceAccountsMethods,
  ...locationsMethods,
  ...operationsMethods,
  ...publisherMethods,
  ...subscriberMethods,
];

export const METHODS: ReadonlyMap<string, Method> = new Map(
  ALL.map((method) => [`/${method.desc.parent.typeName}/${method.desc.name}`, method]),
);
