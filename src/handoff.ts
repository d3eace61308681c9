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

export const createHandoff = (worker: Worker): Handoff => {
  let next = 0;
  const send = (bytes: ArrayBuffer): number => {
    const message: HandoffMessage = { handoff: next++, bytes };
    worker.postMessage(message, [bytes]);
    return message.handoff;
  };

  return {
    bytes(value) {
      const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value);
      const { buffer } = view;
      if (buffer instanceof ArrayBuffer && view.byteLength === buffer.byteLength) {
        try {
          return send(buffer); // the caller's buffer itself: detached here, and no copy is made
        } catch {
          // Not transferable (a WebAssembly memory, an external buffer): copied and zeroed, like a part of a buffer.
        }
      }
      const copy = new Uint8Array(view.byteLength);
      copy.set(view);
      view.fill(0);
      return send(copy.buffer);
    },
    variable(name, scrubbed, exposed) {
      if (exposed) {
        delete process.env[name];
        return undefined;
      }
      const value = process.env[name];
      if (value === undefined) return undefined;
      delete process.env[name];
      if (scrubbed && value === '') return undefined;
      const encoded = new TextEncoder().encode(value);
      return send(encoded.buffer as ArrayBuffer);
    },
  };
};
