// The one file outside workers/ through which secret bytes pass: values that only main can see, on their way to the
// vault. Callers' buffers are detached or zeroed, variables are deleted. Nothing is kept.
import type { Worker } from 'node:worker_threads';
import type { HandoffMessage } from './wire/protocol.js';

export interface Handoff {
  /** Send bytes to the vault, out of the caller's reach. Returns the number that names them there. */
  bytes(value: Uint8Array | ArrayBuffer): number;
  /**
   * Take a variable out of this process's environment.
   *
   * @param scrubbed - the vault has read it from the environment block and overwritten it there. What JavaScript sees
   *   now is '' if it still was that value, or a newer one that this program has set since its start.
   * @param exposed - the vault has read it there and could not overwrite it: it is not read again, only deleted.
   * @returns the number of the handed-off value, or undefined if the vault's own is the one to use, or there is none.
   */
  variable(name: string, scrubbed: boolean, exposed: boolean): number | undefined;
}

/** V8 keeps typed arrays up to this size in its heap until their buffer is first asked for, and does not wipe that place. */
const MAX_HEAP_ARRAY_BYTES = 64;

/** The true length, whatever a subclass says. */
const readByteLength = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), 'byteLength')
  ?.get as (this: Uint8Array) => number;

/** The caller sees at once that the bytes are gone. They were zeroed before: what cannot be detached is empty too. */
const detachIfWhole = ({ buffer, byteLength }: Uint8Array): void => {
  if (!(buffer instanceof ArrayBuffer) || byteLength !== buffer.byteLength) return;
  try {
    structuredClone(buffer, { transfer: [buffer] });
  } catch {
    // Not transferable: a WebAssembly memory, an external buffer.
  }
};

export const createHandoff = (worker: Worker): Handoff => {
  let next = 0;
  const send = (bytes: ArrayBuffer): number => {
    const message: HandoffMessage = { handoff: next++, bytes };
    worker.postMessage(message, [bytes]);
    return message.handoff;
  };

  return {
    bytes(value) {
      // Empty, or detached by its owner before: there is nothing to take, and the vault says so.
      if (value.byteLength === 0) return send(new ArrayBuffer(0));
      const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value);
      const length = readByteLength.call(view);
      // Larger arrays only: for a small one, to ask for `buffer` would leave its bytes behind in the heap.
      if (length > MAX_HEAP_ARRAY_BYTES && length === view.buffer.byteLength) {
        try {
          return send(view.buffer as ArrayBuffer); // the caller's buffer itself: detached here, and no copy is made
        } catch {
          // Not transferable (a WebAssembly memory, an external buffer): copied and zeroed, like a part of a buffer.
        }
      }
      const copy = new ArrayBuffer(length); // not a Uint8Array, whose first home may be the heap
      new Uint8Array(copy).set(view);
      view.fill(0);
      detachIfWhole(view);
      return send(copy);
    },
    variable(name, scrubbed, exposed) {
      if (exposed) {
        delete process.env[name];
        return undefined;
      }
      const value = Object.hasOwn(process.env, name) ? process.env[name] : undefined;
      if (value === undefined) return undefined;
      delete process.env[name];
      if (scrubbed && value === '') return undefined;
      const encoded = new TextEncoder().encode(value);
      return send(encoded.buffer as ArrayBuffer);
    },
  };
};
