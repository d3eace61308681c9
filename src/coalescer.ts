// Turns many sign() calls into few frames. Calls made in one turn of the event loop share a frame; a frame that is
// full leaves at once, so that signers begin while main still packs. This is the hot path of the main thread: what it
// does per operation is measured in hundreds of nanoseconds.
import { type ErrorRecord, toErrorRecord, VAULT_ERROR_CODES, VaultError, type VaultErrorCode } from './errors.js';
import {
  createFrameWriter,
  type FrameWriter,
  REPLY_HEADER_BYTES,
  SIGNATURE_BYTES_BY_CODE,
  STATUS_CODES,
} from './wire/frame.js';
import type { KeyHandle } from './wire/types.js';

/** Operations in a frame before it leaves: large enough to make its cost per operation small, small enough to pipeline. */
const FRAME_OPERATIONS = 256;
/** Bytes in a frame before it leaves. */
const FRAME_BYTES = 1024 * 1024;
const DEFAULT_FRAME_BYTES = 1024;

export interface PendingLimits {
  readonly maxPending: number;
  readonly maxPendingBytes: number;
}

export type Settle = (result: Uint8Array | ErrorRecord) => void;

interface OpenFrame {
  readonly writer: FrameWriter;
  readonly settle: Settle[];
  /** Scheme codes: what tells a signature's length. */
  readonly schemes: number[];
  messageBytes: number;
}

export interface Coalescer {
  /** @throws {VaultError} ERR_VAULT_BUSY - that many operations and message bytes would exceed the limits. */
  assertRoom(operations: number, messageBytes: number): void;
  /**
   * Queue one operation, for which there is room. The message is copied before this returns.
   *
   * @param settle - called once, with the signature or an error's record.
   */
  add(
    handle: KeyHandle,
    scheme: number,
    hash: number,
    message: Uint8Array,
    auxRand: Uint8Array | undefined,
    settle: Settle,
  ): void;
}

/** @param send - takes a frame away and answers with its replies; its rejection is every operation's. */
export const createCoalescer = (
  send: (frame: ArrayBuffer) => Promise<readonly ArrayBuffer[]>,
  limits: PendingLimits,
): Coalescer => {
  let open: OpenFrame | undefined;
  let scheduled = false;
  let lastBytes = DEFAULT_FRAME_BYTES;
  let pending = 0;
  let pendingBytes = 0;

  const flush = (): void => {
    if (open === undefined) return;
    const frame = open;
    open = undefined;
    lastBytes = frame.writer.byteLength;
    send(frame.writer.finish()).then(
      (replies) => settleAll(frame, replies),
      (error: unknown) => settleWith(frame, toErrorRecord(error)),
    );
  };

  const flushAtEndOfTurn = (): void => {
    scheduled = false;
    flush();
  };

  const discount = (frame: OpenFrame): void => {
    pending -= frame.settle.length;
    pendingBytes -= frame.messageBytes;
  };

  const settleWith = (frame: OpenFrame, record: ErrorRecord): void => {
    discount(frame);
    for (const settle of frame.settle) settle(record);
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
        const settle = frame.settle[operation]!;
        if (status !== 0) {
          settle(recordOf(STATUS_CODES[status] as VaultErrorCode));
          continue;
        }
        const length = SIGNATURE_BYTES_BY_CODE[frame.schemes[operation]!]!;
        // A copy: whoever keeps one signature must not keep the whole reply, nor see its neighbours.
        settle(bytes.slice(at, at + length));
        at += length;
      }
    }
  };

  return {
    assertRoom(operations, messageBytes) {
      if (pending + operations > limits.maxPending) {
        throw new VaultError('ERR_VAULT_BUSY', `${pending} operations are waiting; maxPending is ${limits.maxPending}`);
      }
      if (pendingBytes + messageBytes > limits.maxPendingBytes) {
        throw new VaultError(
          'ERR_VAULT_BUSY',
          `${pendingBytes} message bytes are waiting and ${messageBytes} would join them; maxPendingBytes is ${limits.maxPendingBytes}`,
        );
      }
    },
    add(handle, scheme, hash, message, auxRand, settle) {
      open ??= { writer: createFrameWriter(lastBytes), settle: [], schemes: [], messageBytes: 0 };
      open.writer.add(handle, scheme, hash, message, auxRand);
      open.settle.push(settle);
      open.schemes.push(scheme);
      open.messageBytes += message.length;
      pending++;
      pendingBytes += message.length;
      if (open.writer.count >= FRAME_OPERATIONS || open.writer.byteLength >= FRAME_BYTES) flush();
      else if (!scheduled) {
        scheduled = true;
        // A microtask, then the tick queue: it runs when the turn's microtasks are done, however deep they go.
        queueMicrotask(() => process.nextTick(flushAtEndOfTurn));
      }
    },
  };
};

const recordOf = (code: VaultErrorCode): ErrorRecord => ({ code, message: VAULT_ERROR_CODES[code] });
