// New random secrets, made in place. Random bytes come from node:crypto and nowhere else: libsodium's binding writes
// nothing to shared memory and does not say so, which would leave a key of zeros.
import { randomFillSync } from 'node:crypto';
import { VaultError } from '../../src/errors.js';
import { KEY_TYPE_FACTS, type KeyType } from '../../src/wire/types.js';
import { isInRange } from '../providers/range.js';

/** As many as SHA-256 answers: RFC 2104 §3 asks for no less, and says that more adds little. */
const HMAC_KEY_BYTES = 32;

/** Half of 2^256 is out of range at worst, a tenth in fact: this many misses mean that the bytes are not random. */
const MAX_ATTEMPTS = 128;

/**
 * Write a uniformly random secret of a type: random bytes, drawn again while they are out of the type's range.
 *
 * @param out - arena memory, at least as long as the secret; what lies beyond the secret is left as it is.
 * @returns the length of the secret in bytes. Nothing of it is left in `out` on failure.
 * @throws {VaultError} ERR_INTERNAL - the system's random source does not work.
 * @throws {RangeError} `out` is shorter than the secret.
 */
export const generateSecret = (type: KeyType, out: Uint8Array): number => {
  const length = type === 'hmac' ? HMAC_KEY_BYTES : KEY_TYPE_FACTS[type].secretBytes;
  if (out.length < length) throw new RangeError(`"out" expected at least ${length} bytes, got ${out.length}`);
  const secret = out.subarray(0, length);
  let done = false;
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      randomFillSync(secret);
      // The order of BLS12-381 is just below 2^255. Clearing the top bit keeps the draw uniform over what is left.
      if (type === 'bls12-381') secret[0] = (secret[0] as number) & 0x7f;
      if (isInRange(type, secret)) {
        done = true;
        return length;
      }
    }
    throw new VaultError('ERR_INTERNAL', `the random source gave no usable key for ${type}`);
  } finally {
    if (!done) secret.fill(0);
  }
};
