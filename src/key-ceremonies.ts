// What holders of shares do together while the server is open: share the seal's key out anew, and make a root token where
// none is left. Each gives a share; that they were right shows only once they are enough. All of it is in the memory of
// this server, and what nobody goes on with is given up.
// Source: https://developer.hashicorp.com/vault/api-docs/system/rekey and generate-root.

import type { Audit } from './core/audit-port.ts';
import { Fault } from './core/error.ts';
import type { CeremonyFields, CeremonyStep } from './core/vault/ceremony.ts';
import { parseShare, parseShareCounts, refuseUnsupported, writtenShares } from './core/vault/shares.ts';
import { systemClock } from './crypto/clock.ts';
import { systemEntropy } from './crypto/entropy.ts';
import {
  keyOfShares,
  type OpenedByShares,
  openByShares,
  replaceSealKey,
  type ShamirConfig,
  type SharedKey,
  shamirConfig,
  shareOutNewKey,
} from './crypto/shamir-seal.ts';
import { ownRecord } from './ops/bootstrap.ts';
import { addRootToken } from './ops/vault/root-token.ts';
import { ShareCollector } from './share-collector.ts';
import type { OpenStore } from './store/open.ts';

/** Ours: an attempt that nobody has gone on with for so long is none any more. */
const IDLE_MS_MAX = 3_600_000;
/** As long as a token: `hvs.` and 24 characters. */
const OTP_CHARS = 28;

const wrong = (problem: string) => new Fault('VAULT_REQUEST_INVALID', { problem });

/** A new key of the seal that takes the old one's place once its shares were shown. */
interface Pending {
  readonly fresh: Pick<SharedKey, 'key' | 'config'>;
  readonly opened: OpenedByShares;
}

export class KeyCeremonies {
  readonly #opened: OpenStore;
  readonly #audit: Pick<Audit, 'copy'>;
  readonly #rekey = new ShareCollector();
  readonly #verify = new ShareCollector();
  readonly #root = new ShareCollector();
  #wanted: (ShamirConfig & { readonly verify: boolean }) | undefined;
  #pending: Pending | undefined;
  #otp = '';
  #steppedAt = 0;
  /** One step at a time. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(opened: OpenStore, audit: Pick<Audit, 'copy'>) {
    this.#opened = opened;
    this.#audit = audit;
  }

  /** Does a step; answers what Vault answers to it, undefined where that is nothing. Rejects with a Fault. */
  step(step: CeremonyStep, fields: CeremonyFields): Promise<object | undefined> {
    const work = async () => {
      const now = systemClock.now();
      if (now - this.#steppedAt > IDLE_MS_MAX) this.forget();
      this.#steppedAt = now;
      return this.#steps[step](fields);
    };
    const next = this.#busy.then(work, work);
    this.#busy = next.catch(() => {});
    return next;
  }

  /** Gives up whatever was begun. */
  forget(): void {
    this.#endRekey();
    this.#endRoot();
  }

  readonly #steps: Readonly<Record<CeremonyStep, (fields: CeremonyFields) => Promise<object | undefined>>> = {
    shares: () => this.#config(),
    'rekey.status': () => this.#rekeyStatus(),
    'rekey.start': (fields) => this.#startRekey(fields),
    'rekey.cancel': async () => this.#endRekey(),
    'rekey.update': (fields) => this.#updateRekey(fields),
    'verify.status': async () => this.#verifyStatus(),
    'verify.update': (fields) => this.#updateVerify(fields),
    'verify.cancel': async () => {
      this.#checkPending();
      this.#verify.begin();
      return this.#verifyStatus();
    },
    'root.status': () => this.#rootStatus(),
    'root.start': (fields) => this.#startRoot(fields),
    'root.cancel': async () => this.#endRoot(),
    'root.update': (fields) => this.#updateRoot(fields),
  };

  async #config(): Promise<ShamirConfig> {
    return (await shamirConfig(this.#opened.store)) ?? { shares: 0, threshold: 0 };
  }

  async #rekeyStatus() {
    const { threshold: required } = await this.#config();
    const { shares: n = 0, threshold: t = 0, verify = false } = this.#wanted ?? {};
    return {
      ...{ nonce: this.#rekey.nonce, started: this.#wanted !== undefined, t, n, progress: this.#rekey.progress },
      ...{ required, pgp_fingerprints: null, backup: false, verification_required: verify },
      ...(this.#pending === undefined ? {} : { verification_nonce: this.#verify.nonce }),
    };
  }

  async #startRekey(fields: CeremonyFields) {
    if (this.#wanted !== undefined) throw wrong('rekey already in progress');
    this.#wanted = { ...parseShareCounts(fields), verify: fields['require_verification'] === true };
    this.#rekey.begin();
    return this.#rekeyStatus();
  }

  async #updateRekey(fields: CeremonyFields) {
    const wanted = this.#wanted;
    if (wanted === undefined) throw wrong('no barrier rekey in progress');
    if (this.#pending !== undefined) throw wrong('rekey operation already finished; verification must be performed');
    const opened = await this.#take(this.#rekey, fields);
    if (opened === undefined) return this.#rekeyStatus();
    const fresh = shareOutNewKey(wanted);
    const answer = {
      ...{ nonce: this.#rekey.nonce, complete: true, ...writtenShares(fresh.shares), pgp_fingerprints: null },
      ...{ backup: false, verification_required: wanted.verify },
    };
    if (!wanted.verify) {
      await this.#install({ fresh, opened });
      return answer;
    }
    this.#pending = { fresh: { key: fresh.key, config: fresh.config }, opened };
    this.#verify.begin();
    return { ...answer, verification_nonce: this.#verify.nonce };
  }

  #checkPending(): Pending {
    if (this.#pending === undefined) throw wrong('no rekey verification in progress');
    return this.#pending;
  }

  #verifyStatus() {
    const { shares: n, threshold: t } = this.#checkPending().fresh.config;
    return { nonce: this.#verify.nonce, started: true, t, n, progress: this.#verify.progress };
  }

  async #updateVerify(fields: CeremonyFields) {
    const pending = this.#checkPending();
    const { key, config } = pending.fresh;
    checkNonce(this.#verify, fields);
    if (!this.#verify.add(parseShare(fields['key']), config.threshold)) return this.#verifyStatus();
    const shown = await this.#verify.use(async (shares) => keyOfShares(shares));
    if (shown?.id !== key.id) throw wrong('rekey verification failed; incorrect shares were given: give them anew');
    const { nonce } = this.#verify;
    await this.#install(pending);
    return { nonce, complete: true };
  }

  async #install({ fresh, opened }: Pending): Promise<void> {
    const { store, alone } = this.#opened;
    this.#endRekey();
    const isReplaced = await alone(() => replaceSealKey(store, fresh, opened));
    if (!isReplaced) throw wrong('the key of the seal was changed meanwhile by another server: begin anew');
    const record = ownRecord(systemClock.now(), systemEntropy, 'vault.rekey');
    await store.transact({}, () => ({ result: undefined, changes: [], record }));
    this.#audit.copy(record);
  }

  #endRekey(): undefined {
    this.#wanted = undefined;
    this.#pending = undefined;
    this.#rekey.forget();
    this.#verify.forget();
  }

  async #rootStatus(complete = '') {
    const { threshold: required } = await this.#config();
    return {
      ...{ nonce: this.#root.nonce, started: this.#root.nonce !== '', required },
      progress: complete === '' ? this.#root.progress : required,
      ...{ complete: complete !== '', encoded_token: complete, encoded_root_token: complete, pgp_fingerprint: '' },
      ...{ otp: '', otp_length: OTP_CHARS },
    };
  }

  async #startRoot(fields: CeremonyFields) {
    if (this.#root.nonce !== '') throw wrong('root generation already in progress');
    refuseUnsupported(fields);
    const given = fields['otp'] ?? '';
    if (given !== '' && (typeof given !== 'string' || !/^[\x21-\x7e]+$/.test(given) || given.length !== OTP_CHARS)) {
      throw wrong(`the OTP must have ${OTP_CHARS} characters of ASCII`);
    }
    this.#otp = given === '' ? systemEntropy.text(OTP_CHARS) : given;
    this.#root.begin();
    const status = await this.#rootStatus();
    return given === '' ? { ...status, otp: this.#otp } : status;
  }

  async #updateRoot(fields: CeremonyFields) {
    if (this.#root.nonce === '') throw wrong('no root generation in progress');
    const opened = await this.#take(this.#root, fields);
    if (opened === undefined) return this.#rootStatus();
    const { text, record } = await addRootToken(this.#opened.store, systemClock, systemEntropy, false);
    this.#audit.copy(record);
    const [token, pad] = [Buffer.from(text.reveal()), Buffer.from(this.#otp)];
    const encoded = Buffer.from(token.map((byte, at) => byte ^ (pad[at] as number)));
    const { nonce } = this.#root;
    this.#endRoot();
    return { ...(await this.#rootStatus(encoded.toString('base64').replace(/=+$/, ''))), nonce };
  }

  #endRoot(): undefined {
    this.#otp = '';
    this.#root.forget();
  }

  /** Takes a share; what they open once they are enough. Wrong ones have to be given anew, all of them. */
  async #take(collector: ShareCollector, fields: CeremonyFields): Promise<OpenedByShares | undefined> {
    const { store, alone } = this.#opened;
    checkNonce(collector, fields);
    const { threshold } = await this.#config();
    if (!collector.add(parseShare(fields['key']), threshold)) return undefined;
    const opened = await collector.use((shares) => alone(() => openByShares(store, shares)));
    if (opened === undefined) throw wrong('the shares are not those of this store: give all of them anew');
    return opened;
  }
}

function checkNonce({ nonce }: ShareCollector, fields: CeremonyFields): void {
  if (fields['nonce'] !== nonce) throw wrong('incorrect nonce supplied: it names another attempt');
}
