// The file of an audit log: opened for appending only, under a lock, and watched for others who move, cut or extend it.
// Nothing here ever shortens or overwrites it.
import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  fsyncSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { VaultError } from '../../src/errors.js';
import { type FileLock, lockFile } from '../sealed/lock.js';
import { errnoName } from '../sources/errno.js';
import { IS_POSIX, syncFolder } from '../sources/file-system.js';

/** The calls that a full or failing disk answers with errors. */
export interface AuditSystem {
  write(descriptor: number, bytes: Uint8Array): number;
  sync(descriptor: number): void;
  syncLater(descriptor: number, done: (error: Error | null) => void): void;
}

export const SYSTEM: AuditSystem = {
  write: (descriptor, bytes) => writeSync(descriptor, bytes),
  sync: fsyncSync,
  syncLater: fsync,
};

export interface AuditFile {
  readonly path: string;
  /** Read what is there, from the start. */
  read(): Generator<Uint8Array, void>;
  /** Append; may write a part only. @returns the bytes written. @throws a system error. */
  write(bytes: Uint8Array): number;
  sync(): void;
  syncLater(done: (error: Error | null) => void): void;
  /** Why the file is not the one that was written: moved, removed, or changed by others. Undefined: it is. */
  whyNotOurs(): string | undefined;
  close(): void;
}

const CHUNK_BYTES = 1024 * 1024;
// A link in place of the log could name any file that the vault's user can write to. Not defined on Windows.
const FLAGS =
  constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
const OTHERS_MAY_WRITE = 0o022;
/** The lock is beside one of its names: under the other, a second vault would write to it. */
const ANOTHER_NAME = 'it has another name too (a hard link)';

export const auditError = (path: string, reason: string): VaultError =>
  new VaultError('ERR_AUDIT_LOG', `audit log ${path}: ${reason}`);

const lock = (path: string): FileLock => {
  try {
    return lockFile(path);
  } catch (error) {
    throw auditError(
      path,
      error instanceof VaultError ? error.message.replace(`file ${path}: `, '') : errnoName(error),
    );
  }
};

const open = (path: string): number => {
  try {
    return openSync(path, FLAGS, 0o600);
  } catch (error) {
    const errno = errnoName(error);
    throw auditError(path, errno === 'ELOOP' ? 'it is a symbolic link' : `could not be opened (${errno})`);
  }
};

/** The lock stands beside the file itself, whatever links lead to its folder. */
const resolveFolder = (path: string): string => {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw auditError(path, `its folder could not be read (${errnoName(error)})`);
  }
};

/**
 * Open a log, or make an empty one of mode 0600.
 *
 * @throws {VaultError} ERR_AUDIT_LOG - another process has it, it is not a regular file, others may write to it, it has
 *   another name, or a system error.
 */
export const openAuditFile = (named: string, system: AuditSystem): AuditFile => {
  const path = resolveFolder(named);
  const held = lock(path);
  let descriptor: number | undefined;
  try {
    const opened = open(path);
    descriptor = opened;
    const first = fstatSync(opened);
    if (!first.isFile()) throw auditError(path, 'expected a regular file');
    if (IS_POSIX && (first.mode & OTHERS_MAY_WRITE) !== 0)
      throw auditError(path, 'others than its owner may write to it');
    if (first.nlink > 1) throw auditError(path, ANOTHER_NAME);
    if (first.size === 0) syncFolder(dirname(path));
    return fileOf(path, opened, first.size, held, system);
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    held.release();
    throw error instanceof VaultError ? error : auditError(path, `could not be opened (${errnoName(error)})`);
  }
};

const fileOf = (path: string, descriptor: number, found: number, held: FileLock, system: AuditSystem): AuditFile => {
  let size = found;
  let isOpen = true;
  return {
    path,
    *read() {
      const chunk = new Uint8Array(CHUNK_BYTES);
      for (let at = 0; ; ) {
        const count = readSync(descriptor, chunk, 0, chunk.length, at);
        if (count === 0) return;
        at += count;
        yield chunk.subarray(0, count);
      }
    },
    write(bytes) {
      const written = system.write(descriptor, bytes);
      size += written;
      return written;
    },
    sync: () => system.sync(descriptor),
    syncLater: (done) => system.syncLater(descriptor, (error) => isOpen && done(error)),
    whyNotOurs() {
      try {
        const mine = fstatSync(descriptor);
        if (mine.nlink > 1) return ANOTHER_NAME;
        if (mine.size !== size) return `others changed it: it has ${mine.size} bytes, and should have ${size}`;
        const there = lstatSync(path);
        return there.ino === mine.ino && there.dev === mine.dev ? undefined : 'another file is in its place';
      } catch (error) {
        const errno = errnoName(error);
        return errno === 'ENOENT' ? 'it was moved or removed' : `could not be looked at (${errno})`;
      }
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      closeSync(descriptor);
      held.release();
    },
  };
};
