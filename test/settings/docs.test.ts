// docs/settings.md shows real output: its examples are run here.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSettings } from '../../dist/src/settings/read.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { problemsOf, refused } from './problems.js';

const test = suite('docs/settings.md');

const page = readFileSync(new URL('../../../docs/settings.md', import.meta.url), 'utf8');

/** The text of the code block with this info string. */
const block = (info: string): string => {
  const text = page.split(`\n\`\`\`${info}\n`)[1]?.split('\n```\n')[0];
  if (text === undefined) throw new Error(`no block "${info}" in the page`);
  return text;
};

const file = (info: string): string => {
  const path = join(tempFolder(), 'strongroom.json');
  writeFileSync(path, block(info));
  return path;
};

test('the example is valid', () => {
  const { config, keys, loads } = readSettings(file('json good'), {});
  assert.is(config.threads, 4);
  assert.is(keys.length, 8);
  assert.is(loads.length, 2);
});

test('the broken example gives the output that is shown', () => {
  const environment = { STRONGROOM_THREADS: 'four', STRONGROOM_MAX_KEYS: '0' };
  assert.is(refused(file('json bad'), environment).message, block('text message'));
  assert.equal(problemsOf(file('json bad'), environment), block('text problems').split('\n'));
});

test('every variable and every default of the table is the one in code', () => {
  // What is off by default has no value there, but a word.
  const off = { lockIdleMs: 'never', operators: 'none', audit: 'none' };
  for (const value of Object.values({ ...readSettings({}, {}).config, threads: 'parallelism', ...off })) {
    assert.ok(page.includes(typeof value === 'number' ? value.toLocaleString('en-US') : String(value)), String(value));
  }
  for (const name of ['THREADS', 'PROVIDER', 'MEMORY_LOCK', 'MAX_KEYS', 'HARDENING']) {
    assert.match(page, `| \`STRONGROOM_${name}\` |`);
    assert.match(problemsOf({}, { [`STRONGROOM_${name}`]: '?' }).join(), `STRONGROOM_${name}: `);
  }
});

test.run();
