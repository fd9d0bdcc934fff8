// Grants as lines of a table: by which role of which policy, under which condition.

import type { Resource } from '../show.ts';

export interface Grant {
  readonly role: string;
  readonly member: string;
  readonly resource: string;
  readonly condition?: {
    readonly title: string;
    readonly expression: string;
    readonly holds: boolean;
    readonly dependsOn: readonly string[];
  };
}

export interface Read {
  readonly version: number;
  readonly lastReadTime: string;
  readonly workload: string;
  readonly dialect: string;
}

/** One line for each grant, or one where there is none, each with the fields of `about`. */
export function grantLines(about: Resource, grants: readonly Grant[]): readonly Resource[] {
  if (grants.length === 0) return [about];
  return grants.map(({ role, resource, member, condition }) => ({
    ...about,
    role,
    via: member === about['member'] ? resource : `${resource} (${member})`,
    ...(condition === undefined ? {} : { condition: `${condition.title} (${verdict(condition)})` }),
  }));
}

function verdict({ holds, dependsOn }: NonNullable<Grant['condition']>): string {
  const now = holds ? 'holds' : 'fails';
  return dependsOn.length === 0 ? now : `${now}; depends on ${dependsOn.join(', ')}`;
}

/** What a line shows of the newest read. */
export function readCells(read: Read | undefined): Resource {
  return read === undefined ? {} : { lastReadTime: read.lastReadTime, version: read.version };
}
