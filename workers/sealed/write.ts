// The only way to write a sealed file: withSealedWriter holds the lock, and verifies all of a file before it replaces it.
import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { VaultError } from '../../src/errors.js';
import { errnoName } from '../sources/errno.js';
import { type NewRecord, planOf, type Seal, type SealedChange, type WriterTools } from './change.js';
import { openSealedFile, type SealedFile, type SealedFileOptions, writeError } from './file.js';
import type { SealedHeader } from './format.js';
import { lockFileWithin } from './lock.js';
import { checkRoom } from './read.js';
import { fileExists, writeFile } from './replace.js';

/** The right to write one file once, under its lock. */
export interface SealedWriter {
  /** Of the file that is there, or undefined if there is none. */
  readonly header: SealedHeader | undefined;
  /**
   * Write the file, where there is none.
   *
   * @throws {VaultError} ERR_FILE_EXISTS - there is one, maybe since a moment ago. ERR_KEY_EXISTS - an id comes twice.
   *   ERR_FILE_WRITE - a system error, by name; no file is there then, and nothing is left.
   */
  create(seal: Seal, records: readonly NewRecord[]): void;
  /**
   * Replace the file by one with other records, or sealed otherwise. All of the old file is verified first, and records
   * that are kept are kept as they are, those included that this version does not understand.
   *
   * @param derivedKey - 64 bytes of arena memory, derived by `header.kdf`; the caller wipes it.
   * @throws {VaultError} ERR_PASSWORD, ERR_SEALED_FILE - of the old file. ERR_KEY_EXISTS, ERR_KEY_NOT_FOUND - a record
   *   to be added is there already; one to be removed is not. ERR_FILE_WRITE - a system error, by name. The old file is
   *   as it was, and nothing is left beside it, but where the message says otherwise.
   */
  update(derivedKey: Uint8Array, change: SealedChange): void;
}

export interface WriterOptions extends SealedFileOptions {
  /** How long to wait for another writer, in milliseconds. Default 0. */
  readonly waitMs?: number;
}

/**
 * Hold the lock of a sealed file while `body` runs, which derives the key and writes once. A path that is a symbolic
 * link stands for the file it leads to: that one is locked and replaced, in its own folder.
 *
 * @throws {VaultError} ERR_FILE_LOCKED - another writer has the file.
 * @throws {VaultError} as openSealedFile does, except that the file may be missing.
 * @throws {VaultError} ERR_FILE_WRITE - the folder is missing, or cannot be written to.
 */
export const withSealedWriter = async <T>(
  path: string,
  tools: WriterTools,
  body: (writer: SealedWriter) => Promise<T> | T,
  options: WriterOptions = {},
): Promise<T> => {
  checkRoom('reading', tools.reading);
  checkRoom('writing', tools.writing);
  const target = resolveTarget(path);
  const lock = await lockFileWithin(target, options.waitMs ?? 0);
  let old: SealedFile | undefined;
  let isUsable = true;
  const use = (): void => {
    if (!isUsable) throw new Error('a sealed file is written once, under its lock');
    isUsable = false;
  };
  try {
    old = openIfThere(target, options);
    const opened = old;
    return await body({
      header: opened?.header,
      create(seal, records) {
        use();
        if (opened !== undefined) throw fileExists(target);
        writeFile(target, undefined, seal, tools, planOf(undefined, undefined, tools, { add: records }));
      },
      update(derivedKey, change) {
        use();
        if (opened === undefined) throw new VaultError('ERR_SOURCE_NOT_FOUND', `file ${target}: no such file`);
        const plan = planOf(opened, derivedKey, tools, change);
        writeFile(target, opened, change.seal ?? { kdf: opened.header.kdf, derivedKey }, tools, plan);
      },
    });
  } finally {
    isUsable = false;
    old?.close();
    lock.release();
  }
};

/** The file's own path; where there is none, its folder's and its name. */
const resolveTarget = (path: string): string => {
  try {
    return realpathSync(path);
  } catch (error) {
    if (errnoName(error) !== 'ENOENT') throw writeError(path, errnoName(error));
  }
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (error) {
    throw writeError(path, errnoName(error));
  }
};

const openIfThere = (path: string, options: SealedFileOptions): SealedFile | undefined => {
  try {
    return openSealedFile(path, options);
  } catch (error) {
    if (error instanceof VaultError && error.code === 'ERR_SOURCE_NOT_FOUND') return undefined;
    throw error;
  }
};
