// The vault's side: what arrives from main is checked as if main were hostile, and only a clean copy goes on.
import type { VaultError } from '../../dist/src/errors.js';
import { checkWireConfig, checkWireKeySpec } from '../../dist/src/wire/specs.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { hostileValues } from './hostile.js';
import { allTextOf, vaultError } from './problems.js';

const test = suite('checks of the wire forms');

const config = {
  threads: 2,
  provider: 'auto',
  lock: 'warn',
  maxKeys: 10,
  maxPending: 100,
  maxPendingBytes: 1_048_576,
  verifyAfterSign: false,
};
const spec = { id: 'a', type: 'ed25519', source: { kind: 'generate' } };
const sources = [
  { kind: 'generate' },
  { kind: 'env', name: '_A1', encoding: 'auto' },
  { kind: 'env', name: 'N'.repeat(255), encoding: 'hex', handoff: 0 },
  { kind: 'file', path: '/keys/a.hex', encoding: 'pem', allowSharedFile: true },
  { kind: 'bytes', handoff: 4_294_967_295, encoding: 'raw' },
];

const refusal = (check: (value: unknown) => unknown, value: unknown): VaultError => {
  const error = vaultError(() => check(value));
  assert.is(error.code, 'ERR_REFUSED');
  return error;
};
const refusesSource = (source: unknown, expected: string): void => {
  const message = refusal(checkWireKeySpec, { ...spec, source }).message;
  assert.is(message, `the vault refused the key specification: ${expected}`);
};

test('each source is accepted and comes out as a new, equal object', () => {
  for (const source of sources) {
    const given = { ...spec, source };
    const checked = checkWireKeySpec(given);
    assert.equal(checked, given);
    assert.ok(checked !== (given as unknown) && checked.source !== (source as unknown));
  }
});

test('a configuration is accepted and comes out as a new, equal object', () => {
  const checked = checkWireConfig(config);
  assert.equal(checked, config);
  assert.ok(checked !== (config as unknown));
  checkWireConfig({ ...config, threads: 256, maxKeys: 1e6, maxPending: 1_048_576, maxPendingBytes: 2 ** 32 });
});

test('every field of the configuration is required and checked', () => {
  const bad: Record<string, unknown[]> = {
    threads: [0, 257, 1.5, '2', null, Number.NaN, 2n],
    provider: ['openssl', '', null, ['auto'], new String('auto')],
    lock: ['always', true],
    maxKeys: [0, 1_000_001],
    maxPending: [0, 1_048_577],
    maxPendingBytes: [1_048_575, 2 ** 32 + 1, Number.POSITIVE_INFINITY],
    verifyAfterSign: [0, 'true', null],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of [undefined, ...values]) {
      assert.match(
        refusal(checkWireConfig, { ...config, [name]: value }).message,
        new RegExp(`^the vault refused the configuration: config\\.${name}: expected .*, got [^;]*$`),
      );
    }
  }
});

test('every field of a specification is required, and a stranger is refused', () => {
  const error = refusal(checkWireKeySpec, {});
  for (const path of ['key.id: ', 'key.type: ', 'key.source: ']) assert.match(error.message, path);
  assert.match(refusal(checkWireKeySpec, { ...spec, slot: 1 }).message, /key\.slot: unknown field$/);
  assert.match(refusal(checkWireConfig, { ...config, thread: 1 }).message, /did you mean "threads"\?$/);
  assert.is(refusal(checkWireKeySpec, { ...spec, type: 'rsa' }).keyId, 'a');
  assert.is(refusal(checkWireKeySpec, { ...spec, id: '__proto__' }).keyId, undefined);
});

test('each mistake in a source has its place and reason', () => {
  const name = 'the name of an environment variable (up to 255 letters, digits and _, not starting with a digit)';
  const path = 'the absolute path of a file (1 to 32,767 characters, no NUL)';
  const kinds = '"generate", "env", "file" or "bytes"';
  const encodings = '"auto", "raw", "hex", "base64" or "pem"';
  const [, env, , file, bytes] = sources;
  refusesSource('generate', 'key.source: expected an object, got a string of 8 characters');
  refusesSource({}, `key.source.kind: expected ${kinds}, got nothing`);
  refusesSource({ kind: 'url' }, `key.source.kind: expected ${kinds}, got a string of 3 characters`);
  refusesSource({ kind: 'generate', name: 'A' }, 'key.source.name: unknown field');
  for (const wrong of ['1A', 'A-B', 'A B', 'A\n', 'A=B', 'É', 'A\0', 'N'.repeat(256)]) {
    const got = `a string of ${wrong.length} characters`;
    refusesSource(
      { ...env, name: wrong },
      `key.source.name: expected ${name}, got ${got}`.replace('1 characters', '1 character'),
    );
  }
  refusesSource(
    { ...env, encoding: 'utf8' },
    `key.source.encoding: expected ${encodings}, got a string of 4 characters`,
  );
  refusesSource({ kind: 'env', name: 'A' }, `key.source.encoding: expected ${encodings}, got nothing`);
  refusesSource(
    { ...env, handoff: -1 },
    'key.source.handoff: expected a whole number from 0 to 4,294,967,295, got a smaller one',
  );
  refusesSource({ ...env, path: '/a' }, 'key.source.path: unknown field');
  for (const wrong of ['', 'a.hex', './a', '/a\0b']) {
    const got = wrong === '' ? 'an empty string' : `a string of ${wrong.length} characters`;
    refusesSource({ ...file, path: wrong }, `key.source.path: expected ${path}, got ${got}`);
  }
  refusesSource(
    { ...file, path: `/${'a'.repeat(32_767)}` },
    `key.source.path: expected ${path}, got a string of 32,768 characters`,
  );
  refusesSource(
    { ...file, allowSharedFile: undefined },
    'key.source.allowSharedFile: expected true or false, got nothing',
  );
  refusesSource(
    { ...bytes, handoff: undefined },
    'key.source.handoff: expected a whole number from 0 to 4,294,967,295, got nothing',
  );
});

test('hostile objects are refused whole and in every field, and nothing of them is shown', () => {
  for (const [label, value] of hostileValues('MARKER')) {
    const shapes = [value, ...['id', 'type', 'source'].map((name) => ({ ...spec, [name]: value }))];
    for (const source of sources) {
      for (const name of Object.keys(source)) shapes.push({ ...spec, source: { ...source, [name]: value } });
    }
    for (const shape of shapes) assert.not.match(allTextOf(refusal(checkWireKeySpec, shape)), 'MARKER', label);
    for (const shape of [value, ...Object.keys(config).map((name) => ({ ...config, [name]: value }))]) {
      assert.not.match(allTextOf(refusal(checkWireConfig, shape)), 'MARKER', label);
    }
  }
});

test('nothing inherited counts, even from a polluted Object.prototype', () => {
  const pollution: Record<string, unknown> = { handoff: 7, threads: 3, kind: 'generate', allowSharedFile: true };
  try {
    for (const [name, value] of Object.entries(pollution)) {
      Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true });
    }
    const checked = checkWireKeySpec({ ...spec, source: { kind: 'env', name: 'A', encoding: 'auto' } });
    assert.not.ok(Object.hasOwn(checked.source, 'handoff'));
    refusal(checkWireConfig, { ...config, threads: undefined });
    refusal(checkWireKeySpec, { ...spec, source: {} });
  } finally {
    for (const name of Object.keys(pollution)) Reflect.deleteProperty(Object.prototype, name);
  }
});

test.run();
