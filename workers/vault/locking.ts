// Locking: every key is wiped at once, and stays known by its id, type and public key; unlocking loads those again that
// come from encrypted files, and what derives from them. All of them, or none.
import { type StartupFailure, toErrorRecord, VaultError, type VaultErrorCode } from '../../src/errors.js';
import type { LockReply } from '../../src/wire/protocol.js';
import type { WireUnlockRequest } from '../../src/wire/requests.js';
import type { LockChoice } from '../../src/wire/specs.js';
import type { KeyEntry } from './key-table.js';
import { createLifetime, type Lifetime } from './lifetime.js';
import type { Locking } from './lock-control.js';
import type { OpenVault } from './open.js';
import { createRegaining, lockedAgain, type Regaining } from './regain.js';
import { releaseKey, wipeSlot } from './release.js';

/** After the first wrong password; doubled for each that follows, up to the longest. */
const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 60_000;

type State = 'open' | 'locking' | 'locked' | 'unlocking';

export const createLocking = (vault: OpenVault): Locking => {
  const { table, sessions, journal, config, dispatcher } = vault;
  let state: State = 'open';
  let lastLock: Promise<LockReply> = Promise.resolve({ locked: [], gone: [] });
  let unlocking: Promise<unknown> = Promise.resolve();
  let regaining: Regaining | undefined;
  /** Locks that were asked for. One ends the unlocks that were asked for before it. */
  let locks = 0;
  /** Work of `awaited` that is under way. */
  let works = 0;
  let onWorked: (() => void)[] = [];
  /** Wrong passwords, one after another. */
  let failures = 0;
  let nextTry = 0;
  let idle: Lifetime | undefined;

  const isOpen = (): boolean => state === 'open';

  const wipeSlotOf = ({ handle, info }: KeyEntry): Promise<void> => wipeSlot(vault, handle.slot, info.type);

  const relock = async (entry: KeyEntry): Promise<void> => {
    await table.retire(entry, 'locked');
    await wipeSlotOf(entry);
  };

  /** The log is signed when all work is done, and before a key is wiped that may sign it. */
  const wipeAll = async (
    returning: readonly KeyEntry[],
    lost: readonly KeyEntry[],
    onDrained: () => void,
  ): Promise<void> => {
    const isLast = ({ info }: KeyEntry): boolean => info.id === config.audit?.key;
    const released = lost.filter((entry) => !isLast(entry)).map((entry) => releaseKey(vault, entry, 'released'));
    await Promise.all(returning.map((entry) => table.retire(entry, 'locked')));
    await Promise.all(released);
    onDrained();
    journal.beforeLock();
    const last = lost.filter(isLast).map((entry) => releaseKey(vault, entry, 'released'));
    await Promise.all([...last, ...returning.map(wipeSlotOf)]);
    if (works > 0) await new Promise<void>((resolve) => void onWorked.push(resolve));
  };

  const lockNow = async (unsealed: LockChoice, reason: 'asked' | 'idle'): Promise<LockReply> => {
    const { returning, lost } = sorted([...table.entries()]);
    if (unsealed === 'refuse' && lost.length > 0) throw lockRefused(lost);
    state = 'locking';
    idle?.stop();
    const reply = { locked: returning.map(idOf), gone: lost.map(idOf) };
    const wiped = wipeAll(returning, lost, () => journal.record({ type: 'locked', reason, ...reply }));
    sessions.tellChanged(returning);
    sessions.tellLocked(true);
    await wiped;
    state = 'locked';
    return reply;
  };

  /** Work that is under way is use, until it ends. */
  const isBusy = (): boolean => {
    const busy = dispatcher.load.pending > 0 || works > 0 || [...table.entries()].some(({ inFlight }) => inFlight > 0);
    if (busy) idle?.touch();
    return busy;
  };

  const watchIdle = (): void => {
    if (config.lockIdleMs === 0) return;
    idle = createLifetime({ idleMs: config.lockIdleMs }, isBusy, () => {
      lock(config.lockUnsealed, 'idle').catch((error: unknown) => {
        if (!(error instanceof VaultError) || error.code !== 'ERR_LOCK_REFUSED') return vault.fail(error);
        journal.record({ type: 'lock-refused', keys: (error.failures ?? []).map(({ id }) => id) });
        watchIdle();
      });
    });
  };

  const lock: Locking['lock'] = (unsealed, reason) => {
    if (isOpen()) {
      const mine = lockNow(unsealed, reason);
      if (isOpen()) return mine; // refused: the vault is as it was
      locks += 1;
      lastLock = mine;
      return mine;
    }
    locks += 1;
    // An unlock that is under way notices, and wipes what it has.
    if (state === 'unlocking') {
      const before = lastLock;
      lastLock = unlocking.then(
        () => before,
        () => before,
      );
    }
    return lastLock;
  };

  /** @param isWanted - whether no lock was asked for since. */
  const unlockNow = async (request: WireUnlockRequest, isWanted: () => boolean): Promise<readonly string[]> => {
    if (state === 'locking') await lastLock;
    if (isOpen()) return [];
    if (!isWanted()) throw lockedAgain();
    const wait = nextTry - performance.now();
    if (wait > 0) throw delayed(failures, wait);
    state = 'unlocking';
    const locked = [...table.entries()].filter(({ gone }) => gone === 'locked');
    const mine = createRegaining(vault, request, locked, isWanted);
    const assertWhole = (): void => {
      if (mine.failed.length > 0) throw unlockError(mine.failed);
      if (!isWanted()) throw lockedAgain();
    };
    const entered: KeyEntry[] = [];
    regaining = mine;
    try {
      await mine.loadFiles();
      assertWhole();
      entered.push(...mine.enter());
      await mine.derive();
      assertWhole();
      entered.push(...mine.enter());
    } catch (error) {
      mine.discard();
      await Promise.all(entered.filter(({ gone }) => gone === undefined).map(relock));
      state = 'locked';
      countFailure(toErrorRecord(error).code);
      throw error;
    } finally {
      regaining = undefined;
    }
    state = 'open';
    failures = 0;
    watchIdle();
    const back = entered.filter(({ gone }) => gone === undefined);
    sessions.tellChanged(back);
    sessions.tellLocked(false);
    journal.record({ type: 'unlocked', keys: back.map(idOf) });
    return back.map(idOf);
  };

  const countFailure = (code: VaultErrorCode): void => {
    if (code === 'ERR_PASSWORD') {
      failures += 1;
      nextTry = performance.now() + Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** (failures - 1));
    }
    journal.record({ type: 'unlock-failed', code, failures });
  };

  watchIdle();
  return {
    get isLocked() {
      return !isOpen();
    },
    get wasAsked() {
      return locks > 0 || !isOpen();
    },
    assertUnlocked() {
      if (!isOpen()) throw new VaultError('ERR_VAULT_LOCKED');
    },
    touch: () => idle?.touch(),
    async awaited(work) {
      works += 1;
      try {
        return await work();
      } finally {
        works -= 1;
        idle?.touch();
        if (works === 0) {
          const waiting = onWorked;
          onWorked = [];
          for (const each of waiting) each();
        }
      }
    },
    lock,
    unlock(request) {
      const asked = locks;
      const run = (): Promise<readonly string[]> => unlockNow(request, () => asked === locks);
      const mine = unlocking.then(run, run);
      unlocking = mine;
      return mine;
    },
    async drop(entry) {
      regaining?.drop(entry);
      if (state === 'locking') await lastLock;
    },
    stop: () => idle?.stop(),
  };
};

const idOf = ({ info }: KeyEntry): string => info.id;

/**
 * Those that encrypted sources can bring back, and the others. A derived key's seed was entered before it; one that has
 * its id now, and came later, is another.
 */
const sorted = (entries: readonly KeyEntry[]): { readonly returning: KeyEntry[]; readonly lost: KeyEntry[] } => {
  const returning: KeyEntry[] = [];
  const lost: KeyEntry[] = [];
  const seeds = new Set<string>();
  for (const entry of entries) {
    const { gone, origin, info } = entry;
    if (gone !== undefined) continue;
    const returns = origin?.kind === 'seed' ? seeds.has(origin.seed) : origin !== undefined;
    if (returns) returning.push(entry);
    else lost.push(entry);
    if (returns && info.type === 'seed') seeds.add(info.id);
  }
  return { returning, lost };
};

const lockRefused = (lost: readonly KeyEntry[]): VaultError => {
  const failures = lost.map(({ info: { id, source } }) => ({
    id,
    code: 'ERR_LOCK_REFUSED' as const,
    reason: `its source "${source}" is not encrypted, or derives from one that is not`,
  }));
  const count = failures.length === 1 ? 'one key' : `${failures.length} keys`;
  return new VaultError('ERR_LOCK_REFUSED', `${count} would be lost by locking`, { failures });
};

const delayed = (failures: number, wait: number): VaultError => {
  const seconds = (Math.ceil(wait / 100) / 10).toFixed(1);
  const count = failures === 1 ? 'a wrong password' : `${failures} wrong passwords`;
  return new VaultError('ERR_UNLOCK_DELAYED', `${count}: wait ${seconds} s before the next`);
};

/** A wrong password is told before anything else that is wrong. */
const unlockError = (failures: readonly StartupFailure[]): VaultError => {
  const first = failures.find(({ code }) => code === 'ERR_PASSWORD') ?? (failures[0] as StartupFailure);
  return new VaultError(first.code, first.reason, { keyId: first.id, failures });
};
