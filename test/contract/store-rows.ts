// Rows for the store's tests: each call makes a new thing with ids of its own, complete and legal.

import { randomBytes, randomUUID } from 'node:crypto';
import type { AuditRecord } from '../../src/core/audit-record.ts';
import { Fault } from '../../src/core/error.ts';
import { EMPTY_POLICY } from '../../src/core/iam/policy.ts';
import { GLOBAL, parseProjectId, parseProjectRef, parseSecretName, userAccountEmail } from '../../src/core/name.ts';
import type { Change, Decided, MetaStore, Store } from '../../src/core/ports.ts';
import type {
  Account,
  AccountKey,
  Project,
  SealedPayload,
  Secret,
  StoredEvent,
  Token,
  Version,
} from '../../src/core/secret.ts';

export type AnyStore = Store & MetaStore;

export function uid(): string {
  return randomUUID().replaceAll('-', '');
}

let lastNumber = 100_000_000_000;

export function aProject(over: Partial<Project> = {}): Project {
  lastNumber += 1;
  return {
    uid: uid(),
    id: parseProjectId(`p-${uid().slice(0, 12)}`),
    number: String(lastNumber),
    displayName: 'Ünïcode ☂ project',
    createdAt: 1_790_000_000_000,
    updatedAt: 1_790_000_000_001,
    labels: { team: 'a', ключ: 'значение' },
    etag: '0123456789abcd',
    policy: { bindings: [{ role: 'roles/viewer', members: ['user:a@example.com', 'allUsers'] }], etag: 'BwAB' },
    wrappedKey: randomBytes(61),
    settings: {},
    ...over,
  };
}

export function aSecret(project: Project, name = `s-${uid()}`, over: Partial<Secret> = {}): Secret {
  return {
    uid: uid(),
    projectUid: project.uid,
    location: GLOBAL,
    name: parseSecretName(name),
    createdAt: 1_790_000_000_002,
    labels: {},
    annotations: { note: 'line one\nline "two"' },
    tags: {},
    replication: { locations: [{ location: 'europe-west1' }, { location: 'us-east1' }] },
    versionAliases: {},
    topics: [],
    etag: '0123456789abce',
    policy: EMPTY_POLICY,
    lastVersion: 0,
    currentVersion: 0,
    previousVersion: 0,
    ...over,
  };
}

export function aVersion(secret: Secret, number: number, over: Partial<Version> = {}): Version {
  return {
    uid: uid(),
    secretUid: secret.uid,
    number,
    state: 'ENABLED',
    createdAt: 1_790_000_000_003,
    etag: '0123456789abcf',
    crc32c: 0xffffffff,
    fingerprint: uid() + uid(),
    clientChecksum: number % 2 === 0,
    ...over,
  };
}

/** As versions are that were stored before there were fingerprints, or were destroyed. */
export function withoutFingerprint({ fingerprint: _, ...version }: Version): Version {
  return version;
}

export function aSealed(bytes = 100): SealedPayload {
  return { wrappedKey: randomBytes(61), ciphertext: randomBytes(bytes) };
}

export function anAccount(project: Project, name = 'my-service', over: Partial<Account> = {}): Account {
  return {
    uid: uid(),
    projectUid: project.uid,
    email: userAccountEmail(name, project.id),
    uniqueId: `1${uid().replaceAll(/[a-f]/g, '7').slice(0, 20)}`,
    displayName: 'My service',
    description: '',
    createdAt: 1_790_000_000_004,
    etag: '0123456789abd0',
    ...over,
  };
}

export function aKey(account: Account, over: Partial<AccountKey> = {}): AccountKey {
  return {
    id: (uid() + uid()).slice(0, 40),
    account: account.email,
    publicKey: '-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n',
    createdAt: 1_790_000_000_005,
    disabled: false,
    ...over,
  };
}

export function anEvent(over: Partial<StoredEvent> = {}): StoredEvent {
  return {
    id: uid(),
    time: 1_790_000_000_007,
    projectUid: uid(),
    type: 'SECRET_VERSION_ADD',
    resource: 'projects/p/secrets/s',
    version: 3,
    topics: ['projects/p/topics/t'],
    attributes: { eventType: 'SECRET_VERSION_ADD' },
    data: '{"name":"projects/1/secrets/s"}',
    ...over,
  };
}

/** The deletion of an account. */
export function deletion({ email, uniqueId }: Account): Extract<Change, { change: 'account.delete' }> {
  const deletedMember = `deleted:serviceAccount:${email}?uid=${uniqueId}`;
  return { change: 'account.delete', email, deletedMember, policyEtag: 'BwXX', awsArns: [], awsDeleted: 'AIDA0' };
}

export function aToken(member: string, over: Partial<Token> = {}): Token {
  return {
    hash: uid() + uid(),
    member,
    kind: 'access',
    createdAt: 1_790_000_000_005,
    expiresAt: 1_790_003_600_005,
    ...over,
  };
}

export function aRecord(over: Partial<AuditRecord> = {}): AuditRecord {
  return {
    id: uid(),
    time: 1_790_000_000_006,
    operation: 'secrets.create',
    outcome: 'allowed',
    principal: 'user:owner@coffer.internal',
    resource: 'projects/p/secrets/s',
    version: 3,
    dialect: 'gcp',
    peer: '127.0.0.1',
    requestId: uid(),
    details: { role: 'roles/viewer', count: 2 },
    ...over,
  };
}

/** Applies changes, deciding on nothing. */
export async function apply(store: Store, ...changes: readonly Change[]): Promise<Decided<undefined>> {
  return await store.transact({}, () => ({ result: undefined, changes, record: aRecord() }));
}

/** A project with a secret of `count` versions, each with its sealed payload. */
export async function seed(
  store: Store,
  count: number,
): Promise<{ project: Project; secret: Secret; versions: Version[]; sealed: SealedPayload[] }> {
  const project = aProject();
  const secret = aSecret(project, undefined, { lastVersion: count, currentVersion: count });
  const versions = Array.from({ length: count }, (_, index) => aVersion(secret, index + 1));
  const sealed = versions.map(() => aSealed());
  await apply(
    store,
    { change: 'project.insert', project },
    { change: 'secret.insert', secret },
    ...versions.map((version, index) => ({
      change: 'version.insert' as const,
      version,
      sealed: sealed[index] as SealedPayload,
    })),
  );
  return { project, secret, versions, sealed };
}

export const unknownProject = parseProjectRef('no-such-project');

export function internal(error: unknown): boolean {
  return error instanceof Fault && error.code === 'INTERNAL';
}

export function numbers(versions: readonly Version[]): number[] {
  return versions.map(({ number }) => number);
}

export function hex(sealed: SealedPayload | undefined): string[] | undefined {
  return sealed && [sealed.wrappedKey, sealed.ciphertext].map((bytes) => Buffer.from(bytes).toString('hex'));
}

/** Bytes as hex, whatever class an engine gives them. */
export function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, function (this: Record<string, unknown>, name, inner: unknown) {
      const bytes = this[name];
      return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('hex') : inner;
    }),
  );
}
