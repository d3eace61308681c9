// What a module of a user's own operator imports: types, and a function that checks a definition and freezes it. It is
// loaded in the vault thread, beside the keys, so it brings nothing else of the package with it.
import { types } from 'node:util';
import type { SettingsProblem } from './errors.js';
import {
  addMismatch,
  addProblem,
  type Check,
  type Fields,
  listOf,
  oneOf,
  readFields,
  summarize,
  trueOrFalse,
  wholeNumber,
} from './wire/check.js';
import { KEY_TYPES, type KeyType } from './wire/types.js';

export type { KeyType };

/** A key, for the length of one call. */
export interface OperatorKey {
  readonly id: string;
  readonly type: KeyType;
  /** A copy; empty for types that have none. */
  readonly publicKey: Uint8Array;
  /** The key's secret, in memory that is zeroed and taken away when `run` returns: its length is 0 then. */
  readonly secret: Uint8Array;
  /** 4,096 bytes of the same memory, zero: the place for what is derived from the secret. */
  readonly scratch: Uint8Array;
}

export interface OperatorDefinition<I, O> {
  /** The types of key that it takes. */
  readonly types: readonly KeyType[];
  /**
   * Turn what the caller sent into what `run` takes.
   *
   * @throws {TypeError} the input is malformed. The caller learns that, and nothing of the text.
   */
  input(value: unknown): I;
  /**
   * The work, without a pause: a promise is an error, because a key that is open across turns of the event loop would be
   * open while others work.
   */
  run(key: OperatorKey, input: I): O;
  /**
   * Check or shape the answer, when the key is gone. What leaves is plain data: null, booleans, numbers, strings,
   * bigints, Uint8Arrays, and arrays and plain objects of these; all of it is copied.
   */
  output?(value: O): unknown;
  /** How long `input`, `run` and `output` may take together, 1 to 60,000 ms; 1,000 unless told. */
  readonly timeoutMs?: number;
  /** The work is heavy: do it in a signer thread. Not unless told. */
  readonly pool?: boolean;
}

export type Operator<I, O> = Readonly<Required<Omit<OperatorDefinition<I, O>, 'output'>>> &
  Readonly<Pick<OperatorDefinition<I, O>, 'output'>>;

/** Tells the vault what came through `defineOperator`, also from another copy of this package. */
const BRAND: symbol = Symbol.for('strongroom.operator');
const DEFAULT_TIMEOUT_MS = 1_000;
const MAX_TIMEOUT_MS = 60_000;

// biome-ignore lint/complexity/noBannedTypes: any function, of whatever parameters
const plainFunction: Check<Function> = (value, path, problems) => {
  if (typeof value !== 'function') return addMismatch(problems, path, 'a function', value);
  if (types.isAsyncFunction(value) || types.isGeneratorFunction(value)) {
    return addProblem(problems, path, 'expected a function that answers at once, got an async or generator function');
  }
  return value;
};

const readDefinition = (fields: Fields, problems: SettingsProblem[]): Record<string, unknown> => {
  fields.only(['types', 'input', 'run', 'output', 'timeoutMs', 'pool']);
  const keyTypes = fields.required('types', listOf(1, KEY_TYPES.length, oneOf(KEY_TYPES)));
  if (keyTypes !== undefined && new Set(keyTypes).size !== keyTypes.length) {
    addProblem(problems, 'operator.types', 'expected each type once');
  }
  return {
    types: Object.freeze([...(keyTypes ?? [])]),
    input: fields.required('input', plainFunction),
    run: fields.required('run', plainFunction),
    ...(fields.has('output') && { output: fields.required('output', plainFunction) }),
    timeoutMs: fields.optional('timeoutMs', DEFAULT_TIMEOUT_MS, wholeNumber(1, MAX_TIMEOUT_MS)),
    pool: fields.optional('pool', false, trueOrFalse),
  };
};

/**
 * Define an operator: what `vault.execute` does with a key by a name of the settings' `operators`. The module exports
 * it as `operator`, and is imported by the vault thread when the vault starts. It runs there with the vault's rights.
 *
 * @returns a frozen copy, defaults filled in. The functions are called with it as `this`.
 * @throws {TypeError} a definition of the wrong shape; the message lists every mistake.
 */
export const defineOperator = <I, O>(definition: OperatorDefinition<I, O>): Operator<I, O> => {
  const problems: SettingsProblem[] = [];
  const fields = readFields(definition, 'operator', 'an object with "types", "input" and "run"', problems);
  const checked = fields && readDefinition(fields, problems);
  if (checked === undefined || problems.length > 0) throw new TypeError(summarize(problems));
  Object.defineProperty(checked, BRAND, { value: 1 });
  return Object.freeze(checked) as unknown as Operator<I, O>;
};
