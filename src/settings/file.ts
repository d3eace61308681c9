// Reads the settings file. Its text holds no secret, and still no message quotes it or its path.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { SettingsProblem } from '../errors.js';
import { addMismatch, addProblem, formatNumber } from '../wire/check.js';
import { type ParsedJson, parseJson } from '../wire/json.js';

/** A settings file of 10,000 keys takes about as much. */
const MAX_FILE_BYTES = 1024 * 1024;
const EXPECTED = 'a JSON file of at most 1 MiB';

const errorCode = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';

const readBytes = (file: string): Uint8Array | string => {
  // A pipe would block at open, so look first; the size is then taken from what was opened, and bounded again by reading.
  const kind = statSync(file);
  if (kind.isDirectory()) return 'a directory';
  if (!kind.isFile()) return 'something that is not a regular file';
  const descriptor = openSync(file, 'r');
  try {
    const { size } = fstatSync(descriptor);
    if (size > MAX_FILE_BYTES) return `one of ${formatNumber(size)} bytes`;
    const bytes = new Uint8Array(MAX_FILE_BYTES + 1);
    let length = 0;
    for (let count = -1; count !== 0 && length < bytes.length; length += count) {
      count = readSync(descriptor, bytes, length, bytes.length - length, null);
    }
    return length > MAX_FILE_BYTES ? 'a larger one' : bytes.subarray(0, length);
  } finally {
    closeSync(descriptor);
  }
};

/**
 * Read and parse the settings file.
 *
 * @param file - an absolute path.
 * @param name - what the problems call the file: `settings`, or the variable that named it.
 */
export const readSettingsFile = (file: string, name: string, problems: SettingsProblem[]): ParsedJson | undefined => {
  let bytes: Uint8Array | string;
  try {
    bytes = readBytes(file);
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT') return addProblem(problems, name, `expected ${EXPECTED}, which could not be read (${code})`);
    const got = `a path where there is nothing (${formatNumber(file.length)} characters, made absolute)`;
    return addMismatch(problems, name, EXPECTED, file, got);
  }
  if (typeof bytes === 'string') return addMismatch(problems, name, EXPECTED, file, bytes);
  if (bytes.length === 0) return addMismatch(problems, name, EXPECTED, file, 'an empty one');
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return addMismatch(problems, name, EXPECTED, file, 'one that is not UTF-8 text');
  }
  return parseJson(text, name, problems);
};
