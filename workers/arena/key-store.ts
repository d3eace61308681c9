// Fills and wipes the slots of the arena. Only the vault thread has one; the other threads read slots (slots.ts).
// A slot's secret lies between two canaries that are checked before the slot is used again; its generation changes
// at every wipe, so a handle to a wiped key never names the next one.
import { randomFillSync } from 'node:crypto';
import { VaultError } from '../../src/errors.js';
import type { KeyHandle, Slot } from '../../src/wire/types.js';
import type { Arena } from './arena.js';
import {
  SLOT_BYTES,
  SLOT_CANARY_BYTES,
  SLOT_GENERATION_OFFSET,
  SLOT_PUBLIC_BYTES,
  SLOT_PUBLIC_OFFSET,
  SLOT_SECRET_BYTES,
  SLOT_SECRET_OFFSET,
  SLOT_TAIL_CANARY_OFFSET,
} from './layout.js';
import { openSlots, type SlotView } from './slots.js';

export interface KeyStore {
  readonly used: number;
  readonly capacity: number;
  /**
   * Take a free slot and let `fill` write the key. If it throws, the slot is wiped and free again.
   *
   * @throws {VaultError} ERR_ARENA_FULL
   */
  add(fill: (view: SlotView) => void): KeyHandle;
  /**
   * Zero the slot's secret and public key and move it to its next generation. It stays taken until `free`.
   *
   * @throws {VaultError} ERR_MEMORY_CORRUPTED - a canary was overwritten; the slot is zeroed all the same.
   */
  wipe(slot: Slot): void;
  /** Make a wiped slot available. */
  free(slot: Slot): void;
  view(slot: Slot): SlotView;
}

export const createKeyStore = (arena: Arena): KeyStore => {
  const { buffer, layout } = arena;
  const words = new Int32Array(buffer);
  const slots = openSlots(buffer, layout);
  const canary = randomFillSync(new Uint8Array(SLOT_CANARY_BYTES));
  // Slots that were used before, last released first; after them, those never used.
  const released: Slot[] = [];
  let untouched = 0;
  let used = 0;

  const area = (slot: Slot, offset: number, length: number): Uint8Array =>
    new Uint8Array(buffer, layout.slotsOffset + slot * SLOT_BYTES + offset, length);
  const canaries = (slot: Slot): Uint8Array[] => [
    area(slot, 0, SLOT_CANARY_BYTES),
    area(slot, SLOT_TAIL_CANARY_OFFSET, SLOT_CANARY_BYTES),
  ];
  const generationWord = (slot: Slot): number => (layout.slotsOffset + slot * SLOT_BYTES + SLOT_GENERATION_OFFSET) >> 2;

  const wipe = (slot: Slot): void => {
    area(slot, SLOT_SECRET_OFFSET, SLOT_SECRET_BYTES).fill(0);
    area(slot, SLOT_PUBLIC_OFFSET, SLOT_PUBLIC_BYTES).fill(0);
    Atomics.add(words, generationWord(slot), 1);
    const intact = canaries(slot).every((bytes) => bytes.every((byte, i) => byte === canary[i]));
    if (!intact) throw new VaultError('ERR_MEMORY_CORRUPTED', `the memory around slot ${slot} was overwritten`);
  };

  return {
    get used() {
      return used;
    },
    capacity: layout.slotCount,
    add(fill) {
      const slot = released.at(-1) ?? (untouched < layout.slotCount ? (untouched as Slot) : undefined);
      if (slot === undefined) {
        throw new VaultError('ERR_ARENA_FULL', `the vault holds ${used} keys, as many as memory.maxKeys allows`);
      }
      for (const bytes of canaries(slot)) bytes.set(canary);
      // Taken only when it has its canaries: without them its wipe would take it for damaged.
      if (released.length > 0) released.length--;
      else untouched++;
      used++;
      try {
        fill(slots.view(slot));
      } catch (error) {
        wipe(slot);
        this.free(slot);
        throw error;
      }
      return { slot, generation: slots.generation(slot) };
    },
    wipe,
    free(slot) {
      used--;
      released.push(slot);
    },
    view: slots.view,
  };
};
