// Loads of a vault or of a plain function, and how fast they went: in operations per second, over a window that begins
// when the load is steady. Nothing is verified here: what is kept is checked later, outside of the timed part.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Keep } from './check.js';
import { median } from './measure.js';

/** How long a load runs before its window opens, at least. */
const RAMP_MS = 50;
/** A plain loop looks at the clock after this long. */
const LOOK_MS = 1;

/**
 * Call a function again and again: a bare loop, without promises.
 *
 * @param sign - signs message `i`.
 */
export const bareLoop = (seconds: number, keep: Keep, sign: (i: number) => Uint8Array): number => {
  const { every } = keep;
  let i = 0;
  const runFor = (milliseconds: number, calls: number): { calls: number; milliseconds: number } => {
    const begun = performance.now();
    const first = i;
    let now = begun;
    do {
      for (const until = i + calls; i < until; i++) {
        const signature = sign(i);
        if (i % every === 0) keep.add(i, signature);
      }
      now = performance.now();
    } while (now - begun < milliseconds);
    return { calls: i - first, milliseconds: now - begun };
  };
  const ramp = runFor(RAMP_MS, 1);
  const timed = runFor(seconds * 1000, Math.ceil((ramp.calls / ramp.milliseconds) * LOOK_MS));
  return (timed.calls / timed.milliseconds) * 1000;
};

interface Mark {
  readonly at: number;
  readonly completed: number;
}

export interface ClosedLoop {
  readonly inFlight: number;
  readonly seconds: number;
  readonly keep: Keep;
  /** Start operation `i`. */
  start(i: number): Promise<Uint8Array>;
  /** When the window opens and closes. */
  onWindow?(open: boolean): void;
}

/**
 * Keep a number of calls in flight: each that completes starts another. The window opens and closes at the end of a
 * turn of the event loop in which calls completed. Answers come in bursts, and a window that cut through one would
 * count calls without their time, or time without its calls.
 */
export const closedLoop = ({ inFlight, seconds, keep, start, onWindow }: ClosedLoop): Promise<number> =>
  new Promise((resolve, reject) => {
    const { every } = keep;
    const begun = performance.now();
    let started = 0;
    let completed = 0;
    let opened: Mark | undefined;
    let rate: number | undefined;
    let marking = false;
    let failed = false;

    const mark = (): void => {
      marking = false;
      if (rate !== undefined) return;
      const at = performance.now();
      if (opened === undefined) {
        // Every call of the start has completed: what is in flight now was started by completions.
        if (completed < inFlight || at - begun < RAMP_MS) return;
        opened = { at, completed };
        onWindow?.(true);
      } else if (at - opened.at >= seconds * 1000) {
        rate = ((completed - opened.completed) / (at - opened.at)) * 1000;
        onWindow?.(false);
      }
    };

    const done = (): void => {
      completed++;
      if (!marking) {
        marking = true;
        process.nextTick(mark); // ticks run when the turn's promises have settled
      }
      if (failed) return;
      if (rate === undefined) next();
      else if (completed === started) resolve(rate);
    };

    const fail = (error: unknown): void => {
      failed = true;
      reject(error);
    };

    const next = (): void => {
      const i = started++;
      if (i % every === 0) {
        start(i).then((signature) => {
          keep.add(i, signature);
          done();
        }, fail);
      } else start(i).then(done, fail);
    };

    for (let i = 0; i < inFlight; i++) next();
  });

/** Calls for many signatures, one after another. Their beginnings and ends are part of the time, as they are for a caller. */
export const batches = async (
  seconds: number,
  size: number,
  keep: Keep,
  sign: () => Promise<readonly Uint8Array[]>,
): Promise<number> => {
  const { every } = keep;
  const begun = performance.now();
  let now = begun;
  let calls = 0;
  do {
    const signatures = await sign();
    for (let i = 0; i < size; i += every) keep.add(i, signatures[i]!);
    calls++;
    now = performance.now();
  } while (now - begun < seconds * 1000);
  return ((calls * size) / (now - begun)) * 1000;
};

/** One call after another, with nothing else under way. Returns the median time of one, in microseconds. */
export const loneCalls = async (
  seconds: number,
  keep: Keep,
  call: (i: number) => Uint8Array | Promise<Uint8Array>,
): Promise<number> => {
  const { every } = keep;
  const taken: number[] = [];
  await nextTurn();
  const begun = performance.now();
  let now = begun;
  for (let i = 0; now - begun < seconds * 1000; i++) {
    const before = performance.now();
    const answer = call(i);
    const signature = answer instanceof Promise ? await answer : answer;
    now = performance.now();
    taken.push((now - before) * 1000);
    if (i % every === 0) keep.add(i, signature);
  }
  return median(taken);
};
