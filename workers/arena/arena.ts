// The key arena: one shared WebAssembly memory that holds every secret of the vault, locked and left out of core
// dumps where the system allows. Made once, in the vault thread. Its buffer cannot be transferred or detached.
import { VaultError } from '../../src/errors.js';
import {
  type ArenaLayout,
  HELD_BYTES,
  layoutFor,
  PAGE_BYTES,
  SCRATCH_BYTES,
  SEAT_BYTES,
  SEAT_CONTROL_BYTES,
  STAGING_BYTES,
} from './layout.js';
import { type LockState, lockMemory } from './lock.js';

/** The part of the standard WebAssembly interface that is used here; node's own types leave it to the DOM's. */
declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

export interface Arena {
  readonly buffer: SharedArrayBuffer;
  readonly layout: ArenaLayout;
  readonly lock: LockState;
  /** Where a source is read to. */
  readonly staging: Uint8Array;
  /** Where a source is decoded to. */
  readonly decoded: Uint8Array;
  /** Where claimed and handed-off values wait. */
  readonly held: Uint8Array;
  /** Zero all that may hold a secret: slots, scratch, staging and held values. Threads that were told to halt stay told. */
  wipeSecrets(): void;
  /** Zero everything, control words too: when no other thread is left. */
  wipe(): void;
}

/**
 * @param lock - 'off' leaves the memory as it is; the caller acts on the returned state otherwise.
 * @throws {VaultError} ERR_MEMORY - the memory cannot be allocated.
 */
export const createArena = (
  slotCount: number,
  seatCount: number,
  laneCount: number,
  lock: 'require' | 'warn' | 'off',
): Arena => {
  const layout = layoutFor(slotCount, seatCount, laneCount);
  const buffer = allocate(layout.byteLength);
  const bytes = new Uint8Array(buffer);
  const area = (offset: number, length: number): Uint8Array => new Uint8Array(buffer, offset, length);
  return {
    buffer,
    layout,
    lock:
      lock === 'off' ? { locked: false, excludedFromDumps: false, reason: 'memory.lock is off' } : lockMemory(bytes),
    staging: area(layout.stagingOffset, STAGING_BYTES),
    decoded: area(layout.stagingOffset + STAGING_BYTES, STAGING_BYTES),
    held: area(layout.heldOffset, HELD_BYTES),
    wipeSecrets() {
      for (let seat = 0; seat < seatCount; seat++) {
        area(layout.seatsOffset + seat * SEAT_BYTES + SEAT_CONTROL_BYTES, SCRATCH_BYTES).fill(0);
      }
      bytes.fill(0, layout.stagingOffset);
    },
    wipe: () => void bytes.fill(0),
  };
};

const allocate = (byteLength: number): SharedArrayBuffer => {
  const pages = byteLength / PAGE_BYTES;
  try {
    // The only memory that the engine maps page-aligned, shares between threads and refuses to transfer.
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }).buffer;
  } catch {
    throw new VaultError(
      'ERR_MEMORY',
      `the key arena of ${byteLength} bytes could not be allocated; lower memory.maxKeys`,
    );
  }
};
