// The secrets of AWS's access keys: sealed under the project's key while they rest, and opened only to derive what signs
// the requests of one day, region and service. Those are kept, for the very bytes that they were opened from, so that a
// key that was changed is not known by what it was. Source: AWS IAM, "Create a signed AWS API request".

import { createHmac, type KeyObject } from 'node:crypto';
import type { AwsKeys as AwsKeysPort, KeyProject, SecretSource, SigningScope } from '../core/aws/keys-port.ts';
import { Fault } from '../core/error.ts';
import { Redacted } from '../core/redacted.ts';
import type { Uid } from '../core/secret.ts';
import { associatedData, EnvelopeError } from './envelope.ts';
import { Lru } from './lru.ts';
import type { ProjectKeys } from './project-keys.ts';

/** Some 300 bytes each. */
const DERIVED_MAX = 4096;
/** As many as a secret access key of AWS's has. */
const SECRET_CHARS = 40;

export class AwsKeys implements AwsKeysPort {
  /** Throws EnvelopeError. */
  readonly #wrapping: (wrapped: Uint8Array, projectUid: Uid) => ProjectKeys;
  readonly #sessionKey: KeyObject;
  #derived = new Lru<string, Uint8Array>(DERIVED_MAX);

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
    const name = `${from}\n${date}\n${region}\n${service}`;
    const known = this.#derived.get(name);
    if (known !== undefined) return known;
    const secret = 'sealed' in source ? this.#open(source) : this.sessionSecret(source.sessionHash).reveal();
    const derived = [date, region, service, 'aws4_request'].reduce<Uint8Array>(
      (key, text) => createHmac('sha256', key).update(text).digest(),
      Buffer.from(`AWS4${secret}`),
    );
    this.#derived.set(name, derived);
    return derived;
  }

  sessionSecret(sessionHash: string): Redacted<string> {
    const mac = createHmac('sha256', this.#sessionKey).update(sessionHash).digest('base64');
    return new Redacted(mac.slice(0, SECRET_CHARS));
  }

  /** Lets go of all that was derived. */
  forget(): void {
    this.#derived = new Lru(DERIVED_MAX);
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
