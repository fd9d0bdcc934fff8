// The PKI engine: an authority for each mount, roles, certificates by them, what was revoked. What a certificate says is
// public, and so are the certificates and the list of what was revoked: those are read without a token, as in Vault.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/pki

import { Fault } from '../../core/error.ts';
import type { VaultEntry } from '../../core/vault/entry.ts';
import { invalid, textField } from './fields.ts';
import { ISSUE_ROUTE } from './pki-issue.ts';
import { revokeCertificate } from './pki-leases.ts';
import { listRoles, ROLE_HANDLERS } from './pki-roles.ts';
import { ROOT_ROUTES } from './pki-root.ts';
import {
  type Authority,
  authorityOf,
  certsOf,
  neededAuthority,
  parsedSerial,
  pkiMount,
  revokedOf,
  spelledSerial,
} from './pki-rows.ts';
import type { Handler, Reply, VaultCall, VaultRoute } from './route.ts';

/** Ours: certificates that one list looks at, and those that a list of what was revoked has. */
const LISTED_MAX = 25_000;
const REVOKED_MAX = 100_000;
const PAGE = 10_000;
/** A list is good for so long, and made anew after half of it. */
const LIST_MS: number = 72 * 3_600_000;

const missing = () => new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'cert' });

function revokedRows(view: VaultCall['view'], params: VaultCall['params']): readonly VaultEntry[] {
  const rows: VaultEntry[] = [];
  while (rows.length < REVOKED_MAX) {
    const page = view.below(revokedOf(params), PAGE, rows.at(-1)?.id);
    rows.push(...page);
    if (page.length < PAGE) return rows;
  }
  // A list that leaves some out would be worse than none.
  throw new Fault('LIMIT_REACHED', { what: 'certificates in a list of what was revoked', limit: REVOKED_MAX });
}

function revocations({ view, params }: VaultCall, authority: Authority, form: 'der' | 'pem' | 'json'): Reply {
  const rows = revokedRows(view, params);
  const revoked = rows.map(({ data }) => ({ serial: String(data['serial']), revokedAt: Number(data['revokedAt']) }));
  // The same for every thread and server, and no earlier than what it lists.
  const half = Math.floor(view.now / (LIST_MS / 2)) * (LIST_MS / 2);
  const thisUpdate = revoked.reduce(
    (latest, { revokedAt }) => Math.max(latest, revokedAt),
    Math.max(half, authority.madeAt),
  );
  const list = { thisUpdate, nextUpdate: thisUpdate + LIST_MS, revoked };
  const data = { certificate: '', revocation_time: 0, revocation_time_rfc3339: '' };
  return { data, revocations: { issuer: authority.entry, list, form } };
}

/** Without an authority there is nothing to show, which is no failure. */
const ofAuthority =
  (show: (authority: Authority, call: VaultCall) => Reply): Handler =>
  (call) => {
    pkiMount(call.view, call.params);
    const authority = authorityOf(call.view, call.params);
    return authority === undefined ? {} : show(authority, call);
  };

const pemOf = ({ certificate }: Authority): Reply => ({
  raw: { type: 'application/pem-certificate-chain', body: `${certificate.trim()}\n` },
});

function derOf({ certificate }: Authority): Reply {
  const text = atob(certificate.replaceAll(/-----[^-]+-----|\s/g, ''));
  return { raw: { type: 'application/pkix-cert', body: Uint8Array.from(text, (each) => each.charCodeAt(0)) } };
}

const readCert: Handler = (call) => {
  const { view, params } = call;
  pkiMount(view, params);
  const asked = params['serial'] ?? '';
  if (asked === 'ca' || asked === 'ca_chain' || asked === 'crl') {
    const authority = authorityOf(view, params);
    if (authority === undefined) throw missing();
    if (asked === 'crl') return revocations(call, authority, 'json');
    const certificate = authority.certificate.trim();
    const chain = asked === 'ca_chain' ? { ca_chain: certificate } : {};
    return { data: { certificate, ...chain, revocation_time: 0, revocation_time_rfc3339: '' } };
  }
  const serial = parsedSerial(asked);
  const entry = serial === undefined ? undefined : view.get(certsOf(params) + serial);
  if (entry === undefined) throw missing();
  const at = view.get(revokedOf(params) + serial)?.data['revokedAt'];
  const time = typeof at === 'number' ? at : 0;
  return {
    data: {
      certificate: String(entry.data['certificate']).trim(),
      ...{ revocation_time: Math.floor(time / 1000), revocation_time_rfc3339: time === 0 ? '' : rfc3339(time) },
    },
  };
};

const rfc3339 = (milliseconds: number) => `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;

const listCerts: Handler = ({ view, params }) => {
  const prefix = certsOf(params);
  const rows = view.below(prefix, LISTED_MAX);
  return { data: { keys: rows.map(({ id }) => spelledSerial(id.slice(prefix.length))) } };
};

const revoke: Handler = ({ view, params, data }) => {
  const authority = neededAuthority(view, params);
  const text = textField(data, 'serial_number') ?? '';
  if (text === '') throw invalid('the serial number must be provided');
  const serial = parsedSerial(text);
  const entry = serial === undefined ? undefined : view.get(certsOf(params) + serial);
  if (entry === undefined) throw invalid(`certificate with serial ${text.slice(0, 64)} not found`);
  if (serial === authority.serial) throw invalid('adding CA to its own CRL is not allowed');
  if (Number(entry.data['notAfter']) <= view.now)
    return { warnings: ['The certificate has already expired; refusing to add to CRL'] };
  const at = revokeCertificate(view, entry);
  return {
    data: { revocation_time: Math.floor(at / 1000), revocation_time_rfc3339: rfc3339(at), state: 'revoked' },
  };
};

/** Nothing is done in a mount that is gone, or is another by now. */
const inMount =
  (handler: Handler): Handler =>
  (call) => {
    pkiMount(call.view, call.params);
    return handler(call);
  };

const { read, write, patch, delete: remove } = ROLE_HANDLERS;

export const PKI_ROUTES: readonly VaultRoute[] = [
  ...ROOT_ROUTES,
  { path: 'pki!roles', help: 'List the roles.', list: inMount(listRoles) },
  {
    path: 'pki!roles/:role',
    help: 'Read, write or delete a role.',
    ...{ read: inMount(read), write: inMount(write), patch: inMount(patch), delete: inMount(remove) },
  },
  ISSUE_ROUTE,
  { path: 'pki!revoke', help: 'Revoke a certificate by its serial number.', write: inMount(revoke) },
  { path: 'pki!certs', help: 'List the certificates.', list: inMount(listCerts) },
  {
    path: 'pki!cert/:serial',
    help: 'A certificate, the authority, or what was revoked.',
    open: ['read'],
    read: readCert,
  },
  { path: 'pki!ca', help: 'The certificate of the authority, DER.', open: ['read'], read: ofAuthority(derOf) },
  { path: 'pki!ca/pem', help: 'The same in PEM.', open: ['read'], read: ofAuthority(pemOf) },
  { path: 'pki!ca_chain', help: 'The chain of the authority, PEM.', open: ['read'], read: ofAuthority(pemOf) },
  {
    path: 'pki!crl',
    help: 'What was revoked, DER.',
    open: ['read'],
    read: ofAuthority((authority, call) => revocations(call, authority, 'der')),
  },
  {
    path: 'pki!crl/pem',
    help: 'The same in PEM.',
    open: ['read'],
    read: ofAuthority((authority, call) => revocations(call, authority, 'pem')),
  },
];
