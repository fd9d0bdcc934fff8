// Roles of the PKI engine: which names, keys, uses and times a certificate may have. A field that would narrow a role and is
// not known here is refused, never ignored; one that nobody knows is a warning.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/pki#create-update-role

import { Fault } from '../../core/error.ts';
import { PKI_KEYS, PKI_USAGES, type PkiKeyType, type PkiUsage } from '../../core/vault/pki.ts';
import { isNameText, type NameRules } from '../../core/vault/pki-names.ts';
import { booleanField, type Data, durationField, integerField, invalid, listField, textField } from './fields.ts';
import { roleIdOf, rolesOf } from './pki-rows.ts';
import type { Handler, Reply, VaultCall } from './route.ts';

const ROLES_MAX = 10_000;
const LIST_MAX = 200;
const TEXT_CHARS_MAX = 256;
const EARLY_SECONDS_MAX: number = 366 * 86_400;
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?$/;
const OID = /^[0-2](?:\.(?:0|[1-9]\d{0,9})){1,20}$/;
const SUBJECT = ['organization', 'ou', 'country', 'locality', 'province'] as const;

const FLAGS = {
  ...{ allow_localhost: true, allow_bare_domains: false, allow_subdomains: false, allow_glob_domains: false },
  ...{ allow_wildcard_certificates: true, allow_any_name: false, enforce_hostnames: true, allow_ip_sans: true },
  ...{ server_flag: true, client_flag: true, code_signing_flag: false, email_protection_flag: false },
  ...{ generate_lease: false, no_store: false, require_cn: true },
} as const;
const FLAG_NAMES = Object.keys(FLAGS) as (keyof typeof FLAGS)[];
const LISTS = ['allowed_domains', ...SUBJECT, 'key_usage', 'ext_key_usage', 'ext_key_usage_oids'] as const;
const OTHERS = ['ttl', 'max_ttl', 'not_before_duration', 'key_type', 'key_bits'] as const;

/** Of Vault's roles, and not of ours: each with the value by which it says nothing. */
const ABSENT: Readonly<Record<string, readonly unknown[]>> = {
  ...{ allowed_domains_template: [false], allowed_uri_sans: [], allowed_uri_sans_template: [false] },
  ...{ allowed_other_sans: [], allowed_serial_numbers: [], allowed_user_ids: [], policy_identifiers: [] },
  ...{ street_address: [], postal_code: [], cn_validations: [['email', 'hostname'], 'email,hostname'] },
  ...{ basic_constraints_valid_for_non_ca: [false], issuer_ref: ['default'], not_after: [], signature_bits: [0, 256] },
  ...{ use_pss: [false], use_csr_common_name: [true], use_csr_sans: [true], serial_number_source: [] },
};

export interface PkiRole extends NameRules, Readonly<Record<(typeof SUBJECT)[number], readonly string[]>> {
  /** Seconds; 0: the mount's. */
  readonly ttl: number;
  readonly max_ttl: number;
  readonly not_before_duration: number;
  readonly key_type: keyof typeof PKI_KEYS;
  readonly key_bits: number;
  readonly allow_ip_sans: boolean;
  readonly server_flag: boolean;
  readonly client_flag: boolean;
  readonly code_signing_flag: boolean;
  readonly email_protection_flag: boolean;
  readonly generate_lease: boolean;
  readonly no_store: boolean;
  readonly require_cn: boolean;
  readonly key_usage: readonly PkiUsage[];
  readonly ext_key_usage: readonly string[];
  readonly ext_key_usage_oids: readonly string[];
}

export const EXTENDED_USAGES: Readonly<Record<string, string>> = {
  ...{ any: '2.5.29.37.0', serverauth: '1.3.6.1.5.5.7.3.1', clientauth: '1.3.6.1.5.5.7.3.2' },
  ...{ codesigning: '1.3.6.1.5.5.7.3.3', emailprotection: '1.3.6.1.5.5.7.3.4', timestamping: '1.3.6.1.5.5.7.3.8' },
  ...{ ocspsigning: '1.3.6.1.5.5.7.3.9' },
};

const USED: ReadonlyMap<string, PkiUsage> = new Map(
  PKI_USAGES.filter((usage) => usage !== 'CertSign' && usage !== 'CRLSign').map((usage) => [
    usage.toLowerCase(),
    usage,
  ]),
);

/** The type of a key as roles and requests name it; `bits` 0: what that type usually has. */
export function pkiKeyType(type: string, bits: number): PkiKeyType {
  const allowed = Object.hasOwn(PKI_KEYS, type) ? PKI_KEYS[type as keyof typeof PKI_KEYS] : undefined;
  if (allowed === undefined) throw invalid('key_type: rsa, ec or ed25519 belongs there');
  const sized = allowed.find((each) => bits === 0 || type === 'ed25519' || each.endsWith(String(bits)));
  if (sized === undefined) throw invalid(`unsupported bit length for ${type} key: ${bits}`);
  return sized;
}

/** Warnings about fields that nobody knows; throws for those that would mean something and do not here. */
export function strangeFields(data: Data, known: readonly string[], absent: typeof ABSENT): readonly string[] {
  const given = Object.keys(data);
  for (const name of given) {
    const harmless = Object.hasOwn(absent, name) ? absent[name] : undefined;
    const text = JSON.stringify(data[name]);
    const isEmpty = data[name] === null || text === '""' || text === '[]';
    if (
      harmless === undefined ||
      isEmpty ||
      harmless.some((each) => [text, JSON.stringify(String(data[name]))].includes(JSON.stringify(each)))
    )
      continue;
    throw invalid(`${name} is not supported by this server: leave it out`);
  }
  const strange = given.filter((name) => !known.includes(name) && !Object.hasOwn(absent, name)).slice(0, LIST_MAX);
  const named = strange.map((name) => name.slice(0, 64)).join(' ');
  return strange.length === 0 ? [] : [`Endpoint ignored these unrecognized parameters: [${named}]`];
}

function lists(data: Data): Pick<PkiRole, (typeof LISTS)[number]> {
  const all = LISTS.map((name) => {
    const list =
      listField(data, name) ?? (name === 'key_usage' ? ['DigitalSignature', 'KeyAgreement', 'KeyEncipherment'] : []);
    if (list.length > LIST_MAX || list.some((each) => each.length > TEXT_CHARS_MAX)) {
      throw invalid(`${name}: at most ${LIST_MAX} of ${TEXT_CHARS_MAX} characters are allowed`);
    }
    return [name, list] as const;
  });
  const role = Object.fromEntries(all) as unknown as Pick<PkiRole, (typeof LISTS)[number]>;
  for (const name of SUBJECT) {
    const odd = role[name].find((each) => !isNameText(each));
    if (odd !== undefined)
      throw invalid(`${name}: at most 64 characters of one line, not beginning with #, belong there`);
  }
  if (role.country.some((each) => !/^[A-Za-z]{2}$/.test(each))) throw invalid('country: two letters belong there');
  const usages = role.key_usage.map((each) => USED.get(each.toLowerCase().replace(/^keyusage/, '')));
  if (usages.includes(undefined))
    throw invalid('key_usage: there is no such use for a certificate that is no authority');
  const extended = role.ext_key_usage.map((each) => each.toLowerCase().replace(/^extkeyusage/, ''));
  if (extended.some((each) => !Object.hasOwn(EXTENDED_USAGES, each)))
    throw invalid('ext_key_usage: there is no such use');
  if (role.ext_key_usage_oids.some((each) => !OID.test(each))) throw invalid('ext_key_usage_oids: OIDs belong there');
  return { ...role, key_usage: usages as readonly PkiUsage[], ext_key_usage: extended };
}

function roleOf(data: Data): PkiRole {
  const flags = Object.fromEntries(FLAG_NAMES.map((name) => [name, booleanField(data, name) ?? FLAGS[name]]));
  const [ttl, most] = [durationField(data, 'ttl') ?? 0, durationField(data, 'max_ttl') ?? 0];
  const early = durationField(data, 'not_before_duration') ?? 30;
  if (ttl < 0 || most < 0 || early < 0) throw invalid('ttl, max_ttl and not_before_duration cannot be negative');
  if (early > EARLY_SECONDS_MAX) throw invalid('not_before_duration: a year at most belongs there');
  if (most > 0 && ttl > most) throw invalid('"ttl" value must be less than "max_ttl" value');
  const [type, bits] = [textField(data, 'key_type') ?? 'rsa', integerField(data, 'key_bits') ?? 0];
  const found = pkiKeyType(type, bits);
  return {
    ...(flags as Record<keyof typeof FLAGS, boolean>),
    ...lists(data),
    ...{ ttl, max_ttl: most, not_before_duration: early },
    key_type: type as keyof typeof PKI_KEYS,
    key_bits: type === 'ed25519' ? 0 : Number(found.replace(/^\D*/, '')),
    // What is not kept can be found again by no lease.
    ...(flags['no_store'] ? { generate_lease: false } : {}),
  };
}

function keep(call: VaultCall, fields: Data): Reply {
  const { view, params, made } = call;
  if (!NAME.test(params['role'] ?? '')) throw invalid('a role name has letters, digits and . _ -');
  const id = roleIdOf(params);
  if (view.get(id) === undefined && view.below(rolesOf(params), ROLES_MAX).length >= ROLES_MAX) {
    throw new Fault('LIMIT_REACHED', { what: 'roles of one mount', limit: ROLES_MAX });
  }
  const known = [...FLAG_NAMES, ...LISTS, ...OTHERS, 'name'];
  const warnings = strangeFields(call.data, known, ABSENT);
  const role = roleOf(fields);
  view.put({ id, data: { ...role, uid: made.uid ?? '' } });
  return { data: { ...role }, warnings };
}

const write: Handler = (call) => keep(call, call.data);
const patch: Handler = (call) => keep(call, { ...existing(call), ...call.data });

function existing({ view, params }: VaultCall): Data {
  const entry = view.get(roleIdOf(params));
  if (entry === undefined) throw new Fault('VAULT_ENTRY_NOT_FOUND', { path: 'role' });
  const { uid: _, ...role } = entry.data;
  return role;
}

export const ROLE_HANDLERS: { readonly [verb in 'read' | 'write' | 'patch' | 'delete']: Handler } = {
  ...{ write, patch },
  read: (call) => ({ data: existing(call) }),
  delete: ({ view, params }) => {
    view.remove(roleIdOf(params));
    return {};
  },
};

export const listRoles: Handler = ({ view, params }) => {
  const prefix = rolesOf(params);
  return { data: { keys: view.below(prefix, ROLES_MAX).map(({ id }) => id.slice(prefix.length)) } };
};
