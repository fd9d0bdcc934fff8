// Where the server listens, and by which names others know that place.

import { hostname, networkInterfaces } from 'node:os';

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Splits `HOST:PORT`, `[IPV6]:PORT`; throws one line that says what is wrong. */
export function parseListen(text: string): ListenAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    throw new Error(`--listen ${text}: expected HOST:PORT, such as 127.0.0.1:8200`);
  }
  return { host, port };
}

/** The names and addresses by which clients reach a server that listens on `host`. */
export function namesOf(host: string): readonly string[] {
  if (!isWildcard(host)) return [host];
  const addresses = Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
  return [hostname().toLowerCase(), ...addresses];
}

/** `http://HOST:PORT`. */
export function urlOf({ host, port }: ListenAddress): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** What the server calls itself where it speaks for itself: `name`, which a certificate proves, else where it listens. */
export function issuerOf({ host, port }: ListenAddress, name: string | undefined): string {
  if (name !== undefined) return `https://${name}${port === 443 ? '' : `:${port}`}`;
  return urlOf({ host: isWildcard(host) ? hostname().toLowerCase() : host, port });
}

export function isLoopback(host: string): boolean {
  return /^(127\.|::1$|localhost$)/.test(host);
}

export function isWildcard(host: string): boolean {
  return host === '0.0.0.0' || host === '::';
}
