// ECDSA (FIPS 186-5 section 6.4) over a digest that the caller made: OpenSSL as Node shows it signs and verifies only
// what it hashes itself. Points are multiplied by OpenSSL alone. What is secret here is blinded: the numbers that JavaScript
// multiplies and inverts are random and new for each signature, so how long that takes says nothing of the key.

import {
  createECDH,
  createPublicKey,
  hash,
  type JsonWebKeyInput,
  type KeyObject,
  randomBytes,
  verify,
} from 'node:crypto';

interface Curve {
  readonly node: string;
  readonly bits: number;
  readonly p: bigint;
  readonly n: bigint;
}

/** NIST SP 800-186 section 3.2.1. */
const CURVES: Readonly<Record<string, Curve>> = {
  'P-256': {
    node: 'prime256v1',
    bits: 256,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  'P-384': {
    node: 'secp384r1',
    bits: 384,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
  'P-521': {
    node: 'secp521r1',
    bits: 521,
    p: 2n ** 521n - 1n,
    n: 2n ** 521n - 0x5ae79787c40d069948033feb708f65a2fc44a36477663b851449048e16ec79bf7n,
  },
};

/** A signature is verified over this in place of the digest, under a key that is moved as far as the digests differ. */
const KNOWN = Buffer.from('a digest in place of another');
const KNOWN_DIGEST = hash('sha256', KNOWN, 'buffer');

type Point = readonly [x: bigint, y: bigint];

/** The two numbers of a signature side by side (IEEE P1363). */
export function signDigest(key: KeyObject, digest: Uint8Array): Buffer {
  const { crv = '', d: secret = '' } = key.export({ format: 'jwk' });
  const curve = CURVES[crv] as Curve;
  const { n } = curve;
  const z = numberOf(digest, curve);
  const d = bigintOf(Buffer.from(secret, 'base64url'));
  for (;;) {
    const k = randomBelow(curve);
    const r = multiplied(curve, k)[0] % n;
    const blind = randomBelow(curve);
    // (z + r d) / k, both halves multiplied by the blind before they meet.
    const s = mod((blind * z + ((blind * d) % n) * r) * inverse((k * blind) % n, n), n);
    if (r !== 0n && s !== 0n) return Buffer.concat([bytesOf(r, curve), bytesOf(s, curve)]);
  }
}

/** Whether the signature, in the same form, is one of this digest. Nothing here is secret. */
export function verifyDigest(key: KeyObject, digest: Uint8Array, signature: Uint8Array): boolean {
  const jwk = key.export({ format: 'jwk' });
  const curve = CURVES[jwk.crv ?? ''] as Curve;
  const bytes = bytesEach(curve);
  if (signature.length !== 2 * bytes) return false;
  const { n } = curve;
  const r = bigintOf(signature.subarray(0, bytes));
  if (r === 0n || r >= n) return false;
  // (z G + r Q) / s is the same point as (e G + r Q') / s where Q' = Q + (z - e) / r G.
  const moved = mod((numberOf(digest, curve) - numberOf(KNOWN_DIGEST, curve)) * inverse(r, n), n);
  const [x, y] = [jwk.x, jwk.y].map((part) => bigintOf(Buffer.from(part ?? '', 'base64url'))) as [bigint, bigint];
  const sum = moved === 0n ? ([x, y] as const) : added(curve, [x, y], multiplied(curve, moved));
  if (sum === undefined) return false;
  const [sumX, sumY] = sum.map((part) => bytesOf(part, curve).toString('base64url')) as [string, string];
  const movedKey: JsonWebKeyInput['key'] = { kty: 'EC', crv: jwk.crv as string, x: sumX, y: sumY };
  const options = { key: createPublicKey({ key: movedKey, format: 'jwk' }), dsaEncoding: 'ieee-p1363' } as const;
  return verify('sha256', KNOWN, options, signature);
}

/** The leftmost bits of a digest, as many as the order of the curve has. */
function numberOf(digest: Uint8Array, { bits, n }: Curve): bigint {
  const excess = BigInt(Math.max(0, 8 * digest.length - bits));
  return (bigintOf(digest) >> excess) % n;
}

function multiplied(curve: Curve, scalar: bigint): Point {
  const ecdh = createECDH(curve.node);
  ecdh.setPrivateKey(bytesOf(scalar, curve));
  const point = ecdh.getPublicKey();
  const bytes = bytesEach(curve);
  return [bigintOf(point.subarray(1, 1 + bytes)), bigintOf(point.subarray(1 + bytes))];
}

/** The sum of two points of a curve whose `a` is -3; undefined: the point at infinity. */
function added({ p }: Curve, [x1, y1]: Point, [x2, y2]: Point): Point | undefined {
  if (x1 === x2 && y1 !== y2) return undefined;
  const slope =
    x1 === x2 ? mod((3n * x1 * x1 - 3n) * inverse(2n * y1, p), p) : mod((y2 - y1) * inverse(mod(x2 - x1, p), p), p);
  const x = mod(slope * slope - x1 - x2, p);
  return [x, mod(slope * (x1 - x) - y1, p)];
}

function randomBelow(curve: Curve): bigint {
  const excess = BigInt(8 * bytesEach(curve) - curve.bits);
  for (;;) {
    const number = bigintOf(randomBytes(bytesEach(curve))) >> excess;
    if (number > 0n && number < curve.n) return number;
  }
}

/** By the extended Euclidean algorithm. */
function inverse(number: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [number, modulus, 1n, 0n];
  while (b !== 0n) {
    const quotient = a / b;
    [a, b] = [b, a - quotient * b];
    [x, y] = [y, x - quotient * y];
  }
  return mod(x, modulus);
}

function mod(number: bigint, modulus: bigint): bigint {
  const rest = number % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function bytesEach({ bits }: Pick<Curve, 'bits'>): number {
  return Math.ceil(bits / 8);
}

function bigintOf(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}

function bytesOf(number: bigint, curve: Pick<Curve, 'bits'>): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * bytesEach(curve), '0'), 'hex');
}
