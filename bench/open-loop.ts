// An open loop: calls begin on a schedule that no answer holds up, as requests from outside do, and a call's latency
// counts from when it was due. A closed loop would ask less while the service stalls, and so measure the stall once
// instead of for every call that ran into it: coordinated omission.
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Keep } from './check.js';

/** How long the load runs before its window opens. */
const RAMP_MS = 50;
/** Calls out at once: below the vault's own limit. What is due beyond them waits here, and its latency runs. */
const MAX_OUTSTANDING = 32_768;

/** Calls a function again and again, more often than a timer of 1 ms does. */
export interface Ticker {
  start(tick: () => void): void;
  stop(): void;
}

export interface OpenLoop {
  /** Calls per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly keep: Keep;
  readonly ticker: Ticker;
  /** Milliseconds; `performance.now()` where nothing else is said. */
  clock?(): number;
  /** Uniform numbers from 0 to below 1: they make the schedule. */
  random(): number;
  /** Start operation `i`. */
  start(i: number): Promise<Uint8Array>;
}

export interface OpenLoopResult {
  /** Of the calls that were due in the window: from then until their answers, in nanoseconds. */
  readonly histogram: RecordableHistogram;
  /**
   * The window's length by the time from its opening until the last of its calls was answered: near 1 where the rate
   * was sustained, and less the longer the backlog is that it left.
   */
  readonly keptUp: number;
}

/** The name of that figure among a run's; and what it is at least where the machine could do what was asked. */
export const KEPT_UP = 'kept up';
export const SUSTAINED = 0.9;
/** How many calls the percentiles are of; below so many, one in a thousand is the slowest of all. */
export const CALLS = 'calls';
export const ENOUGH_CALLS = 1_000;

const TWO_TO_32 = 2 ** 32;

/** Uniform numbers that a seed repeats (mulberry32): for schedules, and for nothing that must be secret. */
export const uniformFrom = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / TWO_TO_32;
  };
};

/** Milliseconds from one call to the next of many independent callers: a Poisson process. */
export const poissonGaps =
  (rate: number, random: () => number): (() => number) =>
  () =>
    (-Math.log(1 - random()) * 1000) / rate;

/** Node's own histogram is HdrHistogram (the C library), with three significant digits: nothing to install. */
export const createLatencies = (): RecordableHistogram => createHistogram({ figures: 3 });

export const recordMs = (histogram: RecordableHistogram, milliseconds: number): void =>
  histogram.record(Math.max(1, Math.round(milliseconds * 1e6)));

/** Percentiles of a latency, by the name of each figure; 100 is the slowest call. */
export const PERCENTILES = { p50: 50, p90: 90, p99: 99, 'p99.9': 99.9, max: 100 } as const;
export type PercentileName = keyof typeof PERCENTILES;

/** In microseconds. */
export const percentilesOf = (histogram: RecordableHistogram): Record<PercentileName, number> => {
  const at = (percentile: number): number => histogram.percentile(percentile) / 1e3;
  const { p50, p90, p99, max } = PERCENTILES;
  return { p50: at(p50), p90: at(p90), p99: at(p99), 'p99.9': at(PERCENTILES['p99.9']), max: at(max) };
};

/** Runs on after its window, at the same rate, until every call of the window is answered; and leaves no call. */
export const openLoop = ({
  rate,
  seconds,
  keep,
  ticker,
  random,
  start,
  clock = () => performance.now(),
}: OpenLoop): Promise<OpenLoopResult> =>
  new Promise((resolve, reject) => {
    const { every } = keep;
    const gap = poissonGaps(rate, random);
    const histogram = createLatencies();
    const opens = clock() + RAMP_MS;
    const closes = opens + seconds * 1000;
    let due = opens - RAMP_MS + gap();
    let started = 0;
    let outstanding = 0;
    /** Calls of the window that are not answered. */
    let awaited = 0;
    let ended: number | undefined;
    let failed = false;

    const settle = (): void => {
      if (ended === undefined || outstanding > 0) return;
      ticker.stop();
      if (histogram.count === 0) reject(new RangeError(`no call was due in ${seconds} s at ${rate} calls/s`));
      else resolve({ histogram, keptUp: (seconds * 1000) / Math.max(seconds * 1000, ended - opens) });
    };

    const fail = (error: unknown): void => {
      failed = true;
      ticker.stop();
      reject(error);
    };

    const call = (intended: number): void => {
      const i = started++;
      const counts = intended >= opens && intended < closes;
      outstanding++;
      if (counts) awaited++;
      start(i).then((signature) => {
        if (failed) return;
        const now = clock();
        outstanding--;
        if (i % every === 0) keep.add(i, signature);
        if (counts) {
          recordMs(histogram, now - intended);
          awaited--;
        }
        if (due >= closes && awaited === 0) ended ??= now;
        settle();
      }, fail);
    };

    ticker.start(() => {
      const now = clock();
      while (!failed && ended === undefined && due <= now && outstanding < MAX_OUTSTANDING) {
        const intended = due;
        due += gap();
        call(intended);
      }
      if (ended === undefined && due >= closes && awaited === 0 && outstanding === 0) {
        ended = now;
        settle();
      }
    });
  });
