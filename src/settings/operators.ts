// The operators that users add: names to the modules that define them, as the settings list them.
import { resolve } from 'node:path';
import { addMismatch, type Check, readFields } from '../wire/check.js';
import { MAX_OPERATORS, OPERATOR_NAME_RULE, type WireOperator } from '../wire/custom-operators.js';
import { filePath } from '../wire/sources.js';
import { isCustomOperation } from '../wire/types.js';

/** `operators["sphinx/unwrap"]`; what is not a name is shown by its position. */
const namePath = (path: string, name: string, position: number): string =>
  isCustomOperation(name) ? `${path}["${name}"]` : `${path}[#${position}]`;

/**
 * The `operators` of the settings: names to paths of modules.
 *
 * @param folder - where relative paths start: absolute.
 */
export const operatorsFrom =
  (folder: string): Check<readonly WireOperator[]> =>
  (value, path, problems) => {
    const before = problems.length;
    const fields = readFields(value, path, 'an object of operators by name', problems, MAX_OPERATORS);
    if (fields === undefined) return undefined;
    const operators: WireOperator[] = [];
    let position = 0;
    for (const [name, module] of fields.entries) {
      position += 1;
      const at = namePath(path, name, position);
      if (!isCustomOperation(name)) addMismatch(problems, at, OPERATOR_NAME_RULE, name);
      const file = filePath(module, at, problems);
      if (isCustomOperation(name) && file !== undefined) operators.push({ name, path: resolve(folder, file) });
    }
    return problems.length === before ? operators : undefined;
  };
