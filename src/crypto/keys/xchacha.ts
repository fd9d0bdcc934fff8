// HChaCha20, which XChaCha20 draws the key of one nonce with: so ChaCha20-Poly1305 takes nonces of 24 bytes, which may be
// random however many there are. Only additions, rotations and exclusive ors: its time says nothing of the key.
// Source: https://datatracker.ietf.org/doc/html/draft-irtf-cfrg-xchacha-03 sections 2.2 and 2.3.

const WORD_BYTES = 4;
const KEY_WORDS = 8;
const ROUNDS = 20;
/** "expand 32-byte k" */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574] as const;
export const HCHACHA_NONCE_BYTES = 16;

function quarter(state: Uint32Array, a: number, b: number, c: number, d: number): void {
  mix(state, a, b, d, 16);
  mix(state, c, d, b, 12);
  mix(state, a, b, d, 8);
  mix(state, c, d, b, 7);
}

/** `x += y; z ^= x; z <<<= bits` */
function mix(state: Uint32Array, x: number, y: number, z: number, bits: number): void {
  const sum = ((state[x] as number) + (state[y] as number)) >>> 0;
  const mixed = (state[z] as number) ^ sum;
  state[x] = sum;
  state[z] = (mixed << bits) | (mixed >>> (32 - bits));
}

/** The key of 32 bytes that `key` and the first 16 bytes of `nonce` make. */
export function hchacha20(key: Buffer, nonce: Uint8Array): Buffer {
  const start = Buffer.from(nonce.buffer, nonce.byteOffset, HCHACHA_NONCE_BYTES);
  const state = new Uint32Array(2 * KEY_WORDS);
  state.set(CONSTANTS);
  for (let at = 0; at < KEY_WORDS; at++) state[4 + at] = key.readUInt32LE(at * WORD_BYTES);
  for (let at = 0; at < 4; at++) state[12 + at] = start.readUInt32LE(at * WORD_BYTES);
  for (let round = 0; round < ROUNDS; round += 2) {
    for (let at = 0; at < 4; at++) quarter(state, at, at + 4, at + 8, at + 12);
    for (let at = 0; at < 4; at++) quarter(state, at, 4 + ((at + 1) % 4), 8 + ((at + 2) % 4), 12 + ((at + 3) % 4));
  }
  const made = Buffer.alloc(KEY_WORDS * WORD_BYTES);
  for (let at = 0; at < KEY_WORDS; at++) {
    made.writeUInt32LE(state[at < 4 ? at : at + 8] as number, at * WORD_BYTES);
  }
  state.fill(0);
  return made;
}
