// Where everything lies in the key arena. Offsets and sizes in bytes, decided once at start.
//
//   header | seats (one per thread: control words + scratch) | staging | held | lanes | slots
//
// Control words hold no secret. Scratch and staging hold secret bytes for the length of one call, lanes for that of one
// key derivation, held areas until the keys that name their values are loaded. Slots hold the keys.

/** What every thread must know to find its way in the arena. Holds no secret; travels as `workerData`. */
export interface ArenaLayout {
  readonly slotCount: number;
  readonly seatCount: number;
  readonly seatsOffset: number;
  readonly stagingOffset: number;
  readonly heldOffset: number;
  readonly laneCount: number;
  readonly lanesOffset: number;
  readonly slotsOffset: number;
  readonly byteLength: number;
}

export const PAGE_BYTES = 65_536; // a WebAssembly page
const HEADER_BYTES = 4096;

/** Control words of a seat (128 bytes), then its scratch. */
export const SEAT_CONTROL_BYTES = 128;
/** Room for the intermediate values of one signature or derivation. */
export const SCRATCH_BYTES = 1024;
export const SEAT_BYTES: number = SEAT_CONTROL_BYTES + SCRATCH_BYTES;

/** One staging buffer holds the largest source (64 KiB) and one byte more, so that a larger one is noticed. */
export const STAGING_BYTES: number = PAGE_BYTES + 4096;
/** Values of environment variables and hand-offs, between their arrival and the registration of their keys. */
export const HELD_BYTES: number = 2 * PAGE_BYTES;

/** A lane carries one key derivation from a password: the password in, the derived key out. */
export const LANE_PASSWORD_BYTES = 1024;
/** AES-128 and the key of a keystore's checksum take 32 bytes, the key of a sealed file and its commitment 64. */
export const LANE_KEY_BYTES = 64;
/** A control word: the number of the derivation that may write the key. */
export const LANE_TICKET_BYTES = 16;
export const LANE_BYTES: number = LANE_TICKET_BYTES + LANE_PASSWORD_BYTES + LANE_KEY_BYTES;

/** A slot is three cache lines: canary, generation, secret, canary, public key. */
export const SLOT_BYTES = 192;
export const SLOT_CANARY_BYTES = 16;
export const SLOT_GENERATION_OFFSET = 16;
export const SLOT_SECRET_OFFSET = 32;
/** An ed25519 key is kept as seed ‖ public key, the form that libsodium signs with; a seed may have 64 bytes. */
export const SLOT_SECRET_BYTES = 64;
export const SLOT_TAIL_CANARY_OFFSET: number = SLOT_SECRET_OFFSET + SLOT_SECRET_BYTES;
export const SLOT_PUBLIC_OFFSET: number = SLOT_TAIL_CANARY_OFFSET + SLOT_CANARY_BYTES;
export const SLOT_PUBLIC_BYTES = 64;

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

export const layoutFor = (slotCount: number, seatCount: number, laneCount: number): ArenaLayout => {
  const seatsOffset = HEADER_BYTES;
  const stagingOffset = roundUp(seatsOffset + seatCount * SEAT_BYTES, 4096);
  const heldOffset = stagingOffset + 2 * STAGING_BYTES;
  const lanesOffset = heldOffset + HELD_BYTES;
  const slotsOffset = roundUp(lanesOffset + laneCount * LANE_BYTES, 4096);
  const byteLength = roundUp(slotsOffset + slotCount * SLOT_BYTES, PAGE_BYTES);
  return {
    slotCount,
    seatCount,
    seatsOffset,
    stagingOffset,
    heldOffset,
    laneCount,
    lanesOffset,
    slotsOffset,
    byteLength,
  };
};
