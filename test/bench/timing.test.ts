// The timing-leak bench finds a difference that is there, finds none where none is, and says how small a difference it
// would have found. What it measures on this machine decides nothing here, but that its own control is caught.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stepOf } from '../../bench/timing/clock.js';
import { timingLines } from '../../bench/timing/report.js';
import {
  croppedTests,
  percentiles,
  smallestSeen,
  strongest,
  T_LIMIT,
  type Timings,
} from '../../bench/timing/statistics.js';
import { type ExperimentResult, exitCodeOf, type TimingResult } from '../../bench/timing/timing.js';
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('the timing-leak bench');
test.timeout(90_000);

const PROGRAM = fileURLToPath(new URL('../../bench/timing/run.js', import.meta.url));

/** Numbers of [0, 1), always the same ones: verdicts on them must not change. */
const uniforms = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Times around 500 ns as a machine gives them: one in twenty was interrupted. Class 1 takes `difference` longer. */
const made = (count: number, difference: number, seed: number): Timings => {
  const draw = uniforms(seed);
  const times = new Float64Array(count);
  const classes = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const noise = 10 * Math.sqrt(-2 * Math.log(1 - draw())) * Math.cos(2 * Math.PI * draw());
    const interrupted = draw() < 0.05 ? 20_000 * draw() : 0;
    classes[i] = draw() < 0.5 ? 0 : 1;
    times[i] = 500 + noise + interrupted + classes[i]! * difference;
  }
  return { times, classes };
};

test('the whole is tested as by hand: means 3 and 6, variances about 2 and 8', () => {
  // 1 to 5 and 2 to 10 by twos, 100 times each: the variances are 2 and 8, times 500/499; t = -3 / sqrt(10/499).
  const times = Float64Array.from({ length: 1_000 }, (_, i) => ((i >> 1) % 5) * (1 + (i & 1)) + 1 + (i & 1));
  const classes = Uint8Array.from({ length: 1_000 }, (_, i) => i & 1);
  const whole = croppedTests({ times, classes }).at(-1)!;
  assert.is(whole.kept, 1);
  assert.equal(whole.counts, [500, 500]);
  assert.ok(Math.abs(whole.difference + 3) < 1e-9);
  assert.ok(Math.abs(whole.t + 3 / Math.sqrt(10 / 499)) < 1e-9, `${whole.t}`);
});

test('percentiles lie as those of dudect: rising, half of them above 0.96', () => {
  const all = percentiles();
  assert.is(all.length, 100);
  assert.ok(Math.abs(all[0]! - (1 - 0.5 ** 0.1)) < 1e-12);
  assert.ok(Math.abs(all[99]! - (1 - 0.5 ** 10)) < 1e-12);
  assert.ok(all.every((kept, i) => i === 0 || kept > all[i - 1]!));
  assert.is(all.filter((kept) => kept > 0.96).length > 50, true);
});

test('each part keeps all times up to its limit, of both classes, and no other', () => {
  const timings = made(4_000, 0, 1);
  const tests = croppedTests(timings);
  assert.ok(tests.length > 80, `${tests.length}`);
  for (const { cropAt, counts, kept } of tests) {
    const count = (ofClass: number): number =>
      timings.times.filter((time, i) => timings.classes[i] === ofClass && Math.round(time * 1024) / 1024 <= cropAt)
        .length;
    assert.equal(counts, [count(0), count(1)], `${kept}`);
    assert.is((counts[0] + counts[1]) / 4_000, kept);
  }
});

test('equal times are all kept or all cut, whatever their class', () => {
  const times = Float64Array.from({ length: 4_000 }, (_, i) => (i % 4 === 0 ? 11 : 10));
  const classes = Uint8Array.from({ length: 4_000 }, (_, i) => (i >> 2) & 1);
  assert.equal(
    croppedTests({ times, classes }).map(({ kept, t }) => [kept, t]),
    [
      [0.75, 0],
      [1, 0],
    ],
  );
});

test('a planted difference is found in parts, where the tail hides it in the whole', () => {
  const timings = made(20_000, 2, 2);
  assert.ok(Math.abs(croppedTests(timings).at(-1)!.t) < T_LIMIT);
  const best = strongest(timings);
  assert.ok(best.t < -T_LIMIT && best.kept < 1, `${best.t}, ${best.kept}`);
  assert.ok(best.difference < -1 && best.difference > -2.5, `${best.difference}`);
});

test('where no difference is, none is found', () => {
  for (let seed = 100; seed < 120; seed++) {
    const { t } = strongest(made(5_000, 0, seed));
    assert.ok(Math.abs(t) < T_LIMIT, `${seed}: ${t}`);
  }
});

test('the smallest difference that is said to show does show, and a small part of it does not', () => {
  const smallest = smallestSeen(made(20_000, 0, 3), 0, uniforms(4));
  assert.ok(smallest > 0.3 && smallest < 3, `${smallest}`);
  for (let seed = 10; seed < 15; seed++) {
    assert.ok(Math.abs(strongest(made(20_000, 2 * smallest, seed)).t) > T_LIMIT, `${seed}`);
    assert.ok(Math.abs(strongest(made(20_000, smallest / 10, seed)).t) < T_LIMIT, `${seed}`);
  }
  // A real difference does not count as noise: the classes are drawn anew.
  assert.ok(smallestSeen(made(20_000, 2, 3), 0, uniforms(4)) < 3);
});

test("the clock's steps do not make a small difference look visible", () => {
  // In steps of 50 ns almost all times are equal: a difference of a hundredth would tell the classes apart at once.
  const { times, classes } = made(20_000, 0, 5);
  const stepped = { times: times.map((time) => Math.floor(time / 50) * 50), classes };
  assert.ok(smallestSeen(stepped, 0, uniforms(6)) < 0.1, 'the control');
  assert.ok(smallestSeen(stepped, 50, uniforms(6)) > 0.3);
});

test("the clock's step is the usual distance between durations that it shows, neighbours being one", () => {
  const often = (durations: readonly number[]): number[] =>
    durations.flatMap((each) => new Array<number>(20).fill(each));
  assert.is(stepOf([...often([40, 49, 50, 60, 70]), 3, 1_234]), 10);
  assert.is(stepOf(often([41, 42, 83, 125])), 42);
  assert.is(stepOf(often([40, 41, 42, 43])), 1);
});

test('too few times are refused', () => {
  assert.throws(() => strongest(made(100, 0, 1)), /at least 200 times of each class/);
});

const experiment: ExperimentResult = {
  path: 'slots',
  title: 'a title',
  role: 'ours',
  experiment: 'fixed, random',
  times: 80_000,
  batch: 16,
  medianNs: 1_234.5,
  sdNs: 20,
  t: 5.1,
  kept: 0.9,
  differenceNs: -0.5,
  smallestSeenNs: 0.3,
  differs: true,
};

test('what the run can and cannot say is its last line and its exit code', () => {
  const result = {
    environment: { cpu: 'a processor', node: '20', loadBefore: [0, 0, 0] },
    experiments: [experiment],
    absent: [{ name: 'bip340', reason: 'the package secp256k1 is not available' }],
    tLimit: T_LIMIT,
    clockStepNs: 10,
    controlCaught: true,
    nullClean: true,
    leaks: ['slots'],
  } as unknown as TimingResult;
  const cases: readonly (readonly [Partial<TimingResult>, number, string])[] = [
    [{}, 2, 'The time depends on the secret: slots.'],
    [{ leaks: [] }, 0, 'No leak was seen in one experiment; the control was caught.'],
    [{ controlCaught: false }, 1, 'The control was not caught'],
    [{ nullClean: false }, 1, 'Classes that are alike were found to differ'],
  ];
  for (const [change, code, said] of cases) {
    const changed = { ...result, ...change };
    assert.is(exitCodeOf(changed), code, said);
    const lines = timingLines(changed);
    assert.ok(lines.join('\n').includes(said), said);
    assert.ok(lines.some((line) => line.startsWith('bip340: not examined')));
    assert.ok(lines.every((line) => line.length <= 100));
  }
});

test('a short run of all paths examines each, and catches its control', async () => {
  const file = join(tempFolder(), 'timing.json');
  // Its exit code is not asserted: a busy machine may show what is not there.
  const { stdout, stderr } = await runNode([PROGRAM, '--seconds', '0.02', '--json', file], { timeoutMs: 80_000 });
  assert.is(stderr, '');
  const result = JSON.parse(readFileSync(file, 'utf8')) as TimingResult;
  assert.is(result.format, 'strongroom-timing');
  const examined = new Set([...result.experiments.map(({ path }) => path), ...result.absent.map(({ name }) => name)]);
  assert.equal([...examined].sort(), [
    'base64',
    'bip340',
    'bls-exchange',
    'control',
    'frame',
    'hex',
    'null',
    'range',
    'slots',
  ]);
  for (const { smallestSeenNs, times, path } of result.experiments) {
    assert.ok(smallestSeenNs > 0 && times >= 1_000, path);
  }
  assert.ok(result.controlCaught);
  assert.ok(stdout.split('\n').every((line) => line.length <= 100));
});

test('an unknown path or number is refused', async () => {
  for (const args of [['--only', 'rsa'], ['--seconds', '0'], ['more']]) {
    const { code, stderr } = await runNode([PROGRAM, ...args]);
    assert.is(code, 1, args.join(' '));
    assert.match(stderr, /^error: /);
  }
});

test.run();
