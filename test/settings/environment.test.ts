// STRONGROOM_* variables: what they override, and how a bad one is reported.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../dist/src/settings/read.js';
import type { Settings } from '../../dist/src/vault.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { problemsOf } from './problems.js';

const test = suite('STRONGROOM_* variables');

const settings: Settings = { threads: 3, provider: 'noble', memory: { lock: 'off', maxKeys: 100 }, maxPending: 9 };
const all = {
  STRONGROOM_THREADS: '5',
  STRONGROOM_PROVIDER: 'native',
  STRONGROOM_MEMORY_LOCK: 'require',
  STRONGROOM_MAX_KEYS: '200',
};

const settingsFile = (content: string): string => {
  const file = join(tempFolder(), 'strongroom.json');
  writeFileSync(file, content);
  return file;
};

test('a variable goes over the settings, and the settings over the defaults', () => {
  const defaults = readSettings({}, {}).config;
  const overridden = { threads: 5, provider: 'native', lock: 'require', maxKeys: 200 };
  assert.equal(readSettings({}, all).config, { ...defaults, ...overridden });
  assert.equal(readSettings(settings, all).config, { ...defaults, maxPending: 9, ...overridden });
  assert.equal(readSettings(settings, { STRONGROOM_THREADS: '1' }).config, {
    ...defaults,
    ...{ threads: 1, provider: 'noble', lock: 'off', maxKeys: 100, maxPending: 9 },
  });
  assert.equal(readSettings(settings, {}).config, {
    ...defaults,
    ...{ threads: 3, provider: 'noble', lock: 'off', maxKeys: 100, maxPending: 9 },
  });
});

test('variables override a settings file too', () => {
  const file = settingsFile(JSON.stringify(settings));
  assert.is(readSettings(file, all).config.threads, 5);
  assert.is(readSettings(file, {}).config.threads, 3);
});

test('STRONGROOM_SETTINGS names the file when the caller gave nothing, and only then', () => {
  const STRONGROOM_SETTINGS = settingsFile('{"threads": 7}');
  assert.is(readSettings(undefined, { STRONGROOM_SETTINGS }).config.threads, 7);
  assert.is(readSettings({ threads: 8 }, { STRONGROOM_SETTINGS }).config.threads, 8);
  assert.is(readSettings(settingsFile('{"threads": 9}'), { STRONGROOM_SETTINGS }).config.threads, 9);
  assert.is(readSettings({ threads: 8 }, { STRONGROOM_SETTINGS: '/nowhere\0' }).config.threads, 8);
  assert.equal(problemsOf(undefined, { STRONGROOM_SETTINGS: '' }), [
    'STRONGROOM_SETTINGS: expected the path of a file (1 to 32,767 characters, no NUL), got an empty string',
  ]);
});

test('the environment of the process is the default one', () => {
  process.env.STRONGROOM_THREADS = '11';
  try {
    assert.is(readSettings({}).config.threads, 11);
  } finally {
    delete process.env.STRONGROOM_THREADS;
  }
  assert.is(readSettings({ threads: 2 }).config.threads, 2);
});

test('STRONGROOM_HARDENING goes over the setting, and the setting over the default', () => {
  const strict = { STRONGROOM_HARDENING: 'strict' };
  assert.is(readSettings({}, {}).hardening, 'warn');
  assert.is(readSettings({ hardening: 'off' }, {}).hardening, 'off');
  assert.is(readSettings({ hardening: 'off' }, strict).hardening, 'strict');
  assert.equal(problemsOf({ hardening: 'on' } as never, { STRONGROOM_HARDENING: 'Strict' }), [
    'STRONGROOM_HARDENING: expected "strict", "warn" or "off", got a string of 6 characters',
    'hardening: expected "strict", "warn" or "off", got a string of 2 characters',
  ]);
});

test('every bad variable is reported at its name, with the mistakes in the settings', () => {
  const bad = {
    STRONGROOM_THREADS: '4x',
    STRONGROOM_PROVIDER: 'openssl',
    STRONGROOM_MEMORY_LOCK: '',
    STRONGROOM_MAX_KEYS: '1000001',
  };
  assert.equal(problemsOf({ threads: 0, provider: 'rust' }, bad), [
    'STRONGROOM_THREADS: expected a whole number from 1 to 256, got a string of 2 characters',
    'STRONGROOM_PROVIDER: expected "auto", "native" or "noble", got a string of 7 characters',
    'STRONGROOM_MEMORY_LOCK: expected "require", "warn" or "off", got an empty string',
    'STRONGROOM_MAX_KEYS: expected a whole number from 1 to 1,000,000, got a larger one',
    'threads: expected a whole number from 1 to 256, got a smaller one',
    'provider: expected "auto", "native" or "noble", got a string of 4 characters',
  ]);
});

test('a setting that a variable overrides is still checked', () => {
  assert.equal(problemsOf({ threads: 999 }, all), ['threads: expected a whole number from 1 to 256, got a larger one']);
  assert.equal(problemsOf({ memory: { lock: 'no' } }, all), [
    'memory.lock: expected "require", "warn" or "off", got a string of 2 characters',
  ]);
});

test('numbers are plain decimal digits', () => {
  const wrong = ['', ' 4', '4 ', '+4', '04', '4.0', '1e1', '0x4', '-4', '0', '٤', 'NaN', 'Infinity', '9'.repeat(400)];
  for (const value of wrong) {
    const [problem, ...more] = problemsOf({}, { STRONGROOM_THREADS: value });
    assert.match(problem ?? '', /^STRONGROOM_THREADS: expected a whole number from 1 to 256, got /);
    assert.is(more.length, 0);
  }
});

test('bad variables are reported beside a settings file that cannot be read', () => {
  const problems = problemsOf(join(tempFolder(), 'absent.json'), { STRONGROOM_THREADS: 'x' });
  assert.is(problems.length, 2);
  assert.match(
    problems[0] ?? '',
    /^settings: expected a JSON file of at most 1 MiB, got a path where there is nothing/,
  );
  assert.match(problems[1] ?? '', /^STRONGROOM_THREADS: /);
});

test.run();
