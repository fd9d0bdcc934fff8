// `coffer access explain`: the grants by which a principal has a permission on a resource, and what they come to.

import type { Context } from '../context.ts';
import { UsageError } from '../error.ts';
import { nativeRef, secretRef } from '../names.ts';
import { type Resource, showOne } from '../show.ts';
import { type Grant, grantLines, type Read } from './grants.ts';
import { isTable, warnOfHidden } from './who.ts';

interface Answer extends Resource {
  readonly principal: string;
  readonly permission: string;
  readonly resource: string;
  readonly access: string;
  readonly grants: readonly Grant[];
  readonly deniedBy?: string;
  readonly dialects: readonly string[];
  readonly hidden: readonly string[];
  readonly read?: Read;
}

const PROJECT = /^projects\/([^/]+)$/;
const VERSION = /^(.+)\/versions\/([^/]+)$/;

/** @throws UsageError where the resource is none; ApiError as the server answers. */
export async function explainAccess(
  this: Context,
  flags: { location?: string },
  principal: string,
  permission: string,
  resource: string,
): Promise<void> {
  const answer = await ask(this, { principal, permission }, resource, flags.location);
  warnOfHidden(this, answer.hidden);
  if (!isTable(this.globals.format)) return showOne(this, answer);
  this.out.result(textOf(answer));
}

function ask(
  { session }: Context,
  question: { readonly principal: string; readonly permission: string },
  resource: string,
  location: string | undefined,
): Promise<Answer> {
  const project = PROJECT.exec(resource)?.[1];
  if (project !== undefined) {
    return session.request('GET', '/coffer/v1/access:explainProject', undefined, { ...question, project });
  }
  const [, secret = resource, version] = VERSION.exec(resource) ?? [];
  if (secret.includes('/') && !/^projects\/[^/]+\/(?:locations\/[^/]+\/)?secrets\/[^/]+$/.test(secret)) {
    throw new UsageError(`argument RESOURCE: [${resource}] is not projects/P, projects/P/secrets/S or a version of it`);
  }
  const ref = nativeRef(secretRef(session, secret, location));
  return session.request('GET', '/coffer/v1/access:explain', undefined, { ...question, ...ref, version });
}

function textOf({ principal, permission, resource, access, grants, deniedBy, dialects, read }: Answer): string {
  const lines = [`${principal} is ${WORDS[access] ?? access} ${permission} on ${resource}`];
  for (const line of grantLines({ member: principal }, grants)) {
    if (line['role'] === undefined) continue;
    lines.push(`  ${line['role']} from ${line['via']}${line['condition'] ? `, if ${line['condition']}` : ''}`);
  }
  if (grants.length === 0) lines.push('  no binding grants it');
  if (deniedBy !== undefined) lines.push(`  denied by ${deniedBy}`);
  if (dialects.length > 0) lines.push(`  by dialect: ${dialects.join(', ')}`);
  if (read !== undefined) lines.push(`  did read version ${read.version} at ${read.lastReadTime} by ${read.dialect}`);
  return `${lines.join('\n')}\n`;
}

const WORDS: Readonly<Record<string, string>> = {
  allowed: 'ALLOWED',
  denied: 'DENIED',
  depends: 'ALLOWED OR DENIED, depending on the secret,',
  unknown: 'neither shown to be allowed nor denied',
};
