// The JSON reader: the same answers as JSON.parse, better places, repeated names found, and no text in a message.
import type { SettingsProblem } from '../../dist/src/errors.js';
import { parseJson } from '../../dist/src/wire/json.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('the JSON reader');

const parse = (text: string): { value: unknown; reasons: string[] } | string => {
  const problems: SettingsProblem[] = [];
  const parsed = parseJson(text, 'settings', problems);
  const reasons = problems.map(({ path, reason }) => `${path}: ${reason}`);
  return parsed === undefined ? (reasons.at(-1) ?? 'no reason') : { value: parsed.value, reasons };
};

const sample = `{
  "$schema": "./x.json", "threads": 4, "provider": "auto", "e": [], "o": {}, "list": [1, -2.5e3, 0.1E-2, [true, null]],
  "keys": { "a": { "type": "ed25519", "from": { "env": "A_\\u0041\\n\\"\\\\" } }, "b/é": { "from": "generate" } },
  "verifyAfterSign": false
}`;

test('it reads what JSON.parse reads', () => {
  for (const text of [
    sample,
    ' [] ',
    '"x"',
    '0',
    '-0',
    '1e999',
    'null',
    '\t\r\n{"a":{"b":[{}]}}',
    '"\\ud800"',
    '"\u2028"',
  ]) {
    const parsed = parse(text);
    assert.ok(typeof parsed === 'object', text);
    assert.is(JSON.stringify((parsed as { value: unknown }).value), JSON.stringify(JSON.parse(text)));
  }
});

test('it agrees with JSON.parse on thousands of damaged texts', () => {
  const random = seededRandom('damaged JSON');
  const pieces = [
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '1',
    '-',
    '.',
    'e',
    't',
    'true',
    ' ',
    '\n',
    '\0',
    '//',
    "'",
  ];
  let broken = 0;
  for (let round = 0; round < 6_000; round++) {
    let text = sample;
    for (let edits = 1 + random.int(3); edits > 0; edits--) {
      const at = random.int(text.length);
      text = text.slice(0, at) + (random.int(2) ? random.pick(pieces) : '') + text.slice(at + random.int(3));
    }
    let expected: unknown;
    try {
      expected = JSON.parse(text);
    } catch {
      broken += 1;
    }
    const parsed = parse(text);
    assert.is(typeof parsed === 'object', expected !== undefined, `round ${round}`);
    if (typeof parsed === 'object' && parsed.reasons.length === 0) {
      assert.is(JSON.stringify(parsed.value), JSON.stringify(expected), `round ${round}`);
    }
  }
  assert.ok(broken > 1_000 && broken < 5_900, `the damage is mixed: ${broken} broken`);
});

test('a mistake has its line and column, and never the text', () => {
  const cases: [string, string][] = [
    ['', 'line 1, column 1: the text ends where a value should be'],
    ['{\n  "a": 1,\n}', 'line 3, column 1: expected a name in double quotes'],
    ['{\r\n  "a": SECRET\r\n}', 'line 2, column 8: expected a value'],
    ['{"a": 1 "SECRET": 2}', 'line 1, column 9: expected "," or "}"'],
    ['{"a" "SECRET"}', 'line 1, column 6: expected ":"'],
    ['[1 SECRET]', 'line 1, column 4: expected "," or "]"'],
    ['// SECRET\n{}', 'line 1, column 1: expected a value'],
    ['{"a": "SECRET\n"}', 'line 1, column 14: a control character in a string must be escaped'],
    ['{"a": "SECRET\\x"}', 'line 1, column 14: not an escape of JSON'],
    ['{"a":\n "SECRET', 'line 2, column 2: a string that starts here has no end'],
    ['{"a": 1}\nSECRET', 'line 2, column 1: expected nothing after the value'],
    ['01', 'line 1, column 2: expected nothing after the value'],
    ['trueSECRET', 'line 1, column 1: expected a value'],
    ['['.repeat(100_000), 'line 1, column 34: nested deeper than 32 levels'],
  ];
  for (const [text, expected] of cases) assert.is(parse(text), `settings: not valid JSON at ${expected}`);
});

test('a name that an object has twice is a mistake: JSON.parse would drop the first key', () => {
  const text = '{\n "keys": {\n  "a": {"from": 1},\n  "b": 2,\n  "a": {"from": 3, "from": 4} },\n "keys": 1 }';
  assert.equal((parse(text) as { reasons: string[] }).reasons, [
    'keys["a"]: appears twice, again at line 5, column 3',
    'keys["a"].from: appears twice, again at line 5, column 20',
    'keys: appears twice, again at line 6, column 2',
  ]);
});

test('a name of __proto__ is a name like any other', () => {
  const parsed = parse('{"__proto__": {"threads": 1}}') as { value: object };
  assert.is(Object.getPrototypeOf(parsed.value), null);
  assert.equal(Object.keys(parsed.value), ['__proto__']);
  assert.is(({} as { threads?: unknown }).threads, undefined);
});

test('very many repeated names take no more than a moment', () => {
  const started = performance.now();
  const parsed = parse(`{${'"a":1,\n'.repeat(140_000)}"a":1}`) as { reasons: string[] };
  assert.is(parsed.reasons.length, 140_000);
  assert.is(parsed.reasons.at(-1), 'a: appears twice, again at line 140001, column 1');
  assert.ok(performance.now() - started < 5_000, 'within 5 seconds');
});

test.run();
