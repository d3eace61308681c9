// What key files and sealed files share: the errors of files that cannot be read, and what makes a name durable.
import { closeSync, constants, fsyncSync, openSync, unlinkSync } from 'node:fs';
import { VaultError } from '../../src/errors.js';
import { errnoName } from './errno.js';

export const IS_POSIX: boolean = process.platform !== 'win32';
/** Group and others may neither read the file (they would have the key) nor write it (they would choose the key). */
export const SHARED_BITS = 0o066;
// Non-blocking: opening a FIFO that nobody writes to must not hang the vault. Not defined on Windows.
export const READ_FLAGS: number = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

export const notFile = (path: string, got: string): VaultError =>
  new VaultError('ERR_SOURCE_NOT_FILE', `file ${path}: expected a regular file, got ${got}`);

/** The error of a file that cannot be opened or read. */
export const readError = (path: string, errno: string): VaultError => {
  if (errno === 'ENOENT') return new VaultError('ERR_SOURCE_NOT_FOUND', `file ${path}: no such file`);
  if (errno === 'EISDIR') return notFile(path, 'a directory'); // Windows says so at open
  if (errno === 'ENXIO') return notFile(path, 'a socket or device'); // what open says of a socket
  return new VaultError('ERR_SOURCE_UNREADABLE', `file ${path}: could not be read (${errno})`);
};

/** Folders that may be written but not listed, and file systems without this, can't be synced: no reason to fail. */
const UNSYNCABLE = new Set(['EACCES', 'EPERM', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP']);

/** Make the names in a folder durable. Windows has no such call. */
export const syncFolder = (folder: string): void => {
  if (!IS_POSIX) return;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(folder, constants.O_RDONLY);
    fsyncSync(descriptor);
  } catch (error) {
    if (!UNSYNCABLE.has(errnoName(error))) throw error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
};

/** Remove a file that may be gone, or not ours to remove: nothing depends on it. */
export const removeQuietly = (path: string): void => {
  try {
    unlinkSync(path);
  } catch {
    // The error that led here, if there is one, is the one to report.
  }
};
