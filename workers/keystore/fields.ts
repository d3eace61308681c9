// Checks that both kinds of keystore share. They name the field that is wrong and say what was found, never its value.
import type { SettingsProblem } from '../../src/errors.js';
import {
  addMismatch,
  addProblem,
  type Check,
  type Fields,
  fieldPath,
  readFields,
  text,
  wholeNumber,
} from '../../src/wire/check.js';
import type { KdfRequest } from '../kdf/request.js';
import { DERIVED_KEY_BYTES } from './keystore.js';

/** No one writes longer salts; the file itself is read up to 64 KiB. */
const MAX_SALT_BYTES = 1024;
/** EIP-2335: at least 32. What lies beyond is never used, and not computed; absurd lengths are refused all the same. */
const MAX_DKLEN = 1024;
const MAX_TEXT_CHARACTERS = 4096;

/** Hex digits in either case, with or without 0x, for `min` to `max` bytes. */
export const hexOf =
  (min: number, max: number): Check<Uint8Array> =>
  (value, path, problems) => {
    const expected = `${min === max ? min : `${min} to ${max}`} bytes in hex`;
    if (typeof value !== 'string') return addMismatch(problems, path, expected, value);
    const digits = /^0x/i.test(value) ? value.slice(2) : value;
    if (digits.length % 2 === 1 || digits.length < 2 * min || digits.length > 2 * max) {
      return addMismatch(problems, path, expected, value);
    }
    if (!/^[0-9a-f]*$/i.test(digits))
      return addMismatch(problems, path, expected, value, 'characters that are not hex digits');
    return new Uint8Array(Buffer.from(digits, 'hex'));
  };

/** Bytes that the file need not name: absent and empty are the same. */
export const optionalHex = (
  fields: Fields,
  name: string,
  length: number,
  problems: SettingsProblem[],
): Uint8Array | undefined => {
  const value = fields.entries.get(name);
  return value === undefined || value === '' ? undefined : hexOf(length, length)(value, name, problems);
};

/** A fixed name, in either case: older files have `SHA256`. */
export const named =
  (name: string): Check<string> =>
  (value, path, problems) =>
    typeof value === 'string' && value.toLowerCase() === name ? name : addMismatch(problems, path, `"${name}"`, value);

/** Text that is of no consequence here: absent, null or a string. */
export const optionalText = (fields: Fields, name: string, problems: SettingsProblem[]): string | undefined => {
  const value = fields.entries.get(name);
  if (value === undefined || value === null) return undefined;
  return text(`at most ${MAX_TEXT_CHARACTERS} characters`, (found) => found.length <= MAX_TEXT_CHARACTERS)(
    value,
    name,
    problems,
  );
};

/** By division: bit operations see 32 bits only. */
const isPowerOfTwo = (value: number): boolean => {
  let rest = value;
  while (rest > 1 && rest % 2 === 0) rest /= 2;
  return rest === 1;
};

const numberThat =
  (expected: string, test: (value: number) => boolean): Check<number> =>
  (value, path, problems) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && test(value)) return value;
    return addMismatch(problems, path, expected, value, typeof value === 'number' ? 'another number' : undefined);
  };

const positive = numberThat('a whole number above 0', (value) => value > 0);
const powerOfTwo = numberThat('a power of two above 1', (value) => value > 1 && isPowerOfTwo(value));
export const emptyText: Check<string> = text('an empty string', (value) => value === '');

/** RFC 7914 §6. */
const MAX_R_TIMES_P = 2 ** 30 - 1;

const readScrypt = (
  fields: Fields,
  salt: Uint8Array | undefined,
  path: string,
  problems: SettingsProblem[],
): KdfRequest | undefined => {
  const n = fields.required('n', powerOfTwo);
  const r = fields.required('r', positive);
  const p = fields.required('p', positive);
  if (salt === undefined || n === undefined || r === undefined || p === undefined) return undefined;
  if (r * p > MAX_R_TIMES_P) return addProblem(problems, path, 'expected r × p below 2^30, got more');
  return { kdf: 'scrypt', n, r, p, salt };
};

const readPbkdf2 = (fields: Fields, salt: Uint8Array | undefined): KdfRequest | undefined => {
  const iterations = fields.required('c', positive);
  const prf = fields.required('prf', named('hmac-sha256'));
  if (salt === undefined || iterations === undefined || prf === undefined) return undefined;
  return { kdf: 'pbkdf2', hash: 'sha256', iterations, salt };
};

export type KdfName = 'scrypt' | 'pbkdf2';

export const kdfName: Check<KdfName> = (value, path, problems) => {
  const name = typeof value === 'string' ? value.toLowerCase() : undefined;
  return name === 'scrypt' || name === 'pbkdf2' ? name : addMismatch(problems, path, '"scrypt" or "pbkdf2"', value);
};

/** The derivation that a file asks for. Its cost is not judged here. */
export const readKdf = (
  name: KdfName | undefined,
  params: Fields | undefined,
  path: string,
  problems: SettingsProblem[],
): KdfRequest | undefined => {
  if (name === undefined || params === undefined) return undefined;
  params.required('dklen', wholeNumber(DERIVED_KEY_BYTES, MAX_DKLEN));
  const salt = params.required('salt', hexOf(1, MAX_SALT_BYTES));
  return name === 'scrypt' ? readScrypt(params, salt, path, problems) : readPbkdf2(params, salt);
};

/** The fields of an object below `parent`; undefined, with a problem, if it is none. */
export const readBelow = (
  parent: Fields,
  name: string,
  path: string,
  problems: SettingsProblem[],
): Fields | undefined => {
  const value = parent.entries.get(name);
  return readFields(value, path, 'an object', problems);
};

/**
 * An object with its names in lower case, as go-ethereum reads them, to any depth that the reader of JSON allows. Of two
 * names that differ in case alone nobody can say which counts.
 */
export const foldNames = (value: unknown, path: string, problems: SettingsProblem[]): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const folded = Object.create(null) as Record<string, unknown>;
  let position = 0;
  for (const [name, below] of Object.entries(value)) {
    position += 1;
    const lower = name.toLowerCase();
    const belowPath = fieldPath(path, lower, position);
    if (Object.hasOwn(folded, lower)) addProblem(problems, belowPath, 'appears twice, in different case');
    folded[lower] = foldNames(below, belowPath, problems);
  }
  return folded;
};
