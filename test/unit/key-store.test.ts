// Slots: taken, filled, wiped, used again; canaries that tell of damage; generations that tell an old key from a new one.
import type { Slot } from '../../dist/src/wire/types.js';
import { createArena } from '../../dist/workers/arena/arena.js';
import { createKeyStore } from '../../dist/workers/arena/key-store.js';
import {
  SLOT_BYTES,
  SLOT_CANARY_BYTES,
  SLOT_GENERATION_OFFSET,
  SLOT_SECRET_OFFSET,
  SLOT_TAIL_CANARY_OFFSET,
} from '../../dist/workers/arena/layout.js';
import { openSlots, type SlotView } from '../../dist/workers/arena/slots.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the key store');
const make = (slotCount: number) => {
  const arena = createArena(slotCount, 1, 0, 'off');
  const bytes = (slot: Slot): Uint8Array =>
    new Uint8Array(arena.buffer, arena.layout.slotsOffset + slot * SLOT_BYTES, SLOT_BYTES);
  return { store: createKeyStore(arena), slots: openSlots(arena.buffer, arena.layout), bytes };
};
const fill = (value: number) => (view: SlotView) => {
  view.expanded.fill(value);
  view.publicKey.fill(value);
};
const hasCode = (code: string) => (error: { code?: string }) => error.code === code;

test('as many keys as there are slots are taken, each in a slot of its own', () => {
  const { store, slots } = make(5);
  assert.equal([store.used, store.capacity], [0, 5]);
  const handles = [1, 2, 3, 4, 5].map((value) => store.add(fill(value)));
  assert.is(new Set(handles.map(({ slot }) => slot)).size, 5);
  handles.forEach(({ slot, generation }, i) => {
    assert.is(slots.generation(slot), generation);
    assert.ok(store.view(slot).expanded.every((byte) => byte === i + 1));
    assert.ok(slots.view(slot).publicKey.every((byte) => byte === i + 1));
  });
  assert.throws(() => store.add(fill(6)), hasCode('ERR_ARENA_FULL'));
  assert.is(store.used, 5);
});

test('a wiped slot is zero but for its canaries and its next generation, and is not taken before it is free', () => {
  const { store, slots, bytes } = make(1);
  const { slot, generation } = store.add(fill(0xff));
  store.wipe(slot);
  assert.is(slots.generation(slot), generation + 1);
  const secretAndPublic = bytes(slot).filter((_, i) => {
    const canary =
      i < SLOT_CANARY_BYTES || (i >= SLOT_TAIL_CANARY_OFFSET && i < SLOT_TAIL_CANARY_OFFSET + SLOT_CANARY_BYTES);
    return !canary && !(i >= SLOT_GENERATION_OFFSET && i < SLOT_GENERATION_OFFSET + 4);
  });
  assert.ok(secretAndPublic.every((byte) => byte === 0));
  assert.throws(() => store.add(fill(1)), hasCode('ERR_ARENA_FULL'));
  store.free(slot);
  const again = store.add(fill(1));
  assert.equal(again, { slot, generation: generation + 1 });
});

test('a key that fails on its way in leaves a slot that is wiped and free', () => {
  const { store, slots, bytes } = make(1);
  const fail = (view: SlotView): never => {
    fill(0xee)(view);
    throw new RangeError('no');
  };
  for (let i = 0; i < 3; i++)
    assert.throws(
      () => store.add(fail),
      (error: Error) => error instanceof RangeError,
    );
  assert.is(store.used, 0);
  assert.not.ok(
    bytes(0 as Slot)
      .subarray(SLOT_SECRET_OFFSET)
      .includes(0xee) && bytes(0 as Slot)[SLOT_SECRET_OFFSET] !== 0,
  );
  assert.ok(slots.view(0 as Slot).expanded.every((byte) => byte === 0));
  assert.is(store.add(fill(1)).generation, 3, 'a handle of a failed attempt names no later key');
});

test('one bit of either canary is noticed at the wipe, which zeroes all the same', () => {
  for (let bit = 0; bit < 8; bit++) {
    for (const at of [
      0,
      SLOT_CANARY_BYTES - 1,
      SLOT_TAIL_CANARY_OFFSET,
      SLOT_TAIL_CANARY_OFFSET + SLOT_CANARY_BYTES - 1,
    ]) {
      const { store, slots, bytes } = make(2);
      const { slot, generation } = store.add(fill(0xff));
      const beside = store.add(fill(0xaa));
      bytes(slot)[at]! ^= 1 << bit;
      assert.throws(() => store.wipe(slot), hasCode('ERR_MEMORY_CORRUPTED'));
      assert.ok(slots.view(slot).expanded.every((byte) => byte === 0));
      assert.ok(slots.view(slot).publicKey.every((byte) => byte === 0));
      assert.is(slots.generation(slot), generation + 1);
      store.wipe(beside.slot); // positive control: an intact neighbour
    }
  }
});

test('what runs over the end of a slot damages the canary of the next', () => {
  const { store, bytes } = make(2);
  const first = store.add(fill(1));
  const second = store.add(fill(2));
  const long = new Uint8Array(bytes(first.slot).buffer, bytes(first.slot).byteOffset + SLOT_BYTES - 8, 12);
  long.fill(0);
  store.wipe(first.slot);
  assert.throws(() => store.wipe(second.slot), hasCode('ERR_MEMORY_CORRUPTED'));
});

test('canaries differ from store to store, and are not zeros', () => {
  const canaries = [make(1), make(1)].map(({ store, bytes }) => {
    const { slot } = store.add(fill(0));
    return Buffer.from(bytes(slot).slice(0, SLOT_CANARY_BYTES)).toString('hex');
  });
  assert.is.not(canaries[0], canaries[1]);
  assert.not.match(canaries[0]!, /^0+$/);
});

test('a generation after the last of 32 bits is a small number again, and never negative', () => {
  const { store, slots, bytes } = make(1);
  const { slot } = store.add(fill(1));
  new DataView(bytes(slot).buffer).setUint32(bytes(slot).byteOffset + SLOT_GENERATION_OFFSET, 0xffff_ffff, true);
  assert.is(slots.generation(slot), 0xffff_ffff);
  store.wipe(slot);
  assert.is(slots.generation(slot), 0);
});

test.run();
