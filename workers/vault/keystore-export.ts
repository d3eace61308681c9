// One key into a new encrypted keystore: the key derivation in a signer thread, the rest in this one.
import { VaultError } from '../../src/errors.js';
import type { WireSecret } from '../../src/wire/sources.js';
import { DERIVED_KEY_BYTES, KEYSTORE_KIND_OF_TYPE } from '../keystore/keystore.js';
import { processPassword } from '../keystore/password.js';
import { keystoreKdf, writeKeystore } from '../keystore/write.js';
import { secretIn } from '../providers/secret-in.js';
import { writeKeyFile } from '../sources/file.js';
import type { KeyEntry } from './key-table.js';
import type { OpenVault } from './open.js';
import { noPassword, placeOf, readPassword } from './secret-reader.js';

/**
 * @param n - scrypt's N, a power of two.
 * @throws {VaultError} ERR_OPERATION_UNSUPPORTED - no keystore holds keys of the type. ERR_FILE_EXISTS, ERR_FILE_WRITE,
 *   ERR_KDF_COST, and the codes of the password's source.
 */
export const exportKeystore = async (
  vault: OpenVault,
  entry: KeyEntry,
  path: string,
  password: WireSecret,
  n: number,
): Promise<void> => {
  const { arena, held, passwordKeys, store } = vault;
  const { info, handle } = entry;
  const kind = KEYSTORE_KIND_OF_TYPE[info.type];
  if (kind === undefined) {
    throw new VaultError('ERR_OPERATION_UNSUPPORTED', `no keystore holds a key of type ${info.type}`, {
      keyId: info.id,
    });
  }
  const kdf = keystoreKdf(n);
  const writePassword = (room: Uint8Array): number => {
    try {
      const into = arena.decoded.subarray(0, room.length);
      const given = into.subarray(0, readPassword(password, held, arena.staging, into));
      const length = processPassword(kind, given, room, placeOf(password));
      if (length === 0) throw noPassword(password); // of control characters alone
      return length;
    } finally {
      arena.decoded.fill(0);
    }
  };
  await passwordKeys.derive(kdf, DERIVED_KEY_BYTES, `file ${path}`, writePassword, (derivedKey) => {
    const secret = secretIn(store.view(handle.slot), info.type);
    const content = { secret, derivedKey, kdf, publicKey: info.publicKey };
    writeKeyFile(path, writeKeystore(kind, content));
  });
};
