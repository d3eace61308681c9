// The keys as a client knows them: what it began with, and what it is told, in whatever order.
import { createKnownKeys, type KnownKeys } from '../../dist/src/known-keys.js';
import type { GoneReason } from '../../dist/src/wire/events.js';
import type { KeyLimits } from '../../dist/src/wire/info.js';
import type { KeyRecord } from '../../dist/src/wire/protocol.js';
import type { Slot } from '../../dist/src/wire/types.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { entryOf } from './rig.js';

const test = suite('known keys');
const random = seededRandom('unit/known-keys');

const record = (id: string, slot = 0, state: 'ready' | 'locked' = 'ready', limits: KeyLimits = {}): KeyRecord => ({
  info: { ...entryOf('ed25519', { id }).info, publicKey: new Uint8Array(32).fill(slot), state, limits },
  handle: { slot: slot as Slot, generation: 1 },
});
const hasCode = (code: string, id: string) => (error: { code?: string; keyId?: string }) =>
  error.code === code && error.keyId === id;
const idsOf = (known: KnownKeys): string[] => known.infos().map(({ id }) => id);

test('a client knows the keys that it begins with, and no other', () => {
  const known = createKnownKeys([record('a', 1), record('constructor', 2)]);
  assert.equal([known.size, idsOf(known)], [2, ['a', 'constructor']]);
  assert.is(known.get('a').handle.slot, 1);
  assert.is(known.ready('constructor').handle.slot, 2);
  for (const id of ['b', 'toString', 'hasOwnProperty']) {
    assert.is(known.has(id), false);
    for (const find of [known.get, known.ready]) assert.throws(() => find(id), hasCode('ERR_KEY_NOT_FOUND', id));
  }
  for (const id of ['', '-a', 'a b', 'x'.repeat(129), 7, null, undefined, {}]) {
    assert.throws(() => known.get(id as string), TypeError);
  }
});

test('what is told of keys that are new or changed is known at once', () => {
  const known = createKnownKeys([record('a', 1)]);
  known.update({ changed: [record('b', 2), record('a', 3)] });
  assert.equal([known.get('a').handle.slot, known.get('b').handle.slot, known.size], [3, 2, 2]);
  known.set(record('c', 4));
  known.delete('a');
  assert.equal(idsOf(known), ['b', 'c']);
  known.clear();
  assert.equal([known.size, known.infos()], [0, []]);
});

test('a key that is gone is refused by the reason that was told, until its id is there again', () => {
  const codes: readonly (readonly [GoneReason, string])[] = [
    ['released', 'ERR_KEY_NOT_FOUND'],
    ['expired', 'ERR_KEY_EXPIRED'],
    ['idle', 'ERR_KEY_IDLE'],
  ];
  for (const [reason, code] of codes) {
    const known = createKnownKeys([record('a'), record('b')]);
    known.update({ gone: [{ id: 'a', reason }] });
    assert.equal(idsOf(known), ['b']);
    for (const find of [known.get, known.ready]) assert.throws(() => find('a'), hasCode(code, 'a'));
    known.update({ changed: [record('a', 5)] });
    assert.is(known.get('a').handle.slot, 5);
    known.delete('a');
    assert.throws(() => known.get('a'), hasCode('ERR_KEY_NOT_FOUND', 'a'), 'the old reason is forgotten');
  }
});

test('a locked key is known and not ready, and is ready again when that is told', () => {
  const known = createKnownKeys([record('a')]);
  known.update({ changed: [record('a', 0, 'locked')], locked: true });
  assert.is(known.get('a').info.state, 'locked');
  assert.throws(() => known.ready('a'), hasCode('ERR_VAULT_LOCKED', 'a'));
  known.update({ changed: [record('a', 7)], locked: false });
  assert.is(known.ready('a').handle.slot, 7);
});

test('what a policy leaves is told of known keys, and changes nothing else of them', () => {
  const limits = { maxSignatures: 10, signaturesLeft: 10, perSecond: 3 };
  const known = createKnownKeys([record('a', 1, 'ready', limits), record('b', 2)]);
  const before = known.get('a');
  known.update({
    left: [
      { id: 'a', signatures: 4 },
      { id: 'gone', signatures: 1 },
    ],
  });
  assert.equal(known.get('a').info.limits, { ...limits, signaturesLeft: 4 });
  assert.equal(known.get('a').handle, before.handle);
  assert.equal([known.get('b').info.limits, known.has('gone')], [{}, false]);
});

test('what comes in one notice counts in this order: new keys, those that are gone, what is left', () => {
  const known = createKnownKeys([]);
  known.update({
    changed: [record('a', 1, 'ready', { maxSignatures: 5, signaturesLeft: 5 }), record('b', 2)],
    gone: [{ id: 'b', reason: 'idle' }],
    left: [{ id: 'a', signatures: 2 }],
  });
  assert.is(known.get('a').info.limits.signaturesLeft, 2);
  assert.throws(() => known.get('b'), hasCode('ERR_KEY_IDLE', 'b'));
});

test('what is given out is a copy: nothing that a caller writes into it is known', () => {
  const known = createKnownKeys([record('a', 1, 'ready', { maxSignatures: 5 })]);
  const [given] = known.infos() as [ReturnType<KnownKeys['infos']>[number]];
  given.publicKey.fill(9);
  (given.allow as string[]).push('export');
  (given.schemes as string[]).length = 0;
  Object.assign(given.limits, { maxSignatures: 6 });
  Object.assign(given, { state: 'locked' });
  const [again] = known.infos();
  assert.equal(again, known.get('a').info);
  assert.equal(again?.publicKey[0], 1);
  assert.equal(again?.limits, { maxSignatures: 5 });
  assert.is(known.ready('a').info.allow.includes('export'), false);
});

test('whatever is told in whatever order, the last word on an id counts', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (let round = 0; round < 50; round++) {
    const known = createKnownKeys([]);
    const model = new Map<string, string>();
    for (let step = 0; step < 60; step++) {
      const id = random.pick(ids);
      const reason = random.pick(['released', 'expired', 'idle'] as const);
      if (random.int(2) === 0) {
        const state = random.pick(['ready', 'locked'] as const);
        known.update({ changed: [record(id, step, state)] });
        model.set(id, `${state} ${step}`);
      } else {
        known.update({ gone: [{ id, reason }] });
        model.set(id, reason);
      }
      for (const each of ids) {
        const told = model.get(each) ?? 'released';
        const [word, slot] = told.split(' ');
        if (slot !== undefined) {
          assert.equal([known.get(each).info.state, known.get(each).handle.slot], [word, Number(slot)]);
          continue;
        }
        const code = { released: 'ERR_KEY_NOT_FOUND', expired: 'ERR_KEY_EXPIRED', idle: 'ERR_KEY_IDLE' }[told];
        assert.throws(() => known.get(each), hasCode(code!, each));
      }
    }
  }
});

test('of ids that are gone, the last 65,536 are remembered', () => {
  const known = createKnownKeys([]);
  const count = 65_536 + 2;
  known.update({ gone: Array.from({ length: count }, (_, i) => ({ id: `k${i}`, reason: 'expired' as const })) });
  for (const i of [0, 1]) assert.throws(() => known.get(`k${i}`), hasCode('ERR_KEY_NOT_FOUND', `k${i}`));
  for (const i of [2, count - 1]) assert.throws(() => known.get(`k${i}`), hasCode('ERR_KEY_EXPIRED', `k${i}`));
});

test.run();
