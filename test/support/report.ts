// What really ran in this test file, and the line that tells the runner. The line is written when the process exits,
// however it exits, and the exit code follows it.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FileReport, REPORT_PREFIX, type Skip } from './report-line.js';

export type Body = () => unknown;

/** A test or hook, with its limit. */
export interface Step {
  readonly name: string;
  readonly body: Body;
  readonly timeoutMs: number;
}

export interface SuiteRecord {
  readonly name: string;
  registered: number;
  executed: number;
  passed: number;
  started: boolean;
  finished: boolean;
  readonly failures: string[];
  readonly skips: Skip[];
  /** Show an error and count it as a failure. */
  problem(what: string, error: Error): void;
  /** Show an error that is counted elsewhere. */
  print(what: string, error: Error): void;
}

/** After the last suite the process must end by itself: what keeps it alive is a leaked thread, timer or handle. */
const LINGER_MS = Number(process.env.STRONGROOM_TEST_LINGER_MS ?? 10_000);

const records: SuiteRecord[] = [];
const fileFailures: string[] = [];
let uncaughtInStep: ((error: unknown) => void) | undefined;
let lingerTimer: NodeJS.Timeout | undefined;

const show = (what: string, error: unknown): void => {
  console.log(`\n  FAIL  ${what}\n    ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
};

const fileFailure = (what: string, error: unknown): void => {
  show(what, error);
  fileFailures.push(what);
};

/** An error that nobody caught fails the step that is running, or else the file. */
const onUncaught =
  (kind: string) =>
  (error: unknown): void => {
    if (uncaughtInStep === undefined) fileFailure(`${kind} outside of a test`, error);
    else uncaughtInStep(error);
  };

export interface RunningStep {
  /** Rejects with an error that nobody caught. */
  readonly uncaught: Promise<never>;
  /** Ends the step, after one turn of the event loop in which errors that it left behind still count as its own. */
  end(): Promise<void>;
}

/** Mark a step as the running one. */
export const startRun = (step: Step): RunningStep => {
  const errors: unknown[] = [];
  const uncaught = new Promise<never>((_, reject) => {
    uncaughtInStep = (error) => {
      if (errors.length > 0) show(`"${step.name}", a further uncaught error`, error);
      errors.push(error);
      reject(error);
    };
  });
  uncaught.catch(() => {}); // the step may be over already; end() asks again
  return {
    uncaught,
    async end() {
      await nextTurn();
      uncaughtInStep = undefined;
      if (errors.length > 0) throw errors[0];
    },
  };
};

/** Run a test and count it. Rethrows: uvu prints the error. */
export const countTest = async (record: SuiteRecord, name: string, body: () => Promise<void>): Promise<void> => {
  try {
    await body();
    record.passed++;
  } catch (error) {
    record.failures.push(name);
    throw error;
  } finally {
    record.executed++;
    if (record.executed === record.registered) watchForEnd();
  }
};

/** Not armed before all tests have run; unref'd, so that it never keeps the process alive itself. */
const watchForEnd = (): void => {
  clearTimeout(lingerTimer);
  lingerTimer = setTimeout(() => {
    if (records.some((record) => !record.finished)) return watchForEnd();
    const resources = process.getActiveResourcesInfo().join(', ');
    fileFailure(
      `the process did not end by itself within ${LINGER_MS} ms after its tests`,
      `kept alive by: ${resources}`,
    );
    process.exit(1);
  }, LINGER_MS).unref();
};

export const trackSuite = (name: string): SuiteRecord => {
  const record: SuiteRecord = {
    name,
    registered: 0,
    executed: 0,
    passed: 0,
    started: false,
    finished: false,
    failures: [],
    skips: [],
    problem(what, error) {
      show(`${name}: ${what}`, error);
      record.failures.push(what);
    },
    print(what, error) {
      show(`${name}: ${what}`, error);
    },
  };
  records.push(record);
  return record;
};

/** What a suite did not do, in words; undefined when it ran to its end. */
const incompleteness = (record: SuiteRecord): string | undefined => {
  if (!record.started) return 'run() was never called';
  if (record.registered + record.skips.length === 0) return 'the suite has no tests';
  if (record.executed < record.registered) {
    return `the process ended after ${record.executed} of ${record.registered} tests`;
  }
  if (!record.finished) return 'the process ended before the suite did';
  return undefined;
};

const collect = (exitCode: number): FileReport => {
  if (records.length === 0) fileFailure('the file has no suite', 'suite() was never called');
  for (const record of records) {
    const missing = incompleteness(record);
    if (missing !== undefined) record.problem(missing, new Error(missing));
  }
  const failures = [...records.flatMap((record) => record.failures), ...fileFailures];
  if (failures.length === 0 && exitCode !== 0) failures.push(`the process ended with exit code ${exitCode}`);
  const skips = records.flatMap((record) => record.skips);
  return {
    suite: records.map((record) => record.name).join(', '),
    passed: records.reduce((sum, record) => sum + record.passed, 0),
    failed: failures.length,
    skipped: skips.length,
    failures,
    skips,
  };
};

process.on('unhandledRejection', onUncaught('an unhandled rejection'));
process.on('uncaughtException', onUncaught('an uncaught exception'));
process.on('exit', (exitCode) => {
  const report = collect(exitCode);
  console.log(`\n${REPORT_PREFIX}${JSON.stringify(report)}`);
  process.exitCode = report.failed === 0 ? 0 : 1;
});
