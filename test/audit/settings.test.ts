// The audit log of the settings: what callers write, and what crosses to the vault.
import { resolve } from 'node:path';
import type { SettingsProblem } from '../../dist/src/errors.js';
import { auditOf } from '../../dist/src/settings/audit.js';
import { auditOrNone, canonical, keyOf, parseRecord } from '../../dist/src/wire/audit.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

const test = suite('the settings of the audit log');
const FOLDER = resolve('/etc/node');

const problemsOf = (value: unknown): readonly SettingsProblem[] => {
  const problems: SettingsProblem[] = [];
  assert.is(auditOf(FOLDER)(value, 'audit', problems), undefined);
  return problems;
};

test('a file is enough, and starts at the folder of the settings', () => {
  const problems: SettingsProblem[] = [];
  const read = auditOf(FOLDER);
  assert.equal(read({ file: 'logs/audit.log' }, 'audit', problems), {
    path: resolve(FOLDER, 'logs/audit.log'),
    key: null,
    operations: 'summary',
    onError: 'refuse',
  });
  const all = { file: resolve('/var/audit.log'), key: 'node/audit', operations: 'each', onError: 'continue' };
  const { file, ...rest } = all;
  const wire = read(all, 'audit', problems);
  assert.equal(wire, { path: file, ...rest });
  assert.equal(auditOrNone(wire, 'audit', problems), wire);
  assert.equal(problems, []);
});

test('every mistake is told with its path', () => {
  assert.equal(
    problemsOf('audit.log').map(({ path }) => path),
    ['audit'],
  );
  assert.equal(
    problemsOf({ file: '', key: '-', operations: 'all', onError: 'ignore', keys: [] }).map(({ path }) => path),
    ['audit.keys', 'audit.file', 'audit.key', 'audit.operations', 'audit.onError'],
  );
  assert.match(problemsOf({ fiel: 'a', file: 'b' })[0]?.reason ?? '', /did you mean "file"/);
});

test('the vault takes null, and refuses what main would not send', () => {
  const problems: SettingsProblem[] = [];
  const good = { path: resolve('/a'), key: null, operations: 'each', onError: 'refuse' };
  assert.is(auditOrNone(null, 'config.audit', problems), null);
  assert.equal(auditOrNone(good, 'config.audit', problems), good);
  assert.equal(problems, []);
  for (const odd of [
    undefined,
    7,
    {},
    { ...good, path: 'relative' },
    { ...good, key: 7 },
    { ...good, key: undefined },
    { ...good, more: 1 },
  ]) {
    const found: SettingsProblem[] = [];
    auditOrNone(odd, 'config.audit', found);
    assert.ok(found.length > 0);
  }
});

test('a record is read in one way: the canonical one', () => {
  const record = {
    type: 'used',
    seq: 3,
    time: '2030-01-01T00:00:00.000Z',
    prev: 'a'.repeat(64),
    keys: { b: { sign: 1 }, 10: {} },
  };
  const text = canonical(record);
  const parse = (line: string) => parseRecord(new TextEncoder().encode(line));
  assert.equal(parse(text), record);
  assert.is(text.indexOf('"keys":{"10":{},"b":{"sign":1}}'), 1);
  for (const other of [
    ` ${text}`,
    text.replace('"seq":3', '"seq":3.0'),
    text.replace('"seq":3', '"seq":-3'),
    text.replace('"seq":3', '"seq":"3"'),
    text.replace('{"keys"', '{"keys":1,"keys"'),
    text.replace('used', '\\u0075sed'),
    text.replace('.000Z', 'Z'),
    text.replace('aaaa', 'AAAA'),
    text.slice(0, -1),
    '[]',
    'null',
    '',
  ]) {
    assert.is(parse(other), undefined, other.slice(0, 40));
  }
  assert.is(parseRecord(Uint8Array.of(0x22, 0xff, 0x22)), undefined);
});

test('the key of a log is a key that signs, with a public key of its length', () => {
  const record = { type: 'opened', seq: 0, time: '', prev: '' };
  const key = { id: 'a', type: 'ed25519', scheme: 'ed25519', publicKey: '00'.repeat(32) };
  assert.is(keyOf(record), null);
  assert.equal(keyOf({ ...record, key }), key);
  for (const odd of [
    null,
    7,
    {},
    { ...key, publicKey: '00' },
    { ...key, publicKey: 'x'.repeat(64) },
    { ...key, scheme: 'ecdsa' },
    { ...key, type: 'seed' },
    { ...key, more: 1 },
  ]) {
    assert.is(keyOf({ ...record, key: odd }), undefined);
  }
});

test.run();
