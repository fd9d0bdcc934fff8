// The authority of a PKI mount: made once, its key sealed under the project's, and named in the certificates that it makes
// by the addresses of config/urls. Deleting it takes all that it certified along.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/pki#generate-root

import { formatDuration } from '../../core/vault/duration.ts';
import type { PkiUrls } from '../../core/vault/pki.ts';
import { isNameText } from '../../core/vault/pki-names.ts';
import { Stale } from '../writer.ts';
import { durationField, integerField, invalid, listField, textField } from './fields.ts';
import { leasesBelow } from './leases.ts';
import { described, formOf, keyText } from './pki-issue.ts';
import { pkiKeyType, strangeFields } from './pki-roles.ts';
import {
  authorityOf,
  basisIds,
  caId,
  certsOf,
  homeOf,
  keepCertificate,
  pkiMount,
  spelledSerial,
  urlsId,
  urlsOf,
} from './pki-rows.ts';
import type { CertifiedNow, Certifying, Handler, VaultRoute } from './route.ts';

/** For whoever's clock is behind. */
const BACKDATING_MS = 30_000;
const SUBJECT = ['organization', 'ou', 'country', 'locality', 'province'] as const;
const FIELDS = [
  ...['common_name', 'ttl', 'format', 'private_key_format', 'key_type', 'key_bits', 'max_path_length', 'exported'],
  ...['exclude_cn_from_sans', 'issuer_name', 'key_name', 'type', ...SUBJECT],
];
const ABSENT = {
  ...{ alt_names: [], ip_sans: [], uri_sans: [], other_sans: [], serial_number: [], not_after: [], managed_key_id: [] },
  ...{ permitted_dns_domains: [], excluded_dns_domains: [], permitted_ip_ranges: [], excluded_ip_ranges: [] },
  ...{ permitted_email_addresses: [], excluded_email_addresses: [], permitted_uri_domains: [], managed_key_name: [] },
  ...{ excluded_uri_domains: [], street_address: [], postal_code: [], use_pss: [false], signature_bits: [0, 256] },
  ...{
    key_ref: ['default'],
    not_before_duration: [30, '30s'],
    key_usage: [['CertSign', 'CRLSign'], 'CertSign,CRLSign'],
  },
};

const URL_CHARS_MAX = 512;
const URLS_MAX = 10;

function subjectOf(data: Certifying['data']) {
  const commonName = textField(data, 'common_name') ?? '';
  const [organization, ou, country, locality, province] = SUBJECT.map((name) => listField(data, name) ?? []) as [
    ...[string[], string[], string[], string[], string[]],
  ];
  const texts = [commonName, ...organization, ...ou, ...country, ...locality, ...province];
  if (commonName === '') throw invalid('the common_name field is required');
  if (texts.length > URLS_MAX || !texts.every(isNameText))
    throw invalid('the name of the authority: a few texts of at most 64 characters of one line belong there');
  if (country.some((each) => !/^[A-Za-z]{2}$/.test(each))) throw invalid('country: two letters belong there');
  return { commonName, organization, ou, country, locality, province };
}

function pathLengthOf(data: Certifying['data']): { readonly pathLength?: number } {
  const length = integerField(data, 'max_path_length') ?? -1;
  if (length < -1 || length > 100) throw invalid('max_path_length: -1, or a small number, belongs there');
  return length < 0 ? {} : { pathLength: length };
}

const TAKEN = 'this mount has a root already: delete it first, or enable the engine at another path';

async function make(call: Certifying): Promise<CertifiedNow> {
  const { view, params, data, pki } = call;
  const at = pkiMount(view, params);
  if (authorityOf(view, params) !== undefined) throw invalid(TAKEN);
  if (params['kind'] !== 'internal' && params['kind'] !== 'exported')
    throw invalid('the key is internal or exported: no other kind is supported');
  const strange = strangeFields(data, FIELDS, ABSENT);
  formOf(data);
  const type = pkiKeyType(textField(data, 'key_type') ?? 'rsa', integerField(data, 'key_bits') ?? 0);
  const asked = durationField(data, 'ttl') ?? 0;
  if (asked < 0) throw invalid('ttl cannot be negative');
  const seconds = Math.min(asked || at.defaultSeconds, at.maxSeconds);
  const cut =
    asked > seconds
      ? [
          `TTL "${formatDuration(asked)}" is longer than permitted maxTTL "${formatDuration(seconds)}", so maxTTL is being used`,
        ]
      : [];
  const notAfter = Math.floor(view.now / 1000 + seconds) * 1000;
  const spec = {
    ...{ subject: subjectOf(data), dnsNames: [], addresses: [], notBefore: view.now - BACKDATING_MS, notAfter },
    ...{ usages: ['CertSign', 'CRLSign'] as const, extendedUsages: [], authority: pathLengthOf(data) },
    urls: urlsOf(view, params),
  };
  const key = await pki.makeKey(type);
  const { pem: certificate, serial } = await pki.selfSign(key, spec);
  const basis = JSON.stringify([at.mount.uid, at.maxSeconds]);
  return {
    made: {
      certified: { certificate, serial, notAfter, basis, warnings: [...cut, ...strange] },
      sealed: call.sealKey(caId(params), key),
    },
    ...(params['kind'] === 'exported' ? { privateKey: keyText(call, key) } : {}),
  };
}

const generate: Handler = ({ view, params, data, made }) => {
  const at = pkiMount(view, params);
  if (authorityOf(view, params) !== undefined) throw invalid(TAKEN);
  const { certified, sealed } = made;
  if (certified === undefined || sealed === undefined) throw new TypeError('no authority was made');
  const { certificate, serial, notAfter, basis, warnings } = certified;
  if (basis !== JSON.stringify([at.mount.uid, at.maxSeconds])) throw new Stale();
  const kept = { certificate, serial, notAfter, madeAt: view.now };
  view.put({ ...sealed, id: caId(params), data: { ...kept, ...sealed.data } });
  keepCertificate(view, params, kept);
  const form = formOf(data);
  const type = textField(data, 'key_type') ?? 'rsa';
  const isExported = params['kind'] === 'exported';
  return {
    data: {
      ...described(form, certificate, certificate),
      ...{ serial_number: spelledSerial(serial), expiration: Math.floor(notAfter / 1000) },
      ...(isExported ? { private_key_type: type } : {}),
    },
    warnings,
    ...(isExported ? { keyed: form } : {}),
  };
};

/** What it certified is nobody's any more. */
const remove: Handler = ({ view, params }) => {
  const { path } = pkiMount(view, params);
  view.remove(caId(params));
  view.changes.push({ change: 'vaultEntry.deleteBelow', prefix: leasesBelow(view, path) });
  for (const below of [certsOf(params), `${homeOf(params)}revoked/`]) {
    view.changes.push({ change: 'vaultEntry.deleteBelow', prefix: below });
  }
  return {};
};

const URL_FIELDS = { issuing: 'issuing_certificates', crl: 'crl_distribution_points', ocsp: 'ocsp_servers' } as const;

function isUrl(text: string): boolean {
  return text.length <= URL_CHARS_MAX && /^(?:https?|ldaps?):\/\/[!-~]+$/.test(text) && URL.canParse(text);
}

const writeUrls: Handler = ({ view, params, data }) => {
  pkiMount(view, params);
  const strange = strangeFields(data, Object.values(URL_FIELDS), { enable_templating: [false] });
  const known = urlsOf(view, params);
  const lists = Object.entries(URL_FIELDS).map(([own, name]) => {
    const list = listField(data, name) ?? known[own as keyof PkiUrls];
    if (list.length > URLS_MAX || !list.every(isUrl))
      throw invalid(`invalid URL found in ${name}: at most ${URLS_MAX}, of http, https or ldap, belong there`);
    return [own, list] as const;
  });
  view.put({ id: urlsId(params), data: Object.fromEntries(lists) });
  return { data: describeUrls(Object.fromEntries(lists) as unknown as PkiUrls), warnings: strange };
};

const describeUrls = ({ issuing, crl, ocsp }: PkiUrls) => ({
  ...{ issuing_certificates: issuing, crl_distribution_points: crl, ocsp_servers: ocsp, enable_templating: false },
});

export const ROOT_ROUTES: readonly VaultRoute[] = [
  {
    path: 'pki!root/generate/:kind',
    help: "Make the mount's authority.",
    certifies: { looksAt: (params, project) => basisIds(params, project), make },
    write: generate,
  },
  { path: 'pki!root', help: 'Delete the authority, with all that it certified.', sudo: true, delete: remove },
  {
    path: 'pki!config/urls',
    help: 'The addresses that certificates name.',
    read: ({ view, params }) => ({ data: describeUrls(urlsOf(view, params)) }),
    write: writeUrls,
  },
];
