// What a key takes of memory: a process with many keys, less one with a single key.
import { runChild } from '../contestants/child.js';
import type { Context } from '../context.js';
import {
  type Contestant,
  figureName,
  type Measurement,
  of,
  pairwise,
  type Row,
  type Samples,
  spreadOf,
} from '../measure.js';

/** Figures of memory-child.ts, and what they are. */
const FIGURES = { arena: 'arena', heap: 'heap of main', resident: 'resident, of all' } as const;
type Figure = keyof typeof FIGURES;

export const memory = ({ options }: Context): Measurement => {
  const { sizes, full } = options;
  const counts = full ? [sizes.manyKeys, 10 * sizes.manyKeys] : [sizes.manyKeys];
  const processOf = (count: number): Contestant => ({
    name: count === 1 ? '1 key' : `${count.toLocaleString('en-US')} keys`,
    async run() {
      const { line } = await runChild('memory-child.js', [String(count)], ['--expose-gc']);
      return JSON.parse(line) as Record<Figure, number>;
    },
  });
  const single = processOf(1);
  const many = counts.map(processOf);

  return {
    name: 'memory',
    group: 'cost',
    title: 'Memory of an ed25519 key: bytes, beyond what a vault with one key takes',
    unit: 'bytes per key',
    better: 'less',
    pace: 1,
    contestants: [single, ...many],
    rows: (samples: Samples): Row[] =>
      many.flatMap(({ name }, at) =>
        (Object.keys(FIGURES) as Figure[]).map((figure): Row => {
          const taken = of(samples, figureName(name, figure));
          const base = of(samples, figureName(single.name, figure));
          const each = pairwise(taken, base, (all, one) => (all - one) / (counts[at]! - 1));
          return { label: `${name}: ${FIGURES[figure]}`, role: 'strongroom', value: spreadOf(each) };
        }),
      ),
  };
};
