// uvu, wrapped once. On its own uvu ends green when a `before` hook throws, when a suite is never run, when it is
// empty, and when a test throws something that is no Error. Here each of these fails the file, so do a hang, an
// unhandled rejection and an early exit, and the file says at its end what really ran.
import './uvu-by-hand.js';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import * as uvu from 'uvu';
import { type Body, countTest, type Step, type SuiteRecord, startRun, trackSuite } from './report.js';

/** A limit for tests that name none. A hang is a failure that names the test. */
const DEFAULT_TIMEOUT_MS = 60_000;

interface Hook {
  (body: Body): void;
  /** Around every single test. */
  each(body: Body): void;
}

export interface TestSuite {
  /** A test; its name is a sentence about behaviour. */
  (name: string, body: Body): void;
  /** A test that can't run here, and why. Shown at the end of every run. */
  skip(name: string, reason: string): void;
  before: Hook;
  after: Hook;
  /** The limit in milliseconds of each test and hook that is registered after this call. */
  timeout(ms: number): void;
  /** Mandatory, once, after the last test. */
  run(): void;
}

/** uvu formats `error.name` and `error.stack`, and loses the whole suite when they are missing. */
const asError = (thrown: unknown): Error => {
  if (thrown instanceof Error && typeof thrown.stack === 'string' && typeof thrown.name === 'string') return thrown;
  return new Error(`threw ${thrown === null ? 'null' : typeof thrown} in place of an Error: ${String(thrown)}`);
};

/** Run a step to its end, its time limit, or an error that nobody caught, whichever comes first. */
const perform = async (step: Step): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const running = startRun(step);
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`"${step.name}" did not end within ${step.timeoutMs} ms`)),
      step.timeoutMs,
    );
  });
  const outcome = await Promise.allSettled([
    Promise.race([Promise.resolve().then(step.body), limit, running.uncaught]).finally(() => clearTimeout(timer)),
  ]);
  // The step's own error says more than what it left uncaught.
  const [late] = await Promise.allSettled([running.end()]);
  for (const { status, reason } of [...outcome, late] as PromiseRejectedResult[]) {
    if (status === 'rejected') throw asError(reason);
  }
};

// Suites of one file run one after the other, each started by hand (uvu-by-hand.ts).
// The first waits for a turn of the event loop: what the file throws at its top level is then not taken for a test's.
let lastRun: Promise<void> = nextTurn();

const execute = async (record: SuiteRecord, test: uvu.Test): Promise<void> => {
  globalThis.UVU_QUEUE.length = 0;
  globalThis.UVU_QUEUE.push([null]);
  test.run();
  try {
    await uvu.exec();
  } catch (thrown) {
    record.problem('the suite', asError(thrown));
  }
  record.finished = true;
};

/**
 * A suite of tests: one room of one file.
 *
 * @param name - what the tests are about.
 */
export const suite = (name: string): TestSuite => {
  if (!isMainThread) throw new Error('suite() belongs to the main thread of a test file');
  const record = trackSuite(name);
  const inner = uvu.suite(name);
  const before: Step[] = [];
  const after: Step[] = [];
  const beforeEach: Step[] = [];
  const afterEach: Step[] = [];
  let timeoutMs = DEFAULT_TIMEOUT_MS;
  let setUpFailure: Error | undefined;

  const open = (what: string): void => {
    if (record.started) throw new Error(`${what} came after run() of the suite "${name}"`);
  };
  const hook =
    (list: Step[], kind: string) =>
    (body: Body): void => {
      open(kind);
      list.push({ name: `${kind} of "${name}"`, body, timeoutMs });
    };

  /** Before-each hooks, the test, after-each hooks: the latter always, and the first error is the one that counts. */
  const performTest = async (step: Step): Promise<void> => {
    if (setUpFailure !== undefined) {
      throw new Error(`not run: a before hook failed: ${setUpFailure.message}`, { cause: setUpFailure });
    }
    const errors: Error[] = [];
    const attempt = async (each: Step): Promise<void> => {
      try {
        await perform(each);
      } catch (error) {
        errors.push(error as Error);
      }
    };
    for (const each of beforeEach) if (errors.length === 0) await attempt(each);
    if (errors.length === 0) await attempt(step);
    for (const each of afterEach) await attempt(each);
    for (const further of errors.slice(1)) console.log(`  further: ${further.stack}`);
    if (errors[0] !== undefined) throw errors[0];
  };

  inner.before(async () => {
    try {
      for (const step of before) await perform(step);
    } catch (error) {
      setUpFailure = error as Error;
      record.print('a before hook', setUpFailure);
    }
  });
  inner.after(async () => {
    for (const step of after) {
      try {
        await perform(step);
      } catch (error) {
        record.problem(step.name, error as Error);
      }
    }
  });

  const add = (testName: string, body: Body): void => {
    open(`the test "${testName}"`);
    record.registered++;
    const step: Step = { name: testName, body, timeoutMs };
    inner(testName, async () => {
      await countTest(record, testName, () => performTest(step));
    });
  };

  return Object.assign(add, {
    skip(testName: string, reason: string): void {
      open(`the test "${testName}"`);
      if (typeof reason !== 'string' || reason === '') throw new TypeError(`skip "${testName}": a reason is required`);
      record.skips.push({ name: testName, reason });
      inner.skip(testName);
    },
    before: Object.assign(hook(before, 'before'), { each: hook(beforeEach, 'before.each') }),
    after: Object.assign(hook(after, 'after'), { each: hook(afterEach, 'after.each') }),
    timeout(ms: number): void {
      timeoutMs = ms;
    },
    run(): void {
      open('a second run()');
      record.started = true;
      lastRun = lastRun.then(() => execute(record, inner));
    },
  });
};
