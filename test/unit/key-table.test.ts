// The key table: ids, handles, and the count of work in flight that a release waits for.
import { setImmediate as turn } from 'node:timers/promises';
import type { KeyId, Slot } from '../../dist/src/wire/types.js';
import { createKeyTable, type KeyEntry } from '../../dist/workers/vault/key-table.js';
import { assertAllowed } from '../../dist/workers/vault/policy.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the key table');

const entry = (id: string, slot: number, generation = 0): KeyEntry => ({
  info: {
    id,
    type: 'ed25519',
    publicKey: new Uint8Array(32),
    provider: 'native',
    source: 'generate',
    allow: ['sign'],
  },
  maySign: true,
  handle: { slot: slot as Slot, generation },
  inFlight: 0,
  releasing: false,
  drained: undefined,
});
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
  const retired = table.retire(a);
  assert.is(table.at(0, 0), undefined);
  assert.throws(() => table.get('a'), hasCode('ERR_KEY_NOT_FOUND', 'a'));
  table.reserve('a');
  await retired;
  table.remove(a);
  assert.is(table.size, 0);
});

test('a key with work in flight is retired when the last of it is back', async () => {
  const a = entry('a', 0);
  const table = withKeys(a);
  for (let i = 0; i < 3; i++) table.begin(a);
  let done = false;
  const retired = table.retire(a).then(() => {
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

test('an entry that is removed late does not take a newer key of its slot along', async () => {
  const [old, young] = [entry('a', 0, 0), entry('a', 0, 1)];
  const table = withKeys(old);
  await table.retire(old);
  table.add('a' as KeyId, young);
  table.remove(old);
  assert.is(table.at(0, 1), young);
  assert.is(table.at(0, 0), undefined);
});

test.run();
