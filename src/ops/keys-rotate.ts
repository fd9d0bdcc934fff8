// New versions of a key: when somebody asks, and when one is due.

import { Fault } from '../core/error.ts';
import { rotatedKey } from '../core/keys/rules.ts';
import {
  foundKey,
  type KeyRef,
  type KeyResult,
  keyNeed,
  keyTarget,
  makeReady,
  shown,
  versionOf,
  versionsNeed,
} from './keys-found.ts';
import { type Operation, operation } from './operation.ts';
import { Stale } from './writer.ts';

function rotation(
  name: string,
  help: string,
  permission: 'coffer.keys.rotate' | 'system',
): Operation<KeyRef, KeyResult> {
  return operation({
    name,
    help,
    kind: 'write',
    permission,
    target: (command: KeyRef) => keyTarget(command),
    prepareNeeds: (command) => ({ found: keyNeed(command) }) as const,
    prepare: (input, keyring) => {
      const project = input.project(input.command.project);
      const { key } = foundKey(input, input.rows.found);
      // What is not going to be used is not made: it may take seconds.
      const { latestVersion: number } = rotatedKey(key, input.now);
      return makeReady(keyring, project, { keyUid: key.uid, number }, key);
    },
    needs: (command) => ({ found: keyNeed(command), versions: versionsNeed(command) }) as const,
    decide: (input) => {
      const { now, prepared } = input;
      const { key: before } = foundKey(input, input.rows.found);
      if (permission === 'system' && !(before.nextRotationAt !== undefined && before.nextRotationAt <= now)) {
        throw new Fault('KEY_NOT_FOUND', { key: before.name });
      }
      const key = rotatedKey(before, now);
      if (key.uid !== prepared.keyUid || key.latestVersion !== prepared.number) throw new Stale();
      const version = versionOf(prepared, now);
      const versions = shown([...input.rows.versions, version]);
      return {
        result: { project: input.project(input.command.project), key, versions },
        changes: [
          { change: 'key.update', key },
          { change: 'keyVersion.insert', version },
        ],
        version: version.number,
      };
    },
  });
}

export const rotateKey: Operation<KeyRef, KeyResult> = rotation(
  'keys.rotate',
  'make a new version of a key, which is used from then on',
  'coffer.keys.rotate',
);

export const rotateDueKey: Operation<KeyRef, KeyResult> = rotation(
  'keys.rotateDue',
  'make a new version of a key whose newest is old enough',
  'system',
);
