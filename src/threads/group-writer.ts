// Group commit: all changes that were submitted in one turn of the event loop share one transaction, and so one wait for
// the disk. While that wait lasts, the next ones gather.

import { Fault } from '../core/error.ts';
import { decideAll, type Submission, type Writer, type WriterDeps } from '../ops/writer.ts';

/** Submissions that may wait; more are refused at once. Every connection of a server may have one. */
const WAITING_MAX = 20_000;
/** Ours: whoever came first must not wait for all who came later. */
const GROUP_MAX = 256;

interface Waiting {
  readonly submission: Submission;
  readonly settle: PromiseWithResolvers<unknown>;
}

/** A writer that decides in groups; rejects with STORE_UNAVAILABLE where too many wait. */
export function createGroupWriter(deps: WriterDeps): Writer {
  let waiting: Waiting[] = [];
  let isBusy = false;
  const commit = async (): Promise<void> => {
    const group = waiting.slice(0, GROUP_MAX);
    waiting = waiting.slice(GROUP_MAX);
    isBusy = true;
    try {
      const submissions = group.map(({ submission }) => submission);
      const all = await decideAll(deps, submissions);
      group.forEach(({ settle }, index) => {
        try {
          settle.resolve(all[index]?.());
        } catch (error) {
          settle.reject(error);
        }
      });
    } catch (error) {
      for (const { settle } of group) settle.reject(error);
    }
    isBusy = false;
    if (waiting.length > 0) setImmediate(commit);
  };
  return {
    submit: (submission) => {
      if (waiting.length >= WAITING_MAX) {
        throw new Fault('STORE_UNAVAILABLE', { problem: 'too many changes wait for it' });
      }
      const settle = Promise.withResolvers<unknown>();
      waiting.push({ submission, settle });
      if (waiting.length === 1 && !isBusy) setImmediate(commit);
      return settle.promise;
    },
  };
}
