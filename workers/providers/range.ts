// Which bytes are a secret key of a type, decided in constant time by us: libraries differ (noble 2.4.0 takes BLS keys
// that are not below the group order). No BigInt here, and no branch on a byte of the secret.
import { KEY_TYPE_FACTS, type KeyType } from '../../src/wire/types.js';

const ORDER_BYTES = 32;

/** The order n of secp256k1's group (SEC 2 §2.4.1), big-endian. */
export const SECP256K1_ORDER: Uint8Array = Uint8Array.from([
  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc,
  0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
]);

/** The order r of BLS12-381's groups, big-endian. */
export const BLS12_381_ORDER: Uint8Array = Uint8Array.from([
  0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8, 0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4,
  0x02, 0xff, 0xfe, 0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
]);

/** 1 if a < b, else 0; both big-endian, 32 bytes. Constant time. */
export const isBelow = (a: Uint8Array, b: Uint8Array): number => {
  let borrow = 0;
  for (let i = ORDER_BYTES - 1; i >= 0; i--) borrow = ((a[i]! - b[i]! - borrow) >> 31) & 1;
  return borrow;
};

/** Whether every byte is zero. Constant time for a length. */
export const isZero = (bytes: Uint8Array): boolean => {
  let seen = 0;
  for (let i = 0; i < bytes.length; i++) seen |= bytes[i]!;
  return seen === 0;
};

/** bytes -= order where the mask has ones; 32 bytes, modulo 2^256. Constant time. */
const subtractMasked = (bytes: Uint8Array, order: Uint8Array, mask: number): void => {
  let borrow = 0;
  for (let i = ORDER_BYTES - 1; i >= 0; i--) {
    const difference = bytes[i]! - (order[i]! & mask) - borrow;
    bytes[i] = difference;
    borrow = (difference >> 31) & 1;
  }
};

/** Reduce 32 big-endian bytes below twice the order, in place and in constant time: one subtraction is enough. */
export const reduceOnce = (bytes: Uint8Array, order: Uint8Array): void =>
  subtractMasked(bytes, order, isBelow(bytes, order) - 1);

/** sum = sum + addend modulo the order, in place and in constant time; both 32 big-endian bytes below the order. */
export const addModulo = (sum: Uint8Array, addend: Uint8Array, order: Uint8Array): void => {
  let carry = 0;
  for (let i = ORDER_BYTES - 1; i >= 0; i--) {
    const byte = sum[i]! + addend[i]! + carry;
    sum[i] = byte;
    carry = byte >> 8;
  }
  subtractMasked(sum, order, 0 - (carry | (1 - isBelow(sum, order))));
};

/**
 * Reduce big-endian bytes, 32 or more, modulo BLS12-381's order, in place and in constant time. The result is in the
 * first 32 bytes; the others are zero.
 */
export const reduceWide = (bytes: Uint8Array): void => {
  const head = bytes.subarray(0, ORDER_BYTES);
  // 2^256 is less than three times the order.
  reduceOnce(head, BLS12_381_ORDER);
  reduceOnce(head, BLS12_381_ORDER);
  // The order has 255 bits: one bit more of the number fits behind a reduced head.
  for (let bits = 8 * (bytes.length - ORDER_BYTES); bits > 0; bits--) {
    let carry = 0;
    for (let i = bytes.length - 1; i >= 0; i--) {
      const byte = (bytes[i]! << 1) | carry;
      bytes[i] = byte;
      carry = byte >> 8;
    }
    reduceOnce(head, BLS12_381_ORDER);
  }
};

/** Whether a scalar of 32 big-endian bytes is in 1..order-1. Constant time but for the answer. */
const isScalar = (secret: Uint8Array, order: Uint8Array): boolean =>
  (isBelow(secret, order) & Number(!isZero(secret))) === 1;

/**
 * Whether bytes are a secret key of the type: 32 bytes, and 1..n-1 (secp256k1), 1..r-1 (bls12-381), or not all zero
 * (all others, among them seeds and HMAC keys of 16 to 64 bytes: every other value is a key, and zeros are what a failed
 * read or random generator leaves).
 */
export const isInRange = (type: KeyType, secret: Uint8Array): boolean => {
  const { minSecretBytes, secretBytes } = KEY_TYPE_FACTS[type];
  if (secret.length < minSecretBytes || secret.length > secretBytes) return false;
  switch (type) {
    case 'secp256k1':
      return isScalar(secret, SECP256K1_ORDER);
    case 'bls12-381':
      return isScalar(secret, BLS12_381_ORDER);
    case 'ed25519':
    case 'x25519':
    case 'seed':
    case 'aead':
    case 'hmac':
      return !isZero(secret);
  }
};
