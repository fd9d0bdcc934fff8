// `--host`: further names that a run leads to the server, such as the address of a Vault that a program has in its source.
// They are the child's alone, and on the one port that was named.

import { isIP } from 'node:net';
import { ownsName } from '../proxy/owned-names.ts';
import { RunFailure } from './failure.ts';

export interface Host {
  /** Lower case, without a closing dot. */
  readonly name: string;
  readonly port: number;
}

const HOSTS_MAX = 64;
const HTTPS_PORT = 443;
const NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;

/** @throws RunFailure where a value is no host name, with a port or without one. */
export function parseHosts(values: readonly string[]): readonly Host[] {
  if (values.length > HOSTS_MAX) throw new RunFailure(`--host: at most ${HOSTS_MAX} names are allowed`);
  return values.map((value) => {
    const [, name = '', digits] = /^(.*?)\.?(?::(\d{1,5}))?$/.exec(value.toLowerCase()) ?? [];
    const port = Number(digits ?? HTTPS_PORT);
    const isName = NAME.test(name) && isIP(name) === 0 && name !== 'localhost';
    if (!isName || port === 0 || port > 65_535) {
      throw new RunFailure(`--host: [${value.slice(0, 300)}] is no host name: expected NAME or NAME:PORT`);
    }
    if (ownsName(name)) throw new RunFailure(`--host: ${name} is led to the server in any case: leave it out`);
    return { name, port };
  });
}

/** Whether one of them is meant. */
export function isLed(hosts: readonly Host[], host: string, port: number): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return hosts.some((each) => each.name === name && each.port === port);
}

/** True where a `no_proxy` entry would take one of them off the proxy. */
export function coversHost(hosts: readonly Host[], entry: string): boolean {
  const suffix = entry
    .toLowerCase()
    .replace(/^\*?\.?/, '')
    .replace(/:\d+$/, '');
  return hosts.some(({ name }) => name === suffix || name.endsWith(`.${suffix}`));
}
