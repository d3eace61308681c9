// A time limit for code that does not pause: V8's own, which node offers for scripts (node:vm). The script does nothing
// but call back; what interrupts it interrupts that too, and no `catch` or `finally` of the interrupted code runs.
// It costs a quarter of a millisecond for each call: node starts a thread to watch it.
// Limits: a native call (a synchronous scrypt, say) is waited for, and what goes on later, in promises and timers, is not
// watched at all.
import { types } from 'node:util';
import { type Context, createContext, Script } from 'node:vm';

let script: Script | undefined;
let context: Context | undefined;
let work: (() => void) | undefined;

const prepare = (): { readonly script: Script; readonly context: Context } => {
  script ??= new Script('call()');
  // A realm of its own with nothing in it, so that the name is nobody else's.
  context ??= createContext(Object.assign(Object.create(null), { call: () => work?.() }), {
    codeGeneration: { strings: false, wasm: false },
  });
  return { script, context };
};

const isTimeout = (error: unknown): boolean =>
  // It is of the other realm: no instance of this one's Error.
  types.isNativeError(error) && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';

/**
 * Run something to its end or to its time limit. Not to be called within itself.
 *
 * @param run - throws nothing of its own: what it throws is taken for the engine's.
 * @returns whether it ran to its end in time.
 * @throws what is no timeout: the stack is full.
 */
export const endsWithin = (milliseconds: number, run: () => void): boolean => {
  const prepared = prepare();
  work = run;
  try {
    prepared.script.runInContext(prepared.context, { timeout: milliseconds, displayErrors: false });
    return true;
  } catch (error) {
    if (isTimeout(error)) return false;
    throw error;
  } finally {
    work = undefined;
  }
};
