// Settings as a whole: good ones come out complete, and of bad ones every mistake is reported at once with its path.
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { expectKey } from '../../dist/src/settings/keys.js';
import { readSettings } from '../../dist/src/settings/read.js';
import type { Settings } from '../../dist/src/vault.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { hostileValues } from './hostile.js';
import { allTextOf, problemsOf, refused } from './problems.js';

const test = suite('reading settings');

const KEY = { type: 'ed25519', from: 'generate' } as const;
const ENV_NAME = 'the name of an environment variable (up to 255 letters, digits and _, not starting with a digit)';
const JSON_SOURCES = '"generate" or an object with "env", "file", "mnemonic", "seed", "keystore" or "sealed"';
const SOURCES = '"generate" or an object with "env", "file", "bytes", "mnemonic", "seed", "keystore" or "sealed"';
const TYPES = '"ed25519", "secp256k1", "bls12-381", "x25519", "seed", "aead" or "hmac"';
const SECRETS = 'an object with "env", "file" or "bytes"';
const PATH = 'the path of a file (1 to 32,767 characters, no NUL)';
const OPERATIONS =
  'one of sign, provePossession, agree, agree-raw, open, encrypt, decrypt, mac, derive, extendedPublicKey, export, or an operator of the settings';
const PASSWORD = { env: 'PASSWORD' };
const REST = {
  maxKdfMemory: 1_074_790_400,
  maxKdfWork: 4_194_304,
  lockIdleMs: 0,
  lockUnsealed: 'drop',
  operators: [],
  audit: null,
};
const FILE = 'a JSON file of at most 1 MiB';

const write = (content: string | Uint8Array, name = 'strongroom.json'): string => {
  const file = join(tempFolder(), name);
  writeFileSync(file, content);
  return file;
};
const withSource = (from: unknown): unknown => ({ keys: { a: { type: 'ed25519', from } } });

test('an empty object gives the documented defaults', () => {
  assert.equal(readSettings({}, {}), {
    config: {
      threads: Math.min(availableParallelism(), 256),
      provider: 'auto',
      lock: 'warn',
      maxKeys: 16_384,
      maxPending: 65_536,
      maxPendingBytes: 536_870_912,
      verifyAfterSign: false,
      ...REST,
    },
    keys: [],
    loads: [],
    hardening: 'warn',
    folder: process.cwd(),
  });
});

test('every field comes out, with defaults filled in and file paths absolute', () => {
  const bytes = new Uint8Array(32);
  const { config, keys } = readSettings(
    {
      $schema: './strongroom.schema.json',
      threads: 4,
      provider: 'native',
      memory: { lock: 'require', maxKeys: 7 },
      maxPending: 8,
      maxPendingBytes: 1_048_576,
      verifyAfterSign: true,
      keys: {
        g: KEY,
        e: { type: 'secp256k1', from: { env: 'E', encoding: 'hex' } },
        f: { type: 'bls12-381', from: { file: 'keys/f.hex', allowSharedFile: true } },
        b: { type: 'x25519', from: { bytes } },
        ['constructor' as string]: { type: 'ed25519', from: { file: '/abs/key' } },
      },
    },
    {},
  );
  assert.equal(config, {
    threads: 4,
    provider: 'native',
    lock: 'require',
    maxKeys: 7,
    maxPending: 8,
    maxPendingBytes: 1_048_576,
    verifyAfterSign: true,
    ...REST,
  });
  assert.equal(keys, [
    { id: 'g', type: 'ed25519', from: 'generate' },
    { id: 'e', type: 'secp256k1', from: { env: 'E', encoding: 'hex' } },
    {
      id: 'f',
      type: 'bls12-381',
      from: { file: resolve('keys/f.hex'), encoding: 'auto', allowSharedFile: true },
    },
    { id: 'b', type: 'x25519', from: { bytes, encoding: 'auto' } },
    {
      id: 'constructor',
      type: 'ed25519',
      from: { file: resolve('/abs/key'), encoding: 'auto', allowSharedFile: false },
    },
  ]);
  const last = keys[3]?.from;
  assert.ok(typeof last === 'object' && 'bytes' in last && last.bytes === bytes, 'bytes are handed on, not copied');
});

test('sources that cost a key derivation, and policies, come out with defaults filled in and paths absolute', () => {
  const bytes = new Uint8Array(9);
  const { keys } = readSettings(
    {
      keys: {
        m: { type: 'seed', from: { mnemonic: { file: 'words' }, passphrase: { bytes }, language: 'czech' } },
        n: { type: 'seed', from: { mnemonic: { env: 'WORDS' } }, allow: ['derive', 'export'] },
        d: { type: 'secp256k1', from: { seed: 'm', path: "m/44'/60'/0'/0/0" }, allow: [] },
        k: { type: 'bls12-381', from: { keystore: 'k.json', password: { file: 'k.txt', allowSharedFile: true } } },
        s: { type: 'x25519', from: { sealed: 'keys.sealed', password: PASSWORD } },
        c: { type: 'seed', from: { sealed: '/abs/keys.sealed', password: { file: '/abs/pw' }, create: true } },
      },
    },
    {},
  );
  const file = (path: string) => ({ file: resolve(path), allowSharedFile: false });
  assert.equal(
    keys.map(({ id, from, allow }) => [id, from, allow]),
    [
      ['m', { mnemonic: file('words'), passphrase: { bytes }, language: 'czech' }, undefined],
      ['n', { mnemonic: { env: 'WORDS' }, passphrase: undefined, language: 'english' }, ['derive', 'export']],
      ['d', { seed: 'm', path: "m/44'/60'/0'/0/0" }, []],
      ['k', { keystore: resolve('k.json'), password: { file: resolve('k.txt'), allowSharedFile: true } }, undefined],
      ['s', { sealed: resolve('keys.sealed'), password: PASSWORD, create: false }, undefined],
      ['c', { sealed: resolve('/abs/keys.sealed'), password: file('/abs/pw'), create: true }, undefined],
    ],
  );
});

test('loads and the limits of key derivations come out in the same way, from a file as from an object', () => {
  const settings = {
    kdf: { maxMemory: 2 ** 26, maxWork: 1000 },
    load: [
      { keystores: 'validators', passwords: 'passwords', id: 'v/{pubkey}' },
      { keystores: '/abs', passwords: { folder: 'p', allowSharedFile: true }, id: '{name}', allow: ['sign'] },
      { keystores: 'k', passwords: { file: 'one.txt' }, id: '{address}' },
      { sealed: 'keys.sealed', password: { file: 'pw' } },
      { sealed: 'old.sealed', password: PASSWORD, id: 'old/{id}', allow: [] },
    ],
  } as const;
  const file = write(JSON.stringify(settings));
  for (const [given, folder] of [
    [settings, process.cwd()],
    [file, join(file, '..')],
  ] as const) {
    const { config, loads } = readSettings(given, {});
    assert.equal([config.maxKdfMemory, config.maxKdfWork], [2 ** 26, 1000]);
    const at = (path: string): string => join(folder, path);
    assert.equal(loads, [
      {
        keystores: at('validators'),
        passwords: { folder: at('passwords'), allowSharedFile: false },
        id: 'v/{pubkey}',
      },
      {
        keystores: resolve('/abs'),
        passwords: { folder: at('p'), allowSharedFile: true },
        id: '{name}',
        allow: ['sign'],
      },
      { keystores: at('k'), passwords: { file: at('one.txt'), allowSharedFile: false }, id: '{address}' },
      { sealed: at('keys.sealed'), password: { file: at('pw'), allowSharedFile: false }, id: '{id}' },
      { sealed: at('old.sealed'), password: PASSWORD, id: 'old/{id}', allow: [] },
    ]);
  }
});

test('policies of keys and of loads, locking, operators and the audit log come out, from a file as from an object', () => {
  const limits = { maxSignatures: 1000, perSecond: 5, expiresInMs: 60_000, idleMs: 1000 };
  const longest = { maxSignatures: Number.MAX_SAFE_INTEGER, perSecond: 10_000_000, expiresInMs: 3_155_760_000_000 };
  const settings = {
    keys: {
      a: { type: 'secp256k1', from: 'generate', allow: ['sign', 'sphinx/unwrap'], schemes: ['schnorr'], ...limits },
      b: { type: 'aead', from: { file: 'b' }, ...longest, maxSignatures: undefined, idleMs: 1 },
      c: { type: 'hmac', from: 'generate' },
    },
    load: [
      { keystores: '/k', passwords: { env: 'P' }, id: '{name}', ...limits, schemes: ['bls12-381'] },
      { sealed: '/s', password: PASSWORD, ...longest },
    ],
    lock: { idleMs: 900_000, unsealed: 'refuse' },
    operators: { 'sphinx/unwrap': './ops/sphinx.js', 'x/y': '/abs/y.mjs' },
    audit: { file: 'audit.log', key: 'a', operations: 'each' },
  } as const;
  const file = write(JSON.stringify(settings));
  for (const [given, folder] of [
    [settings, process.cwd()],
    [file, join(file, '..')],
  ] as const) {
    const { config, keys, loads } = readSettings(given as unknown as Settings, {});
    assert.equal(keys, [
      { id: 'a', ...settings.keys.a },
      {
        id: 'b',
        type: 'aead',
        from: { file: join(folder, 'b'), encoding: 'auto', allowSharedFile: false },
        perSecond: 10_000_000,
        expiresInMs: 3_155_760_000_000,
        idleMs: 1,
      },
      { id: 'c', type: 'hmac', from: 'generate' },
    ] as unknown as typeof keys);
    const [keystores, sealed] = loads;
    assert.equal(keystores, {
      keystores: resolve('/k'),
      passwords: { env: 'P' },
      id: '{name}',
      ...limits,
      schemes: ['bls12-381'],
    });
    assert.equal(sealed, { sealed: resolve('/s'), password: PASSWORD, id: '{id}', ...longest });
    assert.equal([config.lockIdleMs, config.lockUnsealed], [900_000, 'refuse']);
    assert.equal(config.operators, [
      { name: 'sphinx/unwrap', path: join(folder, 'ops/sphinx.js') },
      { name: 'x/y', path: resolve('/abs/y.mjs') },
    ]);
    assert.equal(config.audit, { path: join(folder, 'audit.log'), key: 'a', operations: 'each', onError: 'refuse' });
  }
});

test('a file gives the same, and its key files start at its folder', () => {
  const file = write('\ufeff{"threads": 2, "keys": {"f": {"type": "ed25519", "from": {"file": "keys/f"}}}}');
  const { config, keys, folder } = readSettings(file, {});
  assert.is(config.threads, 2);
  assert.is(folder, resolve(file, '..'));
  assert.equal(keys[0]?.from, { file: join(folder, 'keys/f'), encoding: 'auto', allowSharedFile: false });
});

test('each mistake has its exact path and reason', () => {
  const cases: [unknown, string][] = [
    [null, 'settings: expected an object, got null'],
    [42, 'settings: expected an object, got a number'],
    [[], 'settings: expected an object, got an array'],
    [new URL('file:///x'), 'settings: expected an object, got an object that is not plain'],
    ['', 'settings: expected the path of a file (1 to 32,767 characters, no NUL), got an empty string'],
    ['a\0b', 'settings: expected the path of a file (1 to 32,767 characters, no NUL), got a string of 3 characters'],
    [
      undefined,
      'settings: expected an object, the path of a JSON file, or such a path in STRONGROOM_SETTINGS, got nothing',
    ],
    [{ $schema: 1 }, '$schema: expected a string, got a number'],
    [{ thread: 1 }, 'thread: unknown field; did you mean "threads"?'],
    [{ maxKeys: 1 }, 'maxKeys: unknown field here; "maxKeys" belongs in "memory"'],
    [{ threads: 0 }, 'threads: expected a whole number from 1 to 256, got a smaller one'],
    [{ threads: 257 }, 'threads: expected a whole number from 1 to 256, got a larger one'],
    [{ threads: 1.5 }, 'threads: expected a whole number from 1 to 256, got a fraction'],
    [{ threads: '4' }, 'threads: expected a whole number from 1 to 256, got a string of 1 character'],
    [{ threads: null }, 'threads: expected a whole number from 1 to 256, got null'],
    [{ provider: 'Native' }, 'provider: expected "auto", "native" or "noble", got a string of 6 characters'],
    [{ memory: 'warn' }, 'memory: expected an object with "lock" and "maxKeys", got a string of 4 characters'],
    [{ memory: { lock: true } }, 'memory.lock: expected "require", "warn" or "off", got a boolean'],
    [{ memory: { maxKeys: 0 } }, 'memory.maxKeys: expected a whole number from 1 to 1,000,000, got a smaller one'],
    [{ memory: { maxkeys: 5 } }, 'memory.maxkeys: unknown field; did you mean "maxKeys"?'],
    [{ maxPending: 2 ** 21 }, 'maxPending: expected a whole number from 1 to 1,048,576, got a larger one'],
    [
      { maxPendingBytes: 5 },
      'maxPendingBytes: expected a whole number from 1,048,576 to 4,294,967,296, got a smaller one',
    ],
    [{ verifyAfterSign: 'yes' }, 'verifyAfterSign: expected true or false, got a string of 3 characters'],
    [{ keys: [] }, 'keys: expected an object of keys by id, got an array'],
    [{ keys: null }, 'keys: expected an object of keys by id, got null'],
    [{ keys: { a: 'generate' } }, 'keys["a"]: expected an object with "type" and "from", got a string of 8 characters'],
    [{ keys: { a: { from: 'generate' } } }, `keys["a"].type: expected ${TYPES}, got nothing`],
    [{ keys: { a: { type: 'ed25519' } } }, `keys["a"].from: expected ${SOURCES}, got nothing`],
    [{ keys: { a: { ...KEY, form: 1 } } }, 'keys["a"].form: unknown field; did you mean "from"?'],
    [withSource('f00d'), `keys["a"].from: expected ${SOURCES}, got a string of 4 characters`],
    [withSource({}), `keys["a"].from: expected ${SOURCES}, got none of them`],
    [withSource({ env: 'A', file: 'b' }), 'keys["a"].from: expected one source, got 2: "env" and "file"'],
    [withSource({ env: '1A' }), `keys["a"].from.env: expected ${ENV_NAME}, got a string of 2 characters`],
    [withSource({ env: null }), `keys["a"].from.env: expected ${ENV_NAME}, got null`],
    [
      withSource({ env: 'A', encoding: 'utf8' }),
      'keys["a"].from.encoding: expected "auto", "raw", "hex", "base64" or "pem", got a string of 4 characters',
    ],
    [
      withSource({ env: 'A', allowSharedFile: true }),
      'keys["a"].from.allowSharedFile: only a source with "file" takes this field',
    ],
    [
      withSource({ file: '' }),
      'keys["a"].from.file: expected the path of a file (1 to 32,767 characters, no NUL), got an empty string',
    ],
    [
      withSource({ file: 'a', allowSharedFile: 1 }),
      'keys["a"].from.allowSharedFile: expected true or false, got a number',
    ],
    [
      withSource({ bytes: 'f00d' }),
      'keys["a"].from.bytes: expected a Uint8Array or ArrayBuffer, got a string of 4 characters',
    ],
    [
      withSource({ bytes: new Uint16Array(16) }),
      'keys["a"].from.bytes: expected a Uint8Array or ArrayBuffer, got an array of another element type',
    ],
  ];
  for (const [input, expected] of cases) assert.equal(problemsOf(input), [expected]);
});

const load = (fields: object, rest: object = { passwords: 'p', id: '{name}' }): unknown => ({
  load: [{ keystores: 'k', ...rest, ...fields }],
});
const sealedLoad = (fields: object): unknown => ({ load: [{ sealed: 's', password: PASSWORD, ...fields }] });
const from = (type: string, source: object): unknown => ({ keys: { a: { type, from: source } } });

test('each mistake in a password, a path, a policy or a load has its path and reason too', () => {
  const pasted = `${SECRETS}; a secret itself does not belong in settings`;
  const ofKeystores = 'a key id with {pubkey} or {address} or {name} in it';
  const hardened = "expected a hardened step, with ' after its number; ed25519 has no other (SLIP-0010)";
  const number = 'expected a number from 0 to 2147483647';
  const cases: [unknown, string][] = [
    [
      from('seed', { mnemonic: 'zoo zoo' }),
      `keys["a"].from.mnemonic: expected ${pasted}, got a string of 7 characters`,
    ],
    [from('seed', { mnemonic: {} }), `keys["a"].from.mnemonic: expected ${SECRETS}, got none of them`],
    [
      from('seed', { mnemonic: PASSWORD, passphrase: 'x' }),
      `keys["a"].from.passphrase: expected ${pasted}, got a string of 1 character`,
    ],
    [from('seed', { mnemonic: { env: 'A', encoding: 'hex' } }), 'keys["a"].from.mnemonic.encoding: unknown field'],
    [
      from('seed', { mnemonic: { env: 'A', allowSharedFile: true } }),
      'keys["a"].from.mnemonic.allowSharedFile: only a source with "file" takes this field',
    ],
    [
      from('seed', { mnemonic: { prompt: true } }),
      'keys["a"].from.mnemonic.prompt: only the program strongroom asks for what is typed; a program of yours names an "env" or a "file"',
    ],
    [
      from('seed', { mnemonic: PASSWORD, language: 'klingon' }),
      'keys["a"].from.language: expected "english", "chinese-simplified", "chinese-traditional", "czech", "french", "italian", "japanese", "korean", "portuguese" or "spanish", got a string of 7 characters',
    ],
    [
      from('ed25519', { mnemonic: PASSWORD }),
      'keys["a"].from: a mnemonic makes a key of type "seed"; derive others from it',
    ],
    [from('ed25519', { seed: 'w', path: "m/0'/1" }), `keys["a"].from: step 2 of the path: ${hardened}`],
    [
      from('bls12-381', { seed: 'w', path: "m/12381'" }),
      'keys["a"].from: step 1 of the path: expected a number alone; bls12-381 has no hardened steps (EIP-2334)',
    ],
    [
      from('secp256k1', { seed: 'w', path: 'm/0/2147483648' }),
      `keys["a"].from: step 2 of the path: ${number}, without leading zeros, with ' after it for a hardened step`,
    ],
    [
      from('secp256k1', { seed: 'w', path: '44/60' }),
      'keys["a"].from: expected a path that begins with m, such as m/0',
    ],
    [from('seed', { seed: 'w', path: 'm/0' }), 'keys["a"].from: a key of type seed is not derived from a seed'],
    [
      from('secp256k1', { seed: 'w', path: '' }),
      "keys[\"a\"].from.path: expected a key path, as in m/44'/60'/0'/0/0, got an empty string",
    ],
    [
      from('secp256k1', { seed: 'w' }),
      "keys[\"a\"].from.path: expected a key path, as in m/44'/60'/0'/0/0, got nothing",
    ],
    [
      from('ed25519', { keystore: 'k', password: PASSWORD }),
      'keys["a"].from: a keystore holds a key of type "bls12-381" or "secp256k1"',
    ],
    [from('secp256k1', { keystore: 'k' }), `keys["a"].from.password: expected ${SECRETS}, got nothing`],
    [
      from('secp256k1', { keystore: '', password: PASSWORD }),
      `keys["a"].from.keystore: expected ${PATH}, got an empty string`,
    ],
    [
      from('secp256k1', { keystore: 'k', password: PASSWORD, create: true }),
      'keys["a"].from.create: only a source with "sealed" takes this field',
    ],
    [
      from('ed25519', { env: 'A', password: PASSWORD }),
      'keys["a"].from.password: only a source with "keystore" or "sealed" takes this field',
    ],
    [
      from('ed25519', { sealed: 's', password: PASSWORD, create: 1 }),
      'keys["a"].from.create: expected true or false, got a number',
    ],
    [
      { keys: { a: { ...KEY, allow: ['sing'] } } },
      `keys["a"].allow[0]: expected ${OPERATIONS}, got a string of 4 characters`,
    ],
    [
      { keys: { a: { ...KEY, allow: 'sign' } } },
      'keys["a"].allow: expected an array of 0 to 75 items, got a string of 4 characters',
    ],
    [{ kdf: 7 }, 'kdf: expected an object with "maxMemory" and "maxWork", got a number'],
    [
      { kdf: { maxMemory: 1000 } },
      'kdf.maxMemory: expected a whole number from 1,048,576 to 68,719,476,736, got a smaller one',
    ],
    [
      { kdf: { maxWork: '1' } },
      'kdf.maxWork: expected a whole number from 1 to 1,099,511,627,776, got a string of 1 character',
    ],
    [{ kdf: { memory: 1 } }, 'kdf.memory: unknown field'],
    [{ load: {} }, 'load: expected an array of 0 to 1,024 items, got an object'],
    [
      { load: ['keys.sealed'] },
      'load[0]: expected an object with "keystores" or "sealed", got a string of 11 characters',
    ],
    [{ load: [{}] }, 'load[0]: expected one of "keystores" and "sealed"'],
    [load({ sealed: 's' }), 'load[0]: expected one of "keystores" and "sealed"'],
    [load({ password: PASSWORD }), 'load[0].password: unknown field; did you mean "passwords"?'],
    [load({ passwords: '' }), `load[0].passwords: expected ${PATH}, got an empty string`],
    [load({ passwords: 7 }), `load[0].passwords: expected ${SECRETS}, got a number`],
    [load({ passwords: { folder: 'p', env: 'A' } }), 'load[0].passwords.env: unknown field'],
    [load({ id: 'validator' }), `load[0].id: expected ${ofKeystores}, got a string of 9 characters`],
    [load({ id: '{id}' }), `load[0].id: expected ${ofKeystores}, got a string of 4 characters`],
    [load({}, { passwords: 'p' }), `load[0].id: expected ${ofKeystores}, got nothing`],
    [load({ allow: ['all'] }), `load[0].allow[0]: expected ${OPERATIONS}, got a string of 3 characters`],
    [sealedLoad({ id: 'all' }), 'load[0].id: expected a key id with {id} in it, got a string of 3 characters'],
    [sealedLoad({ password: 'hunter2' }), `load[0].password: expected ${pasted}, got a string of 7 characters`],
    [sealedLoad({ create: true }), 'load[0].create: unknown field'],
  ];
  for (const [input, expected] of cases) assert.equal(problemsOf(input), [expected]);
  const inFile = write(JSON.stringify(from('seed', { mnemonic: { bytes: [1] } })));
  assert.equal(problemsOf(inFile), [
    'keys["a"].from.mnemonic.bytes: a JSON file cannot hold bytes; use "env" or "file"',
  ]);
});

test('each mistake in a limit, in locking, in operators and in the audit log has its path and reason', () => {
  const keyOf = (type: string, policy: object): unknown => ({ keys: { a: { type, from: 'generate', ...policy } } });
  const count = 'expected a whole number from 1 to 9,007,199,254,740,991';
  const rate = 'expected a whole number from 1 to 10,000,000';
  const time = 'expected a whole number from 1 to 3,155,760,000,000';
  const schemes = '"ed25519", "ecdsa", "ecdsa-recoverable", "schnorr" or "bls12-381"';
  const cases: [unknown, string][] = [
    [keyOf('ed25519', { maxSignatures: 0 }), `keys["a"].maxSignatures: ${count}, got a smaller one`],
    [keyOf('ed25519', { maxSignatures: 2 ** 53 }), `keys["a"].maxSignatures: ${count}, got a larger one`],
    [keyOf('ed25519', { maxSignatures: '5' }), `keys["a"].maxSignatures: ${count}, got a string of 1 character`],
    [keyOf('ed25519', { maxSignatures: null }), `keys["a"].maxSignatures: ${count}, got null`],
    [keyOf('ed25519', { perSecond: 1.5 }), `keys["a"].perSecond: ${rate}, got a fraction`],
    [keyOf('ed25519', { perSecond: 10_000_001 }), `keys["a"].perSecond: ${rate}, got a larger one`],
    [keyOf('ed25519', { expiresInMs: 3_155_760_000_001 }), `keys["a"].expiresInMs: ${time}, got a larger one`],
    [keyOf('ed25519', { idleMs: 0 }), `keys["a"].idleMs: ${time}, got a smaller one`],
    [keyOf('ed25519', { schemes: [] }), 'keys["a"].schemes: expected an array of 1 to 5 items, got 0'],
    [keyOf('ed25519', { schemes: ['rsa'] }), `keys["a"].schemes[0]: expected ${schemes}, got a string of 3 characters`],
    [
      keyOf('ed25519', { schemes: ['ed25519', 'schnorr'] }),
      'keys["a"].schemes: a key of type "ed25519" has no scheme "schnorr"',
    ],
    [keyOf('hmac', { schemes: ['ed25519'] }), 'keys["a"].schemes: a key of type "hmac" has no scheme "ed25519"'],
    ...['x25519', 'seed', 'aead', 'hmac'].map((type): [unknown, string] => [
      keyOf(type, { maxSignatures: 1 }),
      `keys["a"].maxSignatures: a key of type "${type}" makes no signatures`,
    ]),
    [keyOf('aead', { allow: ['mac'] }), 'keys["a"].allow: a key of type "aead" has no operation "mac"'],
    [keyOf('seed', { allow: ['sign'] }), 'keys["a"].allow: a key of type "seed" has no operation "sign"'],
    [keyOf('ed25519', { maxsignatures: 1 }), 'keys["a"].maxsignatures: unknown field; did you mean "maxSignatures"?'],
    ...['agree', 'open', 'seal', 'Sphinx/unwrap'].map((operation): [unknown, string] => [
      keyOf('ed25519', { allow: [operation] }),
      ['agree', 'open'].includes(operation)
        ? `keys["a"].allow: a key of type "ed25519" has no operation "${operation}"`
        : `keys["a"].allow[0]: expected ${OPERATIONS}, got a string of ${operation.length} characters`,
    ]),
    [load({ idleMs: -1 }), `load[0].idleMs: ${time}, got a smaller one`],
    [sealedLoad({ perSecond: [] }), `load[0].perSecond: ${rate}, got an array`],
    [{ lock: true }, 'lock: expected an object with "idleMs" and "unsealed", got a boolean'],
    [{ lock: { idleMs: 0 } }, `lock.idleMs: ${time}, got a smaller one`],
    [{ lock: { unsealed: 'keep' } }, 'lock.unsealed: expected "drop" or "refuse", got a string of 4 characters'],
    [{ lock: { after: 1 } }, 'lock.after: unknown field'],
    [{ operators: ['./a.js'] }, 'operators: expected an object of operators by name, got an array'],
    [
      { operators: { unwrap: './a.js' } },
      'operators[#1]: expected the name of an operator (two words of small letters, digits and hyphens, with a slash between them, up to 64 characters), got a string of 6 characters',
    ],
    [{ operators: { 'a/b': '' } }, `operators["a/b"]: expected ${PATH}, got an empty string`],
    [{ audit: 'audit.log' }, 'audit: expected an object with "file", got a string of 9 characters'],
    [{ audit: {} }, `audit.file: expected ${PATH}, got nothing`],
    [
      { audit: { file: 'a', operations: 'all' } },
      'audit.operations: expected "summary" or "each", got a string of 3 characters',
    ],
    [{ audit: { file: 'a', onError: '' } }, 'audit.onError: expected "refuse" or "continue", got an empty string'],
  ];
  for (const [input, expected] of cases) assert.equal(problemsOf(input), [expected]);
});

test('ids are checked, also those that objects have by nature', () => {
  const rule =
    'expected a key id (1 to 128 characters: a letter or digit, then letters, digits and the characters . _ : / -)';
  const keys = JSON.parse(
    `{"__proto__": ${JSON.stringify(KEY)}, "constructor": ${JSON.stringify(KEY)}, "toString": ${JSON.stringify(KEY)},
      "": ${JSON.stringify(KEY)}, "two words": ${JSON.stringify(KEY)}, "${'x'.repeat(129)}": ${JSON.stringify(KEY)}}`,
  );
  assert.equal(problemsOf({ keys }), [
    `keys["__proto__"]: ${rule}, got a string of 9 characters`,
    `keys[#4]: ${rule}, got an empty string`,
    `keys[#5]: ${rule}, got a string of 9 characters`,
    `keys[#6]: ${rule}, got a string of 129 characters`,
  ]);
});

test('thirty mistakes at once are thirty problems, and the message names the first and counts the rest', () => {
  const keys = Object.fromEntries(
    Array.from({ length: 6 }, (_, n) => [`k${n}`, { type: 'rsa', from: { env: '1', encoding: 'x' }, nope: 1 }]),
  );
  const input = { keys, threads: 0, provider: 1, memory: { lock: 1, maxKeys: 0 }, maxPending: 0, verifyAfterSign: 0 };
  const error = refused(input);
  assert.is(error.problems?.length, 30);
  assert.is(new Set(error.problems?.map(({ path }) => path)).size, 30);
  for (let n = 0; n < 6; n++) {
    for (const field of ['nope', 'type', 'from.env', 'from.encoding']) {
      assert.ok(
        error.problems?.some(({ path }) => path === `keys["k${n}"].${field}`),
        `k${n} ${field}`,
      );
    }
  }
  assert.match(error.message, /^30 mistakes in the settings: threads: .*; and 25 more$/);
  assert.not.match(error.message, '\n');
});

test('with two sources the mistakes in both are reported', () => {
  assert.equal(problemsOf(withSource({ env: '1', file: '', bytes: 1, url: 2 })), [
    'keys["a"].from.url: unknown field',
    'keys["a"].from: expected one source, got 3: "env", "file" and "bytes"',
    `keys["a"].from.env: expected ${ENV_NAME}, got a string of 1 character`,
    'keys["a"].from.file: expected the path of a file (1 to 32,767 characters, no NUL), got an empty string',
    'keys["a"].from.bytes: expected a Uint8Array or ArrayBuffer, got a number',
  ]);
});

test('each way in which a settings file can be wrong is its own problem', () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'folder.json'));
  const cases: [string, string | RegExp][] = [
    [join(folder, 'folder.json'), `settings: expected ${FILE}, got a directory`],
    [write(''), `settings: expected ${FILE}, got an empty one`],
    [write(`{}${' '.repeat(1_048_575)}`), `settings: expected ${FILE}, got one of 1,048,577 bytes`],
    [write(new Uint8Array([0x7b, 0xff, 0x7d])), `settings: expected ${FILE}, got one that is not UTF-8 text`],
    [write('{\n  "threads": four\n}'), 'settings: not valid JSON at line 2, column 14: expected a value'],
    [write('[]'), 'settings: expected an object, got an array'],
    [write('null'), 'settings: expected an object, got null'],
    [
      write('{"keys": {"a": {"type": "ed25519", "from": {"bytes": [1, 2]}}}}'),
      'keys["a"].from.bytes: a JSON file cannot hold bytes; use "env" or "file"',
    ],
    [
      write('{"keys": {"a": {"type": "ed25519", "from": "x"}}}'),
      `keys["a"].from: expected ${JSON_SOURCES}, got a string of 1 character`,
    ],
    [write('{"threads": 1, "threads": 2}'), 'threads: appears twice, again at line 1, column 16'],
  ];
  for (const [file, expected] of cases) assert.equal(problemsOf(file), [expected]);
  const absent = join(folder, 'absent.json');
  const nothing = `got a path where there is nothing (${absent.length} characters, made absolute)`;
  assert.equal(problemsOf(absent), [`settings: expected ${FILE}, ${nothing}`]);
  assert.equal(problemsOf(join(write('{}'), 'below-a-file.json')), [
    `settings: expected ${FILE}, which could not be read (ENOTDIR)`,
  ]);
  readSettings(write(`{}${' '.repeat(1_048_574)}`), {});
});

if (process.platform === 'win32') {
  test.skip('a device or pipe is not opened', 'needs /dev/null');
} else {
  test('a device or pipe is not opened', () => {
    assert.equal(problemsOf('/dev/null'), [`settings: expected ${FILE}, got something that is not a regular file`]);
  });
}

test('no value is ever echoed, wherever it stands', () => {
  const marker = `5eC7e7${'a1'.repeat(29)}`;
  const odd = `${marker} x`;
  const places: unknown[] = [
    odd,
    { $schema: [marker], threads: marker, provider: marker, memory: marker, keys: marker, maxPending: marker },
    { memory: { lock: marker, maxKeys: marker, [marker]: marker }, maxPendingBytes: marker, verifyAfterSign: marker },
    { [marker]: marker, [`_${marker}`]: { [marker]: marker } },
    { keys: { [odd]: marker, [`-${marker}`]: { [marker]: marker } } },
    { keys: { a: marker, b: { type: marker, from: marker, [marker]: marker }, c: [marker] } },
    withSource({ env: odd, encoding: marker, [marker]: marker, allowSharedFile: marker }),
    withSource({ file: `${marker}\0`, encoding: marker, allowSharedFile: marker }),
    withSource({ bytes: marker, encoding: marker }),
    withSource({ env: odd, file: [marker], bytes: { [marker]: marker } }),
    // What people paste: words, passwords and keys where their source belongs.
    from('seed', { mnemonic: odd, passphrase: marker, language: marker }),
    from('seed', { mnemonic: { env: odd, [marker]: marker }, passphrase: { file: `${marker}\0` } }),
    from('secp256k1', { seed: odd, path: marker }),
    from('secp256k1', { seed: marker, path: `m/${marker}` }),
    from('ed25519', { seed: 'a', path: `m/0/${marker}` }),
    from('secp256k1', { keystore: [marker], password: marker }),
    from('ed25519', { sealed: `${marker}\0`, password: { bytes: marker }, create: marker }),
    { keys: { a: { ...KEY, allow: [marker] }, b: { ...KEY, allow: marker } }, kdf: { maxMemory: marker, [marker]: 1 } },
    load({ passwords: { folder: [marker], [marker]: 1 }, id: odd, allow: [marker], [marker]: marker }),
    load({ keystores: `${marker}\0`, passwords: [marker], id: `{${marker}}` }),
    sealedLoad({ password: marker, id: marker }),
    { load: [marker] },
    { load: marker, kdf: marker },
    {
      keys: {
        a: { ...KEY, schemes: [marker], maxSignatures: marker, perSecond: marker, expiresInMs: marker, idleMs: marker },
      },
    },
    sealedLoad({ schemes: marker, maxSignatures: [marker], idleMs: { [marker]: marker } }),
    { lock: { idleMs: marker, unsealed: marker, [marker]: marker }, audit: { file: [marker], [marker]: marker } },
    {
      lock: marker,
      operators: { [marker]: marker, [odd]: odd },
      audit: { file: `${marker}\0`, key: odd, onError: marker },
    },
  ];
  const environment = {
    STRONGROOM_THREADS: marker,
    STRONGROOM_PROVIDER: marker,
    STRONGROOM_MEMORY_LOCK: marker,
    STRONGROOM_MAX_KEYS: marker,
  };
  // The control: the search finds a marker that an error does hold.
  const leaky = refused({ threads: 0 });
  leaky.message += marker;
  assert.match(allTextOf(leaky), marker.slice(0, 12));
  for (const place of places) assert.not.match(allTextOf(refused(place, environment)), marker.slice(0, 12));
  for (const place of places.slice(1)) {
    const text = JSON.stringify(place);
    for (const content of [text, text.slice(0, -2), text.replaceAll('"', "'"), text.replaceAll(':', ' '), marker]) {
      const error = refused(write(content), environment);
      assert.not.match(allTextOf(error), marker.slice(0, 12));
    }
  }
  assert.not.match(allTextOf(refused(undefined, { STRONGROOM_SETTINGS: marker })), marker.slice(0, 12));
});

test('hostile objects are refused, whole and in every field, and nothing of them is shown', () => {
  for (const [label, value] of hostileValues('MARKER')) {
    const shapes: unknown[] = [
      { threads: value, provider: value, maxPending: value, maxPendingBytes: value, verifyAfterSign: value },
      { threads: value, memory: value },
      { memory: { lock: value, maxKeys: value } },
      { threads: value, keys: value },
      { keys: { a: value } },
      { keys: { a: { type: value, from: value } } },
      ...['env', 'file', 'bytes'].map((name) => withSource({ [name]: value, encoding: value, allowSharedFile: value })),
      from('seed', { mnemonic: value, passphrase: value, language: value }),
      from('secp256k1', { seed: value, path: value }),
      from('secp256k1', { keystore: value, password: value }),
      from('secp256k1', { sealed: value, password: value, create: value }),
      { threads: value, load: value, kdf: value },
      { load: [value], kdf: { maxMemory: value, maxWork: value } },
      load({ keystores: value, passwords: value, id: value, allow: value }),
      load({ keystores: value, passwords: { folder: value, allowSharedFile: value } }),
      sealedLoad({ sealed: value, password: value, id: value, allow: [value] }),
      {
        keys: {
          a: { ...KEY, schemes: value, maxSignatures: value, perSecond: value, expiresInMs: value, idleMs: value },
        },
      },
      { keys: { a: { ...KEY, schemes: [value], maxSignatures: value } } },
      { threads: value, lock: value, operators: value, audit: value },
      {
        lock: { idleMs: value, unsealed: value },
        audit: { file: value, key: value, operations: value, onError: value },
      },
      { operators: { 'a/b': value } },
    ];
    if (label !== 'an array with holes') shapes.push({ threads: 0, keys: { a: { ...KEY, extra: value } } });
    for (const shape of shapes) assert.not.match(allTextOf(refused(shape)), 'MARKER', label);
    try {
      readSettings(value as Settings, {});
    } catch (error) {
      assert.is((error as { code?: string }).code, 'ERR_SETTINGS', label);
      assert.not.match(allTextOf(error as never), 'MARKER', label);
    }
  }
});

test('each field is read once, so a getter cannot change its mind after the check', () => {
  const reads: string[] = [];
  const watched = <T extends object>(target: T, at: string): T =>
    new Proxy(target, {
      get: (object, name) => {
        reads.push(`${at}.${String(name)}`);
        const value: unknown = Reflect.get(object, name);
        if (value !== null && typeof value === 'object' && !ArrayBuffer.isView(value)) {
          return watched(value, `${at}.${String(name)}`);
        }
        return value;
      },
    });
  const input: Settings = {
    threads: 2,
    memory: { lock: 'off', maxKeys: 3 },
    keys: {
      a: { type: 'ed25519', from: { file: 'a', encoding: 'hex' } },
      b: KEY,
      c: { type: 'seed', from: { mnemonic: { file: 'w' }, passphrase: { env: 'P' } }, allow: ['derive'], idleMs: 5 },
      g: { type: 'secp256k1', from: 'generate', schemes: ['ecdsa'], maxSignatures: 1, perSecond: 2, expiresInMs: 3 },
      d: { type: 'secp256k1', from: { seed: 'c', path: 'm/0' } },
      e: { type: 'secp256k1', from: { keystore: 'k', password: { file: 'p' } } },
      f: { type: 'ed25519', from: { sealed: 's', password: { file: 'p' } } },
    },
    kdf: { maxMemory: 2 ** 30 },
    lock: { idleMs: 5, unsealed: 'drop' },
    operators: { 'a/b': './ab.js' },
    audit: { file: 'audit.log', key: 'g' },
    load: [
      { keystores: 'k', passwords: { folder: 'p' }, id: '{name}', allow: ['sign'] },
      { sealed: 's', password: { env: 'P' } },
    ],
  };
  const settings = readSettings(watched(input, ''), {});
  assert.is(new Set(reads).size, reads.length, reads.join(' '));
  assert.equal(settings, readSettings(input, {}));
  structuredClone(settings); // no proxy is left in it
});

test('a key that a caller registers is checked the same way, with a TypeError', () => {
  assert.equal(expectKey('a', { type: 'ed25519', from: { file: 'k' } }, resolve('/keys')), {
    id: 'a',
    type: 'ed25519',
    from: { file: resolve('/keys/k'), encoding: 'auto', allowSharedFile: false },
  });
  const bad = (): unknown => expectKey('__proto__', { type: 'rsa', from: {} }, '/');
  assert.throws(bad, (error: unknown) => error instanceof TypeError);
  assert.throws(bad, /^id: expected a key id .*; spec\.type: expected .*; spec\.from: expected .*$/);
});

test.run();
