// Decides where operations are signed: small loads inline in the vault thread (no second hop), larger ones cut over
// the signers. Counts what is in flight on each key, so that a key is wiped only when no batch names it, and bounds
// what waits. A batch whose signer died is signed by another.
import { VaultError } from '../../src/errors.js';
import { REPLY_HEADER_BYTES, statusOf } from '../../src/wire/frame.js';
import type { SigningContext } from '../signer/sign-operations.js';
import { signOperations } from '../signer/sign-operations.js';
import type { AdmittedFrame } from './admission.js';
import { type CostTable, operationCost } from './cost.js';
import type { KeyTable } from './key-table.js';
import { BATCHES_PER_SIGNER, type SignerPool } from './signer-pool.js';

/** A load below this is signed inline: handing it over would take longer. In microseconds, as all costs. */
const INLINE_COST_US = 150;
/** The smallest piece worth a hand-over, when a frame is cut over idle signers. */
const MIN_PIECE_COST_US = 200;
/** The largest piece: bounds how long a release or a small load waits behind it. */
const MAX_PIECE_COST_US = 12_000;
/** Signers that may die under one batch before it is given up. */
const MAX_ATTEMPTS = 3;

interface Job {
  readonly frame: AdmittedFrame;
  readonly costs: Float64Array;
  readonly replies: ArrayBuffer[];
  /** The first operation that is not yet part of a piece. */
  next: number;
  piecesOut: number;
  resolve(replies: readonly ArrayBuffer[]): void;
}

interface Piece {
  readonly job: Job;
  /** Place of its reply among the job's. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
  attempts: number;
}

export interface Dispatcher {
  /**
   * Sign a frame.
   *
   * @returns replies that follow one another in the frame's order; to be transferred.
   * @throws {VaultError} ERR_VAULT_BUSY - the frame would exceed the bounds; nothing of it was signed.
   */
  submit(frame: AdmittedFrame): Promise<readonly ArrayBuffer[]>;
  /** Resolves when nothing is in flight. */
  idle(): Promise<void>;
}

export interface DispatchLimits {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

export const createDispatcher = (
  pool: SignerPool,
  table: KeyTable,
  inline: SigningContext,
  costs: CostTable,
  limits: DispatchLimits,
): Dispatcher => {
  const queue: Job[] = [];
  const retries: Piece[] = [];
  const capacity = pool.threads * BATCHES_PER_SIGNER;
  let queuedCost = 0;
  let batchesOut = 0;
  let pending = 0;
  let pendingBytes = 0;
  let onIdle: (() => void)[] = [];

  const pump = (): void => {
    while (batchesOut < capacity) {
      const retry = retries.pop();
      if (retry !== undefined) {
        run(retry);
        continue;
      }
      const job = queue[0];
      if (job === undefined) return;
      run(cut(job));
      if (job.next === job.frame.count) queue.shift();
    }
  };

  /** Take the next piece of a job: an even share while signers are idle, as much as a piece may hold while all work. */
  const cut = (job: Job): Piece => {
    const idle = pool.threads - batchesOut;
    const target =
      idle > 0 ? Math.min(MAX_PIECE_COST_US, Math.max(MIN_PIECE_COST_US, queuedCost / idle)) : MAX_PIECE_COST_US;
    const from = job.next;
    let cost = 0;
    while (job.next < job.frame.count) {
      const operation = job.costs[job.next]!;
      // Half an operation over is nearer to the target than half an operation under.
      if (job.next > from && cost + operation / 2 > target) break;
      cost += operation;
      job.next++;
    }
    queuedCost = Math.max(0, queuedCost - cost);
    job.piecesOut++;
    job.replies.push(EMPTY);
    return { job, index: job.replies.length - 1, from, to: job.next, attempts: 0 };
  };

  const run = (piece: Piece): void => {
    const { frame } = piece.job;
    batchesOut++;
    piece.attempts++;
    // A copy: the frame stays here, so that another signer can have the piece if this one dies.
    const operations = frame.buffer.slice(frame.offsets[piece.from], frame.offsets[piece.to]);
    pool.run({ operations, count: piece.to - piece.from }).then(
      (reply) => {
        batchesOut--;
        settle(piece, reply);
        pump();
      },
      () => {
        batchesOut--;
        if (piece.attempts < MAX_ATTEMPTS) retries.push(piece);
        else settle(piece, failedReply(piece));
        pump();
      },
    );
  };

  const settle = (piece: Piece, reply: ArrayBuffer): void => {
    const { job } = piece;
    job.replies[piece.index] = reply;
    job.piecesOut--;
    for (let i = piece.from; i < piece.to; i++) {
      const entry = job.frame.entries[i];
      if (entry !== undefined) table.end(entry);
    }
    if (job.piecesOut === 0 && job.next === job.frame.count) finish(job.frame, () => job.resolve(job.replies));
  };

  const finish = (frame: AdmittedFrame, answer: () => void): void => {
    pending -= frame.count;
    pendingBytes -= frame.messageBytes;
    answer();
    if (pending > 0) return;
    const waiting = onIdle;
    onIdle = [];
    for (const resolve of waiting) resolve();
  };

  return {
    submit(frame) {
      if (pending + frame.count > limits.maxPending || pendingBytes + frame.messageBytes > limits.maxPendingBytes) {
        return Promise.reject(
          new VaultError('ERR_VAULT_BUSY', `${pending} operations are waiting; maxPending is ${limits.maxPending}`),
        );
      }
      pending += frame.count;
      pendingBytes += frame.messageBytes;
      const costOf = new Float64Array(frame.count);
      let total = 0;
      for (let i = 0; i < frame.count; i++) {
        const cost = operationCost(frame, i, costs);
        costOf[i] = cost;
        total += cost;
      }
      if (total <= INLINE_COST_US || (frame.count === 1 && batchesOut === 0)) {
        const operations = frame.buffer.slice(frame.offsets[0]);
        const reply = signOperations(operations, frame.count, inline);
        finish(frame, () => undefined);
        return Promise.resolve([reply]);
      }
      for (const entry of frame.entries) if (entry !== undefined) table.begin(entry);
      queuedCost += total;
      return new Promise((resolve) => {
        queue.push({ frame, costs: costOf, replies: [], next: 0, piecesOut: 0, resolve });
        pump();
      });
    },
    idle: () => (pending === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve))),
  };
};

const EMPTY = new ArrayBuffer(0);
const SIGNER_FAILED = statusOf('ERR_SIGNER_FAILED');

const failedReply = ({ job, from, to }: Piece): ArrayBuffer => {
  const count = to - from;
  const reply = new ArrayBuffer(REPLY_HEADER_BYTES + count);
  new Uint32Array(reply, 0, 1)[0] = count;
  const statuses = new Uint8Array(reply, REPLY_HEADER_BYTES);
  const words = new Uint32Array(job.frame.buffer);
  for (let i = 0; i < count; i++) {
    const refused = (words[(job.frame.offsets[from + i]! >> 2) + 3]! >>> 16) & 0xff;
    statuses[i] = refused === 0 ? SIGNER_FAILED : refused;
  }
  return reply;
};
