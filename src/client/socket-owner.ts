// Who is at the other end of a loopback connection. A loopback port is open to every user of the machine; Linux tells
// the owner of each socket in /proc/net/tcp and tcp6 (proc(5)). What cannot be found out counts as a stranger.

import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { endianness } from 'node:os';

/** False where this system has no way to tell: then a loopback port is open to all of its users. */
export const canTellOwners: boolean = process.platform === 'linux';

const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];
const LISTENING = '0A';

/** The columns of the kernel's tables that tell whose a socket is. */
interface Row {
  readonly local: string;
  readonly remote: string;
  readonly state: string;
  readonly uid: number;
  /** `0`: no process holds it any more, and it is shown as root's. */
  readonly inode: string;
}

/** True where the process that opened `socket` belongs to the user of this one. Fails closed on Linux. */
export function isOwnPeer(socket: Socket): boolean {
  if (!canTellOwners) return true;
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
    const pairs = [`${v4Hex(from)} ${v4Hex(to)}`, `${mappedHex(from)} ${mappedHex(to)}`];
    const own = rowsWith(portHex(from.port)).find(
      (row) => pairs.includes(`${row.local} ${row.remote}`) && row.inode !== '0',
    );
    return own !== undefined && own.uid === process.getuid?.();
  } catch {
    return false;
  }
}

/** The users who listen on a port of this machine, on whatever address; empty where nobody does or none can be told. */
export function listenersOn(port: number): ReadonlySet<number> {
  const suffix = portHex(port);
  try {
    const rows = rowsWith(suffix).filter(({ state, local }) => state === LISTENING && local.endsWith(suffix));
    return new Set(rows.map((row) => row.uid));
  } catch {
    return new Set();
  }
}

interface Endpoint {
  readonly address: string;
  readonly port: number;
}

function rowsWith(text: string): Row[] {
  const rows: Row[] = [];
  for (const table of TABLES) {
    for (const line of readTable(table)) {
      if (!line.includes(text)) continue;
      const [, local, remote, state, , , , uid, , inode] = line.trim().split(/\s+/);
      if (local === undefined || remote === undefined || state === undefined || inode === undefined) continue;
      rows.push({ local, remote, state, uid: Number(uid), inode });
    }
  }
  return rows;
}

/** A machine without IPv6 has no table of it. */
function readTable(table: string): string[] {
  try {
    return readFileSync(table, 'latin1').split('\n');
  } catch {
    return [];
  }
}

function plain(address: string): string {
  return address.replace(/^::ffff:/i, '');
}

function portHex(port: number): string {
  return `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

function v4Hex({ address, port }: Endpoint): string {
  const bytes = Buffer.from(address.split('.').map(Number));
  if (bytes.length !== 4) throw new Error('not an IPv4 address');
  if (endianness() === 'LE') bytes.reverse();
  return `${bytes.toString('hex').toUpperCase()}${portHex(port)}`;
}

/** An IPv4 address as the kernel prints it for an IPv6 socket: ::ffff:a.b.c.d in four words of host order. */
function mappedHex(endpoint: Endpoint): string {
  const middle = endianness() === 'LE' ? 'FFFF0000' : '0000FFFF';
  return `${'0'.repeat(16)}${middle}${v4Hex(endpoint)}`;
}
