// Certificates by a role: issue/:role makes a key and certifies it. The names, the times and the uses are the role's to
// allow; the certificate is made before the request is judged, and holds only for the very role, authority and mount that
// it was made by.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/pki#generate-certificate-and-key

import { isWithin } from '../../core/vault/cidr.ts';
import { formatDuration, formatTime } from '../../core/vault/duration.ts';
import type { CertificateSpec, PkiKey } from '../../core/vault/pki.ts';
import { allowsCommonName, allowsHost, isHostName } from '../../core/vault/pki-names.ts';
import { Stale } from '../writer.ts';
import { booleanField, type Data, durationField, invalid, listField, textField } from './fields.ts';
import { leasesBelow } from './leases.ts';
import { EXTENDED_USAGES, type PkiRole, pkiKeyType, strangeFields } from './pki-roles.ts';
import {
  type Authority,
  basisIds,
  certsOf,
  homeOf,
  keepCertificate,
  neededAuthority,
  type PkiMount,
  pkiMount,
  roleIdOf,
  spelledSerial,
  urlsOf,
} from './pki-rows.ts';
import type { CertifiedNow, Certifying, Handler, Reply, VaultRoute } from './route.ts';
import { alphanumeric } from './token-create.ts';
import type { View } from './view.ts';

const NAMES_MAX = 200;
const FIELDS = [
  ...['common_name', 'alt_names', 'ip_sans', 'ttl', 'exclude_cn_from_sans', 'format', 'private_key_format'],
  ...['role', 'name'],
];
const ABSENT = {
  ...{ uri_sans: [], other_sans: [], user_ids: [], serial_number: [], not_after: [], cert_metadata: [] },
  ...{ issuer_ref: ['default'], remove_roots_from_chain: [false] },
};

interface Basis {
  readonly at: PkiMount;
  readonly authority: Authority;
  readonly role: PkiRole;
  /** The same for as long as all of it is. */
  readonly text: string;
}

function basisOf(view: View, params: Certifying['params']): Basis {
  const at = pkiMount(view, params);
  const entry = view.get(roleIdOf(params));
  if (entry === undefined) throw invalid(`unknown role: ${(params['role'] ?? '').slice(0, 128)}`);
  const authority = neededAuthority(view, params);
  const urls = urlsOf(view, params);
  const parts = [at.path, at.defaultSeconds, at.maxSeconds, entry.data['uid'], authority.serial, urls];
  return { at, authority, role: entry.data as unknown as PkiRole, text: JSON.stringify(parts) };
}

interface Names {
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly addresses: readonly string[];
}

function namesOf(role: PkiRole, data: Data): Names {
  const commonName = textField(data, 'common_name') ?? '';
  const asked = listField(data, 'alt_names') ?? [];
  const addresses = listField(data, 'ip_sans') ?? [];
  if (asked.length + addresses.length > NAMES_MAX) throw invalid(`at most ${NAMES_MAX} names are allowed`);
  if (commonName === '' && role.require_cn)
    throw invalid('the common_name field is required, or must be provided in a role with "require_cn" set to false');
  if (commonName !== '' && !allowsCommonName(role, commonName))
    throw invalid(`common name ${commonName.slice(0, 253)} not allowed by this role`);
  const odd = asked.find((name) => !allowsHost(role, name));
  if (odd !== undefined) throw invalid(`subject alternate name ${odd.slice(0, 253)} not allowed by this role`);
  if (addresses.length > 0 && !role.allow_ip_sans)
    throw invalid('IP Subject Alternative Names are not allowed in this role');
  const wrong = addresses.find((address) => !isWithin(address, [address]) || address.includes('/'));
  if (wrong !== undefined) throw invalid(`the value ${wrong.slice(0, 64)} is not a valid IP address`);
  const own = !booleanField(data, 'exclude_cn_from_sans') && isHostName(commonName.toLowerCase()) ? [commonName] : [];
  return { commonName, dnsNames: [...new Set([...own, ...asked].map((name) => name.toLowerCase()))], addresses };
}

interface Span {
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  readonly warnings: readonly string[];
}

function spanOf({ at, role, authority }: Basis, data: Data, now: number): Span {
  const most = Math.min(role.max_ttl || at.maxSeconds, at.maxSeconds);
  const asked = durationField(data, 'ttl') ?? 0;
  if (asked < 0) throw invalid('ttl cannot be negative');
  const wanted = asked || role.ttl || at.defaultSeconds;
  const isLonger = wanted > most;
  const warnings =
    isLonger && asked > 0
      ? [
          `TTL "${formatDuration(asked)}" is longer than permitted maxTTL "${formatDuration(most)}", so maxTTL is being used`,
        ]
      : [];
  // A certificate counts whole seconds.
  const notAfter = Math.floor(now / 1000 + Math.min(wanted, most)) * 1000;
  if (notAfter > authority.notAfter) {
    throw invalid(
      `cannot satisfy request, as TTL would result in notAfter of ${formatTime(notAfter)} that is beyond the expiration of the CA certificate at ${formatTime(authority.notAfter)}`,
    );
  }
  return { notAfter, warnings };
}

function usesOf(role: PkiRole): readonly string[] {
  const flags = [
    ...(role.server_flag ? ['serverauth'] : []),
    ...(role.client_flag ? ['clientauth'] : []),
    ...(role.code_signing_flag ? ['codesigning'] : []),
    ...(role.email_protection_flag ? ['emailprotection'] : []),
  ];
  const named = [...flags, ...role.ext_key_usage].map((name) => EXTENDED_USAGES[name] as string);
  return [...new Set([...named, ...role.ext_key_usage_oids])];
}

/** How the key that is made is answered; throws for a form that there is not. */
export function formOf(data: Data): NonNullable<Reply['keyed']> {
  const format = textField(data, 'format') || 'pem';
  if (format !== 'pem' && format !== 'pem_bundle' && format !== 'der')
    throw invalid('the "format" path parameter must be "pem", "der", or "pem_bundle"');
  const own = textField(data, 'private_key_format') || 'der';
  if (own !== 'der' && own !== 'pkcs8') throw invalid('private_key_format: der or pkcs8 belongs there');
  return format === 'pem' ? 'alone' : format === 'der' ? 'der' : 'bundle';
}

/** The key in PEM as the request wants it. */
export function keyText(
  { pki, data }: Pick<Certifying, 'pki' | 'data'>,
  key: PkiKey,
): NonNullable<CertifiedNow['privateKey']> {
  return pki.privatePem(key, textField(data, 'private_key_format') !== 'pkcs8');
}

async function make(call: Certifying): Promise<CertifiedNow> {
  const { view, params, data, pki } = call;
  const basis = basisOf(view, params);
  const { role, authority } = basis;
  const strange = strangeFields(data, FIELDS, ABSENT);
  formOf(data);
  const { commonName, dnsNames, addresses } = namesOf(role, data);
  const { notAfter, warnings } = spanOf(basis, data, view.now);
  const { organization, ou, country, locality, province } = role;
  const spec: CertificateSpec = {
    subject: { commonName, organization, ou, country, locality, province },
    ...{ dnsNames, addresses, notAfter, notBefore: view.now - role.not_before_duration * 1000 },
    ...{ usages: role.key_usage, extendedUsages: usesOf(role), urls: urlsOf(view, params) },
  };
  const key = await pki.makeKey(pkiKeyType(role.key_type, role.key_bits));
  const { pem: certificate, serial } = await call.certify(authority.entry, key.public, spec);
  const certified = { certificate, serial, notAfter, basis: basis.text, warnings: [...warnings, ...strange] };
  return { made: { certified }, privateKey: keyText(call, key) };
}

/** The DER of a certificate, in base64. */
function derOf(pem: string): string {
  return pem.replaceAll(/-----[^-]+-----|\s/g, '');
}

/** A certificate and its authority's, as the request wants them. */
export function described(form: NonNullable<Reply['keyed']>, certificate: string, issuing: string) {
  const shown = form === 'der' ? derOf : (pem: string) => pem.trim();
  // The certificate of a root stands once.
  const bundle = certificate === issuing ? shown(certificate) : `${shown(certificate)}\n${shown(issuing)}`;
  return {
    certificate: form === 'bundle' ? bundle : shown(certificate),
    ...{ issuing_ca: shown(issuing), ca_chain: [shown(issuing)] },
  };
}

const issue: Handler = (call) => {
  const { view, params, data, made } = call;
  const { role, authority, text, at } = basisOf(view, params);
  const { certified } = made;
  if (certified === undefined) throw new TypeError('no certificate was made');
  if (certified.basis !== text) throw new Stale();
  const { certificate, serial, notAfter } = certified;
  const seconds = Math.max(1, Math.floor((notAfter - view.now) / 1000));
  const leaseId = `${at.path}issue/${params['role']}/${alphanumeric(view, 24)}`;
  if (!role.no_store) {
    const lease = role.generate_lease ? { lease: leasesBelow(view, leaseId) } : {};
    keepCertificate(view, params, { certificate, serial, notAfter, madeAt: view.now, ...lease });
  }
  if (role.generate_lease) {
    const lease = { engine: 'pki', home: homeOf(params), serial, notAfter };
    view.put({ id: leasesBelow(view, leaseId), owner: certsOf(params) + serial, expiresAt: notAfter, data: lease });
  }
  const form = formOf(data);
  return {
    data: {
      ...described(form, certificate, authority.certificate),
      ...{ serial_number: spelledSerial(serial), expiration: Math.floor(notAfter / 1000) },
      private_key_type: role.key_type,
    },
    keyed: form,
    warnings: certified.warnings,
    ...(role.generate_lease ? { lease: { id: leaseId, seconds } } : {}),
  };
};

export const ISSUE_ROUTE: VaultRoute = {
  path: 'pki!issue/:role',
  help: 'Make a key and a certificate of it.',
  certifies: { looksAt: basisIds, make },
  write: issue,
};
