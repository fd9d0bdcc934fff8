// The keys of PKI mounts at work: made, opened to certify, opened to sign a list of what was revoked. Slow work takes its
// turn like that of callers' keys.

import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { Grant } from '../../core/iam/policy.ts';
import { traitsOf } from '../../core/keys/type.ts';
import type { Keyring, Maybe, PayloadPlace } from '../../core/ports.ts';
import { Redacted } from '../../core/redacted.ts';
import type { SealedPayload } from '../../core/secret.ts';
import type {
  CertificateSpec,
  MadeCertificate,
  PkiCrypto,
  PkiKey,
  PkiKeyType,
  RevocationList,
  RevocationListSpec,
  SealedIssuer,
} from '../../core/vault/pki.ts';
import type { Turns } from '../keys/turns.ts';
import { Lru } from '../lru.ts';

/** Lists kept signed. */
const LISTS_MAX = 32;

const generate = promisify(generateKeyPair);

export interface AuthorityKeysDeps {
  readonly turns: Turns;
  /** For a grant. */
  readonly open: Keyring['open'];
  /** Without one. */
  openOwn(projectKey: Uint8Array, place: PayloadPlace, sealed: SealedPayload): Redacted<Uint8Array>;
}

export class AuthorityKeys implements PkiCrypto {
  readonly #deps: AuthorityKeysDeps;
  #lists = new Lru<string, Promise<RevocationList>>(LISTS_MAX);

  constructor(deps: AuthorityKeysDeps) {
    this.#deps = deps;
  }

  makeKey(type: PkiKeyType): Maybe<PkiKey> {
    return this.#deps.turns.take(async () => {
      const { kind, modulusBits, curve } = traitsOf(type);
      if (kind === 'rsa') return halves(await generate('rsa', { modulusLength: modulusBits as number }));
      if (kind === 'eddsa') return halves(await generate('ed25519'));
      return halves(await generate('ec', { namedCurve: curve as string }));
    });
  }

  privatePem(key: PkiKey, traditional: boolean): Redacted<string> {
    const held = keyOf(key.private);
    const own = held.asymmetricKeyType === 'rsa' ? 'pkcs1' : held.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8';
    return new Redacted(held.export({ format: 'pem', type: traditional ? own : 'pkcs8' }) as string);
  }

  async selfSign(key: PkiKey, spec: CertificateSpec): Promise<MadeCertificate> {
    const { makeCertificate } = await import('./x509.ts');
    const held = keyOf(key.private);
    return this.#deps.turns.take(() => makeCertificate(held, undefined, createPublicKey(held), spec));
  }

  async certify(
    grant: Grant,
    issuer: SealedIssuer,
    publicKey: string,
    spec: CertificateSpec,
  ): Promise<MadeCertificate> {
    const key = keyOf(this.#deps.open(grant, issuer.projectKey, issuer.place, issuer.sealed));
    const { makeCertificate } = await import('./x509.ts');
    return this.#deps.turns.take(() => makeCertificate(key, issuer.certificate, createPublicKey(publicKey), spec));
  }

  async revocationList(issuer: SealedIssuer, spec: RevocationListSpec): Promise<RevocationList> {
    const { makeRevocationList, nameOfList } = await import('./x509.ts');
    const name = nameOfList(spec, issuer.certificate);
    const known = this.#lists.get(name);
    if (known !== undefined) return known;
    const key = keyOf(this.#deps.openOwn(issuer.projectKey, issuer.place, issuer.sealed));
    const list = this.#deps.turns.take(() => makeRevocationList(key, issuer.certificate, spec));
    this.#lists.set(name, list);
    // Those who wait for it fail together; the next one tries again.
    list.catch(() => this.#lists.delete(name));
    return list;
  }

  /** Lets go of the lists that are kept. */
  forget(): void {
    this.#lists = new Lru(LISTS_MAX);
  }
}

function halves({ privateKey, publicKey }: { readonly privateKey: KeyObject; readonly publicKey: KeyObject }): PkiKey {
  return {
    private: new Redacted<Uint8Array>(privateKey.export({ format: 'der', type: 'pkcs8' })),
    public: publicKey.export({ format: 'pem', type: 'spki' }) as string,
  };
}

function keyOf(pkcs8: Redacted<Uint8Array>): KeyObject {
  return createPrivateKey({ key: Buffer.from(pkcs8.reveal()), format: 'der', type: 'pkcs8' });
}
