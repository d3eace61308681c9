// Quotas: exactly as many signatures as there are, whoever takes them and whatever comes back, and a bucket of
// operations that fills evenly. Time is a number here.
import { setImmediate as turn } from 'node:timers/promises';
import { statusOf } from '../../dist/src/wire/frame.js';
import { take } from '../../dist/workers/vault/admission.js';
import { createQuota, type Quota } from '../../dist/workers/vault/quota.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { entryOf, sessionOf } from './rig.js';

const test = suite('quotas');
const random = seededRandom('unit/quota');
const EXHAUSTED = statusOf('ERR_KEY_EXHAUSTED');
const RATE_LIMITED = statusOf('ERR_RATE_LIMITED');

test('a quota gives as many signatures as it has, and then none, each time by the status of its maker', () => {
  for (const exhausted of [EXHAUSTED, statusOf('ERR_GRANT_EXHAUSTED')]) {
    const quota = createQuota({ maxSignatures: 1000 }, exhausted);
    const given = Array.from({ length: 5000 }, () => quota.take(1, 1, 0)).filter((status) => status === 0);
    assert.equal([given.length, quota.signaturesLeft], [1000, 0]);
    assert.is(quota.take(1, 1, 1e12), exhausted, 'time brings none back');
    assert.is(quota.take(1, 0, 0), 0, 'what signs nothing asks for none');
  }
});

test('several signatures are taken all or not at all', () => {
  const quota = createQuota({ maxSignatures: 10 }, EXHAUSTED);
  assert.equal(
    [7, 4, 3, 1, 0].map((count) => quota.take(count, count, 0)),
    [0, EXHAUSTED, 0, EXHAUSTED, 0],
  );
  quota.refund(2);
  assert.equal(
    [3, 2, 1].map((count) => quota.take(count, count, 0)),
    [EXHAUSTED, 0, EXHAUSTED],
  );
});

test('the largest number that a policy can have is counted exactly', () => {
  const quota = createQuota({ maxSignatures: Number.MAX_SAFE_INTEGER }, EXHAUSTED);
  for (let i = 1; i <= 100; i++) {
    assert.is(quota.take(1, 1, 0), 0);
    assert.is(quota.signaturesLeft, Number.MAX_SAFE_INTEGER - i);
  }
});

test('without a limit, everything is given and nothing is counted', () => {
  const quota = createQuota({}, EXHAUSTED);
  assert.is(quota.take(65_536, 65_536, 0), 0);
  quota.refund(5);
  assert.is(quota.signaturesLeft, undefined);
});

test('a second of operations is there at once, fills evenly, and holds no more than a second of them', () => {
  for (const start of [0, 123_456.75]) {
    const quota = createQuota({ perSecond: 10 }, EXHAUSTED);
    assert.is(quota.signaturesLeft, undefined);
    assert.equal(
      [11, 10, 1].map((count) => quota.take(count, 0, start)),
      [RATE_LIMITED, 0, RATE_LIMITED],
    );
    assert.is(quota.take(1, 0, start + 99), RATE_LIMITED);
    assert.is(quota.take(1, 0, start + 100.5), 0);
    assert.is(quota.take(5, 0, start + 599), RATE_LIMITED, 'just under five');
    assert.is(quota.take(5, 0, start + 601), 0);
    assert.is(quota.take(11, 0, start + 1e9), RATE_LIMITED, 'an age of waiting is a second of operations');
    assert.is(quota.take(10, 0, start + 1e9), 0);
  }
});

test('an attempt that is refused for its rate takes no signature, and one that is out of signatures no rate', () => {
  const quota = createQuota({ maxSignatures: 5, perSecond: 3 }, EXHAUSTED);
  assert.is(quota.take(4, 4, 0), RATE_LIMITED);
  assert.is(quota.signaturesLeft, 5);
  assert.is(quota.take(6, 6, 0), EXHAUSTED);
  assert.equal([quota.take(3, 3, 0), quota.signaturesLeft], [0, 2], 'all of the rate was there');
});

test('a moment of a clock that does not move gives no more than the rate, however it is asked', () => {
  const quota = createQuota({ perSecond: 1000 }, EXHAUSTED);
  let given = 0;
  for (let i = 0; i < 5000; i++) {
    const count = random.int(4);
    if (quota.take(count, 0, 77) === 0) given += count;
  }
  assert.is(given, 1000);
});

test('whatever is asked, given back and waited for, no window of time has more than it may', () => {
  for (let round = 0; round < 40; round++) {
    const perSecond = 1 + random.int(50);
    const maxSignatures = 1 + random.int(400);
    const quota = createQuota({ perSecond, maxSignatures }, EXHAUSTED);
    const taken: { readonly at: number; readonly count: number }[] = [];
    let out = 0;
    let left = maxSignatures;
    let now = random.int(1e6);
    for (let step = 0; step < 200; step++) {
      now += random.int(4) === 0 ? random.int(3000) : random.int(3) / 8;
      const count = random.int(6);
      const before = quota.signaturesLeft!;
      const status = quota.take(count, count, now);
      if (status === 0) {
        taken.push({ at: now, count });
        left -= count;
        out += count;
      } else if (status === EXHAUSTED) assert.ok(count > before);
      else assert.is(status, RATE_LIMITED);
      if (random.int(5) === 0 && out > 0) {
        const back = 1 + random.int(out);
        quota.refund(back);
        out -= back;
        left += back;
      }
      assert.is(quota.signaturesLeft, left);
      assert.ok(left >= 0 && left <= maxSignatures);
    }
    assert.ok(taken.length > 5, 'something was given');
    // Of any two moments: what was given between them is at most a full bucket and what has flowed in since.
    for (let from = 0; from < taken.length; from++) {
      let sum = 0;
      for (let to = from; to < taken.length; to++) {
        sum += taken[to]!.count;
        const most = perSecond + ((taken[to]!.at - taken[from]!.at) * perSecond) / 1000;
        assert.ok(sum <= most + 1e-6, `${sum} in ${taken[to]!.at - taken[from]!.at} ms at ${perSecond} a second`);
      }
    }
  }
});

test('what is there by the rate is given: a client that asks evenly is never refused', () => {
  for (const perSecond of [1, 3, 7, 10, 1000]) {
    const quota = createQuota({ perSecond }, EXHAUSTED);
    let refused = 0;
    // A millionth slower than the rate: sums of fractions may fall short by less.
    const step = (1000 / perSecond) * 1.000001;
    for (let i = 0; i < 20_000; i++) if (quota.take(1, 0, i * step) !== 0) refused++;
    assert.is(refused, 0);
  }
});

const left = (quotas: readonly Quota[]): (number | undefined)[] => quotas.map(({ signaturesLeft }) => signaturesLeft);

test('5,000 askers of one key, at once and out of order, get exactly what it has, through all the ports that they use', async () => {
  const quota = createQuota({ maxSignatures: 1000 }, EXHAUSTED);
  const entry = entryOf('ed25519', { quota });
  const parents = [3000, 250, 4000].map((maxSignatures) =>
    createQuota({ maxSignatures }, statusOf('ERR_GRANT_EXHAUSTED')),
  );
  const sessions = parents.map((each, i) => sessionOf({ number: i + 1, quotas: [each] }));
  const given = [0, 0, 0];
  const statuses = new Map<number, number>();
  await Promise.all(
    Array.from({ length: 5000 }, async () => {
      const who = random.int(3);
      for (let wait = random.int(4); wait > 0; wait--) await turn();
      const status = take(entry, sessions[who]!, 1, 1, 0);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status !== 0) return;
      given[who]!++;
      await turn();
    }),
  );
  assert.is(
    given.reduce((sum, each) => sum + each),
    1000,
  );
  assert.is(statuses.get(0), 1000);
  assert.equal(
    [...statuses.values()].reduce((sum, each) => sum + each),
    5000,
  );
  assert.ok(given[1]! <= 250);
  assert.equal(left([quota, ...parents]), [0, 3000 - given[0]!, 250 - given[1]!, 4000 - given[2]!]);
});

test('a chain of quotas is taken from as a whole: what one refuses, none has given', () => {
  const limits = [20, 15, 30];
  for (let round = 0; round < 200; round++) {
    const [outer, inner, key] = limits.map((most) =>
      createQuota({ maxSignatures: 1 + random.int(most) }, EXHAUSTED),
    ) as [Quota, Quota, Quota];
    const entry = entryOf('ed25519', { quota: key });
    const session = sessionOf({ quotas: [outer, inner] });
    const most = Math.min(...(left([outer, inner, key]) as number[]));
    let given = 0;
    for (let step = 0; step < 30; step++) {
      const before = left([outer, inner, key]) as number[];
      const count = random.int(5);
      const status = take(entry, session, count, count, 0);
      const taken = status === 0 ? count : 0;
      given += taken;
      assert.is(
        status === 0,
        before.every((each) => each >= count),
      );
      assert.equal(
        left([outer, inner, key]),
        before.map((each) => each - taken),
      );
    }
    assert.ok(given <= most);
  }
});

test.run();
