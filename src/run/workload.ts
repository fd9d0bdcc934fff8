// What a run is called where its reads are shown: the name that was given, or that of its command.

import { basename } from 'node:path';
import { isWorkload } from '../core/census.ts';
import { WORKLOAD_CHARS_MAX } from '../core/limits.ts';
import { RunFailure } from './failure.ts';

/** @throws RunFailure where the name that was given is none; of a command's name, what does not fit is written `-`. */
export function workloadOf(given: string | undefined, command: string): string {
  if (given === undefined) {
    const fitting = basename(command)
      .replace(/[^A-Za-z0-9._:@+-]/g, '-')
      .replace(/^[^A-Za-z0-9]+/, '');
    return fitting.slice(0, WORKLOAD_CHARS_MAX) || 'command';
  }
  return checkWorkload(given);
}

/** @throws RunFailure where this can be no name of a workload. */
export function checkWorkload(given: string): string {
  if (isWorkload(given)) return given;
  throw new RunFailure(
    `--workload: expected 1 to ${WORKLOAD_CHARS_MAX} letters, digits and . _ : @ + / -, starting with a letter or digit`,
  );
}
