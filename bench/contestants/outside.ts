// Folders and processes that a peer has for itself. They are gone when it is closed, and also when this process ends
// before that, by an error or by a signal.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a process may take to end when it is asked to. */
const END_MS = 2_000;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

const leftovers = new Set<() => void>();

const clear = (): void => {
  for (const remove of [...leftovers].reverse()) remove(); // a process before the folder that it uses
  leftovers.clear();
};

const onSignal = (signal: NodeJS.Signals): void => {
  clear();
  for (const each of SIGNALS) process.off(each, onSignal);
  process.kill(process.pid, signal); // now as if nobody listened
};

const expect = (remove: () => void): (() => void) => {
  if (leftovers.size === 0) {
    process.on('exit', clear);
    for (const signal of SIGNALS) process.on(signal, onSignal);
  }
  leftovers.add(remove);
  return () => {
    leftovers.delete(remove);
    if (leftovers.size > 0) return;
    process.off('exit', clear);
    for (const signal of SIGNALS) process.off(signal, onSignal);
  };
};

export interface OwnFolder {
  readonly path: string;
  remove(): void;
}

/** A new empty folder, for this user only. */
export const ownFolder = (): OwnFolder => {
  const path = mkdtempSync(join(tmpdir(), 'strongroom-bench-'));
  const removeNow = (): void => rmSync(path, { recursive: true, force: true });
  const forget = expect(removeNow);
  return {
    path,
    remove() {
      removeNow();
      forget();
    },
  };
};

const hasEnded = (child: ChildProcess): boolean =>
  child.pid === undefined || child.exitCode !== null || child.signalCode !== null;

/** A process to be ended. @returns ends it: asks, or kills it where asking is not enough. */
export const ownProcess = (child: ChildProcess, ask: () => unknown): (() => Promise<void>) => {
  const forget = expect(() => void child.kill('SIGKILL'));
  return async () => {
    if (!hasEnded(child)) {
      const ended = once(child, 'exit');
      ask();
      const late = new AbortController();
      await Promise.race([
        ended,
        sleep(END_MS, undefined, { signal: late.signal }).then(
          () => void child.kill('SIGKILL'),
          () => undefined,
        ),
      ]);
      late.abort();
      await ended;
    }
    forget();
  };
};
