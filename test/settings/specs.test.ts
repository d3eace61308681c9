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
  maxKdfMemory: 1_048_576,
  maxKdfWork: 1,
  lockIdleMs: 0,
  lockUnsealed: 'drop',
  operators: [],
  audit: null,
};
const spec = { id: 'a', type: 'ed25519', source: { kind: 'generate' } };
const sources = [
  { kind: 'generate' },
  { kind: 'env', name: '_A1', encoding: 'auto' },
  { kind: 'env', name: 'N'.repeat(255), encoding: 'hex', handoff: 0 },
  { kind: 'file', path: '/keys/a.hex', encoding: 'pem', allowSharedFile: true },
  { kind: 'bytes', handoff: 4_294_967_295, encoding: 'raw' },
];
const secrets = [
  { kind: 'env', name: 'A' },
  { kind: 'env', name: 'A', handoff: 1 },
  { kind: 'file', path: '/pw', allowSharedFile: false },
  { kind: 'bytes', handoff: 2 },
];
/** With the type that each is for. */
const costlySources = [
  ...secrets.flatMap((secret) => [
    ['seed', { kind: 'mnemonic', mnemonic: secret, language: 'english' }],
    ['seed', { kind: 'mnemonic', mnemonic: secret, passphrase: secret, language: 'spanish' }],
    ['bls12-381', { kind: 'keystore', path: '/k.json', password: secret }],
    ['x25519', { kind: 'sealed', path: '/keys.sealed', password: secret, create: false }],
  ]),
  ['secp256k1', { kind: 'seed', seed: 'wallet', path: 'm/0' }],
] as unknown as readonly (readonly [string, object])[];

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

test('each source of a password, and each policy, is accepted and comes out in the same way', () => {
  for (const [type, source] of costlySources) {
    const limits = { perSecond: 10_000_000, expiresInMs: 1, idleMs: 3_155_760_000_000 };
    for (const policy of [{}, { allow: [] }, { allow: ['export', 'a/b'] }, { allow: ['export'], ...limits }]) {
      const given = { ...spec, type, source, ...policy };
      const checked = checkWireKeySpec(given);
      assert.equal(checked, given);
      assert.ok(checked.source !== (source as unknown));
      if ('allow' in given) assert.ok(checked.allow !== (given.allow as unknown));
    }
  }
});

test('a configuration is accepted and comes out as a new, equal object', () => {
  const checked = checkWireConfig(config);
  assert.equal(checked, config);
  assert.ok(checked !== (config as unknown));
  checkWireConfig({ ...config, threads: 256, maxKeys: 1e6, maxPending: 1_048_576, maxPendingBytes: 2 ** 32 });
  checkWireConfig({ ...config, maxKdfMemory: 2 ** 36, maxKdfWork: 2 ** 40 });
  const given = {
    ...config,
    lockIdleMs: 3_155_760_000_000,
    lockUnsealed: 'refuse',
    operators: [{ name: 'a/b', path: '/ops/ab.js' }],
    audit: { path: '/audit.log', key: 'a', operations: 'each', onError: 'continue' },
  };
  const all = checkWireConfig(given);
  assert.equal(all, given as unknown as typeof all);
  assert.ok(all.operators !== (given.operators as unknown) && all.audit !== (given.audit as unknown));
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
    maxKdfMemory: [0, 1_048_575, 2 ** 36 + 1, '1048576'],
    maxKdfWork: [0, 1.5, 2 ** 40 + 1, null],
    lockIdleMs: [-1, 0.5, 3_155_760_000_001, '1', null],
    lockUnsealed: ['keep', '', null, true],
    operators: [null, {}, 'a/b'],
    audit: ['', 7, []],
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
  const kinds = '"generate", "env", "file", "bytes", "mnemonic", "seed", "keystore" or "sealed"';
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

test('each mistake in a source of a password has its place and reason, and a type its sources', () => {
  const password = { kind: 'file', path: '/pw', allowSharedFile: false };
  const absolute = 'the absolute path of a file (1 to 32,767 characters, no NUL)';
  const refuses = (type: string, source: unknown, expected: string): void => {
    const { message } = refusal(checkWireKeySpec, { ...spec, type, source });
    assert.is(message, `the vault refused the key specification: key.source${expected}`);
  };
  const mnemonic = { kind: 'mnemonic', mnemonic: password, language: 'english' };
  refuses('seed', { ...mnemonic, mnemonic: 'zoo' }, '.mnemonic: expected an object, got a string of 3 characters');
  refuses(
    'seed',
    { ...mnemonic, mnemonic: { kind: 'mnemonic' } },
    '.mnemonic.kind: expected "env", "file" or "bytes", got a string of 8 characters',
  );
  refuses('seed', { ...mnemonic, passphrase: null }, '.passphrase: expected an object, got null');
  refuses(
    'seed',
    { ...mnemonic, mnemonic: { ...password, path: 'pw' } },
    `.mnemonic.path: expected ${absolute}, got a string of 2 characters`,
  );
  refuses('seed', { ...mnemonic, mnemonic: { ...password, encoding: 'hex' } }, '.mnemonic.encoding: unknown field');
  refuses('seed', { ...mnemonic, encoding: 'hex' }, '.encoding: unknown field');
  refuses('ed25519', mnemonic, ': a mnemonic makes a key of type "seed"; derive others from it');
  refuses(
    'x25519',
    { kind: 'keystore', path: '/k', password },
    ': a keystore holds a key of type "bls12-381" or "secp256k1"',
  );
  refuses(
    'secp256k1',
    { kind: 'keystore', path: 'k', password },
    `.path: expected ${absolute}, got a string of 1 character`,
  );
  refuses('secp256k1', { kind: 'keystore', path: '/k' }, '.password: expected an object, got nothing');
  refuses('ed25519', { kind: 'sealed', path: '/k', password }, '.create: expected true or false, got nothing');
  refuses('ed25519', { kind: 'sealed', path: '/k', password, create: true, id: 'a' }, '.id: unknown field');
  refuses('seed', { kind: 'seed', seed: 'a', path: 'm' }, ': a key of type seed is not derived from a seed');
  refuses(
    'secp256k1',
    { kind: 'seed', seed: 'a', path: '' },
    ".path: expected a key path, as in m/44'/60'/0'/0/0, got an empty string",
  );
  refuses(
    'secp256k1',
    { kind: 'seed', seed: 'a', path: `m${'/1'.repeat(2048)}` },
    ".path: expected a key path, as in m/44'/60'/0'/0/0, got a string of 4,097 characters",
  );
  refuses(
    'secp256k1',
    { kind: 'seed', seed: 'a', path: `m/1${'0'.repeat(12)}` },
    ": step 1 of the path: expected a number from 0 to 2147483647, without leading zeros, with ' after it for a hardened step",
  );
  refuses(
    'ed25519',
    { kind: 'seed', seed: 'a', path: 'm/1' },
    ": step 1 of the path: expected a hardened step, with ' after its number; ed25519 has no other (SLIP-0010)",
  );
  assert.match(
    refusal(checkWireKeySpec, { ...spec, allow: ['sign', 'derive'] }).message,
    /: key\.allow: a key of type "ed25519" has no operation "derive"$/,
  );
  assert.match(
    refusal(checkWireKeySpec, { ...spec, schemes: ['schnorr'] }).message,
    /: key\.schemes: a key of type "ed25519" has no scheme "schnorr"$/,
  );
  assert.match(
    refusal(checkWireKeySpec, { ...spec, type: 'hmac', maxSignatures: 1 }).message,
    /: key\.maxSignatures: a key of type "hmac" makes no signatures$/,
  );
  const { message } = refusal(checkWireKeySpec, { ...spec, allow: ['sign', 'rob'] });
  assert.match(
    message,
    /: key\.allow\[1\]: expected one of sign, provePossession, .*, export, or an operator of the settings, got a string of 3/,
  );
});

test('hostile objects are refused whole and in every field, and nothing of them is shown', () => {
  for (const [label, value] of hostileValues('MARKER')) {
    const shapes = [value, ...['id', 'type', 'source'].map((name) => ({ ...spec, [name]: value }))];
    for (const source of sources) {
      for (const name of Object.keys(source)) shapes.push({ ...spec, source: { ...source, [name]: value } });
    }
    for (const [type, source] of costlySources) {
      for (const name of Object.keys(source)) shapes.push({ ...spec, type, source: { ...source, [name]: value } });
    }
    shapes.push({ ...spec, allow: value }, { ...spec, allow: [value] }, { ...spec, schemes: [value] });
    for (const name of ['schemes', 'maxSignatures', 'perSecond', 'expiresInMs', 'idleMs']) {
      shapes.push({ ...spec, [name]: value });
    }
    for (const shape of shapes) assert.not.match(allTextOf(refusal(checkWireKeySpec, shape)), 'MARKER', label);
    const inside = [{ operators: [value] }, { operators: [{ name: value, path: value }] }, { audit: { path: value } }];
    const names = Object.keys(config).filter((name) => value !== null || name !== 'audit'); // null is no log
    const whole = names.map((name) => ({ ...config, [name]: value }));
    for (const shape of [value, ...whole, ...inside.map((fields) => ({ ...config, ...fields }))]) {
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
