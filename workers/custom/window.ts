// The window through which an operator of the user's sees a key: one page of memory that is this thread's alone, locked
// as the arena is. It holds a key for the length of one call. Then it is zeroed and its buffer is detached, so that every
// view of it that was kept is empty for ever.
import { VaultError } from '../../src/errors.js';
import { type LockState, lockMemory } from '../arena/lock.js';

/** The part of the standard WebAssembly interface that is used here; node's own types leave it to the DOM's. */
interface PlainMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
declare const WebAssembly: {
  readonly Memory: { new (limits: { initial: number; maximum: number }): PlainMemory; readonly prototype: PlainMemory };
};

/** Where an operator may compute. */
export const WINDOW_SCRATCH_BYTES = 4096;
const SCRATCH_OFFSET = 4096;

export interface OpenWindow {
  readonly secret: Uint8Array;
  readonly scratch: Uint8Array;
}

export interface KeyWindow {
  readonly lock: LockState;
  /**
   * Copy a secret in, and give views of it and of zeroed scratch.
   *
   * @param secret - up to 64 bytes: a view over the arena.
   * @throws {Error} it is open.
   */
  open(secret: Uint8Array): OpenWindow;
  /** Zero the page and detach its buffer. May be called when it is closed. */
  close(): void;
  /** Whether a buffer is, or was, the window's. */
  owns(buffer: ArrayBufferLike): boolean;
}

// As they were before any code of the user's was loaded: the wipe does not depend on what that code leaves of them.
const Bytes = Uint8Array;
const { apply } = Reflect;
const { fill, set } = Uint8Array.prototype;
const { grow } = WebAssembly.Memory.prototype;
const readBuffer = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer')?.get as () => ArrayBuffer;

/**
 * @param lock - 'off' leaves the memory as it is; the caller acts on the returned state otherwise.
 * @throws {VaultError} ERR_MEMORY - the page cannot be allocated.
 */
export const createWindow = (lock: 'require' | 'warn' | 'off'): KeyWindow => {
  const memory = allocate();
  const state: LockState =
    lock === 'off'
      ? { locked: false, excludedFromDumps: false, reason: 'memory.lock is off' }
      : lockMemory(new Bytes(memory.buffer));
  const buffers = new WeakSet<ArrayBufferLike>();
  let isOpen = false;
  return {
    lock: state,
    open(secret) {
      if (isOpen) throw new Error('the window is open');
      isOpen = true;
      const buffer = apply(readBuffer, memory, []);
      buffers.add(buffer);
      const view = new Bytes(buffer, 0, secret.length);
      apply(set, view, [secret]);
      return { secret: view, scratch: new Bytes(buffer, SCRATCH_OFFSET, WINDOW_SCRATCH_BYTES) };
    },
    close() {
      // All of the page: an operator reaches all of it by the views' buffer.
      apply(fill, new Bytes(apply(readBuffer, memory, [])), [0]);
      // By no page; what it is for is that it detaches the buffer. The memory stays where it is, and locked.
      apply(grow, memory, [0]);
      isOpen = false;
    },
    owns: (buffer) => buffers.has(buffer),
  };
};

const allocate = (): PlainMemory => {
  try {
    return new WebAssembly.Memory({ initial: 1, maximum: 1 });
  } catch {
    throw new VaultError('ERR_MEMORY', 'the window of the operators (65,536 bytes) could not be allocated');
  }
};
