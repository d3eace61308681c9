// docs/architecture.md tells constants and rooms: both are compared with the source here.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const page = textOf('docs/architecture.md');

const test = suite('docs/architecture.md');

test('every constant of its table has that value in the source', () => {
  const rows = Array.from(page.matchAll(/^\| `([A-Z_]+)` \| ([^|]+) \| `([^`]+)` \|/gm));
  assert.ok(rows.length > 10);
  for (const [, name, value, file = ''] of rows) {
    const found = new RegExp(`const ${name}(?:: number)? = ([^;]+);`).exec(textOf(file))?.[1];
    assert.is(found, value, `${name} in ${file}`);
  }
});

test('it names everything of src/ and of workers/', () => {
  for (const { name } of readdirSync(join(repositoryRoot, 'src'), { withFileTypes: true })) {
    if (name === 'vault.ts') continue; // types of what the page describes
    assert.ok(page.includes(`\`${name}${name.endsWith('.ts') ? '' : '/'}\``), `src/${name}`);
  }
  for (const { name } of readdirSync(join(repositoryRoot, 'workers'), { withFileTypes: true })) {
    assert.ok(page.includes(`| \`${name}${name.endsWith('.ts') ? '' : '/'}\` |`), `workers/${name}`);
  }
});

test('its frame is the frame of the source', () => {
  const comment = textOf('src/wire/frame.ts').replaceAll(/^\/\/ ?/gm, '');
  for (const line of ['magic u32 · count u32', 'message length u32 · scheme u8 · hash u8 · status u8 · flags u8']) {
    assert.ok(comment.includes(line) && page.includes(line), line);
  }
});

test('the source files that the documents name exist', () => {
  for (const path of [
    'README.md',
    'SECURITY.md',
    'docs/architecture.md',
    'docs/memory.md',
    'docs/errors.md',
    'docs/sealed-file.md',
  ]) {
    for (const [, file = ''] of textOf(path).matchAll(/`((?:src|workers|test|examples)\/[\w./-]+\.(?:ts|mjs))`/g)) {
      assert.ok(existsSync(join(repositoryRoot, file)), `${path} names ${file}, which is not there`);
    }
  }
});

test.run();
