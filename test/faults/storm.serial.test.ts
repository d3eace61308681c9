// Ending random signers under load, and opening and closing vaults, again and again: in programs of their own, because
// what must not happen is that the whole process aborts.
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { testSeed } from '../support/random.js';
import { suite } from '../support/suite.js';
import { fixture, reportOf } from './fixtures/programs.js';

/** A few by default. The whole: STRONGROOM_TEST_ROUNDS=1000 and STRONGROOM_TEST_CYCLES=500. */
const ROUNDS = Number(process.env.STRONGROOM_TEST_ROUNDS ?? 24);
const CYCLES = Number(process.env.STRONGROOM_TEST_CYCLES ?? 12);
const ROUND_MS = 600;
const CYCLE_MS = 3_000;
/** What memory may grow by from the middle of a run to its end, in MiB: the collectors of many threads take their time. */
const RSS_SLACK_MIB = 64;

const test = suite('storms');

interface StormReport {
  readonly ended: number;
  readonly called: number;
  readonly signed: number;
  readonly failed: number;
  readonly wrong: number;
  readonly otherErrors: number;
  readonly roomIsExact: boolean;
  readonly throughput: { readonly before: number; readonly after: number };
  readonly rssMiB: { readonly half: number; readonly late: number };
  readonly threads: { readonly start: number; readonly most: number; readonly end: number };
  readonly files: { readonly start: number; readonly end: number };
  readonly closed: string;
  readonly left: readonly string[];
}

test.timeout(30_000 + ROUNDS * ROUND_MS);
test('signers that end at random under load cost no signature, no memory and no throughput', async () => {
  const { code, signal, stdout, stderr } = await runNode(fixture('storm'), {
    env: { STORM_ROUNDS: String(ROUNDS), TEST_SEED: testSeed() },
    timeoutMs: 25_000 + ROUNDS * ROUND_MS,
  });
  assert.equal({ code, signal }, { code: 0, signal: null }, stderr);
  const report = reportOf<StormReport>('STORM', stdout);
  assert.ok(report.ended >= ROUNDS);
  assert.is(report.wrong, 0, 'every signature is the right one');
  assert.is(report.otherErrors, 0, 'nothing but ERR_SIGNER_FAILED');
  assert.is(report.called, report.signed + report.failed, 'every call settled');
  assert.ok(report.signed > report.failed, 'most calls are signed by another signer');
  assert.ok(report.roomIsExact, 'every call was counted once');
  assert.ok(report.throughput.after > report.throughput.before / 2, 'the throughput comes back');
  assert.ok(report.rssMiB.late < report.rssMiB.half + RSS_SLACK_MIB, 'memory converges');
  assert.is(report.threads.end, report.threads.start, 'as many threads as before');
  assert.ok(report.files.end <= report.files.start, 'no more file descriptors than before');
  assert.is(report.closed, 'closed');
  assert.equal(report.left.filter(isOurs), [], 'nothing keeps the process alive');
});

interface CyclesReport {
  readonly rssMiB: { readonly half: number; readonly late: number };
  readonly threads: { readonly first: number; readonly end: number };
  readonly files: { readonly first: number; readonly end: number };
  readonly left: readonly string[];
}

test.timeout(30_000 + CYCLES * CYCLE_MS);
test('a vault that is opened, used and closed again and again leaves nothing in the process', async () => {
  const { code, signal, stdout, stderr } = await runNode(fixture('cycles'), {
    env: { CYCLES: String(CYCLES) },
    timeoutMs: 25_000 + CYCLES * CYCLE_MS,
  });
  assert.equal({ code, signal }, { code: 0, signal: null }, stderr);
  const report = reportOf<CyclesReport>('CYCLES', stdout);
  assert.ok(report.rssMiB.late < report.rssMiB.half + RSS_SLACK_MIB, 'memory converges');
  assert.is(report.threads.end, report.threads.first, 'no thread is left');
  assert.is(report.files.end, report.files.first, 'no file descriptor is left');
  assert.equal(report.left.filter(isOurs), []);
});

/** The pipes of standard output and standard error are the test's. */
const isOurs = (resource: string): boolean => resource !== 'PipeWrap' && resource !== 'TTYWrap';

test.run();
