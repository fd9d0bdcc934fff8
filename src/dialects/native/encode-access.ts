// The census and the access questions as JSON: who reads a secret, who could, and why.

import type { Consumer } from '../../core/census.ts';
import type { FoundGrant } from '../../core/iam/grants.ts';
import { GLOBAL, locationPart } from '../../core/name.ts';
import type { Project, Secret } from '../../core/secret.ts';
import type { Explanation, WhoAnswer } from '../../ops/access.ts';
import type { Consumers } from '../../ops/consumers.ts';
import type { Impact } from '../../ops/impact.ts';
import type { WhatAnswer } from '../../ops/reach.ts';
import type { ReaderGuard } from '../../ops/reader-settings.ts';

type Json = Readonly<Record<string, unknown>>;

export const time = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** How this API names a secret. */
export const nameOf = (project: Project, { location, name }: Secret): Json => ({
  project: project.id,
  ...(location === GLOBAL ? {} : { location }),
  secret: name,
});

const resourceOf = (project: Project, { location, name }: Secret): string =>
  `projects/${project.id}/${locationPart(location)}secrets/${name}`;

const consumer = (each: Consumer): Json => ({
  principal: each.principal,
  workload: each.workload,
  dialect: each.dialect,
  version: each.version,
  state: each.state,
  current: each.isCurrent,
  lastReadTime: time(each.lastSeenAt),
  reads: each.reads,
  standsOn: each.standsOn.map(({ version }) => version).sort((a, b) => a - b),
});

const grant = ({ role, member, resource, verdict }: FoundGrant): Json => ({
  role,
  member,
  resource,
  ...(verdict === undefined
    ? {}
    : {
        condition: {
          title: verdict.condition.title,
          expression: verdict.condition.expression,
          holds: verdict.holds,
          dependsOn: verdict.dependsOn,
        },
      }),
});

const readBy = (read: Consumer | undefined): Json => (read === undefined ? {} : { read: consumer(read) });

const denied = ({ deniedBy }: { readonly deniedBy?: string }): Json => (deniedBy === undefined ? {} : { deniedBy });

const explanation = ({ principal, permission, resource, access, grants, dialects, hidden, ...more }: Explanation) => ({
  principal,
  permission,
  resource,
  access,
  grants: grants.map(grant),
  ...denied(more),
  dialects,
  hidden,
  ...readBy(more.read),
});

const impact = ({ project, losing, isComplete }: Impact): Json => ({
  project: project.id,
  losing: losing.map(({ principal, secret, sighting }) => ({
    principal,
    resource: resourceOf(project, secret),
    workload: sighting.workload,
    dialect: sighting.dialect,
    version: sighting.version,
    lastReadTime: time(sighting.lastSeenAt),
  })),
  complete: isComplete,
});

const guard = (each: ReaderGuard): Json => ({ ...each });

export const accessEncoders: Readonly<Record<string, (result: never) => Json>> = {
  'secrets.consumers': ({ project, secret, windowSeconds, consumers, isComplete }: Consumers) => ({
    ...nameOf(project, secret),
    current: secret.currentVersion,
    windowSeconds,
    consumers: consumers.map(consumer),
    complete: isComplete,
  }),
  'projects.getReaderGuard': guard,
  'projects.setReaderGuard': guard,
  'access.who': ({ project, secret, permission, members, dialects, hidden, isComplete }: WhoAnswer) => ({
    ...nameOf(project, secret),
    permission,
    members: members.map(({ member, access, grants, ...more }) => ({
      member,
      access,
      grants: grants.map(grant),
      ...denied(more),
      ...readBy(more.read),
    })),
    dialects,
    hidden,
    complete: isComplete,
  }),
  'access.what': (answer: WhatAnswer) => ({
    project: answer.project.id,
    principal: answer.principal,
    permission: answer.permission,
    access: answer.access,
    grants: answer.grants.map(grant),
    secrets: answer.secrets.map(({ secret, access, grants, ...more }) => ({
      resource: resourceOf(answer.project, secret),
      access,
      grants: grants.map(grant),
      ...denied(more),
    })),
    reads: answer.reads.map(({ secret, sighting, access }) => ({
      resource: resourceOf(answer.project, secret),
      access,
      version: sighting.version,
      workload: sighting.workload,
      dialect: sighting.dialect,
      lastReadTime: time(sighting.lastSeenAt),
    })),
    dialects: answer.dialects,
    ...(answer.nextPageToken === '' ? {} : { nextPageToken: answer.nextPageToken }),
  }),
  'access.explain': explanation,
  'access.explainProject': explanation,
  'access.impact': impact,
  'access.impactProject': impact,
};
