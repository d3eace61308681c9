// The timing-leak bench: does the time of a path depend on the secret? Each experiment times two kinds of secrets in
// random order and asks Welch's t whether their times differ. Decides by itself nothing about other machines or engines.
import { randomFillSync } from 'node:crypto';
import { type Environment, readEnvironment } from '../environment.js';
import { momentsOf } from '../statistics.js';
import { clockStep, now } from './clock.js';
import { controls } from './controls.js';
import { decodingPaths } from './decoding-paths.js';
import type { AbsentPath, Experiment, TimedPath } from './path.js';
import { bip340Path, exchangePath, framePath, slotPath } from './signing-paths.js';
import { type CroppedTest, smallestSeen, strongest, T_LIMIT, type Timings } from './statistics.js';

export const TIMING_FORMAT = 'strongroom-timing';
export const TIMING_VERSION = 1;

export const TIMED_PATHS = ['frame', 'slots', 'bip340', 'bls-exchange', 'hex', 'base64', 'range'] as const;

export interface TimingOptions {
  /** For each experiment, without its preparation. */
  readonly seconds: number;
  /** Names of paths; all, where it is undefined. Controls always take part. */
  readonly only?: readonly string[] | undefined;
  /** Before each experiment. */
  begin?(label: string, index: number, count: number): void;
}

export interface ExperimentResult {
  readonly path: string;
  readonly title: string;
  readonly role: TimedPath['role'];
  /** The two kinds of secrets. */
  readonly experiment: string;
  /** Times that count, of both classes, and calls in each. */
  readonly times: number;
  readonly batch: number;
  /** Of all times, in nanoseconds a call. */
  readonly medianNs: number;
  readonly sdNs: number;
  /** The greatest |t| of the whole and its parts, and where it was: the part kept, and the difference there. */
  readonly t: number;
  readonly kept: number;
  readonly differenceNs: number;
  /** The smallest constant difference that these times would have shown. */
  readonly smallestSeenNs: number;
  /** |t| was above the limit, and above it once more, in the same direction, when everything was timed again. */
  readonly differs: boolean;
}

export interface TimingResult {
  readonly format: typeof TIMING_FORMAT;
  readonly version: typeof TIMING_VERSION;
  readonly startedAt: string;
  readonly environment: Environment;
  readonly seconds: number;
  readonly tLimit: number;
  /** The step of the clock, in nanoseconds. */
  readonly clockStepNs: number;
  readonly experiments: readonly ExperimentResult[];
  readonly absent: readonly AbsentPath[];
  /** The control was found to leak: without that the run has seen nothing. */
  readonly controlCaught: boolean;
  /** The classes that are alike were found alike. */
  readonly nullClean: boolean;
  /** Paths of ours whose time depends on the secret. */
  readonly leaks: readonly string[];
}

/** 0: no leak was seen, by a run that can see. 1: the run proves nothing. 2: a path of ours leaks. */
export const exitCodeOf = ({ controlCaught, nullClean, leaks }: TimingResult): number =>
  !controlCaught || !nullClean ? 1 : leaks.length > 0 ? 2 : 0;

const MAX_TIMES = 100_000;
/** Whatever the clock says: a test needs this many. */
const MIN_TIMES = 1_500;
/** The part of all times that goes first and does not count: the engine compiles, caches fill. */
const WARM_UP = 0.2;
/** Secrets of each class; they are drawn from in random order. */
const POOL = 256;

const randomWords = (count: number): Uint32Array<ArrayBuffer> => randomFillSync(new Uint32Array(count));

/** A number of [0, 1) from the system's randomness, drawn in bulk. */
const createDraw = (): (() => number) => {
  let words = new Uint32Array(0);
  let next = 0;
  return () => {
    if (next === words.length) {
      words = randomWords(16_384);
      next = 0;
    }
    return words[next++]! / 2 ** 32;
  };
};

type Pools = readonly [readonly Uint8Array[], readonly Uint8Array[]];

const poolsOf = ({ classes }: Experiment): Pools => {
  const [a, b] = classes.map((make) => Array.from({ length: POOL }, make));
  return [a!, b!];
};

/** Time one path, with secrets of both classes in random order. */
const takeTimes = ({ batch, prepare, run }: TimedPath, pools: Pools, seconds: number): Timings => {
  const order = randomWords(MAX_TIMES);
  const times = new Float64Array(MAX_TIMES);
  const classes = new Uint8Array(MAX_TIMES);
  let spent = 0;
  let count = 0;
  while (count < MAX_TIMES && (spent < seconds * 1e9 || count < MIN_TIMES)) {
    const word = order[count]!;
    const ofClass = word & 1;
    const secret = (ofClass === 0 ? pools[0] : pools[1])[(word >>> 1) % POOL]!;
    prepare(secret);
    const before = now();
    run();
    const taken = now() - before;
    spent += taken;
    times[count] = Math.round(taken) / batch;
    classes[count] = ofClass;
    count++;
  }
  const from = Math.floor(count * WARM_UP);
  return { times: times.slice(from, count), classes: classes.slice(from, count) };
};

const isBeyond = ({ t }: CroppedTest): boolean => Math.abs(t) > T_LIMIT;

interface Means {
  readonly seconds: number;
  readonly step: number;
  readonly draw: () => number;
}

const examine = (path: TimedPath, experiment: Experiment, { seconds, step, draw }: Means): ExperimentResult => {
  const pools = poolsOf(experiment);
  const timings = takeTimes(path, pools, seconds);
  const first = strongest(timings);
  let found = first;
  let differs = false;
  if (isBeyond(first)) {
    // Hundreds of tests are made in a run, and some accident of a machine lasts: it has to happen twice.
    const second = strongest(takeTimes(path, pools, seconds));
    differs = isBeyond(second) && Math.sign(second.t) === Math.sign(first.t);
    if (Math.abs(second.t) < Math.abs(first.t)) found = second;
  }
  const sorted = Float64Array.from(timings.times).sort();
  return {
    path: path.name,
    title: path.title,
    role: path.role,
    experiment: experiment.name,
    times: timings.times.length,
    batch: path.batch,
    medianNs: sorted[sorted.length >> 1]!,
    sdNs: Math.sqrt(momentsOf(timings.times).variance),
    t: found.t,
    kept: found.kept,
    differenceNs: found.difference,
    smallestSeenNs: smallestSeen(timings, step / path.batch, draw),
    differs,
  };
};

const pathsOf = async (only: readonly string[] | undefined): Promise<(TimedPath | AbsentPath)[]> => {
  const all = [framePath(), await slotPath(), bip340Path(), exchangePath(), ...decodingPaths()];
  return [...controls(), ...all.filter(({ name }) => only === undefined || only.includes(name))];
};

/** Time all paths, or some. It blocks the thread while it runs: there must be nothing else for it to do. */
export const runTiming = async ({ seconds, only, begin }: TimingOptions): Promise<TimingResult> => {
  const environment = readEnvironment();
  const startedAt = new Date().toISOString();
  const means: Means = { seconds, step: clockStep(), draw: createDraw() };
  const all = await pathsOf(only);
  const paths = all.filter((path) => 'run' in path);
  const planned = paths.flatMap((path) => path.experiments.map((experiment) => ({ path, experiment })));
  const experiments: ExperimentResult[] = [];
  try {
    for (const [index, { path, experiment }] of planned.entries()) {
      begin?.(path.name, index, planned.length);
      experiments.push(examine(path, experiment, means));
      await new Promise(setImmediate); // so that a progress bar is drawn
    }
  } finally {
    for (const path of paths) path.close?.();
  }
  const differing = (role: TimedPath['role']): ExperimentResult[] =>
    experiments.filter((each) => each.role === role && each.differs);
  return {
    format: TIMING_FORMAT,
    version: TIMING_VERSION,
    startedAt,
    environment,
    seconds,
    tLimit: T_LIMIT,
    clockStepNs: means.step,
    experiments,
    absent: all.filter((path) => 'reason' in path),
    controlCaught: differing('control').length > 0,
    nullClean: differing('null').length === 0,
    leaks: [...new Set(differing('ours').map(({ path }) => path))],
  };
};
