// Calls to the vault that settle whatever becomes of it: Comlink alone would leave them pending for ever. Work in hand
// keeps the process alive; an idle vault does not.
import { VaultError } from './errors.js';

export interface PendingCalls {
  /** Settle with the answer, or with the end of the other side. */
  settled<T>(answer: (resolve: (value: T) => void, reject: (error: unknown) => void) => void): Promise<T>;
  /** The other side has ended: what waits, and what is asked from now on, rejects. */
  end(error: VaultError): void;
}

/** What keeps the process alive while something is waited for. */
export interface Refable {
  ref(): void;
  unref(): void;
}

export const createPendingCalls = (port: Refable): PendingCalls => {
  const waiting = new Set<(error: VaultError) => void>();
  let ended: VaultError | undefined;
  return {
    settled: (answer) =>
      new Promise((resolve, reject) => {
        if (ended !== undefined) {
          reject(new VaultError(ended.code, ended.message));
          return;
        }
        waiting.add(reject);
        if (waiting.size === 1) port.ref();
        const settle =
          <V>(finish: (value: V) => void) =>
          (value: V): void => {
            waiting.delete(reject);
            if (waiting.size === 0) port.unref();
            finish(value);
          };
        answer(settle(resolve), settle(reject));
      }),
    end(error) {
      ended = error;
      for (const reject of waiting) reject(error);
      waiting.clear();
    },
  };
};
