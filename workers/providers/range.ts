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

/**
 * Reduce 32 big-endian bytes modulo an order above 2^255, in place and in constant time: one subtraction is enough.
 */
export const reduceOnce = (bytes: Uint8Array, order: Uint8Array): void => {
  const mask = isBelow(bytes, order) - 1; // all ones when the order is to be subtracted
  let borrow = 0;
  for (let i = ORDER_BYTES - 1; i >= 0; i--) {
    const difference = bytes[i]! - (order[i]! & mask) - borrow;
    bytes[i] = difference;
    borrow = (difference >> 31) & 1;
  }
};

/** Whether a scalar of 32 big-endian bytes is in 1..order-1. Constant time but for the answer. */
const isScalar = (secret: Uint8Array, order: Uint8Array): boolean =>
  (isBelow(secret, order) & Number(!isZero(secret))) === 1;

/**
 * Whether bytes are a secret key of the type: 32 bytes, and 1..n-1 (secp256k1), 1..r-1 (bls12-381), or not all zero
 * (ed25519, x25519: every other value is a key, and zeros are what a failed read or random generator leaves).
 */
export const isInRange = (type: KeyType, secret: Uint8Array): boolean => {
  if (secret.length !== KEY_TYPE_FACTS[type].secretBytes) return false;
  switch (type) {
    case 'secp256k1':
      return isScalar(secret, SECP256K1_ORDER);
    case 'bls12-381':
      return isScalar(secret, BLS12_381_ORDER);
    case 'ed25519':
    case 'x25519':
      return !isZero(secret);
  }
};
