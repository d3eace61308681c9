// The Piscina pool of signer threads, kept whole: a signer that dies is replaced, its seat and scratch are freed once
// its thread has really ended, and a pool that Piscina itself gave up on is replaced by a new one.
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { VaultError } from '../../src/errors.js';
import type { Halting } from '../arena/halt.js';
import type { Seats } from '../arena/seats.js';
import type { SignerData, SignTask } from '../signer/signer.js';

/** Batches that a signer may have at once: one that it signs and one that waits, so that it never idles between. */
export const BATCHES_PER_SIGNER = 2;
/** How long signers may take to load and report at start. */
const READY_TIMEOUT_MS = 30_000;
/** Signers that may die one after another before they are ready, with none left that is, before work is refused. */
const MAX_FAILED_STARTS = 5;
/** How long the pool waits after failed starts before it tries again: doubled for each, up to the longest. */
const RETRY_MS = 5;
const MAX_RETRY_MS = 1_000;
/** How long the signers of a pool that is replaced may take over the batches that they have. */
const RETIRE_MS = 1_000;

export interface SignerPool {
  readonly threads: number;
  /** Sign one batch. Rejects when its signer dies; the batch may then be run again. */
  run(task: SignTask): Promise<ArrayBuffer>;
  /** Resolves when every signer is ready. @throws {VaultError} ERR_SIGNER_FAILED */
  ready(): Promise<void>;
  /** End the threads. Work in flight must be back. */
  close(): Promise<void>;
  /** The live threads, for whoever must watch them (tests end them). */
  workers(): readonly Worker[];
}

export const createSignerPool = (
  threads: number,
  data: SignerData,
  seats: Seats,
  halting: Halting,
  vaultSeat: number,
): SignerPool => {
  const retired = new Set<Piscina>();
  let closing = false;
  let failedStarts = 0;
  let repairTimer: NodeJS.Timeout | undefined;

  const makePool = (): Piscina => {
    const made = new Piscina({
      filename: fileURLToPath(new URL('../signer/signer.js', import.meta.url)),
      name: 'signBatch',
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: BATCHES_PER_SIGNER,
      maxQueue: threads * BATCHES_PER_SIGNER * 2,
      closeTimeout: RETIRE_MS,
      atomics: 'disabled',
      recordTiming: false,
      workerData: data,
      // Both, or NODE_OPTIONS would load code of others beside the keys.
      env: {},
      execArgv: [],
    });
    // Emitted for signers that die without work. What follows is decided when their threads have exited.
    made.on('error', () => undefined);
    return made;
  };

  /** Every thread from its first moment: Piscina tells of a signer only when it is ready, and it may die before. */
  const watch = (worker: Worker): void => {
    const { threadId } = worker;
    const terminate = worker.terminate.bind(worker);
    let ending: Promise<number> | undefined;
    // Whoever ends it, Piscina included, ends it between two native calls.
    worker.terminate = () => {
      ending ??= halting.halt(threadId).then(terminate);
      return ending;
    };
    worker.once('exit', () => {
      if (seats.isReady(threadId)) failedStarts = 0;
      else if (ending === undefined) failedStarts++;
      halting.clear(threadId);
      seats.vacate(threadId);
      // After Piscina's own listener, which may replace the signer.
      if (!closing) repairTimer ??= setTimeout(repair, retryDelay());
    });
  };

  const retryDelay = (): number => (failedStarts === 0 ? 0 : Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** failedStarts));

  /** Piscina stops replacing signers once one has died before it was ready. */
  const repair = (): void => {
    repairTimer = undefined;
    if (closing || pool.threads.length >= threads) return;
    const old = pool;
    pool = makePool();
    retired.add(old);
    // What waits in its queue is rejected at once, and run again by the new pool.
    void old.close({ force: true }).finally(() => retired.delete(old));
  };

  const isBroken = (): boolean => failedStarts > MAX_FAILED_STARTS && seats.readyCount(vaultSeat) === 0;

  // The pool's are the only threads that this thread makes.
  process.on('worker', watch);
  let pool = makePool();

  return {
    threads,
    async run(task) {
      for (;;) {
        if (closing || isBroken()) throw new VaultError('ERR_SIGNER_FAILED', 'no signer thread is running');
        const used = pool;
        try {
          return (await used.run(task, { transferList: [task.operations] })) as ArrayBuffer;
        } catch (error) {
          // A batch that never left this thread is as good as new.
          if (used === pool || task.operations.byteLength === 0) throw error;
        }
      }
    },
    async ready() {
      const deadline = performance.now() + READY_TIMEOUT_MS;
      while (seats.readyCount(vaultSeat) < threads) {
        if (closing || isBroken() || performance.now() > deadline) {
          throw new VaultError(
            'ERR_SIGNER_FAILED',
            `${seats.readyCount(vaultSeat)} of ${threads} signer threads started`,
          );
        }
        await seats.readyChange(50);
      }
    },
    async close() {
      closing = true;
      clearTimeout(repairTimer);
      await Promise.all([pool, ...retired].map((each) => each.destroy()));
      // A thread's exit event may trail the pool's own bookkeeping by a turn.
      await sleep(0);
      process.off('worker', watch);
    },
    workers: () => pool.threads as Worker[],
  };
};
