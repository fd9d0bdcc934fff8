// Programs that log in with a certificate of TLS. Which roles trust the one that was presented was found out before; what
// a role asks for beside that trust, and whether it still is the same, is judged here. A token of such a login is renewed
// only by whoever presents the same certificate, unless the method's config says otherwise.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/cert

import { Fault } from '../../core/error.ts';
import { isWithin } from '../../core/vault/cidr.ts';
import { meets, type TrustedBy, type VerifiedCertificate } from '../../core/vault/client-certificate.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import { tokenOfLogin, tokenSettings } from './auth-methods.ts';
import { CERT_LIST_ROUTES, isRevoked } from './cert-revoked.ts';
import { booleanField, invalid, listField, textField } from './fields.ts';
import { entityOfLogin } from './identity-login.ts';
import type { Handler, VaultCall, VaultRoute } from './route.ts';
import { mintToken } from './token-create.ts';

/** Ours. */
export const CERT_ROLES_MAX = 1000;
const PATTERNS_MAX = 200;
const PATTERN_CHARS_MAX = 512;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/;
const LISTS = [
  ...['allowed_names', 'allowed_common_names', 'allowed_dns_sans', 'allowed_email_sans', 'allowed_uri_sans'],
  ...['allowed_organizational_units', 'required_extensions', 'allowed_metadata_extensions'],
] as const;
const EXTENSION = /^(?:hex:)?[0-9]+(?:\.[0-9]+)+:/;

/** Where the roles of a mount lie. */
export function certRolesPrefix(uid: string): string {
  return `auth/${uid}/cert/`;
}

const prefixOf = ({ params }: VaultCall) => certRolesPrefix(params['uid'] ?? '');
const roleId = (call: VaultCall) => `${prefixOf(call)}${call.params['name'] ?? ''}`;
const configId = ({ params }: VaultCall) => `auth/${params['uid']}/config`;

function patterns({ data }: VaultCall, name: string, known: unknown): readonly string[] {
  const list = listField(data, name) ?? (known as readonly string[] | undefined) ?? [];
  if (list.length > PATTERNS_MAX || list.some((each) => each.length > PATTERN_CHARS_MAX)) {
    throw invalid(`${name}: at most ${PATTERNS_MAX} of ${PATTERN_CHARS_MAX} characters are allowed`);
  }
  const odd = name === 'required_extensions' ? list.find((each) => !EXTENSION.test(each)) : undefined;
  if (odd !== undefined) throw invalid('required_extensions: each is OID:VALUE or hex:OID:VALUE');
  return list;
}

const write: Handler = (call) => {
  const { view, data, hashes } = call;
  const name = call.params['name'] ?? '';
  if (!NAME.test(name)) throw invalid('a role name has letters, digits and . _ -');
  const known = view.get(roleId(call))?.data ?? {};
  const trust = hashes.trust ?? known['trust'];
  if (trust === undefined) throw invalid('failed to parse certificate');
  if (known['trust'] === undefined && view.below(prefixOf(call), CERT_ROLES_MAX).length >= CERT_ROLES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'roles of one auth method', limit: CERT_ROLES_MAX });
  }
  const lists = LISTS.map((each) => [each, patterns(call, each, known[each])] as const);
  const display = textField(data, 'display_name') || (known['display_name'] as string | undefined) || name;
  view.put({
    id: roleId(call),
    data: { ...tokenSettings(data, known), ...Object.fromEntries(lists), display_name: display.slice(0, 128), trust },
  });
  return {};
};

function existing(call: VaultCall): VaultEntry {
  const entry = call.view.get(roleId(call));
  if (entry === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'certs' });
  return entry;
}

const read: Handler = (call) => {
  const { trust, ...settings } = existing(call).data;
  return { data: { ...settings, certificate: (trust as { readonly pem: string }).pem } };
};

const list: Handler = (call) => {
  const prefix = prefixOf(call);
  return { data: { keys: call.view.below(prefix, CERT_ROLES_MAX).map(({ id }) => id.slice(prefix.length)) } };
};

const isUnbound = (call: VaultCall) => call.view.get(configId(call))?.data['disable_binding'] === true;

const readConfig: Handler = (call) => ({ data: { disable_binding: isUnbound(call) } });

const writeConfig: Handler = (call) => {
  const disable_binding = booleanField(call.data, 'disable_binding') ?? isUnbound(call);
  call.view.put({ id: configId(call), data: { disable_binding } });
  return {};
};

/** The first role by name that trusts the certificate and whose rules it meets; where one is named, that one alone. */
function roleFor(
  call: VaultCall,
  certificate: VerifiedCertificate,
): { readonly name: string; readonly role: VaultEntry } {
  const asked = textField(call.data, 'name') ?? '';
  const names = Object.keys(certificate.roles)
    .filter((name) => asked === '' || name === asked)
    .sort();
  const rows = call.view.all(names.map((name) => prefixOf(call) + name));
  for (const [index, name] of names.entries()) {
    const role = rows[index];
    if (role === undefined) continue;
    const { fingerprint } = role.data['trust'] as { readonly fingerprint: string };
    const bound = (role.data['token_bound_cidrs'] as readonly string[] | undefined) ?? [];
    const isNear = bound.length === 0 || isWithin(call.view.caller.peer, bound);
    // What it trusts may have changed since that was found out.
    const trusted = certificate.roles[name] as TrustedBy;
    if (fingerprint !== trusted.fingerprint || !isNear || !meets(role.data, certificate)) continue;
    if (!isRevoked(call, trusted.path)) return { name, role };
  }
  throw names.length === 0
    ? invalid('invalid certificate or no client certificate supplied')
    : invalid('no chain matching all constraints could be found for this login certificate');
}

const login: Handler = (call) => {
  const { view, hashes, made } = call;
  const { certificate } = hashes;
  if (certificate === undefined) throw invalid('invalid certificate or no client certificate supplied');
  const { name, role } = roleFor(call, certificate);
  const { commonName, fingerprint, serial, subjectKeyId, authorityKeyId } = certificate;
  const about = {
    displayName: String(role.data['display_name']),
    path: call.path,
    meta: {
      ...{ cert_name: name, common_name: commonName, serial_number: serial },
      ...{ subject_key_id: subjectKeyId, authority_key_id: authorityKeyId },
    },
    // Vault's own rule: whoever has the name, by whichever authority the mount trusts, is the same.
    entity: entityOfLogin(view, call.params['accessor'] ?? '', commonName || `sha256:${fingerprint}`),
  };
  const bound = isUnbound(call) ? {} : { certificate: fingerprint };
  return mintToken(view, { ...tokenOfLogin(role.data, about), ...bound }, made.hash);
};

export const CERT_ROUTES: readonly VaultRoute[] = [
  { path: 'cert!config', help: 'Read or set how the method works.', read: readConfig, write: writeConfig },
  { path: 'cert!certs', help: 'List the roles.', list },
  {
    path: 'cert!certs/:name',
    help: 'Read, write or delete a role and what it trusts.',
    ...{ read, write },
    delete: (call) => {
      call.view.remove(roleId(call));
      return {};
    },
  },
  ...CERT_LIST_ROUTES,
  { path: 'cert!login', help: 'Log in with a client certificate.', open: true, issues: true, write: login },
];
