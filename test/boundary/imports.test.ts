// The import rule, held against the source text of src/ and workers/, and against snippets that break it: a rule that
// catches nothing is no rule.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { repositoryRoot } from '../support/vectors.js';
import { findProblems, type Problem, type Sources } from './rules.js';

const readSources = (): Sources =>
  new Map(
    ['src', 'workers']
      .flatMap((folder) => readdirSync(join(repositoryRoot, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(repositoryRoot, path).split(sep).join('/'), readFileSync(path, 'utf8')] as const),
  );

const describe = ({ file, line, rule }: Problem): string => `${file}:${line}: ${rule}`;

/** Files that imports of the snippets may lead to. */
const NEIGHBOURS: readonly string[] = [
  'src/errors.ts',
  'src/vault.ts',
  'src/wire/types.ts',
  'workers/arena/slots.ts',
  'workers/vault/handlers.ts',
  'workers/signer/signer.ts',
];

/** The rules that a file of this text would break. */
const rulesBrokenBy = (file: string, source: string): string[] => {
  const sources = new Map(NEIGHBOURS.map((path) => [path, '// A neighbour.\nexport {};\n']));
  sources.set(file, `// A snippet.\n${source}\n`);
  return findProblems(sources).map(({ rule }) => rule);
};

const SRC_WORKERS = 'src/ never imports workers/';
const WORKERS_SRC = 'workers/ imports from src/ only src/wire/ and src/errors';
const CRYPTO = 'only workers/ imports crypto libraries and node:crypto';
const FILES = 'only workers/ imports node:fs';

const BREAKS: readonly (readonly [file: string, source: string, rule: string])[] = [
  ['src/a.ts', `import { openSlots } from '../workers/arena/slots.js';`, SRC_WORKERS],
  ['src/a.ts', `import type { Slots } from '../workers/arena/slots.js';`, SRC_WORKERS],
  ['src/a.ts', `import '../workers/arena/slots.js';`, SRC_WORKERS],
  ['src/a.ts', `import {\n  a,\n  b\n}\nfrom\n"../workers/arena/slots.js"`, SRC_WORKERS],
  ['src/a.ts', `import/**/{a}/* from 'x' */from/**/'../workers/arena/slots.js'`, SRC_WORKERS],
  ['src/a.ts', `import { a } from '..\\x2fworkers/arena/slots.js';`, SRC_WORKERS],
  ['src/a.ts', `export * from '../workers/arena/slots.js';`, SRC_WORKERS],
  ['src/a.ts', `export type { Slots } from '../workers/arena/slots.js';`, SRC_WORKERS],
  ['src/a.ts', `const a = await import('../workers/arena/slots.js');`, SRC_WORKERS],
  ['src/a.ts', 'const a = await import(`../workers/arena/slots.js`);', SRC_WORKERS],
  ['src/a.ts', `const a = \`\${await import("../workers/arena/slots.js")}\`;`, SRC_WORKERS],
  ['src/a.ts', `let a: import('../workers/arena/slots.js').Slots;`, SRC_WORKERS],
  ['src/a.ts', `const half = 1 / 2; import { a } from '../workers/arena/slots.js'; /x/;`, SRC_WORKERS],
  ['src/a.ts', `const quote = /'/; import { a } from '../workers/arena/slots.js'; /'/;`, SRC_WORKERS],
  ['src/a.ts', `const a = import(name);`, 'imports a computed path'],
  ['workers/vault/a.ts', `import { openVault } from '../../src/vault.js';`, WORKERS_SRC],
  ['workers/vault/a.ts', `import type { Vault } from '../../src/vault.js';`, WORKERS_SRC],
  ['workers/vault/a.ts', `import { openVault } from 'strongroom';`, 'imports the package itself'],
  ['workers/signer/a.ts', `import { h } from '../vault/handlers.js';`, 'workers/signer never imports workers/vault'],
  ['src/a.ts', `import { a } from '../test/support/suite.js';`, 'imports from outside of src/ and workers/'],
  ['src/a.ts', `import { a } from './nowhere.js';`, 'the imported file does not exist (relative imports end in .js)'],
  ['src/a.ts', `import { a } from './vault';`, 'the imported file does not exist (relative imports end in .js)'],
  ['src/a.ts', `import { a } from '/etc/a.js';`, 'imports by an absolute path'],
  ['src/a.ts', `import { ed25519 } from '@noble/curves/ed25519.js';`, CRYPTO],
  ['src/a.ts', `import secp256k1 from 'secp256k1';`, CRYPTO],
  ['src/a.ts', `const binding = require('secp256k1');`, CRYPTO],
  ['src/a.ts', `const binding = load('secp256k1/bindings.js');`, 'names a crypto library in a string'],
  ['src/cli/a.ts', `import sodium from 'sodium-native';`, CRYPTO],
  ['src/a.ts', `import { randomBytes } from 'node:crypto';`, CRYPTO],
  ['src/a.ts', `import { randomBytes } from 'crypto';`, CRYPTO],
  ['src/a.ts', `const blst = require('@chainsafe/blst');`, CRYPTO],
  ['src/a.ts', `const blst = load('@chainsafe/blst');`, 'names a crypto library in a string'],
  ['src/a.ts', `process.getBuiltinModule('node:crypto');`, 'names a crypto library in a string'],
  ['src/a.ts', `import { readFileSync } from 'node:fs';`, FILES],
  ['src/settings/keys.ts', `import { readFile } from 'fs/promises';`, FILES],
  [
    'src/errors.ts',
    `import { a } from './wire/a.js';`,
    'the imported file does not exist (relative imports end in .js)',
  ],
  ['src/wire/types.ts', `import { a } from './types.js';`, 'no import cycles'],
  ['src/a.ts', 'export default 1;', 'no default exports'],
  ['src/a.ts', 'const a = 1; export { a as default };', 'no default exports'],
  ['src/a.ts', `export { default } from './vault.js';`, 'no default exports'],
  ['src/a.ts', 'export const a = (b: any): void => {};', 'no `any`'],
  ['workers/a.ts', 'export const a = b as any;', 'no `any`'],
  ['workers/a.ts', 'export const a: Array<any> = [];', 'no `any`'],
];

const KEEPS: readonly (readonly [file: string, source: string])[] = [
  [
    'workers/vault/a.ts',
    `import { VaultError } from '../../src/errors.js'; import { a } from '../../src/wire/types.js';`,
  ],
  ['workers/vault/a.ts', `import sodium from 'sodium-native'; import { open } from 'node:fs/promises';`],
  ['workers/vault/a.ts', `import { a } from '../arena/slots.js'; const b = await import(name);`],
  ['workers/vault/b.ts', `import { a } from '../signer/signer.js';`],
  ['src/settings/file.ts', `import { readFileSync } from 'node:fs';`],
  ['src/cli/a.ts', `import { readFile } from 'node:fs/promises';`],
  ['src/a.ts', `import { Worker } from 'node:worker_threads'; import { wrap } from 'comlink';`],
  ['src/a.ts', `const entry = new URL('../workers/vault/entry.js', import.meta.url);`],
  ['src/a.ts', `// import { a } from '../workers/arena/slots.js';`],
  ['src/a.ts', `/* export default 1;\nimport { a } from '../workers/arena/slots.js'; */`],
  ['src/a.ts', `const type = 'secp256k1';`],
  ['src/a.ts', `const text = "import { a } from '../workers/arena/slots.js'";`],
  ['src/a.ts', `const text = \`import { a } from '../workers/arena/slots.js' \${1} export default any\`;`],
  ['src/a.ts', `const pattern = /import 'node:fs' "/; const all = Promise.any([]); const one = { any: 1 }.any;`],
  ['src/a.ts', `// Any message, any length.\nconst a = { default: 1 }; switch (a) { default: }`],
  ['src/a.ts', `import comlink, { type Remote } from 'comlink'; export { comlink as link };`],
];

const test = suite('the import rule');

test('src/ and workers/ keep every rule', () => {
  const sources = readSources();
  assert.ok(sources.has('src/errors.ts') && sources.has('workers/arena/slots.ts'), 'the sources were not found');
  const problems = findProblems(sources).map(describe);
  assert.ok(problems.length === 0, `${problems.length} problems:\n${problems.join('\n')}`);
});

for (const [file, source, rule] of BREAKS) {
  test(`catches in ${file}: ${source.replaceAll('\n', ' ')}`, () => {
    assert.equal(rulesBrokenBy(file, source), [rule]);
  });
}

for (const [file, source] of KEEPS) {
  test(`accepts in ${file}: ${source.replaceAll('\n', ' ')}`, () => {
    assert.equal(rulesBrokenBy(file, source), []);
  });
}

test('catches cycles through several files, and of types', () => {
  const sources = new Map([
    ['src/a.ts', `// a\nimport { b } from './b.js';`],
    ['src/b.ts', `// b\nexport { c } from './wire/c.js';`],
    ['src/wire/c.ts', `// c\nimport type { A } from '../a.js';`],
    ['src/d.ts', `// d\nimport { a } from './a.js';`],
  ]);
  assert.equal(findProblems(sources), [
    { file: 'src/a.ts → src/b.ts → src/wire/c.ts → src/a.ts', line: 1, rule: 'no import cycles' },
  ]);
});

test('catches files that are too long, or do not say what they are', () => {
  const rules = (source: string): string[] => findProblems(new Map([['src/a.ts', source]])).map(({ rule }) => rule);
  assert.equal(rules(`// A head.\n${'a;\n'.repeat(399)}`), []);
  assert.equal(rules(`// A head.\n${'a;\n'.repeat(400)}`), ['no file is longer than 400 lines']);
  assert.equal(rules('#!/usr/bin/env node\n// A head.\n'), []);
  assert.equal(rules('/** A head. */\n'), []);
  assert.equal(rules('#!/usr/bin/env node\na;\n'), ['every file begins with a comment']);
  assert.equal(rules('a; // Not a head.\n'), ['every file begins with a comment']);
});

test.run();
