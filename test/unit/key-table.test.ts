// The key table: ids, handles, and the count of work in flight that a release waits for.
import { setImmediate as turn } from 'node:timers/promises';
import type { GoneReason } from '../../dist/src/wire/events.js';
import type { KeyId, Slot } from '../../dist/src/wire/types.js';
import { createKeyTable, type KeyEntry } from '../../dist/workers/vault/key-table.js';
import { assertAllowed } from '../../dist/workers/vault/policy.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { entryOf } from './rig.js';

const test = suite('the key table');

const entry = (id: string, slot: number, generation = 0): KeyEntry => entryOf('ed25519', { id, slot, generation });
const withKeys = (...entries: KeyEntry[]) => {
  const table = createKeyTable();
  for (const each of entries) table.add(each.info.id as KeyId, each);
  return table;
};
const hasCode = (code: string, id: string) => (error: { code?: string; keyId?: string }) =>
  error.code === code && error.keyId === id;

test('a key is found by its id and by its handle, and by no other', () => {
  const [a, b] = [entry('a', 0, 5), entry('constructor', 3, 1)];
  const table = withKeys(a, b);
  assert.is(table.size, 2);
  assert.is(table.get('a'), a);
  assert.is(table.get('constructor'), b);
  assert.is(table.at(0, 5), a);
  assert.equal([...table.entries()].length, 2);
  for (const [slot, generation] of [
    [0, 4],
    [0, 6],
    [1, 0],
    [2, 5],
    [3, 0],
    [-1, 0],
    [4e9, 0],
    [0.5, 0],
  ] as const) {
    assert.is(table.at(slot, generation), undefined);
  }
  for (const id of ['b', 'A', '', '__proto__', 'toString']) {
    assert.throws(() => table.get(id), hasCode('ERR_KEY_NOT_FOUND', id));
    assert.is(table.find(id), undefined);
    table.reserve(id);
  }
  assert.is(table.find('a'), a);
  assert.throws(() => table.reserve('a'), hasCode('ERR_KEY_EXISTS', 'a'));
});

test('an id is kept for one key while that is being loaded, and names none meanwhile', () => {
  const table = createKeyTable();
  table.reserve('a');
  assert.throws(() => table.reserve('a'), hasCode('ERR_KEY_EXISTS', 'a'));
  assert.throws(() => table.get('a'), hasCode('ERR_KEY_NOT_FOUND', 'a'));
  table.unreserve('a');
  table.reserve('a');
  table.add('a' as KeyId, entry('a', 0));
  table.unreserve('a');
  assert.throws(() => table.reserve('a'), hasCode('ERR_KEY_EXISTS', 'a'));
  table.unreserve('never kept');
});

test('an operation that the policy does not name is ERR_NOT_ALLOWED, with the key id', () => {
  const a = entry('a', 0);
  assertAllowed(a, 'sign');
  for (const operation of ['derive', 'extendedPublicKey', 'export'] as const) {
    assert.throws(() => assertAllowed(a, operation), hasCode('ERR_NOT_ALLOWED', 'a'));
    assertAllowed({ ...a, info: { ...a.info, allow: [operation] } }, operation);
  }
});

test('a key without work in flight is retired at once: its id is free, its handle names nothing', async () => {
  const a = entry('a', 0);
  const table = withKeys(a);
  const retired = table.retire(a, 'released');
  assert.is(table.at(0, 0), undefined);
  assert.throws(() => table.get('a'), hasCode('ERR_KEY_NOT_FOUND', 'a'));
  table.reserve('a');
  await retired;
  assert.is(table.size, 0);
});

test('a key with work in flight is retired when the last of it is back', async () => {
  const a = entry('a', 0);
  const table = withKeys(a);
  for (let i = 0; i < 3; i++) table.begin(a);
  let done = false;
  const retired = table.retire(a, 'released').then(() => {
    done = true;
  });
  for (let i = 0; i < 2; i++) {
    table.end(a);
    await turn();
    assert.is(done, false);
  }
  table.end(a);
  await retired;
  assert.is(a.inFlight, 0);
});

test('several wait for the end of one key, and each is told', async () => {
  const a = entry('a', 0);
  const table = withKeys(a);
  table.begin(a);
  const told: string[] = [];
  const waits = ['first', 'second'].map((name) => table.retire(a, 'released').then(() => void told.push(name)));
  await turn();
  assert.equal(told, []);
  table.end(a);
  await Promise.all(waits);
  assert.equal(told, ['first', 'second']);
  assert.equal(a.drained, []);
});

test('the young key of a slot is not the old one, whose handle names nothing', async () => {
  const [old, young] = [entry('a', 0, 0), entry('a', 0, 1)];
  const table = withKeys(old);
  await table.retire(old, 'released');
  table.add('a' as KeyId, young);
  assert.is(table.at(0, 1), young);
  assert.is(table.at(0, 0), undefined);
  assert.is(table.goneAt(0, 0)?.reason, 'released', 'what is gone is still told');
  assert.is(table.goneAt(0, 1)?.reason, undefined);
});

test('a key that is gone is refused by the reason, by id and by handle, until its id or its slot is taken', async () => {
  const codes: readonly (readonly [GoneReason, string])[] = [
    ['released', 'ERR_KEY_NOT_FOUND'],
    ['expired', 'ERR_KEY_EXPIRED'],
    ['idle', 'ERR_KEY_IDLE'],
  ];
  for (const [reason, code] of codes) {
    const a = entry('a', 2, 7);
    const table = withKeys(a);
    assert.is(table.goneAt(2, 7)?.reason, undefined);
    await table.retire(a, reason);
    assert.is(a.gone, reason);
    assert.equal([table.size, table.find('a')], [0, undefined]);
    for (const find of [table.get, table.ready]) assert.throws(() => find('a'), hasCode(code, 'a'));
    assert.equal(
      [table.goneAt(2, 7)?.reason, table.goneAt(2, 6)?.reason, table.goneAt(3, 7)?.reason],
      [reason, undefined, undefined],
    );
    assert.throws(() => table.get('b'), hasCode('ERR_KEY_NOT_FOUND', 'b'));
    table.reserve('a');
    table.add('a' as KeyId, entry('a', 3, 1));
    assert.is(table.get('a').handle.slot, 3);
    table.unreserve('a');
    await table.retire(table.get('a'), 'released');
    assert.throws(() => table.get('a'), hasCode('ERR_KEY_NOT_FOUND', 'a'), 'the old reason is forgotten');
  }
});

test('a locked key keeps its id and is not there, until it is restored in whatever slot', async () => {
  const a = entry('a', 0, 5);
  const table = withKeys(a);
  await table.retire(a, 'locked');
  assert.is(table.size, 1);
  assert.is(table.get('a'), a);
  assert.throws(() => table.ready('a'), hasCode('ERR_VAULT_LOCKED', 'a'));
  assert.throws(() => table.reserve('a'), hasCode('ERR_KEY_EXISTS', 'a'));
  assert.equal([table.at(0, 5), table.goneAt(0, 5)?.reason], [undefined, 'locked']);
  table.restore(a, { slot: 4 as Slot, generation: 2 });
  assert.is(table.ready('a'), a);
  assert.equal([table.at(4, 2), table.at(0, 5), a.gone], [a, undefined, undefined]);
});

test('the end of a locked key does not end the key that has its slot by now', async () => {
  const [locked, restored] = [entry('locked', 0, 0), entry('restored', 1, 0)];
  const table = withKeys(locked, restored);
  await table.retire(locked, 'locked');
  await table.retire(restored, 'locked');
  // An unlock that is under way has loaded one of them, into the slot that the other had.
  table.restore(restored, { slot: 0 as Slot, generation: 1 });
  assert.ok(table.at(0, 1) === restored);
  for (const reason of ['released', 'expired', 'idle'] as const) {
    await table.retire(locked, reason);
    assert.ok(table.at(0, 1) === restored, reason);
    assert.is(table.goneAt(0, 1)?.reason, undefined, reason);
  }
});

test('of keys that are gone, the last 65,536 are remembered', async () => {
  const table = createKeyTable();
  const count = 65_536 + 3;
  for (let i = 0; i < count; i++) {
    const each = entry(`k${i}`, 0, i);
    table.add(each.info.id as KeyId, each);
    await table.retire(each, 'idle');
  }
  for (const i of [0, 1, 2]) assert.throws(() => table.get(`k${i}`), hasCode('ERR_KEY_NOT_FOUND', `k${i}`));
  for (const i of [3, 4, count - 1]) assert.throws(() => table.get(`k${i}`), hasCode('ERR_KEY_IDLE', `k${i}`));
});

test.run();
