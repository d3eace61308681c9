// How long operations took: a histogram of fixed size, whose buckets are as wide as a thirty-second of what they count.
import type { LatencyStats } from '../../src/wire/stats.js';

/** Buckets to each doubling. A value is reported as the middle of its bucket: at most 1/64 off. */
const STEPS = 32;
const STEP_BITS = 5;
/** More than an hour, in microseconds: what takes longer is counted as this. */
const LONGEST_US = 2 ** 32 - 1;
const BUCKETS = STEPS * (32 - STEP_BITS + 1);

export interface Latency {
  /** @param weight - operations that took this long. */
  add(microseconds: number, weight: number): void;
  stats(): LatencyStats;
}

/** Up to 63 microseconds a bucket each. */
const bucketOf = (value: number): number => {
  if (value < STEPS) return value;
  const shift = 31 - STEP_BITS - Math.clz32(value);
  return shift * STEPS + (value >>> shift);
};

const middleOf = (bucket: number): number => {
  if (bucket < 2 * STEPS) return bucket;
  const shift = Math.floor(bucket / STEPS) - 1;
  return (bucket - shift * STEPS + 0.5) * 2 ** shift;
};

export const createLatency = (): Latency => {
  const counts = new Float64Array(BUCKETS);
  let total = 0;
  let max = 0;
  return {
    add(microseconds, weight) {
      counts[bucketOf(Math.min(Math.round(microseconds), LONGEST_US))]! += weight;
      total += weight;
      if (microseconds > max) max = microseconds;
    },
    stats() {
      const at = (quantile: number): number => {
        const rank = Math.ceil(quantile * total);
        let seen = 0;
        for (let bucket = 0; bucket < BUCKETS; bucket++) {
          seen += counts[bucket]!;
          if (seen >= rank && seen > 0) return Math.min(middleOf(bucket), max);
        }
        return 0;
      };
      return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max };
    },
  };
};
