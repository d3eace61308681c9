// Whether it matters how many keys are in use: many ed25519 keys in turn, against few.
import type { Context } from '../context.js';
import { turnKeyId } from '../keys.js';
import { closedLoop } from '../load.js';
import { type Contestant, type Measurement, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

const AIM = { sense: 'at least', limit: 0.9 } as const;
/** Every key should have its turn, and more than once. */
const PACE = 2;

export const manyKeys = ({ vault, options, messages: all, checker, key }: Context): Measurement => {
  const { sizes } = options;
  const messages = all.for('ed25519');

  const inTurn = (count: number): Contestant => {
    const name = `${count.toLocaleString('en-US')} keys in turn`;
    const ids = Array.from({ length: count }, (_, i) => turnKeyId(i));
    const keep = checker.keeperFor(`ed25519, ${name}`, ids.map(key));
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
  const few = inTurn(sizes.fewKeys);
  const many = inTurn(sizes.manyKeys);

  return {
    name: 'keys',
    title: `ed25519, ${sizes.many.toLocaleString('en-US')} in flight: signatures/s`,
    unit: 'signatures/s',
    pace: PACE,
    contestants: [few, many],
    rows(samples: Samples): Row[] {
      const base = of(samples, few.name);
      const values = of(samples, many.name);
      return [
        { label: few.name, value: spreadOf(base), ratio: spreadOf(ratios(base, base)) },
        { label: many.name, value: spreadOf(values), ratio: spreadOf(ratios(values, base)), aim: AIM },
      ];
    },
  };
};
