// Extracts the credential of a request: `Authorization: Bearer`, over HTTP and as gRPC metadata (RFC 6750 section 2.1).
// It judges the form only; whose credential it is, the door says.

import type { Maybe } from '../../core/ports.ts';
import type { Caller } from '../../core/principal.ts';
import type { Door } from '../../ops/door.ts';
import type { RequestHead } from '../../wire/types.ts';
import { hostOfService, servicesOf } from './hosts.ts';

const BEARER = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*) *$/i;

/** A text that no credential has, for a header that is there and holds none: refused, and not taken for anonymous. */
const MALFORMED = '';

/** The credential as sent; undefined where there is none. Two headers arrive joined by a comma and are malformed. */
export function credentialOf(head: RequestHead): string | undefined {
  const header = head.headers['authorization'];
  if (header === undefined) return undefined;
  return BEARER.exec(header)?.[1] ?? MALFORMED;
}

/**
 * Who asks. Never throws for a bad credential: every operation then refuses, and audits it. A JWT must be meant for
 * `service`, by the host that Google names for it or, as a region's, the host that was asked.
 */
export function callerOf(door: Door, head: RequestHead, service: string): Maybe<Caller> {
  const userAgent = head.headers['user-agent'];
  const origin = {
    dialect: 'gcp',
    peer: head.peer.address,
    secure: head.secure,
    requestId: head.id,
    ...(userAgent === undefined ? {} : { userAgent }),
  };
  return door.authenticate(credentialOf(head), origin, () => audiencesOf(head.host, service));
}

/** AIP-4111: the host of the service, and gRPC's form of it, which names the service too. */
function audiencesOf(host: string, service: string): readonly string[] {
  const hosts = [hostOfService(service), ...(servicesOf(host)?.includes(service) ? [host] : [])];
  return hosts.flatMap((name) => [`https://${name}/`, `https://${name}`, `https://${name}/${service}`]);
}
