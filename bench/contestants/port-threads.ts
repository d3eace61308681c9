// Threads with a granted port each, of one vault.
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Vault } from 'strongroom';
import type { Keep } from '../check.js';
import { SIGNED_TYPES, type SignedType } from '../keys.js';
import type { PortOrder, PortResult, PortThreadData } from './port-thread.js';

export interface PortThreads {
  /** Signatures per second of all threads together, each with so many calls in flight. */
  run(type: SignedType, inFlight: number, seconds: number, keep: Keep): Promise<number>;
  /** Load the vault from now on, and until it is stopped. */
  flood(type: SignedType, inFlight: number): Promise<void>;
  stop(): Promise<void>;
  close(): Promise<void>;
}

/** @param raw - they send frames of one operation each, without the client: for floods. */
export const startPortThreads = async (
  vault: Vault,
  count: number,
  messages: (type: SignedType) => readonly Uint8Array[],
  raw = false,
): Promise<PortThreads> => {
  const types = SIGNED_TYPES.filter((type) => vault.keys().some((key) => key.type === type));
  const workers: Worker[] = [];
  for (let i = 0; i < count; i++) {
    const port = await vault.grant({ keys: ['*'], operations: ['sign'] });
    const workerData: PortThreadData = { port, messages: new Map(types.map((type) => [type, messages(type)])), raw };
    workers.push(new Worker(new URL('./port-thread.js', import.meta.url), { workerData, transferList: [port] }));
  }
  await Promise.all(workers.map((worker) => once(worker, 'message'))); // each says when it is ready

  const orderAll = async (order: PortOrder): Promise<(PortResult | 'done')[]> => {
    const answers = workers.map(async (worker) => {
      const [answer] = (await once(worker, 'message')) as [PortResult | 'done'];
      return answer;
    });
    for (const worker of workers) worker.postMessage(order);
    return Promise.all(answers);
  };

  return {
    async run(type, inFlight, seconds, keep) {
      const results = (await orderAll({ type, inFlight, seconds, every: keep.every })) as PortResult[];
      for (const { kept } of results) for (const [i, signature] of kept) keep.add(i, signature);
      return results.reduce((sum, { rate }) => sum + rate, 0);
    },
    flood: async (type, inFlight) => void (await orderAll({ type, inFlight, flood: true })),
    stop: async () => void (await orderAll('stop')),
    async close() {
      const alive = workers.filter(({ threadId }) => threadId !== -1);
      const ends = alive.map((worker) => once(worker, 'exit'));
      for (const worker of alive) worker.postMessage('end');
      await Promise.all(ends);
    },
  };
};
