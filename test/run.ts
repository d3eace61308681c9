// Runs the test files, each in a process of its own, and counts what they report. A file that crashes, hangs or gives
// no report counts as a failure. The last line is `N passed, N failed`, with `, N skipped` when something was skipped.
//
//   node .build/test/run.js [part of a path ...]
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FileOutcome, killRunning, runTestFile } from './support/run-file.js';

/** Two at a time: many tests start threads of their own. */
const AT_ONCE = Math.min(2, availableParallelism());
const DEFAULT_FILE_TIMEOUT_MS = 240_000;
/** Files of this name measure time or use the whole machine, and run alone after the others. */
const SERIAL = '.serial.test.js';

// STRONGROOM_TEST_FOLDER and _TIMEOUT_MS exist for the tests of this runner.
const folder = resolve(process.env.STRONGROOM_TEST_FOLDER ?? fileURLToPath(new URL('.', import.meta.url)));
const fileTimeoutMs = Number(process.env.STRONGROOM_TEST_TIMEOUT_MS ?? DEFAULT_FILE_TIMEOUT_MS);

const findFiles = (filters: readonly string[]): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => {
      const name = nameOf(file);
      return filters.length === 0 || filters.some((filter) => name.includes(filter));
    })
    .sort();

const nameOf = (file: string): string => relative(folder, file).split(sep).join('/').replace(/\.js$/, '.ts');

const printLine = (file: string, outcome: FileOutcome): void => {
  const mark = outcome.failed > 0 ? 'FAIL' : '  ok';
  const skipped = outcome.skips.length > 0 ? `, ${outcome.skips.length} skipped` : '';
  const counts = `${outcome.passed} passed, ${outcome.failed} failed${skipped}`;
  console.log(`${mark}  ${nameOf(file)}  ${counts}  ${outcome.seconds.toFixed(1)} s`);
};

const runAll = async (files: readonly string[], temp: string): Promise<Map<string, FileOutcome>> => {
  const outcomes = new Map<string, FileOutcome>();
  const drain = async (queue: string[]): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const outcome = await runTestFile(file, { timeoutMs: fileTimeoutMs, tempFolder: temp });
      outcomes.set(file, outcome);
      printLine(file, outcome);
    }
  };
  const together = files.filter((file) => !file.endsWith(SERIAL));
  await Promise.all(Array.from({ length: AT_ONCE }, () => drain(together)));
  await drain(files.filter((file) => file.endsWith(SERIAL)));
  return outcomes;
};

const printFailures = (outcomes: Map<string, FileOutcome>): void => {
  for (const [file, outcome] of outcomes) {
    if (outcome.failed === 0) continue;
    console.log(`\n──── ${nameOf(file)}: ${outcome.failed} failed ────\n`);
    console.log(outcome.output.trimEnd());
    for (const failure of outcome.failures) console.log(`  failed: ${failure}`);
  }
};

const printSkips = (outcomes: Map<string, FileOutcome>): void => {
  const skips = [...outcomes].flatMap(([file, outcome]) => outcome.skips.map((skip) => ({ file, ...skip })));
  if (skips.length === 0) return;
  console.log(`\n──── NOT TESTED: ${skips.length} skipped ────\n`);
  for (const skip of skips) console.log(`  ${nameOf(skip.file)}: ${skip.name}\n    because ${skip.reason}`);
};

const main = async (): Promise<void> => {
  const files = findFiles(process.argv.slice(2));
  const temp = mkdtempSync(join(tmpdir(), 'strongroom-tests-'));
  const cleanUp = (): void => {
    killRunning();
    rmSync(temp, { recursive: true, force: true, maxRetries: 3 });
  };
  process.on('exit', cleanUp);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

  const outcomes = await runAll(files, temp);
  printFailures(outcomes);
  printSkips(outcomes);

  const sum = (count: (outcome: FileOutcome) => number): number =>
    [...outcomes.values()].reduce((total, outcome) => total + count(outcome), 0);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum((outcome) => outcome.failed);
  const skipped = sum((outcome) => outcome.skips.length);
  if (passed + failed === 0) console.log('\nno test ran');
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
  process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
};

await main();
