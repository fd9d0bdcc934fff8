// What Vault's dialect is given: who a token stands for, in which project, and the one way to have something done. A
// token lives while all above it do; one whose account is gone is nobody's.

import type { AuthorityStamp } from '../../core/authority-stamp.ts';
import { Fault } from '../../core/error.ts';
import { accountProject, isProjectId, type ProjectId, type ProjectRef, parseProjectRef } from '../../core/name.ts';
import type { Clock, Keyring, Maybe, Store } from '../../core/ports.ts';
import {
  ANONYMOUS,
  accountOfMember,
  accountPrincipal,
  type Caller,
  OWNER,
  type Principal,
  type Seen,
} from '../../core/principal.ts';
import { Redacted } from '../../core/redacted.ts';
import { AUDIT_DEVICES_ID, type AuditDevice, type AuditFiles, auditDevices } from '../../core/vault/audit-device.ts';
import { type AuthTable, authTable } from '../../core/vault/auth-mounts.ts';
import { IAM_POLICY, ROOT_POLICY, type VaultAuthority } from '../../core/vault/authority.ts';
import type { CeremonyFields, CeremonyStep } from '../../core/vault/ceremony.ts';
import { isWithin } from '../../core/vault/cidr.ts';
import type {
  CertificateReader,
  Revocations,
  Trust,
  VerifiedCertificate,
} from '../../core/vault/client-certificate.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import type { Identity } from '../../core/vault/identity.ts';
import { type MountTable, mountsId, mountTable } from '../../core/vault/mounts.ts';
import { isAlive, type KnownToken, memberOfToken, TOKEN_DEPTH_MAX, tokenId, tokenOf } from '../../core/vault/token.ts';
import { DEFAULT_PROJECT } from '../bootstrap.ts';
import type { Origin } from '../callers.ts';
import type { Door } from '../door.ts';
import type { Engine } from '../engine.ts';
import { then } from '../maybe.ts';
import { BatchTokens } from './batch-tokens.ts';
import { CERT_ROLES_MAX, certRolesPrefix } from './cert.ts';
import { accountIdentity, ENTRIES_NAMED_MAX, liveIdentity, REFUSED } from './identity-reads.ts';
import { KeptCallers } from './kept-callers.ts';
import { auditHash } from './logical.ts';

/** A request by Vault's API, once it is known who asks and where. */
export interface Entered {
  readonly caller: Caller & { readonly vault: VaultAuthority };
  /** The namespace. */
  readonly project: ProjectId;
  readonly mounts: MountTable;
  readonly auth: AuthTable;
  /** To which a line goes for each request and each answer. */
  readonly devices: readonly AuditDevice[];
  /** The caller's token, where the store has it or it is a batch token. */
  readonly token?: KnownToken;
}

export interface VaultDoor extends Engine {
  /**
   * Undefined where there is no such namespace. A bad token makes a caller whom every operation refuses. `connection` is
   * the same object for all requests of one.
   */
  enter(
    credential: string | undefined,
    origin: Origin,
    namespace: string,
    connection: object,
  ): Maybe<Entered | undefined>;
  /** The hash of a token, by which the store knows it. */
  digest(text: string): string;
  /** The token that a sealed text is; undefined for any other. */
  batch(text: string): KnownToken | undefined;
  /** What an audit device writes in the place of a value. */
  auditHash(device: AuditDevice, value: string): string;
  /** Hands a line to the file of a device; false where it does not take it. */
  auditLine(device: AuditDevice, line: string): boolean;
  /** What a secret id is known by. */
  secretIdHash(text: string): string;
  /**
   * Hashes the password of that user, and goes on with it: one at a time in this thread, so that whoever tries many waits
   * for the outcome of each.
   */
  withPassword<T>(user: string, password: string, work: (hash: string) => Promise<T>): Promise<T>;
  /** The certificates of a PEM text, as a role keeps them; undefined where it holds none that can be read. */
  trust(pem: string): Trust | undefined;
  /** What this chain, DER, comes to for the roles of an auth mount; undefined: it cannot be read. */
  certificate(mountUid: string, chain: readonly Uint8Array[]): Maybe<VerifiedCertificate | undefined>;
  /** What a list, PEM, takes back, its signature held against what the roles of an auth mount trust. */
  revocations(mountUid: string, pem: string): Maybe<Revocations | undefined>;
  /** Of a certificate in DER, in hex. */
  fingerprint(der: Uint8Array): string;
  /** Has a step done by whoever holds the seal; answers what Vault answers to it. Throws or rejects with a Fault. */
  ceremony(step: CeremonyStep, fields: CeremonyFields): Promise<object | undefined>;
  now(): number;
  /** What the server is called, and since when it is there. */
  describe(): ServerFacts;
}

export interface ServerFacts {
  readonly name: string;
  readonly id: string;
  /** The key of its seal is shared out. */
  readonly isShared: boolean;
}

export interface VaultDoorDeps {
  readonly door: Door;
  readonly store: Pick<Store, 'read'> & AuthorityStamp;
  readonly keyring: Pick<Keyring, 'openText' | 'status' | 'fingerprint' | 'tenantId'>;
  readonly auditFiles: Pick<AuditFiles, 'append'>;
  hashPassword(password: string, salt: string): Promise<string>;
  readonly clock: Clock;
  digest(text: string): string;
  readonly certificates: CertificateReader;
  ceremony: VaultDoor['ceremony'];
}

/** Ours: logins with a password that may wait in one thread. */
const PASSWORDS_WAITING_MAX = 100;

const textOf = (text: string) => new Redacted<Uint8Array>(new TextEncoder().encode(text));

/** One request: all that it reads is as of one moment. */
interface Asking extends VaultDoorDeps {
  readonly batches: BatchTokens;
  readonly seen: Seen;
  /** When the first of the tokens ends that were looked at. */
  until: number;
}

interface Known {
  readonly caller: Caller;
  readonly policies: readonly string[];
  readonly identity?: Identity;
  /** Its own project; absent: the default one. */
  readonly home: ProjectRef;
  readonly token?: KnownToken;
}

/** The policies that are the server's own, whatever the namespace. */
const TRAVELLING: ReadonlySet<string> = new Set([ROOT_POLICY, IAM_POLICY, 'default']);
const HOME = DEFAULT_PROJECT as string as ProjectRef;

export function createVaultDoor(deps: VaultDoorDeps): VaultDoor {
  const { door, store, keyring, clock, digest } = deps;
  const batches = new BatchTokens(keyring, digest);
  const kept = new KeptCallers(store, clock);
  let queue: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    call: (operation, caller, command) => door.call(operation, caller, command),
    enter: (credential = '', origin, namespace, connection) => {
      const sent = { credential, namespace, connection };
      const found = kept.find(sent, origin);
      if (found !== undefined) return found;
      const { stamp } = kept;
      const asking: Asking = { ...deps, batches, seen: {}, until: Number.POSITIVE_INFINITY };
      return then(knownBy(asking, credential, origin), (known) =>
        then(place(asking, known, namespace), (entered) => {
          if (entered !== undefined) kept.keep(sent, entered, asking.until, stamp);
          return entered;
        }),
      );
    },
    digest,
    batch: (text) => batches.open(text),
    auditHash: ({ uid }, value) => auditHash(keyring, uid, value),
    auditLine: ({ file }, line) => deps.auditFiles.append(file, line),
    secretIdHash: (text) => keyring.fingerprint(textOf(text)),
    withPassword: (user, password, work) => {
      if (waiting >= PASSWORDS_WAITING_MAX)
        throw new Fault('LIMIT_REACHED', { what: 'logins at once', limit: PASSWORDS_WAITING_MAX });
      waiting++;
      const salt = keyring.fingerprint(textOf(`password ${user}`));
      const next = queue.then(async () => work(await deps.hashPassword(password, salt)));
      queue = next.then(
        () => void waiting--,
        () => void waiting--,
      );
      return next;
    },
    trust: (pem) => deps.certificates.trust(pem),
    certificate: (mountUid, chain) =>
      then(trustOfRoles(store, mountUid), (roles) => deps.certificates.verify(chain, roles, clock.now())),
    revocations: (mountUid, pem) =>
      then(trustOfRoles(store, mountUid), (roles) => deps.certificates.revocations(pem, roles)),
    fingerprint: (der) => deps.certificates.fingerprint(der),
    ceremony: deps.ceremony,
    now: () => clock.now(),
    describe: () => {
      const id = keyring.tenantId();
      return { id, name: `coffer-${id.slice(0, 8)}`, isShared: keyring.status().shares !== undefined };
    },
  };
}

/** What the roles of an auth mount trust, by their names. */
function trustOfRoles(store: Pick<Store, 'read'>, mountUid: string): Maybe<Readonly<Record<string, Trust>>> {
  const range = { prefix: certRolesPrefix(mountUid), after: '', limit: CERT_ROLES_MAX };
  return then(store.read({ roles: { need: 'vaultEntries', ...range } }), ({ roles }) =>
    Object.fromEntries(roles.map(({ id, data }) => [id.slice(range.prefix.length), data['trust'] as Trust])),
  );
}

function nobody(origin: Origin, refused: boolean): Known {
  const caller: Caller = { ...origin, principal: ANONYMOUS };
  return { caller: refused ? { ...caller, refused: true } : caller, policies: [], home: HOME };
}

function knownBy(deps: Asking, credential: string, origin: Origin): Maybe<Known> {
  if (credential === '') return nobody(origin, false);
  const batch = deps.batches.open(credential);
  if (batch !== undefined) return ofToken(deps, batch, origin);
  if (credential.startsWith('cof_owner_') || credential.startsWith('ya29.') || credential.startsWith('ey')) {
    return then(deps.door.authenticate(credential, origin), (caller) => ofPrincipal(deps, caller, origin));
  }
  const hash = deps.digest(credential);
  return then(deps.store.read({ entry: { need: 'vaultEntry', id: tokenId(hash) } }, deps.seen), ({ entry }) =>
    entry === undefined ? nobody(origin, true) : ofToken(deps, tokenOf(entry), origin, hash),
  );
}

/** A credential of Coffer's own: the owner may all, a service account what IAM grants it. */
function ofPrincipal(deps: Asking, caller: Caller, origin: Origin): Maybe<Known> {
  if (caller.principal.member === OWNER.member) return { caller, policies: [ROOT_POLICY], home: HOME };
  const email = accountOfMember(caller.principal.member);
  if (email === undefined) return { caller, policies: [], home: HOME };
  const known = { caller, policies: ['default', IAM_POLICY], home: accountProject(email) };
  return then(accountIdentity(deps, email), (found) => {
    if (found === REFUSED) return nobody(origin, true);
    return found === undefined ? known : { ...known, identity: found.identity };
  });
}

function ofToken(deps: Asking, known: KnownToken, origin: Origin, hash?: string): Maybe<Known> {
  return then(isWhole(deps, known, 0), (whole) => {
    const { boundCidrs } = known.token;
    const isBound = boundCidrs !== undefined && !isWithin(origin.peer, boundCidrs);
    if (!whole || isBound) return nobody(origin, true);
    const { entity } = known.token;
    if (entity === undefined) return ofAccount(deps, known, origin, hash);
    return then(liveIdentity(deps, known.token.project, entity), (identity) =>
      identity === undefined ? nobody(origin, true) : ofLiving(known, origin, hash, identity),
    );
  });
}

/** A token without an entity of its own: with the grants of an account it has the account's. */
function ofAccount(deps: Asking, known: KnownToken, origin: Origin, hash: string | undefined): Maybe<Known> {
  const { member, policies, project } = known.token;
  const email = member === undefined || !policies.includes(IAM_POLICY) ? undefined : accountOfMember(member);
  if (email === undefined) return ofLiving(known, origin, hash, undefined);
  return then(accountIdentity(deps, email), (found) => {
    if (found === REFUSED) return nobody(origin, true);
    return ofLiving(known, origin, hash, found?.project === project ? found.identity : undefined);
  });
}

function ofLiving(known: KnownToken, origin: Origin, hash: string | undefined, identity: Identity | undefined): Known {
  const { policies, project, workload } = known.token;
  const caller: Caller = {
    ...origin,
    principal: principalOf(known),
    ...(hash === undefined ? {} : { credential: { hash, kind: 'vault' } }),
    ...(workload === undefined ? {} : { workload }),
  };
  const who = identity === undefined ? {} : { identity };
  return { caller, policies, ...who, home: project as string as ProjectRef, token: known };
}

function principalOf({ token }: KnownToken): Principal {
  const { member = memberOfToken(token) } = token;
  if (member === OWNER.member) return OWNER;
  const email = accountOfMember(member);
  return email === undefined ? { member, groups: [] } : accountPrincipal(email);
}

/** Whether the token, all above it, and the account that it is of, are still there. */
function isWhole(deps: Asking, known: KnownToken, depth: number): Maybe<boolean> {
  if (!isAlive(known, deps.clock.now()) || depth > TOKEN_DEPTH_MAX) return false;
  deps.until = Math.min(deps.until, known.expiresAt ?? Number.POSITIVE_INFINITY);
  const email = known.token.member === undefined ? undefined : accountOfMember(known.token.member);
  const { parent } = known;
  if (parent === undefined && email === undefined) return true;
  const needs = {
    ...(parent === undefined ? {} : { parent: { need: 'vaultEntry', id: parent } as const }),
    ...(email === undefined ? {} : { account: { need: 'account', email } as const }),
  };
  return then(deps.store.read(needs, deps.seen), (rows) => {
    if (email !== undefined && rows.account === undefined) return false;
    if (parent === undefined) return true;
    const above = rows.parent as VaultEntry | undefined;
    return above !== undefined && isWhole(deps, tokenOf(above), depth + 1);
  });
}

/** The project that a request is for. One that it may not enter is as one that is not there. */
function place({ store, seen }: Asking, known: Known, namespace: string): Maybe<Entered | undefined> {
  const { caller, policies: own, identity, home, token } = known;
  const asked = namespace.replaceAll(/^\/+|\/+$/g, '');
  const wanted = asked === '' || asked === 'root' ? home : isProjectId(asked) ? parseProjectRef(asked) : undefined;
  if (wanted === undefined) return undefined;
  // Nobody has no project of his own: he may log in anywhere, and nothing else.
  const isNobody = caller.principal === ANONYMOUS;
  const mayLeave = isNobody || own.includes(IAM_POLICY) || (own.includes(ROOT_POLICY) && home === HOME);
  if (wanted !== home && !mayLeave) return undefined;
  // Elsewhere a policy of the same name is another's, who has not given it.
  const tokenPolicies = wanted === home ? own : own.filter((name) => TRAVELLING.has(name));
  const who = wanted === home && identity !== undefined ? { identity, tokenPolicies } : {};
  const policies = [...new Set([...tokenPolicies, ...(who.identity?.policies ?? [])])].sort();
  // Whoever has more than can be judged is refused: of those left out one might deny.
  if (policies.length > ENTRIES_NAMED_MAX) return place({ store, seen } as Asking, nobody(caller, true), '');
  const first = {
    project: { need: 'project', project: wanted },
    devices: { need: 'vaultEntry', id: AUDIT_DEVICES_ID },
    ...(wanted === home ? {} : { own: { need: 'project', project: home } as const }),
  } as const;
  return then(store.read(first, seen), ({ project, devices, own: from }) => {
    // A project that is gone takes its tokens along, those that nothing keeps among them.
    if (project === undefined || (wanted !== home && from === undefined)) return undefined;
    return then(store.read({ mounts: { need: 'vaultEntry', id: mountsId(project.id) } }, seen), ({ mounts }) => ({
      caller: {
        ...caller,
        seen,
        vault: {
          project: parseProjectRef(project.id),
          policies,
          ...who,
          ...(token === undefined
            ? {}
            : token.token.accessor === ''
              ? { batch: true as const }
              : { tokenId: token.id }),
        },
      },
      project: project.id,
      mounts: mountTable(project.id, mounts),
      auth: authTable(mounts),
      devices: auditDevices(devices),
      ...(token === undefined ? {} : { token }),
    }));
  });
}
