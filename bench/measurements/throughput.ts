// Signatures per second of one key type: by the vault under three loads, against one bare loop and against as many bare
// loops as there are signer threads.

import { runBareLoop } from '../contestants/bare.js';
import type { Context } from '../context.js';
import { keyIdOf, type SignedType } from '../keys.js';
import { batches, closedLoop } from '../load.js';
import {
  type Aim,
  type Contestant,
  type Measurement,
  median,
  of,
  type Row,
  ratios,
  type Samples,
  spreadOf,
} from '../measure.js';

const count = (value: number): string => value.toLocaleString('en-US');
const atLeast = (limit: number): Aim => ({ sense: 'at least', limit });

interface ThroughputAims {
  readonly many: Aim;
  readonly few: Aim;
  readonly batch: Aim;
}

/** Ratios to one bare loop, for two signer threads on two cores. */
const AIMED_THREADS = 2;
const AIMS: Readonly<Record<SignedType, ThroughputAims>> = {
  ed25519: { many: atLeast(1.75), few: atLeast(1.2), batch: atLeast(1.85) },
  secp256k1: { many: atLeast(1.9), few: atLeast(1.5), batch: atLeast(1.93) },
  'bls12-381': { many: atLeast(1.95), few: atLeast(1.7), batch: atLeast(1.95) },
};

/** A BLS signature takes ten times as long as another: its bursts are further apart. */
const PACE: Readonly<Record<SignedType, number>> = { ed25519: 1, secp256k1: 1, 'bls12-381': 2 };

const TITLES: Readonly<Record<SignedType, string>> = {
  ed25519: 'ed25519: signatures/s',
  secp256k1: 'secp256k1 ecdsa: signatures/s',
  'bls12-381': 'bls12-381: signatures/s',
};

export const throughput = (context: Context, type: SignedType): Measurement => {
  const { vault, options, bareThreads, keeperOf } = context;
  const { sizes } = options;
  const { threads } = vault.info();
  const messages = context.messages.for(type);
  const sign = context.bare.get(type)!;
  const id = keyIdOf(type);
  const batch = Array.from({ length: sizes.batch }, (_, i) => messages[i % messages.length]!);

  const named = (
    name: string,
    run: (seconds: number, keep: ReturnType<typeof keeperOf>) => number | Promise<number>,
  ): Contestant => {
    const keep = keeperOf(`${type}, ${name}`, type);
    return { name, run: async (seconds) => run(seconds, keep) };
  };
  const inFlight = (calls: number): Contestant =>
    named(`sign(), ${count(calls)} in flight`, (seconds, keep) =>
      closedLoop({
        inFlight: calls,
        seconds,
        keep,
        start: (i) => vault.sign(id, messages[i % messages.length]!),
      }),
    );

  const bare = named('bare loop, one core', (seconds, keep) => runBareLoop(seconds, keep, sign, messages));
  const ceiling = named(`bare loops in ${threads} threads`, (seconds, keep) => bareThreads.run(type, seconds, keep));
  const many = inFlight(sizes.many);
  const few = inFlight(sizes.few);
  const batched = named(`signMany() of ${count(sizes.batch)}`, (seconds, keep) =>
    batches(seconds, sizes.batch, keep, () => vault.signMany(id, batch)),
  );

  return {
    name: type,
    title: TITLES[type],
    unit: 'signatures/s',
    pace: PACE[type],
    contestants: [bare, ceiling, many, few, batched],
    rows(samples: Samples): Row[] {
      const row = ({ name }: Contestant, aim?: Aim): Row => {
        const values = of(samples, name);
        return {
          label: name,
          value: spreadOf(values),
          ratio: spreadOf(ratios(values, of(samples, bare.name))),
          ofCeiling: median(ratios(values, of(samples, ceiling.name))),
          aim: threads === AIMED_THREADS ? aim : undefined,
        };
      };
      const aims = AIMS[type];
      return [row(bare), row(ceiling), row(many, aims.many), row(few, aims.few), row(batched, aims.batch)];
    },
  };
};
