// Seats: each thread that touches secrets takes one. A seat gives it scratch memory of its own, tells the vault that
// it is ready, and carries the forget protocol: the vault names released slots, every thread drops what it keeps for
// them and acknowledges. Control words only; nothing here reads a secret.
import { type ArenaLayout, SCRATCH_BYTES, SEAT_BYTES, SEAT_CONTROL_BYTES } from './layout.js';
import { HEADER, SEAT } from './words.js';

/** Slots that one round of forgetting can name. */
export const FORGET_LIST_LENGTH = 512;

export interface Seat {
  readonly index: number;
  /** Arena memory of this thread alone, for the intermediate values of one call. */
  readonly scratch: Uint8Array;
}

export interface Seats {
  /** Take a free seat for a thread. Undefined when all are taken. */
  take(threadId: number): Seat | undefined;
  markReady(seat: Seat): void;
  isReady(threadId: number): boolean;
  /** Threads other than `except` that are ready. */
  readyCount(except: number): number;
  /** Resolves at the next change of readiness, or after `timeoutMs`. */
  readyChange(timeoutMs: number): Promise<void>;
  /** The thread has ended: wipe its scratch and free its seat. */
  vacate(threadId: number): void;

  /** Vault: name slots to forget, and start a round. At most FORGET_LIST_LENGTH slots. */
  startForgetting(slots: readonly number[]): number;
  /** Vault: whether every taken seat but `except` has acknowledged the round. */
  hasForgotten(epoch: number, except: number): boolean;
  /** Vault: resolves at the next acknowledgement, or after `timeoutMs`. */
  acknowledgement(timeoutMs: number): Promise<void>;
  /** Signer: the next round after `seen`, with its slots. */
  nextForgetting(seen: number): Promise<{ epoch: number; slots: number[] }>;
  currentEpoch(): number;
  acknowledge(seat: Seat, epoch: number): void;
}

export const openSeats = (buffer: SharedArrayBuffer, layout: ArenaLayout): Seats => {
  const words = new Int32Array(buffer);
  const seatWord = (index: number, word: number): number => ((layout.seatsOffset + index * SEAT_BYTES) >> 2) + word;
  const scratchOf = (index: number): Uint8Array =>
    new Uint8Array(buffer, layout.seatsOffset + index * SEAT_BYTES + SEAT_CONTROL_BYTES, SCRATCH_BYTES);
  const indices = Array.from({ length: layout.seatCount }, (_, index) => index);
  const signal = (word: number): void => {
    Atomics.add(words, word, 1);
    Atomics.notify(words, word);
  };
  const change = async (word: number, seen: number, timeoutMs?: number): Promise<void> => {
    const wait = Atomics.waitAsync(words, word, seen, timeoutMs);
    if (wait.async) await wait.value;
  };

  return {
    take(threadId) {
      // Owners are stored plus one: thread ids start at 0, and 0 means free.
      const index = indices.find((i) => Atomics.compareExchange(words, seatWord(i, SEAT.owner), 0, threadId + 1) === 0);
      if (index === undefined) return undefined;
      Atomics.store(words, seatWord(index, SEAT.ackEpoch), Atomics.load(words, HEADER.forgetEpoch));
      signal(HEADER.seatSignal);
      return { index, scratch: scratchOf(index) };
    },
    markReady(seat) {
      Atomics.store(words, seatWord(seat.index, SEAT.ready), 1);
      signal(HEADER.readySignal);
    },
    isReady: (threadId) =>
      indices.some(
        (i) =>
          Atomics.load(words, seatWord(i, SEAT.owner)) === threadId + 1 &&
          Atomics.load(words, seatWord(i, SEAT.ready)) === 1,
      ),
    readyCount: (except) =>
      indices.filter((i) => i !== except && Atomics.load(words, seatWord(i, SEAT.ready)) === 1).length,
    readyChange: (timeoutMs) => change(HEADER.readySignal, Atomics.load(words, HEADER.readySignal), timeoutMs),
    vacate(threadId) {
      const index = indices.find((i) => Atomics.load(words, seatWord(i, SEAT.owner)) === threadId + 1);
      if (index === undefined) return;
      scratchOf(index).fill(0);
      Atomics.store(words, seatWord(index, SEAT.ready), 0);
      Atomics.store(words, seatWord(index, SEAT.owner), 0);
      signal(HEADER.ackSignal);
    },
    startForgetting(slots) {
      slots.forEach((slot, i) => void Atomics.store(words, HEADER.forgetList + i, slot));
      Atomics.store(words, HEADER.forgetCount, slots.length);
      const epoch = (Atomics.add(words, HEADER.forgetEpoch, 1) + 1) | 0;
      Atomics.notify(words, HEADER.forgetEpoch);
      return epoch;
    },
    hasForgotten: (epoch, except) =>
      indices.every(
        (i) =>
          i === except ||
          Atomics.load(words, seatWord(i, SEAT.owner)) === 0 ||
          Atomics.load(words, seatWord(i, SEAT.ackEpoch)) === epoch,
      ),
    acknowledgement: (timeoutMs) => change(HEADER.ackSignal, Atomics.load(words, HEADER.ackSignal), timeoutMs),
    async nextForgetting(seen) {
      while (Atomics.load(words, HEADER.forgetEpoch) === seen) await change(HEADER.forgetEpoch, seen);
      const count = Math.min(Atomics.load(words, HEADER.forgetCount), FORGET_LIST_LENGTH);
      return {
        epoch: Atomics.load(words, HEADER.forgetEpoch),
        slots: Array.from({ length: count }, (_, i) => Atomics.load(words, HEADER.forgetList + i)),
      };
    },
    currentEpoch: () => Atomics.load(words, HEADER.forgetEpoch),
    acknowledge(seat, epoch) {
      Atomics.store(words, seatWord(seat.index, SEAT.ackEpoch), epoch);
      signal(HEADER.ackSignal);
    },
  };
};
