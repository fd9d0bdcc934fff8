// The one file that is loaded into Node children: it leads connections to owned names, port 443, to the run's TLS port.
// Libraries that know no proxy variables (AWS's, gax over REST, fetch on older Nodes) reach Coffer that way. It changes
// the address only: the name that TLS sends and checks stays the one that was asked for.

import { OWNED_PATTERN, OWNED_PORT } from '../proxy/owned-names.ts';

/** CommonJS text for `node --require`, Node 18 or later. `port` is the run's TLS port on 127.0.0.1. */
export function hookSource(port: number): string {
  return `'use strict';
const { Socket } = require('node:net');
const owned = new RegExp(${JSON.stringify(OWNED_PATTERN)}, 'i');
const connect = Socket.prototype.connect;
Socket.prototype.connect = function (...args) {
  const given = Array.isArray(args[0]) ? args[0] : args;
  const first = given[0];
  const done = given.find((arg) => typeof arg === 'function');
  const asked = first !== null && typeof first === 'object' ? first : { port: first, host: given[1] };
  if (asked.path || Number(asked.port) !== ${OWNED_PORT} || typeof asked.host !== 'string' || !owned.test(asked.host)) {
    return connect.apply(this, args);
  }
  const options = Object.assign({}, asked, { host: '127.0.0.1', port: ${port} });
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
