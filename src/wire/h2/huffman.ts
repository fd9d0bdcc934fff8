// The Huffman code of header compression (RFC 7541 section 5.2 and appendix B). The code is canonical, so the lengths say
// it all. It is read four bits at a time: each state is a place in the tree, and no four bits hold more than one symbol.

import { COMPRESSION_ERROR, ConnectionError } from './protocol.ts';

/** Bits of the code of each byte; the last is the symbol that ends a string and is never sent whole. */
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28,
  28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6,
  5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23,
  22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22,
  23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26,
  20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27,
  27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27,
  27, 27, 27, 26, 30,
];
const END_OF_STRING = 256;
const PADDING_BITS_MAX = 7;
/** The shortest code has five bits. */
const CHARS_PER_BYTE_MAX = 8 / 5;

/** In an entry of `STEPS`: the next state in the low byte, the symbol above it, and these. */
const EMITS = 0x1_0000;
const FAILS = 0x2_0000;

/** For each state, sixteen entries. */
const STEPS = new Uint32Array(256 * 16);
/** 1 where a string may end: at the root, or after at most seven bits that are all 1. */
const ENDS = new Uint8Array(256);
buildSteps();

let decoded = Buffer.allocUnsafe(1024);

/**
 * Decodes a string; each byte becomes one character.
 * @throws ConnectionError where the bytes are no string of this code.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  const most = Math.ceil((end - start) * CHARS_PER_BYTE_MAX);
  if (most > decoded.length) decoded = Buffer.allocUnsafe(most);
  const to = decoded;
  let state = 0;
  let length = 0;
  let seen = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const high = STEPS[(state << 4) | (byte >>> 4)] as number;
    if ((high & EMITS) !== 0) to[length++] = high >>> 8;
    const low = STEPS[((high & 0xff) << 4) | (byte & 15)] as number;
    if ((low & EMITS) !== 0) to[length++] = low >>> 8;
    state = low & 0xff;
    seen |= high | low;
  }
  if ((seen & FAILS) !== 0 || ENDS[state] === 0) throw new ConnectionError(COMPRESSION_ERROR, 'not a Huffman string');
  return to.toString('latin1', 0, length);
}

function buildSteps(): void {
  // Two children of each node: a node's number, or a symbol as its complement.
  const children: [number, number][] = [[0, 0]];
  let code = 0;
  for (let bits = 5; bits <= 30; bits++) {
    for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
      if (CODE_BITS[symbol] === bits) plant(children, code++, bits, symbol);
    }
    code *= 2;
  }
  let node = 0;
  for (let bits = 0; bits <= PADDING_BITS_MAX; bits++) {
    ENDS[node] = 1;
    node = children[node]?.[1] as number;
  }
  for (let state = 0; state < children.length; state++) {
    for (let nibble = 0; nibble < 16; nibble++) STEPS[state * 16 + nibble] = step(children, state, nibble);
  }
}

function plant(children: [number, number][], code: number, bits: number, symbol: number): void {
  let node = 0;
  for (let bit = bits - 1; bit > 0; bit--) {
    const pair = children[node] as [number, number];
    const side = (code >>> bit) & 1;
    if (pair[side] === 0) pair[side] = children.push([0, 0]) - 1;
    node = pair[side] as number;
  }
  (children[node] as [number, number])[code & 1] = ~symbol;
}

function step(children: readonly [number, number][], state: number, nibble: number): number {
  let node = state;
  let entry = 0;
  for (let bit = 3; bit >= 0; bit--) {
    node = children[node]?.[(nibble >>> bit) & 1] as number;
    if (node >= 0) continue;
    const symbol = ~node;
    if (symbol === END_OF_STRING) return FAILS;
    entry = EMITS | (symbol << 8);
    node = 0;
  }
  return entry | node;
}
