// strongroom.schema.json, which editors use, and the checks in code say the same of every settings file.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { readSettings } from '../../dist/src/settings/read.js';
import type { Settings } from '../../dist/src/vault.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('the JSON Schema');

type Json = Record<string, unknown>;
const schema = JSON.parse(readFileSync(new URL('../../../strongroom.schema.json', import.meta.url), 'utf8')) as Json;
const validate = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);

const accepts = (settings: unknown): boolean => {
  try {
    // As the program reads a file: with what is typed at the terminal, and without bytes.
    readSettings(settings as Settings, {}, 'program');
    return true;
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ERR_SETTINGS');
    return false;
  }
};
const agree = (settings: unknown, expected?: boolean): boolean => {
  const [bySchema, byCode] = [validate(settings), accepts(settings)];
  const shown = JSON.stringify(settings)?.slice(0, 300);
  assert.is(byCode, bySchema, `code ${byCode}, schema ${bySchema}: ${shown}`);
  if (expected !== undefined) assert.is(byCode, expected, shown);
  return byCode;
};

const key = (from: unknown, type: unknown = 'ed25519'): Json => ({ keys: { a: { type, from } } });

const PASSWORD = { env: 'PASSWORD' };
const derived = (type: string, path: unknown, seed: unknown = 'wallet'): Json => key({ seed, path }, type);
const keystores = (fields: Json): Json => ({
  load: [{ keystores: 'validators', passwords: 'passwords', id: 'v/{pubkey}', ...fields }],
});
const sealedFile = (fields: Json): Json => ({ load: [{ sealed: 'keys.sealed', password: PASSWORD, ...fields }] });
const LANGUAGES = [
  ...['english', 'chinese-simplified', 'chinese-traditional', 'czech', 'french', 'italian', 'japanese', 'korean'],
  ...['portuguese', 'spanish'],
];
const TYPES = ['ed25519', 'secp256k1', 'bls12-381', 'x25519', 'seed', 'aead', 'hmac'];
const OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  ed25519: ['sign', 'export'],
  secp256k1: ['sign', 'agree', 'agree-raw', 'export'],
  'bls12-381': ['sign', 'provePossession', 'export'],
  x25519: ['agree', 'agree-raw', 'open', 'export'],
  seed: ['derive', 'extendedPublicKey', 'export'],
  aead: ['encrypt', 'decrypt', 'export'],
  hmac: ['mac', 'export'],
};
const ALL_OPERATIONS = [...new Set(Object.values(OPERATIONS).flat())];
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  ed25519: ['ed25519'],
  secp256k1: ['ecdsa', 'ecdsa-recoverable', 'schnorr'],
  'bls12-381': ['bls12-381'],
};
const ALL_SCHEMES = Object.values(SCHEMES).flat();
const policy = (type: string, fields: object): Json => ({ keys: { a: { type, from: 'generate', ...fields } } });
const HOLDERS: readonly ((fields: Json) => Json)[] = [(fields) => policy('ed25519', fields), keystores, sealedFile];
const LIMITS: Readonly<Record<string, number>> = {
  maxSignatures: Number.MAX_SAFE_INTEGER,
  perSecond: 10_000_000,
  expiresInMs: 3_155_760_000_000,
  idleMs: 3_155_760_000_000,
};
const HARDENED = ["m/0'", "m/2147483647'", "m/44h/501H/0'", `m${"/1'".repeat(255)}`];
const MARKED = ["m/44'/60'/0'/0/0", 'm/2147483647', 'm/0/1h', `m${'/1'.repeat(255)}`];
const UNMARKED = ['m/12381/3600/0/0/0', 'm/2147483648', 'm/4294967295', 'm/999999999/1000000000/4294967289'];

const good: unknown[] = [
  ...['ed25519', 'x25519'].flatMap((type) => ['m', ...HARDENED].map((path) => derived(type, path))),
  ...['m', ...HARDENED, ...MARKED].map((path) => derived('secp256k1', path)),
  ...['m', ...UNMARKED].map((path) => derived('bls12-381', path)),
  ...[PASSWORD, { file: 'words' }, { file: 'w', allowSharedFile: true }, { prompt: true }].flatMap((secret) => [
    key({ mnemonic: secret }, 'seed'),
    key({ mnemonic: PASSWORD, passphrase: secret, language: 'english' }, 'seed'),
    key({ keystore: 'k.json', password: secret }, 'bls12-381'),
    key({ sealed: 'keys.sealed', password: secret }),
    keystores({ passwords: secret }),
    sealedFile({ password: secret }),
  ]),
  ...LANGUAGES.map((language) => key({ mnemonic: PASSWORD, language }, 'seed')),
  key({ keystore: 'k.json', password: PASSWORD }, 'secp256k1'),
  ...TYPES.map((type) => key({ sealed: 'keys.sealed', password: PASSWORD, create: true }, type)),
  ...[[], ['sign'], ['sign', 'sign'], ['sign', 'export']].map((allow) => ({
    keys: { a: { type: 'ed25519', from: 'generate', allow } },
  })),
  ...[[], ['derive'], ['derive', 'extendedPublicKey', 'export']].map((allow) => ({
    keys: { a: { type: 'seed', from: 'generate', allow } },
  })),
  { keys: { a: { type: 'x25519', from: 'generate', allow: ['export'] } } },
  ...[[], ['sign'], ['sign', 'sign'], ['sign', 'derive', 'extendedPublicKey', 'export']].flatMap((allow) => [
    keystores({ allow }),
    sealedFile({ allow }),
  ]),
  ...TYPES.map((type) => policy(type, { allow: [...OPERATIONS[type]!, 'sphinx/unwrap', 'a/b-2'] })),
  ...TYPES.flatMap((type) => (SCHEMES[type] ?? []).map((scheme) => policy(type, { schemes: [scheme] }))),
  ...TYPES.map((type) => policy(type, { perSecond: 1, expiresInMs: 1, idleMs: 1 })),
  policy('secp256k1', { schemes: [...SCHEMES.secp256k1!, 'schnorr', 'ecdsa'], maxSignatures: 1 }),
  ...HOLDERS.flatMap((holder) => [
    holder({ allow: new Array(75).fill('sign') }),
    ...Object.entries(LIMITS).flatMap(([name, most]) => [holder({ [name]: 1 }), holder({ [name]: most })]),
  ]),
  ...[keystores, sealedFile].map((holder) => holder({ allow: [...ALL_OPERATIONS, 'a/b'], schemes: ALL_SCHEMES })),
  { lock: {} },
  { lock: { idleMs: 1 } },
  { lock: { idleMs: 3_155_760_000_000, unsealed: 'drop' } },
  { lock: { unsealed: 'refuse' } },
  { operators: {} },
  { operators: { 'sphinx/unwrap': './ops/sphinx.js', [`${'a'.repeat(31)}/${'b'.repeat(32)}`]: '/abs' } },
  { operators: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`a/b${i}`, 'x'])) },
  { audit: { file: 'audit.log' } },
  { audit: { file: '/var/audit.log', key: 'node/audit', operations: 'each', onError: 'continue' } },
  { audit: { file: 'a', operations: 'summary', onError: 'refuse' } },

  { load: [] },
  { load: [keystores({}), sealedFile({})].flatMap(({ load }) => load) },
  keystores({ passwords: { folder: 'p' } }),
  keystores({ passwords: { folder: 'p', allowSharedFile: true } }),
  ...['{pubkey}', '{name}', '{address}', 'a/{name}-{pubkey}', '{name}{name}', `${'x'.repeat(122)}{name}`].map((id) =>
    keystores({ id }),
  ),
  ...['{id}', 'old/{id}', '{id}.{id}'].map((id) => sealedFile({ id })),
  { kdf: {} },
  { kdf: { maxMemory: 1_048_576, maxWork: 1 } },
  { kdf: { maxMemory: 68_719_476_736, maxWork: 1_099_511_627_776 } },

  {},
  { $schema: '' },
  { $schema: './strongroom.schema.json', keys: {} },
  { threads: 1 },
  { threads: 256 },
  { threads: 4.0 },
  ...['auto', 'native', 'noble'].map((provider) => ({ provider })),
  { memory: {} },
  ...['require', 'warn', 'off'].map((lock) => ({ memory: { lock } })),
  { memory: { maxKeys: 1 } },
  { memory: { lock: 'off', maxKeys: 1_000_000 } },
  { maxPending: 1 },
  { maxPending: 1_048_576 },
  { maxPendingBytes: 1_048_576 },
  { maxPendingBytes: 4_294_967_296 },
  { verifyAfterSign: true },
  ...['strict', 'warn', 'off'].map((hardening) => ({ hardening })),
  ...TYPES.map((type) => key('generate', type)),
  ...['auto', 'raw', 'hex', 'base64', 'pem'].map((encoding) => key({ env: 'A', encoding })),
  key({ env: '_' }),
  key({ env: 'N'.repeat(255) }),
  key({ file: 'x' }),
  key({ file: '/keys/ключ 1.hex', encoding: 'hex', allowSharedFile: false }),
  { keys: { constructor: { type: 'ed25519', from: 'generate' }, toString: { type: 'x25519', from: 'generate' } } },
  { keys: { [`0${'._:/-'.repeat(25)}ab`]: { type: 'ed25519', from: 'generate' } } },
];

const bad: unknown[] = [
  ...[
    '',
    'm/',
    'n/0',
    'm/01',
    'm/-1',
    'm/1/',
    'm//1',
    "m/1''",
    'm/4294967296',
    '/m',
    'M',
    'm/0x1',
    'm\n',
    7,
    null,
  ].flatMap((path) => ['ed25519', 'secp256k1', 'bls12-381', 'x25519'].map((type) => derived(type, path))),
  ...['ed25519', 'x25519'].flatMap((type) => ['m/0', "m/0'/1", "m/2147483648'"].map((path) => derived(type, path))),
  ...['m/2147483648', "m/2147483648'", `m${'/1'.repeat(256)}`].map((path) => derived('secp256k1', path)),
  ...["m/0'", 'm/12381h', `m${'/1'.repeat(256)}`].map((path) => derived('bls12-381', path)),
  derived('seed', "m/0'"),
  ...['', '-a', 7, null].map((seed) => derived('secp256k1', 'm', seed)),
  key({ seed: 'wallet' }, 'secp256k1'),
  key({ path: 'm' }, 'secp256k1'),
  key({ seed: 'wallet', path: 'm', encoding: 'hex' }, 'secp256k1'),
  ...['ed25519', 'secp256k1', 'bls12-381', 'x25519'].map((type) => key({ mnemonic: PASSWORD }, type)),
  ...['ed25519', 'x25519', 'seed'].map((type) => key({ keystore: 'k.json', password: PASSWORD }, type)),
  ...[
    'hunter2',
    null,
    {},
    [],
    { env: '1' },
    { file: '' },
    { bytes: [1] },
    { prompt: false },
    { prompt: 'true' },
  ].flatMap((secret) => [
    key({ mnemonic: secret }, 'seed'),
    key({ mnemonic: PASSWORD, passphrase: secret }, 'seed'),
    key({ keystore: 'k.json', password: secret }, 'secp256k1'),
    key({ sealed: 'keys.sealed', password: secret }),
    sealedFile({ password: secret }),
  ]),
  key({ mnemonic: { ...PASSWORD, encoding: 'hex' } }, 'seed'),
  key({ mnemonic: { ...PASSWORD, file: 'x' } }, 'seed'),
  key({ mnemonic: { prompt: true, file: 'x' } }, 'seed'),
  ...['English', '', null].map((language) => key({ mnemonic: PASSWORD, language }, 'seed')),
  key({ prompt: true }),
  key({ keystore: 'k.json' }, 'secp256k1'),
  key({ keystore: '', password: PASSWORD }, 'secp256k1'),
  key({ keystore: 'k.json', password: PASSWORD, create: true }, 'secp256k1'),
  key({ sealed: 'keys.sealed' }),
  key({ sealed: 'keys.sealed', password: PASSWORD, create: 'yes' }),
  key({ sealed: 'keys.sealed', password: PASSWORD, keystore: 'k.json' }, 'secp256k1'),
  ...[
    ['seed', 'sign'],
    ['x25519', 'sign'],
    ['ed25519', 'derive'],
    ['bls12-381', 'extendedPublicKey'],
    ['secp256k1', 'derive'],
  ].map(([type, operation]) => ({ keys: { a: { type, from: 'generate', allow: [operation] } } })),
  ...['sign', null, {}, ['Sign'], [null], ['seal'], ['verify'], ['a/b/c'], new Array(76).fill('sign')].flatMap(
    (allow) => [
      { keys: { a: { type: 'ed25519', from: 'generate', allow } } },
      keystores({ allow }),
      sealedFile({ allow }),
    ],
  ),
  ...TYPES.flatMap((type) => [
    ...ALL_OPERATIONS.filter((each) => !OPERATIONS[type]!.includes(each)).map((each) =>
      policy(type, { allow: [each] }),
    ),
    ...ALL_SCHEMES.filter((each) => !SCHEMES[type]?.includes(each)).map((each) => policy(type, { schemes: [each] })),
    policy(type, { schemes: [] }),
    policy(type, { maxSignatures: SCHEMES[type] === undefined ? 1 : 0 }),
  ]),
  ...HOLDERS.flatMap((holder) => [
    ...Object.entries(LIMITS).flatMap(([name, most]) =>
      [0, -1, 1.5, most + 1, '1', null, [1], {}].map((value) => holder({ [name]: value })),
    ),
    ...[[], 'ed25519', null, ['rsa'], new Array(6).fill('ed25519')].map((schemes) => holder({ schemes })),
    ...['A/b', 'a/B', '/b', 'a/', '1/b', 'a/b\n', `${'a'.repeat(32)}/${'b'.repeat(32)}`].map((each) =>
      holder({ allow: [each] }),
    ),
    holder({ expires: 1 }),
  ]),
  ...['aead', 'hmac'].flatMap((type) => [
    derived(type, "m/0'"),
    derived(type, 'm'),
    key({ mnemonic: PASSWORD }, type),
    key({ keystore: 'k.json', password: PASSWORD }, type),
  ]),
  ...[null, [], 7, true, { idleMs: 0 }, { idleMs: '1' }, { idleMs: null }, { idleMs: 3_155_760_000_001 }].map(
    (lock) => ({ lock }),
  ),
  ...[{ unsealed: 'keep' }, { unsealed: null }, { unsealed: true }, { after: 1 }].map((lock) => ({ lock })),
  ...[null, [], 'a/b', { 'a/b': '' }, { 'a/b': null }, { 'a/b': ['x'] }, { 'a/b': 'a\0b' }].map((operators) => ({
    operators,
  })),
  ...['agree', 'a/', '/a', 'a/b/c', 'A/b', ' a/b', 'a/b\n', `${'a'.repeat(32)}/${'b'.repeat(32)}`].map((name) => ({
    operators: { [name]: './a.js' },
  })),
  JSON.parse('{"operators": {"__proto__": "./a.js"}}'),
  { operators: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a/b${i}`, 'x'])) },
  ...[null, [], 'audit.log', {}, { file: '' }, { file: null }, { file: 'a', key: '' }, { file: 'a', key: null }].map(
    (audit) => ({ audit }),
  ),
  ...[{ operations: 'all' }, { operations: null }, { onError: 'ignore' }, { path: 'b' }].map((fields) => ({
    audit: { file: 'a', ...fields },
  })),
  ...[null, {}, 'keys.sealed', [null], ['keys.sealed'], [{}], [[]]].map((load) => ({ load })),
  { load: new Array(1025).fill(sealedFile({}).load).flat() },
  ...['', null, 7, [], {}, { folder: '' }, { folder: 'p', file: 'x' }, { folder: 'p', allowSharedFile: 1 }].map(
    (passwords) => keystores({ passwords }),
  ),
  ...[
    '',
    'same',
    '{id}',
    '{Name}',
    '{name} ',
    '-{name}',
    '{name}{other}',
    'é{name}',
    `${'x'.repeat(123)}{name}`,
    null,
  ].map((id) => keystores({ id })),
  ...['', 'same', '{name}', '{id}\n', null].map((id) => sealedFile({ id })),
  { load: [{ keystores: 'validators', passwords: 'passwords' }] },
  { load: [{ keystores: 'validators', id: '{name}' }] },
  { load: [{ sealed: 'keys.sealed' }] },
  keystores({ sealed: 'keys.sealed' }),
  keystores({ password: PASSWORD }),
  sealedFile({ create: true }),
  ...[null, [], 7, { maxmemory: 1 }, { maxMemory: 1_048_575 }, { maxMemory: 68_719_476_737 }, { maxWork: 0 }].map(
    (kdf) => ({
      kdf,
    }),
  ),
  { kdf: { maxWork: 1_099_511_627_777 } },
  { kdf: { maxWork: 1.5 } },
  { maxMemory: 1_048_576 },

  null,
  [],
  'x\0',
  7,
  true,
  { $schema: 1 },
  { thread: 1 },
  JSON.parse('{"__proto__": {}}'),
  ...[0, 257, -1, 1.5, '4', null, [], {}].map((threads) => ({ threads })),
  ...['Auto', '', null, 1, ['auto']].map((provider) => ({ provider })),
  ...[null, [], 'warn', { lock: 'always' }, { lock: null }, { maxKeys: 0 }, { maxKeys: 1_000_001 }, { size: 1 }].map(
    (memory) => ({ memory }),
  ),
  ...[0, 1_048_577, 1e300, '1'].map((maxPending) => ({ maxPending })),
  ...[1_048_575, 4_294_967_297].map((maxPendingBytes) => ({ maxPendingBytes })),
  ...[0, 'true', null].map((verifyAfterSign) => ({ verifyAfterSign })),
  ...['Strict', '', true, null].map((hardening) => ({ hardening })),
  ...[null, [], 'generate'].map((keys) => ({ keys })),
  ...['', '__proto__', '-a', 'a b', 'a\n', 'é', 'x'.repeat(129)].map((id) =>
    JSON.parse(`{"keys": {${JSON.stringify(id)}: {"type": "ed25519", "from": "generate"}}}`),
  ),
  ...[null, 'generate', [], {}, { type: 'ed25519' }, { from: 'generate' }].map((a) => ({ keys: { a } })),
  { keys: { a: { type: 'ed25519', from: 'generate', extra: 1 } } },
  ...['rsa', 'ED25519', null, 1].map((type) => key('generate', type)),
  ...['Generate', '', null, 1, [], {}, { generate: true }].map((from) => key(from)),
  ...['', '1A', 'A-B', 'A\n', 'É', 'N'.repeat(256), null, 1].map((env) => key({ env })),
  ...['', 'a\0b', null, 1, []].map((file) => key({ file })),
  ...['utf8', null, 1].map((encoding) => key({ file: 'x', encoding })),
  key({ env: 'A', file: 'x' }),
  key({ env: 'A', allowSharedFile: true }),
  key({ file: 'x', allowSharedFile: 'yes' }),
  key({ file: 'x', password: 'x' }),
  key({ bytes: [1, 2] }),
];

test('both accept the good settings and refuse the bad ones', () => {
  assert.ok(good.length >= 180 && bad.length >= 480, `${good.length} good and ${bad.length} bad`);
  for (const settings of good) agree(settings, true);
  for (const settings of bad) agree(settings, false);
});

/** Every object inside a value, itself included. */
const objectsIn = (value: unknown): Json[] =>
  value !== null && typeof value === 'object' ? [value as Json, ...Object.values(value).flatMap(objectsIn)] : [];

test('both agree on thousands of mutated settings', () => {
  const random = seededRandom('mutated settings');
  const names = [
    'keys',
    'threads',
    'memory',
    'lock',
    'maxKeys',
    'type',
    'from',
    'env',
    'file',
    'encoding',
    'a',
    'a b',
    '$schema',
    'load',
    'kdf',
    'maxWork',
    'password',
    'passwords',
    'seed',
    'path',
    'keystore',
    'keystores',
    'sealed',
    'mnemonic',
    'allow',
    'id',
    'folder',
    'prompt',
    'schemes',
    'maxSignatures',
    'perSecond',
    'idleMs',
    'unsealed',
    'operators',
    'a/b',
    'audit',
    'onError',
  ];
  const values = [
    null,
    true,
    0,
    1,
    300,
    1.5,
    2 ** 21,
    '',
    'generate',
    'auto',
    'off',
    'hex',
    'ed25519',
    'seed',
    'A',
    '{name}',
    'm/1',
    'drop',
    ['sign'],
    ['schnorr'],
    [],
    {},
  ];
  const base = JSON.stringify({
    threads: 2,
    provider: 'auto',
    memory: { lock: 'warn', maxKeys: 5 },
    maxPending: 10,
    maxPendingBytes: 2_000_000,
    verifyAfterSign: false,
    kdf: { maxWork: 5 },
    lock: { idleMs: 5, unsealed: 'refuse' },
    operators: { 'a/b': './ab.js' },
    audit: { file: 'audit.log', key: 'h', operations: 'each' },
    load: [
      { keystores: 'k', passwords: { folder: 'p' }, id: '{name}' },
      { sealed: 's', password: { env: 'S' }, allow: ['sign'], perSecond: 7, schemes: ['schnorr'] },
    ],
    keys: {
      'a/1': { type: 'ed25519', from: 'generate' },
      b: { type: 'secp256k1', from: { env: 'B', encoding: 'hex' } },
      c: { type: 'bls12-381', from: { file: 'c', encoding: 'auto', allowSharedFile: true } },
      d: { type: 'seed', from: { mnemonic: { env: 'D' }, passphrase: { prompt: true } }, allow: ['derive'] },
      e: { type: 'secp256k1', from: { seed: 'd', path: 'm/0' } },
      f: { type: 'secp256k1', from: { keystore: 'f', password: { file: 'p' } } },
      g: { type: 'ed25519', from: { sealed: 'g', password: { env: 'G' }, create: true } },
      h: {
        type: 'secp256k1',
        from: 'generate',
        allow: ['sign', 'a/b'],
        schemes: ['ecdsa'],
        maxSignatures: 9,
        idleMs: 9,
      },
      i: { type: 'aead', from: { file: 'i' }, allow: ['encrypt'], expiresInMs: 5 },
    },
  });
  let accepted = 0;
  const rounds = 4_000;
  for (let round = 0; round < rounds; round++) {
    const settings = JSON.parse(base) as Json;
    for (let edits = 1 + random.int(3); edits > 0; edits--) {
      const target = random.pick(objectsIn(settings));
      const present = Object.keys(target);
      const name = present.length > 0 && random.int(3) > 0 ? random.pick(present) : random.pick(names);
      const other = random.pick(names);
      const moved = Object.hasOwn(target, other) ? target[other] : 'auto'; // an array has methods named like fields
      if (random.int(4) === 0) delete target[name];
      else target[name] = structuredClone(random.int(2) ? random.pick(values) : moved);
    }
    if (agree(settings)) accepted += 1;
  }
  assert.ok(accepted > rounds / 40 && accepted < rounds / 2, `the mutations are mixed: ${accepted} accepted`);
});

test('the defaults in the schema are the defaults in code', () => {
  const { properties } = schema as {
    properties: Record<string, { default?: unknown; properties?: Record<string, Json> }>;
  };
  const { config, hardening } = readSettings({}, {});
  assert.is(properties.hardening?.default, hardening);
  for (const name of ['provider', 'maxPending', 'maxPendingBytes', 'verifyAfterSign'] as const) {
    assert.is(properties[name]?.default, config[name], name);
  }
  assert.is(properties.memory?.properties?.lock?.default, config.lock);
  assert.is(properties.memory?.properties?.maxKeys?.default, config.maxKeys);
  assert.is(properties.kdf?.properties?.maxMemory?.default, config.maxKdfMemory);
  assert.is(properties.kdf?.properties?.maxWork?.default, config.maxKdfWork);
  assert.is(properties.lock?.properties?.unsealed?.default, config.lockUnsealed);
  const audit = readSettings({ audit: { file: 'a' } }, {}).config.audit;
  for (const name of ['operations', 'onError'] as const) {
    assert.is(properties.audit?.properties?.[name]?.default, audit?.[name], name);
  }
});

test('every field has a description for editors', () => {
  const { properties } = schema as { properties: Record<string, Json> };
  for (const [name, field] of Object.entries(properties)) assert.type(field.description, 'string', name);
});

test.run();
