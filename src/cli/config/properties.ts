// `coffer config`: the properties of gcloud that mean something here. Today that is one: the project.

import type { Context } from '../context.ts';
import { CliError, UsageError } from '../error.ts';
import { formatOne } from '../format/print.ts';
import { readConfig, writeConfig } from './file.ts';

/** `coffer config set project ID`. */
export function setProperty(this: Context, _flags: object, name: string, value: string): void {
  const property = known(name);
  if (value === '') throw new UsageError('argument VALUE: must not be empty: use config unset');
  writeConfig(this.io.env, { core: { ...readConfig(this.io.env).core, project: value } });
  this.out.status(`Updated property [${property}].`);
}

/** `coffer config unset project`. */
export function unsetProperty(this: Context, _flags: object, name: string): void {
  const property = known(name);
  writeConfig(this.io.env, { core: {} });
  this.out.status(`Unset property [${property}].`);
}

/** `coffer config get project`: what the next command will use, wherever it comes from. */
export function getProperty(this: Context, _flags: object, name: string): void {
  known(name);
  const value = this.session.projectIfSet;
  if (value === undefined) this.out.status('(unset)');
  else this.out.result(`${value}\n`);
}

/** `coffer config list`. */
export async function listProperties(this: Context): Promise<void> {
  const project = this.session.projectIfSet;
  const resource = project === undefined ? {} : { core: { project } };
  const { format } = this.globals;
  this.out.result(await formatOne(resource, { defaultFormat: 'config', ...(format === undefined ? {} : { format }) }));
  if (format === undefined) this.out.status('\nYour active configuration is: [default]');
}

function known(name: string): string {
  if (name === 'project' || name === 'core/project') return 'core/project';
  throw new CliError(`there is no property [${name}]: the one that can be set is [core/project]`);
}
