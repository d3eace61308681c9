// What a module must export to be an operator: the shape that `defineOperator` (src/operator.ts) gives. The vault looks
// for itself, at own fields of a frozen object, each once: no getter runs, and nothing changes afterwards.
import { types } from 'node:util';
import { type CustomOperation, KEY_TYPES, type KeyType } from '../../src/wire/types.js';
import type { KeyWindow } from './window.js';

/** As in src/operator.ts, which users import. */
export interface OperatorKey {
  readonly id: string;
  readonly type: KeyType;
  readonly publicKey: Uint8Array;
  readonly secret: Uint8Array;
  readonly scratch: Uint8Array;
}

/** What the module of the user's defines. The functions have their `this`. */
export interface Definition {
  readonly types: readonly KeyType[];
  readonly input: (value: unknown) => unknown;
  readonly run: (key: OperatorKey, input: unknown) => unknown;
  readonly output: ((value: unknown) => unknown) | undefined;
  readonly timeoutMs: number;
  readonly pool: boolean;
}

/** An operator that is loaded in this thread. */
export interface Operator extends Definition {
  readonly name: CustomOperation;
  /** The thread's own: one for all its operators. */
  readonly window: KeyWindow;
}

const BRAND = Symbol.for('strongroom.operator');
const MAX_TIMEOUT_MS = 60_000;

/** Any function of the definition. */
type Member = (...values: readonly unknown[]) => unknown;

const isKeyTypes = (value: unknown): value is readonly KeyType[] =>
  Array.isArray(value) &&
  !types.isProxy(value) &&
  Object.isFrozen(value) &&
  value.length > 0 &&
  value.length <= KEY_TYPES.length &&
  value.every((type) => KEY_TYPES.includes(type as KeyType));

/**
 * Read a module's exports.
 *
 * @returns the definition, or what is wrong with it.
 */
export const readDefinition = (module: object): Definition | string => {
  if (!Object.hasOwn(module, 'operator')) return 'the module has no export "operator"';
  const made: unknown = Reflect.get(module, 'operator');
  if (typeof made !== 'object' || made === null || types.isProxy(made) || !Object.isFrozen(made)) return NOT_DEFINED;
  const field = (name: string | symbol): unknown => Object.getOwnPropertyDescriptor(made, name)?.value;
  const member = (name: string): Member | undefined => {
    const found = field(name);
    if (typeof found !== 'function' || types.isAsyncFunction(found) || types.isGeneratorFunction(found))
      return undefined;
    return (...values) => Reflect.apply(found, made, values);
  };
  const [keyTypes, timeoutMs, pool] = [field('types'), field('timeoutMs'), field('pool')];
  const [input, run, output] = [member('input'), member('run'), member('output')];
  const isWhole =
    field(BRAND) === 1 &&
    isKeyTypes(keyTypes) &&
    input !== undefined &&
    run !== undefined &&
    (output !== undefined || !Object.hasOwn(made, 'output')) &&
    typeof timeoutMs === 'number' &&
    Number.isInteger(timeoutMs) &&
    timeoutMs >= 1 &&
    timeoutMs <= MAX_TIMEOUT_MS &&
    typeof pool === 'boolean';
  return isWhole ? { types: keyTypes, input, run, output, timeoutMs, pool } : NOT_DEFINED;
};

const NOT_DEFINED = 'its export "operator" was not made by defineOperator';
