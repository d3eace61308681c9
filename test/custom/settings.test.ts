// The `operators` of the settings: names and paths, as callers write them and as they arrive in the vault.
import { resolve } from 'node:path';
import { operatorsFrom } from '../../dist/src/settings/operators.js';
import type { Check } from '../../dist/src/wire/check.js';
import { type WireOperator, wireOperators } from '../../dist/src/wire/custom-operators.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the operators of the settings');

type Problem = { readonly path: string; readonly reason: string };

const checked = (check: Check<readonly WireOperator[]>, value: unknown): readonly WireOperator[] | string[] => {
  const problems: Problem[] = [];
  const found = check(value, 'operators', problems);
  assert.is(found === undefined, problems.length > 0, 'a value, or problems');
  return found ?? problems.map(({ path, reason }) => `${path}: ${reason}`);
};

const folder = resolve('/settings');
const settings = (value: unknown): readonly WireOperator[] | string[] => checked(operatorsFrom(folder), value);
const wire = (value: unknown): readonly WireOperator[] | string[] => checked(wireOperators, value);

test('names to modules, whose paths begin at the folder of the settings', () => {
  assert.equal(settings({}), []);
  assert.equal(settings({ 'sphinx/unwrap': './ops/sphinx.js', 'a/b-2': resolve('/ops/b.mjs') }), [
    { name: 'sphinx/unwrap', path: resolve('/settings/ops/sphinx.js') },
    { name: 'a/b-2', path: resolve('/ops/b.mjs') },
  ]);
});

test('a name is two words with a slash between them', () => {
  const longest = `${'a'.repeat(31)}/${'b'.repeat(32)}`;
  assert.is(settings({ [longest]: './a.js' }).length, 1);
  for (const name of [
    'agree',
    'a/',
    '/a',
    'a/b/c',
    'A/b',
    'a/B',
    '1/b',
    'a/1',
    'a_b/c',
    '-a/b',
    ' a/b',
    'a/b\n',
    `${longest}b`,
  ]) {
    const [problem] = settings({ [name]: './a.js' }) as string[];
    assert.match(problem ?? '', /^operators\[#1\]: expected the name of an operator \(two words/, JSON.stringify(name));
  }
  assert.equal(settings(JSON.parse('{"__proto__":"./a.js"}')).length, 1);
});

test('every mistake is told, by name or position, and no path is quoted', () => {
  const problems = settings({
    'a/b': 1,
    hunter2: './hunter2.js',
    'c/d': '',
    'e/f': 'a\0b',
    'g/h': './fine.js',
  }) as string[];
  assert.equal(
    problems.map((problem) => problem.replace(/:.*/s, '')),
    ['operators["a/b"]', 'operators[#2]', 'operators["c/d"]', 'operators["e/f"]'],
  );
  assert.not.match(problems.join(), /hunter2/);
});

test('there are at most 64, in a plain object', () => {
  const many = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`op/x${i}`, './a.js']));
  assert.is(settings(many(64)).length, 64);
  assert.equal(settings(many(65)), [
    'operators: expected an object of operators by name with at most 64 fields, got 65',
  ]);
  for (const value of [[], 'a', null, 1, new Map()]) assert.is(settings(value).length, 1);
});

test('what arrives in the vault is checked again, and copied', () => {
  const operators = [{ name: 'a/b', path: resolve('/ops/b.mjs') }];
  const found = wire(operators);
  assert.equal(found, operators);
  assert.is.not(found[0], operators[0]);
  assert.equal(wire([]), []);
});

test('the vault takes no relative path, no other name, no name twice, and no more than it knows', () => {
  const path = resolve('/ops/b.mjs');
  const refused = (value: unknown): string => {
    const [problem] = wire(value);
    assert.type(problem, 'string');
    return String(problem);
  };
  assert.match(refused([{ name: 'a/b', path: './b.mjs' }]), 'operators[0].path: expected the absolute path');
  assert.match(refused([{ name: 'a/b', path: 'file:///b.mjs' }]), 'operators[0].path');
  assert.match(refused([{ name: 'sign', path }]), 'operators[0].name: expected the name of an operator');
  assert.match(
    refused([
      { name: 'a/b', path },
      { name: 'a/b', path },
    ]),
    'operators: expected each name once',
  );
  assert.match(refused([{ name: 'a/b', path, more: 1 }]), 'operators[0].more: unknown field');
  assert.match(refused(Array(65).fill({ name: 'a/b', path })), 'an array of 0 to 64 items, got 65');
  assert.match(refused({ 'a/b': path }), 'operators: expected an array');
});

test.run();
