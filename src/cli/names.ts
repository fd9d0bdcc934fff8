// Which resource an argument means: an id in the current project, or a full name as the API gives it.

import { segment } from '../client/path.ts';
import { UsageError } from './error.ts';
import type { Session } from './session.ts';

export interface SecretRef {
  readonly project: string;
  readonly location?: string;
  readonly secret: string;
}

export interface VersionRef extends SecretRef {
  readonly version: string;
}

const SECRET_NAME = /^projects\/([^/]+)(?:\/locations\/([^/]+))?\/secrets\/([^/]+)$/;
const VERSION_NAME = /^(projects\/[^/]+(?:\/locations\/[^/]+)?\/secrets\/[^/]+)\/versions\/([^/]+)$/;

/** @throws CliError where the argument is an id and no project is set. */
export function secretRef(session: Session, argument: string, location?: string): SecretRef {
  const full = SECRET_NAME.exec(argument);
  // An empty flag is one that was not given, as gcloud takes it.
  const place = full?.[2] ?? (location || undefined);
  return {
    project: full?.[1] ?? session.project,
    secret: full?.[3] ?? argument,
    ...(place === undefined ? {} : { location: place }),
  };
}

/** @throws UsageError where the argument is a number or alias and no secret is given. */
export function versionRef(session: Session, argument: string, secret?: string, location?: string): VersionRef {
  const full = VERSION_NAME.exec(argument);
  if (full !== null) return { ...secretRef(session, full[1] as string, location), version: full[2] as string };
  if (secret === undefined || secret === '') throw new UsageError('argument --secret: Must be specified.');
  return { ...secretRef(session, secret, location), version: argument };
}

/** Where secrets of a project live: `/v1/projects/P` or `/v1/projects/P/locations/L`. */
export function parentPath(ref: Omit<SecretRef, 'secret'>): string {
  const place = !ref.location ? '' : `/locations/${segment(ref.location)}`;
  return `/v1/projects/${segment(ref.project)}${place}`;
}

export function secretPath(ref: SecretRef): string {
  return `${parentPath(ref)}/secrets/${segment(ref.secret)}`;
}

export function versionPath(ref: VersionRef): string {
  return `${secretPath(ref)}/versions/${segment(ref.version)}`;
}

/** How Coffer's own API names a secret. */
export function nativeRef({ project, location, secret }: SecretRef): Readonly<Record<string, string>> {
  return { project, ...(location === undefined ? {} : { location }), secret };
}

/** The last part of a resource name. */
export function lastPart(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
