// The end of a key: new work is refused, the work in flight is waited for, and only then it is wiped. A signature made
// with a half-wiped key could leak the key, so this order is a security property.
import type { GoneReason } from '../../src/wire/events.js';
import type { KeyType, Slot } from '../../src/wire/types.js';
import type { KeyEntry } from './key-table.js';
import type { OpenVault } from './open.js';
import type { Session } from './sessions.js';

/**
 * Resolves when the key is wiped in every thread. `by` knows it from the answer, and is not told apart; unless a notice of
 * a lock may be under way, which would make it believe that the key is there.
 */
export const releaseKey = async (
  vault: OpenVault,
  entry: KeyEntry,
  reason: Exclude<GoneReason, 'locked'>,
  by?: Session,
): Promise<void> => {
  const { table, sessions, journal, lock, config } = vault;
  const wasLocked = entry.gone === 'locked';
  entry.lifetime?.stop();
  const drained = table.retire(entry, reason);
  sessions.tellGone([entry], reason, lock.wasAsked ? undefined : by);
  if (wasLocked) {
    await Promise.all([
      lock.drop(entry),
      ...orphansOf(vault, entry).map((each) => releaseKey(vault, each, 'released')),
    ]);
  } else {
    // A lock that is asked for meanwhile waits for it.
    await lock.awaited(async () => {
      await drained;
      if (entry.info.id === config.audit?.key) journal.beforeLock(); // it signs no more after this
      await wipeSlot(vault, entry.handle.slot, entry.info.type);
    });
  }
  journal.record({ type: 'released', id: entry.info.id, reason });
};

/** What derives from a seed that was locked: without it, it cannot be loaded again. */
const orphansOf = ({ table }: OpenVault, { info }: KeyEntry): readonly KeyEntry[] =>
  info.type !== 'seed'
    ? []
    : [...table.entries()].filter(
        ({ gone, origin }) => gone === 'locked' && origin?.kind === 'seed' && origin.seed === info.id,
      );

/** Wipe a slot that no batch names, make every thread forget its key, and only then let it be taken again. */
export const wipeSlot = async ({ store, forgetting }: OpenVault, slot: Slot, type: KeyType): Promise<void> => {
  store.wipe(slot);
  if (type === 'bls12-381') await forgetting.forget(slot);
  store.free(slot);
};
