// The clock of the timing-leak bench, and how coarse it is.

/** Now, in nanoseconds. As fine as process.hrtime.bigint(), whose clock it is, and in less time. */
export const now = (): number => performance.now() * 1e6;

const READINGS = 20_000;
/** A duration that was seen this often is one that the clock can show. */
const OFTEN = READINGS / 2_000;

/**
 * The step from one duration that the clock shows to the next, in nanoseconds: the median of many. Durations that are
 * next to each other are one: the clock's ticks are not whole nanoseconds, so the same number of them may be 49 or 50.
 */
export const stepOf = (durations: readonly number[]): number => {
  const seen = new Map<number, number>();
  for (const duration of durations) seen.set(duration, (seen.get(duration) ?? 0) + 1);
  const shown = Array.from(seen)
    .filter(([, count]) => count >= OFTEN)
    .map(([duration]) => duration)
    .sort((a, b) => a - b);
  const starts = shown.filter((duration, i) => i === 0 || duration > shown[i - 1]! + 1);
  const gaps = starts.slice(1).map((start, i) => start - starts[i]!);
  return gaps.length === 0 ? 1 : gaps.sort((a, b) => a - b)[gaps.length >> 1]!;
};

export const clockStep = (): number => {
  const durations: number[] = [];
  let before = now();
  for (let i = 0; i < READINGS; i++) {
    const after = now();
    durations.push(Math.round(after - before));
    before = after;
  }
  return stepOf(durations);
};
