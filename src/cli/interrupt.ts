// What happens when the process is told to stop: open vaults are closed, which wipes them, temporary files go, and
// only then does the process end.
import { constants } from 'node:os';

type Cleanup = (signal: NodeJS.Signals) => unknown;

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** A terminal sends Ctrl-C to every process of the group, and a parent may pass it on: that is one request, not two. */
const SAME_REQUEST_MS = 1_000;

const cleanups = new Set<Cleanup>();
let interruptedAt: number | undefined;

/** The process is ending because of a signal: what fails from now on is a consequence of it. */
export const isInterrupted = (): boolean => interruptedAt !== undefined;

/** Run something before a signal ends the process, the latest first. Returns what takes it back. */
export const onInterrupt = (cleanup: Cleanup): (() => void) => {
  cleanups.add(cleanup);
  return () => void cleanups.delete(cleanup);
};

const handle = async (signal: NodeJS.Signals): Promise<void> => {
  const code = 128 + constants.signals[signal]; // 130 for SIGINT
  if (interruptedAt !== undefined) {
    if (performance.now() - interruptedAt > SAME_REQUEST_MS) process.exit(code);
    return;
  }
  interruptedAt = performance.now();
  for (const cleanup of [...cleanups].reverse()) {
    try {
      await cleanup(signal);
    } catch {
      // The next one matters as much.
    }
  }
  process.exit(code);
};

export const listenForInterrupts = (): void => {
  for (const signal of SIGNALS) process.on(signal, () => void handle(signal));
};
