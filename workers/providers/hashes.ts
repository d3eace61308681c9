// Hashes of messages. Messages are public here: noble's hashes keep their state in ordinary memory, so no secret may
// ever be hashed by this file (providers hash secrets with libsodium, in the arena).
import { hash } from 'node:crypto';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import { DIGEST_BYTES, type HashName } from '../../src/wire/types.js';
import { loadSodium } from './native/load.js';

type Hash = (message: Uint8Array) => Uint8Array;

/** From here on OpenSSL is faster than libsodium, which has no use for a processor's own SHA instructions. */
const LONG_MESSAGE_BYTES = 1024;

const chooseSha256 = (): Hash => {
  const sodium = loadSodium();
  if (sodium === undefined) return (message) => nobleSha256(message);
  return (message) => {
    if (message.length >= LONG_MESSAGE_BYTES) return hash('sha256', message, 'buffer');
    const digest = new Uint8Array(DIGEST_BYTES);
    sodium.crypto_hash_sha256(digest, message);
    return digest;
  };
};

let chosen: Hash | undefined;
const sha256: Hash = (message) => {
  chosen ??= chooseSha256();
  return chosen(message);
};

const HASH_FUNCTIONS: Readonly<Record<HashName, Hash>> = {
  sha256,
  keccak256: (message) => keccak256(message),
  sha256d: (message) => sha256(sha256(message)),
};

/** The 32-byte digest of a public message; the message itself when no hash is named. */
export const hashMessage = (name: HashName | undefined, message: Uint8Array): Uint8Array =>
  name === undefined ? message : HASH_FUNCTIONS[name](message);
