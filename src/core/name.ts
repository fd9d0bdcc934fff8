// Names and how they are spelled. Each parser takes text from outside and answers a branded string or throws a Fault,
// so that nothing unparsed can be handed on. Rules: design "One secret in every dialect" and Google's resource names.

import { Fault } from './error.ts';
import { PROJECT_ID_CHARS_MAX, PROJECT_ID_CHARS_MIN, SECRET_NAME_CHARS_MAX } from './limits.ts';

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

export type ProjectId = Brand<string, 'ProjectId'>;
/** A project as a caller may write it: its id, or its number in decimal digits. */
export type ProjectRef = Brand<string, 'ProjectRef'>;
/** The stored name of a secret. */
export type SecretName = Brand<string, 'SecretName'>;
/** A secret's name in the spelling shared by all dialects: `/` written `--`. Unique within project and location. */
export type SecretKey = Brand<string, 'SecretKey'>;
/** A region, or the empty text for global. */
export type Location = Brand<string, 'Location'>;
export type AccountEmail = Brand<string, 'AccountEmail'>;

const PROJECT_ID = new RegExp(`^[a-z][a-z0-9-]{${PROJECT_ID_CHARS_MIN - 2},${PROJECT_ID_CHARS_MAX - 2}}[a-z0-9]$`);
const PROJECT_NUMBER = /^[1-9][0-9]{0,18}$/;
const SECRET_NAME = /^[A-Za-z0-9/_+=.@-]+$/;
const ACCOUNT_ID = /^[a-z](?:[-a-z0-9]{4,28}[a-z0-9])$/;
const USER_ACCOUNT = /^([a-z](?:[-a-z0-9]{4,28}[a-z0-9]))@([a-z][a-z0-9-]{4,28}[a-z0-9])\.iam\.gserviceaccount\.com$/;
const COMPUTE_ACCOUNT = /^([1-9][0-9]{0,18})-compute@developer\.gserviceaccount\.com$/;

export function isProjectId(text: string): text is ProjectId {
  return PROJECT_ID.test(text);
}

/** A project id as Resource Manager takes it: 6 to 30 lower-case letters, digits and hyphens. */
export function parseProjectId(text: string): ProjectId {
  if (!PROJECT_ID.test(text)) {
    throw new Fault('INVALID_FIELD', {
      field: 'project_id',
      problem: '6 to 30 lower-case letters, digits and hyphens, starting with a letter and not ending in a hyphen',
    });
  }
  return text as ProjectId;
}

/** A project id or number. What is neither can name no project, so it is answered as one that is not there. */
export function parseProjectRef(text: string): ProjectRef {
  if (!PROJECT_ID.test(text) && !PROJECT_NUMBER.test(text)) {
    throw new Fault('INVALID_FIELD', { field: 'project', problem: 'neither a project id nor a project number' });
  }
  return text as ProjectRef;
}

/** True where the reference is a number rather than an id: ids start with a letter. */
export function isProjectNumber(ref: ProjectRef): boolean {
  return PROJECT_NUMBER.test(ref);
}

/** A name that may be stored. Dialects narrow it further: Google's has no `/`, `.`, `+`, `=` or `@`. */
export function parseSecretName(text: string, charsMax: number = SECRET_NAME_CHARS_MAX): SecretName {
  if (
    !SECRET_NAME.test(text) ||
    text.length > charsMax ||
    text.startsWith('/') ||
    text.endsWith('/') ||
    text.includes('//')
  ) {
    throw new Fault('INVALID_FIELD', {
      field: 'secret_id',
      problem: `1 to ${charsMax} letters, digits and the characters / _ + = . @ -`,
    });
  }
  if (text.split('/').some((segment) => segment === '.' || segment === '..')) {
    throw new Fault('INVALID_FIELD', { field: 'secret_id', problem: 'a segment must not be . or ..' });
  }
  return text as SecretName;
}

export const GLOBAL: Location = '' as Location;

const LOCATION = /^[a-z]{2,20}-[a-z]{2,20}[0-9]{1,2}$/;

/** A region as Google writes it, such as `europe-west1`. */
export function parseLocation(text: string): Location {
  if (!LOCATION.test(text)) {
    throw new Fault('INVALID_FIELD', { field: 'location', problem: 'not a region such as europe-west1' });
  }
  return text as Location;
}

/** What a location adds to a resource's name before the kind: `locations/L/`, or nothing for global. */
export function locationPart(location: Location | undefined): string {
  return location === undefined || location === GLOBAL ? '' : `locations/${location}/`;
}

/** The spelling under which a name is unique. */
export function secretKey(name: SecretName): SecretKey {
  return name.replaceAll('/', '--') as string as SecretKey;
}

/** The part before the at sign of an account that a user makes. */
export function parseAccountId(text: string): string {
  if (!ACCOUNT_ID.test(text)) {
    throw new Fault('INVALID_FIELD', {
      field: 'account_id',
      problem: '6 to 30 lower-case letters, digits and hyphens, starting with a letter and not ending in a hyphen',
    });
  }
  return text;
}

export function userAccountEmail(accountId: string, project: ProjectId): AccountEmail {
  return `${accountId}@${project}.iam.gserviceaccount.com` as AccountEmail;
}

/** The account that a program gets when nobody names one. */
export function computeAccountEmail(projectNumber: string): AccountEmail {
  return `${projectNumber}-compute@developer.gserviceaccount.com` as AccountEmail;
}

/** A service account's address, lower-cased as IAM does. */
export function parseAccountEmail(text: string): AccountEmail {
  const email = text.toLowerCase();
  if (!isAccountEmail(email)) {
    throw new Fault('INVALID_FIELD', { field: 'service account', problem: 'not the address of a service account' });
  }
  return email;
}

/** Whether it is the address of a service account, as it is kept. */
export function isAccountEmail(text: string): text is AccountEmail {
  return USER_ACCOUNT.test(text) || COMPUTE_ACCOUNT.test(text);
}

/** The project that an account lives in, as its address tells. */
export function accountProject(email: AccountEmail): ProjectRef {
  const match = USER_ACCOUNT.exec(email)?.[2] ?? COMPUTE_ACCOUNT.exec(email)?.[1];
  return match as ProjectRef;
}
