// A key taken out wrapped for another server: nobody on the way holds it, since only the one that has the private half of
// the destination opens it. It takes what any export takes, from a key that says so.

import { Fault } from '../core/error.ts';
import type { Key } from '../core/keys/key.ts';
import { type HashName, isAsymmetric, traitsOf } from '../core/keys/type.ts';
import { wantedVersions } from './keys-export.ts';
import { foundKey, type KeyRef, keyNeed, keyTarget, opened, versionsNeed } from './keys-found.ts';
import { type Operation, operation } from './operation.ts';

export interface WrapKey extends KeyRef {
  /** The key of the same ring for which it is wrapped: its newest version. */
  readonly destination: string;
  /** Of OAEP. */
  readonly hash: HashName;
  /** Absent: every version that may still be used. */
  readonly version?: number | 'latest';
}

export interface WrappedVersion {
  readonly number: number;
  /** As `import` takes it. */
  readonly wrapped: Uint8Array;
}

export interface WrappedKey {
  readonly key: Key;
  readonly versions: readonly WrappedVersion[];
}

export const wrapKeyFor: Operation<WrapKey, WrappedKey> = operation({
  name: 'keys.exportWrapped',
  help: 'take the material of a key out, wrapped for another key',
  kind: 'read',
  permission: 'coffer.keys.export',
  target: (command: WrapKey) => keyTarget(command),
  needs: (command) =>
    ({
      destination: keyNeed({ ...command, name: command.destination }),
      found: keyNeed(command),
      versions: versionsNeed(command),
    }) as const,
  decide: (input) => {
    const { destination, version } = input.command;
    input.project(input.command.project);
    const to = input.rows.destination;
    if (to === undefined) throw new Fault('KEY_NOT_FOUND', { key: destination });
    const { key } = foundKey(input, input.rows.found);
    if (traitsOf(to.key.type).kind !== 'rsa' || to.version?.publicKey === undefined) {
      throw new Fault('KEY_USE_UNSUPPORTED', { type: to.key.type, use: 'wrap' });
    }
    if (!key.exportable) throw new Fault('KEY_NOT_EXPORTABLE', { key: key.name });
    const versions = wantedVersions(key, input.rows.versions, version);
    return {
      result: { key, versions, publicKey: to.version.publicKey },
      details: { destination, destinationVersion: to.version.number, versions: versions.length },
    };
  },
  finish: ({ key, versions, publicKey }, { hash }, at) => ({
    key,
    versions: versions.map((version): WrappedVersion => {
      const { number } = version;
      const plain = opened(at, key, version, number).export(isAsymmetric(key.type) ? 'pkcs8' : 'raw');
      if (plain.reveal().length === 0) throw new Fault('KEY_PRIVATE_MISSING');
      return { number, wrapped: at.keyring.keys.wrap(publicKey, plain, hash) };
    }),
  }),
});
