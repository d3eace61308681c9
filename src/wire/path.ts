// Key paths: the steps from a seed to a key, as text and as numbers. A path is public. What a step may be is the key
// type's own standard: BIP-32 for secp256k1, SLIP-0010 for ed25519 and x25519, EIP-2334 for bls12-381.
import { formatNumber } from './check.js';
import type { KeyType } from './types.js';

/** The index of each step from a seed's master key, from 0 to 2^32 - 1. A hardened step's is {@link HARDENED} and more. */
export type KeyPath = readonly number[];

/** Added to the index of a hardened step (BIP-32). The steps of bls12-381 are not divided: EIP-2333 hardens them all. */
export const HARDENED: number = 0x8000_0000;

/** Extended keys count their depth in one byte (BIP-32). */
export const MAX_PATH_STEPS = 255;

const INDEX_RANGE = 0x1_0000_0000;

/** What the steps of a type may be. Undefined: keys of the type are not derived. */
const STEPS_OF_TYPE: Readonly<Record<KeyType, 'any' | 'hardened' | 'unmarked' | undefined>> = {
  ed25519: 'hardened',
  secp256k1: 'any',
  'bls12-381': 'unmarked',
  x25519: 'hardened',
  seed: undefined,
  aead: undefined,
  hmac: undefined,
};

const isIndex = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < INDEX_RANGE;

const notDerived = (type: KeyType): string => `a key of type ${type} is not derived from a seed`;

const tooDeep = (steps: number): string =>
  `expected at most ${MAX_PATH_STEPS} steps in a path, got ${formatNumber(steps)}`;

/**
 * Why a path does not fit a key type, as a sentence without the path's own text; undefined when it fits.
 *
 * @see BIP-32, SLIP-0010, EIP-2334
 */
export const checkPathFor = (type: KeyType, path: KeyPath): string | undefined => {
  const steps = STEPS_OF_TYPE[type];
  if (steps === undefined) return notDerived(type);
  if (path.length > MAX_PATH_STEPS) return tooDeep(path.length);
  for (const [at, index] of path.entries()) {
    if (!isIndex(index)) return `step ${at + 1} of the path: expected an integer from 0 to 4,294,967,295`;
    if (steps === 'hardened' && index < HARDENED) {
      return `step ${at + 1} of the path: expected a hardened step, with ' after its number; ${type} has no other (SLIP-0010)`;
    }
  }
  return undefined;
};

const DIGITS = /^(?:0|[1-9][0-9]{0,9})$/;
const MARK = /['hH]$/;

/** A step's index, or what is wrong with it. */
const parseStep = (type: KeyType, text: string): number | string => {
  const isUnmarked = STEPS_OF_TYPE[type] === 'unmarked';
  const isMarked = MARK.test(text);
  if (isUnmarked && isMarked) return `expected a number alone; ${type} has no hardened steps (EIP-2334)`;
  const digits = isMarked ? text.slice(0, -1) : text;
  const limit = isUnmarked ? INDEX_RANGE : HARDENED;
  const index = DIGITS.test(digits) ? Number(digits) : limit;
  if (index >= limit) {
    const marks = isUnmarked ? '' : ", with ' after it for a hardened step";
    return `expected a number from 0 to ${limit - 1}, without leading zeros${marks}`;
  }
  return isMarked ? index + HARDENED : index;
};

/**
 * Read a path such as `m/44'/60'/0'/0/0`, strictly: `m`, then a slash and a number for each step, `'` (or `h`, `H`) after
 * the number of a hardened one; for bls12-381 numbers alone. `m` by itself is the seed's master key.
 *
 * @returns the path; or, as a string, what is wrong with it: a sentence that does not repeat the text.
 * @see BIP-32, SLIP-0010, EIP-2334
 */
export const parsePath = (type: KeyType, text: string): KeyPath | string => {
  if (STEPS_OF_TYPE[type] === undefined) return notDerived(type);
  const [root, ...steps] = text.split('/');
  if (root !== 'm') return 'expected a path that begins with m, such as m/0';
  if (steps.length > MAX_PATH_STEPS) return tooDeep(steps.length);
  const path: number[] = [];
  for (const [at, step] of steps.entries()) {
    const index = parseStep(type, step);
    if (typeof index === 'string') return `step ${at + 1} of the path: ${index}`;
    path.push(index);
  }
  return checkPathFor(type, path) ?? path;
};

/** The text of a path, with `'` as the mark: what {@link parsePath} reads back to the same path. */
export const formatPath = (type: KeyType, path: KeyPath): string => {
  const isUnmarked = STEPS_OF_TYPE[type] === 'unmarked';
  const steps = path.map((index) => (isUnmarked || index < HARDENED ? `${index}` : `${index - HARDENED}'`));
  return ['m', ...steps].join('/');
};
