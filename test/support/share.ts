// What a run does of tests that are long by nature: a part of their cells, others in each run. STRONGROOM_SLOW=1 does them
// all. Only what is the same claim over and over is shared out; each kind of claim and its control belong in every run.
import type { SeededRandom } from './random.js';

/** A third of three is one. */
const ROUNDING = 1e-9;

/** Whether this run does everything. */
export const isSlowRun = (): boolean => process.env.STRONGROOM_SLOW === '1';

/**
 * Some of the items, in their order, chosen by the seed; all of them when STRONGROOM_SLOW is 1. At least one, if there is one.
 *
 * @param part - how many of all: above 0, at most 1; rounded up.
 */
export const share = <T>(random: SeededRandom, items: readonly T[], part: number): T[] => {
  if (!(part > 0 && part <= 1)) throw new RangeError(`"part" expected a number above 0 and at most 1, got ${part}`);
  if (isSlowRun()) return [...items];
  const count = Math.max(1, Math.ceil(items.length * part - ROUNDING));
  const places = random.shuffle(items.map((_, i) => i)).slice(0, count);
  return places.sort((a, b) => a - b).map((place) => items[place] as T);
};
