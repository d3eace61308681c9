// Overwriting values in the environment block of this very process, through /proc/self/mem. It writes to memory by
// address, so every address is first checked to hold the name of the variable. Reads no value.
import { closeSync, writeSync } from 'node:fs';
import { openQuietly, readFully, readQuietly } from './procfs.js';

/** Where a value lies, in bytes from the start of the environment block. */
export interface ValueRange {
  readonly start: number;
  readonly length: number;
}

/** Fields of /proc/self/stat that come before the closing parenthesis of the program's name (proc(5)). */
const FIELDS_BEFORE_STATE = 2;
const ENV_START_FIELD = 50;
const MAX_STAT_BYTES = 4096;

const ZEROS = new Uint8Array(4096);

/**
 * Overwrite values with NUL bytes.
 *
 * @param entry - the variable's `NAME=`, which must lie before each value.
 * @returns false when the system does not let us, or when memory is not what it should be; nothing is written then,
 *   or not all of it. The caller reads back what is there.
 */
export const overwriteValues = (entry: Uint8Array, values: readonly ValueRange[]): boolean => {
  const envStart = readEnvStart();
  if (envStart === undefined) return false;
  const memory = openQuietly('/proc/self/mem', 'r+');
  if (memory === undefined) return false;
  try {
    for (const { start } of values) {
      if (!holds(memory, envStart + start - entry.length, entry)) return false;
    }
    for (const { start, length } of values) overwrite(memory, envStart + start, length);
    return true;
  } catch {
    return false;
  } finally {
    closeSync(memory);
  }
};

/** The address of the environment block; undefined if the system does not tell. */
const readEnvStart = (): number | undefined => {
  const stat = openQuietly('/proc/self/stat', 'r');
  if (stat === undefined) return undefined;
  try {
    const bytes = new Uint8Array(MAX_STAT_BYTES);
    const line = new TextDecoder('latin1').decode(bytes.subarray(0, readQuietly(stat, bytes, 0)));
    // The program's name may hold spaces and parentheses; no later field does.
    const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
    const address = Number(fields[ENV_START_FIELD - FIELDS_BEFORE_STATE - 1]);
    // node:fs takes positions as numbers only and would write at the wrong place for any other value.
    return Number.isSafeInteger(address) && address > 0 ? address : undefined;
  } finally {
    closeSync(stat);
  }
};

const holds = (memory: number, address: number, entry: Uint8Array): boolean => {
  const found = new Uint8Array(entry.length); // a variable's name if all is well; a few bytes of environment if not
  try {
    return readFully(memory, found, address) && entry.every((byte, i) => found[i] === byte);
  } finally {
    found.fill(0);
  }
};

const overwrite = (memory: number, address: number, length: number): void => {
  for (let at = 0; at < length; ) {
    at += writeSync(memory, ZEROS, 0, Math.min(ZEROS.length, length - at), address + at);
  }
};
