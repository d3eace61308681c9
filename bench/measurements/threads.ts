// What another signer thread gives: a vault for each number of them, against as many bare loops.
import { availableParallelism } from 'node:os';
import { startBareThreads } from '../contestants/bare-threads.js';
import { openBenchVault } from '../contestants/strongroom.js';
import type { Context } from '../context.js';
import { keyIdOf, SIGNED_TYPES, type SignedType } from '../keys.js';
import { closedLoop } from '../load.js';
import { type Contestant, type Measurement, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

/** All are open at once: the sum of these is the number of threads. */
const MOST_THREADS = 64;

/** 1, 2, 3, 4, 6, 8, 12, 16 and so on, the number of cores, and twice that. */
export const threadCounts = (cores: number): number[] => {
  const most = Math.min(2 * cores, MOST_THREADS);
  const counts = new Set([Math.min(cores, most), most]);
  for (let step = 1; step <= most; step *= 2) {
    counts.add(step);
    if (step > 1 && step * 1.5 < most) counts.add(step * 1.5);
  }
  return [...counts].sort((a, b) => a - b);
};

interface Point extends Contestant {
  readonly type: SignedType;
  readonly series: string;
  readonly bare: boolean;
  readonly count: number;
}

const bareName = (type: SignedType, count: number): string => `${type}, bare loops in ${count} threads`;

export const threads = async (context: Context): Promise<Measurement> => {
  const { options, messages: all, secrets, missing, keeperOf } = context;
  const { many } = options.sizes;
  const cores = availableParallelism();
  const counts = threadCounts(cores);
  const bareCounts = counts.filter((count) => count <= cores);
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of closers) await end();
  };

  const points: Point[] = [];
  const types = SIGNED_TYPES.filter((type) => !missing.has(type));
  try {
    for (const count of bareCounts) {
      const loops = await startBareThreads(count, secrets, all.for);
      closers.push(() => loops.close());
      for (const type of types) {
        const name = bareName(type, count);
        const keep = keeperOf(name, type);
        const run = (seconds: number): Promise<number> => loops.run(type, seconds, keep);
        points.push({ name, run, type, series: `${type}, bare loops`, bare: true, count });
      }
    }
    for (const count of counts) {
      const { vault } = await openBenchVault(count, secrets, 0);
      closers.push(() => vault.close());
      for (const type of types) {
        const name = `${type}, ${count} signer threads`;
        const keep = keeperOf(name, type);
        const messages = all.for(type);
        const id = keyIdOf(type);
        const start = (i: number): Promise<Uint8Array> => vault.sign(id, messages[i % messages.length]!);
        const run = (seconds: number): Promise<number> => closedLoop({ inFlight: many, seconds, keep, start });
        points.push({ name, run, type, series: type, bare: false, count });
      }
    }
  } catch (error) {
    await close();
    throw error;
  }

  return {
    name: 'threads',
    group: 'scaling',
    title: `Signer threads, ${many.toLocaleString('en-US')} in flight: signatures/s; ratio: to one bare loop of the type`,
    unit: 'signatures/s',
    better: 'more',
    axis: { label: 'threads', scale: 'linear' },
    pace: 1,
    contestants: points,
    rows: (samples: Samples): Row[] =>
      points.map(({ name, type, series, bare, count }): Row => {
        const values = of(samples, name);
        const ratio = spreadOf(ratios(values, of(samples, bareName(type, 1))));
        const role = !bare ? 'strongroom' : count === 1 ? 'baseline' : 'ceiling';
        return { label: name, role, series, x: count, sample: name, value: spreadOf(values), ratio };
      }),
    close,
  };
};
