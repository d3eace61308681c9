// Does the key inside of a keystore have the public key, or the address, that the file names? Public data only: BigInts and
// noble's hash are welcome here.
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import { ADDRESS_BYTES, type Keystore } from './keystore.js';

/** The field of secp256k1 (SEC 2 §2.4.1). */
const P = 2n ** 256n - 2n ** 32n - 977n;
/** A square root modulo P, which is 3 mod 4, is this power. */
const ROOT_EXPONENT = (P + 1n) / 4n;

const power = (base: bigint, exponent: bigint): bigint => {
  let result = 1n;
  let square = base % P;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
};

const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/**
 * The address of a compressed public key: the last 20 bytes of Keccak-256 of the point's coordinates.
 *
 * @param publicKey - 33 bytes of a point on the curve, as a provider computed them (SEC 1 §2.3.3).
 */
export const addressOf = (publicKey: Uint8Array): Uint8Array => {
  const x = BigInt(`0x${toHex(publicKey.subarray(1))}`);
  const root = power(x * x * x + 7n, ROOT_EXPONENT);
  const isOdd = (root & 1n) === 1n;
  const y = isOdd === (publicKey[0] === 3) ? root : P - root;
  const point = Buffer.from(x.toString(16).padStart(64, '0') + y.toString(16).padStart(64, '0'), 'hex');
  return keccak256(point).subarray(-ADDRESS_BYTES);
};

const isEqual = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Whether the file names the key inside it, so that there is something to compare. */
export const namesPublicKey = ({ publicKey, address }: Keystore): boolean =>
  publicKey !== undefined || address !== undefined;

/**
 * Whether the public key of the secret is the one that the file names: itself in EIP-2335, its address in version 3. A file
 * that names none matches every key: see {@link namesPublicKey}.
 *
 * @param publicKey - 48 bytes of bls12-381 or 33 of secp256k1, as the provider computed them.
 */
export const matchesPublicKey = ({ kind, publicKey: named, address }: Keystore, publicKey: Uint8Array): boolean =>
  kind === 'eip2335'
    ? named === undefined || isEqual(named, publicKey)
    : address === undefined || isEqual(address, addressOf(publicKey));
