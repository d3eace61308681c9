// Lifetimes by clocks that a test plays: they end by themselves, on time, by whichever clock says so first.
import { mock } from 'node:test';
import { createLifetime, type Lifetime, type LifetimeLimits } from '../../dist/workers/vault/lifetime.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('lifetimes');
const random = seededRandom('unit/lifetime');
const START = 1_700_000_000_000;

interface Played {
  readonly life: Lifetime;
  readonly ends: { readonly end: string; readonly at: number }[];
  busy: boolean;
  /** Both clocks go on, and every timer that is due is called in its turn. */
  pass(ms: number): void;
  /** The time of day alone: the machine slept, or somebody has set its clock. */
  leap(ms: number): void;
  readonly timers: () => number;
  stop(): void;
}

/** The three clocks of a lifetime: performance.now, Date.now and setTimeout. */
const play = (limits: LifetimeLimits): Played => {
  let now = 0;
  let leapt = 0;
  const waiting = new Map<number, { readonly at: number; readonly call: () => void }>();
  let ids = 0;
  const { setTimeout: set, clearTimeout: clear } = globalThis;
  const clocks = [mock.method(performance, 'now', () => now), mock.method(Date, 'now', () => START + now + leapt)];
  globalThis.setTimeout = ((call: () => void, ms: number) => {
    assert.ok(Number.isInteger(ms) && ms >= 0 && ms <= 60_000, `a timer of ${ms} ms`);
    waiting.set(++ids, { at: now + Math.max(1, ms), call });
    return ids;
  }) as unknown as typeof setTimeout;
  globalThis.clearTimeout = ((id: number) => waiting.delete(id)) as unknown as typeof clearTimeout;

  const ends: { end: string; at: number }[] = [];
  const played = {
    busy: false,
    ends,
    life: undefined as unknown as Lifetime,
    timers: () => waiting.size,
    pass(ms: number): void {
      const until = now + ms;
      for (;;) {
        const [next] = [...waiting].sort(([, a], [, b]) => a.at - b.at);
        if (next === undefined || next[1].at > until) break;
        waiting.delete(next[0]);
        now = Math.max(now, next[1].at);
        next[1].call();
      }
      now = until;
    },
    leap(ms: number): void {
      leapt += ms;
    },
    stop(): void {
      for (const clock of clocks) clock.mock.restore();
      globalThis.setTimeout = set;
      globalThis.clearTimeout = clear;
    },
  };
  played.life = createLifetime(
    limits,
    () => played.busy,
    (end) => void ends.push({ end, at: now }),
  );
  return played;
};

/** Real time is back whatever happens. */
const playing = (limits: LifetimeLimits, body: (played: Played) => void): void => {
  const played = play(limits);
  try {
    body(played);
  } finally {
    played.stop();
  }
};

test('what expires ends once, at its time, and not a moment before', () => {
  for (const expiresInMs of [1, 10, 59_999, 60_000, 60_001, 3_600_000, 86_400_000 * 2]) {
    playing({ expiresInMs }, ({ life, ends, pass, timers }) => {
      assert.is(life.expiresAt, START + expiresInMs);
      pass(expiresInMs - 1);
      assert.equal([ends, life.end()], [[], undefined]);
      life.touch();
      pass(1);
      assert.equal(ends, [{ end: 'expired', at: expiresInMs }]);
      assert.is(life.end(), 'expired');
      pass(200_000);
      assert.equal([ends.length, timers()], [1, 0]);
    });
  }
});

test('what is idle ends once, at its time after the last use', () => {
  playing({ idleMs: 1000 }, ({ life, ends, pass, timers }) => {
    assert.is(life.expiresAt, undefined);
    for (let i = 0; i < 50; i++) {
      pass(999);
      assert.is(life.end(), undefined);
      life.touch();
    }
    pass(999);
    assert.equal(ends, []);
    pass(1 + 10);
    assert.is(ends.length, 1);
    assert.is(ends[0]!.end, 'idle');
    assert.ok(ends[0]!.at - 50 * 999 - 1000 <= 10, 'a look away at most');
    pass(200_000);
    assert.equal([ends.length, timers()], [1, 0]);
  });
});

test('work that is under way is use, however long it takes', () => {
  playing({ idleMs: 100 }, (played) => {
    const { ends, life, pass } = played;
    played.busy = true;
    pass(10_000);
    assert.equal([ends, life.end()], [[], undefined]);
    life.touch();
    played.busy = false;
    pass(99);
    assert.equal(ends, []);
    pass(11);
    assert.equal(
      ends.map(({ end }) => end),
      ['idle'],
    );
  });
});

test('work that is under way does not put off what expires', () => {
  playing({ expiresInMs: 500, idleMs: 100 }, (played) => {
    played.busy = true;
    played.pass(499);
    assert.equal(played.ends, []);
    played.pass(1);
    assert.equal(played.ends, [{ end: 'expired', at: 500 }]);
  });
});

test('a machine that slept is told by the time of day: at once when somebody asks, and else within a minute', () => {
  for (const [limits, end] of [
    [{ expiresInMs: 3_600_000 }, 'expired'],
    [{ idleMs: 3_600_000 }, 'idle'],
  ] as const) {
    playing(limits, ({ life, ends, pass, leap }) => {
      pass(1000);
      leap(3_599_000 - 1);
      assert.is(life.end(), undefined);
      leap(1);
      assert.is(life.end(), end);
      assert.equal(ends, []);
      pass(60_000);
      assert.equal(
        ends.map((each) => each.end),
        [end],
      );
    });
  }
});

test('a clock that is set back makes nothing live longer', () => {
  for (const [limits, end] of [
    [{ expiresInMs: 10_000 }, 'expired'],
    [{ idleMs: 10_000 }, 'idle'],
  ] as const) {
    playing(limits, ({ life, ends, pass, leap }) => {
      leap(-86_400_000);
      pass(9_999);
      assert.is(life.end(), undefined);
      pass(1);
      assert.is(life.end(), end);
      assert.equal(ends, [{ end, at: 10_000 }]);
    });
  }
});

test('what is stopped never ends by itself, and leaves no timer behind', () => {
  playing({ expiresInMs: 100, idleMs: 50 }, ({ life, ends, pass, timers }) => {
    assert.is(timers(), 1, 'positive control');
    life.stop();
    assert.is(timers(), 0);
    pass(100_000);
    assert.equal(ends, []);
    assert.is(life.end(), 'expired', 'who asks is told all the same');
  });
});

test('a hundred years are waited for in short steps', () => {
  playing({ expiresInMs: 3_155_760_000_000 }, ({ life, ends, pass, timers }) => {
    pass(600_000);
    assert.equal([ends, timers(), life.end()], [[], 1, undefined]);
  });
});

test('whatever is done meanwhile, the end is the first that a model has, and a look later at most', () => {
  for (let round = 0; round < 60; round++) {
    const limits: LifetimeLimits = {
      ...(random.int(2) === 0 && { expiresInMs: 1 + random.int(20_000) }),
      ...(random.int(3) > 0 && { idleMs: 1 + random.int(2_000) }),
    };
    playing(limits, (played) => {
      const { ends, life, pass } = played;
      let usedAt = 0;
      let at = 0;
      let expected: { readonly end: string; readonly at: number } | undefined;
      for (let step = 0; step < 60 && expected === undefined; step++) {
        const ms = random.int(900);
        const { expiresInMs = Number.POSITIVE_INFINITY, idleMs = Number.POSITIVE_INFINITY } = limits;
        const idleAt = usedAt + idleMs;
        if (Math.min(expiresInMs, idleAt) <= at + ms) {
          expected = expiresInMs <= idleAt ? { end: 'expired', at: expiresInMs } : { end: 'idle', at: idleAt };
        }
        pass(ms);
        at += ms;
        if (expected !== undefined) break;
        assert.equal([ends, life.end()], [[], undefined]);
        if (random.int(2) === 0) {
          life.touch();
          usedAt = at;
        }
      }
      if (expected === undefined) return;
      pass(11);
      assert.is(ends.length, 1);
      const [{ end, at: endedAt }] = ends as [{ end: string; at: number }];
      // Both may be due within one look: then what has expired counts.
      assert.ok(end === expected.end || (end === 'expired' && limits.expiresInMs! - expected.at <= 10));
      assert.ok(endedAt >= expected.at && endedAt - expected.at <= 10, `${endedAt} for ${expected.at}`);
    });
  }
});

test.run();
