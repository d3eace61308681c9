// The keys of the vault by id and by slot: who they are, what they may still be asked, and how much work is in flight on
// each. Holds no secret: those lie in the slots that the entries name.
import { VaultError, type VaultErrorCode } from '../../src/errors.js';
import type { GoneReason } from '../../src/wire/events.js';
import type { KeyInfo } from '../../src/wire/info.js';
import type { KeyHandle, KeyId } from '../../src/wire/types.js';
import type { Lifetime } from './lifetime.js';
import type { KeyOrigin } from './origin.js';
import type { Policy } from './policy.js';
import type { Quota } from './quota.js';

export interface KeyEntry {
  readonly info: KeyInfo;
  readonly policy: Policy;
  /** By code of a frame's operation: 0, or the status by which the policy refuses it. */
  readonly statuses: Uint8Array;
  /** Only of keys whose policy limits how much they may be used. */
  readonly quota: Quota | undefined;
  /** Only of keys that end by themselves. */
  readonly lifetime: Lifetime | undefined;
  /** Where the key can be loaded from again: of encrypted sources, and what derives from them. */
  readonly origin: KeyOrigin | undefined;
  /** The journal's: how often it was used, by kind of operation. */
  readonly uses: number[];
  /** Changes when the key is loaded again after the vault was locked. */
  handle: KeyHandle;
  /** Operations that a batch names and that have not come back. The slot is wiped only at zero. */
  inFlight: number;
  /** Set from the moment that it takes no more work. */
  gone: GoneReason | undefined;
  /** Called when `inFlight` falls to zero while the key is being released. */
  readonly drained: (() => void)[];
}

/** A key that its slot has lost. */
export interface GoneKey {
  readonly entry: KeyEntry;
  readonly generation: number;
  readonly reason: GoneReason;
}

/** What is told of a key that is gone. */
export const GONE_CODES: Readonly<Record<GoneReason, VaultErrorCode>> = {
  released: 'ERR_KEY_NOT_FOUND',
  expired: 'ERR_KEY_EXPIRED',
  idle: 'ERR_KEY_IDLE',
  locked: 'ERR_VAULT_LOCKED',
};

/** Ids of which is remembered why they are gone. */
const MAX_REMEMBERED = 65_536;

export interface KeyTable {
  readonly size: number;
  /** Enter a key under an id that was reserved for it. */
  add(id: KeyId, entry: KeyEntry): void;
  /** Keep an id for a key that is being loaded. @throws {VaultError} ERR_KEY_EXISTS - it is taken, or kept already. */
  reserve(id: string): void;
  /** The key was loaded, or cannot be. */
  unreserve(id: string): void;
  find(id: string): KeyEntry | undefined;
  /** An entry, which may be locked. @throws {VaultError} ERR_KEY_NOT_FOUND, ERR_KEY_EXPIRED, ERR_KEY_IDLE */
  get(id: string): KeyEntry;
  /** As `get`, of a key whose secret is there. @throws {VaultError} ERR_VAULT_LOCKED too. */
  ready(id: string): KeyEntry;
  /** The entry that a handle of an operation names, or undefined if that key is gone or going. */
  at(slot: number, generation: number): KeyEntry | undefined;
  /** The key that a handle named before it was gone, if that is known. */
  goneAt(slot: number, generation: number): GoneKey | undefined;
  entries(): IterableIterator<KeyEntry>;
  begin(entry: KeyEntry): void;
  end(entry: KeyEntry): void;
  /** Refuse new work at once, and forget the id unless it is locked; resolves when no work is in flight on the key. */
  retire(entry: KeyEntry, reason: GoneReason): Promise<void>;
  /** A key that was locked is there again. */
  restore(entry: KeyEntry, handle: KeyHandle): void;
}

export const createKeyTable = (): KeyTable => {
  const byId = new Map<string, KeyEntry>();
  const bySlot: (KeyEntry | undefined)[] = [];
  /** The last key that each slot lost: frames of before may still arrive. */
  const lastGone: (GoneKey | undefined)[] = [];
  const reserved = new Set<string>();
  const remembered = new Map<string, GoneReason>();

  const put = (entry: KeyEntry): void => {
    bySlot[entry.handle.slot] = entry;
  };

  const notFound = (id: string): VaultError => {
    const reason = remembered.get(id);
    if (reason === undefined) return new VaultError('ERR_KEY_NOT_FOUND', `no key "${id}" is registered`, { keyId: id });
    const why = reason === 'idle' ? 'was not used for its idle time' : 'has expired';
    return new VaultError(GONE_CODES[reason], `the key "${id}" ${why}, and was wiped`, { keyId: id });
  };

  const get = (id: string): KeyEntry => {
    const entry = byId.get(id);
    if (entry === undefined) throw notFound(id);
    return entry;
  };

  return {
    get size() {
      return byId.size;
    },
    add(id, entry) {
      remembered.delete(id);
      byId.set(id, entry);
      put(entry);
    },
    reserve(id) {
      if (byId.has(id) || reserved.has(id))
        throw new VaultError('ERR_KEY_EXISTS', `the key id "${id}" is taken`, { keyId: id });
      reserved.add(id);
    },
    unreserve: (id) => void reserved.delete(id),
    find: (id) => byId.get(id),
    get,
    ready(id) {
      const entry = get(id);
      if (entry.gone !== undefined) throw new VaultError('ERR_VAULT_LOCKED', undefined, { keyId: id });
      return entry;
    },
    at(slot, generation) {
      const entry = bySlot[slot];
      return entry?.handle.generation === generation ? entry : undefined;
    },
    goneAt(slot, generation) {
      const gone = lastGone[slot];
      return gone?.generation === generation ? gone : undefined;
    },
    entries: () => byId.values(),
    begin(entry) {
      entry.inFlight++;
    },
    end(entry) {
      entry.inFlight--;
      if (entry.inFlight === 0) for (const each of entry.drained.splice(0)) each();
    },
    async retire(entry, reason) {
      const { id } = entry.info;
      entry.gone = reason;
      // The slot of a key that was locked may be another's by now.
      const { slot, generation } = entry.handle;
      if (bySlot[slot] === entry) {
        bySlot[slot] = undefined;
        lastGone[slot] = { entry, generation, reason };
      }
      if (reason !== 'locked') byId.delete(id);
      if (reason === 'expired' || reason === 'idle') {
        if (remembered.size >= MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
        remembered.set(id, reason);
      }
      if (entry.inFlight === 0) return;
      await new Promise<void>((resolve) => void entry.drained.push(resolve));
    },
    restore(entry, handle) {
      entry.handle = handle;
      entry.gone = undefined;
      put(entry);
    },
  };
};
