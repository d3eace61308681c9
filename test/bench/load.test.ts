// The loads of the benchmark: what each would hide or show. The services here are made up, and their faults known.

import { startTicker } from '../../bench/contestants/ticker.js';
import { loneCalls } from '../../bench/load.js';
import { harmonicMean } from '../../bench/measurements/mixed.js';
import { sizeText } from '../../bench/measurements/sizes.js';
import { threadCounts } from '../../bench/measurements/threads.js';
import { notesOn } from '../../bench/notes.js';
import { createLatencies, openLoop, percentilesOf, poissonGaps, recordMs, uniformFrom } from '../../bench/open-loop.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the loads of the benchmark');
test.timeout(20_000);

const keep = { every: Number.POSITIVE_INFINITY, add: () => undefined };
const ANSWER = new Uint8Array(1);
const STALL_MS = 60;
const TICK_MS = 0.1;

/** A machine with a clock of its own: a service on it answers at the next tick, and once the clock jumps ahead. */
const createMachine = (stallAtMs: number) => {
  let time = 0;
  let onTick: (() => void) | undefined;
  let stalled = false;
  const waiting: ((answer: Uint8Array) => void)[] = [];
  const turn = (): void => {
    if (onTick === undefined) return;
    time += TICK_MS;
    if (!stalled && time >= stallAtMs) {
      stalled = true;
      time += STALL_MS;
    }
    for (const answer of waiting.splice(0)) answer(ANSWER);
    setImmediate(() => {
      onTick?.();
      setImmediate(turn);
    });
  };
  return {
    clock: () => time,
    ticker: {
      start(tick: () => void) {
        onTick = tick;
        setImmediate(turn);
      },
      stop() {
        onTick = undefined;
      },
    },
    start: (): Promise<Uint8Array> => new Promise((resolve) => waiting.push(resolve)),
  };
};

test('a schedule has the rate that was asked, the spread of independent callers, and comes again with its seed', () => {
  const count = 100_000;
  const rate = 2_000;
  const gapsOf = (seed: number): number[] => {
    const gap = poissonGaps(rate, uniformFrom(seed));
    return Array.from({ length: count }, gap);
  };
  const gaps = gapsOf(7);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / count;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / count;
  assert.ok(Math.abs(mean - 1000 / rate) < 0.01 * (1000 / rate), `mean ${mean} ms`);
  assert.ok(Math.abs(Math.sqrt(variance) / mean - 1) < 0.02, `deviation ${Math.sqrt(variance)} ms`);
  assert.ok(gaps.every((gap) => gap >= 0 && Number.isFinite(gap)));
  assert.is(gapsOf(7).join(), gaps.join());
  assert.is.not(gapsOf(8).join(), gaps.join());
});

test('latencies are recorded in milliseconds and told in microseconds, to three digits', () => {
  const histogram = createLatencies();
  for (let i = 1; i <= 1_000; i++) recordMs(histogram, i);
  const expected = { p50: 500e3, p90: 900e3, p99: 990e3, 'p99.9': 999e3, max: 1_000e3 };
  for (const [name, figure] of Object.entries(percentilesOf(histogram))) {
    const right = expected[name as keyof typeof expected];
    assert.ok(Math.abs(figure / right - 1) < 0.002, `${name}: ${figure} for ${right}`);
  }
  const short = createLatencies();
  recordMs(short, 0.0505);
  recordMs(short, 0);
  assert.ok(Math.abs(percentilesOf(short).max - 50.5) < 0.1, `${percentilesOf(short).max} µs`);
});

test('an open loop counts a stall for every call that was due in it, where a closed loop counts it once', async () => {
  const rate = 2_000;
  const seconds = 0.5;
  const { clock, ticker, start } = createMachine(300);
  const { histogram, keptUp } = await openLoop({ rate, seconds, keep, clock, ticker, start, random: uniformFrom(1) });
  const { p50, p99, max } = percentilesOf(histogram);
  assert.ok(Math.abs(histogram.count / (rate * seconds) - 1) < 0.1, `${histogram.count} calls`);
  assert.ok(p50 < 3 * TICK_MS * 1e3, `p50 ${p50} µs`);
  // About 120 of 1,000 calls were due in the stall, evenly: the hundredth that was worst waited for most of it.
  assert.ok(p99 > 0.8 * STALL_MS * 1e3 && p99 < STALL_MS * 1e3, `p99 ${p99} µs`);
  assert.ok(Math.abs(max / (STALL_MS * 1e3) - 1) < 0.02, `max ${max} µs`);
  assert.ok(keptUp > 0.99 && keptUp <= 1, `kept up ${keptUp}`);

  // The same machine, asked by one caller that waits for each answer: one call is late, and p99 does not know of it.
  const other = createMachine(50);
  const closed = createLatencies();
  let next = (): void => undefined;
  await new Promise<void>((resolve) => {
    next = () => {
      const begun = other.clock();
      other.start().then(() => {
        recordMs(closed, other.clock() - begun);
        if (closed.count === histogram.count) resolve();
        else next();
      });
    };
    other.ticker.start(() => undefined);
    next();
  });
  other.ticker.stop();
  assert.ok(Math.abs(percentilesOf(closed).max / (STALL_MS * 1e3) - 1) < 0.02);
  assert.ok(percentilesOf(closed).p99 < 3 * TICK_MS * 1e3, `p99 of the closed loop: ${percentilesOf(closed).p99} µs`);
});

test('an open loop asks for more than is answered, says that it did not keep up, and leaves no call', async () => {
  let outstanding = 0;
  let most = 0;
  /** One answer each 2 ms, whatever is asked: a quarter of the rate. */
  let free = 0;
  const start = (): Promise<Uint8Array> => {
    most = Math.max(most, ++outstanding);
    free = Math.max(free, performance.now()) + 2;
    return new Promise((resolve) =>
      setTimeout(() => {
        outstanding--;
        resolve(ANSWER);
      }, free - performance.now()),
    );
  };
  const ticker = startTicker();
  try {
    const load = { rate: 2_000, seconds: 0.1, keep, ticker, random: uniformFrom(3), start };
    const { histogram, keptUp } = await openLoop(load);
    assert.ok(keptUp < 0.6, `kept up ${keptUp}`);
    assert.ok(most > 100, `${most} calls at once`);
    assert.is(outstanding, 0);
    assert.ok(histogram.count > 100, `${histogram.count} calls`);
    const { p50, max } = percentilesOf(histogram);
    assert.ok(max > 200e3 && max > p50, `p50 ${p50} µs, max ${max} µs`);
  } finally {
    await ticker.close();
  }
});

test('an open loop keeps what it is told to keep, and fails with the first call that fails', async () => {
  const ticker = startTicker();
  try {
    const kept: number[] = [];
    const load = { rate: 5_000, seconds: 0.05, ticker, random: uniformFrom(5) };
    await openLoop({
      ...load,
      keep: { every: 10, add: (i) => void kept.push(i) },
      start: () => Promise.resolve(ANSWER),
    });
    assert.ok(kept.length > 10 && kept.every((i) => i % 10 === 0), `${kept.length} kept`);
    const start = (i: number): Promise<Uint8Array> =>
      i === 20 ? Promise.reject(new Error('call 20')) : Promise.resolve(ANSWER);
    await openLoop({ ...load, keep, start }).then(
      () => assert.unreachable('it must fail'),
      (error: Error) => assert.is(error.message, 'call 20'),
    );
  } finally {
    await ticker.close();
  }
});

test('the ticker ticks more often than timers, only while it is told to, and again', async () => {
  const ticker = startTicker();
  try {
    for (let pass = 0; pass < 2; pass++) {
      let ticks = 0;
      const begun = performance.now();
      await new Promise<void>((resolve) => ticker.start(() => void (++ticks === 200 && resolve())));
      const each = (performance.now() - begun) / 200;
      ticker.stop();
      assert.ok(each < 5, `${each} ms a tick`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.is(ticks, 200);
    }
  } finally {
    await ticker.close();
  }
});

test('lone calls give the median time of one, in microseconds', async () => {
  const wait = (): Promise<Uint8Array> => new Promise((resolve) => setTimeout(resolve, 5, ANSWER));
  const taken = await loneCalls(0.05, keep, wait);
  assert.ok(taken >= 3_900 && taken < 500_000, `${taken} µs`);
});

test('a load that was too much, or of too few calls, is named among the notes, and one that was not is not', () => {
  const noted = (keptUp: number, calls = 5_000): readonly string[] =>
    notesOn({
      smoke: false,
      environment: { cores: 2, loadBefore: [0, 0, 0] } as unknown as Parameters<typeof notesOn>[0]['environment'],
      threads: 2,
      missing: new Map(),
      measurements: [
        {
          name: 'latency',
          group: 'latency',
          title: '',
          unit: 'µs',
          better: 'less',
          absent: [],
          samples: {
            'ed25519, 80% of peak: kept up': [keptUp],
            'ed25519, 80% of peak: calls': [calls],
            'ed25519, 80% of peak: p50': [0.1],
          },
          rows: [],
        },
      ],
    });
  assert.equal(noted(0.97), []);
  assert.equal(noted(0.97, 1_000), []);
  assert.match(
    noted(0.97, 300)[0]!,
    /^latency: ed25519, 80% of peak: about 300 calls in a round; p99\.9 is the slowest/,
  );
  assert.is(noted(0.5).length, 1);
  assert.match(noted(0.5)[0]!, /^latency: ed25519, 80% of peak: more than could be sustained/);
});

test('thread counts go from one to twice the cores, and stay few on a large machine', () => {
  assert.equal(threadCounts(1), [1, 2]);
  assert.equal(threadCounts(2), [1, 2, 3, 4]);
  assert.equal(threadCounts(4), [1, 2, 3, 4, 6, 8]);
  assert.equal(threadCounts(6), [1, 2, 3, 4, 6, 8, 12]);
  assert.equal(threadCounts(256), [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]);
});

test('what equally many operations of different rates make together is their harmonic mean', () => {
  assert.is(harmonicMean([100]), 100);
  // One of each takes 1/100 + 1/50 + 1/10 s: three in 0.13 s.
  assert.ok(Math.abs(harmonicMean([100, 50, 10]) - 3 / 0.13) < 1e-9);
});

test('sizes are told in the largest unit that is whole', () => {
  assert.equal([32, 1024, 16_384, 131_072, 1_048_576].map(sizeText), ['32 B', '1 KiB', '16 KiB', '128 KiB', '1 MiB']);
});

test.run();
