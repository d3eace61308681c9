// Many threads with a granted port each, against one client with as many calls in flight; and how long the calls of a
// quiet port take while another port floods the vault.
import { connectVault, type Vault } from 'strongroom';
import { type PortThreads, startPortThreads } from '../contestants/port-threads.js';
import { openBenchVault } from '../contestants/strongroom.js';
import type { Context } from '../context.js';
import { keyIdOf, SIGNED_TYPES, type SignedType } from '../keys.js';
import { closedLoop } from '../load.js';
import {
  type Contestant,
  figureName,
  type Measurement,
  of,
  type Row,
  ratios,
  type Samples,
  spreadOf,
} from '../measure.js';
import { createLatencies, percentilesOf, recordMs } from '../open-loop.js';

const PORTS = 8;
const THROUGHPUT_AIM = { sense: 'at least', limit: 0.9 } as const;
/** Milliseconds. */
const QUIET_AIM = { sense: 'below', limit: 25 } as const;
/** A percentile wants samples: a lone call under a flood takes milliseconds. */
const QUIET_PACE = 4;
/** Eight threads have a compiler each, and each has an eighth of the calls to warm it by. */
const PORTS_PACE = 4;
/** Frames of a single operation that a raw flood has in flight. */
const RAW_IN_FLIGHT = 1_024;

/** Its own vault: with ports granted, pieces are cut smaller. */
export const ports = async (context: Context): Promise<Measurement> => {
  const { vault: alone, options, messages: all, secrets, missing, keeperOf } = context;
  const { many } = options.sizes;
  const types = SIGNED_TYPES.filter((type) => !missing.has(type));
  const { vault } = await openBenchVault(alone.info().threads, secrets, 0);
  let threads: PortThreads;
  try {
    threads = await startPortThreads(vault, PORTS, all.for);
  } catch (error) {
    await vault.close();
    throw error;
  }

  const pairs = types.map((type) => {
    const messages = all.for(type);
    const one = `${type}, one client`;
    const many8 = `${type}, ${PORTS} ports in as many threads`;
    const keepOne = keeperOf(one, type);
    const keepMany = keeperOf(many8, type);
    const start = (i: number): Promise<Uint8Array> => alone.sign(keyIdOf(type), messages[i % messages.length]!);
    const base: Contestant = {
      name: one,
      run: (seconds) => closedLoop({ inFlight: many, seconds, keep: keepOne, start }),
    };
    const ported: Contestant = {
      name: many8,
      run: (seconds) => threads.run(type, Math.max(1, many / PORTS), seconds, keepMany),
    };
    return { base, ported };
  });

  return {
    name: 'ports',
    group: 'scaling',
    title: `Granted ports, ${many.toLocaleString('en-US')} in flight in all: signatures/s; ratio: to one client`,
    unit: 'signatures/s',
    better: 'more',
    pace: PORTS_PACE,
    contestants: pairs.flatMap(({ base, ported }) => [base, ported]),
    rows: (samples: Samples): Row[] =>
      pairs.flatMap(({ base, ported }): Row[] => {
        const single = of(samples, base.name);
        const row = (name: string): Pick<Row, 'label' | 'sample' | 'value' | 'ratio'> => {
          const values = of(samples, name);
          return { label: name, sample: name, value: spreadOf(values), ratio: spreadOf(ratios(values, single)) };
        };
        return [
          { ...row(base.name), role: 'baseline' },
          { ...row(ported.name), role: 'strongroom', aim: THROUGHPUT_AIM },
        ];
      }),
    async close() {
      await threads.close();
      await vault.close();
    },
  };
};

interface QuietCall {
  readonly name: string;
  call(quiet: Vault): Promise<unknown>;
}

interface Flood {
  readonly name: string;
  readonly threads: PortThreads | undefined;
  readonly type: SignedType;
  readonly inFlight: number;
}

export const quietPort = async ({
  vault: alone,
  options,
  messages,
  secrets,
  missing,
}: Context): Promise<Measurement> => {
  const { vault } = await openBenchVault(alone.info().threads, secrets, 0);
  const quiet = await connectVault(await vault.grant({ keys: ['*'], operations: ['sign', 'verify'] }));
  const threads = [
    await startPortThreads(vault, 1, messages.for),
    await startPortThreads(vault, 1, messages.for, true),
  ];
  const [client, raw] = threads;
  const types = SIGNED_TYPES.filter((type) => !missing.has(type));
  const [first] = types as [SignedType];
  const message = messages.for(first)[0]!;
  const signature = await vault.sign(keyIdOf(first), message);

  const calls: readonly QuietCall[] = [
    ...types
      .filter((type) => type !== 'secp256k1')
      .map((type): QuietCall => {
        const text = messages.for(type)[0]!;
        return { name: `lone ${type}`, call: (port) => port.sign(keyIdOf(type), text) };
      }),
    { name: `verify ${first}`, call: (port) => port.verify(keyIdOf(first), message, signature) },
  ];
  const { many } = options.sizes;
  const floods: readonly Flood[] = [
    { name: 'no flood', threads: undefined, type: first, inFlight: 0 },
    ...types.map((type): Flood => ({ name: `${many} ${type} of a client`, threads: client, type, inFlight: many })),
    { name: `${RAW_IN_FLIGHT} frames of one ${first}`, threads: raw, type: first, inFlight: RAW_IN_FLIGHT },
  ];

  const points = calls.flatMap(({ name: callName, call }) =>
    floods.map((flood) => {
      const name = `${callName}, ${flood.name}`;
      const contestant: Contestant = {
        name,
        async run(seconds) {
          await flood.threads?.flood(flood.type, flood.inFlight);
          const latencies = createLatencies();
          try {
            await call(quiet);
            const end = performance.now() + seconds * 1000;
            for (let now = performance.now(); now < end; ) {
              await call(quiet);
              const before = now;
              now = performance.now();
              recordMs(latencies, now - before);
            }
          } finally {
            await flood.threads?.stop();
          }
          const { p50, p99 } = percentilesOf(latencies);
          return { p50: p50 / 1000, p99: p99 / 1000 };
        },
      };
      return { contestant, name, flooded: flood.threads !== undefined };
    }),
  );

  return {
    name: 'quiet',
    group: 'latency',
    title: 'A quiet port while another floods the vault: a call, ms',
    unit: 'ms',
    better: 'less',
    pace: QUIET_PACE,
    contestants: points.map(({ contestant }) => contestant),
    rows: (samples: Samples): Row[] =>
      points.flatMap(({ name, flooded }) =>
        (['p50', 'p99'] as const).map((figure): Row => {
          const sample = figureName(name, figure);
          const values = of(samples, sample);
          return {
            label: sample,
            role: flooded ? 'strongroom' : 'baseline',
            sample,
            value: spreadOf(values),
            ...(flooded && figure === 'p99' && { aim: QUIET_AIM }),
          };
        }),
      ),
    async close() {
      await Promise.all(threads.map((each) => each.close()));
      await quiet.close();
      await vault.close();
    },
  };
};
