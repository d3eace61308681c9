// Writes one sealed file and puts it in its place: a new file beside the old one, on the disk and read back before it
// takes the name. Called under the lock, and after all of the old file was verified: only write.ts calls it.
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { VaultError } from '../../src/errors.js';
import { AEAD_KEY_BYTES, AEAD_TAG_BYTES } from '../providers/aead.js';
import { errnoName } from '../sources/errno.js';
import { IS_POSIX, removeQuietly, syncFolder } from '../sources/file-system.js';
import type { Plan, Seal, WriterTools } from './change.js';
import { type SealedFile, sealedFileOf, writeError } from './file.js';
import {
  CHUNK_BYTES,
  chunkParameters,
  createPacking,
  DERIVED_BYTES,
  makeHeader,
  SEALED_CHUNK_BYTES,
  type SealedHeader,
} from './format.js';
import { newFileBeside } from './lock.js';
import { visitRecords } from './read.js';
import { putRecord, recordBytes } from './record.js';

export const fileExists = (path: string): VaultError =>
  new VaultError('ERR_FILE_EXISTS', `file ${path}: exists already; it is not overwritten`);

/**
 * Write a file by a plan, and put it in place.
 *
 * @param target - a path without symbolic links.
 * @param old - the file that it replaces; undefined: there must be none.
 * @throws {VaultError} ERR_FILE_EXISTS, ERR_FILE_WRITE; and whatever a record's source throws. Nothing is left then.
 */
export const writeFile = (
  target: string,
  old: SealedFile | undefined,
  { kdf, derivedKey }: Seal,
  tools: WriterTools,
  plan: Plan,
): void => {
  if (derivedKey.length !== DERIVED_BYTES) {
    throw new RangeError(`"derivedKey" expected ${DERIVED_BYTES} bytes, got ${derivedKey.length}`);
  }
  const header = makeHeader(kdf, derivedKey.subarray(AEAD_KEY_BYTES), plan.packing.shape());
  const path = newFileBeside(target);
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    claimFor(descriptor, old);
    writeAll(descriptor, header.bytes);
    writeBody(descriptor, header, derivedKey, tools, plan);
    fsyncSync(descriptor);
    verify(path, descriptor, derivedKey, tools);
    closeSync(descriptor);
    descriptor = undefined;
    putInPlace(path, target, old);
  } catch (error) {
    // Errors of ours and of callers' records pass; those of the system are told by name.
    throw error instanceof Error && 'syscall' in error ? writeError(target, errnoName(error)) : error;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
    removeQuietly(path); // under its own name the file stays
  }
  try {
    syncFolder(dirname(target));
  } catch (error) {
    const reason = `is in place, but may not be on the disk yet (${errnoName(error)})`;
    throw new VaultError('ERR_FILE_WRITE', `file ${target}: the new file ${reason}`);
  }
};

/** Mode 0600 whatever the umask; and the owner of the file that it replaces, when root writes for another user. */
const claimFor = (descriptor: number, old: SealedFile | undefined): void => {
  if (!IS_POSIX) return;
  if (old !== undefined) {
    const [was, is] = [fstatSync(old.descriptor), fstatSync(descriptor)];
    if (was.uid !== is.uid) fchownSync(descriptor, was.uid, was.gid);
  }
  fchmodSync(descriptor, 0o600);
};

const writeAll = (descriptor: number, bytes: Uint8Array): void => {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, null);
};

const writeBody = (
  descriptor: number,
  header: SealedHeader,
  derivedKey: Uint8Array,
  { aead, writing }: WriterTools,
  plan: Plan,
): void => {
  const key = derivedKey.subarray(0, AEAD_KEY_BYTES);
  const parametersOf = chunkParameters(header);
  const ciphertext = new Uint8Array(SEALED_CHUNK_BYTES);
  const packing = createPacking();
  let index = 0;
  const writeChunk = (length: number): void => {
    const { nonce, associated } = parametersOf(index++);
    const sealed = ciphertext.subarray(0, length + AEAD_TAG_BYTES);
    aead.seal(key, nonce, associated, writing.subarray(0, length), sealed);
    writeAll(descriptor, sealed);
    writing.subarray(0, CHUNK_BYTES).fill(0); // what the next chunk leaves free must be zero
  };
  try {
    writing.subarray(0, CHUNK_BYTES).fill(0);
    plan.forEach((fields, copySecretTo) => {
      const { at, isNewChunk } = packing.place(recordBytes(fields));
      if (isNewChunk) writeChunk(CHUNK_BYTES);
      copySecretTo(putRecord(fields, writing, at));
    });
    writeChunk(packing.shape().lastChunkBytes);
  } finally {
    writing.subarray(0, CHUNK_BYTES).fill(0);
  }
};

/** Open what was written, as a reader will: the old file is given up for it. */
const verify = (path: string, descriptor: number, derivedKey: Uint8Array, { aead, reading }: WriterTools): void => {
  const written = sealedFileOf(path, descriptor, fstatSync(descriptor).size);
  visitRecords(written, derivedKey, reading, aead, new Set(), () => {});
};

const putInPlace = (path: string, target: string, old: SealedFile | undefined): void => {
  if (old === undefined) {
    try {
      linkSync(path, target); // unlike a rename, it never replaces
    } catch (error) {
      throw errnoName(error) === 'EEXIST' ? fileExists(target) : error;
    }
    return;
  }
  const [ours, theirs] = [fstatSync(old.descriptor), statSync(target)];
  if (ours.ino !== theirs.ino || ours.dev !== theirs.dev) {
    const reason = 'was exchanged by another program while it was rewritten; nothing was written';
    throw new VaultError('ERR_FILE_WRITE', `file ${target}: ${reason}`);
  }
  renameSync(path, target);
};
