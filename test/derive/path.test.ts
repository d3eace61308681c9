// Key paths as text: what is taken, what is refused, and that no message repeats the text.

import { checkPathFor, formatPath, HARDENED, MAX_PATH_STEPS, parsePath } from '../../dist/src/wire/path.js';
import { KEY_TYPES, type KeyType } from '../../dist/src/wire/types.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';

const test = suite('key paths');
const random = seededRandom('derive/path');

const isRefused = (type: KeyType, text: string): boolean => typeof parsePath(type, text) === 'string';

test('paths of each type become indices', () => {
  assert.equal(parsePath('secp256k1', "m/44'/60'/0'/0/5000"), [44 + HARDENED, 60 + HARDENED, HARDENED, 0, 5000]);
  assert.equal(parsePath('secp256k1', "m/2147483647/2147483647'"), [HARDENED - 1, 2 * HARDENED - 1]);
  assert.equal(parsePath('ed25519', "m/44'/501'"), [44 + HARDENED, 501 + HARDENED]);
  assert.equal(parsePath('x25519', "m/0'"), [HARDENED]);
  assert.equal(parsePath('bls12-381', 'm/12381/3600/4294967295/0'), [12381, 3600, 2 * HARDENED - 1, 0]);
  for (const type of ['secp256k1', 'ed25519', 'x25519', 'bls12-381'] as const) assert.equal(parsePath(type, 'm'), []);
});

test('h and H mark a hardened step too, as in descriptors and in the text of BIP-32', () => {
  assert.equal(parsePath('secp256k1', 'm/1h/2H/3'), [1 + HARDENED, 2 + HARDENED, 3]);
  assert.equal(parsePath('ed25519', 'm/1h'), [1 + HARDENED]);
});

test('ed25519 and x25519 have hardened steps only, and the message says which step', () => {
  for (const type of ['ed25519', 'x25519'] as const) {
    assert.match(String(parsePath(type, "m/0'/1")), new RegExp(`^step 2 of the path: .*hardened.*${type}.*SLIP-0010`));
    assert.match(String(checkPathFor(type, [HARDENED, HARDENED, 0])), /^step 3 of the path/);
    assert.is(checkPathFor(type, [HARDENED]), undefined);
  }
});

test('bls12-381 has no marks', () => {
  for (const text of ["m/12381'", 'm/12381h', 'm/12381/3600H']) {
    assert.match(String(parsePath('bls12-381', text)), /no hardened steps \(EIP-2334\)/);
  }
});

test('seeds are not derived', () => {
  assert.match(String(parsePath('seed', 'm/0')), /not derived/);
  assert.match(String(checkPathFor('seed', [])), /not derived/);
});

test('what is not a path is refused for every type', () => {
  const texts = [
    '',
    '/',
    'm/',
    'm//0',
    "m/0'/",
    'M',
    "M/0'",
    "0'/1'",
    "n/0'",
    ' m',
    'm ',
    "m/ 0'",
    "m/0' ",
    'mm',
    'm0',
  ];
  const steps = [
    "''",
    "'",
    "'0",
    "0''",
    "0'h",
    '-1',
    '+1',
    '0x10',
    '1e3',
    '1.0',
    'NaN',
    '٣',
    '０',
    '0’',
    '__proto__',
    '01',
    '00',
  ];
  const large = ['4294967296', '99999999999', '99999999999999999999', "2147483648'", 'Infinity'];
  for (const type of KEY_TYPES) {
    for (const text of [...texts, ...[...steps, ...large].map((step) => `m/${step}`)]) {
      assert.ok(isRefused(type, text), `${type}: ${text}`);
    }
  }
  assert.ok(isRefused('secp256k1', 'm/2147483648'));
});

test('255 steps are the most', () => {
  const deep = (steps: number, step: string): string => `m${`/${step}`.repeat(steps)}`;
  assert.is((parsePath('secp256k1', deep(MAX_PATH_STEPS, "7'")) as number[]).length, 255);
  assert.match(String(parsePath('secp256k1', deep(256, '7'))), /at most 255 steps in a path, got 256/);
  assert.match(String(parsePath('bls12-381', deep(100_000, '0'))), /got 100,000/);
  assert.match(String(checkPathFor('secp256k1', new Array<number>(256).fill(0))), /at most 255/);
});

test('numbers that are no indices do not fit', () => {
  for (const type of ['secp256k1', 'bls12-381'] as const) {
    for (const index of [-1, 1.5, 2 ** 32, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.match(String(checkPathFor(type, [0, index])), /^step 2 of the path: expected an integer/);
    }
  }
});

test('a problem never repeats the text', () => {
  for (const type of KEY_TYPES) {
    for (const text of ['5ecrett0ken', 'm/5ecrett0ken', "m/0'/5ecrett0ken'"]) {
      const problem = parsePath(type, text);
      assert.type(problem, 'string');
      assert.not.ok(String(problem).includes('5ecrett0ken'));
    }
  }
});

test('text and indices lead to one another', () => {
  for (let i = 0; i < 300; i++) {
    const indices = Array.from({ length: random.int(8) }, () => random.pick([random.int(2 ** 32), random.int(100)]));
    for (const type of ['secp256k1', 'bls12-381', 'ed25519'] as const) {
      const path = type === 'ed25519' ? indices.map((index) => (index % HARDENED) + HARDENED) : indices;
      assert.equal(parsePath(type, formatPath(type, path)), path);
    }
  }
  assert.is(formatPath('secp256k1', [44 + HARDENED, 0]), "m/44'/0");
  assert.is(formatPath('bls12-381', [2 * HARDENED - 1]), 'm/4294967295');
});

/**
 * Where the standards leave it open: h and H are marks in wide use, and `m` alone names the master key. A path has one
 * beginning, `m`: `M` stands for public derivation in BIP-32. Leading zeros are refused, since some would read octal.
 */
const OPEN: Readonly<Record<string, boolean>> = {
  'm/0h': true,
  'm/0H': true,
  m: true,
  '0/1': false,
  'M/0': false,
  'm/01': false,
  '12381/3600/0/0/0': false,
};
const TYPES: Readonly<Record<string, KeyType>> = {
  bip32: 'secp256k1',
  eip2334: 'bls12-381',
  'slip10-ed25519': 'ed25519',
};

interface SyntaxCase {
  readonly scheme: string;
  readonly path: string;
  readonly expect: 'accept' | 'refuse' | 'either';
}
const vectors = loadVectors<{ readonly cases: readonly SyntaxCase[] }>('bip32/path-syntax.json');
if (vectors === undefined) test.skip('the vectors of path syntax', NO_VECTORS);
else {
  test('the vectors of path syntax', () => {
    assert.ok(vectors.cases.length >= 46);
    for (const { scheme, path, expect } of vectors.cases) {
      const accepted = !isRefused(TYPES[scheme]!, path);
      assert.is(accepted, expect === 'either' ? OPEN[path] : expect === 'accept', `${scheme}: ${path.slice(0, 40)}`);
    }
  });
}

test.run();
