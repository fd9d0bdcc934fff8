// What is said of a project, as Vault's clients say it of a namespace: its labels and whatever Google would not take as one,
// in one map.

import { splitLabels } from '../../core/labels.ts';
import type { ProjectRef } from '../../core/name.ts';
import type { Labels, Project } from '../../core/secret.ts';
import { type Operation, operation } from '../operation.ts';
import type { ProjectResult } from '../projects.ts';
import { customMetadataOf } from './custom-metadata.ts';

export interface DescribeProject {
  readonly project: ProjectRef;
  /** As it came: a map of texts, or null. */
  readonly customMetadata: unknown;
  /** It adds to what is there. */
  readonly isPatch: boolean;
}

export function metadataOfProject({ labels, settings }: Project): Labels {
  return { ...settings.annotations, ...labels };
}

export const describeProject: Operation<DescribeProject, ProjectResult> = operation({
  name: 'projects.describe',
  help: 'say what a project is about, in pairs of texts',
  kind: 'write',
  permission: 'resourcemanager.projects.update',
  target: ({ project }: DescribeProject) => ({ project, asked: `projects/${project}` }),
  decide: (input) => {
    const { project: asked, customMetadata, isPatch } = input.command;
    const before = input.project(asked);
    const clears = customMetadata === null;
    const said = isPatch && !clears ? metadataOfProject(before) : {};
    const { labels, annotations } = splitLabels(
      customMetadataOf({ custom_metadata: customMetadata ?? {} }, said) ?? {},
    );
    const project: Project = {
      ...before,
      labels,
      settings: { ...before.settings, annotations },
      updatedAt: input.now,
      etag: input.entropy.etag(),
    };
    return { result: { project }, changes: [{ change: 'project.update', project }] };
  },
});
