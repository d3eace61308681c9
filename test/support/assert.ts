// Assertions: uvu's, and those that know bytes and VaultErrors. Bytes are never printed unless a test says that they
// are public (equalBytes): a failing test must not put a key into a log.
import { createHash } from 'node:crypto';
import * as uvu from 'uvu/assert';
import type { VaultError, VaultErrorCode } from '../../dist/src/errors.js';
import { toHex } from './hex.js';

const asBytes = (value: unknown): Uint8Array | undefined => {
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value);
  return undefined;
};

const digestOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** A copy of a value in which each run of bytes is replaced by its type, length and digest. */
const redact = (value: unknown): unknown => {
  const bytes = asBytes(value);
  if (bytes !== undefined) {
    return `${(value as object).constructor.name} of ${bytes.length} bytes, sha256 ${digestOf(bytes).slice(0, 16)}`;
  }
  if (Array.isArray(value)) return value.map(redact);
  if (value instanceof Map) return new Map([...value].map(([key, entry]) => [redact(key), redact(entry)]));
  if (value instanceof Set) return new Set([...value].map(redact));
  if (value !== null && typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, redact(entry)]));
  }
  return value;
};

const isDeepEqual = (actual: unknown, expected: unknown): boolean => {
  try {
    uvu.equal(actual, expected);
    return true;
  } catch {
    return false;
  }
};

/** uvu's deep equality; on failure the values are shown without their bytes, which uvu would print one by one. */
const equal: typeof uvu.equal = (actual, expected, message) => {
  if (isDeepEqual(actual, expected)) return;
  if (message instanceof Error) throw message;
  uvu.equal(redact(actual), redact(expected), message);
  throw new Error(message ?? 'Expected values to be deeply equal'); // they differ in what redact() hides
};

const is: typeof uvu.is = Object.assign(
  (actual: unknown, expected: unknown, message?: string | Error) => {
    if (asBytes(actual) === undefined && asBytes(expected) === undefined) uvu.is(actual, expected, message);
    else uvu.ok(actual === expected, message ?? 'Expected the same object; the bytes are not shown');
  },
  { not: uvu.is.not },
);

const not: typeof uvu.not = Object.assign(
  (actual: unknown, message?: string | Error) => uvu.not(asBytes(actual) === undefined ? actual : true, message),
  uvu.not,
  {
    equal(actual: unknown, expected: unknown, message?: string | Error): void {
      uvu.ok(!isDeepEqual(actual, expected), message ?? 'Expected values not to be deeply equal');
    },
  },
);

/** uvu/assert, but for `equal`, `is` and `not`, which keep bytes out of the output. */
export const assert: typeof uvu = { ...uvu, equal, is, not };

const firstDifference = (a: Uint8Array, b: Uint8Array): number => {
  for (let i = 0; i < Math.max(a.length, b.length); i++) if (a[i] !== b[i]) return i;
  return -1;
};

/** Equal public bytes; a failure prints both as hex. Buffer and Uint8Array are the same here. */
export const equalBytes = (actual: Uint8Array, expected: Uint8Array, label = 'bytes'): void => {
  const at = firstDifference(actual, expected);
  if (at === -1) return;
  throw new Error(
    `${label}: differ at byte ${at}\n  expected ${expected.length} bytes ${toHex(expected)}\n  got      ${actual.length} bytes ${toHex(actual)}`,
  );
};

/** Equal secret bytes, compared by digest; a failure prints lengths only. */
export const equalSecret = (actual: Uint8Array, expected: Uint8Array, label = 'secret'): void => {
  if (actual.length === expected.length && digestOf(actual) === digestOf(expected)) return;
  throw new Error(`${label}: expected ${expected.length} secret bytes, got ${actual.length} other ones (not shown)`);
};

type ErrorClass = new (...args: never[]) => Error;

/**
 * The promise rejects with a VaultError of that code, or with an error of that class, and a message that matches.
 *
 * @returns the error, for a closer look.
 */
export const rejects = async (
  promise: Promise<unknown>,
  expected: VaultErrorCode | ErrorClass,
  message?: RegExp,
): Promise<Error & Partial<VaultError>> => {
  const wanted = typeof expected === 'string' ? `VaultError ${expected}` : expected.name;
  let caught: unknown;
  try {
    await promise;
  } catch (error) {
    caught = error;
    if (!(error instanceof Error)) throw new Error(`expected ${wanted}, got a rejection that is not an Error`);
  }
  if (!(caught instanceof Error)) throw new Error(`expected ${wanted}, got no rejection`);
  const found = caught.name === 'VaultError' ? `VaultError ${(caught as { code?: string }).code}` : caught.name;
  const right = typeof expected === 'string' ? found === wanted : caught instanceof expected;
  if (!right) throw new Error(`expected ${wanted}, got ${found}: ${caught.message}`, { cause: caught });
  if (message !== undefined && !message.test(caught.message)) {
    throw new Error(`expected a message like ${message}, got: ${caught.message}`, { cause: caught });
  }
  return caught;
};
