// Loading the operators of the settings: what is one, what is none, and what is told of those that are none.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { defineOperator, type OperatorKey as PublicKey } from '../../dist/src/operator.js';
import type { OperatorKey } from '../../dist/workers/custom/definition.js';
import { loadOperators } from '../../dist/workers/custom/load.js';
import { runOperator } from '../../dist/workers/custom/run.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { load, loadOne, makeKey, moduleOf, OPERATOR_MODULE, writeModule } from './rig.js';

const test = suite("loading users' operators");

// The two descriptions of a key are one: the import rule keeps them apart.
const asInternal = (key: PublicKey): OperatorKey => key;
const asPublic = (key: OperatorKey): PublicKey => key;

const WORKS = moduleOf('run: () => 1');
const SECRET_TEXT = 'hunter2-in-the-error';

test('an operator is known by its name, and none other', async () => {
  const operators = await loadOperators([
    { name: 'a/one', path: writeModule(WORKS) },
    { name: 'b/two', path: writeModule(moduleOf('run: () => 2, timeoutMs: 60000, pool: true')) },
  ]);
  assert.equal(operators.names, ['a/one', 'b/two']);
  assert.is(operators.get('c/three'), undefined);
  assert.is(operators.get('constructor'), undefined);
  const [one, two] = [operators.get('a/one'), operators.get('b/two')];
  assert.equal([one?.timeoutMs, one?.pool, two?.timeoutMs, two?.pool], [1000, false, 60_000, true]);
  assert.is(one && runOperator(one, makeKey(new Uint8Array(32).fill(1)), undefined), 1);
  assert.is(typeof asInternal, typeof asPublic);
});

test('with no operators there is no window', async () => {
  const operators = await loadOperators([]);
  assert.equal([operators.names, operators.lock, operators.get('a/one')], [[], undefined, undefined]);
});

const BROKEN: readonly (readonly [what: string, text: string, reason: string])[] = [
  ['a syntax error', `const a = '${SECRET_TEXT}`, 'its module could not be imported (a SyntaxError)'],
  ['an error', `throw new TypeError('${SECRET_TEXT}')`, 'its module could not be imported (a TypeError)'],
  ['what is no error', `throw '${SECRET_TEXT}'`, 'its module could not be imported (something that is no error)'],
  [
    'a class of its own',
    `class ${SECRET_TEXT.replaceAll('-', '')} extends Error {}; throw new ${SECRET_TEXT.replaceAll('-', '')}()`,
    'its module could not be imported (an error of a class of its own)',
  ],
  [
    'a code of its own',
    `throw Object.assign(new Error(), { code: 'ERR_${SECRET_TEXT}' })`,
    'its module could not be imported (an Error)',
  ],
  [
    'an error whose getters throw',
    `const e = new Error(); for (const k of ['code', 'message', 'name', 'stack', 'constructor'])
     Object.defineProperty(e, k, { get() { throw e } }); throw e`,
    'its module could not be imported (an Error)',
  ],
  ['an import of nothing', `import './${SECRET_TEXT}.js'`, 'its module could not be imported (ERR_MODULE_NOT_FOUND)'],
  ['no export', 'export const a = 1;', 'the module has no export "operator"'],
  ['a default export', `${WORKS.replace('const operator =', 'default')}`, 'the module has no export "operator"'],
  [
    'a plain object',
    `export const operator = Object.freeze({ types: Object.freeze(['x25519']), input() {}, run() {}, timeoutMs: 1, pool: false });`,
    'its export "operator" was not made by defineOperator',
  ],
  ['a number', 'export const operator = 1;', 'its export "operator" was not made by defineOperator'],
  [
    'a proxy',
    `${WORKS.replace('operator =', 'made =')}; export const operator = new Proxy(made, {});`,
    'its export "operator" was not made by defineOperator',
  ],
  ['a bad definition', moduleOf('run: 1'), 'its module could not be imported (a TypeError)'],
  ['an async function', moduleOf('run: async () => 1'), 'its module could not be imported (a TypeError)'],
];

for (const [what, text, reason] of BROKEN) {
  test(`${what} in a module is a failure of the start, of which no text is told`, async () => {
    const error = await rejects(load(text), 'ERR_OPERATOR');
    assert.is(error.message, `operator "test/operator": ${reason}`);
    assert.equal(error.failures, [{ id: 'test/operator', code: 'ERR_OPERATOR', reason }]);
    assert.not.match(`${error.stack}${JSON.stringify(error)}`, /hunter2/);
  });
}

test('every operator that fails is named, in one error', async () => {
  const specs = [
    { name: 'a/missing', path: join(tempFolder(), 'nothing.js') },
    { name: 'b/works', path: writeModule(WORKS) },
    { name: 'c/folder', path: tempFolder() },
  ] as const;
  const error = await rejects(loadOperators(specs), 'ERR_OPERATOR');
  assert.equal(error.failures, [
    { id: 'a/missing', code: 'ERR_OPERATOR', reason: 'its module could not be imported (ERR_MODULE_NOT_FOUND)' },
    { id: 'c/folder', code: 'ERR_OPERATOR', reason: 'its module could not be imported (ERR_UNSUPPORTED_DIR_IMPORT)' },
  ]);
});

test('a module that never comes to its end is given up', async () => {
  const text = 'await new Promise((resolve) => setTimeout(resolve, 2000, 1)); export const operator = 1;';
  const error = await rejects(load(text, { timeoutMs: 50 }), 'ERR_OPERATOR');
  assert.match(error.message, 'its module was not loaded within 50 ms');
});

/** In a thread, whose built-in objects are its own. */
const changing = async (statement: string): Promise<unknown> => {
  const program = `
    import { parentPort } from 'node:worker_threads';
    const { loadOperators } = await import(${JSON.stringify(new URL('../../dist/workers/custom/load.js', import.meta.url).href)});
    const specs = [{ name: 'a/b', path: ${JSON.stringify(writeModule(`${statement};${WORKS}`))} }];
    parentPort.postMessage(await loadOperators(specs, { lock: 'off' }).then(() => 'loaded', (error) => error.message));`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`));
  try {
    return await new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  } finally {
    await worker.terminate();
  }
};

test('a module that changes what the language brings is refused', async () => {
  const refusal = (what: string): string => `operator "a/b": its module changes what the language brings (${what})`;
  assert.is(await changing('Math.max(1)'), 'loaded', 'positive control: threads load this');
  assert.is(await changing('Array.prototype.extra = 1'), 'loaded', 'an addition is not a change');
  assert.is(
    await changing('Uint8Array.prototype.__proto__.fill = () => undefined'),
    refusal('TypedArray.prototype.fill'),
  );
  assert.is(await changing('delete Reflect.apply'), refusal('Reflect.apply'));
  assert.is(await changing('Object.prototype.polluted = 1'), refusal('Object.prototype'));
  assert.is(
    await changing('Object.defineProperty(Map.prototype, "size", { get: () => 0 })'),
    refusal('Map.prototype.size'),
  );
});

test('an operator is frozen, and its functions have it as their this', async () => {
  const operator = await loadOne(
    'run() { return [Object.isFrozen(this), this.timeoutMs, Object.isFrozen(this.types)]; }',
  );
  assert.equal(runOperator(operator, makeKey(new Uint8Array(32).fill(1)), 0), [true, 1000, true]);
});

test('defineOperator lists every mistake, and quotes nothing', () => {
  const define = (definition: unknown) => () => defineOperator(definition as Parameters<typeof defineOperator>[0]);
  const whole = { types: ['ed25519'], input: (value: unknown) => value, run: () => 1 };
  assert.not.throws(define(whole));
  assert.throws(define({ ...whole, types: [] }), 'operator.types: expected an array of 1 to 7 items, got 0');
  assert.throws(define({ ...whole, types: ['ed25519', 'ed25519'] }), 'operator.types: expected each type once');
  assert.throws(define({ ...whole, types: ['hunter2'] }), (error: Error) => !error.message.includes('hunter2'));
  assert.throws(define({ ...whole, timeoutMs: 0 }), 'operator.timeoutMs: expected a whole number from 1 to 60,000');
  assert.throws(define({ ...whole, timeoutMs: 60_001 }), 'operator.timeoutMs');
  assert.throws(define({ ...whole, pool: 1 }), 'operator.pool: expected true or false, got a number');
  assert.throws(define({ ...whole, output: 1 }), 'operator.output: expected a function, got a number');
  assert.throws(define({ ...whole, run: async () => 1 }), 'got an async or generator function');
  assert.throws(define({ ...whole, ouput: () => 1 }), 'unknown field; did you mean "output"?');
  assert.throws(define({ run: 1 }), (error: Error) => error.message.split(';').length === 3);
  assert.throws(define(undefined), (error: unknown) => error instanceof TypeError);
});

test('what a module imports to define one brings nothing of the vault with it', async () => {
  const program = `
    import { registerHooks } from 'node:module';
    import { parentPort } from 'node:worker_threads';
    const seen = [];
    registerHooks?.({ resolve(name, context, next) { const found = next(name, context); seen.push(found.url); return found; } });
    await import(${JSON.stringify(OPERATOR_MODULE)});
    parentPort.postMessage(registerHooks === undefined ? undefined : seen.filter((url) => url.startsWith('file:')));`;
  const text = program.replace(
    "import { registerHooks } from 'node:module';",
    "import module from 'node:module'; const { registerHooks } = module;",
  );
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(text)}`));
  try {
    const files = await new Promise<string[] | undefined>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    if (files === undefined) return; // this version of node cannot tell; the imports are the same in all
    const names = files.map((url) => url.replace(/^.*\/dist\//, '')).sort();
    assert.equal(names, ['src/operator.js', 'src/wire/check.js', 'src/wire/types.js']);
  } finally {
    await worker.terminate();
  }
});

test.run();
