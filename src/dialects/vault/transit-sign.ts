// sign, verify and hmac. What one request gives for all its items (hash, scheme, marshaling) is read once.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/transit#sign-data

import type { SignOptions } from '../../core/keys/port.ts';
import { type HashName, isHashName } from '../../core/keys/type.ts';
import {
  type MacItem,
  mac,
  type SignItem,
  sign,
  type VerifyItem,
  type VerifyMacItem,
  verify,
  verifyMac,
} from '../../ops/keys-sign.ts';
import { booleanField, integerField, textField } from '../../ops/vault/fields.ts';
import type { Data } from './request.ts';
import { type Params, Refusal, type TransitHandler, type TransitRequest } from './transit-answer.ts';
import { decodeBase64, encodeBase64, versioned, versionedText } from './transit-fields.ts';
import { answerItems, readItems } from './transit-items.ts';
import { rawPublicKey } from './transit-pem.ts';
import { keyRef } from './transit-seal.ts';

type Options = Omit<SignOptions, 'context'>;

const DEFAULT_HASH = 'sha2-256';

/** The name of a hash, or `none`, from the path or one of its fields. */
function hashText(data: Data, { algorithm }: Params, fields: readonly string[]): string {
  const named = algorithm ?? fields.map((field) => textField(data, field) ?? '').find((text) => text !== '');
  return named ?? DEFAULT_HASH;
}

function signOptions(data: Data, params: Params): Options {
  const named = hashText(data, params, ['hash_algorithm', 'algorithm']);
  if (named !== 'none' && !isHashName(named)) throw new Refusal(`invalid hash algorithm "${named.slice(0, 64)}"`);
  const marshaling = textField(data, 'marshaling_algorithm') ?? 'asn1';
  if (marshaling !== 'asn1' && marshaling !== 'jws') {
    throw new Refusal(`invalid marshaling type "${marshaling.slice(0, 64)}"`);
  }
  const prehashed = booleanField(data, 'prehashed') ?? false;
  const scheme = textField(data, 'signature_algorithm') || 'pss';
  if (scheme !== 'pss' && scheme !== 'pkcs1v15') {
    throw new Refusal(`unsupported rsa signature algorithm ${scheme.slice(0, 64)}`);
  }
  const salt = saltLength(textField(data, 'salt_length') ?? 'auto');
  if (named === 'none' && !(prehashed && scheme === 'pkcs1v15')) {
    throw new Refusal('hash_algorithm=none requires both prehashed=true and signature_algorithm=pkcs1v15');
  }
  return {
    ...(named === 'none' ? {} : { hash: named as HashName }),
    ...{ prehashed, scheme, salt },
    encoding: marshaling === 'asn1' ? 'der' : 'p1363',
  };
}

/** Go's numbers for the two words are 0 and -1, and clients send them. */
function saltLength(text: string): Options['salt'] {
  const word = text.toLowerCase();
  if (word === 'auto' || word === '0') return 'auto';
  if (word === 'hash' || word === '-1') return 'hash';
  if (!/^[+-]?\d{1,9}$/.test(word)) {
    throw new Refusal(`salt length neither 'auto', 'hash', nor an int: ${text.slice(0, 64)}`);
  }
  if (Number(word) < 0) throw new Refusal(`salt length is invalid: ${Number(word)}`);
  return Number(word);
}

/** The input of an item; of a request that is no batch, an absent one is empty. */
function inputOf(item: Data, request: TransitRequest, missing: string | undefined = 'missing input'): Uint8Array {
  const text = textField(item, 'input') ?? (item === request.data && missing === 'missing input' ? '' : undefined);
  if (text === undefined) throw new Refusal(missing);
  return decoded(text, 'input');
}

function decoded(text: string, what: string): Uint8Array {
  try {
    return decodeBase64(text);
  } catch (error) {
    throw new Refusal(`unable to decode ${what} as base64: ${(error as Error).message}`);
  }
}

function contextOf(item: Data): { readonly context?: Uint8Array } {
  const text = textField(item, 'context') ?? '';
  if (text === '') return {};
  try {
    return { context: decodeBase64(text) };
  } catch {
    throw new Refusal('failed to base64-decode context');
  }
}

const BASE64URL = /^[A-Za-z0-9_-]*$/;

/** The bytes of a signature: base64, or base64url without padding for JWS. */
function signatureBytes(text: string, { encoding }: Options): Uint8Array {
  if (encoding === 'p1363') {
    if (BASE64URL.test(text) && text.length % 4 !== 1) return Buffer.from(text, 'base64url');
  } else {
    try {
      return decodeBase64(text);
    } catch {
      // It is refused below, as the other form is.
    }
  }
  throw new Refusal('invalid base64 signature value');
}

export const signData: TransitHandler = (request, params) => {
  const { data } = request;
  const options = signOptions(data, params);
  const version = integerField(data, 'key_version') ?? 0;
  const items = readItems(data, (item): SignItem => ({ input: inputOf(item, request), ...contextOf(item) }));
  return answerItems(data, items, {
    ...{ use: 'sign', blank: { key_version: 0 } },
    work: (wanted) =>
      request.call(sign, { ...keyRef(request, params['name']), items: wanted, version, options }, 'update'),
    answer: (signed): Data => {
      const bytes = Buffer.from(signed.signature);
      const body = options.encoding === 'p1363' ? bytes.toString('base64url') : bytes.toString('base64');
      const publicKey = signed.publicKey === undefined ? undefined : rawPublicKey(signed.publicKey);
      return {
        signature: versioned(signed.version, body),
        key_version: signed.version,
        // Vault's batches spell it so.
        ...(publicKey === undefined ? {} : { [items.isBatch ? 'publickey' : 'public_key']: publicKey }),
      };
    },
  });
};

export const verifyData: TransitHandler = (request, params) => {
  const { data } = request;
  return verifiesMacs(data) ? verifyHmac(request, params) : verifySignature(request, params);
};

/** Signatures and HMACs are not checked in one request. */
function verifiesMacs(data: Data): boolean {
  const batch = Array.isArray(data['batch_input']) ? (data['batch_input'] as Data[]) : undefined;
  const given = batch ?? [data];
  const has = (item: Data, field: string) => item?.[field] !== undefined && item?.[field] !== null;
  const signatures = given.filter((item) => has(item, 'signature')).length;
  const macs = given.filter((item) => !has(item, 'signature') && has(item, 'hmac')).length;
  if (batch === undefined) {
    if (has(data, 'signature') && has(data, 'hmac')) throw new Refusal("provide one of 'signature' or 'hmac'");
    if (signatures + macs === 0) throw new Refusal("neither a 'signature' nor an 'hmac' were given to verify");
    return macs > 0;
  }
  if (signatures > 0 && macs > 0) {
    throw new Refusal("elements of batch_input must all provide 'signature' or all provide 'hmac'");
  }
  if (signatures + macs === 0 && given.length > 0) {
    throw new Refusal("no batch_input elements have 'signature' or 'hmac'");
  }
  if (signatures + macs < given.length) {
    throw new Refusal(`some elements of batch_input are missing '${signatures > 0 ? 'signature' : 'hmac'}'`);
  }
  return macs > 0;
}

const verdict = (valid: boolean): Data => ({ valid });

const verifySignature: TransitHandler = (request, params) => {
  const { data } = request;
  const options = signOptions(data, params);
  const items = readItems(data, (item): VerifyItem => {
    const input = inputOf(item, request);
    const { version, body } = versionedText(textField(item, 'signature') ?? '', 'signature');
    return { input, version, signature: signatureBytes(body, options), ...contextOf(item) };
  });
  return answerItems(data, items, {
    ...{ use: 'verify', answer: verdict, blank: { valid: false } },
    work: (wanted) => request.call(verify, { ...keyRef(request, params['name']), items: wanted, options }, 'update'),
  });
};

const verifyHmac: TransitHandler = (request, params) => {
  const { data } = request;
  const hash = macHash(data, params, ['hash_algorithm', 'algorithm'], 'invalid hash algorithm');
  const items = readItems(data, (item): VerifyMacItem => {
    const input = inputOf(item, request);
    const { version, body } = versionedText(textField(item, 'hmac') ?? '', 'HMAC');
    return { input, version, mac: decoded(body, 'verification HMAC') };
  });
  return answerItems(data, items, {
    ...{ use: 'verify-hmac', answer: verdict },
    work: (wanted) => request.call(verifyMac, { ...keyRef(request, params['name']), items: wanted, hash }, 'update'),
  });
};

export const hmacData: TransitHandler = (request, params) => {
  const { data } = request;
  const hash = macHash(data, params, ['algorithm'], 'unsupported algorithm');
  const version = integerField(data, 'key_version') ?? 0;
  const missing = 'missing input for HMAC';
  const items = readItems(data, (item): MacItem => ({ input: inputOf(item, request, missing) }));
  return answerItems(data, items, {
    use: 'hmac',
    work: (wanted) => request.call(mac, { ...keyRef(request, params['name']), items: wanted, version, hash }, 'update'),
    answer: (made): Data => ({ hmac: versioned(made.version, encodeBase64(made.mac)) }),
  });
};

function macHash(data: Data, params: Params, fields: readonly string[], problem: string): HashName {
  const named = hashText(data, params, fields);
  if (isHashName(named)) return named;
  throw new Refusal(`${problem} "${named.slice(0, 64)}"`);
}
