// Where things lie in the arena: areas do not overlap, slots and control words are aligned, at every size.

import { KEY_TYPE_FACTS, MAX_SOURCE_BYTES } from '../../dist/src/wire/types.js';
import { createArena } from '../../dist/workers/arena/arena.js';
import { openLane, wipeLane } from '../../dist/workers/arena/lanes.js';
import {
  type ArenaLayout,
  HELD_BYTES,
  LANE_BYTES,
  LANE_KEY_BYTES,
  LANE_PASSWORD_BYTES,
  LANE_TICKET_BYTES,
  layoutFor,
  PAGE_BYTES,
  SCRATCH_BYTES,
  SEAT_BYTES,
  SEAT_CONTROL_BYTES,
  SLOT_BYTES,
  SLOT_CANARY_BYTES,
  SLOT_GENERATION_OFFSET,
  SLOT_PUBLIC_BYTES,
  SLOT_PUBLIC_OFFSET,
  SLOT_SECRET_BYTES,
  SLOT_SECRET_OFFSET,
  SLOT_TAIL_CANARY_OFFSET,
  STAGING_BYTES,
} from '../../dist/workers/arena/layout.js';
import { FORGET_LIST_LENGTH } from '../../dist/workers/arena/seats.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the layout of the arena');

const areas = (layout: ArenaLayout): [number, number][] => [
  [0, (64 + FORGET_LIST_LENGTH) * 4], // header words, the list of seats.ts included
  [layout.seatsOffset, layout.seatCount * SEAT_BYTES],
  [layout.stagingOffset, STAGING_BYTES],
  [layout.stagingOffset + STAGING_BYTES, STAGING_BYTES],
  [layout.heldOffset, HELD_BYTES],
  [layout.lanesOffset, layout.laneCount * LANE_BYTES],
  [layout.slotsOffset, layout.slotCount * SLOT_BYTES],
  [layout.byteLength, 0],
];

test('areas follow one another without overlap, at every size', () => {
  for (const slotCount of [1, 2, 340, 16_384, 1_000_000]) {
    for (const seatCount of [1, 4, 10, 514]) {
      for (const laneCount of [0, 1, 3, 257]) {
        const layout = layoutFor(slotCount, seatCount, laneCount);
        let end = 0;
        for (const [start, length] of areas(layout)) {
          assert.ok(start >= end, `${slotCount} slots, ${seatCount} seats, ${laneCount} lanes`);
          end = start + length;
        }
        assert.is(layout.byteLength % PAGE_BYTES, 0);
        for (const offset of [layout.seatsOffset, layout.stagingOffset, layout.heldOffset, layout.slotsOffset]) {
          assert.is(offset % 4, 0, 'control words are 32-bit words');
        }
        assert.is(layout.slotsOffset % 64, 0, 'slots begin with a cache line');
      }
    }
  }
});

test('a slot has room for its parts, without overlap', () => {
  const parts: [number, number][] = [
    [0, SLOT_CANARY_BYTES],
    [SLOT_GENERATION_OFFSET, 4],
    [SLOT_SECRET_OFFSET, SLOT_SECRET_BYTES],
    [SLOT_TAIL_CANARY_OFFSET, SLOT_CANARY_BYTES],
    [SLOT_PUBLIC_OFFSET, SLOT_PUBLIC_BYTES],
    [SLOT_BYTES, 0],
  ];
  let end = 0;
  for (const [start, length] of parts) {
    assert.ok(start >= end);
    end = start + length;
  }
  assert.is(SLOT_GENERATION_OFFSET % 4, 0);
  assert.is(SLOT_BYTES % 64, 0);
  for (const { secretBytes, publicKeyBytes } of Object.values(KEY_TYPE_FACTS)) {
    assert.ok(secretBytes <= SLOT_SECRET_BYTES && publicKeyBytes <= SLOT_PUBLIC_BYTES);
  }
  assert.is(SEAT_BYTES, SEAT_CONTROL_BYTES + SCRATCH_BYTES);
  assert.ok(STAGING_BYTES > MAX_SOURCE_BYTES, 'a source that is too large is noticed');
});

test('lanes are views of their own places, and are wiped one by one', () => {
  const { buffer, layout } = createArena(1, 1, 3, 'off');
  const lanes = [0, 1, 2].map((index) => openLane(buffer, layout, index));
  lanes.forEach(({ index, password, key }, i) => {
    const at = layout.lanesOffset + i * LANE_BYTES + LANE_TICKET_BYTES;
    assert.equal([index, password.byteOffset, password.length], [i, at, LANE_PASSWORD_BYTES]);
    assert.equal([key.byteOffset, key.length], [at + LANE_PASSWORD_BYTES, LANE_KEY_BYTES]);
    password.fill(i + 1);
    key.fill(i + 1);
  });
  wipeLane(lanes[1]!);
  for (const [i, value] of [1, 0, 3].entries()) {
    const { password, key } = lanes[i]!;
    assert.ok(password.every((byte) => byte === value) && key.every((byte) => byte === value), `lane ${i}`);
  }
});

test('the arena is what the layout says, cannot be transferred or grown, and is wiped whole', () => {
  const arena = createArena(10, 4, 2, 'off');
  const { buffer, layout } = arena;
  assert.instance(buffer, SharedArrayBuffer);
  assert.is(buffer.byteLength, layout.byteLength);
  assert.throws(() => structuredClone(buffer, { transfer: [buffer as never] }));
  assert.is((buffer as { growable?: boolean }).growable ?? false, false);
  const views: [Uint8Array, number, number][] = [
    [arena.staging, layout.stagingOffset, STAGING_BYTES],
    [arena.decoded, layout.stagingOffset + STAGING_BYTES, STAGING_BYTES],
    [arena.held, layout.heldOffset, HELD_BYTES],
  ];
  for (const [view, offset, length] of views) {
    assert.equal([view.buffer === buffer, view.byteOffset, view.length], [true, offset, length]);
  }
  new Uint8Array(buffer).fill(7);
  arena.wipe();
  assert.ok(new Uint8Array(buffer).every((byte) => byte === 0));
});

test('memory that cannot be allocated is ERR_MEMORY, with a way out', () => {
  assert.throws(
    () => createArena(30_000_000, 4, 2, 'off'), // more pages than a 32-bit memory has
    (error: { code?: string; message: string }) =>
      error.code === 'ERR_MEMORY' && /of \d+ bytes could not be allocated; lower memory\.maxKeys/.test(error.message),
  );
});

test.run();
