// Wrapped answers: kept sealed under a token that opens them once. Whoever finds that token used knows that somebody else
// was first. Looking at it does not use it up.
// Source: https://developer.hashicorp.com/vault/docs/concepts/response-wrapping

import { formatTime } from '../../core/vault/duration.ts';
import { isAlive, type KnownToken } from '../../core/vault/token.ts';
import { integerField, invalid, textField } from './fields.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';
import { mintToken } from './token-create.ts';

export const WRAPPING_POLICY = 'response-wrapping';
export const WRAP_ROUTE = 'internal:wrap';

const wrappedId = (tokenId: string) => `wrapped/${tokenId.slice(tokenId.indexOf('/') + 1)}`;
const gone = () => invalid('wrapping token is not valid or does not exist');

/** The living wrapping token that the request means: in its body, or that it came with. */
function wrapping({
  view,
  hashes,
}: VaultCall): KnownToken & { readonly wraps: NonNullable<KnownToken['token']['wraps']> } {
  const known =
    hashes.token === undefined
      ? view.caller.vault === undefined
        ? undefined
        : view.callerToken()
      : view.tokenByHash(hashes.token);
  const wraps = known?.token.wraps;
  if (
    known === undefined ||
    wraps === undefined ||
    !isAlive({ ...known, token: { ...known.token, usesLeft: 0 } }, view.now)
  )
    throw gone();
  if (known.token.project !== view.project.id) throw gone();
  return { ...known, wraps };
}

/** Keeps the answer that `prepare` has sealed, and answers with the token that opens it. */
const wrap: Handler = ({ view, data, made }) => {
  if (made.hash === undefined || made.sealed === undefined) throw new TypeError('nothing to wrap');
  const ttlSeconds = integerField(data, 'ttl') ?? 0;
  const path = textField(data, 'path') ?? '';
  const wrappedAccessor = textField(data, 'accessor');
  const fresh = {
    ...{ policies: [WRAPPING_POLICY], displayName: '', path, meta: null, ttlSeconds, renewable: false, uses: 0 },
    explicitMaxSeconds: ttlSeconds,
    wraps: { path, ...(wrappedAccessor === undefined ? {} : { accessor: wrappedAccessor }) },
  };
  const { auth } = mintToken(view, fresh, made.hash);
  const owner = `token/${made.hash}`;
  view.put({ id: wrappedId(owner), owner, ...made.sealed });
  return {
    wrap: {
      ...{ accessor: auth.accessor, ttlSeconds, createdAt: view.now, path },
      ...(wrappedAccessor === undefined ? {} : { wrappedAccessor }),
    },
  };
};

const lookup: Handler = (call) => {
  const { token, wraps } = wrapping(call);
  const data = {
    creation_path: wraps.path,
    creation_time: formatTime(token.createdAt),
    creation_ttl: token.ttlSeconds,
  };
  return { data };
};

/** The sealed answer, for one who has used the token up by asking. */
function take(call: VaultCall): {
  readonly known: ReturnType<typeof wrapping>;
  readonly opens: NonNullable<Reply['opens']>;
} {
  const known = wrapping(call);
  const opens = call.view.get(wrappedId(known.id));
  if (opens === undefined) throw gone();
  call.view.remove(known.id);
  return { known, opens };
}

const unwrap: Handler = (call) => ({ opens: take(call).opens });

/** The dialect wraps what this opens again, under the path and for the time of the first. */
const rewrap: Handler = (call) => {
  const { known, opens } = take(call);
  const { path, accessor } = known.wraps;
  return { opens, data: { path, ttl: known.token.ttlSeconds, ...(accessor === undefined ? {} : { accessor }) } };
};

export const WRAPPING_ROUTES: readonly VaultRoute[] = [
  {
    path: WRAP_ROUTE,
    help: '',
    issues: true,
    sealsAt: (_params, _caller, { hash = '' }) => wrappedId(`token/${hash}`),
    write: wrap,
  },
  {
    path: 'sys/wrapping/lookup',
    help: 'Look at a wrapping token.',
    open: true,
    asks: true,
    read: lookup,
    write: lookup,
  },
  { path: 'sys/wrapping/unwrap', help: 'Open a wrapped answer, once.', write: unwrap },
  { path: 'sys/wrapping/rewrap', help: 'Wrap a wrapped answer anew.', write: rewrap },
  {
    path: 'sys/wrapping/wrap',
    help: 'Answer with what was sent, wrapped.',
    asks: true,
    write: ({ data }) => ({ data }),
  },
];
