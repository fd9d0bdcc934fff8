// A server that is sealed by shares: it listens from the first moment, and while it is sealed it answers about its seal
// alone. When enough shares came, the whole server is started on the same address; when it is sealed again, that one is
// stopped, and with it go the keys. Shares that came are kept in memory until they are enough, or wrong.

import { systemClock } from './crypto/clock.ts';
import { systemEntropy } from './crypto/entropy.ts';
import type { OpenRoot } from './crypto/keyring.ts';
import type { OwnCertificate } from './crypto/own-certificate.ts';
import {
  openShamir,
  type ShamirConfig,
  sealByShares,
  shamirConfig,
  shareOutNewKey,
  storedSeal,
} from './crypto/shamir-seal.ts';
import { VaultError } from './dialects/vault/request.ts';
import { createSealedHandler, type SealKeeper, type SealState } from './dialects/vault/sealed.ts';
import type { Logger } from './log.ts';
import { addRootToken } from './ops/vault/root-token.ts';
import { ShareCollector } from './share-collector.ts';
import type { OpenStore } from './store/open.ts';
import { type Listener, listen, type Reservation } from './wire/listener.ts';

const DRAIN_MS = 5_000;

export interface ShareSealOptions {
  readonly opened: OpenStore;
  readonly data: string;
  /** As it was asked for. */
  readonly host: string;
  /** As it was taken: this process has it for as long as it runs. */
  readonly at: Reservation;
  readonly certificate: OwnCertificate | undefined;
  readonly log: Logger;
  /** Starts the whole server; `seal` seals it again. */
  open(root: OpenRoot, seal: () => Promise<void>): Promise<OpenServer>;
}

export interface OpenServer {
  /** Resolves at once when no thread takes connections any more. */
  close(): { readonly closing: Promise<void>; readonly closed: Promise<void> };
}

export class ShareSeal {
  readonly #options: ShareSealOptions;
  #listener: Listener | undefined;
  #open: OpenServer | undefined;
  #closed: Promise<void> = Promise.resolve();
  readonly #collector = new ShareCollector();
  /** One step of the seal at a time. */
  #busy: Promise<unknown> = Promise.resolve();

  constructor(options: ShareSealOptions) {
    this.#options = options;
  }

  /** Listens, sealed. */
  async start(): Promise<void> {
    this.#listener = await this.#listen();
  }

  async stop(): Promise<void> {
    await this.#busy.catch(() => {});
    await this.#listener?.drain(DRAIN_MS);
    await this.#open?.close().closed;
    await this.#closed;
  }

  #listen(): Promise<Listener> {
    const { at, host, certificate, log } = this.#options;
    const onError = (error: unknown, requestId?: string) =>
      log.error({ err: error, requestId }, 'a request failed unexpectedly');
    return listen({
      ...{ host: at.host, port: at.port, shared: true, ready: () => false, onError },
      handler: createSealedHandler(this.#keeper(), onError),
      // The local authority's own key is sealed too.
      ...(certificate === undefined
        ? {}
        : {
            tls: {
              certificateFor: (name) => {
                const found = certificate.certificateFor(name ?? host) ?? certificate.certificateFor('localhost');
                if (found === undefined)
                  throw new Error(`no certificate for ${name ?? host} while the server is sealed`);
                return found;
              },
            },
          }),
    });
  }

  #keeper(): SealKeeper {
    const alone = <T>(work: () => Promise<T>): Promise<T> => {
      const next = this.#busy.then(work, work);
      this.#busy = next.catch(() => {});
      return next;
    };
    return {
      state: () => this.#state(),
      initialise: (shares, threshold) => alone(() => this.#initialise({ shares, threshold })),
      submit: (share) => alone(() => this.#submit(share)),
      reset: () => this.#collector.forget(),
      now: () => systemClock.now(),
    };
  }

  async #state(): Promise<SealState> {
    const config = await shamirConfig(this.#options.opened.store);
    const initialised = (await storedSeal(this.#options.opened.store)) !== undefined;
    const { progress, nonce } = this.#collector;
    const { shares = 0, threshold = 0 } = initialised ? (config ?? {}) : {};
    return { initialised, shares, threshold, progress, nonce };
  }

  async #initialise(config: ShamirConfig) {
    const { opened } = this.#options;
    const { store } = opened;
    return opened.alone(async () => {
      if ((await storedSeal(store)) !== undefined) throw new VaultError(400, 'Vault is already initialized');
      const made = shareOutNewKey(config);
      await sealByShares(store, made);
      return { keys: made.shares, token: (await addRootToken(store, systemClock, systemEntropy, true)).text.reveal() };
    });
  }

  async #submit(share: Uint8Array): Promise<boolean> {
    const { opened, data } = this.#options;
    if (this.#open !== undefined) return true;
    const { threshold } = await this.#state();
    if (this.#collector.nonce === '') this.#collector.begin();
    if (!this.#collector.add(share, threshold)) return false;
    const root = await this.#collector.use((shares) => opened.alone(() => openShamir(opened.store, shares, data)));
    this.#collector.forget();
    if (root === undefined)
      throw new VaultError(400, 'failed to decrypt keys from storage: the shares are not those of this store');
    await this.#closed;
    this.#open = await this.#options.open(root, () => this.#seal());
    // From now on every connection is the open server's; this answer still leaves.
    const listener = this.#listener;
    this.#listener = undefined;
    listener?.drain(DRAIN_MS).catch(() => {});
    return true;
  }

  /** Answers once every new connection finds the server sealed. */
  async #seal(): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    this.#listener = await this.#listen();
    this.#open = undefined;
    const { closing, closed } = open.close();
    this.#closed = closed;
    await closing;
  }
}
