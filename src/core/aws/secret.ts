// What AWS's API keeps of a secret that no other dialect has, and how it names a secret. The six characters at the end of
// an ARN are the first of the secret's uid: fixed for it, and others for a secret of the same name that comes after it.
// Sources: the Secrets Manager API reference, and design "Location" and "Labels of AWS".

import { Fault } from '../error.ts';
import { AWS_NAME_CHARS_MAX } from '../limits.ts';
import { GLOBAL, type Location, type SecretKey, type SecretName, secretKey } from '../name.ts';
import type { Secret, Uid, Version } from '../secret.ts';
import type { RotationRules } from './rotation-schedule.ts';

export interface AwsSettings {
  readonly description?: string;
  /** The key as the caller named it; absent: the account's own. */
  readonly kmsKeyId?: string;
  /** The id of the customer's key that this meant when it was set; it wraps the data keys of new versions. */
  readonly customerKey?: string;
  /** Of a secret that another service manages. */
  readonly type?: string;
  readonly owningService?: string;
  /** Where a global secret was made; absent: every region sees it. */
  readonly home?: Location;
  readonly replicas?: readonly Replica[];
  /** Grows with every change. Milliseconds since 1970. */
  readonly changedAt: number;
  /** What AWSPENDING is on before it has a value: what will name that version, and since when. */
  readonly reserved?: Reservation;
  readonly rotation?: RotationSettings;
  /** Labels of versions that cannot be aliases. */
  readonly stages?: Readonly<Record<string, number>>;
}

export interface Reservation {
  readonly versionId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** How a secret is rotated. */
export interface RotationSettings {
  readonly functionArn: string;
  readonly isEnabled: boolean;
  readonly rules: RotationRules;
  /** When it was last, and when it is next at the latest: milliseconds since 1970. */
  readonly rotatedAt?: number;
  readonly nextBy?: number;
}

/** A region in which a secret of another can be read. */
export interface Replica {
  readonly region: Location;
  readonly kmsKeyId?: string;
  /** Why it is not in that region; absent: it is. */
  readonly problem?: string;
}

/** How AWS's API finds a secret from a region: see `SecretPlace`. */
export interface SeenFrom {
  readonly region: Location;
  /** The exact name, or what may be one with a hyphen and `suffix` behind it. */
  readonly name: SecretName;
  /** The six characters of an ARN, which may also be the end of a name. */
  readonly suffix?: string;
  /** A deleted one is meant too. */
  readonly deleted?: true;
  /** It is to be changed, which only its own region may. */
  readonly changes?: true;
}

const REGION = /^[a-z][a-z0-9-]{0,31}$/;
const NAME = new RegExp(`^[A-Za-z0-9/_+=.@-]{1,${AWS_NAME_CHARS_MAX}}$`);
const ARN = /^arn:(?:aws|aws-cn|aws-us-gov):secretsmanager:([a-z0-9-]{1,32}):(\d{12}):secret:(.{1,520})$/;
const SUFFIXED = /^(.+)-([A-Za-z0-9]{6})$/;
const SUFFIX_CHARS = 6;

/** A region of AWS, or whatever else a client calls where it is; throws REGION_INVALID. */
export function parseRegion(text: string): Location {
  if (!REGION.test(text)) throw new Fault('REGION_INVALID');
  return text as Location;
}

/** A name as AWS takes it; throws SECRET_ID_INVALID. */
export function parseAwsName(text: string): SecretName {
  if (!NAME.test(text)) throw new Fault('SECRET_ID_INVALID');
  return text as SecretName;
}

/** What a SecretId names. */
export interface AwsSecretId {
  /** Absent: the caller's. */
  readonly account?: string;
  readonly region?: Location;
  readonly name: SecretName;
  readonly suffix?: string;
}

/** A name, an ARN, or an ARN without its last seven characters; throws SECRET_ID_INVALID. */
export function parseSecretId(text: string): AwsSecretId {
  const match = ARN.exec(text);
  if (match === null) return { name: parseAwsName(text) };
  const [, region = '', account = '', resource = ''] = match;
  parseAwsName(resource.slice(0, AWS_NAME_CHARS_MAX));
  const [, name = resource, suffix] = SUFFIXED.exec(resource) ?? [];
  const named = { account, region: region as Location, name: parseAwsName(name) };
  return suffix === undefined ? named : { ...named, suffix };
}

/** The six characters at the end of its ARN. */
export function arnSuffix(uid: Uid): string {
  return uid.slice(0, SUFFIX_CHARS);
}

/** The ARN of a secret, seen from a region. */
export function secretArn(account: string, region: string, { name, uid }: Pick<Secret, 'name' | 'uid'>): string {
  return `arn:aws:secretsmanager:${region}:${account}:secret:${name}-${arnSuffix(uid)}`;
}

/** The keys under which the secret may be kept that is looked for, the one of its name first. */
export function keysSeen({ name, suffix }: SeenFrom): readonly [SecretKey, SecretKey] {
  return [secretKey(name), secretKey(longName({ name, ...(suffix === undefined ? {} : { suffix }) }))];
}

/** The name that the secret has where the six characters are the end of it. */
export function longName({ name, suffix }: Pick<SeenFrom, 'name' | 'suffix'>): SecretName {
  return suffix === undefined ? name : (`${name}-${suffix}` as SecretName);
}

/** The region in which the secret can be changed; undefined: in every one. */
export function homeOf({ location, aws }: Pick<Secret, 'location' | 'aws'>): Location | undefined {
  return location === GLOBAL ? aws?.home : location;
}

/** The region that a secret with replicas is of; one without them shows none. */
export function primaryRegion(secret: Pick<Secret, 'location' | 'aws'>): Location | undefined {
  return (secret.aws?.replicas ?? []).length === 0 ? undefined : homeOf(secret);
}

/** Replicas that can be read. */
export function liveReplicas({ aws }: Pick<Secret, 'aws'>): readonly Location[] {
  return (aws?.replicas ?? []).filter(({ problem }) => problem === undefined).map(({ region }) => region);
}

/** Whether a secret is under the key that an account has without asking for one. */
export function isUnderDefaultKey({ aws }: Pick<Secret, 'aws'>): boolean {
  return aws?.customerKey === undefined;
}

/** Whether a secret is there for a region. */
export function isSeenFrom(secret: Pick<Secret, 'location' | 'aws'>, region: Location): boolean {
  if (secret.location !== GLOBAL) return secret.location === region;
  return (homeOf(secret) ?? region) === region || liveReplicas(secret).includes(region);
}

/** What names a version: the token of the request that wrote it, else its uid as a UUID. */
export function versionIdOf({ uid, attributes }: Pick<Version, 'uid' | 'attributes'>): string {
  if (attributes?.requestToken !== undefined) return attributes.requestToken;
  return [uid.slice(0, 8), uid.slice(8, 12), uid.slice(12, 16), uid.slice(16, 20), uid.slice(20)].join('-');
}

/** When a secret was changed last, as far as AWS's API tells: its own changes, and the version that came last. */
export function changedAtOf({ aws, createdAt }: Pick<Secret, 'aws' | 'createdAt'>, newest = 0): number {
  return Math.max(aws?.changedAt ?? createdAt, newest);
}
