// `coffer projects create`.

import { segment } from '../../client/path.ts';
import { readConfig, writeConfig } from '../config/file.ts';
import type { Context } from '../context.ts';
import { CliError } from '../error.ts';
import { parseMap } from '../maps.ts';
import { showOne } from '../show.ts';
import { type ProjectV3, projectV1 } from './project.ts';

export interface CreateFlags {
  readonly name?: string;
  readonly labels?: readonly string[];
  readonly setAsDefault?: boolean;
  readonly enableCloudApis?: boolean;
}

interface OperationV3 {
  readonly name: string;
  readonly done?: boolean;
  readonly error?: { readonly message?: string };
  readonly response?: ProjectV3;
}

/** @throws ApiError as the server answers. */
export async function createProject(this: Context, flags: CreateFlags, id: string): Promise<void> {
  const labels = parseMap('labels', flags.labels);
  const started = await this.session.request<OperationV3>('POST', '/v3/projects', {
    projectId: id,
    displayName: flags.name ?? id,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  });
  if (started.error !== undefined) throw new CliError(`the project was not created: ${started.error.message}`);
  const { address } = this.session.connection;
  this.out.status(`Create in progress for [${address}/v1/projects/${id}].`);
  this.out.status(`Waiting for [${started.name}] to finish...done.`);
  if (flags.setAsDefault) {
    writeConfig(this.io.env, { core: { ...readConfig(this.io.env).core, project: id } });
    this.out.status(`Updated property [core/project] to [${id}].`);
  }
  const project = started.response ?? (await this.session.request<ProjectV3>('GET', `/v3/projects/${segment(id)}`));
  await showOne(this, projectV1(project), 'none');
}
