// Resource Manager v3's project as gcloud shows it: with the fields of v1, which is what its scripts read.

import type { Resource } from '../show.ts';

export interface ProjectV3 extends Resource {
  /** `projects/NUMBER`. */
  readonly name: string;
  readonly projectId: string;
  readonly displayName?: string;
  readonly state?: string;
  readonly createTime?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly parent?: string;
}

/** The v1 form of `project`, https://cloud.google.com/resource-manager/reference/rest/v1/projects. */
export function projectV1(project: ProjectV3): Resource {
  const [type, id] = (project.parent ?? '').split('/');
  return {
    projectId: project.projectId,
    name: project.displayName ?? project.projectId,
    projectNumber: project.name.slice('projects/'.length),
    lifecycleState: project.state ?? 'ACTIVE',
    ...(project.createTime === undefined ? {} : { createTime: project.createTime }),
    ...(project.labels === undefined ? {} : { labels: project.labels }),
    ...(type && id ? { parent: { type: type.replace(/s$/, ''), id } } : {}),
  };
}
