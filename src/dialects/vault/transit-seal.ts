// encrypt, decrypt, rewrap and datakey. A key that is not there is made by an encryption whose caller may create it.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/transit#encrypt-data

import { Fault } from '../../core/error.ts';
import { isKeyType, supportsDerivation } from '../../core/keys/type.ts';
import type { Maybe } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import { createKey } from '../../ops/keys.ts';
import type { KeyRef } from '../../ops/keys-found.ts';
import {
  type DecryptItem,
  decrypt,
  type EncryptItem,
  encrypt,
  makeDataKey,
  type RewrapItem,
  rewrap,
  type Sealed,
} from '../../ops/keys-seal.ts';
import { attempt, then } from '../../ops/maybe.ts';
import { booleanField, integerField, textField } from '../../ops/vault/fields.ts';
import type { Data } from './request.ts';
import { ok, Refusal, type TransitAnswer, type TransitHandler, type TransitRequest } from './transit-answer.ts';
import { refusalOf } from './transit-errors.ts';
import { decodeBase64, encodeBase64, versioned, versionedText } from './transit-fields.ts';
import { answerItems, type Items, readItems } from './transit-items.ts';

export function keyRef({ project, ring }: TransitRequest, name: string | undefined): KeyRef {
  return { project, ring, name: name ?? '' };
}

/** The context and the associated data of an item; either may be absent. */
function together(item: Data): { readonly context?: Uint8Array; readonly associatedData?: Uint8Array } {
  const context = textField(item, 'context') ?? '';
  const associated = textField(item, 'associated_data') ?? '';
  return {
    ...(context === '' ? {} : { context: decodeBase64(context) }),
    ...(associated === '' ? {} : { associatedData: decodeBase64(associated) }),
  };
}

function encryptItem(item: Data): EncryptItem {
  const plaintext = textField(item, 'plaintext');
  if (plaintext === undefined) throw new Refusal('missing plaintext to encrypt');
  return {
    plaintext: new Redacted<Uint8Array>(decodeBase64(plaintext)),
    version: integerField(item, 'key_version') ?? 0,
    ...together(item),
  };
}

function decryptItem(item: Data): DecryptItem {
  const text = textField(item, 'ciphertext') ?? '';
  if (text === '') throw new Refusal('missing ciphertext to decrypt');
  const { version, body } = versionedText(text, 'ciphertext');
  let ciphertext: Uint8Array;
  try {
    ciphertext = decodeBase64(body);
  } catch {
    throw new Refusal('invalid ciphertext: could not decode base64');
  }
  return { ciphertext, version, ...together(item) };
}

function rewrapItem(item: Data): RewrapItem {
  return { ...decryptItem(item), to: integerField(item, 'key_version') ?? 0 };
}

/** A batch has a context in each item or in none: a key is derived or it is not. */
function checkContexts({ given }: Items<unknown>): boolean {
  const set = given.map(({ context }) => context !== undefined && context !== null && context !== '');
  if (set.some((each) => each !== set[0])) {
    throw new Refusal('context should be set either in all the request blocks or in none');
  }
  return set[0] === true;
}

const sealed = ({ version, ciphertext }: Sealed): Data => ({
  ciphertext: versioned(version, encodeBase64(ciphertext)),
  key_version: version,
});

const sealedText = (value: Sealed): string => {
  const { ciphertext, key_version: version } = sealed(value);
  return `{"ciphertext":"${ciphertext}","key_version":${version}}`;
};

export const encryptData: TransitHandler = (request, { name }) => {
  const { data } = request;
  const items = readItems(data, encryptItem);
  const derived = checkContexts(items);
  const ref = keyRef(request, name);
  return answerItems(data, items, {
    ...{ use: 'encrypt', answer: sealed, text: sealedText, fails: true },
    work: (wanted) => request.call(encrypt, { ...ref, items: wanted }, 'update'),
    otherwise: (wanted, error) => makeAndEncrypt(request, ref, derived, wanted, error),
  });
};

/** Of a key that was not there, or that the caller may only create: makes it, and then seals. */
function makeAndEncrypt(
  request: TransitRequest,
  ref: KeyRef,
  derived: boolean,
  items: readonly EncryptItem[],
  error: unknown,
) {
  const mayBeNew = error instanceof Fault && (error.code === 'KEY_NOT_FOUND' || error.class === 'denied');
  if (!mayBeNew) throw error;
  const { data } = request;
  const type = textField(data, 'type') ?? 'aes256-gcm96';
  const convergent = booleanField(data, 'convergent_encryption') ?? false;
  if (type.startsWith('ecdsa-')) throw new Refusal(`key type ${type} not supported for this operation`);
  if (!isKeyType(type) || !supportsDerivation(type) || type === 'ed25519') {
    throw new Refusal(`unknown key type ${type.slice(0, 64)}`);
  }
  if (convergent && !derived) {
    throw new Refusal('convergent encryption requires derivation to be enabled, so context is required');
  }
  const made = attempt<unknown>(
    () => request.call(createKey, { ...ref, type, settings: { derived, convergent } }, 'create'),
    (problem) => {
      if (!(problem instanceof Fault) || problem.code !== 'KEY_EXISTS') throw problem;
      // Whoever may only create is refused what is there already; else another was faster.
      if (error.class === 'denied') throw error;
    },
  );
  const capability = error.class === 'denied' ? 'create' : 'update';
  return then(made, () => request.call(encrypt, { ...ref, items }, capability));
}

export const decryptData: TransitHandler = (request, { name }) => {
  const { data } = request;
  const items = readItems(data, decryptItem);
  checkContexts(items);
  return answerItems(data, items, {
    ...{ use: 'decrypt', blank: { plaintext: '' }, fails: true },
    work: (wanted) => request.call(decrypt, { ...keyRef(request, name), items: wanted }, 'update'),
    answer: (plaintext): Data => ({ plaintext: encodeBase64(plaintext.reveal()) }),
    text: (plaintext) => `{"plaintext":"${encodeBase64(plaintext.reveal())}"}`,
  });
};

export const rewrapData: TransitHandler = (request, { name }) => {
  const { data } = request;
  const items = readItems(data, rewrapItem);
  checkContexts(items);
  return answerItems(data, items, {
    ...{ use: 'decrypt', answer: sealed },
    work: (wanted) => request.call(rewrap, { ...keyRef(request, name), items: wanted }, 'update'),
  });
};

const DATA_KEY_BYTES: Readonly<Record<number, 16 | 32 | 64>> = { 128: 16, 256: 32, 512: 64 };

export const dataKey: TransitHandler = (request, { kind, name }) => {
  if (kind !== 'plaintext' && kind !== 'wrapped') throw new Refusal("Invalid path, must be 'plaintext' or 'wrapped'");
  const { data } = request;
  const bytes = DATA_KEY_BYTES[integerField(data, 'bits') ?? 256];
  if (bytes === undefined) throw new Refusal('invalid bit length');
  const version = integerField(data, 'key_version') ?? 0;
  const command = { ...keyRef(request, name), bytes, version, ...together(data) };
  const made = attempt(
    () => request.call(makeDataKey, command, 'update'),
    (error): Maybe<never> => {
      throw refusalOf(error, 'encrypt');
    },
  );
  return then(made, (key): TransitAnswer => {
    const plaintext = kind === 'plaintext' ? { plaintext: encodeBase64(key.plaintext.reveal()) } : {};
    return ok({ ...sealed(key), ...plaintext });
  });
};
