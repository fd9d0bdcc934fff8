// Signing and checking signatures with a key, and MACs. What is made by an old version is checked as long as the key lets
// that version be used.

import { Fault } from '../core/error.ts';
import type { SignOptions } from '../core/keys/port.ts';
import { checkUse, newUseFault, oldUseFault } from '../core/keys/rules.ts';
import type { HashName } from '../core/keys/type.ts';
import { SIGNATURE_ITEMS_MAX } from '../core/limits.ts';
import { type KeyRef, keyTarget } from './keys-found.ts';
import { contextOfItem, eachItem, type ItemResult, type KeyUsed, Opener, useNeeds, useOf } from './keys-items.ts';
import { then } from './maybe.ts';
import { type Operation, operation } from './operation.ts';

export interface SignItem {
  readonly input: Uint8Array;
  readonly context?: Uint8Array;
}

export interface VerifyItem extends SignItem {
  readonly signature: Uint8Array;
  readonly version: number;
}

export interface MacItem {
  readonly input: Uint8Array;
}

export interface VerifyMacItem extends MacItem {
  readonly mac: Uint8Array;
  readonly version: number;
}

export interface Sign extends KeyRef {
  readonly items: readonly SignItem[];
  /** 0: the newest. */
  readonly version: number;
  readonly options: Omit<SignOptions, 'context'>;
}

export interface Verify extends KeyRef {
  readonly items: readonly VerifyItem[];
  readonly options: Omit<SignOptions, 'context'>;
}

export interface Mac extends KeyRef {
  readonly items: readonly MacItem[];
  /** 0: the newest. */
  readonly version: number;
  readonly hash: HashName;
}

export interface VerifyMac extends KeyRef {
  readonly items: readonly VerifyMacItem[];
  readonly hash: HashName;
}

export interface Signed {
  readonly version: number;
  readonly signature: Uint8Array;
  /** Of a derived key: what verifies it, in PEM. */
  readonly publicKey?: string;
}

export interface Maced {
  readonly version: number;
  readonly mac: Uint8Array;
}

/** The version that makes something new. Throws why it may not. */
function newVersion({ key }: Opener, asked: number): number {
  const fault = newUseFault(key, asked);
  if (fault !== undefined) throw fault;
  return asked === 0 ? key.latestVersion : asked;
}

/** Throws why what this version made is not checked. */
function checkOld({ key }: Opener, version: number): void {
  const fault = oldUseFault(key, version);
  if (fault !== undefined) throw fault;
}

export const sign: Operation<Sign, readonly ItemResult<Signed>[]> = operation({
  name: 'keys.sign',
  help: 'sign with a key',
  kind: 'read',
  permission: 'coffer.keys.sign',
  target: (command: Sign) => keyTarget(command),
  needs: (command) => signatureNeeds(command, [command.version]),
  decide: (input) => useOf(input, input.command.items.length, (key) => checkUse(key, 'sign')),
  finish: (used: KeyUsed, { items, version: asked, options }, at) => {
    const opener = new Opener(used, at);
    return eachItem(items, (item) => {
      const version = newVersion(opener, asked);
      const context = contextOfItem(opener.key, item.context);
      const open = opener.open(version);
      return then(open.sign(item.input, { ...options, ...context }), (signature) => ({
        version,
        signature,
        ...(context.context === undefined ? {} : { publicKey: open.derivedPublicKey(context.context) }),
      }));
    });
  },
});

export const verify: Operation<Verify, readonly ItemResult<boolean>[]> = operation({
  name: 'keys.verify',
  help: 'check signatures that a key made',
  kind: 'read',
  permission: 'coffer.keys.verify',
  target: (command: Verify) => keyTarget(command),
  needs: (command) =>
    signatureNeeds(
      command,
      command.items.map(({ version }) => version),
    ),
  decide: (input) => useOf(input, input.command.items.length, (key) => checkUse(key, 'verify')),
  finish: (used: KeyUsed, { items, options }, at) => {
    const opener = new Opener(used, at);
    return eachItem(items, (item) => {
      checkOld(opener, item.version);
      const context = contextOfItem(opener.key, item.context);
      return opener.open(item.version).verify(item.input, item.signature, { ...options, ...context });
    });
  },
});

/** Fewer of them than of others: each may take a millisecond and more. */
function signatureNeeds(command: Sign | Verify, versions: readonly number[]) {
  if (command.items.length > SIGNATURE_ITEMS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'signatures of one request', limit: SIGNATURE_ITEMS_MAX });
  }
  return useNeeds(command, versions);
}

export const mac: Operation<Mac, readonly ItemResult<Maced>[]> = operation({
  name: 'keys.mac',
  help: 'make message authentication codes with a key',
  kind: 'read',
  permission: 'coffer.keys.mac',
  target: (command: Mac) => keyTarget(command),
  needs: (command) =>
    useNeeds(
      command,
      command.items.map(() => command.version),
    ),
  decide: (input) => useOf(input, input.command.items.length, (key) => checkUse(key, 'mac')),
  finish: (used: KeyUsed, { items, version: asked, hash }, at) => {
    const opener = new Opener(used, at);
    return eachItem(items, ({ input }) => {
      const version = newVersion(opener, asked);
      return { version, mac: opener.open(version).mac(input, hash) };
    });
  },
});

export const verifyMac: Operation<VerifyMac, readonly ItemResult<boolean>[]> = operation({
  name: 'keys.verifyMac',
  help: 'check message authentication codes that a key made',
  kind: 'read',
  permission: 'coffer.keys.verify',
  target: (command: VerifyMac) => keyTarget(command),
  needs: (command) =>
    useNeeds(
      command,
      command.items.map(({ version }) => version),
    ),
  decide: (input) => useOf(input, input.command.items.length, (key) => checkUse(key, 'mac')),
  finish: (used: KeyUsed, { items, hash }, at) => {
    const opener = new Opener(used, at);
    return eachItem(items, (item) => {
      checkOld(opener, item.version);
      return opener.open(item.version).isMac(item.input, hash, item.mac);
    });
  },
});
