// A thread's view of the slots: where a key's bytes lie, and which generation they are of. Reading only; slots are
// filled and wiped by the vault thread (key-store.ts).
import type { Slot } from '../../src/wire/types.js';
import {
  type ArenaLayout,
  SLOT_BYTES,
  SLOT_GENERATION_OFFSET,
  SLOT_PUBLIC_BYTES,
  SLOT_PUBLIC_OFFSET,
  SLOT_SECRET_BYTES,
  SLOT_SECRET_OFFSET,
} from './layout.js';

/** The bytes of one slot, in place: views over the arena, never copies. */
export interface SlotView {
  readonly slot: Slot;
  /** 32 bytes: the secret as its type defines it. */
  readonly secret: Uint8Array;
  /** 64 bytes from the same offset: for ed25519 the seed ‖ public key that libsodium signs with. */
  readonly expanded: Uint8Array;
  /** 64 bytes of room; a public key fills its type's length from the start. */
  readonly publicKey: Uint8Array;
}

export interface Slots {
  view(slot: Slot): SlotView;
  generation(slot: Slot): number;
}

/** Views are made when a slot is first used and kept: making one costs more than a look-up. */
export const openSlots = (buffer: SharedArrayBuffer, layout: ArenaLayout): Slots => {
  const words = new Int32Array(buffer);
  const views: SlotView[] = [];
  return {
    view(slot) {
      const known = views[slot];
      if (known !== undefined) return known;
      const at = layout.slotsOffset + slot * SLOT_BYTES;
      const made = {
        slot,
        secret: new Uint8Array(buffer, at + SLOT_SECRET_OFFSET, 32),
        expanded: new Uint8Array(buffer, at + SLOT_SECRET_OFFSET, SLOT_SECRET_BYTES),
        publicKey: new Uint8Array(buffer, at + SLOT_PUBLIC_OFFSET, SLOT_PUBLIC_BYTES),
      };
      views[slot] = made;
      return made;
    },
    generation: (slot) =>
      Atomics.load(words, (layout.slotsOffset + slot * SLOT_BYTES + SLOT_GENERATION_OFFSET) >> 2) >>> 0,
  };
};
