// Secrets in environment variables, on Linux: read as bytes from the process's first environment block and overwritten
// there, so that /proc/PID/environ shows them no more. Only positions and lengths leave this file, never a string of a
// value, and no other variable's value stays in the arena.
import { closeSync } from 'node:fs';
import { VaultError } from '../../src/errors.js';
import { MAX_SOURCE_BYTES } from '../../src/wire/types.js';
import { overwriteValues, type ValueRange } from './process-memory.js';
import { openQuietly, readFully, readQuietly } from './procfs.js';

export interface ClaimedVariable {
  /** Bytes of the value; 0 for a variable that is empty, or whose value was claimed before. */
  readonly length: number;
  /** The value was overwritten in this process's environment block, and read back as gone. */
  readonly scrubbed: boolean;
}

const ENVIRON_PATH = '/proc/self/environ';
/** Room for the largest value (64 KiB), and for the reads that verify the scrubbing while the value is there. */
const MIN_INTO_BYTES = MAX_SOURCE_BYTES + 4096;

/**
 * Take a variable's value out of the process's environment.
 *
 * The block is the one that the process was started with: values set later (`process.env.X = …`) lie elsewhere and are
 * not found or not seen here. `/proc/self` is the process, so this works in any thread, whatever `env` it was given;
 * afterwards `process.env.NAME` reads '' in the main thread, as it looks at the same memory. Limits: copies that were
 * made before (a child process, a string in some heap) are out of reach.
 *
 * @param name - the variable. When the block has it more than once, the first counts, and all are overwritten.
 * @param into - arena memory of at least 68 KiB. Holds the value at its start and zeros after; zeros alone otherwise.
 * @returns undefined when the block does not have the variable, can't be read, or this is not Linux.
 * @throws {VaultError} ERR_SOURCE_TOO_LARGE - a value over 64 KiB; it was overwritten all the same.
 * @throws {RangeError} `into` is too short.
 */
export const claimVariable = (name: string, into: Uint8Array): ClaimedVariable | undefined => {
  if (into.length < MIN_INTO_BYTES) {
    throw new RangeError(`"into" expected at least ${MIN_INTO_BYTES} bytes, got ${into.length}`);
  }
  into.fill(0);
  const entry = entryStart(name);
  if (process.platform !== 'linux' || entry === undefined) return undefined;
  const environ = openQuietly(ENVIRON_PATH, 'r');
  if (environ === undefined) return undefined;
  let kept = 0;
  try {
    const values = findValues(environ, entry, into);
    into.fill(0);
    const first = values[0];
    if (first === undefined) return undefined;
    const isTooLarge = first.length > MAX_SOURCE_BYTES;
    if (!isTooLarge && !readFully(environ, into.subarray(0, first.length), first.start)) return undefined;
    const scrubbed = overwriteValues(entry, values) && areGone(environ, values, into.subarray(MAX_SOURCE_BYTES));
    if (isTooLarge) throw tooLarge(name, first.length, scrubbed);
    kept = first.length;
    return { length: first.length, scrubbed };
  } finally {
    into.fill(0, kept);
    closeSync(environ);
  }
};

/** `NAME=` as bytes; undefined for a name that no variable has. */
const entryStart = (name: string): Uint8Array | undefined => {
  if (name === '' || name.includes('=') || name.includes('\0')) return undefined;
  return new TextEncoder().encode(`${name}=`);
};

const tooLarge = (name: string, length: number, scrubbed: boolean): VaultError =>
  new VaultError(
    'ERR_SOURCE_TOO_LARGE',
    `environment variable ${name}: expected at most ${MAX_SOURCE_BYTES} bytes, got ${length}` +
      (scrubbed ? '' : '; it could not be removed from /proc/self/environ'),
  );

/** Every value of the variable, found in one pass over the block. `chunk` holds parts of the environment afterwards. */
const findValues = (environ: number, entry: Uint8Array, chunk: Uint8Array): ValueRange[] => {
  const values: ValueRange[] = [];
  let matched = 0; // bytes of `entry` that this variable has matched so far; -1 once it differs
  let start = -1; // where the value began, while inside one that is wanted
  let position = 0;
  for (;;) {
    const read = readQuietly(environ, chunk, position);
    if (read === 0) break;
    for (let i = 0; i < read; i++) {
      const byte = chunk[i] as number;
      if (byte === 0) {
        if (start !== -1) values.push({ start, length: position + i - start });
        matched = 0;
        start = -1;
      } else if (start === -1 && matched !== -1) {
        matched = byte === entry[matched] ? matched + 1 : -1;
        if (matched === entry.length) {
          start = position + i + 1;
          matched = -1;
        }
      }
    }
    position += read;
  }
  if (start !== -1) values.push({ start, length: position - start });
  return values;
};

/** Whether the block reads as zeros wherever a value was. `chunk` may hold parts of a value afterwards, if not. */
const areGone = (environ: number, values: readonly ValueRange[], chunk: Uint8Array): boolean => {
  for (const { start, length } of values) {
    for (let at = 0; at < length; ) {
      const part = chunk.subarray(0, Math.min(chunk.length, length - at));
      if (!readFully(environ, part, start + at)) return false;
      let seen = 0;
      for (const byte of part) seen |= byte;
      if (seen !== 0) return false;
      at += part.length;
    }
  }
  return true;
};
