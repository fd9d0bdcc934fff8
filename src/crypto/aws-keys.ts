// The secrets of AWS's access keys: sealed under the project's key while they rest, and opened only to derive what signs
// the requests of one day, region and service. Those are kept, for the very bytes that they were opened from, so that a
// key that was changed is not known by what it was. Source: AWS IAM, "Create a signed AWS API request".

import { createHmac, type KeyObject } from 'node:crypto';
import type { AwsKeys as AwsKeysPort, KeyProject, SecretSource, SigningScope } from '../core/aws/keys-port.ts';
import { Fault } from '../core/error.ts';
import { Redacted } from '../core/redacted.ts';
import type { Uid } from '../core/secret.ts';
import { associatedData, EnvelopeError } from './envelope.ts';
import type { ProjectKeys } from './project-keys.ts';

/** Secrets of which something is kept, and days, regions and services of each: some 300 bytes a key. */
const SECRETS_MAX = 2048;
const SCOPES_MAX = 8;
/** As many as a secret access key of AWS's has. */
const SECRET_CHARS = 40;

interface Derived {
  readonly scope: SigningScope;
  readonly key: Uint8Array;
}

export class AwsKeys implements AwsKeysPort {
  /** Throws EnvelopeError. */
  readonly #wrapping: (wrapped: Uint8Array, projectUid: Uid) => ProjectKeys;
  readonly #sessionKey: KeyObject;
  /** By what the secret was opened from: a text that the row has, which costs nothing to find by. */
  readonly #derived = new Map<string, readonly Derived[]>();

  constructor(wrapping: (wrapped: Uint8Array, projectUid: Uid) => ProjectKeys, sessionKey: KeyObject) {
    this.#wrapping = wrapping;
    this.#sessionKey = sessionKey;
  }

  seal(project: KeyProject, id: string, secret: Redacted<string>): string {
    const keys = this.#wrapping(project.wrappedKey, project.uid);
    return keys.seal(placeOf(project, id), Buffer.from(secret.reveal())).toString('base64');
  }

  signingKey(source: SecretSource, scope: SigningScope): Uint8Array {
    const { date, region, service } = scope;
    const from = 'sealed' in source ? source.sealed : source.sessionHash;
    const known = this.#derived.get(from) ?? [];
    for (const { scope: of, key } of known) {
      if (of.date === date && of.region === region && of.service === service) return key;
    }
    const secret = 'sealed' in source ? this.#open(source) : this.sessionSecret(source.sessionHash).reveal();
    const derived = [date, region, service, 'aws4_request'].reduce<Uint8Array>(
      (key, text) => createHmac('sha256', key).update(text).digest(),
      Buffer.from(`AWS4${secret}`),
    );
    this.#derived.delete(from);
    this.#derived.set(from, [{ scope, key: derived }, ...known.slice(0, SCOPES_MAX - 1)]);
    if (this.#derived.size > SECRETS_MAX) this.#derived.delete(this.#derived.keys().next().value as string);
    return derived;
  }

  sessionSecret(sessionHash: string): Redacted<string> {
    const mac = createHmac('sha256', this.#sessionKey).update(sessionHash).digest('base64');
    return new Redacted(mac.slice(0, SECRET_CHARS));
  }

  /** Lets go of all that was derived. */
  forget(): void {
    this.#derived.clear();
  }

  #open({ id, sealed, project }: Exclude<SecretSource, { readonly sessionHash: string }>): string {
    try {
      const keys = this.#wrapping(project.wrappedKey, project.uid);
      return keys.open(placeOf(project, id), Buffer.from(sealed, 'base64')).toString();
    } catch (error) {
      if (!(error instanceof EnvelopeError)) throw error;
      throw new Fault('KEY_CORRUPT', { key: id, version: 1 }, { cause: error });
    }
  }
}

function placeOf(project: KeyProject, id: string): Buffer {
  return associatedData('coffer aws secret key v1', [project.uid, id]);
}
