// Turns many sign() calls into few frames. Calls made in one turn of the event loop share a frame, and under load those
// of a millisecond; a frame that is full leaves at once, so that signers begin while main still packs. This is the hot
// path of the main thread: what it does per operation is measured in hundreds of nanoseconds.
import { type ErrorRecord, toErrorRecord, VAULT_ERROR_CODES, VaultError, type VaultErrorCode } from './errors.js';
import {
  createFrameWriter,
  type FrameWriter,
  MAX_FRAME_OPERATIONS,
  REPLY_HEADER_BYTES,
  SIGNATURE_BYTES_BY_CODE,
  STATUS_CODES,
} from './wire/frame.js';
import type { KeyHandle } from './wire/types.js';

/** Operations in a frame before it leaves: large enough to make its cost per operation small, small enough to pipeline. */
const FRAME_OPERATIONS = 512;
/** Bytes in a frame before it leaves. */
const FRAME_BYTES = 1024 * 1024;
const DEFAULT_FRAME_BYTES = 1024;
/** How long calls are gathered while the vault is busy, at most: a timer's shortest time. */
const GATHER_MS = 1;
/** So many frames may be out before the vault counts as busy; with more signer threads, one for each. */
const MIN_FRAMES_OUT = 2;

export interface CoalescerConfig {
  /** Signer threads. */
  readonly threads: number;
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

/** The key of an operation: its id for errors, its handle for the vault. */
export interface OperationKey {
  readonly info: { readonly id: string };
  readonly handle: KeyHandle;
}

/** What is asked of the key, in the codes of frame.ts. */
export interface OperationRequest {
  readonly scheme: number;
  readonly hash: number;
  readonly auxRand: Uint8Array | undefined;
  /** Bytes of an operator's answer; a scheme's signature has the length of its scheme. */
  readonly resultBytes?: number | undefined;
}

type Resolve = (signature: Uint8Array) => void;
type Reject = (error: VaultError) => void;

/** Columns instead of objects: one entry of each for every operation. */
interface OpenFrame {
  readonly writer: FrameWriter;
  readonly keys: OperationKey[];
  /** Bytes of each signature or answer. */
  readonly lengths: number[];
  readonly resolve: Resolve[];
  readonly reject: Reject[];
  messageBytes: number;
}

export interface Coalescer {
  /** @throws {VaultError} ERR_VAULT_BUSY - that many operations and message bytes would exceed the limits. */
  assertRoom(operations: number, messageBytes: number): void;
  /** Queue one operation, for which there is room. The message is copied before this returns; one callback is called, once. */
  add(
    key: OperationKey,
    request: OperationRequest,
    message: Uint8Array,
    resolve: Resolve,
    reject: Reject,
    length?: number,
    /** The next operation is of the same call: they are sent in one frame, as far as one holds them. */
    together?: boolean,
  ): void;
  /** Send what is queued now: whatever is called next comes after it. */
  flush(): void;
}

/** @param send - takes a frame away and answers with its replies; its rejection is every operation's. */
export const createCoalescer = (
  send: (frame: ArrayBuffer) => Promise<readonly ArrayBuffer[]>,
  config: CoalescerConfig,
): Coalescer => {
  let open: OpenFrame | undefined;
  let scheduled = false;
  const busyFrames = Math.max(MIN_FRAMES_OUT, config.threads);
  let framesOut = 0;
  let gathering: NodeJS.Timeout | undefined;
  let lastBytes = DEFAULT_FRAME_BYTES;
  let pending = 0;
  let pendingBytes = 0;

  /** Out of memory, too, is an answer. */
  const sendAll = async ({ writer }: OpenFrame): Promise<readonly ArrayBuffer[]> => send(writer.finish());

  const flush = (): void => {
    if (open === undefined) return;
    const frame = open;
    open = undefined;
    clearTimeout(gathering);
    gathering = undefined;
    framesOut++;
    lastBytes = Math.min(frame.writer.byteLength, FRAME_BYTES);
    sendAll(frame).then(
      (replies) => settleAll(frame, replies),
      (error: unknown) => rejectAll(frame, toErrorRecord(error)),
    );
  };

  const flushAtEndOfTurn = (): void => {
    scheduled = false;
    // It left meanwhile: it was full, or a release took it. A timer for nothing would stand in the next one's way.
    if (open === undefined) return;
    // While every signer has a frame, calls are gathered for a moment: a frame costs four messages between threads, and
    // a call of its own would only wait in the vault, and make others wait.
    if (framesOut < busyFrames) flush();
    else gathering ??= setTimeout(flush, GATHER_MS);
  };

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    // A microtask, then the tick queue: it runs when the turn's microtasks are done, however deep they go.
    queueMicrotask(() => process.nextTick(flushAtEndOfTurn));
  };

  const discount = (frame: OpenFrame): void => {
    framesOut--;
    if (open !== undefined) schedule(); // what was gathered need not wait any longer
    pending -= frame.keys.length;
    pendingBytes -= frame.messageBytes;
  };

  const rejectAll = (frame: OpenFrame, { code, message }: ErrorRecord): void => {
    discount(frame);
    frame.reject.forEach((reject, i) => void reject(errorFor(frame.keys[i]!, code, message)));
  };

  const settleAll = (frame: OpenFrame, replies: readonly ArrayBuffer[]): void => {
    discount(frame);
    let operation = 0;
    for (const reply of replies) {
      const count = new Uint32Array(reply, 0, 1)[0]!;
      const bytes = new Uint8Array(reply);
      let at = REPLY_HEADER_BYTES + count;
      for (let i = 0; i < count; i++, operation++) {
        const status = bytes[REPLY_HEADER_BYTES + i]!;
        if (status !== 0) {
          const code = STATUS_CODES[status] as VaultErrorCode;
          frame.reject[operation]!(errorFor(frame.keys[operation]!, code, VAULT_ERROR_CODES[code]));
          continue;
        }
        const length = frame.lengths[operation]!;
        // A copy: whoever keeps one signature must not keep the whole reply, nor see its neighbours.
        frame.resolve[operation]!(bytes.slice(at, at + length));
        at += length;
      }
    }
  };

  return {
    assertRoom(operations, messageBytes) {
      if (pending + operations > config.maxPending) {
        throw new VaultError('ERR_VAULT_BUSY', `${pending} operations are waiting; maxPending is ${config.maxPending}`);
      }
      if (pendingBytes + messageBytes > config.maxPendingBytes) {
        throw new VaultError(
          'ERR_VAULT_BUSY',
          `${pendingBytes} message bytes are waiting and ${messageBytes} would join them; maxPendingBytes is ${config.maxPendingBytes}`,
        );
      }
    },
    add(
      key,
      { scheme, hash, auxRand, resultBytes },
      message,
      resolve,
      reject,
      length = message.length,
      together = false,
    ) {
      open ??= {
        writer: createFrameWriter(lastBytes),
        keys: [],
        lengths: [],
        resolve: [],
        reject: [],
        messageBytes: 0,
      };
      const isFull = open.writer.count === MAX_FRAME_OPERATIONS - 1;
      open.writer.add(key.handle, scheme, hash, message, auxRand, length, together && !isFull);
      open.keys.push(key);
      open.lengths.push(resultBytes ?? SIGNATURE_BYTES_BY_CODE[scheme]!);
      open.resolve.push(resolve);
      open.reject.push(reject);
      open.messageBytes += length;
      pending++;
      pendingBytes += length;
      if (isFull || (!together && (open.writer.count >= FRAME_OPERATIONS || open.writer.byteLength >= FRAME_BYTES)))
        flush();
      else schedule();
    },
    flush,
  };
};

const errorFor = ({ info }: OperationKey, code: VaultErrorCode, message: string): VaultError =>
  new VaultError(code, `${message} (key "${info.id}")`, { keyId: info.id });
