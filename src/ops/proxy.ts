// The server's own proxy on loopback, which leads programs outside of `coffer run` here (`coffer env`). Whoever has a key
// of a service account gets a password with it: a MAC of the key's id, so that nothing more is kept, and disabling or
// deleting the key ends both at once.

import { Fault } from '../core/error.ts';
import { parseAccountEmail } from '../core/name.ts';
import type { Clock, Keyring, Maybe, Store } from '../core/ports.ts';
import type { Redacted } from '../core/redacted.ts';
import { accountTarget } from './accounts.ts';
import { then } from './maybe.ts';
import { type Operation, operation } from './operation.ts';

export interface OpenProxy {
  readonly serviceAccount: string;
  /** The id of a key of that account. */
  readonly key: string;
}

export interface OpenedProxy {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Redacted<string>;
}

const KEY_ID_CHARS = 40;

/** Takes the permission to make keys: whoever may make one may also have this one's password. */
export const openProxy: Operation<OpenProxy, OpenedProxy> = operation({
  name: 'proxy.open',
  help: "give out the address of the server's loopback proxy and the password that goes with a key",
  kind: 'read',
  permission: 'iam.serviceAccountKeys.create',
  api: {
    method: 'POST',
    path: '/proxy:open',
    fields: {
      serviceAccount: { type: 'string', help: 'the address of the service account', required: true },
      key: { type: 'string', help: 'the id of a key of that account', required: true, max: KEY_ID_CHARS },
    },
  },
  target: ({ serviceAccount }: OpenProxy) => accountTarget({ account: parseAccountEmail(serviceAccount) }),
  needs: ({ serviceAccount, key }) =>
    ({
      account: { need: 'account', email: parseAccountEmail(serviceAccount) },
      key: { need: 'accountKey', id: key },
    }) as const,
  decide: (input) => {
    const { account, key } = input.rows;
    if (account === undefined) throw new Fault('ACCOUNT_NOT_FOUND', { account: input.command.serviceAccount });
    if (key === undefined || key.account !== account.email || key.disabled) {
      throw new Fault('ACCOUNT_KEY_NOT_FOUND', { account: account.email, key: input.command.key });
    }
    return { result: key.id, details: { key: key.id } };
  },
  finish: async (id, _command, { keyring, proxy }) => ({
    ...(await proxy.open()),
    user: id,
    password: keyring.proxyPassword(id),
  }),
});

const BASIC = /^Basic +([A-Za-z0-9+/]{1,512}={0,2}) *$/i;
const CREDENTIALS = /^([0-9a-f]{40}):([A-Za-z0-9_-]{1,128})$/;

export interface ProxyGateDeps {
  readonly store: Pick<Store, 'read'>;
  readonly keyring: Pick<Keyring, 'isProxyPassword'>;
  readonly clock: Clock;
}

/** Tells whether a Proxy-Authorization (RFC 7617) is the password of a key that still holds. */
export function createProxyGate({ store, keyring, clock }: ProxyGateDeps): (authorization: string) => Maybe<boolean> {
  return (authorization) => {
    const [, id, password] = CREDENTIALS.exec(decode(BASIC.exec(authorization)?.[1] ?? '')) ?? [];
    if (id === undefined || password === undefined || !keyring.isProxyPassword(id, password)) return false;
    return then(store.read({ key: { need: 'accountKey', id } }), ({ key }) => {
      if (key === undefined || key.disabled) return false;
      return key.expiresAt === undefined || clock.now() < key.expiresAt;
    });
  };
}

function decode(base64: string): string {
  try {
    return atob(base64);
  } catch {
    return '';
  }
}
