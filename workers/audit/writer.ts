// Writes the lines of an audit log, and keeps those that the disk does not take: none is torn, and none is lost before
// there is no room for it in memory either.
import { errnoName } from '../sources/errno.js';
import type { AuditFile } from './file.js';

/** How often a log that cannot be written is tried again. */
const RETRY_MS = 1000;
/** How often the file is looked at, whether it is still the one that was opened. */
const LOOK_MS = 1000;
/** Lines that wait for the disk, in bytes; what comes after is counted as lost. */
const MAX_WAITING_BYTES = 1024 * 1024;

export interface LogWriter {
  /** Why the file cannot be written: the name of a system error, or a sentence. */
  readonly lastError: string | undefined;
  /** Take a line. False: there is no room for it, and it is counted as lost. One that must not be lost is taken always. */
  put(line: Uint8Array, mustStay?: boolean): boolean;
  /** Write what waits. True if all of it is in the file. */
  flush(): boolean;
  /** Flush, unless the file is found to be another's, or could not be written and the next try is still to come. */
  write(): boolean;
  /** Make what is written durable, and wait for it. */
  syncNow(): boolean;
  /** The same without a wait: this thread has keys to serve. */
  syncLater(): void;
  /** What was lost, and why; it is forgotten then. */
  takeLoss(): { readonly lost: number; readonly reason: string | undefined };
  fail(reason: string): void;
  /** From now on failures are told and tried again. */
  start(): void;
  stop(): void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  written: number;
}

export interface LogWriterEvents {
  readonly failed: (reason: string) => void;
  /** It can be written again, and nothing waits. */
  readonly recovered: () => void;
}

export const createWriter = (file: AuditFile, now: () => number, { failed, recovered }: LogWriterEvents): LogWriter => {
  const waiting: Waiting[] = [];
  let waitingBytes = 0;
  let lost = 0;
  let lastError: string | undefined;
  let syncWanted = false;
  let syncing = false;
  let lookedAt = 0;
  let started = false;
  let retryTimer: NodeJS.Timeout | undefined;

  const fail = (reason: string): void => {
    const isNew = lastError === undefined;
    lastError = reason;
    if (!started) return;
    retryTimer ??= setTimeout(retry, RETRY_MS).unref();
    if (isNew) failed(reason);
  };

  const attempt = (act: () => void): boolean => {
    try {
      act();
      return true;
    } catch (error) {
      fail(errnoName(error));
      return false;
    }
  };

  const flush = (): boolean =>
    attempt(() => {
      for (let next = waiting[0]; next !== undefined; next = waiting[0]) {
        next.written += file.write(next.bytes.subarray(next.written));
        if (next.written < next.bytes.length) continue;
        waiting.shift();
        waitingBytes -= next.bytes.length;
      }
    });

  const syncNow = (): boolean =>
    attempt(() => {
      file.sync();
      syncWanted = false;
    });

  const syncLater = (): void => {
    if (syncing) {
      syncWanted = true;
      return;
    }
    syncing = true;
    syncWanted = false;
    file.syncLater((error) => {
      syncing = false;
      if (error !== null) {
        syncWanted = true;
        fail(errnoName(error));
      } else if (syncWanted) syncLater();
    });
  };

  const retry = (): void => {
    retryTimer = undefined;
    if (!started) return;
    const reason = file.whyNotOurs();
    if (reason !== undefined) fail(reason);
    else if (flush() && (!syncWanted || syncNow())) recovered();
  };

  const look = (): void => {
    const at = now();
    if (at - lookedAt < LOOK_MS && at >= lookedAt) return;
    lookedAt = at;
    const reason = file.whyNotOurs();
    if (reason !== undefined) fail(reason);
  };

  return {
    get lastError() {
      return lastError;
    },
    put(line, mustStay = false) {
      if (!mustStay && waitingBytes + line.length > MAX_WAITING_BYTES) {
        lost += 1;
        return false;
      }
      waiting.push({ bytes: line, written: 0 });
      waitingBytes += line.length;
      return true;
    },
    flush,
    write() {
      look();
      return lastError === undefined && flush();
    },
    syncNow,
    syncLater,
    takeLoss() {
      const loss = { lost, reason: lastError };
      lost = 0;
      lastError = undefined;
      return loss;
    },
    fail,
    start() {
      started = true;
    },
    stop() {
      started = false;
      clearTimeout(retryTimer);
    },
  };
};
