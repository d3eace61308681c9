// The command line of the benchmark, and the sizes that follow from it.
import { Command, InvalidArgumentError } from 'commander';
import { GROUPS } from './measure.js';
import { MEASUREMENT_NAMES, MEASUREMENTS } from './measurements/index.js';

/** How much of everything. A smoke run has less of it, and its figures mean nothing. */
export interface Sizes {
  /** Calls in flight: a full machine, and a lightly loaded one. */
  readonly many: number;
  readonly few: number;
  /** Messages of one signMany(). */
  readonly batch: number;
  /** Keys used in turn. */
  readonly manyKeys: number;
  /** Different messages; they are used in turn. */
  readonly messages: number;
}

const FULL: Sizes = { many: 2_048, few: 64, batch: 4_096, manyKeys: 10_000, messages: 64 };
const SMOKE: Sizes = { many: 128, few: 16, batch: 256, manyKeys: 64, messages: 4 };

export interface Options {
  /** Length of one measured run. BLS runs are half as long again: a signature takes ten times as long. */
  readonly seconds: number;
  /** Rounds that count; one more goes before them. */
  readonly rounds: number;
  /** Names of measurements, in the order of the list. */
  readonly only: readonly string[];
  readonly threads: number;
  /** Files to write: the result, the page, the chart. */
  readonly json: string | undefined;
  readonly html: string | undefined;
  readonly svg: string | undefined;
  /** The file of an earlier result, to compare with. */
  readonly compare: string | undefined;
  /** The file of a result that is shown in place of a new one. */
  readonly from: string | undefined;
  readonly smoke: boolean;
  readonly full: boolean;
  readonly sizes: Sizes;
}

const DEFAULT_SECONDS = 0.3;
const DEFAULT_ROUNDS = 5;
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

/** Measurements and whole groups. */
const addMeasurement = (text: string, chosen: readonly string[] | undefined): string[] => {
  const names = text.split(',').flatMap((word) => {
    const named = MEASUREMENTS.filter(({ name, group }) => name === word || group === word).map(({ name }) => name);
    if (named.length > 0) return named;
    throw new InvalidArgumentError(`expected some of ${[...GROUPS, ...MEASUREMENT_NAMES].join(', ')}`);
  });
  return [...new Set([...(chosen ?? []), ...names])];
};

interface Parsed {
  readonly seconds?: number;
  readonly rounds?: number;
  readonly only?: readonly string[];
  readonly threads: number;
  readonly json?: string;
  readonly html?: string;
  readonly svg?: string;
  readonly compare?: string;
  readonly from?: string;
  readonly smoke?: true;
  readonly full?: true;
}

/** Read the arguments. Ends the process on a mistake (exit code 1) and after --help. */
export const readOptions = (args: readonly string[]): Options => {
  const command = new Command('npm run bench --')
    .description("Strongroom's speed against bare loops over the same native libraries, on this machine.")
    .option('--seconds <n>', `length of a measured run (${DEFAULT_SECONDS})`, number(0.001, 60, false))
    .option('--rounds <n>', `rounds that count (${DEFAULT_ROUNDS})`, number(1, 100, true))
    .option(
      '--only <names>',
      `some of ${[...GROUPS, ...MEASUREMENT_NAMES].join(', ')}; separated by commas`,
      addMeasurement,
    )
    .option('--threads <n>', 'signer threads; the aims hold for 2', number(1, 256, true), DEFAULT_THREADS)
    .option('--full', 'measure everything: about ten minutes')
    .option('--json <file>', 'write the result, with every sample, to a file')
    .option('--html <file>', 'write a page with charts, which needs no network')
    .option('--svg <file>', 'write the chart of throughput')
    .option(
      '--compare <file>',
      'tell what changed since a result that --json wrote; exit code 3 if something is slower',
    )
    .option('--from <file>', 'measure nothing: show, draw or compare a result that --json wrote')
    .option('--smoke', 'seconds in place of minutes; shows that everything runs, and measures nothing')
    .allowExcessArguments(false);
  const parsed = command.parse([...args], { from: 'user' }).opts<Parsed>();
  const smoke = parsed.smoke === true;
  return {
    seconds: parsed.seconds ?? (smoke ? SMOKE_SECONDS : DEFAULT_SECONDS),
    rounds: parsed.rounds ?? (smoke ? SMOKE_ROUNDS : DEFAULT_ROUNDS),
    // In the order of the list, whatever the order of the arguments.
    only: MEASUREMENTS.filter(
      ({ name, full }) => parsed.only?.includes(name) ?? (full !== true || parsed.full === true),
    ).map(({ name }) => name),
    threads: parsed.threads,
    json: parsed.json,
    html: parsed.html,
    svg: parsed.svg,
    compare: parsed.compare,
    from: parsed.from,
    smoke,
    full: parsed.full === true,
    sizes: smoke ? SMOKE : FULL,
  };
};
