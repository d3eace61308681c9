// Calls that wait, by the port that asks: each has one in turn.
import { VaultError } from '../../src/errors.js';
import type { Session } from './sessions.js';

/** Calls of one port that may wait. */
const MAX_WAITING = 4096;

export interface WaitingLine {
  has(session: Session): boolean;
  /** Resolves when `next` has given it. @throws {VaultError} ERR_VAULT_BUSY */
  wait(session: Session): Promise<void>;
  /** The oldest call of the next port, which then waits for the others; undefined: nobody waits. */
  next(): (() => void) | undefined;
}

export const createWaitingLine = (): WaitingLine => {
  const waiting = new Map<Session, (() => void)[]>();
  return {
    has: (session) => waiting.has(session),
    wait: (session) =>
      new Promise((resolve, reject) => {
        const calls = waiting.get(session) ?? [];
        if (calls.length >= MAX_WAITING) {
          reject(new VaultError('ERR_VAULT_BUSY', `${calls.length} calls of the port are waiting`));
          return;
        }
        calls.push(resolve);
        waiting.set(session, calls);
      }),
    next() {
      const [first] = waiting;
      if (first === undefined) return undefined;
      const [session, calls] = first;
      waiting.delete(session);
      const call = calls.shift();
      if (calls.length > 0) waiting.set(session, calls);
      return call;
    },
  };
};
