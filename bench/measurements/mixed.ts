// All types of keys in turn at once, against what a bare loop over the same mixture would make.
import type { CheckedKey } from '../check.js';
import { runBareLoop } from '../contestants/bare.js';
import type { Context } from '../context.js';
import { keyIdOf, SIGNED_TYPES } from '../keys.js';
import { closedLoop } from '../load.js';
import { type Contestant, type Measurement, median, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

/** Rates of equally many operations of each kind, one kind after another, make this rate together. */
export const harmonicMean = (rates: readonly number[]): number =>
  rates.length / rates.reduce((sum, rate) => sum + 1 / rate, 0);

/** Round by round. */
const together = (lists: readonly (readonly number[])[]): number[] =>
  lists[0]!.map((_, round) => harmonicMean(lists.map((list) => list[round]!)));

export const mixed = (context: Context): Measurement => {
  const { vault, bare, bareThreads, options, messages: all, checker, missing, key, keeperOf } = context;
  const { many } = options.sizes;
  const { threads } = vault.info();
  const types = SIGNED_TYPES.filter((type) => !missing.has(type));
  const ids = types.map(keyIdOf);
  const lists = types.map(all.for);
  const keys: CheckedKey[] = ids.map(key);

  const loops = types.map((type, at): Contestant => {
    const name = `${type}, bare loop`;
    const keep = keeperOf(`mixed, ${name}`, type);
    return { name, run: async (seconds) => runBareLoop(seconds, keep, bare.get(type)!, lists[at]!) };
  });
  const ceilings = types.map((type): Contestant => {
    const name = `${type}, bare loops in ${threads} threads`;
    const keep = keeperOf(`mixed, ${name}`, type);
    return { name, run: (seconds) => bareThreads.run(type, seconds, keep) };
  });
  const name = `types in turn, ${many.toLocaleString('en-US')} in flight`;
  const keep = checker.keeperFor(name, keys);
  const inTurn: Contestant = {
    name,
    run: (seconds) =>
      closedLoop({
        inFlight: many,
        seconds,
        keep,
        start: (i) => {
          const list = lists[i % types.length]!;
          return vault.sign(ids[i % types.length]!, list[i % list.length]!);
        },
      }),
  };

  return {
    name: 'mixed',
    group: 'scaling',
    title: `${types.join(', ')} in turn: signatures/s`,
    unit: 'signatures/s',
    better: 'more',
    pace: 1,
    contestants: [...loops, ...ceilings, inTurn],
    rows(samples: Samples): Row[] {
      const base = together(loops.map((loop) => of(samples, loop.name)));
      const most = together(ceilings.map((ceiling) => of(samples, ceiling.name)));
      const values = of(samples, inTurn.name);
      const row = (figures: readonly number[]): Pick<Row, 'value' | 'ratio' | 'ofCeiling'> => ({
        value: spreadOf(figures),
        ratio: spreadOf(ratios(figures, base)),
        ofCeiling: median(ratios(figures, most)),
      });
      return [
        { label: 'bare loop over the mixture', role: 'baseline', ...row(base) },
        { label: `bare loops in ${threads} threads`, role: 'ceiling', ...row(most) },
        { label: name, role: 'strongroom', sample: name, ...row(values) },
      ];
    },
  };
};
