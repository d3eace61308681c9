// What a key may be asked to do, how often and for how long: the policy beside its `from`. One reader for both sides.
import type { SettingsProblem } from '../errors.js';
import { addMismatch, addProblem, type Check, type Fields, listOf, oneOf, wholeNumber } from './check.js';
import {
  isCustomOperation,
  KEY_TYPE_FACTS,
  type KeyType,
  OPERATIONS,
  OPERATIONS_OF_TYPE,
  type Operation,
  SCHEMES,
  type Scheme,
} from './types.js';

/** What a key may be asked to do, how often and for how long. Enforced in the vault, before any work. */
export interface KeyPolicy {
  /**
   * What the key may be asked to do: `sign`, `provePossession`, `agree`, `agree-raw`, `open`, `encrypt`, `decrypt`, `mac`,
   * `derive`, `extendedPublicKey`, `export`, and operators of the settings. Default: everything that its type can do, but
   * for `agree-raw`, `export` and operators of the settings. A key of a sealed file is not allowed more than the file
   * says, and a derived key may be exported only if its seed may be.
   */
  readonly allow?: readonly Operation[];
  /** The schemes that it may sign by. Default: all of its type. */
  readonly schemes?: readonly Scheme[];
  /** Signatures in all, after which it signs no more (ERR_KEY_EXHAUSTED). */
  readonly maxSignatures?: number;
  /** Operations at once, and a second on average (ERR_RATE_LIMITED). */
  readonly perSecond?: number;
  /** Milliseconds after which it is wiped (ERR_KEY_EXPIRED). */
  readonly expiresInMs?: number;
  /** Milliseconds without use after which it is wiped (ERR_KEY_IDLE). */
  readonly idleMs?: number;
}

export const POLICY_FIELDS = ['allow', 'schemes', 'maxSignatures', 'perSecond', 'expiresInMs', 'idleMs'] as const;

/** Operations that one list may name: every built-in one, and as many operators as the settings can have. */
const MAX_OPERATIONS: number = OPERATIONS.length + 64;
const MAX_RATE = 10_000_000;
/** A hundred years. */
export const MAX_LIFE_MS = 3_155_760_000_000;

export const operation: Check<Operation> = (value, path, problems) => {
  if (isCustomOperation(value)) return value;
  const known = OPERATIONS.find((name) => name === value);
  return known ?? addMismatch(problems, path, `one of ${OPERATIONS.join(', ')}, or an operator of the settings`, value);
};

export const operations: Check<readonly Operation[]> = listOf(0, MAX_OPERATIONS, operation);
export const schemes: Check<readonly Scheme[]> = listOf(1, SCHEMES.length, oneOf(SCHEMES));
/** Exact in a double, and never reached by counting. */
export const signatureCount: Check<number> = wholeNumber(1, Number.MAX_SAFE_INTEGER);
export const rate: Check<number> = wholeNumber(1, MAX_RATE);
export const lifetime: Check<number> = wholeNumber(1, MAX_LIFE_MS);

/** One check for each field. */
const CHECKS: { readonly [Name in keyof KeyPolicy]-?: Check<NonNullable<KeyPolicy[Name]>> } = {
  allow: operations,
  schemes,
  maxSignatures: signatureCount,
  perSecond: rate,
  expiresInMs: lifetime,
  idleMs: lifetime,
};

/** The policy among the fields of a specification: what is there, checked. */
export const readPolicy = (fields: Fields): KeyPolicy => {
  const present = POLICY_FIELDS.filter((name) => fields.has(name));
  return Object.fromEntries(present.map((name) => [name, fields.required<unknown>(name, CHECKS[name])])) as KeyPolicy;
};

/** The fields that are there of a policy that was checked. */
export const policyOf = (policy: KeyPolicy): KeyPolicy =>
  Object.fromEntries(
    POLICY_FIELDS.filter((name) => policy[name] !== undefined).map((name) => [name, policy[name]]),
  ) as KeyPolicy;

/** Report what a policy says of a key that its type cannot do. `at` is where the policy's fields stand. */
export const checkPolicyOfType = (
  type: KeyType,
  { allow, schemes: named, maxSignatures }: KeyPolicy,
  at: string,
  problems: SettingsProblem[],
): void => {
  for (const each of allow ?? []) {
    if (OPERATIONS_OF_TYPE[type].includes(each) || isCustomOperation(each)) continue;
    addProblem(problems, `${at}.allow`, `a key of type "${type}" has no operation "${each}"`);
  }
  const { schemes: known } = KEY_TYPE_FACTS[type];
  for (const scheme of named ?? []) {
    if (!known.includes(scheme)) {
      addProblem(problems, `${at}.schemes`, `a key of type "${type}" has no scheme "${scheme}"`);
    }
  }
  if (maxSignatures !== undefined && known.length === 0) {
    addProblem(problems, `${at}.maxSignatures`, `a key of type "${type}" makes no signatures`);
  }
};
