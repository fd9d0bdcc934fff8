// Who is at the other end of a loopback connection. A loopback port is open to every user of the machine; Linux tells
// the owner of the peer's socket in /proc/net/tcp and tcp6 (proc(5)). What cannot be found out counts as a stranger.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** False where this system has no way to tell: then a loopback port is open to all of its users. */
export const canTellPeers: boolean = process.platform === 'linux';

/** True where the process that opened `socket` belongs to the user of this one. Fails closed on Linux. */
export function isOwnPeer(socket: Socket): boolean {
  if (!canTellPeers) return true;
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (
    remoteAddress === undefined ||
    remotePort === undefined ||
    localAddress === undefined ||
    localPort === undefined
  ) {
    return false;
  }
  const from = { address: plain(remoteAddress), port: remotePort };
  const to = { address: plain(localAddress), port: localPort };
  try {
    const owner =
      ownerIn('/proc/net/tcp', [v4Hex(from), v4Hex(to)]) ?? ownerIn('/proc/net/tcp6', [mappedHex(from), mappedHex(to)]);
    return owner !== undefined && owner === process.getuid?.();
  } catch {
    return false;
  }
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** The uid of the socket whose own address is the first and whose peer is the second. */
function ownerIn(table: string, [local, remote]: [string, string]): number | undefined {
  for (const line of readFileSync(table, 'latin1').split('\n')) {
    if (!line.includes(local)) continue;
    const field = line.trim().split(/\s+/);
    // A socket that no process holds any more has inode 0 and is shown as root's.
    if (field[1] === local && field[2] === remote && field[9] !== undefined && field[9] !== '0')
      return Number(field[7]);
  }
  return undefined;
}

function plain(address: string): string {
  return address.replace(/^::ffff:/i, '');
}

function v4Hex({ address, port }: Endpoint): string {
  const bytes = Buffer.from(address.split('.').map(Number));
  if (bytes.length !== 4) throw new Error('not an IPv4 address');
  if (endianness() === 'LE') bytes.reverse();
  return `${bytes.toString('hex').toUpperCase()}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

/** An IPv4 address as the kernel prints it for an IPv6 socket: ::ffff:a.b.c.d in four words of host order. */
function mappedHex(endpoint: Endpoint): string {
  const middle = endianness() === 'LE' ? 'FFFF0000' : '0000FFFF';
  return `${'0'.repeat(16)}${middle}${v4Hex(endpoint)}`;
}
