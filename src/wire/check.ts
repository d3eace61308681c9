// A small toolkit for values from the other side of a boundary: settings in main, every argument in the vault. It
// finds all problems with their paths, reads each field once, survives hostile objects, and must never put a value
// into a message or hand the input on. It is our own because validation libraries echo values, skip ids such as
// `constructor`, or compile code with `new Function`.
import { types } from 'node:util';
import type { SettingsProblem } from '../errors.js';
import type { KeyId } from './types.js';

export const KEY_ID_PATTERN: RegExp = /^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$/;
export const KEY_ID_RULE =
  'a key id (1 to 128 characters: a letter or digit, then letters, digits and the characters . _ : / -)';

export const isKeyId = (value: unknown): value is KeyId =>
  typeof value === 'string' && value.length <= 128 && KEY_ID_PATTERN.test(value);

/** Gives the checked value, or adds to `problems` and gives undefined. */
export type Check<T> = (value: unknown, path: string, problems: SettingsProblem[]) => T | undefined;

/** Stands for a field whose getter threw. */
const UNREADABLE = Symbol('unreadable');

/** Names longer than this are shown by position: what someone pasted in place of a name may be a secret. */
const SHOWN_NAME_CHARACTERS = 24;
/** An object with fixed field names is not read at all when it has more fields than this. */
const MAX_FIELDS = 256;

export const formatNumber = (value: number): string =>
  // Not by toLocaleString: its first call takes a thread 30 ms.
  Number.isSafeInteger(value) ? String(value).replace(/\B(?=(?:\d{3})+$)/g, ',') : String(value);

/** A list in words: `a`, `a or b`, `a, b or c`. */
export const inWords = (items: readonly string[], word: 'or' | 'and'): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;

const describeObject = (value: object): string => {
  try {
    if (Array.isArray(value)) return 'an array';
    if (types.isUint8Array(value)) return 'a Uint8Array';
    if (types.isAnyArrayBuffer(value)) return types.isArrayBuffer(value) ? 'an ArrayBuffer' : 'a SharedArrayBuffer';
    return ArrayBuffer.isView(value) ? 'an array of another element type' : 'an object';
  } catch {
    return 'an object that cannot be read'; // Array.isArray throws on a revoked proxy
  }
};

/** What a value is, never what it holds: its type, and the length of a string. */
export const describe = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (value === UNREADABLE) return 'a field that cannot be read';
  if (typeof value === 'object') return describeObject(value);
  if (typeof value !== 'string') return Number.isNaN(value) ? 'NaN' : `a ${typeof value}`;
  if (value.length === 0) return 'an empty string';
  return `a string of ${formatNumber(value.length)} character${value.length === 1 ? '' : 's'}`;
};

export const addProblem = (problems: SettingsProblem[], path: string, reason: string): undefined => {
  problems.push({ path, reason });
  return undefined;
};

export const addMismatch = (
  problems: SettingsProblem[],
  path: string,
  expected: string,
  value: unknown,
  got: string = describe(value),
): undefined => addProblem(problems, path, `expected ${expected}, got ${got}`);

/** `memory.maxKeys`. A name that is too long or odd to be shown is given by its position: `memory[#2]`. */
export const fieldPath = (path: string, name: string, position: number): string => {
  if (name.length > SHOWN_NAME_CHARACTERS || !/^[A-Za-z_$][\w$-]*$/.test(name)) return `${path}[#${position}]`;
  return path === '' ? name : `${path}.${name}`;
};

/** `keys["node/identity"]`. What is not an id is shown only if it is short and plain. */
export const idPath = (path: string, id: string, position: number): string =>
  isKeyId(id) || (id.length <= SHOWN_NAME_CHARACTERS && /^[\w$.:/@-]+$/.test(id))
    ? `${path}["${id}"]`
    : `${path}[#${position}]`;

/** Edits (a character more, less or other, or two swapped) between two short names. */
const editDistance = (a: string, b: string): number => {
  const rows = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i++) {
    rows.push([i]);
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      rows[i]?.push(Math.min(replaced, swapped, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
};

/** The one of our names that was probably meant. */
const nearMiss = (name: string, known: readonly string[]): string | undefined => {
  if (name.length > SHOWN_NAME_CHARACTERS) return undefined;
  const given = name.toLowerCase().replaceAll(/[_-]/g, '');
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(given, candidate.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= (candidate.length <= 4 ? 1 : 2))
    .sort((a, b) => a.distance - b.distance);
  return ranked[0]?.candidate;
};

/** A plain object: a literal, parsed JSON or a null-prototype object. Fields that a class would inherit would be missed. */
const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
};

/** The fields of an object, each read once. An undefined field is an absent one. */
export interface Fields {
  readonly entries: ReadonlyMap<string, unknown>;
  has(name: string): boolean;
  required<T>(name: string, check: Check<T>): T | undefined;
  /** The fallback stands in for an absent field; undefined, as everywhere, means that there was a problem. */
  optional<T>(name: string, fallback: T, check: Check<T>): T | undefined;
  /** Report every field that is not one of these; `explain` may give a better reason than 'unknown field'. */
  only(known: readonly string[], explain?: (name: string) => string | undefined): void;
}

const readEntries = (value: object, maxFields: number): Map<string, unknown> | number => {
  const names = Object.keys(value);
  if (names.length > maxFields) return names.length;
  const entries = new Map<string, unknown>();
  for (const name of names) {
    try {
      entries.set(name, (value as Readonly<Record<string, unknown>>)[name]);
    } catch {
      entries.set(name, UNREADABLE);
    }
  }
  return entries;
};

/** Read a plain object's fields, or report that it is none: `expected` says what it should be. */
export const readFields = (
  value: unknown,
  path: string,
  expected: string,
  problems: SettingsProblem[],
  maxFields: number = MAX_FIELDS,
): Fields | undefined => {
  let entries: Map<string, unknown> | number;
  try {
    if (!isPlainObject(value)) {
      const got = describe(value);
      return addMismatch(problems, path, expected, value, got === 'an object' ? 'an object that is not plain' : got);
    }
    entries = readEntries(value, maxFields);
  } catch {
    return addMismatch(problems, path, expected, value, 'an object that cannot be read'); // a proxy's trap threw
  }
  if (typeof entries === 'number') {
    const limit = `${expected} with at most ${formatNumber(maxFields)} fields`;
    return addMismatch(problems, path, limit, value, formatNumber(entries));
  }
  return fieldsOf(entries, path, problems);
};

const fieldsOf = (entries: ReadonlyMap<string, unknown>, path: string, problems: SettingsProblem[]): Fields => ({
  entries,
  has: (name) => entries.get(name) !== undefined,
  required: (name, check) => check(entries.get(name), fieldPath(path, name, 0), problems),
  optional(name, fallback, check) {
    const value = entries.get(name);
    return value === undefined ? fallback : check(value, fieldPath(path, name, 0), problems);
  },
  only(known, explain) {
    let position = 0;
    for (const name of entries.keys()) {
      position += 1;
      if (known.includes(name)) continue;
      const meant = nearMiss(name, known);
      const reason = explain?.(name) ?? `unknown field${meant === undefined ? '' : `; did you mean "${meant}"?`}`;
      addProblem(problems, fieldPath(path, name, position), reason);
    }
  },
});

export const wholeNumber =
  (min: number, max: number): Check<number> =>
  (value, path, problems) => {
    const expected = `a whole number from ${formatNumber(min)} to ${formatNumber(max)}`;
    if (typeof value !== 'number' || Number.isNaN(value)) return addMismatch(problems, path, expected, value);
    if (value < min) return addMismatch(problems, path, expected, value, 'a smaller one');
    if (value > max) return addMismatch(problems, path, expected, value, 'a larger one');
    if (!Number.isInteger(value)) return addMismatch(problems, path, expected, value, 'a fraction');
    return value + 0; // -0 becomes 0
  };

/** A string that passes a test. The test must be cheap on long strings: it may be given one of any length. */
export const text =
  (expected: string, test: (value: string) => boolean): Check<string> =>
  (value, path, problems) =>
    typeof value === 'string' && test(value) ? value : addMismatch(problems, path, expected, value);

export const oneOf =
  <const T extends string>(values: readonly T[]): Check<T> =>
  (value, path, problems) => {
    const found = values.find((candidate) => candidate === value);
    if (found !== undefined) return found;
    return addMismatch(
      problems,
      path,
      inWords(
        values.map((known) => `"${known}"`),
        'or',
      ),
      value,
    );
  };

export const trueOrFalse: Check<boolean> = (value, path, problems) =>
  typeof value === 'boolean' ? value : addMismatch(problems, path, 'true or false', value);

export const keyId: Check<KeyId> = (value, path, problems) =>
  isKeyId(value) ? value : addMismatch(problems, path, KEY_ID_RULE, value);

/** A list with more problems than this is not read to its end. */
const MAX_PROBLEMS_OF_LIST = 100;

/** An array of `min` to `max` items, each checked; a hole is an item that is nothing. */
export const listOf =
  <T>(min: number, max: number, item: Check<T>): Check<readonly T[]> =>
  (value, path, problems) => {
    const expected = `an array of ${formatNumber(min)} to ${formatNumber(max)} items`;
    try {
      if (!Array.isArray(value)) return addMismatch(problems, path, expected, value);
      const length: unknown = value.length; // read once: a proxy could answer differently the next time
      if (typeof length !== 'number' || !(length >= min && length <= max)) {
        return addMismatch(problems, path, expected, value, typeof length === 'number' ? formatNumber(length) : 'none');
      }
      const items: T[] = [];
      const before = problems.length;
      for (let index = 0; index < length && problems.length - before < MAX_PROBLEMS_OF_LIST; index++) {
        const checked = item(value[index], `${path}[${index}]`, problems);
        if (checked !== undefined) items.push(checked);
      }
      return problems.length === before ? items : undefined;
    } catch {
      return addMismatch(problems, path, expected, value, 'an array that cannot be read');
    }
  };

/** The first few problems in one line, and how many more there are. */
export const summarize = (problems: readonly SettingsProblem[], shown = 5): string => {
  const lines = problems.slice(0, shown).map(({ path, reason }) => (path === '' ? reason : `${path}: ${reason}`));
  if (problems.length > shown) lines.push(`and ${formatNumber(problems.length - shown)} more`);
  return lines.join('; ');
};
