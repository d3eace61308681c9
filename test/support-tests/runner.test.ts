// The runner and the suites, tried on files that are broken on purpose: whatever goes wrong must show.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { assert } from '../support/assert.js';
import { type ChildResult, runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { FIXTURES, type Fixture } from './fixtures.js';

const runner = fileURLToPath(new URL('../run.js', import.meta.url));
const supportUrl = (name: string): string => JSON.stringify(new URL(`../support/${name}.js`, import.meta.url).href);

const write = (folder: string, fixture: Pick<Fixture, 'file' | 'source' | 'bare'>): void => {
  const head = `import { suite } from ${supportUrl('suite')}; import { assert } from ${supportUrl('assert')};
const test = suite(${JSON.stringify(fixture.file)});\n`;
  const source = fixture.bare === true ? fixture.source.replace('SUITE', supportUrl('suite')) : head + fixture.source;
  writeFileSync(join(folder, `${fixture.file}.test.js`), source);
};

const run = (folder: string, args: readonly string[] = [], env: Record<string, string> = {}): Promise<ChildResult> =>
  runNode([runner, ...args], {
    env: { STRONGROOM_TEST_FOLDER: folder, STRONGROOM_TEST_LINGER_MS: '500', ...env },
    timeoutMs: 110_000,
  });

const lastLine = (output: string): string | undefined => output.trimEnd().split('\n').at(-1);

const folder = tempFolder();
const tempOfRunner = tempFolder();
let result: ChildResult;

const test = suite('the test runner');
test.timeout(120_000);

test.before(async () => {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  for (const fixture of FIXTURES) write(folder, fixture);
  result = await run(folder, [], { TMPDIR: tempOfRunner });
});

for (const { file, passed, failed, skipped = 0, says } of FIXTURES) {
  test(`counts ${passed} passed, ${failed} failed for the file "${file}"`, () => {
    const line = result.stdout.split('\n').find((each) => each.includes(`  ${file}.test.ts  `));
    const counts = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
    assert.ok(line?.includes(`${failed > 0 ? 'FAIL' : '  ok'}  ${file}.test.ts  ${counts}  `), `got ${line}`);
    if (says !== undefined) assert.match(result.stdout, says);
  });
}

test('ends with the true counts, and with exit code 1 when anything failed', () => {
  const sum = (field: 'passed' | 'failed'): number => FIXTURES.reduce((total, fixture) => total + fixture[field], 0);
  assert.is(lastLine(result.stdout), `${sum('passed')} passed, ${sum('failed')} failed, 1 skipped`);
  assert.is(result.code, 1);
});

test('leaves no temporary file, not even of files that were killed', () => {
  assert.equal(readdirSync(tempOfRunner), []);
});

test('ends with exit code 0 when all passed, and runs only the files that a filter names', async () => {
  const { code, stdout } = await run(folder, ['leaves-', 'goo']);
  assert.is(lastLine(stdout), '4 passed, 0 failed, 1 skipped');
  assert.is(code, 0);
});

test('ends with exit code 1 when no test ran', async () => {
  const nothing = await run(folder, ['no-such-file']);
  assert.is(lastLine(nothing.stdout), '0 passed, 0 failed');
  assert.is(nothing.code, 1);

  const skipping = tempFolder();
  write(skipping, { file: 'skips', source: `test.skip('one', 'no reason at all'); test.run();` });
  writeFileSync(join(skipping, 'package.json'), '{"type":"module"}');
  const skipped = await run(skipping);
  assert.is(lastLine(skipped.stdout), '0 passed, 0 failed, 1 skipped');
  assert.is(skipped.code, 1);
});

test('kills a file that blocks its thread, and counts it as a failure', async () => {
  const blocking = tempFolder();
  write(blocking, { file: 'blocks', source: `test('one', () => { for (;;); }); test.run();` });
  writeFileSync(join(blocking, 'package.json'), '{"type":"module"}');
  const { code, stdout } = await run(blocking, [], { STRONGROOM_TEST_TIMEOUT_MS: '2000' });
  assert.match(stdout, /killed: it did not end within 2000 ms/);
  assert.is(lastLine(stdout), '0 passed, 1 failed');
  assert.is(code, 1);
});

test('runs serial files alone, after all others', async () => {
  const mixed = tempFolder();
  writeFileSync(join(mixed, 'package.json'), '{"type":"module"}');
  const source = `test('one', () => new Promise((go) => setTimeout(go, 100))); test.run();`;
  for (const file of ['a.serial', 'b.serial', 'c', 'd']) write(mixed, { file, source });
  const { stdout } = await run(mixed);
  const order = [...stdout.matchAll(/^ {2}ok {2}(\S+)/gm)].map((match) => match[1]);
  assert.equal(order.slice(0, 2).sort(), ['c.test.ts', 'd.test.ts']);
  assert.equal(order.slice(2), ['a.serial.test.ts', 'b.serial.test.ts']);
});

test.run();
