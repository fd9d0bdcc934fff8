// Shamir's secret sharing over GF(2^8) with the polynomial of AES, byte by byte: a share is the values of one polynomial
// for each byte at its own x, which stands behind them. Fewer shares than the threshold tell nothing; more are no harm.
// Source: A. Shamir, "How to share a secret" (1979); the form of the shares is that of Vault's own.

const SHARES_MAX = 255;

/** Product in GF(2^8). Takes the same steps whatever its arguments are. */
function multiply(a: number, b: number): number {
  let [left, product] = [a, 0];
  for (let bit = 0; bit < 8; bit++) {
    product ^= left & -((b >> bit) & 1);
    left = ((left << 1) ^ (0x1b & -(left >> 7))) & 0xff;
  }
  return product;
}

/** a^254, which is 1/a, and 0 for 0. */
function inverse(a: number): number {
  let [power, result] = [a, 1];
  for (let bit = 1; bit < 8; bit++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}

/**
 * Shares of a secret, each one byte longer. `random` gives so many random bytes. With a threshold of one every share is
 * the secret itself with an x behind it.
 */
export function splitSecret(
  secret: Uint8Array,
  shares: number,
  threshold: number,
  random: (count: number) => Uint8Array,
): readonly Uint8Array[] {
  if (!(threshold >= 1 && threshold <= shares && shares <= SHARES_MAX)) throw new RangeError('no such shares');
  const degree = threshold - 1;
  const coefficients = random(secret.length * degree);
  return Array.from({ length: shares }, (_, index) => {
    const x = index + 1;
    const share = new Uint8Array(secret.length + 1);
    for (let at = 0; at < secret.length; at++) {
      let value = 0;
      for (let power = degree - 1; power >= 0; power--) {
        value = multiply(value ^ (coefficients[at * degree + power] as number), x);
      }
      share[at] = value ^ (secret[at] as number);
    }
    share[secret.length] = x;
    return share;
  });
}

/**
 * What shares of one secret, as many as the threshold, make together; of others, bytes that mean nothing. Undefined where
 * they cannot belong together: of different lengths, too short, or two for the same x.
 */
export function combineShares(shares: readonly Uint8Array[]): Uint8Array | undefined {
  const length = (shares[0]?.length ?? 0) - 1;
  if (length < 1 || shares.some((share) => share.length !== length + 1)) return undefined;
  const xs = shares.map((share) => share[length] as number);
  if (xs.includes(0) || new Set(xs).size !== xs.length) return undefined;
  const secret = new Uint8Array(length);
  shares.forEach((share, index) => {
    const x = xs[index] as number;
    // Lagrange's polynomial of this share at 0.
    const weight = xs.reduce(
      (product, other, at) => (at === index ? product : multiply(product, multiply(other, inverse(other ^ x)))),
      1,
    );
    for (let at = 0; at < length; at++) secret[at] = (secret[at] as number) ^ multiply(share[at] as number, weight);
  });
  return secret;
}
