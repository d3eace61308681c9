// The part of a test's cells that one run does.
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { isSlowRun, share } from '../support/share.js';
import { suite } from '../support/suite.js';

const test = suite('share');
const ITEMS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'] as const;

/** With STRONGROOM_SLOW as given, whatever this run is. */
const withSlow = <T>(value: string | undefined, body: () => T): T => {
  const before = process.env.STRONGROOM_SLOW;
  const set = (to: string | undefined): void => {
    if (to === undefined) delete process.env.STRONGROOM_SLOW;
    else process.env.STRONGROOM_SLOW = to;
  };
  set(value);
  try {
    return body();
  } finally {
    set(before);
  }
};

test('a part is as large as asked, rounded up, in the order of the items, without repeats', () => {
  withSlow(undefined, () => {
    const random = seededRandom('share: parts');
    for (const [part, count] of [
      [1e-9, 1],
      [0.25, 2],
      [3 / 7, 3],
      [0.5, 4],
      [1, 7],
    ] as const) {
      for (let round = 0; round < 20; round++) {
        const some = share(random, ITEMS, part);
        assert.is(some.length, count);
        assert.equal(
          some,
          ITEMS.filter((item) => some.includes(item)),
        );
      }
    }
    assert.equal(share(random, [], 0.5), []);
    assert.equal(share(random, [undefined, undefined], 0.5), [undefined]);
  });
});

test('one seed gives one part; in time every item has its turn', () => {
  withSlow('0', () => {
    const [one, same] = [seededRandom('share: same'), seededRandom('share: same')];
    const seen = new Set<string>();
    for (let round = 0; round < 200; round++) {
      const some = share(one, ITEMS, 0.2);
      assert.equal(some, share(same, ITEMS, 0.2));
      for (const item of some) seen.add(item);
    }
    // One in 10^20 runs misses one: 0.71 ** 200 each.
    assert.equal([...seen].sort(), [...ITEMS]);
  });
});

test('STRONGROOM_SLOW=1 does all of them; the list given stays as it is', () => {
  const items = Object.freeze([3, 1, 2]);
  assert.ok(withSlow('1', isSlowRun));
  assert.not(withSlow('', isSlowRun));
  const all = withSlow('1', () => share(seededRandom('share: all'), items, 0.1));
  assert.equal(all, items);
  assert.not(all === items);
  assert.equal(items, [3, 1, 2]);
});

test('a part that is none or more than all is a mistake', () => {
  for (const part of [0, -1, 1.1, Number.NaN])
    assert.throws(() => share(seededRandom('share'), ITEMS, part), RangeError);
});

test.run();
