// The store as a worker thread has it: every call is a message to the thread that owns the store, answered by another.

import type { MessagePort } from 'node:worker_threads';
import type { AuditStore } from '../../src/audit/options.ts';

type Call = Readonly<{ id: number; method: keyof AuditStore; values: readonly unknown[] }>;
type Answer = Readonly<{ id: number; value?: unknown; problem?: string }>;

/** In the worker: a store whose calls go through `port`. */
export function storeOver(port: MessagePort): AuditStore {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  port.on('message', ({ id, value, problem }: Answer) => {
    const { resolve, reject } = waiting.get(id) ?? Promise.withResolvers();
    waiting.delete(id);
    if (problem === undefined) resolve(value);
    else reject(new Error(problem));
    if (waiting.size === 0) port.unref();
  });
  port.unref();
  const ask =
    (method: keyof AuditStore) =>
    (...values: unknown[]): Promise<never> => {
      const id = waiting.size === 0 ? 1 : Math.max(...waiting.keys()) + 1;
      const answer = Promise.withResolvers<unknown>();
      waiting.set(id, answer);
      port.ref();
      port.postMessage({ id, method, values } satisfies Call);
      return answer.promise as Promise<never>;
    };
  return {
    pendingAudit: ask('pendingAudit'),
    settleAudit: ask('settleAudit'),
    auditMarks: ask('auditMarks'),
    anchorAudit: ask('anchorAudit'),
    auditAnchors: ask('auditAnchors'),
  };
}

/** In the thread that owns the store: answers the calls of the other end of `port`. */
export function serveStore(store: AuditStore, port: MessagePort): void {
  port.on('message', async ({ id, method, values }: Call) => {
    try {
      const value: unknown = await (store[method] as (...values: readonly unknown[]) => unknown)(...values);
      port.postMessage({ id, value } satisfies Answer);
    } catch (error) {
      port.postMessage({ id, problem: String(error) } satisfies Answer);
    }
  });
}
