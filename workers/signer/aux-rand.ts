// Fresh auxiliary randomness for BIP-340, drawn in bulk: one call to the system per signature would cost more than
// the hash it feeds. Auxiliary randomness is not a secret of the key; a used piece is overwritten by the next draw.
import { randomFillSync } from 'node:crypto';
import { AUX_RAND_BYTES } from '../../src/wire/types.js';

const pool = new Uint8Array(128 * AUX_RAND_BYTES);
let next = pool.length;

/** 32 fresh random bytes, valid until the pool is drawn again: use them before the next call. */
export const freshAuxRand = (): Uint8Array => {
  if (next === pool.length) {
    randomFillSync(pool);
    next = 0;
  }
  next += AUX_RAND_BYTES;
  return pool.subarray(next - AUX_RAND_BYTES, next);
};
