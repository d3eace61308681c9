// What the tests of users' operators share: modules written for one test, a key in an arena, and the errors of calls.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { VaultError } from '../../dist/src/errors.js';
import type { CustomOperation, KeyType } from '../../dist/src/wire/types.js';
import type { Operator } from '../../dist/workers/custom/definition.js';
import { type LoadOptions, loadOperators, type Operators } from '../../dist/workers/custom/load.js';
import { type OperatorInput, runOperator } from '../../dist/workers/custom/run.js';
import { assert } from '../support/assert.js';
import { tempFolder } from '../support/temp.js';

declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

/** What 'strongroom/operator' is here. */
export const OPERATOR_MODULE: string = new URL('../../dist/src/operator.js', import.meta.url).href;

const arena = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;

/** A key whose secret lies in shared memory, as in the arena; valid until the next one is made. */
export const makeKey = (secret: Uint8Array, type: KeyType = 'x25519'): OperatorInput => {
  const secretInArena = new Uint8Array(arena, 64, secret.length);
  secretInArena.set(secret);
  return { id: 'node/key', type, publicKey: new Uint8Array(32).fill(9), secretInArena };
};

let modules = 0;

/** Write a module and give its path. */
export const writeModule = (text: string): string => {
  const path = join(tempFolder(), `operator-${modules++}.mjs`);
  writeFileSync(path, text);
  return path;
};

/** A module that defines an operator: `fields` go into the definition, `head` before it. */
export const moduleOf = (fields: string, head = ''): string => `
  import { defineOperator } from ${JSON.stringify(OPERATOR_MODULE)};
  ${head}
  export const operator = defineOperator({ types: ['x25519'], input: (value) => value, ${fields} });`;

export const load = (text: string, options?: LoadOptions): Promise<Operators> =>
  loadOperators([{ name: 'test/operator', path: writeModule(text) }], options);

/** One operator, loaded. */
export const loadOne = async (fields: string, head?: string): Promise<Operator> => {
  const operators = await load(moduleOf(fields, head));
  const operator = operators.get('test/operator' satisfies CustomOperation);
  assert.ok(operator);
  return operator as Operator;
};

/** The error of a call that must be refused, with nothing in it that is not known to be harmless. */
export const errorOf = (operator: Operator, key: OperatorInput, input?: unknown): VaultError => {
  try {
    runOperator(operator, key, input);
  } catch (error) {
    assert.is((error as Error).name, 'VaultError');
    return error as VaultError;
  }
  return assert.unreachable('expected a VaultError, got an answer') as never;
};

export const told = (error: VaultError): string => `${error.code}: ${error.message}`;
