// Which names a role of the PKI engine lets a certificate have. What is no host name, or none that the role's domains
// allow, is refused with the name; nothing is cut to fit. Stricter than Vault where a name could be read in two ways: a
// last label of digits alone is an address, a star stands for the whole first label or not at all.
// Source: https://developer.hashicorp.com/vault/api-docs/secret/pki#create-update-role, RFC 5280, RFC 6125 section 6.4.3

import { globMatches } from './glob.ts';

export interface NameRules {
  readonly allowed_domains: readonly string[];
  readonly allow_any_name: boolean;
  readonly allow_bare_domains: boolean;
  readonly allow_subdomains: boolean;
  readonly allow_glob_domains: boolean;
  readonly allow_wildcard_certificates: boolean;
  readonly allow_localhost: boolean;
  readonly enforce_hostnames: boolean;
}

const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?=[a-z0-9-]*[a-z-])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const LOCAL = ['localhost', 'localdomain'];
/** RFC 5280, upper bounds. */
const COMMON_NAME_CHARS_MAX = 64;

/** Whether a text in lower case is a host name, or one with a star as its whole first label. */
export function isHostName(name: string): boolean {
  return HOST_NAME.test(name.startsWith('*.') ? name.slice(2) : name);
}

/** Whether a text can stand in a subject at all: one line, and nothing that a reader could take for more. */
export function isNameText(text: string): boolean {
  return text.length <= COMMON_NAME_CHARS_MAX && !/[\x00-\x1f\x7f]|^#|^\s|\s$/.test(text);
}

/** Whether the role allows this name of a host. */
export function allowsHost(rules: NameRules, asked: string): boolean {
  const name = asked.toLowerCase();
  if (!isHostName(name)) return false;
  const isWildcard = name.startsWith('*.');
  if (isWildcard && !rules.allow_wildcard_certificates) return false;
  if (rules.allow_any_name) return true;
  const rest = isWildcard ? name.slice(2) : name;
  const isBelow = (domain: string) => rest.endsWith(`.${domain}`) || (isWildcard && rest === domain);
  if (rules.allow_localhost && LOCAL.some((local) => name === local || (rules.allow_subdomains && isBelow(local)))) {
    return true;
  }
  return rules.allowed_domains.some((each) => {
    const domain = each.toLowerCase();
    return (
      (rules.allow_bare_domains && name === domain) ||
      (rules.allow_subdomains && isBelow(domain)) ||
      (rules.allow_glob_domains && domain.includes('*') && globMatches(domain, name))
    );
  });
}

/** The same of a common name, which may be no host name where the role asks for neither hosts nor domains. */
export function allowsCommonName(rules: NameRules, name: string): boolean {
  if (!isNameText(name)) return false;
  return (
    allowsHost(rules, name) || (rules.allow_any_name && !rules.enforce_hostnames && !isHostName(name.toLowerCase()))
  );
}
