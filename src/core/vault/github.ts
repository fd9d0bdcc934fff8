// What Vault's `github` auth method asks of GitHub, and at which addresses it may be asked. Whoever may configure the method
// names the address: it must be reached by TLS, or be on this machine, which the root namespace alone may name; and it is
// never one where a cloud tells a machine its own credentials.
// Source: https://developer.hashicorp.com/vault/api-docs/auth/github

import type { Redacted } from '../redacted.ts';
import { isWithin } from './cidr.ts';

export const GITHUB_API = 'https://api.github.com/';

export interface GithubMember {
  /** In lower case. */
  readonly login: string;
  /** Now the organization's name. */
  readonly organization: string;
  /** The slugs of his teams in it, in lower case. */
  readonly teams: readonly string[];
}

/** GitHub at an address. All reject with GITHUB_UNREACHABLE where it gives no answer of its kind, or LIMIT_REACHED. */
export interface GithubApi {
  organizationId(baseUrl: string, organization: string): Promise<number>;
  /** Whose token it is; undefined: nobody's, or he is not in that organization. */
  member(baseUrl: string, organizationId: number, token: Redacted<string>): Promise<GithubMember | undefined>;
}

const URL_CHARS_MAX = 512;
const ANY = ['0.0.0.0/0', '::/0'];
const LOOPBACK = ['127.0.0.0/8', '::1/128'];
/** Link-local and multicast, no address at all, IPv4 in IPv6's clothes, and where clouds answer their own machines. */
const FORBIDDEN = [
  ...['0.0.0.0/8', '169.254.0.0/16', '224.0.0.0/3', '100.100.100.200/32', '168.63.129.16/32', '192.0.0.0/24'],
  ...['::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::/32', '::ffff:0:0/96', '64:ff9b::a9fe:0/112'],
];

const isLocal = (host: string) => host === 'localhost' || isWithin(host, LOOPBACK);
const isForbidden = (host: string) => isWithin(host, FORBIDDEN);

/** Whether what a name stands for may be asked: a name is never this machine, nor anything that cannot be judged. */
export function mayAskAddress(address: string): boolean {
  return isWithin(address, ANY) && !isForbidden(address) && !isLocal(address);
}

/** What is wrong with an address for GitHub's API; undefined where nothing is. `isRoot`: the root namespace configures it. */
export function problemOfGithubUrl(text: string, isRoot: boolean): string | undefined {
  const url = text.length <= URL_CHARS_MAX && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol))
    return 'must be a URL such as https://HOST/api/v3/';
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    return 'must be without a user, a query and a fragment';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  if (isLocal(host)) return isRoot ? undefined : "may name the server's own machine in the root namespace only";
  if (url.protocol === 'http:') return 'must be https';
  return isForbidden(host) ? 'names an address that is not asked' : undefined;
}
