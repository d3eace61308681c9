// Every example runs as it says in its first lines: to its end, by itself, and with the last line that it promises.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';

/** What each prints, line by line. */
const OUTPUT: Readonly<Record<string, readonly string[]>> = {
  'ten-lines.mjs': ['true'],
  'policy.mjs': [
    'signed: 10 refused: 15',
    'another scheme: ERR_SCHEME_NOT_ALLOWED',
    'six at once: ERR_RATE_LIMITED',
    'decrypt: ERR_NOT_ALLOWED',
    'a seed signs: ERR_OPERATION_UNSUPPORTED',
    'gone: session/1 idle',
    'its next signature: ERR_KEY_IDLE',
    'left of the first key: 0 of 10',
  ],
  'ports.mjs': [
    'ports: 4 keys that each sees: acct/0, acct/1',
    'signed: 2000',
    'the identity key, asked by a thread: ERR_KEY_NOT_FOUND',
    'plug-in: signed, signed, signed, ERR_GRANT_EXHAUSTED, ERR_GRANT_EXHAUSTED',
    'wider: ERR_GRANT',
    'revoked: ERR_GRANT_REVOKED revoked',
    'ports that are left: 0',
  ],
};

/** Last lines of examples whose others tell of time, of files, or of how much there was to do. */
const LAST_LINE: Readonly<Record<string, RegExp>> = {
  'audit.mjs': /^not whole: .*\(exit code \d+\)$/,
  'lock.mjs': /^the same key: true$/,
};

/** Files that an example starts or loads. */
const isPart = (file: string): boolean => file.endsWith('-worker.mjs') || file.startsWith('operators/');

const test = suite('examples');
const folder = join(repositoryRoot, 'examples');
const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.mjs'))
  .sort();

test('every example is named here or is part of one that is', () => {
  const named = [...Object.keys(OUTPUT), ...Object.keys(LAST_LINE)].sort();
  assert.equal(
    files.filter((file) => !isPart(file)),
    named,
  );
});

for (const file of files) {
  const text = readFileSync(join(folder, file), 'utf8');
  test(`${file} imports the package by its name, and says how it is run`, () => {
    assert.match(text, /from 'strongroom(\/[a-z]+)?'/);
    assert.match(text, /^\/\/ /);
    if (!isPart(file)) assert.ok(text.includes(`node examples/${file}`));
  });
}

for (const file of files.filter((each) => !isPart(each))) {
  test(`${file} runs to its end, and prints what it should`, async () => {
    const { code, stdout, stderr, timedOut } = await runNode([`examples/${file}`], { timeoutMs: 45_000 });
    assert.is(timedOut, false, stdout + stderr);
    assert.is(code, 0, stderr);
    const lines = stdout.trimEnd().split('\n');
    const last = LAST_LINE[file];
    if (last !== undefined) assert.match(lines.at(-1) ?? '', last);
    else assert.equal(lines, OUTPUT[file]);
    // Linux may refuse to lock much memory; no other warning is expected.
    assert.not(/Error|Unhandled|DEP\d/.test(stderr), stderr);
  });
}

test.run();
