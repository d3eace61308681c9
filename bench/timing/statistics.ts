// Whether two lists of times differ: dudect's method. The slow tail of a machine's times hides small differences, so
// the test is made of the whole and of parts of it, each without the times above some percentile. Numbers only.
import { type Moments, momentsOf, type Welch, welch } from '../statistics.js';

/** From this |t| on, dudect takes it that two classes differ. */
export const T_LIMIT = 4.5;
/** Parts that are tested, besides the whole. */
const CROPS = 100;
/** A part with fewer times of a class is not tested: its t would not be nearly normal. */
const MIN_COUNT = 200;
/** Times are kept in units of this part of a nanosecond. */
const PARTS_OF_NS = 1024;

/** Times of one experiment, in nanoseconds for a call, and to which class, 0 or 1, each belongs. */
export interface Timings {
  readonly times: Float64Array;
  readonly classes: Uint8Array;
}

/** One test: of all times up to `cropAt`. The difference is the mean of class 0 less that of class 1. */
export interface CroppedTest extends Welch {
  /** The part of all times that was kept: 1 for the whole. */
  readonly kept: number;
  readonly cropAt: number;
  readonly counts: readonly [number, number];
}

/** dudect's percentiles: close together at the top, where the tail is. */
export const percentiles = (): number[] => Array.from({ length: CROPS }, (_, i) => 1 - 0.5 ** ((10 * (i + 1)) / CROPS));

/** Sums of one class as times are added to it. They are taken from a pivot, so that squares keep their precision. */
interface Sums {
  count: number;
  sum: number;
  squares: number;
}

const momentsFrom = ({ count, sum, squares }: Sums, pivot: number): Moments => ({
  count,
  mean: pivot + sum / count,
  variance: count > 1 ? Math.max(0, (squares - sum ** 2 / count) / (count - 1)) : 0,
});

/**
 * The tests of the parts, from the smallest to the whole. The percentiles are those of both classes together, so that
 * where the tail is cut does not depend on the class; equal times are all kept or all cut.
 */
export const croppedTests = ({ times, classes }: Timings): CroppedTest[] => {
  // Time and class in one number: the engine sorts numbers much faster than pairs.
  const keys = times.map((time, i) => Math.round(time * PARTS_OF_NS) * 2 + classes[i]!).sort();
  const unitsAt = (i: number): number => Math.floor(keys[i]! / 2);
  const pivot = unitsAt(keys.length >> 1) / PARTS_OF_NS;
  const sums: readonly [Sums, Sums] = [
    { count: 0, sum: 0, squares: 0 },
    { count: 0, sum: 0, squares: 0 },
  ];
  const tests: CroppedTest[] = [];
  let at = 0;
  for (const kept of [...percentiles(), 1]) {
    const cropAt = unitsAt(Math.floor(kept * (keys.length - 1)));
    if (at > 0 && cropAt === unitsAt(at - 1)) continue; // the same part once more
    for (; at < keys.length && unitsAt(at) <= cropAt; at++) {
      const key = keys[at]!;
      const own = sums[(key % 2) as 0 | 1];
      const time = Math.floor(key / 2) / PARTS_OF_NS - pivot;
      own.count++;
      own.sum += time;
      own.squares += time * time;
    }
    const [a, b] = [momentsFrom(sums[0], pivot), momentsFrom(sums[1], pivot)];
    if (Math.min(a.count, b.count) < MIN_COUNT) continue;
    const part = at / keys.length;
    tests.push({ ...welch(a, b), kept: part, cropAt: cropAt / PARTS_OF_NS, counts: [a.count, b.count] });
  }
  return tests;
};

/** The test with the greatest |t|. @throws {RangeError} there are too few times. */
export const strongest = (timings: Timings): CroppedTest => {
  const tests = croppedTests(timings);
  if (tests.length === 0) throw new RangeError(`expected at least ${MIN_COUNT} times of each class`);
  return tests.reduce((best, test) => (Math.abs(test.t) > Math.abs(best.t) ? test : best));
};

/** How often, how far down and how finely the smallest visible difference is looked for. */
const PLANTINGS = 5;
const LEAST_PART = 2 ** -20;
const HALVINGS = 10;

/**
 * The smallest constant difference between the classes, in nanoseconds a call, that these very times would have shown.
 * Found by trying: classes are drawn anew, which removes any real difference, then a difference is added to one of them,
 * and the test is made. The greatest of a few draws counts. The clock's steps are filled at random first: added to times
 * that lie in steps, any difference would show, however small.
 *
 * @param step - of the clock, for a call, in nanoseconds.
 * @param draw - a random number of [0, 1).
 */
export const smallestSeen = ({ times: stepped }: Timings, step: number, draw: () => number): number => {
  const times = stepped.map((time) => time + step * draw());
  const { variance, count } = momentsOf(times);
  // What the whole alone would show: t grows by this for each nanosecond, and chance takes up to T_LIMIT away.
  const surely = (2 * T_LIMIT * 2 * Math.sqrt(variance)) / Math.sqrt(count);
  let most = 0;
  for (let planting = 0; planting < PLANTINGS; planting++) {
    const classes = Uint8Array.from(times, () => (draw() < 0.5 ? 0 : 1));
    const isSeen = (difference: number): boolean =>
      Math.abs(strongest({ times: times.map((time, i) => time + classes[i]! * difference), classes }).t) > T_LIMIT;
    let low = surely * LEAST_PART;
    let high = surely;
    for (let i = 0; i < HALVINGS; i++) {
      const middle = Math.sqrt(low * high);
      if (isSeen(middle)) high = middle;
      else low = middle;
    }
    most = Math.max(most, high);
  }
  return most;
};
