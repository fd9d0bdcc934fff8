// One request of a kv mount: whose it is, which secret it means, and how it asks for it. Every operation that it takes is
// judged by the one path and capability that the request has.

import { Fault } from '../../core/error.ts';
import { type ProjectRef, parseProjectRef, parseSecretName, type SecretName, secretKey } from '../../core/name.ts';
import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import { Redacted } from '../../core/redacted.ts';
import type { Secret, Version } from '../../core/secret.ts';
import type { VaultAsk } from '../../core/vault/authority.ts';
import { formatTime } from '../../core/vault/duration.ts';
import { isValueForm, type KvData, pathOfName, payloadOf, spelledName } from '../../core/vault/kv.ts';
import { effectiveKv, type KvSettings, type Mount, placeOfMount } from '../../core/vault/mounts.ts';
import type { Operation } from '../../ops/operation.ts';
import { createSecret, type SecretRef } from '../../ops/secrets.ts';
import type { Entered, VaultDoor } from '../../ops/vault/door.ts';
import { NO_SETTINGS } from '../../ops/vault/kv-config.ts';
import { listNames, shapeOfCurrent } from '../../ops/vault/kv-rows.ts';
import { type AddVersion, addVersion, type VersionResult } from '../../ops/versions.ts';
import type { VaultRequest } from './request.ts';

/** Ours: names that one list collects. */
const NAMES_MAX = 100_000;

/** A secret by the name that it must have. */
export type NamedRef = Required<Omit<SecretRef, 'spelled' | 'from'>>;

export class KvCall {
  readonly request: VaultRequest;
  readonly mount: Mount;
  /** Below the mount, without its first part where that says what is meant. */
  readonly rest: string;
  /** Whether an operation has judged whoever asks. */
  judged = false;
  readonly #door: VaultDoor;
  readonly #caller: Entered['caller'];
  readonly #project: ProjectRef;
  readonly #mountPath: string;

  constructor(
    door: VaultDoor,
    entered: Entered,
    request: VaultRequest,
    at: { readonly path: string; readonly mount: Mount },
  ) {
    this.request = request;
    this.mount = at.mount;
    this.rest = request.path.slice(at.path.length);
    this.#door = door;
    this.#caller = entered.caller;
    this.#project = parseProjectRef(entered.project);
    this.#mountPath = at.path;
  }

  get now(): number {
    return this.#door.now();
  }

  get settings(): KvSettings {
    return this.mount.settings ?? NO_SETTINGS;
  }

  /** Asks for an operation on behalf of this request. */
  call<C, R>(operation: Operation<C, R>, command: C, capability?: VaultAsk['capability']): Maybe<R> {
    this.judged = true;
    return this.#door.call(operation, this.#as(capability ?? this.#capability()), command);
  }

  /** The secret that a path means; undefined where no secret can have that name. */
  ref(path: string): NamedRef | undefined {
    const location = placeOfMount(this.#mountPath, this.mount);
    let name: SecretName;
    try {
      name = location === '' ? parseSecretName(path) : spelledName(path);
    } catch {
      return undefined;
    }
    return { project: this.#project, location, key: secretKey(name), name };
  }

  /** The same for a writer, who is told. */
  mustRef(path: string): NamedRef {
    const ref = path === '' || path.endsWith('/') ? undefined : this.ref(path);
    if (ref === undefined) {
      throw new Fault('VAULT_REQUEST_INVALID', {
        problem: 'no secret can have this path: use letters, digits and / _ + = . @ - up to 255 characters',
      });
    }
    return ref;
  }

  /** Makes the secret; one that somebody made meanwhile is as good. Its other spelling may be taken. */
  async make(ref: NamedRef): Promise<void> {
    const { project, location, name } = ref;
    try {
      await this.call(
        createSecret,
        location === '' ? { project, name, replication: { locations: [] } } : { project, location, name },
      );
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== 'SECRET_EXISTS') throw error;
    }
  }

  /** Adds a version, and the secret before it where there is none. */
  async put(ref: NamedRef, data: KvData, checkAndSet: number | undefined): Promise<VersionResult> {
    const over = isValueForm(data) ? await this.#shape(ref) : undefined;
    const payload = new Redacted(payloadOf(data, over));
    return this.add(ref, payload, checkAndSet);
  }

  async add(ref: NamedRef, payload: Redacted<Uint8Array>, checkAndSet: number | undefined): Promise<VersionResult> {
    const command = { ...ref, payload, kv: this.settings, ...(checkAndSet === undefined ? {} : { checkAndSet }) };
    try {
      return await this.call(addVersion, command);
    } catch (error) {
      if (!isMissing(error)) throw error;
      if (checkAndSet !== undefined && checkAndSet > 0) throw new Fault('CHECK_AND_SET_FAILED');
      await this.make(ref);
      return this.#fill(command);
    }
  }

  /** The secret was made by this request, which may fill it whatever else it may. */
  async #fill(command: AddVersion): Promise<VersionResult> {
    try {
      return await this.call(addVersion, command, this.request.verb === 'write' ? 'create' : undefined);
    } catch (error) {
      if (!isMissing(error)) throw error;
      const problem = 'another secret has this name with its slashes written as two hyphens, or the other way round';
      throw new Fault('VAULT_REQUEST_INVALID', { problem });
    }
  }

  /** The paths in a folder, which ends in `/` or is empty. */
  async names(folder: string): Promise<readonly string[]> {
    const location = placeOfMount(this.#mountPath, this.mount);
    const spelled = location === '' ? folder : folder === '' ? '' : `${spelledName(folder.slice(0, -1))}/`;
    const found: string[] = [];
    let after = '';
    do {
      const page = await this.call(listNames, { project: this.#project, location, folder: spelled, after });
      found.push(...page.names);
      after = page.next ?? '';
      if (found.length > NAMES_MAX) throw new Fault('LIMIT_REACHED', { what: 'names of one list', limit: NAMES_MAX });
    } while (after !== '');
    return found.map((name) => (location === '' ? name : pathOfName(name)).slice(folder.length));
  }

  /** Whether the version still is one that Vault's clients see. */
  shows(secret: Secret, { number }: Version): boolean {
    return number > secret.lastVersion - effectiveKv(this.settings, secret.kv).maxVersions;
  }

  isDeleted({ state, deletedAt }: Version): boolean {
    return state !== 'ENABLED' || (deletedAt !== undefined && deletedAt <= this.now);
  }

  #capability(): VaultAsk['capability'] {
    return this.request.verb;
  }

  async #shape(ref: SecretRef) {
    try {
      return await this.call(shapeOfCurrent, ref);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  #as(capability: VaultAsk['capability']): Caller {
    const { path, data, wrapSeconds } = this.request;
    const plain: VaultAsk = { path, capability, data: new Redacted(data) };
    const ask = wrapSeconds === undefined ? plain : { ...plain, wrapSeconds };
    return { ...this.#caller, vault: { ...this.#caller.vault, ask } };
  }
}

/** True for a secret, or a version of it, that is not there. */
export function isMissing(error: unknown): boolean {
  return error instanceof Fault && (error.code === 'SECRET_NOT_FOUND' || error.code === 'VERSION_NOT_FOUND');
}

/** Labels and annotations, which are one to Vault. */
export function customMetadata({ labels, annotations }: Secret): Readonly<Record<string, string>> | null {
  const all = { ...labels, ...annotations };
  return Object.keys(all).length === 0 ? null : all;
}

/** What is told of a version beside its value. */
export function versionMetadata({ createdAt, deletedAt, state }: Version) {
  return {
    created_time: formatTime(createdAt),
    deletion_time: deletedAt === undefined || state === 'DESTROYED' ? '' : formatTime(deletedAt),
    destroyed: state === 'DESTROYED',
  };
}

/** All of it, as JSON text: answers about a version are most of what is asked for. */
export function metadataText({ secret, version }: VersionResult): string {
  const { created_time: created, deletion_time: deleted, destroyed } = versionMetadata(version);
  const times = `"created_time":"${created}","deletion_time":"${deleted}","destroyed":${destroyed}`;
  return `{${times},"custom_metadata":${JSON.stringify(customMetadata(secret))},"version":${version.number}}`;
}
