// Judges the order of a server's system calls: which answers left before what they promise was done. What belongs to a
// request is known by its id, which stands in its answer, in its audit record, and so in the page of the store's log
// that holds the record of a change.

import type { TracedCall } from '../support/strace.ts';

export interface Answered {
  readonly requestId: string;
  readonly kind: 'read' | 'change';
}

export interface Promised {
  /** Whether a read's record must be on the disk too. */
  readonly isAuditSynced: boolean;
}

/** What is wrong with each answer that left too early, or that is not in the trace; empty where all is well. */
export function tooEarly(
  calls: readonly TracedCall[],
  answers: readonly Answered[],
  { isAuditSynced }: Promised,
): readonly string[] {
  const done = calls.filter(({ result }) => result >= 0);
  const sent = done.filter(({ file }) => file.startsWith('socket:') || file.startsWith('TCP'));
  const files = { change: done.filter(inStoreLog), read: done.filter(inAudit) };
  return answers.flatMap(({ requestId, kind }) => {
    const answer = sent.find(({ args }) => args.includes(`x-request-id: ${requestId}`));
    if (answer === undefined) return [`the answer to ${kind} ${requestId} is not in the trace`];
    const written = files[kind].find(({ args }) => args.includes(requestId));
    if (written === undefined) return [`the record of ${kind} ${requestId} was never written`];
    if (written.ended > answer.began) return [`${kind} ${requestId} was answered before its record was written`];
    if (kind === 'read' && !isAuditSynced) return [];
    const isSynced = files[kind].some(
      ({ name, file, began, ended }) =>
        isSync(name) && file === written.file && began > written.ended && ended < answer.began,
    );
    return isSynced ? [] : [`${kind} ${requestId} was answered before its record was on the disk`];
  });
}

function isSync(name: string): boolean {
  return name === 'fsync' || name === 'fdatasync';
}

function inStoreLog({ file }: TracedCall): boolean {
  return file.endsWith('.db-wal');
}

function inAudit({ file }: TracedCall): boolean {
  return /\/audit\/.*\.jsonl$/.test(file);
}
