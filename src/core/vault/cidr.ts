// Blocks of addresses that a credential is bound to: IPv4 and IPv6, with or without a length (RFC 4632, RFC 4291).

import { Fault } from '../error.ts';

/** The bits of an address, 32 or 128 of them; undefined where it is none. */
function bitsOf(address: string): string | undefined {
  const four = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(address);
  if (four !== null) {
    const bytes = four.slice(1).map(Number);
    return bytes.some((byte) => byte > 255)
      ? undefined
      : bytes.map((byte) => byte.toString(2).padStart(8, '0')).join('');
  }
  if (!/^[0-9a-fA-F:]{2,39}$/.test(address) || !address.includes(':')) return undefined;
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const known = (head?.length ?? 0) + (tail?.length ?? 0);
  if (halves.length === 2 ? known > 7 : known !== 8) return undefined;
  const groups = [...(head ?? []), ...Array.from({ length: 8 - known }, () => '0'), ...(tail ?? [])];
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

function prefixOf(block: string): { readonly size: number; readonly prefix: string } | undefined {
  const [address = '', length] = block.split('/');
  const bits = bitsOf(address);
  if (bits === undefined || block.split('/').length > 2) return undefined;
  const count = length === undefined ? bits.length : /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  return count >= 0 && count <= bits.length ? { size: bits.length, prefix: bits.slice(0, count) } : undefined;
}

/** The blocks themselves; throws where one is none. */
export function parseBlocks(blocks: readonly string[]): readonly string[] {
  if (blocks.length > 100 || blocks.some((block) => prefixOf(block) === undefined)) {
    throw new Fault('VAULT_REQUEST_INVALID', {
      problem: 'a list of at most 100 address blocks such as 10.0.0.0/8 belongs there',
    });
  }
  return blocks;
}

/** Whether an address lies in one of the blocks; in no block at all where there are none. */
export function isWithin(address: string, blocks: readonly string[]): boolean {
  const bits = bitsOf(address);
  return blocks.some((block) => {
    const known = prefixOf(block);
    return bits !== undefined && known?.size === bits.length && bits.startsWith(known.prefix);
  });
}
