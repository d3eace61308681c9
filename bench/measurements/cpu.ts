// What a signature costs: the CPU time of all threads of the process, against that of a bare loop.
import { type BareSign, runBareLoop } from '../contestants/bare.js';
import type { Context } from '../context.js';
import { keyIdOf, SIGNED_TYPES, type SignedType } from '../keys.js';
import { closedLoop } from '../load.js';
import { type Contestant, type Measurement, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';

const PACE = 0.3;

/** User and system time of all threads, in microseconds. */
const cpuTime = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

interface Pair {
  readonly bare: Contestant;
  readonly vault: Contestant;
}

export const cpu = ({ vault, bare, options, messages: all, missing, keeperOf }: Context): Measurement => {
  const { many } = options.sizes;

  const pairOf = (type: SignedType): Pair => {
    const messages = all.for(type);
    const id = keyIdOf(type);
    const sign = bare.get(type)!;
    const bareName = `${type}, bare loop`;
    const vaultName = `${type}, ${many.toLocaleString('en-US')} in flight`;
    const keepBare = keeperOf(`cpu, ${bareName}`, type);
    const keepVault = keeperOf(`cpu, ${vaultName}`, type);
    return {
      bare: {
        name: bareName,
        async run(seconds) {
          let calls = 0;
          const counted: BareSign = (message) => {
            calls++;
            return sign(message);
          };
          const before = cpuTime();
          runBareLoop(seconds, keepBare, counted, messages);
          return (cpuTime() - before) / calls;
        },
      },
      vault: {
        name: vaultName,
        async run(seconds) {
          let used = 0;
          let elapsed = 0;
          const rate = await closedLoop({
            inFlight: many,
            seconds,
            keep: keepVault,
            start: (i) => vault.sign(id, messages[i % messages.length]!),
            onWindow: (open) => {
              const sign = open ? -1 : 1;
              used += sign * cpuTime();
              elapsed += sign * performance.now();
            },
          });
          return used / ((rate * elapsed) / 1000);
        },
      },
    };
  };
  const pairs = SIGNED_TYPES.filter((type) => !missing.has(type)).map(pairOf);

  return {
    name: 'cpu',
    group: 'cost',
    title: 'CPU time of a signature, all threads together: µs; ratio: to the bare loop of the same type',
    unit: 'µs',
    better: 'less',
    pace: PACE,
    contestants: pairs.flatMap((pair) => [pair.bare, pair.vault]),
    rows(samples: Samples): Row[] {
      return pairs.flatMap((pair) => {
        const base = of(samples, pair.bare.name);
        const row = ({ name }: Contestant, role: 'baseline' | 'strongroom'): Row => {
          const values = of(samples, name);
          return { label: name, role, sample: name, value: spreadOf(values), ratio: spreadOf(ratios(values, base)) };
        };
        return [row(pair.bare, 'baseline'), row(pair.vault, 'strongroom')];
      });
    },
  };
};
