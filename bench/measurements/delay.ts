// Whether main stays responsive: the delay of its event loop while the vault works at full load.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.js';
import { keyIdOf, SIGNED_TYPES, type SignedType } from '../keys.js';
import { closedLoop } from '../load.js';
import { type Contestant, type Measurement, of, pairwise, type Row, type Samples, spreadOf } from '../measure.js';

const AIM = { sense: 'below', limit: 5 } as const;
const PERCENTILE = 99;
/** The monitor records the time between two of its timer's calls, which is this long without any delay, and more. */
const RESOLUTION_MS = 1;
/** A percentile wants samples. */
const PACE = 0.8;

export const delay = ({ vault, options, messages: all, missing, keeperOf }: Context): Measurement => {
  const { many } = options.sizes;

  const idle: Contestant = {
    name: 'idle: median interval',
    async run(seconds) {
      const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
      monitor.enable();
      await sleep(seconds * 1000);
      monitor.disable();
      return monitor.percentile(50) / 1e6;
    },
  };

  const underLoad = (type: SignedType): Contestant => {
    const messages = all.for(type);
    const id = keyIdOf(type);
    const name = `${type}, ${many.toLocaleString('en-US')} in flight`;
    const keep = keeperOf(`delay, ${name}`, type);
    return {
      name,
      async run(seconds) {
        const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
        await closedLoop({
          inFlight: many,
          seconds,
          keep,
          start: (i) => vault.sign(id, messages[i % messages.length]!),
          onWindow: (open) => void (open ? monitor.enable() : monitor.disable()),
        });
        return monitor.percentile(PERCENTILE) / 1e6;
      },
    };
  };
  const loaded = SIGNED_TYPES.filter((type) => !missing.has(type)).map(underLoad);

  return {
    name: 'delay',
    group: 'latency',
    title: `Event loop of main: delay at p${PERCENTILE}, ms`,
    unit: 'ms',
    better: 'less',
    pace: PACE,
    contestants: [idle, ...loaded],
    rows(samples: Samples): Row[] {
      const base = of(samples, idle.name);
      return [
        { label: idle.name, role: 'baseline', sample: idle.name, value: spreadOf(base) },
        ...loaded.map(({ name }): Row => {
          const delays = pairwise(of(samples, name), base, (sampled, usual) => Math.max(0, sampled - usual));
          return { label: name, role: 'strongroom', sample: name, value: spreadOf(delays), aim: AIM };
        }),
      ];
    },
  };
};
