// .ci/run, tried in small projects whose `npm test` passes, fails or never reaches a test.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../support/assert.js';
import { runProgram } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { repositoryRoot } from '../support/vectors.js';

interface Case {
  readonly name: string;
  readonly script: string;
  readonly lastLine: string;
  readonly code: number;
}

const CASES: readonly Case[] = [
  {
    name: 'all passed',
    script: `console.log('work\\n\\n12 passed, 0 failed')`,
    lastLine: '12 passed, 0 failed',
    code: 0,
  },
  {
    name: 'some were skipped',
    script: `console.log('10 passed, 0 failed, 2 skipped')`,
    lastLine: '10 passed, 0 failed, 2 skipped',
    code: 0,
  },
  {
    name: 'some failed',
    script: `console.log('3 passed, 10 failed'); process.exit(1)`,
    lastLine: '3 passed, 10 failed',
    code: 1,
  },
  {
    name: 'some failed and the exit code hides it',
    script: `console.log('3 passed, 2 failed')`,
    lastLine: '3 passed, 2 failed',
    code: 1,
  },
  { name: 'the build failed', script: `console.error('no'); process.exit(2)`, lastLine: '0 passed, 1 failed', code: 2 },
  {
    name: 'the runner crashed after a line that looks like its last',
    script: `console.log('9 passed, 0 failed\\nmore'); process.exit(7)`,
    lastLine: '0 passed, 1 failed',
    code: 7,
  },
  { name: 'no test ran', script: `console.log('0 passed, 0 failed')`, lastLine: '0 passed, 1 failed', code: 1 },
  { name: 'nothing was said', script: '', lastLine: '0 passed, 1 failed', code: 1 },
];

const test = suite('the check that runs everything');

for (const { name, script, lastLine, code } of CASES) {
  test(`ends with "${lastLine}" and exit code ${code} when ${name}`, async () => {
    const folder = tempFolder();
    const temp = tempFolder();
    mkdirSync(join(folder, '.ci'));
    copyFileSync(join(repositoryRoot, '.ci', 'run'), join(folder, '.ci', 'run'));
    writeFileSync(join(folder, 'test.cjs'), script);
    writeFileSync(join(folder, 'package.json'), '{ "scripts": { "test": "node test.cjs" } }');
    const env = Object.fromEntries(
      Object.keys(process.env)
        .filter((variable) => variable.startsWith('npm_'))
        .map((variable) => [variable, undefined]),
    );
    const result = await runProgram('bash', [join(folder, '.ci', 'run')], { cwd: temp, env });
    assert.is(result.stdout.split('\n').at(-2), lastLine);
    assert.ok(result.stdout.endsWith('\n'));
    assert.is(result.code, code);
  });
}

test.run();
