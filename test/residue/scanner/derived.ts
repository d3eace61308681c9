// What is derived from a key and as good as it: the half-way results that a library may leave in memory. Computed here
// with node:crypto and BigInt; secrecy does not matter in the process that scans.
import { createHash } from 'node:crypto';

export interface NamedBytes {
  readonly name: string;
  /** In the order in which its standard writes it. */
  readonly bytes: Uint8Array;
  /** A layout in memory, not a value: sought as it is, and not in hex or other orders. */
  readonly asIs?: boolean;
}

const SECP256K1_N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const BLS_R = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const BLS_Z = 0xd201000000010000n;
const BLS_Z_ZETA = BLS_Z * BLS_Z;

export const toBigInt = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
export const reversed = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes).reverse();
export const fromBigInt = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex'));

/** Little-endian limbs of `bits` bits, one in each 8 bytes: field and scalar forms of C libraries. */
const limbs = (value: bigint, bits: number, count: number): Uint8Array => {
  const out = new DataView(new ArrayBuffer(8 * count));
  const mask = (1n << BigInt(bits)) - 1n;
  for (let i = 0; i < count; i++) {
    const shifted = value >> BigInt(bits * i);
    out.setBigUint64(8 * i, i === count - 1 ? shifted : shifted & mask, true);
  }
  return new Uint8Array(out.buffer);
};

/** Signed radix-16 digits of a little-endian scalar, one a byte, as ref10 recodes it for its base multiplication. */
const radix16 = (scalar: Uint8Array): Uint8Array => {
  const digits = new Int8Array(64);
  scalar.forEach((byte, i) => {
    digits[2 * i] = byte & 15;
    digits[2 * i + 1] = byte >> 4;
  });
  let carry = 0;
  for (let i = 0; i < 63; i++) {
    const digit = (digits[i] as number) + carry;
    carry = (digit + 8) >> 4;
    digits[i] = digit - carry * 16;
  }
  digits[63] = (digits[63] as number) + carry;
  return new Uint8Array(digits.buffer);
};

const clamp = (bytes: Uint8Array): Uint8Array => {
  const scalar = Uint8Array.from(bytes.subarray(0, 32));
  scalar[0] = (scalar[0] as number) & 248;
  scalar[31] = ((scalar[31] as number) & 127) | 64;
  return scalar;
};

const clampedForms = (scalar: Uint8Array): NamedBytes[] => [
  { name: 'clamped scalar', bytes: scalar },
  { name: 'clamped scalar, 21-bit limbs', bytes: limbs(toBigInt(reversed(scalar)), 21, 12), asIs: true },
  { name: 'clamped scalar, 51-bit limbs', bytes: limbs(toBigInt(reversed(scalar)), 51, 5), asIs: true },
  { name: 'clamped scalar, radix 16', bytes: radix16(scalar), asIs: true },
];

/** The four digits in base z that blst multiplies by, in G2: 64 bits each. */
const blsDigits = (secret: bigint): Uint8Array => {
  const digits = [
    (secret % BLS_Z_ZETA) % BLS_Z,
    (secret % BLS_Z_ZETA) / BLS_Z,
    (secret / BLS_Z_ZETA) % BLS_Z,
    secret / BLS_Z_ZETA / BLS_Z,
  ];
  const out = new DataView(new ArrayBuffer(32));
  digits.forEach((digit, i) => void out.setBigUint64(8 * i, digit, true));
  return new Uint8Array(out.buffer);
};

/** The derived secrets of a key of a type. Each is sought in every form, as the key itself is. */
export const derivedValues = (type: string, secret: Uint8Array): NamedBytes[] => {
  switch (type) {
    case 'ed25519': {
      const expanded = createHash('sha512').update(secret).digest();
      return [
        { name: 'SHA-512, lower half', bytes: expanded.subarray(0, 32) },
        { name: 'SHA-512, upper half', bytes: expanded.subarray(32) },
        ...clampedForms(clamp(expanded)),
      ];
    }
    case 'x25519':
      return clampedForms(clamp(secret));
    case 'secp256k1': {
      const scalar = toBigInt(secret);
      const negated = SECP256K1_N - scalar;
      return [
        { name: 'negated scalar', bytes: fromBigInt(negated, 32) },
        { name: 'scalar, 52-bit limbs', bytes: limbs(scalar, 52, 5), asIs: true },
        { name: 'negated scalar, 52-bit limbs', bytes: limbs(negated, 52, 5), asIs: true },
      ];
    }
    case 'bls12-381': {
      const scalar = toBigInt(secret);
      // blst keeps 256-bit numbers as four limbs, in Montgomery form with R = 2^256 where it multiplies them.
      return [
        { name: 'Montgomery form', bytes: fromBigInt((scalar << 256n) % BLS_R, 32) },
        { name: 'digits in base z', bytes: blsDigits(scalar), asIs: true },
        { name: 'negated scalar', bytes: fromBigInt(BLS_R - scalar, 32) },
      ];
    }
    default:
      return [];
  }
};
