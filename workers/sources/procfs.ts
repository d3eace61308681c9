// Reading files of /proc by position, quietly: what can't be read is not there. Bytes go to views that the caller owns.
import { openSync, readSync } from 'node:fs';

/** A descriptor, or undefined where the file is missing or forbidden. */
export const openQuietly = (path: string, flags: 'r' | 'r+'): number | undefined => {
  try {
    return openSync(path, flags);
  } catch {
    return undefined; // no /proc here, or a process that may not look at itself
  }
};

/** Bytes read at a position; 0 at the end, and for a failure. */
export const readQuietly = (descriptor: number, into: Uint8Array, position: number): number => {
  try {
    return readSync(descriptor, into, 0, into.length, position);
  } catch {
    return 0;
  }
};

/** Fill the view from a position; false if the file ends before. */
export const readFully = (descriptor: number, view: Uint8Array, position: number): boolean => {
  let at = 0;
  while (at < view.length) {
    const read = readQuietly(descriptor, view.subarray(at), position + at);
    if (read === 0) return false;
    at += read;
  }
  return true;
};
