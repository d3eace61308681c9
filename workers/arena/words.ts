// The control words of the arena, as indices of 32-bit words: those of its header, and those at the start of each seat.
// No word holds a secret. seats.ts tells the protocols of the first ones, halt.ts those of halting.

/** Words of the header. */
export const HEADER = {
  /** The round of forgetting that is under way. */
  forgetEpoch: 0,
  /** Changes at every acknowledgement. */
  ackSignal: 1,
  /** Changes when a thread becomes ready. */
  readySignal: 2,
  /** Slots that the round names, and where their list begins. */
  forgetCount: 3,
  /** Changes when a seat is taken. */
  seatSignal: 4,
  /** Not 0: every thread is to halt. */
  haltAll: 5,
  /** A bit for each key type, in the order of KEY_TYPES, of whose keys a thread keeps objects that cannot be wiped. */
  keptTypes: 6,
  forgetList: 64,
} as const;

/** Words of a seat. */
export const SEAT = {
  /** The thread whose seat it is, plus one; 0 is free. */
  owner: 0,
  ready: 1,
  /** The last round of forgetting that it has acknowledged. */
  ackEpoch: 2,
  /** The thread is in native calls. */
  atWork: 3,
  /** The thread is to halt. */
  halt: 4,
  /** The batch that it signs; 0 is none. */
  batch: 5,
} as const;
