// The Piscina pool of signer threads, kept whole: a signer that dies is replaced, its seat and scratch are freed once
// its thread has really ended, and a pool that Piscina itself gave up on is replaced by a new one.
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { VaultError } from '../../src/errors.js';
import type { Seats } from '../arena/seats.js';
import type { SignerData, SignTask } from '../signer/signer.js';

/** Batches that a signer may have at once: one that it signs and one that waits, so that it never idles between. */
export const BATCHES_PER_SIGNER = 2;
/** How long signers may take to load and report at start. */
const READY_TIMEOUT_MS = 30_000;
/** Pools that may fail one after another, without one signer becoming ready, before signing is given up. */
const MAX_FAILED_POOLS = 5;

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

export const createSignerPool = (threads: number, data: SignerData, seats: Seats, vaultSeat: number): SignerPool => {
  const watched = new WeakSet<Worker>();
  let closing = false;
  let failedPools = 0;
  let broken = false;

  const makePool = (): Piscina => {
    const made = new Piscina({
      filename: fileURLToPath(new URL('../signer/signer.js', import.meta.url)),
      name: 'signBatch',
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Number.POSITIVE_INFINITY,
      concurrentTasksPerWorker: BATCHES_PER_SIGNER,
      maxQueue: threads * BATCHES_PER_SIGNER * 2,
      atomics: 'disabled',
      recordTiming: false,
      workerData: data,
      // Both, or NODE_OPTIONS would load code of others beside the keys.
      env: {},
      execArgv: [],
    });
    // Emitted for signers that die without work. What follows is decided when their threads have exited.
    made.on('error', () => undefined);
    made.on('workerCreate', () => watch(made));
    watch(made);
    return made;
  };

  const watch = (of: Piscina): void => {
    for (const worker of of.threads as Worker[]) {
      if (watched.has(worker)) continue;
      watched.add(worker);
      const { threadId } = worker;
      worker.once('exit', () => {
        seats.vacate(threadId);
        if (!closing) setImmediate(repair);
      });
    }
  };

  /** Piscina stops replacing signers once one has died before it was ready. */
  const repair = (): void => {
    watch(pool);
    if (closing || broken || pool.threads.length >= threads) return;
    failedPools = seats.readyCount(vaultSeat) > 0 ? 1 : failedPools + 1;
    if (failedPools > MAX_FAILED_POOLS) {
      broken = true;
      return;
    }
    const old = pool;
    pool = makePool();
    retired.add(old);
    void old.close().finally(() => retired.delete(old));
  };

  const retired = new Set<Piscina>();
  let pool = makePool();

  return {
    threads,
    run({ operations, count }) {
      if (broken) return Promise.reject(new VaultError('ERR_SIGNER_FAILED', 'the signer threads do not start'));
      return pool.run({ operations, count }, { transferList: [operations] }) as Promise<ArrayBuffer>;
    },
    async ready() {
      const deadline = performance.now() + READY_TIMEOUT_MS;
      while (seats.readyCount(vaultSeat) < threads) {
        if (broken || performance.now() > deadline) {
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
      await Promise.all([pool, ...retired].map((each) => each.destroy()));
      // A thread's exit event may trail the pool's own bookkeeping by a turn.
      await setTimeout(0);
    },
    workers: () => pool.threads as Worker[],
  };
};
