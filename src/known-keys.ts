// The keys as a client knows them: those of the start, and what the vault has told since. Public facts only.
import { VaultError } from './errors.js';
import { describe, isKeyId, KEY_ID_RULE } from './wire/check.js';
import type { GoneReason } from './wire/events.js';
import type { KeyInfo } from './wire/info.js';
import type { KeyRecord, NoticeMessage } from './wire/protocol.js';
import type { KeyHandle } from './wire/types.js';

export interface ClientKey {
  readonly info: KeyInfo;
  readonly handle: KeyHandle;
}

/** Ids of which is remembered why they are gone. */
const MAX_REMEMBERED = 65_536;

export interface KnownKeys {
  readonly size: number;
  has(id: string): boolean;
  /** @throws {VaultError} ERR_KEY_NOT_FOUND, ERR_KEY_EXPIRED, ERR_KEY_IDLE @throws {TypeError} not a key id. */
  get(id: string): ClientKey;
  /** As `get`, of a key whose secret is there. @throws {VaultError} ERR_VAULT_LOCKED */
  ready(id: string): ClientKey;
  set(record: KeyRecord): void;
  delete(id: string): void;
  clear(): void;
  /** Copies, as they are now. */
  infos(): KeyInfo[];
  /** What the vault told. */
  update(notice: NoticeMessage['notice']): void;
}

export const createKnownKeys = (records: readonly KeyRecord[]): KnownKeys => {
  const known = new Map<string, ClientKey>(records.map((record) => [record.info.id, record]));
  const gone = new Map<string, GoneReason>();

  const notFound = (id: string): Error => {
    if (!isKeyId(id)) return new TypeError(`"id" expected ${KEY_ID_RULE}, got ${describe(id)}`);
    const reason = gone.get(id);
    if (reason === 'expired') return new VaultError('ERR_KEY_EXPIRED', `the key "${id}" has expired`, { keyId: id });
    if (reason === 'idle') {
      return new VaultError('ERR_KEY_IDLE', `the key "${id}" was not used for its idle time`, { keyId: id });
    }
    return new VaultError('ERR_KEY_NOT_FOUND', `no key "${id}" is registered`, { keyId: id });
  };

  const get = (id: string): ClientKey => {
    const key = known.get(id);
    if (key === undefined) throw notFound(id);
    return key;
  };

  const set = ({ info, handle }: KeyRecord): void => {
    gone.delete(info.id);
    known.set(info.id, { info, handle });
  };

  return {
    get size() {
      return known.size;
    },
    has: (id) => known.has(id),
    get,
    ready(id) {
      const key = get(id);
      if (key.info.state !== 'locked') return key;
      throw new VaultError('ERR_VAULT_LOCKED', `the vault is locked, and with it the key "${id}"`, { keyId: id });
    },
    set,
    delete: (id) => void known.delete(id),
    clear: () => known.clear(),
    infos: () => Array.from(known.values(), ({ info }) => copyInfo(info)),
    update(notice) {
      for (const record of notice.changed ?? []) set(record);
      for (const { id, reason } of notice.gone ?? []) {
        known.delete(id);
        if (gone.size >= MAX_REMEMBERED) gone.delete(gone.keys().next().value as string);
        gone.set(id, reason);
      }
      for (const { id, signatures } of notice.left ?? []) {
        const key = known.get(id);
        if (key === undefined) continue;
        known.set(id, {
          ...key,
          info: { ...key.info, limits: { ...key.info.limits, signaturesLeft: signatures } },
        });
      }
    },
  };
};

export const copyInfo = (info: KeyInfo): KeyInfo => ({
  ...info,
  publicKey: info.publicKey.slice(),
  allow: [...info.allow],
  schemes: [...info.schemes],
  limits: { ...info.limits },
});
