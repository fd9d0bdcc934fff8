// Certificates that an authority took back: lists of them, given to an auth method of type `cert`, by which a login is
// refused. A list counts until it is deleted or given anew, however old it is, as Vault has it. It lies as an entry, and
// what it revokes as entries of their own, which go with it: a login looks at those alone that its chain names.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/cert#create-crl and RFC 5280 section 5

import { Fault } from '../../core/error.ts';
import type { Issued } from '../../core/vault/client-certificate.ts';
import { invalid } from './fields.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';

/** Ours: lists of one auth method. */
const LISTS_MAX = 20;
/** Ours: certificates of one list. */
const REVOKED_MAX = 3000;
const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,126}[a-z0-9_-])?$/;

export const CERT_LIST_ROUTE = 'cert!crls/:name';

const listsBelow = ({ params }: VaultCall) => `auth/${params['uid']}/crl/`;
const nameOf = ({ params }: VaultCall) => (params['name'] ?? '').toLowerCase();
const listId = (call: VaultCall) => listsBelow(call) + nameOf(call);
const revokedBelow = ({ params }: VaultCall, name: string) => `auth/${params['uid']}/revoked/${name}/`;

const write: Handler = (call) => {
  const { view, data, hashes } = call;
  const name = nameOf(call);
  if (!NAME.test(name)) throw invalid('a name of a list has letters, digits and . _ -');
  if (data['url'] !== undefined) throw invalid('url: this server fetches no lists; give the list itself in crl');
  if (data['crl'] === undefined) throw invalid("'crl' must be provided");
  const { revocations } = hashes;
  if (revocations === undefined) throw invalid('failed to parse CRL: it is none in PEM, or more than is understood');
  const { issuer, serials, signature } = revocations;
  if (serials.length > REVOKED_MAX) throw invalid(`a list revokes at most ${REVOKED_MAX} certificates`);
  if (signature === 'bad') throw invalid('the list is not signed by the authority of its name that a role trusts');
  const id = listId(call);
  const isNew = view.get(id) === undefined;
  if (isNew && view.below(listsBelow(call), LISTS_MAX).length >= LISTS_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'lists of one auth method', limit: LISTS_MAX });
  }
  // What the one before it revoked goes with it.
  view.remove(id);
  view.put({ id, data: { issuer } });
  for (const serial of serials) view.put({ id: revokedBelow(call, name) + serial, owner: id, data: {} });
  return signature === 'good'
    ? {}
    : {
        warnings: [
          'no role trusts an authority of the name of the issuer: the signature of the list was not looked at',
        ],
      };
};

function existing(call: VaultCall): string {
  const name = nameOf(call);
  if (call.view.get(listId(call)) === undefined) throw invalid(`no such CRL ${name.slice(0, 128)}`);
  return name;
}

const read: Handler = (call) => {
  const below = revokedBelow(call, existing(call));
  const rows = call.view.below(below, REVOKED_MAX);
  return { data: { serials: Object.fromEntries(rows.map(({ id }) => [id.slice(below.length), {}])) } };
};

const list: Handler = (call) => {
  const below = listsBelow(call);
  return { data: { keys: call.view.below(below, LISTS_MAX).map(({ id }) => id.slice(below.length)) } };
};

const remove: Handler = (call) => {
  existing(call);
  call.view.remove(listId(call));
  return {};
};

/** Whether a list of the method has the certificate, or one on its way to what the role trusts. */
export function isRevoked(call: VaultCall, path: readonly Issued[]): boolean {
  const below = listsBelow(call);
  const ids = call.view
    .below(below, LISTS_MAX)
    .flatMap(({ id, data }) =>
      path
        .filter(({ issuer }) => issuer === data['issuer'])
        .map(({ serial }) => revokedBelow(call, id.slice(below.length)) + serial),
    );
  return call.view.all(ids).some((entry) => entry !== undefined);
}

export const CERT_LIST_ROUTES: readonly VaultRoute[] = [
  { path: 'cert!crls', help: 'List the lists of what was revoked.', list },
  { path: CERT_LIST_ROUTE, help: 'Read, write or delete a list of what was revoked.', read, write, delete: remove },
];
