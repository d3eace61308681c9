// Descriptors of sealed files: opened by the rules of key files (workers/sources/file.ts), read by position, and made
// durable. Header and ciphertext only: nothing here is secret.
import { closeSync, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { VaultError } from '../../src/errors.js';
import { errnoName } from '../sources/errno.js';
import { IS_POSIX, notFile, READ_FLAGS, readError, SHARED_BITS } from '../sources/file-system.js';
import { damaged, HEADER_BYTES, parseHeader, type SealedHeader } from './format.js';

/** A sealed file that is open: what is read later is of the file whose header this is, whatever its name names then. */
export interface SealedFile {
  readonly path: string;
  readonly descriptor: number;
  readonly header: SealedHeader;
  close(): void;
}

export interface SealedFileOptions {
  /** Take a file that its group or others can read or write (POSIX). Default false. */
  readonly allowSharedFile?: boolean;
}

/**
 * Open a sealed file and read its header: public bytes, so no password is needed.
 *
 * The file is opened once and judged by that descriptor, so it can't be exchanged between check and use. Symbolic links
 * are followed. A reader needs no lock: writers replace the file and leave this one as it is.
 *
 * @returns the open file; whoever opened it closes it.
 * @throws {VaultError} ERR_SOURCE_NOT_FOUND, ERR_SOURCE_NOT_FILE, ERR_SOURCE_PERMISSIONS, ERR_SOURCE_UNREADABLE - as
 *   for key files.
 * @throws {VaultError} ERR_SEALED_FILE - no sealed file, of another version, torn, or with a damaged header.
 */
export const openSealedFile = (path: string, options: SealedFileOptions = {}): SealedFile => {
  const descriptor = openToRead(path);
  let done = false;
  try {
    const stats = statOf(path, descriptor);
    checkFile(path, stats, options.allowSharedFile ?? false);
    const file = sealedFileOf(path, descriptor, stats.size);
    done = true;
    return file;
  } finally {
    if (!done) closeSync(descriptor);
  }
};

/** The sealed file of an open descriptor. */
export const sealedFileOf = (path: string, descriptor: number, fileBytes: number): SealedFile => {
  const first = new Uint8Array(Math.min(fileBytes, HEADER_BYTES));
  readAt(path, descriptor, first, 0);
  const header = parseHeader(path, first, fileBytes);
  return { path, descriptor, header, close: () => closeSync(descriptor) };
};

/** Fill a view from a position of the file. */
export const readAt = (path: string, descriptor: number, into: Uint8Array, position: number): void => {
  for (let at = 0; at < into.length; ) {
    let read: number;
    try {
      read = readSync(descriptor, into, at, into.length - at, position + at);
    } catch (error) {
      throw readError(path, errnoName(error));
    }
    if (read === 0) throw damaged(path, 'it became shorter while it was read');
    at += read;
  }
};

const openToRead = (path: string): number => {
  try {
    return openSync(path, READ_FLAGS);
  } catch (error) {
    throw readError(path, errnoName(error));
  }
};

const statOf = (path: string, descriptor: number): Stats => {
  try {
    return fstatSync(descriptor);
  } catch (error) {
    throw readError(path, errnoName(error));
  }
};

const checkFile = (path: string, stats: Stats, allowSharedFile: boolean): void => {
  if (!stats.isFile()) throw notFile(path, stats.isDirectory() ? 'a directory' : 'a FIFO, socket or device');
  if (IS_POSIX && !allowSharedFile && (stats.mode & SHARED_BITS) !== 0) {
    const mode = (stats.mode & 0o7777).toString(8).padStart(4, '0');
    throw new VaultError(
      'ERR_SOURCE_PERMISSIONS',
      `file ${path}: expected no access for group and others, got mode ${mode}; run chmod 600`,
    );
  }
};

export const writeError = (path: string, errno: string): VaultError =>
  new VaultError('ERR_FILE_WRITE', `file ${path}: could not be written (${errno})`);
