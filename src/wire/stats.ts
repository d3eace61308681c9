// The numbers of a vault: how much it was asked, refused and took, and how busy it is. No secrets: ids, names and counts.
import type { VaultErrorCode } from '../errors.js';

/**
 * Microseconds from an operation's arrival in the vault thread to its answer, of those that were done since the start.
 * Percentiles are at most 1.6% off; `max` is exact.
 */
export interface LatencyStats {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface OperationStats {
  /** Those that were done. */
  readonly count: number;
  readonly refused: number;
  /** All zero while none was done. */
  readonly latency: LatencyStats;
}

export interface AuditStats {
  /** Absolute. */
  readonly file: string;
  /** Records in the file. */
  readonly records: number;
  /** How many of them a signature covers. */
  readonly signed: number;
  /** SHA-256 of the last record, hex: what `strongroom audit verify --head` takes. Noted elsewhere, it shows a log that was cut. */
  readonly head: string;
  /** Why the last write failed, if none has succeeded since. */
  readonly lastError?: string;
}

/** What {@link Vault.stats} answers. Counts are since the start, and survive locking. */
export interface VaultStats {
  /** Milliseconds since the vault was opened. */
  readonly sinceMs: number;
  /** Of the keys that are registered and were used: operations that were done with each. */
  readonly keys: readonly { readonly id: string; readonly operations: Readonly<Record<string, number>> }[];
  /** Of all keys, also of those that are gone. */
  readonly operations: Readonly<Record<string, OperationStats>>;
  readonly refusals: Readonly<Partial<Record<VaultErrorCode, number>>>;
  readonly queue: {
    /** Operations, and bytes of their messages, that are accepted and not yet answered. */
    readonly pending: number;
    readonly pendingBytes: number;
    /** Calls that wait for a signer. */
    readonly queued: number;
    readonly maxPending: number;
  };
  readonly pool: {
    readonly threads: number;
    /** Batches that signers have now. */
    readonly batchesOut: number;
    /** The share of the signers' time in which they had a batch, from 0 to 1. */
    readonly busy: {
      readonly sinceStart: number;
      /** Since the last call of `stats`. */
      readonly sinceLast: number;
    };
  };
  /** Ports that are granted now. */
  readonly grants: number;
  /** Wrong passwords, and other failures to unlock. */
  readonly unlockFailures: number;
  /** Only where the settings have an audit log. */
  readonly audit?: AuditStats;
}

/** What others count for the journal. */
export interface Gauges {
  readonly pending: number;
  readonly pendingBytes: number;
  readonly queued: number;
  readonly maxPending: number;
  readonly threads: number;
  readonly batchesOut: number;
  /** Milliseconds in which a signer had a batch, of all signers together, since the start. */
  readonly busyMs: number;
  readonly grants: number;
}
