// Decides where operations are signed: small loads inline in the vault thread (no second hop), larger ones cut over
// the signers. Counts what is in flight on each key, so that a key is wiped only when no batch names it, and bounds
// what waits. A batch whose signer died is signed by another.
import { VaultError } from '../../src/errors.js';
import { REPLY_HEADER_BYTES, statusOf } from '../../src/wire/frame.js';
import type { SigningContext } from '../signer/sign-operations.js';
import { signOperations } from '../signer/sign-operations.js';
import type { SignTask } from '../signer/signer.js';
import type { AdmittedFrame } from './admission.js';
import { type CostTable, operationCost } from './cost.js';
import type { KeyTable } from './key-table.js';
import { BATCHES_PER_SIGNER, type SignerPool } from './signer-pool.js';

/** A load below this is signed inline: handing it over would take longer. In microseconds, as all costs. */
const INLINE_COST_US = 150;
/**
 * A load below this, when nothing else is under way, is shared between idle signers and the vault thread itself, which
 * has it already: two messages fewer. Bounds how long the vault thread is away from its port.
 */
const ASSIST_COST_US = 4_000;
/** What a hand-over and its answer take: the vault thread's own share is larger by this, so that all end together. */
const HAND_OVER_US = 150;
/** The smallest piece worth a hand-over, when a frame is cut over idle signers. */
const MIN_PIECE_COST_US = 200;
/** The largest piece: bounds how long a release or a small load waits behind it. */
const MAX_PIECE_COST_US = 12_000;
/** Signers that may die under one batch before it is given up. */
const MAX_ATTEMPTS = 3;
/** Signers for which one batch may wait in vain before it is given up. */
const MAX_SENDS = 30;
/** Numbers of batches go round: they are 32-bit words of the arena. */
const MAX_BATCH = 0x7fff_ffff;

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
  /** Signers that died while they signed it, and those that it was sent to. */
  attempts: number;
  sends: number;
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
  let batches = 0;
  let pending = 0;
  let pendingBytes = 0;
  let onIdle: (() => void)[] = [];

  const pump = (): void => {
    while (batchesOut < capacity) {
      const retry = retries.shift();
      if (retry !== undefined) {
        run(retry);
        continue;
      }
      const job = queue[0];
      if (job === undefined) return;
      run(cut(job, share()));
      if (job.next === job.frame.count) queue.shift();
    }
  };

  /** What a piece should cost: an even share while signers are idle, as much as a piece may hold while all work. */
  const share = (): number => {
    const idle = pool.threads - batchesOut;
    const even = idle > 0 ? Math.max(MIN_PIECE_COST_US, queuedCost / idle) : MAX_PIECE_COST_US;
    return Math.min(MAX_PIECE_COST_US, even);
  };

  /** Take the next piece of a job, of about this cost. */
  const cut = (job: Job, target: number): Piece => {
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
    return { job, index: job.replies.length - 1, from, to: job.next, attempts: 0, sends: 0 };
  };

  const run = (piece: Piece): void => {
    batchesOut++;
    piece.sends++;
    batches = (batches % MAX_BATCH) + 1;
    const batch = batches;
    // In a promise from the first: a copy that there is no memory for fails like a signer.
    (async () => pool.run(taskOf(piece, batch)))().then(
      (reply) => {
        batchesOut--;
        settle(piece, reply);
        pump();
      },
      () => {
        batchesOut--;
        // One that waited behind another is not to blame.
        if (pool.wasSigning(batch)) piece.attempts++;
        if (piece.attempts < MAX_ATTEMPTS && piece.sends < MAX_SENDS) retries.push(piece);
        else settle(piece, failedReply(piece, SIGNER_FAILED));
        pump();
      },
    );
  };

  const runInline = (piece: Piece): void => {
    let reply: ArrayBuffer;
    try {
      const { operations, count } = taskOf(piece, 0);
      reply = signOperations(operations, count, inline);
    } catch {
      // No memory for the copy, or a native key that could not be zeroed. Whatever it is, the operations are over: a
      // release that waits for them must not wait for ever.
      reply = failedReply(piece, INTERNAL);
    }
    settle(piece, reply);
  };

  /** Sign a small job at once: a piece to each idle signer, and the vault thread's own piece meanwhile. */
  const assist = (job: Job, total: number): void => {
    const pieces = Math.min(pool.threads, Math.max(1, Math.floor(total / MIN_PIECE_COST_US)));
    const each = Math.max(MIN_PIECE_COST_US / 2, (total - HAND_OVER_US) / pieces);
    for (let piece = 1; piece < pieces && job.next < job.frame.count; piece++) run(cut(job, each));
    if (job.next < job.frame.count) runInline(cut(job, Number.POSITIVE_INFINITY));
  };

  const settle = (piece: Piece, reply: ArrayBuffer): void => {
    const { job } = piece;
    job.replies[piece.index] = reply;
    job.piecesOut--;
    if (job.piecesOut === 0 && job.next === job.frame.count) finish(job);
  };

  const finish = ({ frame, replies, resolve }: Job): void => {
    pending -= frame.count;
    pendingBytes -= frame.messageBytes;
    // The answer first: a release that waited for these operations is answered after them.
    resolve(replies);
    for (const entry of frame.entries) if (entry !== undefined) table.end(entry);
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
      for (const entry of frame.entries) if (entry !== undefined) table.begin(entry);
      return new Promise((resolve) => {
        const job: Job = { frame, costs: costOf, replies: [], next: 0, piecesOut: 0, resolve };
        queuedCost += total;
        const quiet = batchesOut === 0 && queue.length === 0 && retries.length === 0;
        if (total <= INLINE_COST_US || (frame.count === 1 && quiet)) runInline(cut(job, Number.POSITIVE_INFINITY));
        else if (total <= ASSIST_COST_US && quiet) assist(job, total);
        else {
          queue.push(job);
          pump();
        }
      });
    },
    idle: () => (pending === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve))),
  };
};

/** A copy: the frame stays here, so that another signer can have the piece if one dies. */
const taskOf = ({ job: { frame }, from, to }: Piece, batch: number): SignTask => ({
  batch,
  operations: frame.buffer.slice(frame.offsets[from], frame.offsets[to]),
  count: to - from,
});

const EMPTY = new ArrayBuffer(0);
const SIGNER_FAILED = statusOf('ERR_SIGNER_FAILED');
const INTERNAL = statusOf('ERR_INTERNAL');

const failedReply = ({ job, from, to }: Piece, status: number): ArrayBuffer => {
  const count = to - from;
  const reply = new ArrayBuffer(REPLY_HEADER_BYTES + count);
  new Uint32Array(reply, 0, 1)[0] = count;
  const statuses = new Uint8Array(reply, REPLY_HEADER_BYTES);
  const words = new Uint32Array(job.frame.buffer);
  for (let i = 0; i < count; i++) {
    const refused = (words[(job.frame.offsets[from + i]! >> 2) + 3]! >>> 16) & 0xff;
    statuses[i] = refused === 0 ? status : refused;
  }
  return reply;
};
