// Keys from encrypted keystores. The file is public and is read and judged here; the key derivation, which is nearly all
// of the work, is done by the signer threads; then the key is decrypted straight into the arena, and is registered only
// if its public key or address is the one that the file tells: a changed iv lies outside the file's checksum.
import { VaultError } from '../../src/errors.js';
import type { WireSecret } from '../../src/wire/sources.js';
import type { KeyType } from '../../src/wire/types.js';
import type { Arena } from '../arena/arena.js';
import { matchesPublicKey } from '../keystore/address.js';
import { DERIVED_KEY_BYTES, type Keystore } from '../keystore/keystore.js';
import { openKeystore } from '../keystore/open.js';
import { parseKeystore } from '../keystore/parse.js';
import { processPassword } from '../keystore/password.js';
import { readPublicFile } from '../sources/file.js';
import type { HeldValues } from './held-values.js';
import type { KeyLoader, LoadedKey } from './key-loader.js';
import type { PasswordKeys } from './password-keys.js';
import { placeOf, readPassword } from './secret-reader.js';

export interface KeystoreLoader {
  /** @throws {VaultError} the codes of a file; ERR_KEYSTORE, ERR_KDF_COST */
  read(path: string): Keystore;
  /**
   * Open a keystore and enter its key.
   *
   * @throws {VaultError} ERR_PASSWORD - the password is wrong or the file was altered. The codes of the password's source.
   */
  open<T>(path: string, keystore: Keystore, password: WireSecret, enter: (loaded: LoadedKey) => T): Promise<T>;
}

export const createKeystoreLoader = (
  arena: Arena,
  held: HeldValues,
  loader: KeyLoader,
  passwordKeys: PasswordKeys,
): KeystoreLoader => {
  const { staging, decoded } = arena;

  const writePassword =
    (keystore: Keystore, password: WireSecret) =>
    (room: Uint8Array): number => {
      try {
        const given = decoded.subarray(0, readPassword(password, held, staging, decoded.subarray(0, room.length)));
        return processPassword(keystore.kind, given, room, placeOf(password));
      } finally {
        decoded.fill(0);
      }
    };

  return {
    read(path) {
      const keystore = parseKeystore(readPublicFile(path), placeOfKeystore(path));
      passwordKeys.check(keystore.kdf, placeOfKeystore(path));
      return keystore;
    },
    open(path, keystore, password, enter) {
      const place = placeOfKeystore(path);
      return passwordKeys.derive(keystore.kdf, DERIVED_KEY_BYTES, place, writePassword(keystore, password), (key) =>
        loader.place(
          keystore.type,
          () => decoded.subarray(0, openKeystore(keystore, key, decoded, place)),
          (loaded) => {
            if (!matchesPublicKey(keystore, loaded.publicKey)) throw wrongPassword(place);
            return enter(loaded);
          },
        ),
      );
    },
  };
};

const placeOfKeystore = (path: string): string => `keystore ${path}`;

const wrongPassword = (place: string): VaultError =>
  new VaultError('ERR_PASSWORD', `${place}: the password is wrong, or the file was altered`);

/** @throws {VaultError} ERR_KEY_CURVE - the keystore holds a key of another type. */
export const assertType = (keystore: Keystore, type: KeyType, path: string): void => {
  if (keystore.type === type) return;
  throw new VaultError(
    'ERR_KEY_CURVE',
    `${placeOfKeystore(path)}: expected a key for ${type}, got one for ${keystore.type}`,
  );
};
