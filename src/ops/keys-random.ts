// Random bytes and hashes, which take no key.

import { Fault } from '../core/error.ts';
import type { HashName } from '../core/keys/type.ts';
import { RANDOM_BYTES_MAX } from '../core/limits.ts';
import type { ProjectRef } from '../core/name.ts';
import type { Redacted } from '../core/redacted.ts';
import { type Operation, operation, type Target } from './operation.ts';

export interface MakeRandom {
  readonly project: ProjectRef;
  readonly bytes: number;
}

export interface HashInput {
  readonly project: ProjectRef;
  readonly input: Uint8Array;
  readonly hash: HashName;
}

const target = ({ project }: { readonly project: ProjectRef }): Target => ({ project, asked: `projects/${project}` });

export const makeRandom: Operation<MakeRandom, Redacted<Uint8Array>> = operation({
  name: 'keys.makeRandom',
  help: 'make random bytes',
  kind: 'read',
  permission: 'coffer.keys.random',
  target: (command: MakeRandom) => target(command),
  decide: (input) => {
    const { project, bytes } = input.command;
    input.project(project);
    if (!Number.isSafeInteger(bytes) || bytes < 1 || bytes > RANDOM_BYTES_MAX) {
      throw new Fault('INVALID_FIELD', { field: 'bytes', problem: `1 to ${RANDOM_BYTES_MAX}` });
    }
    return { result: bytes };
  },
  finish: (bytes, _command, { keyring }) => keyring.keys.random(bytes),
});

export const hashInput: Operation<HashInput, Uint8Array> = operation({
  name: 'keys.hash',
  help: 'hash an input',
  kind: 'read',
  permission: 'coffer.keys.random',
  target: (command: HashInput) => target(command),
  decide: (input) => {
    input.project(input.command.project);
    return { result: undefined };
  },
  finish: (_result, { input, hash }, { keyring }) => keyring.keys.hash(input, hash),
});
