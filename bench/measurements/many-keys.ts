// Whether it matters how many keys are in use: ed25519 keys in turn, in a vault that holds as many as the most.
import type { Keep } from '../check.js';
import { openBenchVault } from '../contestants/strongroom.js';
import type { Context } from '../context.js';
import { turnKeyId } from '../keys.js';
import { closedLoop } from '../load.js';
import { type Contestant, type Measurement, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

const AIM = { sense: 'at least', limit: 0.9 } as const;
/** Every message of every key is a verification of its own: no more than these of the warm-up round. Prime, as is 61. */
const VERIFY_EVERY = 13;

const thinned = (keep: Keep): Keep => ({
  get every() {
    return Math.max(keep.every, VERIFY_EVERY);
  },
  add: (i, signature) => keep.add(i, signature),
});

export const manyKeys = async ({ options, messages: all, checker }: Context): Promise<Measurement> => {
  const { sizes, threads, full } = options;
  const messages = all.for('ed25519');
  const counts = full ? [1, 100, sizes.manyKeys, 10 * sizes.manyKeys] : [1, sizes.manyKeys];
  const { vault, keys } = await openBenchVault(threads, new Map(), Math.max(...counts));

  const inTurn = (count: number): Contestant => {
    const name = count === 1 ? '1 key' : `${count.toLocaleString('en-US')} keys in turn`;
    const ids = Array.from({ length: count }, (_, i) => turnKeyId(i));
    const keep = thinned(
      checker.keeperFor(
        `ed25519, ${name}`,
        ids.map((id) => keys.get(id)!),
      ),
    );
    return {
      name,
      run: (seconds) =>
        closedLoop({
          inFlight: sizes.many,
          seconds,
          keep,
          start: (i) => vault.sign(ids[i % count]!, messages[i % messages.length]!),
        }),
    };
  };
  const contestants = counts.map(inTurn);

  return {
    name: 'keys',
    group: 'scaling',
    title: `Keys in turn, ed25519, ${sizes.many.toLocaleString('en-US')} in flight: signatures/s`,
    unit: 'signatures/s',
    better: 'more',
    axis: { label: 'keys', scale: 'log' },
    pace: 1,
    contestants,
    rows(samples: Samples): Row[] {
      const base = of(samples, contestants[0]!.name);
      return contestants.map(({ name }, at): Row => {
        const values = of(samples, name);
        return {
          label: name,
          role: at === 0 ? 'baseline' : 'strongroom',
          series: 'ed25519',
          x: counts[at]!,
          sample: name,
          value: spreadOf(values),
          ratio: spreadOf(ratios(values, base)),
          aim: at === counts.length - 1 ? AIM : undefined,
        };
      });
    },
    close: () => vault.close(),
  };
};
