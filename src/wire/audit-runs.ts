// Follows the runs of a signed log: what a vault that can sign never leaves unsigned. Records that somebody put behind the
// last signature, for the next run to sign, are bounded by it.
import { type AuditRecord, isCheckpoint } from './audit.js';

/** A vault signs every 1,000 records, and what has waited for 60 seconds: these are beyond both. */
export const MAX_UNSIGNED_RECORDS = 1100;
export const MAX_UNSIGNED_MS = 120_000;

/** What comes before the first signature of a run: the keys are loaded then, and nothing is done with them. */
const STARTING: readonly string[] = ['recovered', 'registered', 'released', 'refused', 'locked', 'lock-refused'];
/** What may happen while a vault is locked. */
export const WITHOUT_KEYS: readonly string[] = [
  'refused',
  'unlock-failed',
  'released',
  'granted',
  'revoked',
  'resumed',
  'closed',
];

export interface Runs {
  /** The next record of a chain that holds. @returns what is wrong with it. */
  next(record: AuditRecord): string | undefined;
}

/** Start at the first record. Of a log that names no key, nothing is wrong. */
export const followRuns = (): Runs => {
  let hasKey = false;
  let isStarting = false;
  let isLocked = false;
  let unsigned = 0;
  let since: number | undefined;

  const signed = (): void => {
    unsigned = 0;
    since = undefined;
  };

  return {
    next(record) {
      const { type, seq } = record;
      if (type === 'opened') {
        hasKey = record.key !== undefined;
        isStarting = true;
        isLocked = false;
        signed();
        return undefined;
      }
      if (!hasKey) return undefined;
      if (isCheckpoint(record) && record.signature !== undefined) {
        isStarting = false;
        signed();
        return undefined;
      }
      if (isStarting && !STARTING.includes(type)) return `record ${seq} is before the first signature of its run`;
      if (type === 'unlocked') {
        isLocked = false;
        since = undefined;
      }
      if (isLocked && WITHOUT_KEYS.includes(type)) return undefined;
      if (type === 'locked') isLocked = true;
      unsigned += 1;
      if (unsigned > MAX_UNSIGNED_RECORDS) return `more than ${MAX_UNSIGNED_RECORDS} records without a signature`;
      // Keys may take long to load, and their records wait for them.
      if (isStarting) return undefined;
      const at = Date.parse(record.time);
      since ??= at;
      return at - since > MAX_UNSIGNED_MS
        ? `records of more than ${MAX_UNSIGNED_MS / 1000} seconds without a signature`
        : undefined;
    },
  };
};
