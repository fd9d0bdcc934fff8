// Asking the ledger: who read what, and does it still hold together.

import type { AuditPage, AuditQuery, AuditVerdict, Outcome } from '../core/audit-record.ts';
import { Fault } from '../core/error.ts';
import { AUDIT_PAGE_MAX } from '../core/limits.ts';
import { parseProjectRef } from '../core/name.ts';
import { type Operation, operation } from './operation.ts';

export interface QueryAudit extends Omit<AuditQuery, 'limit'> {
  /** Asks with the permissions of that project, and of that project alone. */
  readonly project?: string;
  readonly limit?: number;
}

export const queryAudit: Operation<QueryAudit, AuditPage> = operation({
  name: 'audit.query',
  help: 'list audit records, oldest first',
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
      after: { type: 'integer', help: 'only records after this sequence number' },
      limit: { type: 'integer', help: 'how many records at the most', min: 1, max: AUDIT_PAGE_MAX },
    },
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
