// Resource names of the dialect. A name is matched whole, so nothing of it is left unread; what does not match answers
// the real service's text. Ids are those of secretmanager/v1/resources.proto; regional names are told apart here.

import { Fault } from '../../core/error.ts';
import {
  type AccountEmail,
  accountProject,
  isProjectNumber,
  type ProjectRef,
  parseAccountEmail,
  parseProjectRef,
  parseSecretName,
  type SecretKey,
  type SecretName,
} from '../../core/name.ts';
import type { SecretRef } from '../../ops/secrets.ts';
import { invalidField, shownResource, unsupported } from './invalid.ts';

const PROJECT = /^projects\/([^/]+)$/;
const SECRET = /^projects\/([^/]+)\/secrets\/([A-Za-z0-9_-]{1,255})$/;
const VERSION = /^projects\/([^/]+)\/secrets\/([A-Za-z0-9_-]{1,255})\/versions\/([^/]+)$/;
const REGIONAL = /^projects\/[^/]+\/locations\/[^/]+(?:\/|$)/;
const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const ALIAS = /^[A-Za-z][A-Za-z0-9_-]{0,62}$/;
const NUMBER = /^[0-9]{1,20}$/;
const ACCOUNT = /^projects\/([^/]+)\/serviceAccounts\/([^/]+)$/;

/** A version that cannot be: numbers begin at 1. Rows are looked up by it where a name can have none. */
export const NO_VERSION = -1;

export interface VersionName extends SecretRef {
  /** `latest`, a number, or NO_VERSION where an alias or an impossible number was asked for. */
  readonly selector: number | 'latest';
  /** What stood after `versions/`. */
  readonly asked: string;
}

/** The parent of secrets, `projects/P`. Throws INVALID_FIELD, or UNIMPLEMENTED for a location. */
export function parseProjectName(name: string, field: string): ProjectRef {
  if (REGIONAL.test(name)) throw unsupported('A secret of a location');
  return projectRef(PROJECT.exec(name)?.[1] ?? '', field);
}

/** `projects/P/secrets/S`. Throws INVALID_FIELD, or UNIMPLEMENTED for a location. */
export function parseSecretRef(name: string, field: string): SecretRef {
  if (REGIONAL.test(name)) throw unsupported('A secret of a location');
  const [, project, key] = SECRET.exec(name) ?? [];
  if (project === undefined || key === undefined) throw unexpectedName(name, field, 'projects/*/secrets/*');
  return { project: projectRef(project, field), key: key as SecretKey };
}

/** `projects/P/secrets/S/versions/V`, where the last is a number, `latest` or an alias. */
export function parseVersionName(name: string): VersionName {
  if (REGIONAL.test(name)) throw unsupported('A secret of a location');
  const [, project, key, asked] = VERSION.exec(name) ?? [];
  if (project === undefined || key === undefined || asked === undefined || !isSelector(asked)) {
    throw unexpectedName(name, 'name', 'projects/*/secrets/*/versions/*');
  }
  return { project: projectRef(project, 'name'), key: key as SecretKey, selector: selectorOf(asked), asked };
}

/** A version that is about to change: by number only. */
export function parseVersionNumber(name: string): VersionName & { readonly selector: number } {
  const parsed = parseVersionName(name);
  if (!NUMBER.test(parsed.asked) || parsed.selector === 'latest') {
    throw new Fault('VERSION_SELECTOR_INVALID', { selector: shownResource(name) });
  }
  return { ...parsed, selector: parsed.selector };
}

function isSelector(text: string): boolean {
  return NUMBER.test(text) || ALIAS.test(text);
}

function selectorOf(asked: string): number | 'latest' {
  if (asked === 'latest') return 'latest';
  const number = NUMBER.test(asked) ? Number(asked) : 0;
  return number > 0 && Number.isSafeInteger(number) ? number : NO_VERSION;
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

function unexpectedName(name: string, field: string, format: string): Fault {
  if (!/^projects\/[^/]/.test(name)) projectRef('', field);
  const said = `The provided Secret ID [${shownResource(name)}] does not match the expected format [${format}]`;
  return invalidField(field, `must be ${format}`, said);
}
