// Test files that are broken on purpose, each in its own way. Written to a temp folder and run there; never found by
// the real runner.

export interface Fixture {
  readonly file: string;
  /** The body of the file, after `suite`, `assert` and `test = suite(file)` are there; `bare` files get none of it. */
  readonly source: string;
  readonly bare?: boolean;
  /** What the runner must count. */
  readonly passed: number;
  readonly failed: number;
  readonly skipped?: number;
  /** What the runner must say. */
  readonly says?: RegExp;
}

export const FIXTURES: readonly Fixture[] = [
  {
    file: 'good',
    source: `test('one', () => {}); test('two', async () => {}); test.skip('three', 'it is a fixture'); test.run();`,
    passed: 2,
    failed: 0,
    skipped: 1,
    says: /three\s+because it is a fixture/,
  },
  {
    file: 'failing',
    source: `test('good', () => {}); test('bad', () => assert.is(1, 2)); test.run();`,
    passed: 1,
    failed: 1,
    says: /failed: bad/,
  },
  {
    file: 'before-throws',
    source: `test.before(() => { throw new Error('set-up broke'); }); test('one', () => {}); test.run();`,
    passed: 0,
    failed: 1,
    says: /not run: a before hook failed: set-up broke/,
  },
  {
    file: 'after-throws',
    source: `test.after(() => { throw new Error('clean-up broke'); }); test('one', () => {}); test.run();`,
    passed: 1,
    failed: 1,
    says: /clean-up broke/,
  },
  {
    file: 'before-each-throws',
    source: `test.before.each(() => { throw new Error('each broke'); }); test('one', () => {}); test('two', () => {}); test.run();`,
    passed: 0,
    failed: 2,
    says: /each broke/,
  },
  {
    file: 'after-each-throws',
    source: `test.after.each(() => { throw new Error('each broke'); }); test('one', () => {}); test('two', () => {}); test.run();`,
    passed: 0,
    failed: 2,
    says: /each broke/,
  },
  {
    file: 'hook-hangs',
    source: `test.timeout(200); test.before(() => new Promise(() => {})); test('one', () => {}); test.run();`,
    passed: 0,
    failed: 1,
    says: /"before of "hook-hangs"" did not end within 200 ms/,
  },
  { file: 'no-run', source: `test('one', () => {});`, passed: 0, failed: 1, says: /run\(\) was never called/ },
  { file: 'empty-suite', source: 'test.run();', passed: 0, failed: 1, says: /the suite has no tests/ },
  { file: 'no-suite', source: `import ${'SUITE'};`, bare: true, passed: 0, failed: 1, says: /the file has no suite/ },
  { file: 'nothing', source: '', bare: true, passed: 0, failed: 1, says: /the file gave no report/ },
  {
    file: 'never-settles',
    source: `test.timeout(200); test('hangs', () => new Promise(() => {})); test('goes on', () => {}); test.run();`,
    passed: 1,
    failed: 1,
    says: /"hangs" did not end within 200 ms/,
  },
  {
    file: 'throws-no-error',
    source: `test('undefined', () => { throw undefined; }); test('null', async () => { throw null; }); test('no stack', () => { throw Object.assign(new Error('x'), { stack: undefined }); }); test.run();`,
    passed: 0,
    failed: 3,
    says: /threw undefined in place of an Error/,
  },
  {
    file: 'unhandled-rejection',
    source: `test('rejects aside', async () => { Promise.reject(new Error('nobody caught me')); await new Promise((go) => setTimeout(go, 100)); }); test('two', () => {}); test.run();`,
    passed: 1,
    failed: 1,
    says: /nobody caught me/,
  },
  {
    file: 'sync-test-rejects-aside',
    source: `test('one', () => { Promise.reject(new Error('nobody caught me either')); }); test('two', () => {}); test.run();`,
    passed: 1,
    failed: 1,
    says: /nobody caught me either/,
  },
  {
    file: 'uncaught-exception',
    source: `test('throws in a timer', () => new Promise(() => { setTimeout(() => { throw new Error('thrown aside'); }, 10); })); test.run();`,
    passed: 0,
    failed: 1,
    says: /thrown aside/,
  },
  {
    file: 'late-rejection',
    source: `test('one', () => {}); test.after(() => { setTimeout(() => Promise.reject(new Error('after the end')), 50); }); test.run();`,
    passed: 1,
    failed: 1,
    says: /an unhandled rejection outside of a test/,
  },
  {
    file: 'exits-in-the-middle',
    source: `test('one', () => {}); test('two', () => process.exit(0)); test('three', () => {}); test.run();`,
    passed: 1,
    failed: 1,
    says: /the process ended after 1 of 3 tests/,
  },
  {
    file: 'sets-the-exit-code',
    source: `test('one', () => {}); test.run(); process.on('beforeExit', () => { process.exitCode = 3; });`,
    passed: 1,
    failed: 1,
    says: /the process ended with exit code 3/,
  },
  {
    file: 'killed',
    source: `test('one', () => {}); test('two', () => process.kill(process.pid, 'SIGKILL')); test.run();`,
    passed: 0,
    failed: 1,
    says: /the file gave no report; ended by SIGKILL/,
  },
  {
    file: 'exits-unseen',
    source: `test('one', () => process.reallyExit(0)); test.run();`,
    passed: 0,
    failed: 1,
    says: /the file gave no report/,
  },
  { file: 'syntax-error', source: `test('one', () => {`, passed: 0, failed: 1, says: /SyntaxError/ },
  { file: 'import-error', source: `import './not-there.js';`, passed: 0, failed: 1, says: /ERR_MODULE_NOT_FOUND/ },
  {
    file: 'top-level-throw',
    source: `test('one', () => {}); test.run(); throw new Error('thrown at the top');`,
    passed: 1,
    failed: 1,
    says: /thrown at the top/,
  },
  {
    file: 'top-level-hang',
    source: 'await new Promise(() => {});',
    passed: 0,
    failed: 1,
    says: /run\(\) was never called/,
  },
  {
    file: 'registered-late',
    source: `test('one', () => {}); test.run(); test('two', () => {});`,
    passed: 1,
    failed: 1,
    says: /the test "two" came after run\(\)/,
  },
  {
    file: 'skip-without-reason',
    source: `test('one', () => {}); test.skip('two', ''); test.run();`,
    passed: 0,
    failed: 2,
    says: /a reason is required/,
  },
  {
    file: 'two-suites',
    source: `let ran = 0; test('one', () => { ran++; }); test.run(); await new Promise((go) => setTimeout(go, 50)); const other = suite('other'); other('two', () => assert.is(ran, 1)); other.run();`,
    passed: 2,
    failed: 0,
  },
  {
    file: 'one-of-two-suites-not-run',
    source: `test('one', () => {}); test.run(); suite('other')('two', () => {});`,
    passed: 1,
    failed: 1,
    says: /run\(\) was never called/,
  },
  {
    file: 'lingers',
    source: `test('leaks a timer', () => { setInterval(() => {}, 1000); }); test.run();`,
    passed: 1,
    failed: 1,
    says: /did not end by itself within 500 ms after its tests\n\s+kept alive by: .*Timeout/,
  },
  {
    file: 'leaves-a-process',
    source: `import { spawn } from 'node:child_process'; test('one', () => { spawn('sleep', ['600'], { stdio: 'inherit' }).unref(); }); test.run();`,
    passed: 1,
    failed: 0,
  },
  {
    file: 'forges-a-report',
    source: `test('one', () => { console.log('\\n#strongroom-tests {"passed":9,"failed":0,"skips":[],"failures":[]}'); }); test.run();`,
    passed: 0,
    failed: 1,
    says: /the file gave more than one report/,
  },
  {
    file: 'leaves-files',
    source: `import { mkdtempSync } from 'node:fs'; import { tmpdir } from 'node:os'; test('one', () => { mkdtempSync(tmpdir() + '/left-'); }); test.run();`,
    passed: 1,
    failed: 0,
  },
];
