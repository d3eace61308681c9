// Halting: a thread is ended only when it has started, and between two native calls. A native library that is
// interrupted in a call cannot report back to an engine that is shutting down, and some abort the whole process then
// (secp256k1's binding, at the end of every signature); so does Node 20 when a thread ends while it loads modules. So
// a thread marks when it is at work, looks between operations whether it is to halt, and sleeps for ever if so; whoever
// ends it asks first and waits. Control words of the header and the seats only; no secrets.
import { type ArenaLayout, SEAT_BYTES } from './layout.js';
import type { Seat } from './seats.js';
import { HEADER, SEAT } from './words.js';

/** A thread that takes longer is ended all the same: it hangs, or hashes a very long message. */
const HALT_TIMEOUT_MS = 5_000;

export interface Halting {
  /** Signer: native work begins, on that batch. Never returns if this thread is to halt. */
  begin(seat: Seat, batch: number): void;
  /** Signer: whether this thread is to halt. */
  isAsked(seat: Seat): boolean;
  /** Signer, between two operations: never returns if this thread is to halt. */
  look(seat: Seat): void;
  /** Signer: native work has ended. */
  end(seat: Seat): void;
  /** Vault: resolves when the thread is at rest and stays so. It may be ended then. */
  halt(threadId: number): Promise<void>;
  /** Vault: blocks until these threads are at rest and stay so. For the end of the process, when nothing can wait. */
  haltAll(threadIds: Iterable<number>): void;
  /** Vault: whether a thread is signing this batch, or was when it ended. */
  isSigning(batch: number): boolean;
  /** Vault: the seat's thread has ended. */
  clear(threadId: number): void;
}

export const openHalting = (buffer: SharedArrayBuffer, layout: ArenaLayout): Halting => {
  const words = new Int32Array(buffer);
  const seatWord = (index: number, word: number): number => ((layout.seatsOffset + index * SEAT_BYTES) >> 2) + word;
  const indices = Array.from({ length: layout.seatCount }, (_, index) => index);
  const seatOf = (threadId: number): number | undefined =>
    indices.find((index) => Atomics.load(words, seatWord(index, SEAT.owner)) === threadId + 1);

  const end = ({ index }: Seat): void => {
    Atomics.store(words, seatWord(index, SEAT.batch), 0);
    Atomics.store(words, seatWord(index, SEAT.atWork), 0);
    if (Atomics.load(words, seatWord(index, SEAT.halt)) !== 0) Atomics.notify(words, seatWord(index, SEAT.atWork));
  };

  const isAsked = ({ index }: Seat): boolean =>
    Atomics.load(words, seatWord(index, SEAT.halt)) !== 0 || Atomics.load(words, HEADER.haltAll) !== 0;

  const look = (seat: Seat): void => {
    if (!isAsked(seat)) return;
    // What it signs stays told: it will not be finished.
    Atomics.store(words, seatWord(seat.index, SEAT.halt), 1);
    Atomics.store(words, seatWord(seat.index, SEAT.atWork), 0);
    Atomics.notify(words, seatWord(seat.index, SEAT.atWork));
    for (;;) Atomics.wait(words, seatWord(seat.index, SEAT.halt), 1);
  };

  /** Tell a thread to halt. What to wait for before it may be ended: a word that has to change. */
  const obstacle = (threadId: number): { readonly word: number; readonly value: number } | undefined => {
    const seen = Atomics.load(words, HEADER.seatSignal);
    const index = seatOf(threadId);
    if (index === undefined) return { word: HEADER.seatSignal, value: seen }; // it is starting
    Atomics.store(words, seatWord(index, SEAT.halt), 1);
    const word = seatWord(index, SEAT.atWork);
    return Atomics.load(words, word) === 1 ? { word, value: 1 } : undefined;
  };

  return {
    begin(seat, batch) {
      // In this order: whoever halts this thread sets the one word and reads the other.
      Atomics.store(words, seatWord(seat.index, SEAT.atWork), 1);
      look(seat);
      Atomics.store(words, seatWord(seat.index, SEAT.batch), batch);
    },
    isAsked,
    look,
    end,
    async halt(threadId) {
      const deadline = performance.now() + HALT_TIMEOUT_MS;
      for (let wait = obstacle(threadId); wait !== undefined; wait = obstacle(threadId)) {
        const left = deadline - performance.now();
        if (left <= 0) return;
        await Atomics.waitAsync(words, wait.word, wait.value, left).value;
      }
    },
    haltAll(threadIds) {
      Atomics.store(words, HEADER.haltAll, 1);
      const deadline = performance.now() + HALT_TIMEOUT_MS;
      for (const threadId of threadIds) {
        for (let wait = obstacle(threadId); wait !== undefined; wait = obstacle(threadId)) {
          const left = deadline - performance.now();
          if (left <= 0) return;
          Atomics.wait(words, wait.word, wait.value, left);
        }
      }
    },
    isSigning: (batch) => indices.some((index) => Atomics.load(words, seatWord(index, SEAT.batch)) === batch),
    clear(threadId) {
      const index = seatOf(threadId);
      if (index === undefined) return;
      Atomics.store(words, seatWord(index, SEAT.batch), 0);
      Atomics.store(words, seatWord(index, SEAT.atWork), 0);
      Atomics.store(words, seatWord(index, SEAT.halt), 0);
      Atomics.notify(words, seatWord(index, SEAT.atWork));
    },
  };
};
