// SHA-256 and SHA-512 of secrets over libsodium, which hashes views over the arena in place and zeroes its own states.
import { composeSecretHashes } from '../compose-hashes.js';
import {
  type HashFunction,
  type SecretHashes,
  SHA256_BLOCK,
  SHA256_DIGEST,
  SHA256_STATE_ROOM,
  SHA512_BLOCK,
  SHA512_DIGEST,
  SHA512_STATE_ROOM,
} from '../secret-hashes.js';
import type { Sodium } from './load.js';

const createSha256 = (sodium: Sodium): HashFunction => ({
  digestBytes: SHA256_DIGEST,
  blockBytes: SHA256_BLOCK,
  stateBytes: sodium.crypto_hash_sha256_STATEBYTES,
  hash: (message, digest) => sodium.crypto_hash_sha256(digest, message),
  start(room) {
    const state = room.subarray(0, sodium.crypto_hash_sha256_STATEBYTES);
    sodium.crypto_hash_sha256_init(state);
    return {
      update: (part) => sodium.crypto_hash_sha256_update(state, part),
      finish(digest) {
        sodium.crypto_hash_sha256_final(state, digest);
        state.fill(0);
      },
    };
  },
});

const createSha512 = (sodium: Sodium): HashFunction => ({
  digestBytes: SHA512_DIGEST,
  blockBytes: SHA512_BLOCK,
  stateBytes: sodium.crypto_hash_sha512_STATEBYTES,
  hash: (message, digest) => sodium.crypto_hash_sha512(digest, message),
  start(room) {
    const state = room.subarray(0, sodium.crypto_hash_sha512_STATEBYTES);
    sodium.crypto_hash_sha512_init(state);
    return {
      update: (part) => sodium.crypto_hash_sha512_update(state, part),
      finish(digest) {
        sodium.crypto_hash_sha512_final(state, digest);
        state.fill(0);
      },
    };
  },
});

/** @throws {RangeError} the library's states are larger than the room for them. */
export const createNativeSecretHashes = (sodium: Sodium): SecretHashes => {
  const sha256 = createSha256(sodium);
  const sha512 = createSha512(sodium);
  if (sha256.stateBytes > SHA256_STATE_ROOM || sha512.stateBytes > SHA512_STATE_ROOM) {
    throw new RangeError(`hash states expected at most ${SHA256_STATE_ROOM} and ${SHA512_STATE_ROOM} bytes`);
  }
  return composeSecretHashes('native', sha256, sha512);
};
