// SHA-256 and SHA-512 of secrets over noble. Its states and digests are ordinary arrays: those that can be reached are
// wiped, but this provider cannot promise that nothing of a hashed secret stays in the process.
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { composeSecretHashes } from '../compose-hashes.js';
import {
  type HashFunction,
  type SecretHashes,
  SHA256_BLOCK,
  SHA256_DIGEST,
  SHA512_BLOCK,
  SHA512_DIGEST,
} from '../secret-hashes.js';

const createHashFunction = (
  hash: typeof sha256 | typeof sha512,
  digestBytes: number,
  blockBytes: number,
): HashFunction => {
  const put = (made: Uint8Array, digest: Uint8Array): void => {
    try {
      digest.set(made);
    } finally {
      made.fill(0);
    }
  };
  return {
    digestBytes,
    blockBytes,
    stateBytes: 0,
    hash: (message, digest) => put(hash(message), digest),
    start() {
      const running = hash.create();
      return {
        update(part) {
          running.update(part);
        },
        finish: (digest) => put(running.digest(), digest),
      };
    },
  };
};

export const nobleSecretHashes: SecretHashes = composeSecretHashes(
  'noble',
  createHashFunction(sha256, SHA256_DIGEST, SHA256_BLOCK),
  createHashFunction(sha512, SHA512_DIGEST, SHA512_BLOCK),
);
