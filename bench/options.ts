// The command line of the benchmark, and the sizes that follow from it.
import { Command, InvalidArgumentError } from 'commander';

export const MEASUREMENTS = ['ed25519', 'secp256k1', 'bls12-381', 'latency', 'keys', 'delay'] as const;
export type MeasurementName = (typeof MEASUREMENTS)[number];

/** How much of everything. A smoke run has less of it, and its figures mean nothing. */
export interface Sizes {
  /** Calls in flight: a full machine, and a lightly loaded one. */
  readonly many: number;
  readonly few: number;
  /** Messages of one signMany(). */
  readonly batch: number;
  /** Keys used in turn: many, and few. */
  readonly manyKeys: number;
  readonly fewKeys: number;
  /** Different messages; they are used in turn. */
  readonly messages: number;
}

const FULL: Sizes = { many: 2_048, few: 64, batch: 4_096, manyKeys: 20_000, fewKeys: 10, messages: 64 };
const SMOKE: Sizes = { many: 128, few: 16, batch: 256, manyKeys: 100, fewKeys: 10, messages: 4 };

export interface Options {
  /** Length of one measured run. BLS runs are twice as long: a signature takes ten times as long. */
  readonly seconds: number;
  /** Rounds that count; one more goes before them. */
  readonly rounds: number;
  readonly only: readonly MeasurementName[];
  readonly threads: number;
  readonly json: string | undefined;
  readonly smoke: boolean;
  readonly sizes: Sizes;
}

const DEFAULT_SECONDS = 0.5;
const DEFAULT_ROUNDS = 6;
const SMOKE_SECONDS = 0.02;
const SMOKE_ROUNDS = 1;
/** What the aims are set for. */
const DEFAULT_THREADS = 2;

const number =
  (min: number, max: number, whole: boolean) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() !== '' && value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    throw new InvalidArgumentError(`expected a ${whole ? 'whole ' : ''}number from ${min} to ${max}`);
  };

const addMeasurement = (text: string, chosen: readonly MeasurementName[] | undefined): MeasurementName[] => {
  const names = text.split(',').map((name) => {
    const known = MEASUREMENTS.find((measurement) => measurement === name);
    if (known === undefined) throw new InvalidArgumentError(`expected some of ${MEASUREMENTS.join(', ')}`);
    return known;
  });
  return [...new Set([...(chosen ?? []), ...names])];
};

interface Parsed {
  readonly seconds?: number;
  readonly rounds?: number;
  readonly only?: readonly MeasurementName[];
  readonly threads: number;
  readonly json?: string;
  readonly smoke?: true;
}

/** Read the arguments. Ends the process on a mistake (exit code 1) and after --help. */
export const readOptions = (args: readonly string[]): Options => {
  const command = new Command('npm run bench --')
    .description("Strongroom's speed against bare loops over the same native libraries, on this machine.")
    .option('--seconds <n>', `length of a measured run (${DEFAULT_SECONDS})`, number(0.001, 60, false))
    .option('--rounds <n>', `rounds that count (${DEFAULT_ROUNDS})`, number(1, 100, true))
    .option('--only <names>', `some of ${MEASUREMENTS.join(', ')}; separated by commas`, addMeasurement)
    .option('--threads <n>', 'signer threads; the aims hold for 2', number(1, 256, true), DEFAULT_THREADS)
    .option('--json <file>', 'write the result, with every sample, to a file')
    .option('--smoke', 'seconds in place of minutes; shows that everything runs, and measures nothing')
    .allowExcessArguments(false);
  const parsed = command.parse([...args], { from: 'user' }).opts<Parsed>();
  const smoke = parsed.smoke === true;
  return {
    seconds: parsed.seconds ?? (smoke ? SMOKE_SECONDS : DEFAULT_SECONDS),
    rounds: parsed.rounds ?? (smoke ? SMOKE_ROUNDS : DEFAULT_ROUNDS),
    // In the order of the list, whatever the order of the arguments.
    only: MEASUREMENTS.filter((name) => parsed.only?.includes(name) ?? true),
    threads: parsed.threads,
    json: parsed.json,
    smoke,
    sizes: smoke ? SMOKE : FULL,
  };
};
