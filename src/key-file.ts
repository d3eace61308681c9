// A new key that exists only in a file: what `strongroom generate` makes. The vault thread writes it; no byte of it
// comes here.
import { resolve } from 'node:path';
import { withHost } from './open.js';
import type { KeyType } from './wire/types.js';

/**
 * Generate a key and keep it only in a new file: hex and a line feed, mode 0600.
 *
 * @returns the public key.
 * @throws {VaultError} ERR_FILE_EXISTS - the path exists; it is never overwritten. ERR_FILE_WRITE.
 */
export const createKeyFile = (type: KeyType, path: string): Promise<Uint8Array> =>
  withHost((host) => host.call('createKeyFile', type, resolve(path)));
