// Sealing and opening with a key: encrypt, decrypt, rewrap, and data keys. Reads as the ledger counts them: nothing is
// written but the record. What is sealed or opened for whom is the caller's business; which version may do so is the key's.

import { Fault } from '../core/error.ts';
import type { Key } from '../core/keys/key.ts';
import type { SealOptions } from '../core/keys/port.ts';
import { checkUse, newUseFault, oldUseFault } from '../core/keys/rules.ts';
import { isAead } from '../core/keys/type.ts';
import { KEY_ITEMS_MAX } from '../core/limits.ts';
import type { Maybe } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import type { KeyRef } from './keys-found.ts';
import { keyTarget } from './keys-found.ts';
import { contextOfItem, eachItem, type ItemResult, type KeyUsed, Opener, useNeeds, useOf } from './keys-items.ts';
import { then } from './maybe.ts';
import { type Operation, operation } from './operation.ts';

interface Together {
  readonly context?: Uint8Array;
  /** What is sealed in beside the plaintext. */
  readonly associatedData?: Uint8Array;
}

export interface EncryptItem extends Together {
  readonly plaintext: Redacted<Uint8Array>;
  /** 0: the newest. */
  readonly version: number;
}

export interface DecryptItem extends Together {
  readonly ciphertext: Uint8Array;
  readonly version: number;
}

export interface RewrapItem extends DecryptItem {
  /** 0: the newest. */
  readonly to: number;
}

export interface Sealed {
  readonly version: number;
  readonly ciphertext: Uint8Array;
}

interface Items<I> extends KeyRef {
  readonly items: readonly I[];
}

function sealOptions(key: Key, { context, associatedData }: Together): SealOptions {
  if (associatedData !== undefined && !isAead(key.type)) {
    const problem = `a key of type ${key.type} seals nothing beside the plaintext`;
    throw new Fault('INVALID_FIELD', { field: 'associated data', problem, rule: 'aead', type: key.type });
  }
  return {
    ...contextOfItem(key, context),
    ...(associatedData === undefined ? {} : { associatedData }),
    ...(key.convergent ? { convergent: true } : {}),
  };
}

function seal(opener: Opener, plaintext: Uint8Array, asked: number, together: Together): Sealed {
  const { key } = opener;
  const fault = newUseFault(key, asked);
  if (fault !== undefined) throw fault;
  const options = sealOptions(key, together);
  const version = asked === 0 ? key.latestVersion : asked;
  return { version, ciphertext: opener.open(version).encrypt(plaintext, options) };
}

function unseal(opener: Opener, item: DecryptItem): Maybe<Redacted<Uint8Array>> {
  const { key } = opener;
  const fault = oldUseFault(key, item.version);
  if (fault !== undefined) throw fault;
  const options = sealOptions(key, item);
  return opener.open(item.version).decrypt(item.ciphertext, options);
}

export const encrypt: Operation<Items<EncryptItem>, readonly ItemResult<Sealed>[]> = operation({
  name: 'keys.encrypt',
  help: 'seal plaintexts with a key',
  kind: 'read',
  permission: 'coffer.keys.encrypt',
  target: (command: Items<EncryptItem>) => keyTarget(command),
  needs: (command) =>
    useNeeds(
      command,
      command.items.map(({ version }) => version),
    ),
  decide: (input) => useOf(input, input.command.items.length, (key) => checkUse(key, 'encrypt')),
  finish: (used: KeyUsed, { items }, at) => {
    const opener = new Opener(used, at);
    return eachItem(items, (item) => seal(opener, item.plaintext.reveal(), item.version, item));
  },
});

export const decrypt: Operation<Items<DecryptItem>, readonly ItemResult<Redacted<Uint8Array>>[]> = operation({
  name: 'keys.decrypt',
  help: 'open ciphertexts with a key',
  kind: 'read',
  permission: 'coffer.keys.decrypt',
  target: (command: Items<DecryptItem>) => keyTarget(command),
  needs: (command) =>
    useNeeds(
      command,
      command.items.map(({ version }) => version),
    ),
  decide: (input) => useOf(input, input.command.items.length, (key) => checkUse(key, 'decrypt')),
  finish: (used: KeyUsed, { items }, at) => {
    const opener = new Opener(used, at);
    return eachItem(items, (item) => unseal(opener, item));
  },
});

export const rewrap: Operation<Items<RewrapItem>, readonly ItemResult<Sealed>[]> = operation({
  name: 'keys.rewrap',
  help: 'seal anew, under another version, what a key has sealed; the plaintext does not leave',
  kind: 'read',
  permission: 'coffer.keys.rewrap',
  target: (command: Items<RewrapItem>) => keyTarget(command),
  needs: (command) => ({
    ...useNeeds(
      command,
      command.items.map(({ version }) => version),
    ),
    ...useNeeds(
      command,
      command.items.map(({ to }) => to),
      KEY_ITEMS_MAX,
      'versionTo',
    ),
  }),
  decide: (input) => useOf(input, input.command.items.length, (key) => checkUse(key, 'decrypt')),
  finish: (used: KeyUsed, { items }, at) => {
    const opener = new Opener(used, at);
    return eachItem(items, (item) =>
      then(unseal(opener, item), (plaintext) => {
        const bytes = plaintext.reveal();
        const sealed = seal(opener, bytes, item.to, item);
        bytes.fill(0);
        return sealed;
      }),
    );
  },
});

export interface MakeDataKey extends KeyRef, Together {
  /** 0: the newest. */
  readonly version: number;
  readonly bytes: 16 | 32 | 64;
}

export interface DataKey extends Sealed {
  readonly plaintext: Redacted<Uint8Array>;
}

export const makeDataKey: Operation<MakeDataKey, DataKey> = operation({
  name: 'keys.makeDataKey',
  help: 'make a random key and seal it with a key',
  kind: 'read',
  permission: 'coffer.keys.encrypt',
  target: (command: MakeDataKey) => keyTarget(command),
  needs: (command) => useNeeds(command, [command.version]),
  decide: (input) => useOf(input, 1, (key) => checkUse(key, 'encrypt')),
  finish: (used: KeyUsed, command, at) => {
    const plaintext = at.keyring.keys.random(command.bytes);
    return { ...seal(new Opener(used, at), plaintext.reveal(), command.version, command), plaintext };
  },
});
