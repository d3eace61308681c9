// Wakes the main thread every tenth of a millisecond, for as long as it is told to. Timers of the event loop are ten
// times coarser. To spin instead would take a whole core, which the signers need: on two cores they lose a third of
// their speed to it.
import { Worker } from 'node:worker_threads';
import type { Ticker } from '../open-loop.js';

/** Shared with the thread: whether it is to tick, and whether main has yet to answer its last tick. */
export const RUNNING = 0;
export const PENDING = 1;
export const WORDS = 3;

export const startTicker = (): Ticker & { close(): Promise<void> } => {
  const words = new Int32Array(new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT));
  const worker = new Worker(new URL('./ticker-thread.js', import.meta.url), { workerData: words });
  let onTick: (() => void) | undefined;
  worker.on('message', () => {
    // First: what comes due while main works on this tick has the next one.
    Atomics.store(words, PENDING, 0);
    onTick?.();
  });
  const stop = (): void => {
    onTick = undefined;
    Atomics.store(words, RUNNING, 0);
  };
  return {
    start(tick) {
      onTick = tick;
      Atomics.store(words, RUNNING, 1);
      Atomics.notify(words, RUNNING);
    },
    stop,
    async close() {
      stop();
      await worker.terminate();
    },
  };
};
