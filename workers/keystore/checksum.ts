// The checksums of both formats, over half of the derived key and the ciphertext. The key's half is secret, and the state of
// a hash over it is too: it lies outside of the arena for the call. OpenSSL zeroes its own when the digest is made; noble's,
// for Keccak, is zeroed here.
import { createHash } from 'node:crypto';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import type { KeystoreKind } from './keystore.js';

const keccak = (half: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
  const hash = keccak256.create();
  try {
    return hash.update(half).update(ciphertext).digest();
  } finally {
    hash.destroy();
  }
};

/**
 * The checksum of a ciphertext under a derived key: it stands in the file.
 *
 * @param derivedKey - an arena view of at least 32 bytes: bytes 16 to 31 are hashed.
 * @returns 32 bytes: SHA-256 (EIP-2335) or Keccak-256 (version 3).
 */
export const checksumOf = (kind: KeystoreKind, derivedKey: Uint8Array, ciphertext: Uint8Array): Uint8Array => {
  const half = derivedKey.subarray(16, 32);
  if (kind === 'web3-v3') return keccak(half, ciphertext);
  return createHash('sha256').update(half).update(ciphertext).digest();
};
