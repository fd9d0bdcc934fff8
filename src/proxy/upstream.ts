// How a name that is not Coffer's is reached: as the user's own environment says, directly or through the user's own
// proxy (https_proxy, then all_proxy; no_proxy exempts names, addresses and CIDR ranges, as curl and Go read it).

import { BlockList, isIP, isIPv4 } from 'node:net';

export interface UserProxy {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** Value of Proxy-Authorization, where the URL has credentials. */
  readonly authorization?: string;
}

/** `unsupported` names the scheme of a proxy that cannot be chained to; such a connection is refused, never made direct. */
export type Route =
  | { readonly kind: 'direct' }
  | { readonly kind: 'proxy'; readonly proxy: UserProxy }
  | { readonly kind: 'unsupported'; readonly scheme: string };

const ENTRIES_MAX = 1000;

/** Reads the user's proxy variables once; the result routes any number of names. */
export function readUpstream(env: NodeJS.ProcessEnv): (host: string, port: number) => Route {
  const given = env['https_proxy'] || env['HTTPS_PROXY'] || env['all_proxy'] || env['ALL_PROXY'];
  const through = given ? parseProxy(given) : ({ kind: 'direct' } as const);
  const exempt = readExemptions(noProxyEntries(env));
  return (host, port) => (through.kind === 'direct' || exempt(host, port) ? { kind: 'direct' } : through);
}

/** The entries of the user's no_proxy list. */
export function noProxyEntries(env: NodeJS.ProcessEnv): string[] {
  const entries = (env['no_proxy'] || env['NO_PROXY'] || '').split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.slice(0, ENTRIES_MAX);
}

function parseProxy(text: string): Route {
  const full = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined) return { kind: 'unsupported', scheme: 'malformed' };
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') return { kind: 'unsupported', scheme: url.protocol.slice(0, -1) };
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (secure ? 443 : 80));
  const credentials = `${unescaped(url.username)}:${unescaped(url.password)}`;
  const proxy = { host, port, secure };
  if (credentials === ':') return { kind: 'proxy', proxy };
  return { kind: 'proxy', proxy: { ...proxy, authorization: `Basic ${Buffer.from(credentials).toString('base64')}` } };
}

/** A user or password may hold a bare percent sign; then it is meant as it stands. */
function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function readExemptions(entries: readonly string[]): (host: string, port: number) => boolean {
  if (entries.includes('*')) return () => true;
  const addresses = new BlockList();
  const names: { readonly suffix: string; readonly port: number | undefined }[] = [];
  for (const entry of entries) {
    if (!addAddress(addresses, entry)) names.push(nameEntry(entry));
  }
  return (host, port) => {
    const bare = host
      .toLowerCase()
      .replace(/^\[|\]$/g, '')
      .replace(/\.$/, '');
    if (isIP(bare)) return addresses.check(bare, isIPv4(bare) ? 'ipv4' : 'ipv6');
    return names.some(
      (entry) =>
        (bare === entry.suffix || bare.endsWith(`.${entry.suffix}`)) &&
        (entry.port === undefined || entry.port === port),
    );
  };
}

function addAddress(addresses: BlockList, entry: string): boolean {
  const [address = '', prefix] = entry.replace(/^\[|\]$/g, '').split('/', 2);
  if (!isIP(address)) return false;
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  if (prefix === undefined) {
    addresses.addAddress(address, family);
    return true;
  }
  const bits = Number(prefix);
  if (!/^\d+$/.test(prefix) || bits > (family === 'ipv4' ? 32 : 128)) return true;
  addresses.addSubnet(address, bits, family);
  return true;
}

function nameEntry(entry: string): { suffix: string; port: number | undefined } {
  const [, name = '', port] = /^\*?\.?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
  return { suffix: name, port: port === undefined ? undefined : Number(port) };
}
