// What an operator of the user's may answer: plain data, copied. No code of the operator's runs while it is read (no
// getters, no proxies), nothing of it is shared with the caller, and nothing of it lies in the window that held the key.
import { types } from 'node:util';
import { describe, formatNumber } from '../../src/wire/check.js';

/** All bytes and characters of an answer. */
export const MAX_ANSWER_BYTES: number = 256 * 1024;
/** All values of an answer, arrays and objects included. */
export const MAX_ANSWER_VALUES = 16_384;
export const MAX_ANSWER_DEPTH = 16;

/** What is wrong with an answer, in words without a value. */
export class Unfit extends Error {}

// As they were before any code of the user's was loaded: an own `length` or `buffer` of a view may say anything.
const prototypeOfViews = Object.getPrototypeOf(Uint8Array.prototype) as object;
const getter = <T>(name: string): ((view: Uint8Array) => T) => {
  const get = Object.getOwnPropertyDescriptor(prototypeOfViews, name)?.get as () => T;
  return (view) => Reflect.apply(get, view, []);
};
const lengthOf = getter<number>('length');
const bufferOf = getter<ArrayBufferLike>('buffer');

interface Walk {
  bytes: number;
  values: number;
  readonly isWindow: (buffer: ArrayBufferLike) => boolean;
}

const takeBytes = (walk: Walk, count: number): void => {
  walk.bytes += count;
  if (walk.bytes > MAX_ANSWER_BYTES) {
    throw new Unfit(`more than ${formatNumber(MAX_ANSWER_BYTES)} bytes and characters`);
  }
};

const takeValues = (walk: Walk, count: number): void => {
  walk.values += count;
  if (walk.values > MAX_ANSWER_VALUES) throw new Unfit(`more than ${formatNumber(MAX_ANSWER_VALUES)} values`);
};

const copyBytes = (view: Uint8Array, walk: Walk): Uint8Array => {
  const buffer = bufferOf(view);
  if (walk.isWindow(buffer)) throw new Unfit("a view of the key's memory: copy what is to leave it");
  if (!types.isArrayBuffer(buffer)) throw new Unfit('a view of shared memory');
  takeBytes(walk, lengthOf(view));
  return new Uint8Array(view);
};

/** The value of an own field that is data. */
const dataOf = (object: object, name: string): unknown => {
  const field = Object.getOwnPropertyDescriptor(object, name);
  if (field === undefined) throw new Unfit('an array with holes');
  if (field.get !== undefined || field.set !== undefined) throw new Unfit('a field that is a getter or setter');
  return field.value;
};

const copyArray = (array: readonly unknown[], depth: number, walk: Walk): unknown[] => {
  const { length } = array; // an own field of every array, which cannot be a getter
  takeValues(walk, length);
  const copy: unknown[] = [];
  for (let i = 0; i < length; i++) copy.push(copyValue(dataOf(array, String(i)), depth + 1, walk));
  return copy;
};

const copyObject = (object: object, depth: number, walk: Walk): object => {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) throw new Unfit('an object that is not plain');
  const names = Reflect.ownKeys(object);
  takeValues(walk, names.length);
  const entries = names.map((name): [string, unknown] => {
    if (typeof name === 'symbol') throw new Unfit('a field that a symbol names');
    takeBytes(walk, name.length);
    const value = dataOf(object, name);
    return [name, value === undefined ? undefined : copyValue(value, depth + 1, walk)];
  });
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
};

const copyValue = (value: unknown, depth: number, walk: Walk): unknown => {
  switch (typeof value) {
    case 'boolean':
    case 'number':
      return value;
    case 'string':
      takeBytes(walk, value.length);
      return value;
    case 'bigint':
      takeBytes(walk, value.toString(16).length);
      return value;
    case 'object':
      if (value === null) return null;
      if (types.isProxy(value)) throw new Unfit('a proxy');
      if (depth > MAX_ANSWER_DEPTH) throw new Unfit(`more than ${MAX_ANSWER_DEPTH} levels, or a cycle`);
      if (types.isUint8Array(value)) return copyBytes(value, walk);
      return Array.isArray(value) ? copyArray(value, depth, walk) : copyObject(value, depth, walk);
    default:
      throw new Unfit(describe(value));
  }
};

/**
 * Copy an answer.
 *
 * @param isWindow - whether a buffer is the window's.
 * @returns the copy; undefined for an operator that answers nothing.
 * @throws {Unfit} it is not plain data, or too large.
 */
export const copyAnswer = (answer: unknown, isWindow: Walk['isWindow']): unknown =>
  answer === undefined ? undefined : copyValue(answer, 0, { bytes: 0, values: 0, isWindow });
