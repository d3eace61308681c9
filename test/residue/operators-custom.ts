// An operator of a user's, as one should be: what it derives from the key lies in its scratch. In the vault thread.
import { createRequire } from 'node:module';
import { defineOperator, type OperatorDefinition } from '../../dist/src/operator.js';

interface Sodium {
  crypto_hash_sha256(digest: Uint8Array, message: Uint8Array): void;
}
const sodium = createRequire(import.meta.url)('sodium-native') as Sodium;
const kept: unknown[] = [];

export const definition: OperatorDefinition<boolean, Uint8Array> = {
  types: ['x25519', 'aead'],
  /** Whether to keep a copy of the key, as a bad one could: what a scan must find. */
  input: (value) => value === 'keep',
  run({ secret, scratch }, keep) {
    if (keep) kept.push(Buffer.from(secret));
    const derived = scratch.subarray(64, 96);
    scratch.set(secret, 1);
    sodium.crypto_hash_sha256(derived, scratch.subarray(0, secret.length + 1));
    const answer = scratch.subarray(128, 160);
    sodium.crypto_hash_sha256(answer, derived);
    return Uint8Array.from(answer);
  },
};

export const operator = defineOperator(definition);
