// Loads the operators of the settings into a thread, when it starts: never later, and never code that main sent. A module
// is imported by node, and runs with the vault's rights; what is checked here are accidents.
import { pathToFileURL } from 'node:url';
import { type StartupFailure, VaultError } from '../../src/errors.js';
import type { CustomOperation } from '../../src/wire/types.js';
import type { LockState } from '../arena/lock.js';
import { watchBuiltins } from './builtins.js';
import { type Definition, type Operator, readDefinition } from './definition.js';
import { reasonOf } from './failure.js';
import { createWindow } from './window.js';

/** One operator of the settings: `path` is absolute. */
export interface OperatorSpec {
  readonly name: CustomOperation;
  readonly path: string;
}

export interface LoadOptions {
  /** As `memory.lock` of the settings, for the window; 'warn' unless told. */
  readonly lock?: 'require' | 'warn' | 'off';
  /** How long one module may take, where it waits for something; 10,000 ms unless told. */
  readonly timeoutMs?: number;
}

/** The operators of a thread. */
export interface Operators {
  readonly names: readonly CustomOperation[];
  get(name: string): Operator | undefined;
  /** Of the window that keys are shown in; undefined where there are no operators, and no window. */
  readonly lock: LockState | undefined;
}

const IMPORT_TIMEOUT_MS = 10_000;
const TOO_SLOW = Symbol('too slow');

/** The module's exports, or why there are none. */
const importModule = async (path: string, timeoutMs: number): Promise<object | string> => {
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = new Promise<typeof TOO_SLOW>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, TOO_SLOW);
  });
  try {
    const loaded: unknown = await Promise.race([import(pathToFileURL(path).href), tooSlow]);
    return loaded === TOO_SLOW ? `its module was not loaded within ${timeoutMs} ms` : (loaded as object);
  } catch (error) {
    return `its module could not be imported (${reasonOf(error)})`;
  } finally {
    clearTimeout(timer);
  }
};

const load = async (
  path: string,
  timeoutMs: number,
  changed: () => string | undefined,
): Promise<Definition | string> => {
  const module = await importModule(path, timeoutMs);
  const change = changed();
  if (change !== undefined) return `its module changes what the language brings (${change})`;
  return typeof module === 'string' ? module : readDefinition(module);
};

const failed = (failures: readonly StartupFailure[]): VaultError => {
  const reasons = failures.map(({ id, reason }) => `operator "${id}": ${reason}`);
  return new VaultError('ERR_OPERATOR', reasons.join('; '), { failures });
};

/**
 * Import the modules of operators into this thread, one after the other.
 *
 * @throws {VaultError} ERR_OPERATOR - modules could not be imported, do not export what `defineOperator` made, or change
 *   built-in objects; `failures` names each operator. No text of theirs is told.
 * @throws {VaultError} ERR_MEMORY, ERR_MEMORY_LOCK - there is no memory for the window, or it cannot be locked and must be.
 */
export const loadOperators = async (
  specs: readonly OperatorSpec[],
  { lock = 'warn', timeoutMs = IMPORT_TIMEOUT_MS }: LoadOptions = {},
): Promise<Operators> => {
  if (specs.length === 0) return { names: [], get: () => undefined, lock: undefined };
  const window = createWindow(lock);
  if (lock === 'require' && window.lock.reason !== undefined) {
    throw new VaultError('ERR_MEMORY_LOCK', `memory.lock is 'require': ${window.lock.reason}`);
  }
  const operators = new Map<string, Operator>();
  const failures: StartupFailure[] = [];
  const changed = watchBuiltins();
  for (const { name, path } of specs) {
    const definition = await load(path, timeoutMs, changed);
    if (typeof definition !== 'string') operators.set(name, { name, window, ...definition });
    else failures.push({ id: name, code: 'ERR_OPERATOR', reason: definition });
  }
  if (failures.length > 0) throw failed(failures);
  return { names: specs.map(({ name }) => name), get: (name) => operators.get(name), lock: window.lock };
};
