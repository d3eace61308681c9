// The toolkit by itself: what it accepts, what it says, and that no input makes it throw.
import type { SettingsProblem } from '../../dist/src/errors.js';
import {
  type Check,
  describe,
  fieldPath,
  idPath,
  inWords,
  isKeyId,
  keyId,
  listOf,
  oneOf,
  readFields,
  summarize,
  text,
  trueOrFalse,
  wholeNumber,
} from '../../dist/src/wire/check.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { hostileValues } from './hostile.js';

const test = suite('the checking toolkit');

const run = <T>(check: Check<T>, value: unknown): T | string => {
  const problems: SettingsProblem[] = [];
  const checked = check(value, 'at', problems);
  assert.is(problems.length === 0, checked !== undefined, 'a check gives a value or a problem');
  return checked ?? problems.map(({ path, reason }) => `${path}: ${reason}`).join('\n');
};

const reasons = (value: unknown, known: readonly string[]): string[] => {
  const problems: SettingsProblem[] = [];
  readFields(value, '', 'an object', problems)?.only(known);
  return problems.map(({ path, reason }) => `${path}: ${reason}`);
};

test('key ids follow the rule and nothing else', () => {
  for (const id of ['a', '0', 'A.b_c:d/e-f', 'constructor', 'toString', 'hasOwnProperty', 'x'.repeat(128)]) {
    assert.ok(isKeyId(id), id);
  }
  const wrong = ['', '__proto__', '-a', '.a', '/a', 'a b', 'a\n', 'é', 'a\0', 'a"', 'x'.repeat(129), 'x'.repeat(5e6)];
  for (const id of [...wrong, undefined, null, 1, ['a'], new String('a'), { toString: () => 'a' }]) {
    assert.not.ok(isKeyId(id), typeof id === 'string' ? `${id.length} characters` : typeof id);
  }
});

test('values are described by type and length', () => {
  const cases: [unknown, string][] = [
    [undefined, 'nothing'],
    [null, 'null'],
    ['', 'an empty string'],
    ['x', 'a string of 1 character'],
    ['x'.repeat(1234), 'a string of 1,234 characters'],
    [12, 'a number'],
    [Number.NaN, 'NaN'],
    [true, 'a boolean'],
    [1n, 'a bigint'],
    [Symbol('secret'), 'a symbol'],
    [() => 'secret', 'a function'],
    [['secret'], 'an array'],
    [new Uint8Array(3), 'a Uint8Array'],
    [new ArrayBuffer(3), 'an ArrayBuffer'],
    [new SharedArrayBuffer(3), 'a SharedArrayBuffer'],
    [new Float64Array(3), 'an array of another element type'],
    [{ secret: 1 }, 'an object'],
    [new Proxy({}, {}), 'an object'],
  ];
  for (const [value, expected] of cases) assert.is(describe(value), expected);
});

test('numbers, words, booleans and strings say what was expected and what was found', () => {
  const number = wholeNumber(0, 2000);
  assert.is(run(number, 2000), 2000);
  assert.ok(Object.is(run(number, -0), 0), 'minus zero becomes zero');
  assert.is(run(number, -1), 'at: expected a whole number from 0 to 2,000, got a smaller one');
  assert.is(run(number, Number.POSITIVE_INFINITY), 'at: expected a whole number from 0 to 2,000, got a larger one');
  assert.is(run(number, 1.5), 'at: expected a whole number from 0 to 2,000, got a fraction');
  assert.is(run(number, Number.NaN), 'at: expected a whole number from 0 to 2,000, got NaN');
  assert.is(run(number, '7'), 'at: expected a whole number from 0 to 2,000, got a string of 1 character');
  assert.is(run(number, 7n), 'at: expected a whole number from 0 to 2,000, got a bigint');
  assert.is(run(oneOf(['on', 'off']), 'on'), 'on');
  assert.is(run(oneOf(['on', 'off']), 'no'), 'at: expected "on" or "off", got a string of 2 characters');
  assert.is(run(oneOf(['on', 'off']), new String('on')), 'at: expected "on" or "off", got an object');
  assert.is(run(trueOrFalse, false), false);
  assert.is(run(trueOrFalse, 'false'), 'at: expected true or false, got a string of 5 characters');
  assert.is(
    run(
      text('a short text', (s) => s.length < 3),
      'abcd',
    ),
    'at: expected a short text, got a string of 4 characters',
  );
  assert.is(run(keyId, 'a/b'), 'a/b');
  assert.match(String(run(keyId, '__proto__')), /^at: expected a key id \(.*\), got a string of 9 characters$/);
});

test('a list reports each bad item and each hole by its index', () => {
  const ids = listOf(1, 4, keyId);
  assert.equal(run(ids, ['a', 'b']), ['a', 'b']);
  assert.match(String(run(ids, [])), /^at: expected an array of 1 to 4 items, got 0$/);
  assert.match(String(run(ids, new Array(5e6))), /got 5,000,000$/);
  assert.match(String(run(ids, { length: 2, 0: 'a', 1: 'b' })), /got an object$/);
  const holes = ['a', 'b', 'c'];
  delete holes[1];
  holes[2] = '';
  const lines = String(run(ids, holes)).split('\n');
  assert.match(lines[0] ?? '', /^at\[1\]: expected a key id .* got nothing$/);
  assert.match(lines[1] ?? '', /^at\[2\]: expected a key id .* got an empty string$/);
});

test('a list survives a proxy whose length changes or whose items throw', () => {
  let asked = 0;
  const growing = new Proxy(['a'], {
    get: (target, name) => (name === 'length' ? (asked++ === 0 ? 1 : 1e9) : Reflect.get(target, name)),
  });
  assert.equal(run(listOf(1, 4, keyId), growing), ['a']);
  const throwing = new Proxy(['a'], {
    get: (target, name) => {
      if (name === '0') throw new Error('secret');
      return Reflect.get(target, name);
    },
  });
  assert.match(String(run(listOf(1, 4, keyId), throwing)), /got an array that cannot be read$/);
});

test('unknown fields are named, with the field of ours that was probably meant', () => {
  const known = ['threads', 'maxPending', 'env', '$schema'];
  assert.equal(reasons({ thread: 1 }, known), ['thread: unknown field; did you mean "threads"?']);
  assert.equal(reasons({ Threads: 1 }, known), ['Threads: unknown field; did you mean "threads"?']);
  assert.equal(reasons({ max_pending: 1 }, known), ['max_pending: unknown field; did you mean "maxPending"?']);
  assert.equal(reasons({ envv: 1, enviro: 1 }, known), [
    'envv: unknown field; did you mean "env"?',
    'enviro: unknown field',
  ]);
  assert.equal(reasons({ toString: 1, constructor: 2 }, known), [
    'toString: unknown field',
    'constructor: unknown field',
  ]);
  assert.equal(reasons(JSON.parse('{"__proto__":{"threads":3}}'), known), ['__proto__: unknown field']);
});

test('a field whose name could be a pasted secret is shown by its position', () => {
  assert.equal(reasons({ threads: 1, [`deadbeef${'0'.repeat(56)}`]: '' }, ['threads']), ['[#2]: unknown field']);
  assert.is(fieldPath('memory', 'correct horse', 3), 'memory[#3]');
  assert.is(fieldPath('memory', 'lock', 1), 'memory.lock');
  assert.is(idPath('keys', 'node/identity', 1), 'keys["node/identity"]');
  assert.is(idPath('keys', 'x'.repeat(128), 1), `keys["${'x'.repeat(128)}"]`);
  assert.is(idPath('keys', '__proto__', 1), 'keys["__proto__"]');
  assert.is(idPath('keys', 'correct horse', 2), 'keys[#2]');
  assert.is(idPath('keys', 'x'.repeat(129), 4), 'keys[#4]');
});

test('only plain objects are read: what a class would inherit would be missed', () => {
  class Options {
    get threads(): number {
      return 2;
    }
  }
  const known = ['threads'];
  for (const plain of [{ threads: 1 }, Object.assign(Object.create(null), { threads: 1 }), JSON.parse('{}')]) {
    assert.equal(reasons(plain, known), []);
  }
  const bare = Object.assign(Object.create(null), { threads: 3 });
  for (const other of [new Options(), Object.create({ threads: 2 }), Object.create(bare), new Map(), new Date(), /x/]) {
    assert.equal(reasons(other, known), [': expected an object, got an object that is not plain']);
  }
  assert.equal(reasons([1], known), [': expected an object, got an array']);
});

test('a field is read once and a throwing getter is a problem of that field', () => {
  let reads = 0;
  const problems: SettingsProblem[] = [];
  const object = {
    get threads(): number {
      reads += 1;
      return reads;
    },
    get maxPending(): number {
      throw new Error('secret');
    },
  };
  const fields = readFields(object, 'x', 'an object', problems);
  assert.is(fields?.required('threads', wholeNumber(1, 9)), 1);
  assert.is(fields?.required('threads', wholeNumber(1, 9)), 1);
  assert.is(reads, 1);
  assert.is(fields?.required('maxPending', wholeNumber(1, 9)), undefined);
  assert.equal(problems, [
    { path: 'x.maxPending', reason: 'expected a whole number from 1 to 9, got a field that cannot be read' },
  ]);
});

test('no hostile value makes a check throw or gets into a message', () => {
  const checks: Check<unknown>[] = [
    wholeNumber(1, 9),
    oneOf(['a', 'b']),
    text('a text', () => false),
    trueOrFalse,
    keyId,
    listOf(0, 9, keyId),
    (value, path, problems) => {
      readFields(value, path, 'an object', problems)?.only(['threads']);
      return undefined;
    },
  ];
  for (const [label, value] of hostileValues('MARKER')) {
    for (const check of checks) {
      const problems: SettingsProblem[] = [];
      check(value, 'at', problems);
      assert.not.match(JSON.stringify(problems), 'MARKER', label);
    }
  }
});

test('a huge object is refused without a problem for each field', () => {
  const huge = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`field${index}`, index]));
  assert.equal(reasons(huge, ['threads']), [': expected an object with at most 256 fields, got 100,000']);
});

test('words and summaries read well', () => {
  assert.is(inWords(['a'], 'or'), 'a');
  assert.is(inWords(['a', 'b', 'c'], 'and'), 'a, b and c');
  const problems = Array.from({ length: 1_200 }, (_, index) => ({ path: `p${index}`, reason: 'no' }));
  assert.is(summarize(problems, 2), 'p0: no; p1: no; and 1,198 more');
  assert.is(summarize([{ path: '', reason: 'no' }]), 'no');
});

test.run();
