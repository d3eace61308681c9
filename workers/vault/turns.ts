// Turns for the calls of granted ports (those that come of one count as one) that the vault thread answers by itself: one port after another, a few
// milliseconds at a time, with the event loop between. A port that asks much keeps nobody else waiting for long.
import type { Session } from './sessions.js';
import { createWaitingLine } from './waiting-line.js';

const TURN_MS = 2;
/** Operations in frames of one port that are looked at in one turn of the event loop: what more there are wait. */
const TURN_OPERATIONS = 4096;
/** What a frame costs by itself, in operations. */
const FRAME_OPERATIONS = 32;

export interface Turns {
  /** Resolves when it is the port's turn. @throws {VaultError} ERR_VAULT_BUSY */
  take(session: Session): Promise<void>;
  /** Whether a frame of so many operations may be looked at without one: its port had few, and none that waits. */
  mayPass(session: Session, operations: number): boolean;
}

export const createTurns = (): Turns => {
  const line = createWaitingLine();
  let running = false;
  /** Operations of frames, by port, in this turn of the event loop. */
  const passed = new Map<Session, number>();

  /** One call, then the event loop: what arrived meanwhile takes part. */
  const run = async (): Promise<void> => {
    let began = performance.now();
    for (let call = line.next(); call !== undefined; call = line.next()) {
      call();
      await undefined; // the call goes on by itself; what it does at once is done in this turn
      await undefined;
      if (performance.now() - began < TURN_MS) continue;
      await new Promise<void>((resolve) => void setImmediate(resolve));
      began = performance.now();
    }
    running = false;
  };

  return {
    take({ root }) {
      const turn = line.wait(root);
      if (!running) {
        running = true;
        setImmediate(() => void run());
      }
      return turn;
    },
    mayPass({ root: session }, operations) {
      const before = passed.get(session) ?? 0;
      if (line.has(session) || before >= TURN_OPERATIONS) return false;
      if (passed.size === 0) setImmediate(() => passed.clear());
      passed.set(session, before + operations + FRAME_OPERATIONS);
      return true;
    },
  };
};
