// Secrets and versions as AWS's clients read them: times in seconds, and what is not set left out. Source: service-2.json of
// 2017-10-17, and recorded replies.

import { kmsArn } from '../../core/aws/kms.ts';
import { changedAtOf, primaryRegion, secretArn, versionIdOf } from '../../core/aws/secret.ts';
import { CURRENT, PENDING, PREVIOUS, stagesOfVersion } from '../../core/aws/stages.ts';
import { tagsOf } from '../../core/aws/tags.ts';
import type { Secret, Version } from '../../core/secret.ts';
import type { Told } from '../../ops/aws/describe-secret.ts';
import type { SeenVersion } from '../../ops/aws/list-versions.ts';
import type { AccessedVersion } from '../../ops/versions.ts';
import type { Call } from './call.ts';
import { encodeRotation } from './rotation-encode.ts';

type Members = Readonly<Record<string, unknown>>;

const DAY_SECONDS = 24 * 3600;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const seconds = (milliseconds: number): number => milliseconds / 1000;
/** The UTC day, in seconds. */
const dayOf = (milliseconds: number) => Math.floor(seconds(milliseconds) / DAY_SECONDS) * DAY_SECONDS;

/** ARN and Name, which nearly every answer begins with. */
export function named(
  call: Call,
  secret: Pick<Secret, 'name' | 'uid'>,
): { readonly ARN: string; readonly Name: string } {
  return { ARN: secretArn(call.account, call.region, secret), Name: secret.name };
}

export function encodeValue(call: Call, { secret, version, payload }: AccessedVersion): Members {
  const bytes = payload.reveal();
  const text = version.attributes?.kind === 'binary' ? undefined : textOf(bytes);
  return {
    ...named(call, secret),
    VersionId: versionIdOf(version),
    ...(text === undefined ? { SecretBinary: Buffer.from(bytes).toString('base64') } : { SecretString: text }),
    VersionStages: stagesShown(secret, version.number),
    CreatedDate: seconds(version.createdAt),
  };
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/** The labels of a version, the roles first. */
export function stagesShown(secret: Secret, number: number): readonly string[] {
  const rank = (label: string) => (label === CURRENT ? 0 : label === PREVIOUS ? 1 : 2);
  return stagesOfVersion(secret, number).toSorted((one, other) => rank(one) - rank(other));
}

/** What DescribeSecret and ListSecrets tell alike; `stages` is what each calls the labels of versions. */
export function encodeSecret(
  call: Call,
  { secret, versions, readAt }: Told,
  stages: 'VersionIdsToStages' | 'SecretVersionsToStages',
): Members {
  const { aws, createdAt, purgeAt } = secret;
  const tags = Object.entries(tagsOf(secret)).map(([Key, Value]) => ({ Key, Value }));
  const labels = versions.map((version): [string, readonly string[]] => [
    versionIdOf(version),
    stagesShown(secret, version.number),
  ]);
  if (aws?.reserved !== undefined) labels.push([aws.reserved.versionId, [PENDING]]);
  const newest = versions.at(-1)?.createdAt;
  return {
    ...named(call, secret),
    ...encodeRotation(secret),
    ...given({ Type: aws?.type, Description: aws?.description, KmsKeyId: aws?.kmsKeyId }),
    LastChangedDate: seconds(changedAtOf(secret, newest)),
    ...(readAt === undefined ? {} : { LastAccessedDate: dayOf(readAt) }),
    ...(purgeAt === undefined ? {} : { DeletedDate: seconds(purgeAt) }),
    ...(tags.length === 0 ? {} : { Tags: tags }),
    ...(labels.length === 0 ? {} : { [stages]: Object.fromEntries(labels) }),
    ...given({ OwningService: aws?.owningService }),
    CreatedDate: seconds(createdAt),
    ...given({ PrimaryRegion: primaryRegion(secret) }),
  };
}

/** Members that are set: an empty text is none. */
function given(members: Readonly<Record<string, string | undefined>>): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== ''));
}

export function encodeReplicas({ aws }: Secret): readonly Members[] {
  return (aws?.replicas ?? []).map(({ region, kmsKeyId, problem }) => ({
    Region: region,
    ...given({ KmsKeyId: kmsKeyId, StatusMessage: problem }),
    Status: problem === undefined ? 'InSync' : 'Failed',
  }));
}

/** Its replicas, where it has any. */
export function replicationOf(secret: Secret): Members {
  const status = encodeReplicas(secret);
  return status.length === 0 ? {} : { ReplicationStatus: status };
}

export function encodeListed(call: Call, secret: Secret, { version, readAt }: SeenVersion): Members {
  const keyId = version.attributes?.customerKey?.name;
  const stages = stagesShown(secret, version.number);
  return {
    VersionId: versionIdOf(version),
    ...(stages.length === 0 ? {} : { VersionStages: stages }),
    ...(readAt === undefined ? {} : { LastAccessedDate: dayOf(readAt) }),
    CreatedDate: seconds(version.createdAt),
    KmsKeyIds: [keyId === undefined ? 'DefaultEncryptionKey' : kmsArn(call.account, call.region, `key/${keyId}`)],
  };
}

/** ARN, Name, and the version that a request made or found. */
export function encodeVersion(call: Call, secret: Secret, version: Version | undefined): Members {
  return { ...named(call, secret), ...(version === undefined ? {} : { VersionId: versionIdOf(version) }) };
}
