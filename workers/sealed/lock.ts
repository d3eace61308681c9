// The lock against two writers of a sealed file: a file beside it that names its owner, and that the next writer takes
// over when the owner is dead.
//
// Two writers may find the same dead owner. If each removed its lock and made one of its own, the second would remove
// the first one's. So whoever takes a lock over must first hold the claim on it: a lock of its own, whose name has the
// token of the dead owner, and under which the lock is looked at once more. Only the holder of the claim on a token
// replaces a lock with that token, and no token comes twice. A claim whose owner is dead is taken over in the same way.
import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { VaultError } from '../../src/errors.js';
import { errnoName } from '../sources/errno.js';
import { removeQuietly } from '../sources/file-system.js';
import { writeError } from './file.js';
import { judgeOwner, newOwner, type Owner, ownerText, parseOwner } from './owner.js';

export interface FileLock {
  release(): void;
}

/** Tries before a lock that others keep taking is called taken. */
const MAX_ATTEMPTS = 100;
/** How often a taken lock is looked at again. */
const WAIT_STEP_MS = 20;
const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
/** What writers leave beside the file when they are killed: new files, and drafts of locks and claims. */
const LEFTOVER = /^[0-9a-f]{32}\.(?:new|draft|claim)$/;

const besideOf = (target: string, token: string, kind: 'new' | 'draft' | 'claim'): string =>
  join(dirname(target), `.${basename(target)}.${token}.${kind}`);

/** A name for the file that will replace the target: hard to guess, and known as a leftover if its writer is killed. */
export const newFileBeside = (target: string): string => besideOf(target, newOwner().token, 'new');

export const lockPathOf = (target: string): string => `${target}.lock`;

const locked = (target: string, owner: Owner | undefined): VaultError => {
  const who =
    owner !== undefined && judgeOwner(owner) === 'alive'
      ? `process ${owner.pid} is writing it`
      : `a process that cannot be seen from here is writing it; if there is none, remove ${lockPathOf(target)}`;
  return new VaultError('ERR_FILE_LOCKED', `file ${target}: ${who}`);
};

/** A lock's text in a file of its own, whole before it gets the lock's name. */
const writeDraft = (path: string, owner: Owner): void => {
  const descriptor = openSync(path, CREATE_FLAGS, 0o600);
  try {
    fchmodSync(descriptor, 0o600);
    writeSync(descriptor, ownerText(owner));
    fsyncSync(descriptor); // a power failure must not leave an empty lock, which would be nobody's
  } finally {
    closeSync(descriptor);
  }
};

/** 'none': there is no lock. Undefined: there is one, and it does not say whose. */
const readOwner = (path: string): Owner | 'none' | undefined => {
  try {
    return parseOwner(readFileSync(path, 'utf8'));
  } catch (error) {
    return errnoName(error) === 'ENOENT' ? 'none' : undefined;
  }
};

/** True if the call did it; false if the name is taken, or the draft was swept away by the holder of the lock. */
const unlessPassed = (act: () => void): boolean => {
  try {
    act();
    return true;
  } catch (error) {
    if (errnoName(error) === 'EEXIST' || errnoName(error) === 'ENOENT') return false;
    throw error;
  }
};

const acquire = (target: string, path: string): Owner => {
  let found: Owner | undefined;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    // First, since it costs little: a draft has to reach the disk.
    const other = readOwner(path);
    found = other === 'none' ? undefined : other;
    if (other !== 'none' && (other === undefined || judgeOwner(other) !== 'dead')) break;
    const mine = newOwner();
    const draft = besideOf(target, mine.token, 'draft');
    try {
      writeDraft(draft, mine);
      if (other === 'none' ? unlessPassed(() => linkSync(draft, path)) : takeOver(target, path, other, draft))
        return mine;
    } finally {
      removeQuietly(draft);
    }
  }
  throw locked(target, found);
};

/** Put the draft in place of a dead owner's lock, under the claim on that lock. */
const takeOver = (target: string, path: string, dead: Owner, draft: string): boolean => {
  const claim = besideOf(target, dead.token, 'claim');
  acquire(target, claim);
  try {
    const now = readOwner(path);
    if (now === 'none' || now?.token !== dead.token) return false; // another was here before the claim was ours
    return unlessPassed(() => renameSync(draft, path));
  } finally {
    removeQuietly(claim);
  }
};

/**
 * Remove what killed writers left. Only under the lock: no new file is anybody's then. A draft or a claim may be that of
 * a writer that is just finding the lock taken; it makes another draft, and its claim is on a lock that is no more.
 */
const sweep = (target: string): void => {
  const prefix = `.${basename(target)}.`;
  for (const name of readdirSync(dirname(target))) {
    if (name.startsWith(prefix) && LEFTOVER.test(name.slice(prefix.length))) removeQuietly(join(dirname(target), name));
  }
};

/**
 * Lock a file against other writers, and remove what killed ones left.
 *
 * @param target - the path of the file, without symbolic links; it need not exist.
 * @throws {VaultError} ERR_FILE_LOCKED - another writer has it. ERR_FILE_WRITE - any other system error, by name.
 */
export const lockFile = (target: string): FileLock => {
  const path = lockPathOf(target);
  try {
    const mine = acquire(target, path);
    const release = (): void => {
      const now = readOwner(path);
      // A lock that somebody removed by hand may be another's now.
      if (now !== 'none' && now?.token === mine.token) removeQuietly(path);
    };
    try {
      sweep(target);
    } catch (error) {
      release();
      throw error;
    }
    return { release };
  } catch (error) {
    throw error instanceof VaultError ? error : writeError(target, errnoName(error));
  }
};

/** Lock a file as {@link lockFile} does, and wait up to `waitMs` for another writer to end. */
export const lockFileWithin = async (target: string, waitMs: number): Promise<FileLock> => {
  const end = performance.now() + waitMs;
  for (;;) {
    try {
      return lockFile(target);
    } catch (error) {
      const isTaken = error instanceof VaultError && error.code === 'ERR_FILE_LOCKED';
      if (!isTaken || performance.now() >= end) throw error;
      await wait(Math.min(WAIT_STEP_MS, Math.max(1, end - performance.now())));
    }
  }
};
