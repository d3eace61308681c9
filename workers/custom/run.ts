// Runs an operator of the user's with a key: opens the window for the length of its `run`, limits the time, lets nothing
// out but a copy of plain data, and tells nothing of what it throws. One call at a time.
import { types } from 'node:util';
import { VaultError } from '../../src/errors.js';
import { formatNumber } from '../../src/wire/check.js';
import type { KeyType } from '../../src/wire/types.js';
import { wipeStack } from '../wipe-stack.js';
import { copyAnswer, Unfit } from './answer.js';
import { endsWithin } from './deadline.js';
import type { Operator } from './definition.js';
import { isRefusal, kindOf } from './failure.js';
import { holdsSecret } from './leak.js';

/** A key, for an operator. */
export interface OperatorInput {
  readonly id: string;
  readonly type: KeyType;
  readonly publicKey: Uint8Array;
  /** The secret as it was registered, without what a slot keeps beside it: a view over the arena. */
  readonly secretInArena: Uint8Array;
}

type Outcome =
  | { readonly answer: unknown }
  | { readonly code: 'ERR_OPERATOR_INPUT' | 'ERR_OPERATOR_FAILED'; readonly what: string };

const { apply } = Reflect;
const { then } = Promise.prototype;
const ignore = (): void => undefined;

/** A promise that is not waited for must not end the thread when it is rejected. */
const settleQuietly = (promise: Promise<unknown>): void => {
  try {
    apply(then, promise, [ignore, ignore]);
  } catch {
    // Its `constructor` is the operator's own, and threw.
  }
};

const failed = (what: string): Outcome => ({ code: 'ERR_OPERATOR_FAILED', what });

/** The work itself: the one step that sees the key. */
const runInWindow = ({ run, window }: Operator, key: OperatorInput, input: unknown): unknown => {
  try {
    const { secret, scratch } = window.open(key.secretInArena);
    const { id, type } = key;
    return run(Object.freeze({ id, type, publicKey: Uint8Array.from(key.publicKey), secret, scratch }), input);
  } finally {
    window.close();
  }
};

/** The operator's steps, each with what it throws told for what it is. Throws nothing but when the stack is full. */
const perform = (operator: Operator, key: OperatorInput, input: unknown): Outcome => {
  let step = '';
  let made: unknown;
  try {
    step = ' at its input';
    const checked = operator.input(input);
    step = '';
    made = runInWindow(operator, key, checked);
    if (types.isPromise(made)) {
      settleQuietly(made);
      return failed('answered a promise: its work must be done when it returns');
    }
    step = ' at its output';
    if (operator.output !== undefined) made = operator.output(made);
  } catch (thrown) {
    if (step === ' at its input' && isRefusal(thrown)) return { code: 'ERR_OPERATOR_INPUT', what: 'refused the input' };
    return failed(`threw ${kindOf(thrown)}${step}`);
  }
  // From here on no code of the operator's runs.
  try {
    const answer = copyAnswer(made, operator.window.owns);
    return holdsSecret(answer, key.secretInArena) ? failed("answered the key's secret") : { answer };
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    return failed(`answered ${error.message}`);
  }
};

let isRunning = false;

/**
 * Run an operator with a key, to its end or its time limit.
 *
 * The key is copied into the window, which is zeroed and detached before this returns, whatever happens; so is the stack
 * below the caller. What the operator copied elsewhere is its own affair.
 *
 * @param input - what the caller sent: a structured clone.
 * @returns a copy of the answer: plain data in ordinary memory.
 * @throws {VaultError} ERR_OPERATION_UNSUPPORTED - the operator does not take keys of the type.
 * @throws {VaultError} ERR_OPERATOR_INPUT - its input check threw a TypeError or RangeError.
 * @throws {VaultError} ERR_OPERATOR_TIMEOUT - it was interrupted at its `timeoutMs`.
 * @throws {VaultError} ERR_OPERATOR_FAILED - it threw anything else, or answered what may not leave the vault.
 */
export const runOperator = (operator: Operator, key: OperatorInput, input: unknown): unknown => {
  const { name, timeoutMs } = operator;
  const error = (code: VaultError['code'], what: string): VaultError =>
    new VaultError(code, `operator "${name}" ${what}`, { keyId: key.id });
  if (!operator.types.includes(key.type)) {
    throw error('ERR_OPERATION_UNSUPPORTED', `does not take keys of the type "${key.type}"`);
  }
  if (isRunning) throw error('ERR_OPERATOR_FAILED', 'was asked for while another one works');
  let outcome: Outcome | undefined;
  let ended = false;
  isRunning = true;
  try {
    ended = endsWithin(timeoutMs, () => {
      outcome = perform(operator, key, input);
    });
  } catch {
    throw error('ERR_OPERATOR_FAILED', 'left no room on the stack');
  } finally {
    operator.window.close();
    isRunning = false;
    wipeStack();
  }
  if (!ended || outcome === undefined) {
    throw error('ERR_OPERATOR_TIMEOUT', `took longer than ${formatNumber(timeoutMs)} ms`);
  }
  if ('code' in outcome) throw error(outcome.code, outcome.what);
  return outcome.answer;
};
