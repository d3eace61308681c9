// What the other parts of the vault ask of locking (locking.ts).
import type { LockReply } from '../../src/wire/protocol.js';
import type { WireUnlockRequest } from '../../src/wire/requests.js';
import type { LockChoice } from '../../src/wire/specs.js';
import type { KeyEntry } from './key-table.js';

export interface Locking {
  readonly isLocked: boolean;
  /** Whether it was locked before, or is now. */
  readonly wasAsked: boolean;
  /** @throws {VaultError} ERR_VAULT_LOCKED */
  assertUnlocked(): void;
  /** A key was used. */
  touch(): void;
  /** Work that has secrets in the arena, and is of no key in the table: a lock waits for it. */
  awaited<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Refuse new work, wait for the work in flight, wipe every key.
   *
   * @param unsealed - what becomes of keys that no encrypted source can bring back.
   * @throws {VaultError} ERR_LOCK_REFUSED - there are such, and `unsealed` is 'refuse'; nothing was locked.
   */
  lock(unsealed: LockChoice, reason: 'asked' | 'idle'): Promise<LockReply>;
  /**
   * Load again what was locked, all or nothing. Answers with the ids.
   *
   * @throws {VaultError} ERR_PASSWORD, ERR_UNLOCK_DELAYED, and the codes of files and keys; `failures` lists them.
   */
  unlock(request: WireUnlockRequest): Promise<readonly string[]>;
  /** A locked key is released: resolves when nothing of it is left, whatever is under way. */
  drop(entry: KeyEntry): Promise<void>;
  stop(): void;
}
