// What goes wrong with the program: one line with a code on standard error, the documented exit code, nothing damaged.
// One of each kind is a process.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../support/assert.js';
import type { ChildResult } from '../support/child.js';
import { seededRandom } from '../support/random.js';
import { share } from '../support/share.js';
import { suite } from '../support/suite.js';
import { createProgram, exitOf, onlyLine } from './program.js';

const test = suite('failures of the program');
const program = createProgram();
const { run, runHere } = program;

test.timeout(120_000); // each run starts a vault

test.before(() => {
  program.writeSettings('strongroom.json', {
    identity: { type: 'ed25519', from: 'generate' },
    eth: { type: 'secp256k1', from: 'generate' },
    agree: { type: 'x25519', from: 'generate' },
  });
  program.writeSettings('bad.json', {
    good: { type: 'ed25519', from: 'generate' },
    'absent/file': { type: 'ed25519', from: { file: 'nowhere.hex' } },
    'absent/variable': { type: 'secp256k1', from: { env: 'STRONGROOM_TEST_ABSENT' } },
  });
  program.write('message', 'a message');
  program.write('digest', new Uint8Array(32).fill(7));
});

const fails = ({ code, stdout, stderr }: ChildResult, exitCode: number, line: RegExp): void => {
  assert.is(code, exitCode, stderr);
  assert.is(stdout, '');
  assert.match(onlyLine(stderr), line);
};

test('a wrong command line exits with 64', async () => {
  const sign = ['sign', '--key', 'eth', '--in', 'message'];
  const cases: readonly (readonly [args: readonly string[], line: RegExp])[] = [
    [['open'], /^strongroom: ERR_USAGE: unknown command 'open'/],
    [['keys', '--lots'], /^strongroom: ERR_USAGE: unknown option '--lots'/],
    [['sign', '--key', 'eth'], /^strongroom: ERR_USAGE: required option '--in <file>' not specified/],
    [['sign', '--key', '-', '--in', 'message'], /^strongroom: ERR_USAGE: .*Expected a key id/],
    [['generate', 'rsa', '--out', 'rsa.hex'], /^strongroom: ERR_USAGE: .*Allowed choices are ed25519/],
    [[...sign, '--scheme', 'dsa'], /^strongroom: ERR_USAGE: .*Allowed choices/],
    [[...sign, '--encoding', 'raw', '--json', '--hash', 'sha256'], /ERR_USAGE.*--encoding raw does not go with --json/],
    [['sign', '--key', 'identity', '--in', 'message', '--hash', 'sha256'], /ERR_USAGE: --hash goes with secp256k1/],
    [['verify', '--key', 'eth', '--in', 'digest', '--signature', '!'], /ERR_USAGE: --signature expected hex, base64/],
    [['generate', 'ed25519', '--out', '-'], /^strongroom: ERR_USAGE: --out expected the path of a file/],
    [['generate', 'ed25519', '--out', ''], /^strongroom: ERR_USAGE: --out expected the path of a file/],
    [['demo', '--count', '7'], /^strongroom: ERR_USAGE: .*Expected a whole number from 100 to 1000000/],
  ];
  for (const [i, [args, line]] of cases.entries()) {
    const result = await (i === 0 ? run : runHere)(args);
    assert.is(result.code, 64, args.join(' '));
    assert.is(result.stdout, '');
    assert.match(onlyLine(result.stderr), line);
  }
  const none = await run([]);
  assert.is(none.code, 64);
  assert.match(none.stderr, /^Usage: strongroom/);
});

test('without --hash, ECDSA takes 32 bytes and says so', async () => {
  const expected = /^strongroom: ERR_USAGE: ecdsa signs a digest: --in expected 32 bytes .*, got 9; give --hash/;
  fails(await run(['sign', '--key', 'eth', '--in', 'message']), 64, expected);
  fails(await runHere(['verify', '--key', 'eth', '--in', 'message', '--signature', 'abcd']), 64, expected);
  const { code, stdout } = await runHere(['sign', '--key', 'eth', '--in', 'digest']);
  assert.is(code, 0);
  assert.match(stdout, /^[0-9a-f]{128}\n$/);
});

test('an input that is missing exits with 66', async () => {
  const request = ['--key', 'identity', '--in'];
  fails(await run(['sign', ...request, 'nowhere']), 66, /^strongroom: ERR_INPUT: --in: "nowhere" does not exist$/);
  fails(await runHere(['sign', ...request, '.']), 66, /^strongroom: ERR_INPUT: --in: "\." is a directory$/);
  const verify = ['verify', ...request, 'message', '--signature', '@nowhere'];
  fails(await runHere(verify), 66, /^strongroom: ERR_INPUT: --signature: "nowhere" does not exist$/);
});

test('what the vault refuses exits with 1 and its code', async () => {
  const sign = ['sign', '--in', 'message', '--key'];
  fails(await run([...sign, 'nobody']), 1, /^strongroom: ERR_KEY_NOT_FOUND: no key "nobody"/);
  fails(await runHere([...sign, 'agree']), 1, /^strongroom: ERR_OPERATION_UNSUPPORTED: /);
  const other = await runHere([...sign, 'identity', '--scheme', 'schnorr']);
  fails(other, 1, /^strongroom: ERR_SCHEME_UNSUPPORTED: /);
});

test('generate never overwrites and exits with 73', async () => {
  program.write('taken', 'not a key\n');
  fails(await run(['generate', 'ed25519', '--out', 'taken']), 73, /^strongroom: ERR_FILE_EXISTS: /);
  assert.is(readFileSync(join(program.folder, 'taken'), 'utf8'), 'not a key\n');
  fails(await runHere(['generate', 'ed25519', '--out', 'nowhere/key']), 73, /^strongroom: ERR_FILE_WRITE: /);
  assert.not.ok(existsSync(join(program.folder, 'nowhere')));
});

test('a start with two bad keys exits with 78 and lists both', async () => {
  const others = share(seededRandom('cli/failures'), [['check'], ['sign', '--key', 'good', '--in', 'message']], 1 / 2);
  for (const command of [['keys'], ...others]) {
    const { code, stderr } = await (command[0] === 'keys' ? run : runHere)([...command, '--settings', 'bad.json']);
    assert.is(code, 78, command[0]);
    const lines = stderr.trimEnd().split('\n');
    assert.is(lines[0], 'strongroom: ERR_VAULT_STARTUP: the vault did not start: 2 keys could not be registered');
    assert.is(lines.length, 3);
    assert.match(lines[1]!, /^ {2}absent\/file: ERR_SOURCE_NOT_FOUND: /);
    assert.match(lines[2]!, /^ {2}absent\/variable: ERR_SOURCE_NOT_FOUND: /);
  }
});

test('check tells good keys from bad ones', async () => {
  const { stdout } = await runHere(['check', '--settings', 'bad.json']);
  assert.match(stdout, /^ok {6}good {2,}ed25519 {2,}generate\n/);
  assert.match(stdout, /\nFAILED {2}absent\/file {2,}ed25519 {2,}file {2,}ERR_SOURCE_NOT_FOUND\n/);
  const { code, stdout: json, stderr } = await run(['check', '--settings', 'bad.json', '--json']);
  assert.is(code, 78);
  const report = JSON.parse(onlyLine(json)) as { ok: boolean; keys: Record<string, unknown>[] };
  assert.is(report.ok, false);
  assert.equal(report.keys[0], { id: 'good', type: 'ed25519', source: 'generate', ok: true });
  assert.equal(
    report.keys.map(({ ok, code: failure }) => [ok, failure]),
    [
      [true, undefined],
      [false, 'ERR_SOURCE_NOT_FOUND'],
      [false, 'ERR_SOURCE_NOT_FOUND'],
    ],
  );
  const { error } = JSON.parse(onlyLine(stderr));
  assert.is(error.code, 'ERR_VAULT_STARTUP');
  assert.is(error.exitCode, 78);
  assert.equal(
    error.failures.map(({ id }: { id: string }) => id),
    ['absent/file', 'absent/variable'],
  );
});

test('settings that are missing or wrong exit with 78 and list every mistake', async () => {
  program.write('wrong.json', JSON.stringify({ threads: 0, keys: { a: { type: 'rsa', from: 'generate' } } }));
  const wrong = await run(['keys', '--settings', 'wrong.json'], { env: { STRONGROOM_THREADS: undefined } });
  assert.is(wrong.code, 78);
  const [head, ...details] = wrong.stderr.trimEnd().split('\n');
  assert.is(head, 'strongroom: ERR_SETTINGS: 2 mistakes in the settings');
  assert.is(details.length, 2);
  for (const detail of details) assert.match(detail, /^ {2}(?:threads|keys\["a"\]\.type): expected /);
  assert.is((await runHere(['keys', '--settings', 'nowhere.json'])).code, 78);
  const { folder } = createProgram();
  fails(
    await runHere(['keys'], { cwd: folder }),
    78,
    /^strongroom: ERR_SETTINGS: there are no settings: give --settings/,
  );
});

test('errors are one JSON object with --json', async () => {
  for (const [args, code, exitCode] of [
    [['keys', '--lots', '--json'], 'ERR_USAGE', 64],
    [['sign', '--key', 'identity', '--in', 'nowhere', '--json'], 'ERR_INPUT', 66],
    [['sign', '--key', 'nobody', '--in', 'message', '--json'], 'ERR_KEY_NOT_FOUND', 1],
    [['generate', 'ed25519', '--out', 'message', '--json'], 'ERR_FILE_EXISTS', 73],
    [['keys', '--settings', 'nowhere.json', '--json'], 'ERR_SETTINGS', 78],
  ] as const) {
    const result = await (code === 'ERR_INPUT' ? run : runHere)(args);
    assert.is(result.code, exitCode, args.join(' '));
    assert.is(result.stdout, '');
    const { error } = JSON.parse(onlyLine(result.stderr));
    assert.is(error.code, code);
    assert.is(error.exitCode, exitCode);
    assert.ok(error.message.length > 10);
  }
});

test('warnings are one line each', async () => {
  const { code, stderr } = await run(['keys'], {
    env: { STRONGROOM_PROVIDER: 'noble', NODE_OPTIONS: '--pending-deprecation' },
  });
  assert.is(code, 0);
  for (const line of stderr.split('\n').slice(0, -1)) assert.match(line, /^strongroom: warning: /);
});

test('a reader that goes away is no failure', async () => {
  const child = program.start(['keys']);
  child.stdout!.destroy();
  let stderr = '';
  child.stderr!.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  assert.is(await exitOf(child), 0);
  assert.is(stderr, '');
});

test.run();
