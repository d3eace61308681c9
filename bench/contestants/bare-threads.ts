// Bare loops in several threads at once: what the machine can do, and so a ceiling for any design.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Scheme } from 'strongroom';
import type { Keep } from '../check.js';
import { DEFAULT_SCHEME, SIGNED_TYPES, type SignedType } from '../keys.js';
import type { BareOrder, BareResult, BareThreadData } from './bare-thread.js';

export interface BareThreads {
  /** Signatures per second of all threads together. */
  run(type: SignedType, seconds: number, keep: Keep, scheme?: Scheme): Promise<number>;
  close(): Promise<void>;
}

export const startBareThreads = async (
  count: number,
  secrets: ReadonlyMap<SignedType, Uint8Array>,
  messages: (type: SignedType) => readonly Uint8Array[],
): Promise<BareThreads> => {
  const types = SIGNED_TYPES.filter((type) => secrets.has(type));
  const workerData: BareThreadData = { secrets, messages: new Map(types.map((type) => [type, messages(type)])) };
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./bare-thread.js', import.meta.url), { workerData }),
  );
  await Promise.all(workers.map((worker) => once(worker, 'message'))); // each says when it is ready

  return {
    async run(type, seconds, keep, scheme = DEFAULT_SCHEME[type]) {
      const order: BareOrder = { scheme, seconds, every: keep.every };
      const answers = workers.map(async (worker) => {
        const [result] = (await once(worker, 'message')) as [BareResult];
        return result;
      });
      for (const worker of workers) worker.postMessage(order);
      const results = await Promise.all(answers);
      for (const { kept } of results) for (const [i, signature] of kept) keep.add(i, signature);
      return results.reduce((sum, { rate }) => sum + rate, 0);
    },
    async close() {
      const alive = workers.filter(({ threadId }) => threadId !== -1); // one that has ended does not end again
      const ends = alive.map((worker) => once(worker, 'exit'));
      for (const worker of alive) worker.postMessage(null);
      await Promise.all(ends);
    },
  };
};
