// The Piscina pool of signer threads, kept whole: a signer that dies is replaced, its seat and scratch are freed once
// its thread has really ended, and a pool that Piscina itself gave up on is replaced by a new one.
import '../no-report.js';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { type ErrorRecord, VaultError } from '../../src/errors.js';
import type { Halting } from '../arena/halt.js';
import type { Seats } from '../arena/seats.js';
import type { DeriveTask } from '../signer/derive-key.js';
import type { OperateOutcome, OperateTask } from '../signer/operate.js';
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
  /** Derive one key; answers why that failed, if it did. Rejects when its signer dies; it may then be run again. */
  derive(task: DeriveTask): Promise<ErrorRecord | undefined>;
  /**
   * Let an operator of the settings work with a key.
   *
   * @throws {VaultError} ERR_SIGNER_FAILED - its signer died; it is not tried again.
   */
  operate(task: OperateTask): Promise<OperateOutcome>;
  /** Of a batch that was just rejected: whether it was being signed. If not, it only waited for the signer that died. */
  wasSigning(batch: number): boolean;
  /** Resolves when every signer is ready. @throws {VaultError} ERR_SIGNER_FAILED */
  ready(): Promise<void>;
  /** End the threads. Work in flight must be back. */
  close(): Promise<void>;
  /** Blocks until no signer does anything, nor ever will. For the end of the process. */
  halt(): void;
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
  const live = new Set<number>();
  let closing = false;
  let failedStarts = 0;
  let repairTimer: NodeJS.Timeout | undefined;

  const makePool = (): Piscina => {
    const made = new Piscina({
      filename: fileURLToPath(new URL('../signer/entry.cjs', import.meta.url)),
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
    live.add(threadId);
    const exited = new Promise<void>((resolve) => void worker.once('exit', () => resolve()));
    // Whoever ends it, Piscina included, ends it at rest.
    worker.terminate = () => {
      ending ??= Promise.race([halting.halt(threadId), exited]).then(terminate);
      return ending;
    };
    // Before Piscina's own listeners: those call terminate().
    let failed = false;
    worker.prependOnceListener('error', () => {
      failed = ending === undefined;
    });
    worker.prependOnceListener('exit', () => {
      live.delete(threadId);
      if (seats.isReady(threadId)) failedStarts = 0;
      else if (failed || ending === undefined) failedStarts++;
      // When those whose batches are rejected now have looked what it was signing.
      setImmediate(() => {
        halting.clear(threadId);
        seats.vacate(threadId);
      });
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
    async derive(task) {
      if (closing || isBroken()) throw new VaultError('ERR_SIGNER_FAILED', 'no signer thread is running');
      return (await pool.run(task, { name: 'deriveKey' })) as ErrorRecord | undefined;
    },
    async operate(task) {
      try {
        if (!closing && !isBroken()) return (await pool.run(task, { name: 'operate' })) as OperateOutcome;
      } catch {
        // Below: what became of it is not known, and an operator may have done its work already.
      }
      throw new VaultError('ERR_SIGNER_FAILED', 'the signer thread failed while the operator worked');
    },
    wasSigning: halting.isSigning,
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
      // Again for a signer that was ending by itself: Piscina forgets it at once, and may replace it when it has ended.
      while (live.size > 0) {
        await Promise.all([pool, ...retired].map((each) => each.destroy()));
        await sleep(1);
      }
      process.off('worker', watch);
    },
    halt: () => halting.haltAll(live),
    workers: () => pool.threads as Worker[],
  };
};
