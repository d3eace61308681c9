// The keys of the vault by id and by slot: who they are, and how much work is in flight on each. Holds no secret:
// those lie in the slots that the entries name.
import { VaultError } from '../../src/errors.js';
import type { KeyInfo } from '../../src/wire/info.js';
import type { KeyHandle, KeyId } from '../../src/wire/types.js';

export interface KeyEntry {
  readonly info: KeyInfo;
  readonly handle: KeyHandle;
  /** Whether `info.allow` names 'sign'. */
  readonly maySign: boolean;
  /** Operations that a batch names and that have not come back. The slot is wiped only at zero. */
  inFlight: number;
  releasing: boolean;
  /** Called when `inFlight` falls to zero while the key is being released. */
  drained: (() => void) | undefined;
}

export interface KeyTable {
  readonly size: number;
  /** Enter a key under an id that was reserved for it. */
  add(id: KeyId, entry: KeyEntry): void;
  /** Keep an id for a key that is being loaded. @throws {VaultError} ERR_KEY_EXISTS - it is taken, or kept already. */
  reserve(id: string): void;
  /** The key was loaded, or cannot be. */
  unreserve(id: string): void;
  find(id: string): KeyEntry | undefined;
  /** @throws {VaultError} ERR_KEY_NOT_FOUND */
  get(id: string): KeyEntry;
  /** The entry that a handle of an operation names, or undefined if that key is gone or going. */
  at(slot: number, generation: number): KeyEntry | undefined;
  entries(): IterableIterator<KeyEntry>;
  begin(entry: KeyEntry): void;
  end(entry: KeyEntry): void;
  /** Forget the id and refuse new work at once; resolves when no work is in flight on the key. */
  retire(entry: KeyEntry): Promise<void>;
  /** The slot was wiped: it may be taken again. */
  remove(entry: KeyEntry): void;
}

export const createKeyTable = (): KeyTable => {
  const byId = new Map<string, KeyEntry>();
  const bySlot: (KeyEntry | undefined)[] = [];
  const reserved = new Set<string>();
  return {
    get size() {
      return byId.size;
    },
    add(id, entry) {
      byId.set(id, entry);
      bySlot[entry.handle.slot] = entry;
    },
    reserve(id) {
      if (byId.has(id) || reserved.has(id))
        throw new VaultError('ERR_KEY_EXISTS', `the key id "${id}" is taken`, { keyId: id });
      reserved.add(id);
    },
    unreserve: (id) => void reserved.delete(id),
    find: (id) => byId.get(id),
    get(id) {
      const entry = byId.get(id);
      if (entry === undefined) throw new VaultError('ERR_KEY_NOT_FOUND', `no key "${id}" is registered`, { keyId: id });
      return entry;
    },
    at(slot, generation) {
      const entry = bySlot[slot];
      return entry === undefined || entry.releasing || entry.handle.generation !== generation ? undefined : entry;
    },
    entries: () => byId.values(),
    begin(entry) {
      entry.inFlight++;
    },
    end(entry) {
      entry.inFlight--;
      if (entry.inFlight === 0) entry.drained?.();
    },
    async retire(entry) {
      byId.delete(entry.info.id);
      entry.releasing = true;
      if (entry.inFlight === 0) return;
      await new Promise<void>((resolve) => {
        entry.drained = resolve;
      });
    },
    remove(entry) {
      if (bySlot[entry.handle.slot] === entry) bySlot[entry.handle.slot] = undefined;
    },
  };
};
