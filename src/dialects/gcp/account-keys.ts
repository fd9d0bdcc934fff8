// Keys of service accounts on the wire: their names, what is asked of a new one, and the JSON file that Google's
// libraries read (google.auth "service account credentials"). The private key leaves in that file, once.

import { create } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import {
  type CreateServiceAccountKeyRequest,
  ListServiceAccountKeysRequest_KeyType as KeyType,
  type ServiceAccountKey,
  ServiceAccountKeyAlgorithm,
  ServiceAccountKeyOrigin,
  ServiceAccountKeySchema,
  ServiceAccountPrivateKeyType,
  ServiceAccountPublicKeyType,
} from '../../../gen/google/iam/admin/v1/iam_pb.js';
import type { AccountKeyPair } from '../../core/account-key-pair.ts';
import type { AccountKeyRef, AccountKeyResult } from '../../ops/account-keys.ts';
import { invalidField, unsupported } from './invalid.ts';
import { parseAccountName } from './names.ts';

/** 9999-12-31T23:59:59Z: what Google shows for a key that does not end. */
const NEVER_MS = 253_402_300_799_000;
const KEY_NAME = /^(projects\/[^/]+\/serviceAccounts\/[^/]+)\/keys\/(\w{4,128})$/;

/** `projects/{P|-}/serviceAccounts/EMAIL/keys/ID`. Throws INVALID_FIELD or ACCOUNT_NOT_FOUND. */
export function parseAccountKeyName(name: string): AccountKeyRef {
  const [, account, id] = KEY_NAME.exec(name) ?? [];
  if (account === undefined || id === undefined) throw invalidField('name', 'names no key of a service account');
  return { account: parseAccountName(account), id };
}

/** Throws UNIMPLEMENTED for a file or an algorithm that is not made here. */
export function checkKeyRequest({ privateKeyType, keyAlgorithm }: CreateServiceAccountKeyRequest): void {
  const { TYPE_UNSPECIFIED, TYPE_GOOGLE_CREDENTIALS_FILE } = ServiceAccountPrivateKeyType;
  if (privateKeyType !== TYPE_UNSPECIFIED && privateKeyType !== TYPE_GOOGLE_CREDENTIALS_FILE) {
    throw unsupported('A private key in a file other than TYPE_GOOGLE_CREDENTIALS_FILE');
  }
  const { KEY_ALG_UNSPECIFIED, KEY_ALG_RSA_2048 } = ServiceAccountKeyAlgorithm;
  if (keyAlgorithm !== KEY_ALG_UNSPECIFIED && keyAlgorithm !== KEY_ALG_RSA_2048) {
    throw unsupported('A key of an algorithm other than KEY_ALG_RSA_2048');
  }
}

export function encodeAccountKey(
  { project, account, key }: AccountKeyResult,
  publicKeyType = ServiceAccountPublicKeyType.TYPE_NONE,
): ServiceAccountKey {
  if (publicKeyType === ServiceAccountPublicKeyType.TYPE_X509_PEM_FILE) {
    throw unsupported('A public key as TYPE_X509_PEM_FILE');
  }
  const isRaw =
    (key.kind === undefined || key.kind === 'certificate') &&
    publicKeyType === ServiceAccountPublicKeyType.TYPE_RAW_PUBLIC_KEY;
  return create(ServiceAccountKeySchema, {
    name: `projects/${project.id}/serviceAccounts/${account.email}/keys/${key.id}`,
    keyAlgorithm: ServiceAccountKeyAlgorithm.KEY_ALG_RSA_2048,
    validAfterTime: timestampFromMs(Math.floor(key.createdAt / 1000) * 1000),
    validBeforeTime: timestampFromMs(key.expiresAt ?? NEVER_MS),
    keyOrigin: ServiceAccountKeyOrigin.GOOGLE_PROVIDED,
    keyType: KeyType.USER_MANAGED,
    disabled: key.disabled,
    ...(isRaw ? { publicKeyData: new TextEncoder().encode(key.publicKey) } : {}),
  });
}

/** The new key with its file; `pair` is there whenever a key was made. */
export function encodeCreatedKey(result: AccountKeyResult, pair: AccountKeyPair): ServiceAccountKey {
  const message = encodeAccountKey(result);
  message.privateKeyType = ServiceAccountPrivateKeyType.TYPE_GOOGLE_CREDENTIALS_FILE;
  message.privateKeyData = new TextEncoder().encode(keyFile(result, pair.privateKey.reveal()));
  return message;
}

function keyFile({ project, account, key }: AccountKeyResult, privateKey: string): string {
  const file = {
    type: 'service_account',
    project_id: project.id,
    private_key_id: key.id,
    private_key: privateKey,
    client_email: account.email,
    client_id: account.uniqueId,
    auth_uri: 'https://accounts.google.com/o/oauth2/auth',
    token_uri: 'https://oauth2.googleapis.com/token',
    auth_provider_x509_cert_url: 'https://www.googleapis.com/oauth2/v1/certs',
    client_x509_cert_url: `https://www.googleapis.com/robot/v1/metadata/x509/${encodeURIComponent(account.email)}`,
    universe_domain: 'googleapis.com',
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}
