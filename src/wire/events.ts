// What happens in a vault, as it is told to the program's listeners and to the audit log. No secrets, and no messages:
// ids, operations, codes and counts.
import type { VaultErrorCode } from '../errors.js';
import type { AuditEvent } from './audit.js';
import type { KeyInfo } from './info.js';
import type { KeyType } from './types.js';

/** Why a key is gone. */
export type GoneReason = 'released' | 'expired' | 'idle' | 'locked';

export type VaultEvent =
  | AuditEvent
  | { readonly type: 'registered'; readonly id: string; readonly keyType: KeyType; readonly source: KeyInfo['source'] }
  | { readonly type: 'released'; readonly id: string; readonly reason: GoneReason }
  /** Of one key and operation, as many as were refused since the last such event; at most a few a second. */
  | {
      readonly type: 'refused';
      readonly id?: string;
      readonly operation: string;
      readonly code: VaultErrorCode;
      readonly count: number;
    }
  | {
      readonly type: 'granted';
      readonly grant: number;
      readonly operations: readonly string[];
      /** The first of them. */
      readonly keys: readonly string[];
      /** How many there are. */
      readonly patterns: number;
    }
  | { readonly type: 'revoked'; readonly grant: number; readonly reason: 'revoked' | 'expired' | 'closed' }
  /** `gone`: keys without an encrypted source, which are lost. */
  | {
      readonly type: 'locked';
      readonly reason: 'asked' | 'idle';
      readonly locked: readonly string[];
      readonly gone: readonly string[];
    }
  | { readonly type: 'unlocked'; readonly keys: readonly string[] }
  /** `failures`: one after another, since the last success. */
  | { readonly type: 'unlock-failed'; readonly code: VaultErrorCode; readonly failures: number }
  /** Automatic locking was refused: these keys would be lost. */
  | { readonly type: 'lock-refused'; readonly keys: readonly string[] };

export type VaultEventType = VaultEvent['type'];
