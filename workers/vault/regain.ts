// Loads again the keys of a locked vault, from their encrypted files and the seeds among them, without entering them:
// whoever asks decides when all are there. What is not entered is wiped.
import { type StartupFailure, toErrorRecord, VaultError } from '../../src/errors.js';
import type { WireUnlockRequest } from '../../src/wire/requests.js';
import type { WireSecret } from '../../src/wire/sources.js';
import type { KeyHandle } from '../../src/wire/types.js';
import type { LoadedKey } from './key-loader.js';
import type { KeyEntry } from './key-table.js';
import { assertType } from './keystore-loader.js';
import type { OpenVault } from './open.js';
import type { KeyOrigin } from './origin.js';

type FileOrigin = Exclude<KeyOrigin, { readonly kind: 'seed' }>;
type SealedOrigin = Extract<KeyOrigin, { readonly kind: 'sealed' }>;
type SealedEntry = { readonly entry: KeyEntry; readonly origin: SealedOrigin };

export interface Regaining {
  /** What could not be loaded. */
  readonly failed: readonly StartupFailure[];
  /** Load the keys of files. After a wrong password nothing more is tried. */
  loadFiles(): Promise<void>;
  /** Load the keys that derive from seeds, which are entered by now. */
  derive(): Promise<void>;
  /** Enter what was loaded. */
  enter(): readonly KeyEntry[];
  /** The key was released: wipe it, if it is there again. */
  drop(entry: KeyEntry): void;
  /** Wipe what was loaded and not entered. */
  discard(): void;
}

/** @param isWanted - whether the vault still waits for the keys. */
export const createRegaining = (
  vault: OpenVault,
  request: WireUnlockRequest,
  locked: readonly KeyEntry[],
  isWanted: () => boolean,
): Regaining => {
  const { table, loader } = vault;
  const regained = new Map<KeyEntry, KeyHandle>();
  const failed: StartupFailure[] = [];

  /** One that was released or has expired meanwhile is not. */
  const isLocked = (entry: KeyEntry): boolean => entry.gone === 'locked' && table.find(entry.info.id) === entry;

  const fail = (entry: KeyEntry, error: unknown): void => {
    if (!isLocked(entry)) return;
    const { code, message } = toErrorRecord(error);
    failed.push({ id: entry.info.id, code, reason: message });
  };

  const take = (entry: KeyEntry, { handle, publicKey }: LoadedKey, another: () => VaultError): void => {
    if (!isWanted()) throw lockedAgain();
    if (!isSame(publicKey, entry.info.publicKey)) throw another();
    if (isLocked(entry)) regained.set(entry, handle);
    else loader.discard(entry.info.type, { handle });
  };

  const hasWrongPassword = (): boolean => failed.some(({ code }) => code === 'ERR_PASSWORD');

  const passwordFor = (origin: FileOrigin): WireSecret => {
    const given = request.files.find(({ path }) => path === origin.path)?.password ?? request.password;
    if (given !== undefined) return given;
    if (origin.password.kind === 'file') return origin.password;
    // Not ERR_PASSWORD: nothing was tried.
    throw new VaultError(
      'ERR_SOURCE_NOT_FOUND',
      `file ${origin.path}: expected a password, got none; that of the start was not kept`,
    );
  };

  /** Before anything costs a derivation. */
  const checkPasswords = (): void => {
    for (const entry of locked) {
      if (entry.origin === undefined || entry.origin.kind === 'seed') continue;
      try {
        passwordFor(entry.origin);
      } catch (error) {
        fail(entry, error);
      }
    }
  };

  const loadSealed = (group: readonly SealedEntry[]): Promise<void> => {
    const { origin } = group[0]!;
    const anotherKey = (): VaultError => changed(`file ${origin.path}`);
    return vault.sealedKeys.load(
      origin.path,
      passwordFor(origin),
      group.map(({ entry, origin: { name } }) => ({
        id: name,
        type: entry.info.type,
        create: false,
        allow: undefined,
        enter: (loaded) => take(entry, loaded, anotherKey),
        fail: (error) => fail(entry, error),
      })),
    );
  };

  const loadKeystore = async (entry: KeyEntry, origin: FileOrigin): Promise<void> => {
    try {
      const { path } = origin;
      const keystore = vault.keystores.read(path);
      assertType(keystore, entry.info.type, path);
      await vault.keystores.open(path, keystore, passwordFor(origin), (loaded) =>
        take(entry, loaded, () => changed(`keystore ${path}`)),
      );
    } catch (error) {
      fail(entry, error);
    }
  };

  return {
    failed,
    async loadFiles() {
      checkPasswords();
      if (failed.length > 0) return;
      const goesOn = (): boolean => isWanted() && !hasWrongPassword();
      for (const group of sealedGroups(locked)) if (goesOn()) await loadSealed(group);
      const keystores = locked.filter(({ origin }) => origin?.kind === 'keystore');
      const work = async (): Promise<void> => {
        for (let entry = keystores.shift(); entry !== undefined && goesOn(); entry = keystores.shift()) {
          if (isLocked(entry)) await loadKeystore(entry, entry.origin as FileOrigin);
        }
      };
      await Promise.all(Array.from({ length: vault.config.threads + 1 }, work));
    },

    async derive() {
      for (const entry of locked) {
        const { origin, info } = entry;
        if (origin?.kind !== 'seed' || !isLocked(entry)) continue;
        const { seed } = origin;
        const another = (): VaultError =>
          new VaultError('ERR_SEED', `the seed "${seed}" is not the one that the key was derived from`);
        try {
          await loader.load(info.type, origin, (loaded) => take(entry, loaded, another));
        } catch (error) {
          fail(entry, error);
        }
      }
    },

    enter() {
      const entered = [...regained];
      regained.clear();
      for (const [entry, handle] of entered) table.restore(entry, handle);
      return entered.map(([entry]) => entry);
    },

    drop(entry) {
      const handle = regained.get(entry);
      regained.delete(entry);
      if (handle !== undefined) loader.discard(entry.info.type, { handle });
    },

    discard() {
      for (const [{ info }, handle] of regained) loader.discard(info.type, { handle });
      regained.clear();
    },
  };
};

export const lockedAgain = (): VaultError =>
  new VaultError('ERR_VAULT_LOCKED', 'the vault was locked again before all its keys were loaded');

const changed = (place: string): VaultError =>
  new VaultError('ERR_KEY_CURVE', `${place}: it holds another key than when it was first loaded`);

const isSame = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** Keys by sealed file: each group costs one key derivation. A file's key that has two ids here is in two groups. */
const sealedGroups = (locked: readonly KeyEntry[]): readonly (readonly SealedEntry[])[] => {
  const groups = new Map<string, SealedEntry[]>();
  const counts = new Map<string, number>();
  for (const entry of locked) {
    const { origin } = entry;
    if (origin?.kind !== 'sealed') continue;
    const key = JSON.stringify([origin.path, origin.name]);
    const nth = counts.get(key) ?? 0;
    counts.set(key, nth + 1);
    const name = JSON.stringify([origin.path, nth]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [{ entry, origin }]);
    else group.push({ entry, origin });
  }
  return [...groups.values()];
};
