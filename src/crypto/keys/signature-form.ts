// The two forms of an ECDSA signature: DER (SEC 1 appendix C.8) and both numbers side by side (IEEE P1363). One that is
// not written exactly as it must be is none.

/** The numbers side by side of a signature in DER, `bytes` each; undefined where it is none. */
export function sideBySide(der: Uint8Array, bytes: number): Buffer | undefined {
  const numbers: Buffer[] = [];
  // Of P-521 the length of the whole takes a byte more.
  let at = der[1] === 0x81 ? 3 : 2;
  for (let index = 0; index < 2; index++) {
    const length = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + length);
    const number = digits[0] === 0 ? digits.subarray(1) : digits;
    if (number.length > bytes) return undefined;
    numbers.push(Buffer.concat([Buffer.alloc(bytes - number.length), number]));
    at += 2 + length;
  }
  const found = Buffer.concat(numbers);
  // Written back it must be the same, or it was written otherwise than DER allows.
  return inDer(found).equals(der) ? found : undefined;
}

/** A signature of two numbers side by side in DER. */
export function inDer(signature: Uint8Array): Buffer {
  const half = signature.length / 2;
  const body = Buffer.concat([derInteger(signature.subarray(0, half)), derInteger(signature.subarray(half))]);
  return Buffer.concat([Buffer.from(body.length < 0x80 ? [0x30, body.length] : [0x30, 0x81, body.length]), body]);
}

function derInteger(digits: Uint8Array): Buffer {
  let start = 0;
  while (start < digits.length - 1 && digits[start] === 0) start++;
  const number = digits.subarray(start);
  const sign = (number[0] ?? 0) >= 0x80 ? [0] : [];
  return Buffer.from([0x02, sign.length + number.length, ...sign, ...number]);
}
