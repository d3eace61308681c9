// The timing-leak bench as a program: node .build/bench/timing/run.js. Exit codes: 0 no leak was seen, 1 the run proves
// nothing (or could not be made), 2 a path of ours leaks.
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError } from 'commander';
import { startProgress } from '../progress.js';
import { timingLines } from './report.js';
import { exitCodeOf, runTiming, TIMED_PATHS } from './timing.js';

const DEFAULT_SECONDS = 3;

const seconds = (text: string): number => {
  const value = Number(text);
  if (text.trim() !== '' && value >= 0.001 && value <= 600) return value;
  throw new InvalidArgumentError('expected a number from 0.001 to 600');
};

const paths = (text: string): string[] =>
  text.split(',').map((word) => {
    if (TIMED_PATHS.some((name) => name === word)) return word;
    throw new InvalidArgumentError(`expected some of ${TIMED_PATHS.join(', ')}`);
  });

interface Parsed {
  readonly seconds: number;
  readonly only?: readonly string[];
  readonly json?: string;
}

const main = async (): Promise<void> => {
  const command = new Command('npm run bench -- --timing')
    .description("Whether the time of Strongroom's own code depends on a secret.")
    .option('--seconds <n>', 'length of each experiment', seconds, DEFAULT_SECONDS)
    .option('--only <paths>', `some of ${TIMED_PATHS.join(', ')}; separated by commas`, paths)
    .option('--json <file>', 'write the result to a file')
    .allowExcessArguments(false);
  const options = command.parse().opts<Parsed>();
  let progress: ReturnType<typeof startProgress> | undefined;
  const result = await runTiming({
    seconds: options.seconds,
    only: options.only,
    begin(label, _index, count) {
      progress ??= startProgress(count);
      progress.begin(label);
    },
  });
  progress?.stop();
  console.log(timingLines(result).join('\n'));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`);
  process.exitCode = exitCodeOf(result);
};

await main();
