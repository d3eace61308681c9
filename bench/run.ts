// The benchmark: npm run bench. A missed aim is shown and is no failure; a wrong signature is one, and so is, in a
// comparison, a figure that became worse.
import { closeSync, existsSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { isWrongSignature } from './check.js';
import { compare } from './compare.js';
import { comparisonLines } from './compare-report.js';
import { reasonOf } from './contestants/peer.js';
import { type Context, startContext } from './context.js';
import { readEnvironment } from './environment.js';
import { type Measurement, runRounds } from './measure.js';
import { MEASUREMENTS } from './measurements/index.js';
import type { MeasurementSpec } from './measurements/spec.js';
import { notesOn } from './notes.js';
import { type Options, readOptions } from './options.js';
import { writeChart } from './page/chart.js';
import { writePage } from './page/page.js';
import { type Progress, startProgress } from './progress.js';
import { readResult } from './read-result.js';
import { environmentLines, reportLines } from './report.js';
import { type MeasurementResult, RESULT_FORMAT, RESULT_VERSION, type Result, resultOf } from './result.js';

/** Signatures kept for verification in rounds that count: few, so that keeping them costs nothing. In turn with keys and messages. */
const SAMPLE_EVERY = 61;
/** Exit code of a comparison in which something is slower. */
const EXIT_SLOWER = 3;

const measure = async (
  measurement: Measurement,
  { rounds, seconds, smoke }: Options,
  { checker }: Context,
  progress: Progress,
): Promise<MeasurementResult> => {
  const samples = await runRounds(measurement, {
    rounds,
    seconds,
    warmUp: !smoke,
    begin: (round) => checker.setEvery(round === 0 || smoke ? 1 : SAMPLE_EVERY),
    end: () => checker.checkAll(),
    step: progress.step,
  });
  return resultOf(measurement, samples);
};

interface Measured {
  readonly results: readonly MeasurementResult[];
  /** What ended the run before its time. */
  readonly failure?: string;
}

/**
 * Run what was chosen, one measurement after another. The first that fails is the last; what was measured before stays,
 * unless a signature was wrong: then nothing is to be believed.
 */
const measureChosen = async (
  chosen: readonly MeasurementSpec[],
  context: Context,
  options: Options,
): Promise<Measured> => {
  const progress = startProgress(chosen.length);
  const results: MeasurementResult[] = [];
  let current = '';
  try {
    for (const spec of chosen) {
      current = spec.name;
      progress.begin(spec.name);
      const measurement = await spec.make(context);
      progress.steps(measurement.contestants.length * (options.rounds + (options.smoke ? 0 : 1)));
      try {
        results.push(await measure(measurement, options, context, progress));
      } finally {
        await measurement.close?.();
      }
    }
    return { results };
  } catch (error) {
    if (isWrongSignature(error)) throw error;
    return { results, failure: `${current} failed, and nothing was measured after it: ${reasonOf(error)}` };
  } finally {
    progress.stop();
  }
};

const runAll = async (options: Options): Promise<Result> => {
  const environment = readEnvironment();
  const startedAt = new Date().toISOString();
  const { rounds, seconds, sizes, smoke, full } = options;
  const context = await startContext(options);
  try {
    const missing = new Map<string, string>();
    const chosen = MEASUREMENTS.filter(({ name }) => options.only.includes(name)).filter((spec) => {
      const name = spec.missing?.(context);
      if (name !== undefined) missing.set(spec.name, name);
      return name === undefined;
    });
    const { results: measurements, failure } = await measureChosen(chosen, context, options);
    if (failure !== undefined) process.exitCode = 1;
    const info = context.vault.info();
    return {
      format: RESULT_FORMAT,
      version: RESULT_VERSION,
      startedAt,
      smoke,
      full,
      seconds,
      rounds,
      sizes,
      environment,
      vault: { ...info, openMs: context.openMs },
      measurements,
      signaturesChecked: context.checker.checked,
      notes: [
        ...(failure === undefined ? [] : [failure]),
        ...notesOn({ smoke, environment, threads: info.threads, measurements, missing }),
      ],
    };
  } finally {
    // The result is there by now.
    await context.close().catch((error: unknown) => console.error(`error: ${reasonOf(error)}`));
  }
};

/** Before minutes are spent on a result that could not be kept. A file that is there stays as it is. */
const checkWritable = (path: string): void => {
  const wasThere = existsSync(path);
  try {
    closeSync(openSync(path, 'a'));
    if (!wasThere) rmSync(path);
  } catch (error) {
    console.error(`error: ${path} cannot be written: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`);
    process.exit(1);
  }
};

/** One that cannot be made keeps no other from being written, and the result is shown whatever happens to files. */
const write = (path: string | undefined, make: () => string): void => {
  if (path === undefined) return;
  try {
    writeFileSync(path, make());
  } catch (error) {
    console.error(`error: ${path} was not written: ${(error as Error).message}`);
    process.exitCode = 1;
  }
};

/** Nothing has begun yet when a file turns out to be no result. */
const resultIn = (path: string): Result => {
  try {
    return readResult(path);
  } catch (error) {
    console.error(`error: ${(error as Error).message}`);
    process.exit(1);
  }
};

const main = async (): Promise<void> => {
  const options = readOptions(process.argv.slice(2));
  const print = (lines: readonly string[]): void => console.log(lines.join('\n'));
  for (const path of [options.json, options.html, options.svg]) if (path !== undefined) checkWritable(path);
  // Before minutes are spent on a result that could not be compared.
  const earlier = options.compare === undefined ? undefined : resultIn(options.compare);
  const result = options.from === undefined ? await runAll(options) : resultIn(options.from);
  write(options.json, () => `${JSON.stringify(result, undefined, 2)}\n`);
  print([...environmentLines(result), ...reportLines(result)]);
  write(options.html, () => writePage(result));
  write(options.svg, () => writeChart(result));
  if (earlier === undefined) return;
  const comparison = compare(earlier, result);
  print(['', ...comparisonLines(comparison)]);
  if (comparison.slower) process.exitCode ??= EXIT_SLOWER;
};

await main();
