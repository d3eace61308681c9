// How much work a key, or a port, may still be given: so many signatures in all, and so many operations a second. Taken
// in the vault thread, in one step, before any work: whatever is under way at once, no more is given than there is.
import { statusOf } from '../../src/wire/frame.js';

const RATE_LIMITED: number = statusOf('ERR_RATE_LIMITED');

export interface QuotaLimits {
  readonly maxSignatures?: number;
  /** At once, and a second on average: a bucket that fills evenly. */
  readonly perSecond?: number;
}

export interface Quota {
  /** Undefined: not limited. */
  readonly signaturesLeft: number | undefined;
  /**
   * Take all of them, or none.
   *
   * @param now - milliseconds of a clock that does not go back.
   * @returns 0, or the status of the refusal.
   */
  take(operations: number, signatures: number, now: number): number;
  /** Signatures that were taken, and of which nothing left the vault; operations too, if nothing was done. */
  refund(signatures: number, operations?: number): void;
}

/** @param exhausted - the status of those that ask for more signatures than there are. */
export const createQuota = ({ maxSignatures, perSecond }: QuotaLimits, exhausted: number): Quota => {
  let left = maxSignatures;
  let tokens = perSecond ?? 0;
  let filledAt = 0;

  const fill = (rate: number, now: number): void => {
    tokens = Math.min(rate, tokens + ((now - filledAt) * rate) / 1000);
    filledAt = now;
  };

  return {
    get signaturesLeft() {
      return left;
    },
    take(operations, signatures, now) {
      if (left !== undefined && signatures > left) return exhausted;
      if (perSecond !== undefined) {
        fill(perSecond, now);
        if (operations > tokens) return RATE_LIMITED;
        tokens -= operations;
      }
      if (left !== undefined) left -= signatures;
      return 0;
    },
    refund(signatures, operations = 0) {
      if (left !== undefined) left += signatures;
      if (perSecond !== undefined) tokens = Math.min(perSecond, tokens + operations);
    },
  };
};
