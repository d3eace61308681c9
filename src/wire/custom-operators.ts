// The operators that users add, as they cross to the vault, which checks them as if main were hostile. No module is loaded
// here: the vault thread does that.
import type { SettingsProblem } from '../errors.js';
import { addMismatch, addProblem, type Check, listOf, readFields } from './check.js';
import { absolutePath } from './sources.js';
import { type CustomOperation, isCustomOperation } from './types.js';

export const MAX_OPERATORS = 64;
export const OPERATOR_NAME_RULE =
  'the name of an operator (two words of small letters, digits and hyphens, with a slash between them, up to 64 characters)';

/** One operator of the settings. `path` is absolute. */
export interface WireOperator {
  readonly name: CustomOperation;
  readonly path: string;
}

const operatorName: Check<CustomOperation> = (value, path, problems) =>
  isCustomOperation(value) ? value : addMismatch(problems, path, OPERATOR_NAME_RULE, value);

const wireOperator: Check<WireOperator> = (value, path, problems) => {
  const fields = readFields(value, path, 'an object', problems);
  fields?.only(['name', 'path']);
  const name = fields?.required('name', operatorName);
  const file = fields?.required('path', absolutePath);
  return name === undefined || file === undefined ? undefined : { name, path: file };
};

/** The operators as they arrive in the vault: a new list of the checked fields. */
export const wireOperators: Check<readonly WireOperator[]> = (value, path, problems: SettingsProblem[]) => {
  const operators = listOf(0, MAX_OPERATORS, wireOperator)(value, path, problems);
  if (operators === undefined) return undefined;
  const names = new Set(operators.map(({ name }) => name));
  return names.size === operators.length ? operators : addProblem(problems, path, 'expected each name once');
};
