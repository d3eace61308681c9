// What longer messages cost: they are copied into a frame, and cross two threads. Against a bare loop over the same.
import { createHash, randomBytes } from 'node:crypto';
import { createChecker } from '../check.js';
import { type BareSign, runBareLoop } from '../contestants/bare.js';
import type { Context } from '../context.js';
import { keyIdOf, type SignedType } from '../keys.js';
import { closedLoop } from '../load.js';
import { type Contestant, type Measurement, of, type Row, ratios, type Samples, spreadOf } from '../measure.js';
import type { Messages } from '../messages.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZES = [32, KIB, 16 * KIB, 128 * KIB, MIB];
/** Message bytes in flight, at most: far below the vault's limit, and enough for 32 of the longest messages. */
const BYTES_IN_FLIGHT = 32 * MIB;
const MESSAGES = 4;
/** As elsewhere; long messages give few signatures, all of which are verified. */
const VERIFY_EVERY = 61;
const VERIFY_ALL_FROM = 128 * KIB;

/** secp256k1 with the digest taken inside the vault; the bare loop takes OpenSSL's. */
const TYPES = ['ed25519', 'secp256k1'] as const;
const SERIES = { ed25519: 'ed25519', secp256k1: 'ecdsa of sha256' } as const;

export const sizeText = (bytes: number): string =>
  bytes >= MIB ? `${bytes / MIB} MiB` : bytes >= KIB ? `${bytes / KIB} KiB` : `${bytes} B`;

interface Point {
  readonly series: string;
  readonly size: number;
  readonly bare: Contestant;
  readonly vault: Contestant;
}

export const sizes = ({ vault, bare, options, missing, key }: Context): Measurement => {
  const { many } = options.sizes;

  const pointOf = (type: (typeof TYPES)[number], size: number): Point => {
    const plain = Array.from({ length: MESSAGES }, () => Uint8Array.from(randomBytes(size)));
    const messages: Messages = { plain, for: () => plain };
    const checker = createChecker(messages);
    checker.setEvery(size >= VERIFY_ALL_FROM ? 1 : VERIFY_EVERY);
    const name = `${SERIES[type]}, ${sizeText(size)}`;
    const keep = checker.keeperFor(name, [key(keyIdOf(type))]);
    const signDigest = bare.get(type)!;
    const sign: BareSign =
      type === 'secp256k1' ? (message) => signDigest(createHash('sha256').update(message).digest()) : signDigest;
    const signOptions = type === 'secp256k1' ? ({ hash: 'sha256' } as const) : {};
    const id = keyIdOf(type);
    const inFlight = Math.min(many, Math.floor(BYTES_IN_FLIGHT / size));
    const checked = async (rate: number): Promise<number> => {
      await checker.checkAll();
      return rate;
    };
    return {
      series: SERIES[type],
      size,
      bare: {
        name: `${name}: bare loop`,
        run: async (seconds) => checked(runBareLoop(seconds, keep, sign, plain)),
      },
      vault: {
        name: `${name}: sign()`,
        run: async (seconds) =>
          checked(
            await closedLoop({
              inFlight,
              seconds,
              keep,
              start: (i) => vault.sign(id, plain[i % MESSAGES]!, signOptions),
            }),
          ),
      },
    };
  };
  const isThere = (type: SignedType): boolean => !missing.has(type);
  const points = TYPES.filter(isThere).flatMap((type) => SIZES.map((size) => pointOf(type, size)));

  return {
    name: 'sizes',
    group: 'scaling',
    title: 'Message sizes: signatures/s; ratio: to a bare loop over messages of the same size',
    unit: 'signatures/s',
    better: 'more',
    axis: { label: 'message bytes', scale: 'log' },
    pace: 0.8,
    contestants: points.flatMap((point) => [point.bare, point.vault]),
    rows(samples: Samples): Row[] {
      const rates = points.flatMap(({ series, size, bare: { name: bareName }, vault: { name } }): Row[] => {
        const base = of(samples, bareName);
        const row = (sample: string): Pick<Row, 'label' | 'x' | 'sample' | 'value' | 'ratio'> => {
          const values = of(samples, sample);
          const ratio = spreadOf(ratios(values, base));
          return { label: sample, x: size, sample, value: spreadOf(values), ratio };
        };
        return [
          { ...row(bareName), role: 'baseline', series: `${series}: bare loop` },
          { ...row(name), role: 'strongroom', series: `${series}: sign()` },
        ];
      });
      const megabytes = points.map(({ series, size, bare: { name: bareName }, vault: { name } }): Row => {
        const values = of(samples, name);
        return {
          label: `${series}, ${sizeText(size)}: MB/s`,
          role: 'strongroom',
          value: spreadOf(values.map((rate) => (rate * size) / 1e6)),
          ratio: spreadOf(ratios(values, of(samples, bareName))),
        };
      });
      return [...rates, ...megabytes];
    },
  };
};
