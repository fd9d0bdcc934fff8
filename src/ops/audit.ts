// Asking the ledger: who read what, and does it still hold together.

import type {
  AuditExport,
  AuditPage,
  AuditPart,
  AuditPruned,
  AuditQuery,
  AuditVerdict,
  Outcome,
} from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import { AUDIT_CURSOR_CHARS_MAX, AUDIT_PAGE_MAX } from '../core/limits.ts';
import { parseProjectRef } from '../core/name.ts';
import type { Field } from './fields.ts';
import { type Operation, operation } from './operation.ts';

const AFTER: Field = {
  type: 'string',
  help: 'only what follows: `next` or `tail` of an earlier answer',
  max: AUDIT_CURSOR_CHARS_MAX,
};

export interface QueryAudit extends Omit<AuditQuery, 'limit'> {
  /** Asks with the permissions of that project, and of that project alone. */
  readonly project?: string;
  readonly limit?: number;
}

export const queryAudit: Operation<QueryAudit, AuditPage> = operation({
  name: 'audit.query',
  help: 'list audit records, oldest first; a page may be short or empty and still name a next one',
  kind: 'read',
  permission: 'logging.privateLogEntries.list',
  api: {
    method: 'GET',
    path: '/audit',
    fields: {
      project: { type: 'string', help: 'only this project; asks for the permission there rather than on the server' },
      since: { type: 'time', help: 'the first moment' },
      until: { type: 'time', help: 'the moment before which to stop' },
      principal: { type: 'string', help: 'the member who asked, such as user:owner@coffer.internal' },
      resource: { type: 'string', help: 'a resource and all below it' },
      operation: { type: 'string', help: 'the operation, such as versions.access' },
      outcome: { type: 'string', help: 'how it ended', oneOf: ['allowed', 'denied', 'failed'] satisfies Outcome[] },
      after: AFTER,
      newest: { type: 'string', help: 'the last records that match; `next` then leads further back', oneOf: ['true'] },
      limit: { type: 'integer', help: 'how many records at the most', min: 1, max: AUDIT_PAGE_MAX },
    },
    command: ({ newest, ...values }) => ({ ...values, ...(newest === undefined ? {} : { newest: true }) }),
  },
  target: ({ project }) =>
    project === undefined ? { asked: 'audit' } : { project: parseProjectRef(project), asked: `projects/${project}` },
  decide: (input) => {
    const { project, resource } = input.command;
    if (project === undefined) return { result: resource };
    const root = `projects/${input.project(parseProjectRef(project)).id}`;
    if (resource !== undefined && resource !== root && !resource.startsWith(`${root}/`)) {
      throw new Fault('INVALID_FIELD', { field: 'resource', problem: `must be ${root} or below it` });
    }
    return { result: resource ?? root };
  },
  finish: (resource, { project: _project, limit = AUDIT_PAGE_MAX, ...filters }, { audit }) =>
    audit.query({ ...filters, ...(resource === undefined ? {} : { resource }), limit }),
});

export const verifyAudit: Operation<object, AuditVerdict> = operation({
  name: 'audit.verify',
  help: 'check the chain of audit records from its beginning',
  kind: 'read',
  permission: 'coffer.audit.verify',
  api: { method: 'GET', path: '/audit:verify', fields: {} },
  target: () => ({ asked: 'audit' }),
  decide: () => ({ result: undefined }),
  finish: (_result, _command, { audit }) => audit.verify(),
});

export const exportAudit: Operation<AuditExport, AuditPart> = operation({
  name: 'audit.export',
  help: 'hand out the lines of the audit log as they are, some at a time',
  kind: 'read',
  permission: 'logging.privateLogEntries.list',
  api: {
    method: 'GET',
    path: '/audit:export',
    fields: { until: { type: 'time', help: 'the moment before which to stop; now unless given' }, after: AFTER },
  },
  target: () => ({ asked: 'audit' }),
  decide: () => ({ result: undefined }),
  finish: (_result, command, { audit }) => audit.export(command),
});

/** Its own record is in the store before anything goes; another one says what went. */
export const pruneAudit: Operation<{ readonly before: number }, AuditPruned> = operation({
  name: 'audit.prune',
  help: 'remove whole sealed segments of the audit log that are older than this',
  kind: 'write',
  permission: 'coffer.audit.prune',
  api: {
    method: 'POST',
    path: '/audit:prune',
    fields: { before: { type: 'time', help: 'the moment before which all of a segment must be', required: true } },
  },
  target: () => ({ asked: 'audit' }),
  decide: ({ command, now }) => {
    if (command.before > now)
      throw new Fault('INVALID_FIELD', { field: 'before', problem: 'must not be in the future' });
    return { result: undefined, details: { before: new Date(command.before).toISOString() } };
  },
  finish: (_result, { before }, { audit }) => audit.prune(before),
});
