// Version 1 of kv: one value at a path, without a past. Writing takes the value before it away.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1

import { Redacted } from '../../core/redacted.ts';
import { parseDuration } from '../../core/vault/duration.ts';
import { dataOf, parseExact } from '../../core/vault/kv.ts';
import { VAULT_TTL_SECONDS_MAX } from '../../core/vault/token.ts';
import { deleteSecret } from '../../ops/secrets.ts';
import { below } from '../../ops/vault/folders.ts';
import { accessVersion, destroyVersion } from '../../ops/versions.ts';
import type { WireResponse } from '../../wire/types.ts';
import { empty, enveloped } from './answer.ts';
import { isMissing, type KvCall } from './kv-call.ts';
import { VaultError } from './request.ts';

export async function kv1(call: KvCall): Promise<WireResponse> {
  const { request, rest } = call;
  switch (request.verb) {
    case 'list': {
      const names = below(await call.names(rest));
      if (names.length === 0) throw new VaultError(404);
      return enveloped(request, { data: { keys: names } });
    }
    case 'read':
      return read(call);
    case 'write':
      return write(call);
    case 'delete':
      return remove(call);
    default:
      throw new VaultError(405, '1 error occurred:\n\t* unsupported operation\n\n');
  }
}

async function read(call: KvCall): Promise<WireResponse> {
  const ref = call.ref(call.rest);
  if (ref === undefined) throw new VaultError(404);
  const { payload } = await call.call(accessVersion, { ...ref, selector: 'latest' });
  const data = dataOf(payload.reveal(), true);
  const asked = parseDuration(data['ttl'] ?? data['lease']);
  const leaseSeconds = asked === undefined || asked <= 0 ? VAULT_TTL_SECONDS_MAX : asked;
  return enveloped(call.request, { data, leaseSeconds });
}

async function write(call: KvCall): Promise<WireResponse> {
  const { request, rest } = call;
  const ref = call.mustRef(rest);
  if (Object.keys(request.data).length === 0) throw new VaultError(400, 'missing data fields');
  const text = JSON.stringify((request.text === '' ? undefined : parseExact(request.text)) ?? request.data);
  const { version } = await call.add(ref, new Redacted(new TextEncoder().encode(text)), undefined);
  if (version.number > 1) await call.call(destroyVersion, { ...ref, number: version.number - 1 });
  return empty();
}

async function remove(call: KvCall): Promise<WireResponse> {
  const ref = call.ref(call.rest);
  if (ref === undefined) return empty();
  try {
    await call.call(deleteSecret, ref);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return empty();
}
