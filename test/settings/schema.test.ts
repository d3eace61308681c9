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
    readSettings(settings as Settings, {});
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

const good: unknown[] = [
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
  ...['ed25519', 'secp256k1', 'bls12-381', 'x25519'].map((type) => key('generate', type)),
  ...['auto', 'raw', 'hex', 'base64', 'pem'].map((encoding) => key({ env: 'A', encoding })),
  key({ env: '_' }),
  key({ env: 'N'.repeat(255) }),
  key({ file: 'x' }),
  key({ file: '/keys/ключ 1.hex', encoding: 'hex', allowSharedFile: false }),
  { keys: { constructor: { type: 'ed25519', from: 'generate' }, toString: { type: 'x25519', from: 'generate' } } },
  { keys: { [`0${'._:/-'.repeat(25)}ab`]: { type: 'ed25519', from: 'generate' } } },
];

const bad: unknown[] = [
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
  assert.ok(good.length >= 30 && bad.length >= 60, `${good.length} good and ${bad.length} bad`);
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
  ];
  const values = [null, true, 0, 1, 300, 1.5, 2 ** 21, '', 'generate', 'auto', 'off', 'hex', 'ed25519', 'A', [], {}];
  const base = JSON.stringify({
    threads: 2,
    provider: 'auto',
    memory: { lock: 'warn', maxKeys: 5 },
    maxPending: 10,
    maxPendingBytes: 2_000_000,
    verifyAfterSign: false,
    keys: {
      'a/1': { type: 'ed25519', from: 'generate' },
      b: { type: 'secp256k1', from: { env: 'B', encoding: 'hex' } },
      c: { type: 'bls12-381', from: { file: 'c', encoding: 'auto', allowSharedFile: true } },
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
});

test('every field has a description for editors', () => {
  const { properties } = schema as { properties: Record<string, Json> };
  for (const [name, field] of Object.entries(properties)) assert.type(field.description, 'string', name);
});

test.run();
