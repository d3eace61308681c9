// A few hundred keys that come and go while tens of thousands of operations are under way.
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { testSeed } from '../support/random.js';
import { suite } from '../support/suite.js';
import { fixture, reportOf } from './fixtures/programs.js';

/** STRONGROOM_TEST_OPERATIONS makes it longer. */
const OPERATIONS = Number(process.env.STRONGROOM_TEST_OPERATIONS ?? 12_000);
const RSS_SLACK_MIB = 96;

interface SoakReport {
  readonly called: number;
  readonly settled: number;
  readonly signatures: number;
  readonly verified: number;
  readonly wrong: number;
  readonly registered: number;
  readonly released: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly maxKeys: number;
  readonly listed: boolean;
  readonly keysLeft: number;
  readonly closed: string;
  readonly rssMiB: { readonly half: number; readonly late: number };
}

const test = suite('soak');
const limitMs = 60_000 + OPERATIONS * 5;
test.timeout(limitMs + 5_000);

test('every call settles, every signature is right, every released key is gone, and memory stays', async () => {
  const { code, signal, stdout, stderr } = await runNode(fixture('soak'), {
    env: { SOAK_OPERATIONS: String(OPERATIONS), TEST_SEED: testSeed() },
    timeoutMs: limitMs,
  });
  assert.equal({ code, signal }, { code: 0, signal: null }, stderr);
  const report = reportOf<SoakReport>('SOAK', stdout);
  assert.is(report.settled, report.called);
  assert.is(report.wrong, 0);
  assert.equal(report.failures, {});
  assert.ok(report.verified > report.signatures / 2, 'most signatures were verified');
  assert.is(report.released, report.registered, 'every key was released in the end');
  assert.ok(report.registered > 2 * report.maxKeys, 'slots were used again');
  assert.ok(report.listed, 'keys() lists the registered keys');
  assert.is(report.keysLeft, 0);
  assert.is(report.closed, 'closed', 'no canary was overwritten');
  assert.ok(report.rssMiB.late < report.rssMiB.half + RSS_SLACK_MIB, 'memory converges');
});

test.run();
