// google.cloud.resourcemanager.v3.Projects. There are no organizations and no folders here: a project has no parent.

import { create } from '@bufbuild/protobuf';
import {
  ListProjectsResponseSchema,
  Projects,
  SearchProjectsResponseSchema,
} from '../../../gen/google/cloud/resourcemanager/v3/projects_pb.js';
import { TestIamPermissionsResponseSchema } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { parseProjectId } from '../../core/name.ts';
import { then } from '../../ops/maybe.ts';
import { getProjectPolicy, setProjectPolicy, testPermissions } from '../../ops/policies.ts';
import { createProject, getProject, listProjects } from '../../ops/projects.ts';
import { missing, serviceMethods } from './call.ts';
import { decodePage } from './decode.ts';
import { encodeCreatedProject, encodeProject } from './encode.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseProjectName } from './names.ts';
import { decodePolicy, encodePolicy, requestedVersion } from './policy-codec.ts';

export const projectsMethods = serviceMethods(Projects, {
  getProject: (request, call) =>
    then(call.run(getProject, { project: parseProjectName(request.name, 'name') }), ({ project }) =>
      encodeProject(project),
    ),
  listProjects: (request, call) =>
    then(call.run(listProjects, decodePage(request)), ({ projects, nextPageToken }) =>
      create(ListProjectsResponseSchema, { projects: projects.map(encodeProject), nextPageToken }),
    ),
  searchProjects: (request, call) => {
    if (request.query !== '') throw unsupported('Field [query]');
    return then(call.run(listProjects, decodePage(request)), ({ projects, nextPageToken }) =>
      create(SearchProjectsResponseSchema, { projects: projects.map(encodeProject), nextPageToken }),
    );
  },
  createProject: ({ project }, call) => {
    if (project === undefined) throw invalidField('project', 'is required');
    if (project.parent !== '') throw unsupported('Field [project.parent]');
    const { projectId, displayName, labels } = project;
    const command = { id: parseProjectId(projectId), displayName, labels };
    return then(call.run(createProject, command), (result) => encodeCreatedProject(result.project));
  },
  updateProject: missing('UpdateProject'),
  moveProject: missing('MoveProject'),
  deleteProject: missing('DeleteProject'),
  undeleteProject: missing('UndeleteProject'),
  getIamPolicy: (request, call) => {
    const asked = requestedVersion(request);
    const command = { project: parseProjectName(request.resource, 'resource') };
    return then(call.run(getProjectPolicy, command), ({ policy }) => encodePolicy(policy, asked));
  },
  setIamPolicy: (request, call) => {
    const command = { project: parseProjectName(request.resource, 'resource'), ...decodePolicy(request) };
    return then(call.run(setProjectPolicy, command), ({ policy }) => encodePolicy(policy, command.version));
  },
  testIamPermissions: (request, call) => {
    const command = { project: parseProjectName(request.resource, 'resource'), permissions: request.permissions };
    return then(call.run(testPermissions, command), ({ permissions }) =>
      create(TestIamPermissionsResponseSchema, { permissions: [...permissions] }),
    );
  },
});
