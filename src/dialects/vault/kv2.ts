// Version 2 of kv: numbered versions of a value, which can be deleted, brought back and destroyed.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2

import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import { dataJson, dataOf, type KvData, mergePatch, subkeysOf } from '../../core/vault/kv.ts';
import { settle, then } from '../../ops/maybe.ts';
import { integerField } from '../../ops/vault/fields.ts';
import {
  type AccessedVersion,
  accessVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  getVersion,
  type Selector,
  type VersionResult,
} from '../../ops/versions.ts';
import type { WireResponse } from '../../wire/types.ts';
import { empty, envelopedText } from './answer.ts';
import { isMissing, type KvCall, metadataText, type NamedRef } from './kv-call.ts';
import { metadata } from './kv2-metadata.ts';
import { VaultError } from './request.ts';

const VERSIONS_PER_CALL_MAX = 1000;
const PATCHES_MAX = 5;

type Ref = NamedRef;

/** Answers below a mount, except its `config`; undefined for what is none of its paths. */
export function kv2(call: KvCall): Maybe<WireResponse> | undefined {
  const slash = call.rest.indexOf('/');
  const part = slash < 0 ? call.rest : call.rest.slice(0, slash);
  const path = slash < 0 ? '' : call.rest.slice(slash + 1);
  const { verb } = call.request;
  if (part === 'data' && path !== '') return data(call, path);
  if (part === 'metadata') return metadata(call, path);
  if (path === '') return undefined;
  if (part === 'subkeys' && verb === 'read') return subkeys(call, path);
  if (verb !== 'write') return undefined;
  if (part === 'delete') return each(call, path, disableVersion);
  if (part === 'undelete') return each(call, path, enableVersion);
  return part === 'destroy' ? each(call, path, destroyVersion) : undefined;
}

function data(call: KvCall, path: string): Maybe<WireResponse> {
  switch (call.request.verb) {
    case 'read':
      return read(call, path, (found) => dataJson(found.payload.reveal()), 'data');
    case 'write':
      return write(call, path);
    case 'patch':
      return patch(call, path);
    case 'delete':
      return remove(call, path);
    default:
      throw new VaultError(405, '1 error occurred:\n\t* unsupported operation\n\n');
  }
}

function subkeys(call: KvCall, path: string): Maybe<WireResponse> {
  const depth = integerField(call.request.data, 'depth') ?? 0;
  const show = ({ payload }: AccessedVersion) => JSON.stringify(subkeysOf(dataOf(payload.reveal()), depth));
  return read(call, path, show, 'subkeys');
}

function selectorOf(call: KvCall): Selector {
  const number = integerField(call.request.data, 'version') ?? 0;
  return number === 0 ? 'latest' : number;
}

/** The version as it is asked for; one that is deleted is not found, and what it was is told all the same. */
function read(
  call: KvCall,
  path: string,
  show: (found: AccessedVersion) => string,
  member: 'data' | 'subkeys',
): Maybe<WireResponse> {
  const ref = call.ref(path);
  if (ref === undefined) throw new VaultError(404);
  const selector = selectorOf(call);
  return settle(
    () => call.call(accessVersion, { ...ref, selector }),
    (found) => {
      const { secret, version } = found;
      if (!call.shows(secret, version)) throw new VaultError(404);
      if (call.isDeleted(version)) return gone(call, ref, selector, member);
      return envelopedText(call.request, `{"${member}":${show(found)},"metadata":${metadataText(found)}}`);
    },
    (error) => {
      if (error instanceof Fault && error.code === 'VERSION_NOT_ENABLED') return gone(call, ref, selector, member);
      throw error;
    },
  );
}

function gone(call: KvCall, ref: Ref, selector: Selector, member: string): Maybe<WireResponse> {
  return then(call.call(getVersion, { ...ref, selector }), (found) => {
    if (!call.shows(found.secret, found.version)) throw new VaultError(404);
    return envelopedText(call.request, `{"${member}":null,"metadata":${metadataText(found)}}`, 404);
  });
}

/** The object in the field `data`, and what `options.cas` says. */
function written(call: KvCall): { readonly value: KvData; readonly cas: number | undefined } {
  const { data: value, options } = call.request.data;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new VaultError(400, 'no data provided');
  const known = typeof options === 'object' && options !== null ? (options as KvData) : {};
  const cas = integerField(known, 'cas');
  return { value: value as KvData, cas };
}

async function write(call: KvCall, path: string): Promise<WireResponse> {
  const ref = call.mustRef(path);
  const { value, cas } = written(call);
  return added(call, await call.put(ref, value, cas));
}

function added(call: KvCall, made: VersionResult): WireResponse {
  return envelopedText(call.request, metadataText(made));
}

/** Reads, merges and writes what nobody wrote in between. */
async function patch(call: KvCall, path: string): Promise<WireResponse> {
  const ref = call.mustRef(path);
  const { value, cas } = written(call);
  for (let round = 1; ; round++) {
    const { secret, version, payload } = await current(call, ref);
    const merged = mergePatch(dataOf(payload.reveal()), value) as KvData;
    try {
      return added(call, await call.put(ref, merged, cas ?? version.number));
    } catch (error) {
      const isRace = error instanceof Fault && error.code === 'CHECK_AND_SET_FAILED' && cas === undefined;
      if (!isRace || round === PATCHES_MAX || secret.currentVersion !== version.number) throw error;
    }
  }
}

async function current(call: KvCall, ref: Ref): Promise<AccessedVersion> {
  try {
    const found = await call.call(accessVersion, { ...ref, selector: 'latest' });
    if (!call.isDeleted(found.version)) return found;
  } catch (error) {
    const isGone = error instanceof Fault && error.code === 'VERSION_NOT_ENABLED';
    if (!isGone && !isMissing(error)) throw error;
  }
  throw new VaultError(404);
}

async function remove(call: KvCall, path: string): Promise<WireResponse> {
  const ref = call.ref(path);
  if (ref === undefined) return empty();
  try {
    const { version } = await call.call(getVersion, { ...ref, selector: 'latest' });
    if (version.state === 'ENABLED') await call.call(disableVersion, { ...ref, number: version.number });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return empty();
}

/** The versions that the request names, one after the other; those that are not there, or gone for good, are passed by. */
async function each(call: KvCall, path: string, operation: typeof destroyVersion): Promise<WireResponse> {
  const ref = call.ref(path);
  const given = call.request.data['versions'];
  const list = typeof given === 'string' ? given.split(',') : Array.isArray(given) ? given : [given];
  const numbers = list.map((number) =>
    integerField({ versions: typeof number === 'string' ? number.trim() : number }, 'versions'),
  );
  if (given === undefined || numbers.length === 0) throw new VaultError(400, 'no version number provided');
  if (numbers.length > VERSIONS_PER_CALL_MAX)
    throw new VaultError(400, `at most ${VERSIONS_PER_CALL_MAX} versions are allowed`);
  if (ref === undefined) return empty();
  for (const number of numbers) {
    try {
      await call.call(operation, { ...ref, number: number ?? 0 }, 'update');
    } catch (error) {
      const isFinal =
        error instanceof Fault && (error.code === 'VERSION_DESTROYED' || error.code === 'VERSION_SCHEDULED');
      if (!isFinal && !isMissing(error)) throw error;
    }
  }
  return empty();
}
