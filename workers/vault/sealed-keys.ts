// Keys in sealed files: loaded from them, generated into them, and written to them. One key derivation opens a file,
// however many keys it holds; everything else is done in this thread, chunk by chunk, in the arena.
import { VaultError } from '../../src/errors.js';
import type { WireCost } from '../../src/wire/requests.js';
import type { WireSecret } from '../../src/wire/sources.js';
import { KEY_TYPES, type KeyId, type KeyType, type Operation } from '../../src/wire/types.js';
import type { Arena } from '../arena/arena.js';
import type { KeyStore } from '../arena/key-store.js';
import { normalizeNfkd } from '../codec/nfkd.js';
import type { Argon2idRequest } from '../kdf/request.js';
import type { Aead } from '../providers/aead.js';
import { secretIn } from '../providers/secret-in.js';
import type { NewRecord, WriterTools } from '../sealed/change.js';
import { openSealedFile, type SealedFile } from '../sealed/file.js';
import { DERIVED_BYTES, makeSalt } from '../sealed/format.js';
import type { SealedPolicy } from '../sealed/policy.js';
import { openSealed } from '../sealed/read.js';
import { type SealedWriter, withSealedWriter } from '../sealed/write.js';
import { generateSecret } from '../sources/generate.js';
import type { HeldValues } from './held-values.js';
import type { KeyLoader, LoadedKey } from './key-loader.js';
import type { KeyEntry } from './key-table.js';
import type { PasswordKeys } from './password-keys.js';
import { noPassword, readPassword } from './secret-reader.js';

/** How long one who generates keys into a file waits for another who does the same. */
const WRITER_WAIT_MS = 30_000;
/** Of a file that is made because a key is generated into it: as strongroom makes them when nothing is said. */
const DEFAULT_COST: WireCost = { memory: 256 * 1024 * 1024, passes: 3 };

/** A key that is to be loaded from a file, or generated into it. */
export interface WantedKey {
  readonly id: KeyId;
  readonly type: KeyType;
  readonly create: boolean;
  /** What a key that is generated is allowed in the file. */
  readonly allow: readonly Operation[] | undefined;
  enter(loaded: LoadedKey, policy: SealedPolicy): void;
  fail(error: unknown): void;
}

/** A key of a file of which all are loaded. */
export interface FoundKey {
  readonly id: KeyId;
  readonly type: KeyType;
  readonly policy: SealedPolicy;
}

export interface SealedKeys {
  /** Load, or generate and keep, keys of one file. Every one of them is entered or fails; the call itself does not. */
  load(path: string, password: WireSecret, wanted: readonly WantedKey[]): Promise<void>;
  /** Load every key of a file. Each is entered, or fails. */
  loadAll(
    path: string,
    password: WireSecret,
    enter: (key: FoundKey, loaded: LoadedKey) => void,
    fail: (id: KeyId, error: unknown) => void,
  ): Promise<void>;
  /** Write keys into a file, new or not. @returns how many it holds. */
  add(
    path: string,
    password: WireSecret,
    cost: WireCost,
    keys: readonly KeyEntry[],
    policy: SealedPolicy,
  ): Promise<number>;
  /** Seal a file anew. @returns how many keys it holds. */
  reseal(path: string, password: WireSecret, newPassword: WireSecret, cost: WireCost): Promise<number>;
}

export const createSealedKeys = (
  { staging, decoded }: Arena,
  store: KeyStore,
  held: HeldValues,
  loader: KeyLoader,
  passwordKeys: PasswordKeys,
  aead: Aead,
): SealedKeys => {
  const tools: WriterTools = { aead, reading: staging, writing: decoded };
  let resealing: Promise<unknown> = Promise.resolve();
  /** The last writer of each file: those of this vault wait for one another here, and not for the file's lock. */
  const writers = new Map<string, Promise<unknown>>();

  const writing = async <T>(path: string, waitMs: number, body: (writer: SealedWriter) => Promise<T>): Promise<T> => {
    const run = (): Promise<T> => withSealedWriter(path, tools, body, { waitMs });
    const before = writers.get(path);
    const mine = before === undefined ? run() : before.then(run, run);
    writers.set(path, mine);
    try {
      return await mine;
    } finally {
      if (writers.get(path) === mine) writers.delete(path);
    }
  };

  /** NFKD, so that a password typed on another system is the same; what is no text, a random key, is taken as it is. */
  const writePassword =
    (password: WireSecret) =>
    (room: Uint8Array): number => {
      try {
        const half = decoded.length >> 1;
        const given = decoded.subarray(0, readPassword(password, held, staging, room));
        if (given.length === 0) throw noPassword(password);
        given.set(room.subarray(0, given.length));
        let processed = given;
        try {
          processed = decoded.subarray(half, half + normalizeNfkd(given, decoded.subarray(half), 'the password'));
        } catch {
          // Not UTF-8.
        }
        if (processed.length > room.length) {
          throw new VaultError('ERR_SOURCE_TOO_LARGE', `expected a password of at most ${room.length} bytes, got more`);
        }
        room.fill(0);
        room.set(processed);
        return processed.length;
      } finally {
        decoded.fill(0);
      }
    };

  const derive = <T>(
    kdf: Argon2idRequest,
    path: string,
    password: WireSecret,
    use: (key: Uint8Array) => T | Promise<T>,
  ): Promise<T> => passwordKeys.derive(kdf, DERIVED_BYTES, `file ${path}`, writePassword(password), use);

  const requestOf = ({ memory, passes }: WireCost): Argon2idRequest => ({
    kdf: 'argon2id',
    memoryKiB: memory / 1024,
    passes,
    salt: makeSalt(),
  });

  const recordOf = (id: KeyId, type: KeyType, slotKey: LoadedKey, policy: SealedPolicy): NewRecord => {
    const view = store.view(slotKey.handle.slot);
    const secret = secretIn(view, type);
    return {
      id,
      type,
      policy,
      created: Date.now(),
      secretBytes: secret.length,
      copySecretTo: (into) => into.set(secret),
    };
  };

  /** Enter the wanted keys that an open file has. Gives those that it has not. */
  const enterFound = (file: SealedFile, key: Uint8Array, wanted: readonly WantedKey[]): readonly WantedKey[] => {
    const { path } = file;
    const missing = new Map<string, WantedKey>(wanted.map((each) => [each.id, each]));
    openSealed(file, key, staging, aead, {
      onRecord({ id, type, policy }, secret) {
        const each = missing.get(id);
        if (each === undefined) return;
        missing.delete(id);
        attempt(each, () => {
          if (type !== each.type) {
            throw new VaultError('ERR_KEY_CURVE', `file ${path}: expected a key for ${each.type}, got one for ${type}`);
          }
          loader.placeFrom(each.type, secret, (loaded) => each.enter(loaded, policy));
        });
      },
      onUnread({ id, reason }) {
        const each = missing.get(id);
        missing.delete(id);
        each?.fail(notUnderstood(path, id, reason));
      },
    });
    return [...missing.values()];
  };

  /** Generate keys, let them be written, and enter them only then. */
  const generate = (wanted: readonly WantedKey[], write: (records: readonly NewRecord[]) => void): void => {
    const made: (readonly [WantedKey, LoadedKey, SealedPolicy])[] = [];
    try {
      for (const each of wanted) {
        const policy = each.allow === undefined ? {} : { allow: each.allow };
        const fetch = (): Uint8Array => decoded.subarray(0, generateSecret(each.type, decoded));
        made.push([each, loader.place(each.type, fetch, (loaded) => loaded), policy]);
      }
      write(made.map(([{ id, type }, loaded, policy]) => recordOf(id, type, loaded, policy)));
    } catch (error) {
      for (const [{ type }, loaded] of made) loader.discard(type, loaded);
      throw error;
    }
    for (const [each, loaded, policy] of made) {
      attempt(each, () => {
        try {
          each.enter(loaded, policy);
        } catch (error) {
          loader.discard(each.type, loaded); // the file has it; here no entry names it
          throw error;
        }
      });
    }
  };

  /** Under the lock of a writer: the file is the one that the key was derived for. */
  const enterExisting = (path: string, key: Uint8Array, wanted: readonly WantedKey[]): readonly WantedKey[] => {
    const file = openSealedFile(path);
    try {
      return enterFound(file, key, wanted);
    } finally {
      file.close();
    }
  };

  /** A file is opened once: what is read after the derivation is of the header that it was made by. */
  const opening = async <T>(
    path: string,
    password: WireSecret,
    use: (file: SealedFile, key: Uint8Array) => T,
  ): Promise<T> => {
    const file = openSealedFile(path);
    try {
      return await derive(file.header.kdf, path, password, (key) => use(file, key));
    } finally {
      file.close();
    }
  };

  const loadOnly = async (path: string, password: WireSecret, wanted: readonly WantedKey[]): Promise<void> => {
    const missing = await opening(path, password, (file, key) => enterFound(file, key, wanted));
    for (const each of missing) each.fail(noSuchKey(path, each.id));
  };

  const loadOrCreate = (path: string, password: WireSecret, wanted: readonly WantedKey[]): Promise<void> =>
    writing(path, WRITER_WAIT_MS, (writer) => {
      const { header } = writer;
      const kdf = header?.kdf ?? requestOf(DEFAULT_COST);
      return derive(kdf, path, password, (derivedKey) => {
        const missing = header === undefined ? wanted : enterExisting(path, derivedKey, wanted);
        const created = missing.filter(({ create }) => create);
        for (const each of missing.filter(({ create }) => !create)) each.fail(noSuchKey(path, each.id));
        if (created.length === 0) return;
        generate(created, (add) => {
          if (header === undefined) writer.create({ kdf, derivedKey }, add);
          else writer.update(derivedKey, { add });
        });
      });
    });

  return {
    async load(path, password, wanted) {
      const settled = new Set<WantedKey>();
      const watched = wanted.map((each) => ({
        ...each,
        enter(loaded: LoadedKey, policy: SealedPolicy): void {
          each.enter(loaded, policy);
          settled.add(each);
        },
        fail(error: unknown): void {
          settled.add(each);
          each.fail(error);
        },
      }));
      try {
        await (wanted.some(({ create }) => create) ? loadOrCreate : loadOnly)(path, password, watched);
      } catch (error) {
        for (const each of wanted) if (!settled.has(each)) each.fail(error);
      }
    },

    loadAll: (path, password, enter, fail) =>
      opening(path, password, (file, key) =>
        openSealed(file, key, staging, aead, {
          onRecord({ id, type, policy }, secret) {
            try {
              if (!isKeyType(type)) throw notUnderstood(path, id, 'its type is not known');
              loader.placeFrom(type, secret, (loaded) => enter({ id, type, policy }, loaded));
            } catch (error) {
              fail(id, error);
            }
          },
          onUnread: ({ id, reason }) => fail(id, notUnderstood(path, id, reason)),
        }),
      ),

    add: (path, password, cost, keys, policy) =>
      writing(path, 0, (writer) => {
        const { header } = writer;
        const kdf = header?.kdf ?? requestOf(cost);
        return derive(kdf, path, password, (derivedKey) => {
          const add = keys.map(({ info, handle }) =>
            recordOf(info.id as KeyId, info.type, { handle, publicKey: info.publicKey }, policy),
          );
          if (header === undefined) writer.create({ kdf, derivedKey }, add);
          else writer.update(derivedKey, { add });
          return (header?.records ?? 0) + keys.length;
        });
      }),

    reseal(path, password, newPassword, cost) {
      const run = (): Promise<number> =>
        writing(path, 0, async (writer) => {
          const { header } = writer;
          if (header === undefined) throw new VaultError('ERR_SOURCE_NOT_FOUND', `file ${path}: no such file`);
          const kdf = requestOf(cost);
          return derive(header.kdf, path, password, (oldKey) =>
            derive(kdf, path, newPassword, (derivedKey) => {
              writer.update(oldKey, { seal: { kdf, derivedKey } });
              return header.records;
            }),
          );
        });
      // Each holds a key while it derives another: two at once could wait for each other.
      const mine = resealing.then(run, run);
      resealing = mine;
      return mine;
    },
  };
};

const noSuchKey = (path: string, id: KeyId): VaultError =>
  new VaultError('ERR_KEY_NOT_FOUND', `file ${path}: it holds no key "${id}"`, { keyId: id });

const attempt = (wanted: WantedKey, enter: () => void): void => {
  try {
    enter();
  } catch (error) {
    wanted.fail(error);
  }
};

const notUnderstood = (path: string, id: KeyId, reason: string): VaultError =>
  new VaultError('ERR_SEALED_FILE', `file ${path}: the key ${id} is not understood: ${reason}`, { keyId: id });

const isKeyType = (type: string): type is KeyType => (KEY_TYPES as readonly string[]).includes(type);
