// Decides where operations are signed: small loads inline in the vault thread (no second hop), larger ones cut over
// the signers. Counts what is in flight on each key, so that a key is wiped only when no batch names it, and bounds
// what waits. A batch whose signer died is signed by another.
import { VaultError } from '../../src/errors.js';
import { REPLY_HEADER_BYTES, statusOf } from '../../src/wire/frame.js';
import type { SigningContext } from '../signer/sign-operations.js';
import { signOperations } from '../signer/sign-operations.js';
import type { SignTask } from '../signer/signer.js';
import { type AdmittedFrame, refundFailed } from './admission.js';
import { type CostTable, operationCost } from './cost.js';
import type { KeyTable } from './key-table.js';
import type { Session } from './sessions.js';
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
/** The same while there are ports besides the owner's: what one sends must not wait long for what another sent. */
const MAX_SHARED_PIECE_COST_US = 3_000;
/** What one port may have signed inline in one turn of the event loop, while there are others. */
const INLINE_TURN_COST_US = 1_000;
/** Signers that may die under one batch before it is given up. */
const MAX_ATTEMPTS = 3;
/** Signers for which one batch may wait in vain before it is given up. */
const MAX_SENDS = 30;
/** Numbers of batches go round: they are 32-bit words of the arena. */
const MAX_BATCH = 0x7fff_ffff;

interface Job {
  readonly frame: AdmittedFrame;
  readonly costs: Float64Array;
  readonly began: number;
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
  readonly load: DispatchLoad;
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

/** How much is under way. */
export interface DispatchLoad {
  readonly pending: number;
  readonly pendingBytes: number;
  /** Frames of which a part waits for a signer. */
  readonly queued: number;
  readonly batchesOut: number;
  /** Milliseconds that signers had batches, of all together. */
  readonly busyMs: number;
}

/** Told of every frame that is answered. */
export type FrameListener = (frame: AdmittedFrame, replies: readonly ArrayBuffer[], microseconds: number) => void;

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
  /** Sessions besides the owner's. */
  others: () => number,
  onAnswered: FrameListener,
): Dispatcher => {
  /** Frames of which a part waits, by who sent them: each gets a piece in turn. */
  const queues = new Map<Session, Job[]>();
  let queued = 0;
  const retries: Piece[] = [];
  const capacity = pool.threads * BATCHES_PER_SIGNER;
  let queuedCost = 0;
  let batchesOut = 0;
  let batches = 0;
  let pending = 0;
  let pendingBytes = 0;
  let busyMs = 0;
  let busySince = 0;
  /** What each session had signed inline in this turn. */
  const inlined = new Map<Session, number>();
  let onIdle: (() => void)[] = [];

  /** As much as signers had batches until now. */
  const countBusy = (): void => {
    const now = performance.now();
    busyMs += Math.min(batchesOut, pool.threads) * (now - busySince);
    busySince = now;
  };

  /** The next session's oldest frame; the session then waits for the others. */
  const nextJob = (): Job | undefined => {
    const [next] = queues;
    if (next === undefined) return undefined;
    const [session, jobs] = next;
    if (queues.size > 1) {
      queues.delete(session);
      queues.set(session, jobs);
    }
    return jobs[0];
  };

  const enqueue = (job: Job): void => {
    const session = job.frame.session.root;
    const jobs = queues.get(session);
    if (jobs === undefined) queues.set(session, [job]);
    else jobs.push(job);
    queued++;
  };

  const dequeue = ({ frame }: Job): void => {
    const session = frame.session.root;
    const jobs = queues.get(session)!;
    jobs.shift();
    if (jobs.length === 0) queues.delete(session);
    queued--;
  };

  const pump = (): void => {
    while (batchesOut < capacity) {
      const retry = retries.shift();
      if (retry !== undefined) {
        run(retry);
        continue;
      }
      const job = nextJob();
      if (job === undefined) return;
      run(cut(job, share()));
      if (job.next === job.frame.count) dequeue(job);
    }
  };

  /** What a piece should cost: an even share while signers are idle, as much as a piece may hold while all work. */
  const share = (): number => {
    const idle = pool.threads - batchesOut;
    const most = others() === 0 ? MAX_PIECE_COST_US : MAX_SHARED_PIECE_COST_US;
    const even = idle > 0 ? Math.max(MIN_PIECE_COST_US, queuedCost / idle) : most;
    return Math.min(most, even);
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
      if (job.frame.limited) refuseExpired(job.frame, job.next);
      job.next++;
    }
    queuedCost = Math.max(0, queuedCost - cost);
    job.piecesOut++;
    job.replies.push(EMPTY);
    return { job, index: job.replies.length - 1, from, to: job.next, attempts: 0, sends: 0 };
  };

  const run = (piece: Piece): void => {
    countBusy();
    batchesOut++;
    piece.sends++;
    batches = (batches % MAX_BATCH) + 1;
    const batch = batches;
    // In a promise from the first: a copy that there is no memory for fails like a signer.
    (async () => pool.run(taskOf(piece, batch)))().then(
      (reply) => {
        countBusy();
        batchesOut--;
        settle(piece, reply);
        pump();
      },
      () => {
        countBusy();
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

  const count = ({ session, count, messageBytes }: AdmittedFrame, sign: 1 | -1): void => {
    pending += sign * count;
    pendingBytes += sign * messageBytes;
    for (const each of accountable(session)) {
      each.pending += sign * count;
      each.pendingBytes += sign * messageBytes;
    }
  };

  /** Whether the vault thread may sign this itself now: a port that sends much must not keep it from the others. */
  const mayInline = ({ root: session }: Session, cost: number): boolean => {
    if (others() === 0) return true;
    const used = inlined.get(session) ?? 0;
    if (used > INLINE_TURN_COST_US) return false;
    if (inlined.size === 0) setImmediate(() => inlined.clear());
    inlined.set(session, used + cost);
    return true;
  };

  const finish = ({ frame, replies, resolve, began }: Job): void => {
    count(frame, -1);
    if (frame.limited) refundFailed(frame, replies);
    onAnswered(frame, replies, (performance.now() - began) * 1000);
    // The answer first: a release that waited for these operations is answered after them.
    resolve(replies);
    for (const entry of frame.entries) if (entry !== undefined) table.end(entry);
    if (pending > 0) return;
    const waiting = onIdle;
    onIdle = [];
    for (const resolve of waiting) resolve();
  };

  return {
    get load() {
      countBusy();
      return { pending, pendingBytes, queued, batchesOut, busyMs };
    },
    submit(frame) {
      const { session } = frame;
      const full = accountable(session).find(
        (each) =>
          each.pending + frame.count > limits.maxPending ||
          each.pendingBytes + frame.messageBytes > limits.maxPendingBytes,
      );
      if (full !== undefined) {
        if (frame.limited) refundFailed(frame, undefined);
        const waiting = `${full.pending} operations are waiting; maxPending is ${limits.maxPending}`;
        return Promise.reject(new VaultError('ERR_VAULT_BUSY', waiting));
      }
      count(frame, 1);
      const costOf = new Float64Array(frame.count);
      let total = 0;
      for (let i = 0; i < frame.count; i++) {
        const cost = operationCost(frame, i, costs);
        costOf[i] = cost;
        total += cost;
      }
      for (const entry of frame.entries) if (entry !== undefined) table.begin(entry);
      return new Promise((resolve) => {
        const job: Job = {
          frame,
          costs: costOf,
          began: performance.now(),
          replies: [],
          next: 0,
          piecesOut: 0,
          resolve,
        };
        queuedCost += total;
        const quiet = batchesOut === 0 && queued === 0 && retries.length === 0;
        // One operation that is long, of a long message perhaps, must not keep the others from this thread.
        const short = total <= (others() === 0 ? Number.POSITIVE_INFINITY : ASSIST_COST_US);
        const small = total <= INLINE_COST_US || (frame.count === 1 && quiet && short);
        // All that a port has under way, while others keep the signers busy: it need not wait behind them.
        const only = others() > 0 && batchesOut >= pool.threads && session.pending === frame.count;
        if ((small || (only && total <= INLINE_TURN_COST_US)) && mayInline(session, total))
          runInline(cut(job, Number.POSITIVE_INFINITY));
        else if (total <= ASSIST_COST_US && quiet && mayInline(session, total)) assist(job, total);
        else {
          enqueue(job);
          pump();
        }
      });
    },
    idle: () => (pending === 0 ? Promise.resolve() : new Promise((resolve) => onIdle.push(resolve))),
  };
};

/** Those by whose bounds a session's work is counted: its own, and of a port those that it was granted from. */
const accountable = (session: Session): readonly Session[] => {
  const all = [session];
  for (let each = session.parent; each?.parent !== undefined; each = each.parent) all.push(each);
  return all;
};

const EXPIRED = statusOf('ERR_KEY_EXPIRED');

/** What waited until its key's time was over is not done any more: the key would last as long as the queue. */
const refuseExpired = ({ buffer, offsets, entries }: AdmittedFrame, index: number): void => {
  if (entries[index]?.gone !== 'expired') return;
  new Uint32Array(buffer)[(offsets[index]! >> 2) + 3]! |= EXPIRED << 16;
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
