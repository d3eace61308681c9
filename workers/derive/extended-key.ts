// Extended public keys as BIP-32 writes them. Public values only.
import { ripemd160 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { createBase58check } from '@scure/base';
import type { ExtendedPublicKey } from '../../src/wire/types.js';

const XPUB_VERSION = 0x0488_b21e;
const SERIALIZED_BYTES = 78;
const base58check = createBase58check(sha256);

/** The first 4 bytes of HASH160 of a compressed public key. */
export const fingerprintOf = (publicKey: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(ripemd160(sha256(publicKey)).subarray(0, 4));

/** @see BIP-32, "Serialization format" */
export const encodeExtendedKey = (key: Omit<ExtendedPublicKey, 'xpub'>): string => {
  const bytes = new Uint8Array(SERIALIZED_BYTES);
  const fields = new DataView(bytes.buffer);
  fields.setUint32(0, XPUB_VERSION);
  fields.setUint8(4, key.depth);
  bytes.set(key.parentFingerprint, 5);
  fields.setUint32(9, key.index);
  bytes.set(key.chainCode, 13);
  bytes.set(key.publicKey, 45);
  return base58check.encode(bytes);
};
