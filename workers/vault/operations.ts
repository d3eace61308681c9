// What the codes of a frame's operations stand for, in the words of policies and grants.
import { schemeOf } from '../../src/wire/frame.js';
import { operatorOf } from '../../src/wire/operators.js';
import type { FrameOperator, Scheme } from '../../src/wire/types.js';

/** The operation that a code asks for, and its scheme; neither for a code that is none. */
export const operationOf = (
  code: number,
): { readonly operation: 'sign' | FrameOperator | undefined; readonly scheme: Scheme | undefined } => {
  const scheme = schemeOf(code);
  return { operation: scheme === undefined ? operatorOf(code) : 'sign', scheme };
};
