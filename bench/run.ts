// The benchmark: npm run bench. A missed aim is shown and is no failure; a wrong signature is one.
import { writeFileSync } from 'node:fs';
import { type Context, startContext } from './context.js';
import { readEnvironment } from './environment.js';
import { SIGNED_TYPES } from './keys.js';
import { type Measurement, runRounds } from './measure.js';
import { delay } from './measurements/delay.js';
import { latency } from './measurements/latency.js';
import { manyKeys } from './measurements/many-keys.js';
import { throughput } from './measurements/throughput.js';
import { notesOn } from './notes.js';
import { type MeasurementName, type Options, readOptions } from './options.js';
import { type Progress, startProgress } from './progress.js';
import { environmentLines, reportLines } from './report.js';
import { type MeasurementResult, RESULT_FORMAT, RESULT_VERSION, type Result, resultOf } from './result.js';

/** Signatures kept for verification in rounds that count: few, so that keeping them costs nothing. In turn with keys and messages. */
const SAMPLE_EVERY = 61;

const make = (name: MeasurementName, context: Context): Measurement => {
  switch (name) {
    case 'latency':
      return latency(context);
    case 'keys':
      return manyKeys(context);
    case 'delay':
      return delay(context);
    default:
      return throughput(context, name);
  }
};

/** What the measurement needs a native library for. */
const missingFor = (name: MeasurementName, { missing }: Context): string | undefined => {
  if (name === 'latency') return missing.get('ed25519');
  const type = SIGNED_TYPES.find((each) => each === name);
  return type === undefined ? undefined : missing.get(type);
};

const measureAll = async (
  measurements: readonly Measurement[],
  { rounds, seconds }: Options,
  { checker }: Context,
  progress: Progress,
): Promise<MeasurementResult[]> => {
  const results: MeasurementResult[] = [];
  for (const measurement of measurements) {
    progress.label(measurement.name);
    const samples = await runRounds(measurement, {
      rounds,
      seconds,
      begin: (round) => checker.setEvery(round === 0 ? 1 : SAMPLE_EVERY),
      end: () => checker.checkAll(),
      step: progress.step,
    });
    results.push(resultOf(measurement, samples));
  }
  return results;
};

const main = async (): Promise<void> => {
  const environment = readEnvironment();
  const startedAt = new Date().toISOString();
  const options = readOptions(process.argv.slice(2));
  const { rounds, seconds, sizes, smoke } = options;
  const print = (lines: readonly string[]): void => console.log(lines.join('\n'));
  print(environmentLines(environment, options));

  const context = await startContext(options);
  try {
    const missing = new Map<MeasurementName, string>();
    for (const name of options.only) {
      const library = missingFor(name, context);
      if (library !== undefined) missing.set(name, library);
    }
    const chosen = options.only.filter((name) => !missing.has(name)).map((name) => make(name, context));
    const steps = chosen.reduce((sum, { contestants }) => sum + contestants.length * (rounds + 1), 0);
    const progress = startProgress(steps);
    const measurements = await measureAll(chosen, options, context, progress).finally(progress.stop);
    const info = context.vault.info();
    const { threads } = info;
    const result: Result = {
      format: RESULT_FORMAT,
      version: RESULT_VERSION,
      startedAt,
      smoke,
      seconds,
      rounds,
      sizes,
      environment,
      vault: { ...info, openMs: context.openMs },
      measurements,
      signaturesChecked: context.checker.checked,
      notes: notesOn({ smoke, environment, threads, measurements, missing }),
    };
    print(reportLines(result));
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  } finally {
    await context.close();
  }
};

await main();
