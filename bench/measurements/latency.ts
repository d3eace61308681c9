// Latency under a load that does not wait: an open loop at parts of the peak. The peak is what a closed loop reaches at
// the time: the machine's speed changes from minute to minute, and a part of yesterday's peak would be no load known. The
// open loop's ticker wakes main ten thousand times in a second, which costs a part of a core: it runs beside the peak as
// well, for what it takes is not there for signing.
import type { Keep } from '../check.js';
import { startTicker } from '../contestants/ticker.js';
import type { Context } from '../context.js';
import { keyIdOf, SIGNED_TYPES, type SignedType } from '../keys.js';
import { closedLoop } from '../load.js';
import {
  type Contestant,
  figureName,
  type Measurement,
  median,
  of,
  type Row,
  type Samples,
  spreadOf,
} from '../measure.js';
import {
  CALLS,
  KEPT_UP,
  openLoop,
  PERCENTILES,
  type PercentileName,
  percentilesOf,
  uniformFrom,
} from '../open-loop.js';

/** Parts of the peak, in percent. */
const LOADS = { brief: [50, 80], full: [10, 50, 80, 95] } as const;
/** Rare percentiles want many calls. */
const PACE = { brief: 1, full: 2 } as const;
/** Calls that a run is long enough for, whatever the rate. */
const MIN_CALLS = 50;
/** The peak is the median of the last five, one of which is measured before each run, for this part of its time. */
const PEAKS = 5;
const PEAK_PART = 0.3;
/** For the record, beside KEPT_UP. */
const ASKED_RATE = 'asked calls/s';

interface Load {
  readonly series: string;
  readonly contestant: Contestant;
}

export const latency = (context: Context): Measurement => {
  const { vault, options, messages: all, missing, keeperOf } = context;
  const extent = options.full ? 'full' : 'brief';
  const types: readonly SignedType[] = options.full ? SIGNED_TYPES : ['ed25519'];
  const ticker = startTicker();
  let seed = 0;

  const peakOf = async (seconds: number, keep: Keep, start: (i: number) => Promise<Uint8Array>): Promise<number> => {
    ticker.start(() => undefined);
    try {
      return await closedLoop({ inFlight: options.sizes.many, seconds, keep, start });
    } finally {
      ticker.stop();
    }
  };

  const loadsOf = (type: SignedType): Load[] => {
    const messages = all.for(type);
    const id = keyIdOf(type);
    const start = (i: number): Promise<Uint8Array> => vault.sign(id, messages[i % messages.length]!);
    const peaks: number[] = [];
    return LOADS[extent].map((percent) => {
      const series = `${type}, ${percent}% of peak`;
      const keep = keeperOf(`latency, ${series}`, type);
      const contestant: Contestant = {
        name: series,
        async run(seconds) {
          peaks.push(await peakOf(seconds * PEAK_PART, keep, start));
          const rate = (median(peaks.slice(-PEAKS)) * percent) / 100;
          const random = uniformFrom(seed++);
          const length = Math.max(seconds, MIN_CALLS / rate);
          const { histogram, keptUp } = await openLoop({ rate, seconds: length, keep, ticker, random, start });
          return { ...percentilesOf(histogram), [KEPT_UP]: keptUp, [ASKED_RATE]: rate, [CALLS]: histogram.count };
        },
      };
      return { series, contestant };
    });
  };
  const loads = types.filter((type) => !missing.has(type)).flatMap(loadsOf);

  return {
    name: 'latency',
    group: 'latency',
    title: 'sign() called on a schedule: time from when it was due to its answer, µs',
    unit: 'µs',
    better: 'less',
    axis: { label: 'percentile', scale: 'linear' },
    pace: PACE[extent],
    contestants: loads.map(({ contestant }) => contestant),
    rows(samples: Samples): Row[] {
      return loads.flatMap(({ series, contestant }) =>
        (Object.keys(PERCENTILES) as PercentileName[]).map((name): Row => {
          const sample = figureName(contestant.name, name);
          return {
            label: `${series}: ${name}`,
            role: 'strongroom',
            series,
            x: PERCENTILES[name],
            sample,
            value: spreadOf(of(samples, sample)),
          };
        }),
      );
    },
    close: () => ticker.close(),
  };
};
