// Resource names of the dialect. A name is matched whole, so nothing of it is left unread; what does not match answers
// the real service's text. Ids are those of secretmanager/v1/resources.proto. Google's hosts have the secrets of one
// location each, and refuse the names of others as misspelled.

import { Fault } from '../../core/error.ts';
import {
  type AccountEmail,
  accountProject,
  GLOBAL,
  isProjectNumber,
  type Location,
  type ProjectRef,
  parseAccountEmail,
  parseLocation,
  parseProjectRef,
  parseSecretName,
  type SecretKey,
  type SecretName,
} from '../../core/name.ts';
import type { SecretRef } from '../../ops/secrets.ts';
import type { Selector, VersionRef } from '../../ops/versions.ts';
import { invalidField, shownResource, unsupported } from './invalid.ts';

const PROJECT = /^projects\/([^/]+)$/;
const PARENT = /^projects\/([^/]+)(?:\/locations\/([^/]+))?$/;
const SECRET = /^projects\/([^/]+)(?:\/locations\/([^/]+))?\/secrets\/([A-Za-z0-9_-]{1,255})$/;
const VERSION = /^projects\/([^/]+)(?:\/locations\/([^/]+))?\/secrets\/([A-Za-z0-9_-]{1,255})\/versions\/([^/]+)$/;
const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const ALIAS = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
/** As long as an int64. */
const NUMBER = /^[0-9]{1,19}$/;
const ACCOUNT = /^projects\/([^/]+)\/serviceAccounts\/([^/]+)$/;

/** The location whose secrets the host has that was asked, as `locationOfHost` tells it; undefined: every one. */
type HostLocation = string | undefined;

/** Where secrets live. */
export interface Parent {
  readonly project: ProjectRef;
  /** Absent: global. */
  readonly location?: Location;
}

/** `projects/P`. Throws INVALID_FIELD. */
export function parseProjectName(name: string, field: string): ProjectRef {
  return projectRef(PROJECT.exec(name)?.[1] ?? '', field);
}

/** The parent of secrets, `projects/P[/locations/L]`. Throws INVALID_FIELD. */
export function parseParent(name: string, host: HostLocation): Parent {
  const [, project, location] = PARENT.exec(name) ?? [];
  if (project === undefined) projectRef('', 'parent');
  if (!agrees(location, host)) throw unexpectedName('Project ID', name, 'parent', within(host));
  return place(project, location, 'parent');
}

/** `projects/P/locations/L`, whatever L is. Throws INVALID_FIELD. */
export function parseLocationName(name: string): { readonly project: ProjectRef; readonly location: string } {
  const [, project = '', location = ''] = PARENT.exec(name) ?? [];
  const ref = projectRef(project, 'name');
  if (location === '') throw invalidField('name', 'must be projects/*/locations/*');
  return { project: ref, location: shownResource(location) };
}

/** `projects/P[/locations/L]/secrets/S`. Throws INVALID_FIELD. */
export function parseSecretRef(name: string, field: string, host: HostLocation): SecretRef {
  const [, project, location, key] = SECRET.exec(name) ?? [];
  if (key === undefined || !agrees(location, host)) {
    throw unexpectedName('Secret ID', name, field, `${within(host ?? locationOf(name))}/secrets/*`);
  }
  return { ...place(project, location, field), key: key as SecretKey };
}

/** `projects/P[/locations/L]/secrets/S/versions/V`, where the last is a number, `latest` or an alias. */
export function parseVersionName(name: string, host: HostLocation): VersionRef {
  const [, project, location, key, asked = ''] = VERSION.exec(name) ?? [];
  const selector = selectorOf(asked);
  if (key === undefined || selector === undefined || !agrees(location, host)) {
    throw unexpectedName('Secret ID', name, 'name', `${within(host ?? locationOf(name))}/secrets/*/versions/*`);
  }
  return { ...place(project, location, 'name'), key: key as SecretKey, selector };
}

/** A version that is about to change: by number only. Throws INVALID_FIELD or VERSION_SELECTOR_INVALID. */
export function parseVersionNumber(name: string, host: HostLocation): SecretRef & { readonly number: number } {
  const { selector: number, ...ref } = parseVersionName(name, host);
  if (typeof number === 'number') return { ...ref, number };
  throw new Fault('VERSION_SELECTOR_INVALID', { selector: shownResource(name) });
}

function selectorOf(asked: string): Selector | undefined {
  if (asked === 'latest') return asked;
  if (NUMBER.test(asked)) return Number(asked);
  return ALIAS.test(asked) ? { alias: asked } : undefined;
}

/** A host has the secrets of its own location alone. */
function agrees(location: string | undefined, host: HostLocation): boolean {
  return host === undefined || host === (location ?? GLOBAL);
}

function place(project: string | undefined, location: string | undefined, field: string): Parent {
  const ref = projectRef(project ?? '', field);
  return location === undefined ? { project: ref } : { project: ref, location: parseLocation(location) };
}

/** What is wrong with a name is told in the form that its location has. */
function locationOf(name: string): string {
  return /^projects\/[^/]+\/locations\//.test(name) ? '*' : GLOBAL;
}

function within(location: HostLocation): string {
  return location === undefined || location === GLOBAL ? 'projects/*' : `projects/*/locations/${location}`;
}

/** The id of a secret to be. Throws SECRET_ID_MISSING or INVALID_FIELD. */
export function parseSecretId(id: string): SecretName {
  if (id === '') throw new Fault('SECRET_ID_MISSING');
  if (!SECRET_ID.test(id)) {
    throw invalidField('secret_id', 'must be 1 to 255 letters, digits, hyphens and underscores');
  }
  return parseSecretName(id);
}

/** The service account that `projects/{P|-}/serviceAccounts/EMAIL` names. Throws INVALID_FIELD or ACCOUNT_NOT_FOUND. */
export function parseAccountName(name: string): AccountEmail {
  const [, project, id] = ACCOUNT.exec(name) ?? [];
  if (project === undefined || id === undefined) throw invalidField('name', 'names no service account');
  if (/^[0-9]+$/.test(id)) throw unsupported('A service account by its unique id');
  const email = parseAccountEmail(id);
  if (project !== '-' && !livesIn(email, projectRef(project, 'name'))) {
    throw new Fault('ACCOUNT_NOT_FOUND', { account: email });
  }
  return email;
}

/** False only where the address itself says otherwise: an id and a number cannot be compared. */
function livesIn(email: AccountEmail, project: ProjectRef): boolean {
  const home = accountProject(email);
  return isProjectNumber(home) !== isProjectNumber(project) || home === project;
}

function projectRef(text: string, field: string): ProjectRef {
  try {
    return parseProjectRef(text);
  } catch (cause) {
    if (!(cause instanceof Fault)) throw cause;
    throw new Fault('INVALID_FIELD', {
      field,
      problem: 'names no project',
      said: 'Invalid resource field value in the request.',
      reason: 'RESOURCE_PROJECT_INVALID',
    });
  }
}

function unexpectedName(kind: string, name: string, field: string, format: string): Fault {
  if (!/^projects\/[^/]/.test(name)) projectRef('', field);
  const said = `The provided ${kind} [${shownResource(name)}] does not match the expected format [${format}]`;
  return invalidField(field, `must be ${format}`, said);
}
