// HMAC, HKDF and PBKDF2 in arena memory, from a library's SHA-256 and SHA-512. What they keep between two calls of the
// library lies in `scratch` and is wiped in a `finally`.
import type { ProviderName } from '../../src/wire/types.js';
import {
  type HashFunction,
  HKDF_SHA256_SCRATCH,
  HMAC_SHA256_SCRATCH,
  HMAC_SHA512_SCRATCH,
  PBKDF2_SHA512_SCRATCH,
  type SecretHashes,
  SHA256_BLOCK,
  SHA256_DIGEST,
  SHA512_BLOCK,
  SHA512_DIGEST,
} from './secret-hashes.js';

const INNER_PAD = 0x36;
const OUTER_PAD = 0x5c;
const MAX_HKDF_BLOCKS = 255;
const FIRST_BLOCK_INDEX: Uint8Array = Uint8Array.of(0, 0, 0, 1);

const checkRoom = (scratch: Uint8Array, bytes: number): void => {
  if (scratch.length < bytes) throw new RangeError(`"scratch" expected at least ${bytes} bytes, got ${scratch.length}`);
};

const checkBlocks = (count: number): void => {
  if (!(Number.isInteger(count) && count >= 1 && count <= MAX_HKDF_BLOCKS)) {
    throw new RangeError(`HKDF expected 1 to ${MAX_HKDF_BLOCKS} blocks, got ${count}`);
  }
};

const flip = (block: Uint8Array, mask: number): void => {
  for (let i = 0; i < block.length; i++) block[i]! ^= mask;
};

/** The key as HMAC pads it: behind a long one its digest, zeros, and one of the two masks over all (RFC 2104 §2). */
const padKey = (hash: HashFunction, key: Uint8Array, block: Uint8Array, mask: number): void => {
  block.fill(0);
  if (key.length > block.length) hash.hash(key, block.subarray(0, hash.digestBytes));
  else block.set(key);
  flip(block, mask);
};

const hmac = (
  hash: HashFunction,
  key: Uint8Array,
  parts: readonly Uint8Array[],
  mac: Uint8Array,
  scratch: Uint8Array,
): void => {
  // State | padded key | digest: the last two are hashed in one piece.
  const blockAt = scratch.length - hash.blockBytes - hash.digestBytes;
  const block = scratch.subarray(blockAt, blockAt + hash.blockBytes);
  try {
    padKey(hash, key, block, INNER_PAD);
    const inner = hash.start(scratch);
    inner.update(block);
    for (const part of parts) inner.update(part);
    inner.finish(scratch.subarray(blockAt + hash.blockBytes));
    flip(block, INNER_PAD ^ OUTER_PAD);
    hash.hash(scratch.subarray(blockAt), mac);
  } finally {
    scratch.fill(0);
  }
};

/** The hashes of secrets, over a library's SHA-256 and SHA-512. */
export const composeSecretHashes = (name: ProviderName, sha256: HashFunction, sha512: HashFunction): SecretHashes => {
  const hmacSha256: SecretHashes['hmacSha256'] = (key, parts, mac, scratch) => {
    checkRoom(scratch, HMAC_SHA256_SCRATCH);
    hmac(sha256, key, parts, mac, scratch.subarray(0, HMAC_SHA256_SCRATCH));
  };
  const hmacSha512: SecretHashes['hmacSha512'] = (key, parts, mac, scratch) => {
    checkRoom(scratch, HMAC_SHA512_SCRATCH);
    hmac(sha512, key, parts, mac, scratch.subarray(0, HMAC_SHA512_SCRATCH));
  };

  return {
    name,
    sha256,
    sha512,
    hmacSha256,
    hmacSha512,

    expandSha256(prk, info, okm, scratch) {
      checkRoom(scratch, HKDF_SHA256_SCRATCH);
      checkBlocks(Math.ceil(okm.length / SHA256_DIGEST));
      const block = scratch.subarray(HMAC_SHA256_SCRATCH, HKDF_SHA256_SCRATCH);
      const counter = new Uint8Array(1);
      try {
        for (let at = 0; at < okm.length; at += SHA256_DIGEST) {
          counter[0]!++;
          const previous = at === 0 ? [] : [block];
          hmacSha256(prk, [...previous, info, counter], block, scratch);
          okm.set(block.subarray(0, okm.length - at), at);
        }
      } finally {
        block.fill(0);
      }
    },

    // Each HMAC is two calls of the library: the padded key is hashed anew with what lies behind it in memory. To copy
    // states, and continue and finish them in four calls, was a tenth faster and takes twice the room.
    expandBlocksSha256(prk, count, scratch, onBlock) {
      checkRoom(scratch, HKDF_SHA256_SCRATCH);
      checkBlocks(count);
      // Padded key | block | counter, then padded key | digest.
      const counterAt = SHA256_BLOCK + SHA256_DIGEST;
      const used = scratch.subarray(0, HKDF_SHA256_SCRATCH);
      const inner = used.subarray(0, counterAt + 1);
      const block = inner.subarray(SHA256_BLOCK, counterAt);
      const outer = used.subarray(inner.length, inner.length + SHA256_BLOCK + SHA256_DIGEST);
      const digest = outer.subarray(SHA256_BLOCK);
      try {
        padKey(sha256, prk, outer.subarray(0, SHA256_BLOCK), OUTER_PAD);
        for (let index = 0; index < count; index++) {
          // No block precedes the first: then the key ends where the block would.
          const keyAt = index === 0 ? SHA256_DIGEST : 0;
          if (index < 2) padKey(sha256, prk, inner.subarray(keyAt, keyAt + SHA256_BLOCK), INNER_PAD);
          inner[counterAt] = index + 1;
          sha256.hash(index === 0 ? inner.subarray(keyAt) : inner, digest);
          sha256.hash(outer, block);
          onBlock(block, index);
        }
      } finally {
        used.fill(0);
      }
    },

    pbkdf2Sha512(password, salt, iterations, key, scratch) {
      checkRoom(scratch, PBKDF2_SHA512_SCRATCH);
      // Padded key | block, twice, for both halves of an HMAC in one call each; then room for the first HMAC.
      const pieceBytes = SHA512_BLOCK + SHA512_DIGEST;
      const used = scratch.subarray(0, PBKDF2_SHA512_SCRATCH);
      const inner = used.subarray(0, pieceBytes);
      const block = inner.subarray(SHA512_BLOCK);
      const outer = used.subarray(pieceBytes, 2 * pieceBytes);
      const digest = outer.subarray(SHA512_BLOCK);
      try {
        hmacSha512(password, [...salt, FIRST_BLOCK_INDEX], block, used.subarray(2 * pieceBytes));
        key.set(block);
        padKey(sha512, password, inner.subarray(0, SHA512_BLOCK), INNER_PAD);
        padKey(sha512, password, outer.subarray(0, SHA512_BLOCK), OUTER_PAD);
        for (let i = 1; i < iterations; i++) {
          sha512.hash(inner, digest);
          sha512.hash(outer, block);
          for (let j = 0; j < SHA512_DIGEST; j++) key[j]! ^= block[j]!;
        }
      } finally {
        used.fill(0);
      }
    },
  };
};
