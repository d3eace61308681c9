// The benchmark: npm run bench. A missed aim is shown and is no failure; a wrong signature is one, and so is, in a
// comparison, a figure that became worse.
import { writeFileSync } from 'node:fs';
import { compare } from './compare.js';
import { comparisonLines } from './compare-report.js';
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

/** Run what was chosen, one measurement after another. */
const measureChosen = async (
  chosen: readonly MeasurementSpec[],
  context: Context,
  options: Options,
): Promise<MeasurementResult[]> => {
  const progress = startProgress(chosen.length);
  const results: MeasurementResult[] = [];
  try {
    for (const spec of chosen) {
      progress.begin(spec.name);
      const measurement = await spec.make(context);
      progress.steps(measurement.contestants.length * (options.rounds + (options.smoke ? 0 : 1)));
      try {
        results.push(await measure(measurement, options, context, progress));
      } finally {
        await measurement.close?.();
      }
    }
  } finally {
    progress.stop();
  }
  return results;
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
    const measurements = await measureChosen(chosen, context, options);
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
      notes: notesOn({ smoke, environment, threads: info.threads, measurements, missing }),
    };
  } finally {
    await context.close();
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
  // Before minutes are spent on a result that could not be compared.
  const earlier = options.compare === undefined ? undefined : resultIn(options.compare);
  const result = options.from === undefined ? await runAll(options) : resultIn(options.from);
  print([...environmentLines(result), ...reportLines(result)]);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  if (options.html !== undefined) writeFileSync(options.html, writePage(result));
  if (options.svg !== undefined) writeFileSync(options.svg, writeChart(result));
  if (earlier === undefined) return;
  const comparison = compare(earlier, result);
  print(['', ...comparisonLines(comparison)]);
  if (comparison.slower) process.exitCode = EXIT_SLOWER;
};

await main();
