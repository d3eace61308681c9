// What an operator is asked, checked against the key in main, before any message is sent.
import { VaultError } from './errors.js';
import type { KeyInfo } from './vault.js';
import { describe, readFields, summarize } from './wire/check.js';
import { parsePath } from './wire/path.js';
import type { WireExecuteRequest } from './wire/requests.js';
import {
  FRAME_OPERATORS,
  type FrameOperator,
  isCustomOperation,
  type KeyId,
  OPERATIONS_OF_TYPE,
  OPERATORS,
} from './wire/types.js';

export const isFrameOperator = (operator: unknown): operator is FrameOperator =>
  FRAME_OPERATORS.some((name) => name === operator);

const expectPath = (input: unknown): string => {
  const problems: { path: string; reason: string }[] = [];
  const fields = readFields(input, 'input', 'an object with "path"', problems);
  fields?.only(['path']);
  const path = fields?.entries.get('path');
  if (fields !== undefined && typeof path !== 'string') {
    problems.push({ path: 'input.path', reason: `expected a key path, got ${describe(path)}` });
  }
  if (problems.length > 0) throw new TypeError(summarize(problems));
  const parsed = parsePath('secp256k1', path as string);
  if (typeof parsed === 'string') throw new TypeError(`"input.path": ${parsed}`);
  return path as string;
};

/**
 * The request of an operator whose input does not go into frames.
 *
 * @throws {VaultError} ERR_OPERATION_UNSUPPORTED @throws {TypeError}
 */
export const expectCall = (key: KeyInfo, operator: unknown, input: unknown): WireExecuteRequest => {
  const id = key.id as KeyId;
  if (isCustomOperation(operator)) return { id, operator, input };
  if (operator !== 'extendedPublicKey' && operator !== 'provePossession') {
    throw new TypeError(
      `"operator" expected one of ${OPERATORS.join(', ')}, or one of the settings, got ${describe(operator)}`,
    );
  }
  if (!OPERATIONS_OF_TYPE[key.type].includes(operator)) {
    const reason = `the key "${id}" is of type ${key.type}, which has no "${operator}"`;
    throw new VaultError('ERR_OPERATION_UNSUPPORTED', reason, { keyId: id });
  }
  if (operator === 'extendedPublicKey') return { id, operator, path: expectPath(input) };
  if (input !== undefined) throw new TypeError(`"input" of ${operator} expected nothing, got ${describe(input)}`);
  return { id, operator };
};
