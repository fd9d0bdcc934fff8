// Tags set and taken away one by one, where the other dialects replace them all: TagResource and UntagResource.

import { parseTags, tagsOf } from '../../core/aws/tags.ts';
import { secretEvent } from '../../core/events.ts';
import type { Labels, Secret } from '../../core/secret.ts';
import { type Operation, operation } from '../operation.ts';
import { eventOf, secretTarget } from '../secrets.ts';
import type { AwsRef, AwsResult } from './ref.ts';

export interface TagSecret extends AwsRef {
  readonly set?: Labels;
  readonly removed?: readonly string[];
}

export const tagSecret: Operation<TagSecret, AwsResult> = operation({
  name: 'secrets.tag',
  help: 'set or remove labels and annotations of a secret one by one',
  kind: 'write',
  permission: 'secretmanager.secrets.update',
  target: (command) => secretTarget(command),
  decide: (input) => {
    const { set = {}, removed = [] } = input.command;
    const project = input.project(input.command.project);
    const before = input.secret(input.command);
    const gone = new Set(removed);
    const kept = Object.entries(tagsOf(before)).filter(([key]) => !gone.has(key));
    const secret: Secret = {
      ...before,
      ...parseTags({ ...Object.fromEntries(kept), ...set }),
      aws: { changedAt: 0, ...before.aws },
      etag: input.entropy.etag(),
    };
    return {
      result: { project, secret },
      changes: [{ change: 'secret.update', secret }],
      events: [secretEvent('SECRET_UPDATE', eventOf(input, project, secret))],
    };
  },
});
