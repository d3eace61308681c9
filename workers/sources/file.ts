// Key files, read straight into the arena and written for their owner alone. No file content is ever in a string, in a
// pooled Buffer or in an error.
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { VaultError } from '../../src/errors.js';
import { MAX_SOURCE_BYTES } from '../../src/wire/types.js';
import { errnoName } from './errno.js';
import { IS_POSIX, notFile, READ_FLAGS, readError, removeQuietly, SHARED_BITS, syncFolder } from './file-system.js';

const OWNER_ONLY = 0o600;
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;

/**
 * Read a key file into arena memory.
 *
 * The file is opened once and judged by that descriptor, so it can't be exchanged between check and use. Symbolic links
 * are followed, as mounted secrets (Kubernetes, systemd) are made of them; the checks are of the file they lead to.
 *
 * @param options.allowSharedFile - take a file that its group or others can read or write (POSIX).
 * @param into - at least 64 KiB and one byte, so that a larger file is noticed. Zeroed whole on failure.
 * @returns the number of bytes read to the start of `into`, 1 to 65,536.
 * @throws {VaultError} ERR_SOURCE_NOT_FOUND - no such file.
 * @throws {VaultError} ERR_SOURCE_NOT_FILE - a directory, FIFO, socket or device.
 * @throws {VaultError} ERR_SOURCE_PERMISSIONS - its group or others have access.
 * @throws {VaultError} ERR_SOURCE_TOO_LARGE - over 64 KiB.
 * @throws {VaultError} ERR_SOURCE_EMPTY - no bytes.
 * @throws {VaultError} ERR_SOURCE_UNREADABLE - any other system error, by name.
 * @throws {RangeError} `into` is too short.
 */
export const readKeyFile = (path: string, options: { readonly allowSharedFile: boolean }, into: Uint8Array): number => {
  if (into.length <= MAX_SOURCE_BYTES) {
    throw new RangeError(`"into" expected at least ${MAX_SOURCE_BYTES + 1} bytes, got ${into.length}`);
  }
  let done = false;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, READ_FLAGS);
    checkFile(path, fstatSync(descriptor), options.allowSharedFile);
    const length = readToEnd(descriptor, into);
    if (length > MAX_SOURCE_BYTES) throw tooLarge(path, `more than ${MAX_SOURCE_BYTES}`);
    if (length === 0) throw new VaultError('ERR_SOURCE_EMPTY', `file ${path}: expected a key, got an empty file`);
    done = true;
    return length;
  } catch (error) {
    throw error instanceof VaultError ? error : readError(path, errnoName(error));
  } finally {
    if (!done) into.fill(0);
    if (descriptor !== undefined) closeSync(descriptor);
  }
};

const checkFile = (path: string, stats: Stats, allowSharedFile: boolean): void => {
  if (!stats.isFile()) throw notFile(path, stats.isDirectory() ? 'a directory' : 'a FIFO, socket or device');
  if (IS_POSIX && !allowSharedFile && (stats.mode & SHARED_BITS) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    throw new VaultError(
      'ERR_SOURCE_PERMISSIONS',
      `file ${path}: expected no access for group and others, got mode ${mode}; run chmod 600, or set allowSharedFile`,
    );
  }
  if (stats.size > MAX_SOURCE_BYTES) throw tooLarge(path, String(stats.size));
};

/**
 * Read a file that is no secret: an encrypted keystore. Whoever may read it, it is taken.
 *
 * @returns its bytes, 1 to 65,536, in ordinary memory.
 * @throws {VaultError} as {@link readKeyFile}, but for ERR_SOURCE_PERMISSIONS.
 */
export const readPublicFile = (path: string): Uint8Array => {
  const into = new Uint8Array(MAX_SOURCE_BYTES + 1);
  return into.subarray(0, readKeyFile(path, { allowSharedFile: true }, into));
};

/** Up to one byte more than is allowed: the size that was stated may have grown, and is 0 for files of /proc. */
const readToEnd = (descriptor: number, into: Uint8Array): number => {
  let length = 0;
  while (length <= MAX_SOURCE_BYTES) {
    const read = readSync(descriptor, into, length, MAX_SOURCE_BYTES + 1 - length, null);
    if (read === 0) break;
    length += read;
  }
  return length;
};

const tooLarge = (path: string, got: string): VaultError =>
  new VaultError('ERR_SOURCE_TOO_LARGE', `file ${path}: expected at most ${MAX_SOURCE_BYTES} bytes, got ${got}`);

/**
 * Write a new key file with mode 0600, durably: it is on the disk, and so is its name, when the call returns.
 * Never overwrites, not even through a symbolic link. What was written in part is removed on failure.
 *
 * @param content - arena memory; the caller wipes it.
 * @throws {VaultError} ERR_FILE_EXISTS - the path is taken.
 * @throws {VaultError} ERR_FILE_WRITE - any other system error, by name.
 */
export const writeKeyFile = (path: string, content: Uint8Array): void => {
  const descriptor = createFile(path);
  let done = false;
  try {
    fchmodSync(descriptor, OWNER_ONLY); // whatever the umask took away
    for (let at = 0; at < content.length; ) at += writeSync(descriptor, content, at, content.length - at, null);
    fsyncSync(descriptor);
    syncFolder(dirname(path));
    done = true;
  } catch (error) {
    throw writeError(path, errnoName(error));
  } finally {
    closeSync(descriptor);
    if (!done) removeQuietly(path);
  }
};

const createFile = (path: string): number => {
  try {
    return openSync(path, CREATE_FLAGS, OWNER_ONLY);
  } catch (error) {
    throw writeError(path, errnoName(error));
  }
};

const writeError = (path: string, errno: string): VaultError =>
  errno === 'EEXIST'
    ? new VaultError('ERR_FILE_EXISTS', `file ${path}: exists already; it is not overwritten`)
    : new VaultError('ERR_FILE_WRITE', `file ${path}: could not be written (${errno})`);
