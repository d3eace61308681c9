// Randomness that can be repeated. Everything random in a test comes from here, never from Math.random; the seed is
// printed once per file, and TEST_SEED brings the same run back. Not for keys outside tests.
import { type Cipher, createCipheriv, createHash, randomBytes } from 'node:crypto';

export interface SeededRandom {
  /** `length` fresh bytes, in a buffer of their own. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
  /** A uniform integer from 0 to `maxExclusive` - 1; `maxExclusive` is at most 2^48. */
  int(maxExclusive: number): number;
  pick<T>(array: readonly T[]): T;
  /** Shuffles the array in place and returns it. */
  shuffle<T>(array: T[]): T[];
}

const INT_BYTES = 6;
const INT_RANGE = 2 ** (8 * INT_BYTES);
const POOL_BYTES = 4096; // one cipher call serves many small requests

let printedSeed: string | undefined;

/** The seed of this process; printed when first asked for. */
export const testSeed = (): string => {
  if (printedSeed === undefined) {
    printedSeed = process.env.TEST_SEED || randomBytes(8).toString('hex');
    console.log(`# seed ${printedSeed} (TEST_SEED=${printedSeed} repeats this run)`);
  }
  return printedSeed;
};

/**
 * A stream of its own for each label: AES-256-CTR under SHA-256(seed, label). Two streams of one label are equal.
 */
export const seededRandom = (label: string): SeededRandom => {
  const key = createHash('sha256')
    .update(JSON.stringify([testSeed(), label]))
    .digest();
  const stream: Cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16));
  let pool: Uint8Array = new Uint8Array(0);
  let used = 0;

  const bytes = (length: number): Uint8Array<ArrayBuffer> => {
    if (length > POOL_BYTES / 4) return new Uint8Array(stream.update(new Uint8Array(length)));
    if (used + length > pool.length) {
      pool = stream.update(new Uint8Array(POOL_BYTES));
      used = 0;
    }
    const taken = new Uint8Array(length);
    taken.set(pool.subarray(used, used + length));
    used += length;
    return taken;
  };

  const int = (maxExclusive: number): number => {
    if (!Number.isInteger(maxExclusive) || maxExclusive < 1 || maxExclusive > INT_RANGE) {
      throw new RangeError(`"maxExclusive" expected an integer from 1 to 2^48, got ${maxExclusive}`);
    }
    // Values of the last, incomplete stretch are thrown away: they would make the small results likelier.
    const limit = INT_RANGE - (INT_RANGE % maxExclusive);
    for (;;) {
      const value = bytes(INT_BYTES).reduce((sum, byte) => sum * 256 + byte, 0);
      if (value < limit) return value % maxExclusive;
    }
  };

  return {
    bytes,
    int,
    pick(array) {
      if (array.length === 0) throw new RangeError('"array" expected at least one element, got 0');
      return array[int(array.length)] as (typeof array)[number];
    },
    shuffle<T>(array: T[]): T[] {
      for (let i = array.length - 1; i > 0; i--) {
        const j = int(i + 1);
        [array[i], array[j]] = [array[j] as T, array[i] as T];
      }
      return array;
    },
  };
};
