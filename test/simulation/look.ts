// What a store and its audit log really hold, past all permissions, told as the model tells its state.

import type { AuditPage } from '../../src/core/audit-record.ts';
import type { ConditionContext } from '../../src/core/iam/condition.ts';
import { authorise } from '../../src/core/iam/policy.ts';
import { parseSecretName, secretKey } from '../../src/core/name.ts';
import { OWNER } from '../../src/core/principal.ts';
import type { Secret } from '../../src/core/secret.ts';
import { hashToken } from '../../src/identity/tokens.ts';
import type { Core } from './core.ts';
import { type Grant, type Look, type State, shown } from './model.ts';
import { PROJECT } from './perform.ts';

const ROWS_MAX = 1000;
const CHANGES =
  /^(secrets\.(create|delete|update|promote|rollback|setIamPolicy)|projects\.setIamPolicy|versions\.(add|enable|disable|destroy)|accounts\.(create|delete)|tokens\.(generate|revoke))$/;

/** The account that every project begins with. */
const GIVEN = /[0-9]+-compute@/;

type Inside = Pick<Core, 'store' | 'log' | 'keyring'>;

/** The output of a look. Throws where a payload does not open. */
export async function look(inside: Inside, input: Look, tokens: ReadonlyMap<string, string>): Promise<string> {
  const { store } = inside;
  const rows = store.read({
    project: { need: 'project', project: PROJECT },
    secrets: { need: 'secrets', project: PROJECT, before: 0, limit: ROWS_MAX },
    accounts: { need: 'accounts', project: PROJECT, after: '', limit: ROWS_MAX },
    events: { need: 'events', after: 0, limit: ROWS_MAX },
  });
  if (rows.project === undefined) throw new Error('the default project is gone');
  const owners = input.labels.flatMap((label) => {
    const { token } = store.read({ token: { need: 'token', hash: hashToken(tokens.get(label) ?? '') } });
    return token === undefined ? [] : [[label, accountOf(token.member)] as const];
  });
  const state: State = {
    secrets: Object.fromEntries(rows.secrets.rows.map(({ secret }) => [secret.name, secretOf(inside, secret)])),
    grants: grantsOf(rows.project.policy.bindings),
    accounts: rows.accounts.rows
      .filter(({ email }) => !GIVEN.test(email))
      .map(({ email }) => email.split('@')[0] ?? '')
      .toSorted(),
    tokens: Object.fromEntries(owners),
    applied: (await recordedSteps(inside)).changes,
    events: rows.events.map(({ event: { type, resource, version } }) =>
      [type, resource.split('/').at(-1), ...(version === undefined ? [] : [version])].join(' '),
    ),
  };
  return shown(state, input.labels);
}

export interface Recorded {
  /** Request ids of the changes that the audit knows as allowed, sorted, as often as it does. */
  readonly changes: readonly string[];
  /** Request ids of everything in it. */
  readonly all: ReadonlySet<string>;
}

/** What the segments and the store's own records tell together. Throws where the segments have a record twice. */
export async function recordedSteps({ store, log }: Pick<Inside, 'store' | 'log'>): Promise<Recorded> {
  const records = new Map(store.pendingAudit().map((record) => [record.id, record]));
  const inLog = new Set<string>();
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: AuditPage = await log.query({ limit: ROWS_MAX, ...(after === '' ? {} : { after }) });
    for (const { sequence, stream: _stream, ...record } of page.records) {
      if (inLog.has(record.id))
        throw new Error(`the log has a record twice, again as ${sequence}: ${record.requestId}`);
      inLog.add(record.id);
      records.set(record.id, record);
    }
    after = page.next;
  }
  const all = [...records.values()].filter(({ dialect }) => dialect === 'test');
  const changes = all.filter(({ operation, outcome }) => outcome === 'allowed' && CHANGES.test(operation));
  return {
    changes: changes.map(({ requestId }) => requestId).toSorted(),
    all: new Set(all.map(({ requestId }) => requestId)),
  };
}

function secretOf({ store, keyring }: Inside, secret: Secret) {
  const place = { project: PROJECT, key: secretKey(parseSecretName(secret.name)) };
  const { versions, project } = store.read({
    versions: { need: 'versions', ...place, before: 0, limit: ROWS_MAX },
    project: { need: 'project', project: PROJECT },
  });
  const values = versions.rows.map((version) => {
    const { row } = store.read({ row: { need: 'payload', ...place, number: version.number } });
    if (row?.sealed === undefined) return { state: version.state, value: '' };
    const sealedIn = { projectUid: secret.projectUid, secretUid: secret.uid, versionUid: version.uid };
    const payload = keyring.open(grantToLook(), project?.wrappedKey ?? new Uint8Array(), sealedIn, row.sealed);
    return { state: version.state, value: Buffer.from(payload.reveal()).toString() };
  });
  const numbers = versions.rows.map(({ number }) => number).toReversed();
  if (numbers.some((number, index) => number !== index + 1)) throw new Error(`${secret.name} has versions ${numbers}`);
  return {
    versions: values.toReversed(),
    current: secret.currentVersion,
    previous: secret.previousVersion,
    grants: grantsOf(secret.policy.bindings),
  };
}

function grantToLook() {
  const policy = { bindings: [{ role: 'roles/owner', members: [OWNER.member] }], etag: '' };
  const context: ConditionContext = {
    time: 0,
    resource: () => {
      throw new Error('no condition is asked');
    },
  };
  const grant = authorise('secretmanager.versions.access', OWNER, [{ resource: 'server', policy }], context);
  if (grant === undefined) throw new Error('an owner may read');
  return grant;
}

function accountOf(member: string): string {
  return member.replace(/^serviceAccount:/, '').split('@')[0] ?? '';
}

function grantsOf(bindings: readonly { readonly role: string; readonly members: readonly string[] }[]): Grant[] {
  const live = (member: string) => member.startsWith('serviceAccount:') && !GIVEN.test(member);
  return bindings
    .flatMap(({ role, members }) =>
      members.filter(live).map((member) => `${role.split('.').at(-1)} ${accountOf(member)}`),
    )
    .toSorted();
}
