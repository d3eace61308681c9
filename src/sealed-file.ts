// A sealed file under another password or another cost: what `strongroom passwd` calls. The vault thread reads and
// writes it; no byte of a key comes here.
import { expectReseal } from './file-requests.js';
import { prepareDelivery } from './key-delivery.js';
import { withHost } from './open.js';
import type { ResealRequest } from './vault.js';

/**
 * Write a sealed file anew, with the same keys, under another password and with another cost of its key derivation.
 * Whatever goes wrong, the file is the old one or the new one, whole.
 *
 * @returns how many keys it holds.
 * @throws {VaultError} ERR_PASSWORD, ERR_SEALED_FILE, ERR_FILE_LOCKED, ERR_FILE_WRITE, ERR_KDF_COST, and the codes of
 *   the passwords' sources.
 * @throws {TypeError} a request of the wrong shape.
 */
export const resealFile = async (request: ResealRequest): Promise<number> => {
  const { password, newPassword, ...rest } = expectReseal(request);
  return withHost(async (host) => {
    const { secret } = await prepareDelivery(host, [password, newPassword]);
    return host.call('reseal', { ...rest, password: secret(password), newPassword: secret(newPassword) });
  });
};
