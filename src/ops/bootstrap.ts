// First start: a default project, and an owner who may do everything. Later starts: the owner's credential made anew
// where it was lost. Both are one transaction with its audit record, like every other change.

import type { AuditRecord } from '../core/audit-record.ts';
import type { Policy } from '../core/iam/policy.ts';
import type { ProjectId, ProjectRef } from '../core/name.ts';
import type { Change, Clock, Entropy, Keyring, Maybe, Store } from '../core/ports.ts';
import { OWNER } from '../core/principal.ts';
import type { Redacted } from '../core/redacted.ts';
import { then } from './maybe.ts';
import { newProject } from './projects.ts';

export const DEFAULT_PROJECT = 'default' as ProjectId;

export interface Bootstrap {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Keeps the owner's credential where the CLI finds it; called before the store learns its hash. */
  keepOwner(credential: Redacted<string>): void;
  /** Whether the credential kept is this one's. */
  ownerHash: string | undefined;
  /** Whether other servers share the store, each of which keeps a credential of the owner. */
  readonly isShared?: boolean;
}

/** Answers whether the server was new, and the records to copy to the segment. */
export function bootstrap(deps: Bootstrap): Maybe<{ readonly isNew: boolean; readonly record?: AuditRecord }> {
  const { store, ownerHash, isShared } = deps;
  const needs = {
    server: { need: 'server' },
    project: { need: 'project', project: DEFAULT_PROJECT as string as ProjectRef },
    token: { need: 'token', hash: ownerHash ?? '' },
  } as const;
  return then(store.read(needs), ({ server, project, token }) => {
    const isNew = server.bindings.length === 0;
    if (!isNew && token?.kind === 'owner') return { isNew };
    const setup = isNew ? initialise(deps, project === undefined) : [];
    const before = isShared ? [] : [{ change: 'token.deleteAll', member: OWNER.member } as const];
    const changes = [...setup, ...before, ownerCredential(deps)];
    const record = ownRecord(deps.clock.now(), deps.entropy, isNew ? 'server.initialise' : 'server.renewOwner');
    return then(
      store.transact({}, () => ({ result: undefined, changes, record })),
      () => ({ isNew, record }),
    );
  });
}

function initialise({ clock, entropy, keyring }: Bootstrap, withProject: boolean): Change[] {
  const roles = ['roles/coffer.admin', 'roles/owner'];
  const policy: Policy = {
    bindings: roles.map((role) => ({ role, members: [OWNER.member] })),
    etag: btoa(entropy.text(7)),
  };
  const command = { id: DEFAULT_PROJECT, displayName: 'Default', labels: {} };
  const project = withProject ? newProject(command, OWNER.member, clock.now(), entropy, keyring).changes : [];
  return [{ change: 'server.policy', policy }, ...project];
}

function ownerCredential({ clock, entropy, keepOwner }: Bootstrap): Change {
  const { text, hash } = entropy.credential('owner');
  keepOwner(text);
  return {
    change: 'token.insert',
    token: { hash, member: OWNER.member, kind: 'owner', createdAt: clock.now() },
  };
}

/** The record of something that the server does at its start, on the owner's behalf. */
export function ownRecord(now: number, entropy: Entropy, operation: string): AuditRecord {
  return {
    id: entropy.uid(),
    time: now,
    operation,
    outcome: 'allowed',
    principal: OWNER.member,
    resource: 'server',
    dialect: 'server',
    peer: 'local',
    requestId: entropy.uid(),
  };
}
