// What an operation answered, as JSON: times as RFC 3339, and the one place where a token leaves by this door.

import type { AuditPage, AuditPart, AuditPruned, AuditVerdict, ChainedRecord } from '../../core/audit-record.ts';
import type { BackupBegun, BackupPart } from '../../core/backup-port.ts';
import type { EVENT_TYPES } from '../../core/events.ts';
import type { EventInList } from '../../core/notice-rows.ts';
import type { SealStatus } from '../../core/ports.ts';
import type { AccessKeyResult } from '../../ops/aws/access-keys.ts';
import type { SetAwsAccount } from '../../ops/aws/account.ts';
import type { Session } from '../../ops/aws/sessions.ts';
import type { ClientResult } from '../../ops/client-secrets.ts';
import type { DeletedProject } from '../../ops/delete-project.ts';
import type { EventPage } from '../../ops/events.ts';
import type { OpenedProxy } from '../../ops/proxy.ts';
import type { ProjectQuotas } from '../../ops/quotas.ts';
import type { SameValue } from '../../ops/same-value.ts';
import type { IssuedToken } from '../../ops/tokens.ts';
import type { IssuedVaultToken } from '../../ops/vault/account-tokens.ts';
import type { VersionResult } from '../../ops/versions.ts';
import { accessEncoders, nameOf, time } from './encode-access.ts';
import { awsEncoders } from './encode-aws.ts';

type Json = Readonly<Record<string, unknown>>;

const record = ({ time: at, ...rest }: ChainedRecord): Json => ({ ...rest, time: time(at) });

const event = ({ event: each, cursor }: EventInList): Json => ({
  cursor,
  id: each.id,
  time: time(each.time),
  type: each.type,
  resource: each.resource,
  ...(each.version === undefined ? {} : { version: each.version }),
  topics: each.topics,
  attributes: each.attributes,
  ...(each.data === '' ? {} : { data: JSON.parse(each.data) }),
});

/** A version, and which one of its secret is current. */
const moved = ({ project, secret, version }: VersionResult): Json => ({
  ...nameOf(project, secret),
  version: version.number,
  state: version.state,
  current: secret.currentVersion,
  previous: secret.previousVersion,
});

/** A version that was disabled or destroyed. */
const taken = (result: VersionResult): Json => {
  const { createdAt, destroyedAt, scheduledDestroyAt, etag } = result.version;
  return {
    ...moved(result),
    createTime: time(createdAt),
    ...(destroyedAt === undefined ? {} : { destroyTime: time(destroyedAt) }),
    ...(scheduledDestroyAt === undefined ? {} : { scheduledDestroyTime: time(scheduledDestroyAt) }),
    etag,
  };
};

const issued = ({ token, expiresAt }: IssuedToken): Json => ({
  accessToken: token.reveal(),
  expireTime: time(expiresAt),
});

const issuedForVault = ({ accessor, expiresAt, token }: Partial<IssuedVaultToken>): Json => ({
  accessor,
  ...(token === undefined ? {} : { token: token.reveal() }),
  expireTime: time(expiresAt as number),
});

const client = ({ account, key, tenantId, secret }: ClientResult): Json => ({
  key: key.id,
  tenantId,
  clientId: account.uid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
  ...(key.expiresAt === undefined ? {} : { expireTime: time(key.expiresAt) }),
  ...(secret === undefined ? {} : { clientSecret: secret.reveal() }),
});

const accessKey = ({ key, awsAccount, secret }: AccessKeyResult): Json => ({
  accessKeyId: key.id,
  awsAccountId: awsAccount,
  ...(secret === undefined ? {} : { secretAccessKey: secret.reveal() }),
});

const encoders: Readonly<Record<string, (result: never) => Json>> = {
  'audit.query': ({ records, ...places }: AuditPage) => ({ records: records.map(record), ...places }),
  'audit.export': (part: AuditPart) => ({ ...part }),
  'audit.prune': (pruned: AuditPruned) => ({ ...pruned }),
  'backup.create': (begun: BackupBegun) => ({ ...begun }),
  'backup.read': ({ sizeBytes, bytes }: BackupPart) => ({
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(bytes === undefined ? {} : { data: Buffer.from(bytes).toString('base64') }),
  }),
  'backup.end': () => ({}),
  'audit.verify': (verdict: AuditVerdict) => ({ ...verdict }),
  'events.query': ({ events, next }: EventPage) => ({
    events: events.map(event),
    ...(next === undefined ? {} : { next }),
  }),
  'events.types': (types: typeof EVENT_TYPES) => ({
    types: Object.entries(types).map(([type, { help, version, data }]) => ({ type, help, version, data })),
  }),
  'secrets.promote': moved,
  'secrets.rollback': moved,
  'versions.add': moved,
  'versions.sameValue': ({ versions }: SameValue) => ({
    versions: versions.map(({ project, secret, version }) => ({
      ...nameOf(project, secret),
      version: version.number,
      state: version.state,
      createTime: time(version.createdAt),
    })),
  }),
  'projects.getQuotas': (quotas: ProjectQuotas) => ({ ...quotas }),
  'projects.setQuotas': (quotas: ProjectQuotas) => ({ ...quotas }),
  'proxy.open': ({ password, ...proxy }: OpenedProxy) => ({ ...proxy, password: password.reveal() }),
  'server.seal': (status: SealStatus) => ({ ...status }),
  'secrets.delete': () => ({}),
  'accountKeys.setWorkload': () => ({}),
  'versions.disable': taken,
  'versions.destroy': taken,
  'tokens.issue': issued,
  'tokens.generate': issued,
  'tokens.narrow': issued,
  'awsSessions.issue': ({ accessKeyId, secret, token, expiresAt }: Session) => ({
    accessKeyId,
    secretAccessKey: secret.reveal(),
    sessionToken: token.reveal(),
    expireTime: time(expiresAt),
  }),
  'vaultTokens.generate': issuedForVault,
  'vaultTokens.renew': issuedForVault,
  'accountKeys.createSecret': client,
  'accountKeys.upload': client,
  'accountKeys.createAws': accessKey,
  'accountKeys.importAws': accessKey,
  'projects.delete': (deleted: DeletedProject) => ({ ...deleted }),
  'projects.setAwsAccount': (set: SetAwsAccount) => ({ ...set }),
  'tokens.revoke': () => ({}),
  ...accessEncoders,
  ...awsEncoders,
};

/** The JSON of an operation's result; an operation without an encoder answers nothing at all rather than too much. */
export function encodeResult(operation: string, result: unknown): Json {
  const encode = encoders[operation];
  if (encode === undefined) throw new TypeError(`operation ${operation} has a route but no encoder`);
  return encode(result as never);
}
