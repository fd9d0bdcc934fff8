// The one file that is loaded into Node children: it leads connections to owned names, port 443, to the run's TLS port.
// Libraries that know no proxy variables (AWS's, gax over REST, fetch on older Nodes) reach Coffer that way. It changes
// the address only: the name that TLS sends and checks stays the one that was asked for.

import { OWNED_PATTERN, OWNED_PORT } from '../proxy/owned-names.ts';
import type { Host } from './hosts.ts';

/** Further names, each with its port, and the port of loopback that answers for them. */
export interface LedHosts {
  readonly hosts: readonly Host[];
  readonly port: number;
}

/** CommonJS text for `node --require`, Node 18 or later. `port` is the run's TLS port on 127.0.0.1. */
export function hookSource(port: number, led: LedHosts = { hosts: [], port: 0 }): string {
  const further = led.hosts.map((host) => `${host.name}:${host.port}`);
  return `'use strict';
const { Socket } = require('node:net');
const owned = new RegExp(${JSON.stringify(OWNED_PATTERN)}, 'i');
const further = new Set(${JSON.stringify(further)});
const ledTo = (host, port) => {
  if (typeof host !== 'string') return 0;
  if (Number(port) === ${OWNED_PORT} && owned.test(host)) return ${port};
  return further.has(host.toLowerCase().replace(/\\.$/, '') + ':' + Number(port)) ? ${led.port} : 0;
};
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const given = Array.isArray(args[0]) ? args[0] : args;
  const first = given[0];
  const done = given.find((arg) => typeof arg === 'function');
  const asked = first !== null && typeof first === 'object' ? first : { port: first, host: given[1] };
  const port = asked.path ? 0 : ledTo(asked.host, asked.port);
  if (port === 0) return connect.apply(this, args);
  const options = Object.assign({}, asked, { host: '127.0.0.1', port });
  delete options.localAddress;
  delete options.localPort;
  if (options.family === 6) delete options.family;
  return connect.call(this, options, done);
};
`;
}

/**
 * The user's NODE_OPTIONS with the hook added. Node splits the value at spaces outside double quotes and reads a
 * backslash inside them as an escape (node(1), NODE_OPTIONS).
 */
export function nodeOptions(given: string | undefined, hookPath: string): string {
  const quoted = `--require "${hookPath.replace(/[\\"]/g, '\\$&')}"`;
  return given ? `${given} ${quoted}` : quoted;
}
