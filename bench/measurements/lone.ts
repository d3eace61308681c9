// How long a lone sign('ed25519') takes, against the least that its way of working allows: a round trip to another
// thread by Comlink, and the signature itself.
import type { Context } from '../context.js';
import { keyIdOf } from '../keys.js';
import { loneCalls } from '../load.js';
import {
  type Contestant,
  type Measurement,
  of,
  pairwise,
  type Row,
  ratios,
  type Samples,
  spreadOf,
} from '../measure.js';

const TYPE = 'ed25519';
const AIM = { sense: 'at most', limit: 1.3 } as const;

export const lone = ({ vault, echo, bare, messages: all, keeperOf }: Context): Measurement => {
  const messages = all.for(TYPE);
  const sign = bare.get(TYPE)!;
  const id = keyIdOf(TYPE);
  const message = (i: number): Uint8Array => messages[i % messages.length]!;
  const keepNone = { every: Number.POSITIVE_INFINITY, add: () => undefined };

  const echoed: Contestant = {
    name: 'Comlink echo of 32 bytes',
    run: (seconds) => loneCalls(seconds, keepNone, (i) => echo.call(message(i))),
  };
  const keepBare = keeperOf('ed25519, bare signature', TYPE);
  const signature: Contestant = {
    name: 'bare signature',
    run: (seconds) => loneCalls(seconds, keepBare, (i) => sign(message(i))),
  };
  const keepLone = keeperOf('ed25519, lone sign()', TYPE);
  const alone: Contestant = {
    name: "lone sign('ed25519')",
    run: (seconds) => loneCalls(seconds, keepLone, (i) => vault.sign(id, message(i))),
  };

  return {
    name: 'lone',
    group: 'latency',
    title: 'A lone call: median, µs',
    unit: 'µs',
    better: 'less',
    pace: 0.5,
    contestants: [echoed, signature, alone],
    rows(samples: Samples): Row[] {
      const echoes = of(samples, echoed.name);
      const signatures = of(samples, signature.name);
      const least = pairwise(echoes, signatures, (a, b) => a + b);
      const calls = of(samples, alone.name);
      return [
        { label: echoed.name, role: 'peer', sample: echoed.name, value: spreadOf(echoes) },
        { label: signature.name, role: 'peer', sample: signature.name, value: spreadOf(signatures) },
        {
          label: 'echo + bare signature',
          role: 'baseline',
          value: spreadOf(least),
          ratio: spreadOf(ratios(least, least)),
        },
        {
          label: alone.name,
          role: 'strongroom',
          sample: alone.name,
          value: spreadOf(calls),
          ratio: spreadOf(ratios(calls, least)),
          aim: AIM,
        },
      ];
    },
  };
};
