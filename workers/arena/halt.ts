// Halting: a thread is ended only between two native calls. A native library that is interrupted in a call cannot
// report back to an engine that is shutting down, and some abort the whole process then (secp256k1's binding does, at
// the end of every signature). So a thread marks when it is at work, looks between operations whether it is to halt,
// and sleeps for ever if so; whoever ends it asks first and waits. Control words of the seats only; no secrets.
import { type ArenaLayout, SEAT_BYTES } from './layout.js';
import type { Seat } from './seats.js';

/** Header word: every thread is to halt. Seats use the words before it. */
const HALT_ALL = 4;
/** Seat words: whose seat it is (seats.ts), whether its thread is at work, whether it is to halt. */
const OWNER = 0;
const AT_WORK = 3;
const HALT = 4;

/** A thread that takes longer is ended all the same: it hangs, or hashes a very long message. */
const HALT_TIMEOUT_MS = 2_000;

export interface Halting {
  /** Signer: native work begins. Never returns if this thread is to halt. */
  begin(seat: Seat): void;
  /** Signer, between two operations: never returns if this thread is to halt. */
  look(seat: Seat): void;
  /** Signer: native work has ended. */
  end(seat: Seat): void;
  /** Vault: resolves when the thread is at rest and stays so. It may be ended then. */
  halt(threadId: number): Promise<void>;
  /** Vault: blocks until all other threads are at rest and stay so. For the end of the process, when nothing can wait. */
  haltAll(): void;
  /** Vault: the seat's thread has ended. */
  clear(threadId: number): void;
}

export const openHalting = (buffer: SharedArrayBuffer, layout: ArenaLayout): Halting => {
  const words = new Int32Array(buffer);
  const seatWord = (index: number, word: number): number => ((layout.seatsOffset + index * SEAT_BYTES) >> 2) + word;
  const indices = Array.from({ length: layout.seatCount }, (_, index) => index);
  const seatOf = (threadId: number): number | undefined =>
    indices.find((index) => Atomics.load(words, seatWord(index, OWNER)) === threadId + 1);

  const end = ({ index }: Seat): void => {
    Atomics.store(words, seatWord(index, AT_WORK), 0);
    if (Atomics.load(words, seatWord(index, HALT)) !== 0) Atomics.notify(words, seatWord(index, AT_WORK));
  };

  const look = (seat: Seat): void => {
    if (Atomics.load(words, seatWord(seat.index, HALT)) === 0 && Atomics.load(words, HALT_ALL) === 0) return;
    Atomics.store(words, seatWord(seat.index, HALT), 1);
    end(seat);
    for (;;) Atomics.wait(words, seatWord(seat.index, HALT), 1);
  };

  return {
    begin(seat) {
      // In this order: whoever halts this thread sets the one word and reads the other.
      Atomics.store(words, seatWord(seat.index, AT_WORK), 1);
      look(seat);
    },
    look,
    end,
    async halt(threadId) {
      const index = seatOf(threadId);
      if (index === undefined) return;
      Atomics.store(words, seatWord(index, HALT), 1);
      const deadline = performance.now() + HALT_TIMEOUT_MS;
      for (let left = HALT_TIMEOUT_MS; left > 0; left = deadline - performance.now()) {
        const wait = Atomics.waitAsync(words, seatWord(index, AT_WORK), 1, left);
        if (!wait.async) return;
        await wait.value;
      }
    },
    haltAll() {
      Atomics.store(words, HALT_ALL, 1);
      for (const index of indices) Atomics.store(words, seatWord(index, HALT), 1);
      const deadline = performance.now() + HALT_TIMEOUT_MS;
      for (const index of indices) {
        Atomics.wait(words, seatWord(index, AT_WORK), 1, Math.max(0, deadline - performance.now()));
      }
    },
    clear(threadId) {
      const index = seatOf(threadId);
      if (index === undefined) return;
      Atomics.store(words, seatWord(index, AT_WORK), 0);
      Atomics.store(words, seatWord(index, HALT), 0);
      Atomics.notify(words, seatWord(index, AT_WORK));
    },
  };
};
