// CRC-32C (Castagnoli), RFC 3720 appendix B.4: checks that a payload arrived as the server sent it. `run` may not
// import the core, which has the server's own.

const POLYNOMIAL = 0x82f63b78;

/** The CRC-32C of `data` as an unsigned 32-bit number. At 64 KiB a payload, bit by bit is fast enough. */
export function crc32c(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
