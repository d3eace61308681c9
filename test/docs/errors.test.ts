// docs/errors.md lists every code, with the files that throw it. The list is compared with the code here.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VAULT_ERROR_CODES } from '../../dist/src/errors.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';

interface Row {
  readonly code: string;
  readonly when: string;
  readonly files: readonly string[];
}

const rowsOf = (page: string): Row[] =>
  page.split('\n').flatMap((line) => {
    const [, code, when, files] = /^\| `(ERR_\w+)` \| (.*) \| (.*) \|$/.exec(line) ?? [];
    if (code === undefined || when === undefined || files === undefined) return [];
    return [{ code, when, files: Array.from(files.matchAll(/`([^`]+)`/g), ([, file]) => file ?? '') }];
  });

const textOf = (path: string): string => readFileSync(join(repositoryRoot, path), 'utf8');
const page = textOf('docs/errors.md');
const rows = rowsOf(page);
const codes = Object.keys(VAULT_ERROR_CODES);

const test = suite('docs/errors.md');

test('every code has a row that says when it is thrown', () => {
  const listed = new Set(rows.map(({ code }) => code));
  assert.equal(
    codes.filter((code) => !listed.has(code)),
    [],
  );
  for (const { code, when } of rows) assert.ok(when.length > 20, code);
});

test('every code that the page names exists', () => {
  const named = new Set(page.match(/\bERR_[A-Z_]+\b/g));
  assert.equal(
    [...named].filter((code) => !codes.includes(code)),
    [],
  );
});

test('the files of each row exist and have its code', () => {
  for (const { code, files } of rows) {
    assert.ok(files.length > 0, `${code} names no file`);
    for (const file of files) {
      assert.ok(existsSync(join(repositoryRoot, file)), `${code}: there is no ${file}`);
      assert.ok(textOf(file).includes(`'${code}'`), `${file} does not have ${code}`);
    }
  }
});

test('a row that is wrong would be seen', () => {
  const [row] = rowsOf('| `ERR_NOT_OURS` | a row of this test, and of no page | `src/index.ts` |');
  assert.equal(row, { code: 'ERR_NOT_OURS', when: 'a row of this test, and of no page', files: ['src/index.ts'] });
  assert.not.ok(codes.includes('ERR_NOT_OURS'));
  assert.not.ok(textOf('src/index.ts').includes("'ERR_NOT_OURS'"));
});

test.run();
