// The demo, small, from start to end; and what a signal does to it, or to a command that waits.
import { readdirSync } from 'node:fs';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { share } from '../support/share.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { createProgram, exitOf, onlyLine } from './program.js';

const test = suite('the demo');
const program = createProgram();
const temporary = tempFolder();
const env = { TMPDIR: temporary, TEMP: temporary, TMP: temporary };
test.timeout(120_000);
const SEED = '0123456789abcdef'.repeat(4);

test('tells its story in seven steps, in plain text of at most 100 columns, and leaves nothing behind', async () => {
  const { code, stdout, stderr } = await program.run(['demo', '--count', '200'], { env });
  assert.is(code, 0, stderr);
  assert.is(stderr, '');
  for (let i = 1; i <= 7; i++) assert.match(stdout, new RegExp(`^${i}  \\w`, 'm'));
  assert.match(stdout, /^Strongroom \d/);
  assert.match(stdout, 'STRONGROOM_DEMO_KEY gone  yes');
  assert.match(stdout, 'refused now: ERR_KEY_NOT_FOUND');
  assert.match(stdout, /\nDone\. 200 signatures, every one verified; [\d.]+ s from start to end\.\n$/);
  assert.not.match(stdout, '\u001b');
  for (const line of stdout.split('\n')) {
    if (!line.includes(temporary)) assert.ok(line.length <= 100, line);
  }
  assert.equal(readdirSync(temporary), []);
});

test('gives its figures as JSON; takes the key that is in its environment, and never prints it', async () => {
  const withKey = { env: { ...env, STRONGROOM_DEMO_KEY: SEED } };
  const { code, stdout, stderr } = await program.run(['demo', '--count', '100', '--json'], withKey);
  assert.not.match(stdout + stderr, SEED.slice(0, 16));
  assert.is(code, 0, stderr);
  const figures = JSON.parse(onlyLine(stdout));
  assert.is(figures.ok, true);
  assert.is(figures.signed.count, 100);
  assert.equal(Object.keys(figures.signed.byType), ['ed25519', 'secp256k1', 'bls12-381']);
  for (const { count, perSecond } of Object.values<Record<string, number>>(figures.signed.byType)) {
    assert.ok(count! > 0 && perSecond! > 0);
  }
  assert.is(figures.verified.count, 100);
  assert.is(figures.verified.failed, 0);
  assert.is(figures.variableGone, true);
  assert.equal(figures.together, { keys: 32, valid: true });
  assert.equal(figures.released, { id: 'wallet/hot', refusedWith: 'ERR_KEY_NOT_FOUND' });
  const sources = (figures.keys as { source: string }[]).map(({ source }) => source);
  assert.equal([...new Set(sources)].sort(), ['env', 'file', 'generate']);
});

test('a bad key in its environment is refused, and not printed', async () => {
  const bad = await program.run(['demo', '--count', '100'], { env: { ...env, STRONGROOM_DEMO_KEY: SEED.slice(2) } });
  assert.is(bad.code, 78);
  assert.match(bad.stderr, /^strongroom: ERR_VAULT_STARTUP: .*\n {2}node\/identity: ERR_KEY_LENGTH: /);
  assert.not.match(bad.stdout + bad.stderr, SEED.slice(2, 18));
  assert.equal(readdirSync(temporary), []);
});

const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const;
for (const [signal, exitCode] of share(seededRandom('signals to the demo'), SIGNALS, 1 / 2)) {
  test(`${signal} in its middle closes the vault, removes the files and exits with ${exitCode}`, async () => {
    const child = program.start(['demo', '--count', '200000'], env);
    let stdout = '';
    let stderr = '';
    child.stdout!.on('data', (chunk: Buffer) => {
      const before = stdout;
      stdout += chunk.toString();
      if (stdout.includes('\n3  ') && !before.includes('\n3  ')) child.kill(signal);
    });
    child.stderr!.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    assert.is(await exitOf(child), exitCode);
    assert.is(stderr, '');
    assert.not.match(stdout, '\n4  ');
    assert.equal(readdirSync(temporary), []);
  });
}

test('SIGINT ends a command that waits for its input', async () => {
  program.writeSettings('strongroom.json', { a: { type: 'ed25519', from: 'generate' } });
  const child = program.start(['sign', '--key', 'a', '--in', '-']);
  setTimeout(() => child.kill('SIGINT'), 1_500);
  assert.is(await exitOf(child), 130);
});

test.run();
