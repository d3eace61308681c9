// The helpers that tests lean on: assertions, randomness, vectors, hex, temp folders and child processes.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, equalBytes, equalSecret, rejects } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const support = (name: string): string => JSON.stringify(new URL(`../support/${name}.js`, import.meta.url).href);

/** The message of what a function throws; fails when it throws nothing. */
const messageOf = (body: () => void): string => {
  try {
    body();
  } catch (error) {
    const { message, stack, details } = error as Error & { details?: string };
    return `${message}\n${stack}\n${details}`;
  }
  throw new Error('expected an error, got none');
};

const test = suite('the test helpers');
const random = seededRandom('helpers');

test('comparisons of bytes accept equal bytes and refuse others', () => {
  const bytes = random.bytes(32);
  const other = bytes.slice();
  other[31] = (other[31] as number) ^ 1;
  equalBytes(Buffer.from(bytes), bytes, 'same');
  equalSecret(Buffer.from(bytes), bytes, 'same');
  assert.equal({ a: bytes }, { a: bytes.slice() });
  assert.match(
    messageOf(() => equalBytes(bytes, other, 'this')),
    /^this: differ at byte 31/,
  );
  messageOf(() => equalBytes(bytes, bytes.subarray(1)));
  messageOf(() => equalSecret(bytes, other));
  messageOf(() => equalSecret(bytes, bytes.subarray(1)));
  messageOf(() => assert.equal(bytes, other));
  messageOf(() => assert.equal([{ a: bytes }], [{ a: other }]));
  messageOf(() => assert.is(bytes, bytes.slice()));
});

test('a failed comparison shows bytes only when they are said to be public', () => {
  const secret = random.bytes(32);
  const other = random.bytes(32);
  const shows = (message: string): boolean =>
    message.includes(toHex(secret)) || (message.includes(`${secret[0]}`) && message.includes([...secret].join(',')));
  const inAnyForm = (message: string): boolean =>
    shows(message) || [...secret].every((byte) => new RegExp(`\\b${byte}\\b`).test(message));
  assert.ok(shows(messageOf(() => equalBytes(secret, other, 'public'))), 'positive control');
  assert.ok(inAnyForm([...secret].join(',\n')), 'positive control');
  const silent = [
    () => equalSecret(secret, other),
    () => assert.equal(secret, other),
    () => assert.equal({ deep: [secret] }, { deep: [other] }),
    () => assert.equal(new Map([['a', secret]]), new Map([['a', other]])),
    () => assert.is(secret, secret.slice()),
    () => assert.not.equal(secret, secret.slice()),
    () => assert.not(secret),
  ];
  for (const [index, body] of silent.entries()) assert.not.ok(inAnyForm(messageOf(body)), `comparison ${index}`);
});

test('rejects() wants a rejection of that code or class and message', async () => {
  const vaultError = Object.assign(new Error('no such key'), { name: 'VaultError', code: 'ERR_KEY_NOT_FOUND' });
  assert.is(await rejects(Promise.reject(vaultError), 'ERR_KEY_NOT_FOUND', /such/), vaultError);
  await rejects(Promise.reject(new RangeError('32 bytes')), RangeError, /32/);
  await rejects(rejects(Promise.resolve(), 'ERR_KEY_NOT_FOUND'), Error, /got no rejection/);
  await rejects(rejects(Promise.reject(vaultError), 'ERR_KEY_EXISTS'), Error, /got VaultError ERR_KEY_NOT_FOUND/);
  await rejects(rejects(Promise.reject(vaultError), 'ERR_KEY_NOT_FOUND', /other/), Error, /expected a message like/);
  await rejects(rejects(Promise.reject(new TypeError('x')), RangeError), Error, /got TypeError/);
  await rejects(rejects(Promise.reject('text'), Error), Error, /not an Error/);
  const codeOnly = Object.assign(new Error('x'), { code: 'ERR_KEY_NOT_FOUND' });
  await rejects(rejects(Promise.reject(codeOnly), 'ERR_KEY_NOT_FOUND'), Error, /got Error/);
});

test('a seed brings the same randomness back, per label', async () => {
  const source = `import { seededRandom } from ${support('random')};
    const [a, b, c] = ['x', 'x', 'y'].map(seededRandom);
    console.log(JSON.stringify([a, b, c].map((r) => [...r.bytes(3), ...r.bytes(5000).slice(-3), r.int(1000), ...r.shuffle([1, 2, 3, 4, 5])])));`;
  const runs = await Promise.all(
    ['one', 'one', 'two', ''].map((seed) => runNode(source, { env: { TEST_SEED: seed } })),
  );
  const lines = runs.map(({ stdout }) => stdout.trim().split('\n'));
  assert.equal(lines[0], lines[1]);
  assert.not.equal(lines[0]?.[1], lines[2]?.[1]);
  assert.match(lines[0]?.[0] ?? '', /^# seed one \(TEST_SEED=one repeats this run\)$/);
  assert.match(lines[3]?.[0] ?? '', /^# seed [0-9a-f]{16} /);
  const [a, b, c] = JSON.parse(lines[0]?.[1] ?? '') as number[][];
  assert.equal(a, b);
  assert.not.equal(a, c);
});

test('seeded integers, picks and shuffles are even', () => {
  const counts = new Array<number>(6).fill(0);
  for (let i = 0; i < 6000; i++) {
    const value = random.int(6);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  // 1,000 each, with a standard deviation of 29: six of them are not reached by chance.
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 180, `${counts}`);
  assert.is(counts.length, 6);
  const deck = Array.from({ length: 52 }, (_, index) => index);
  const shuffled = random.shuffle([...deck]);
  assert.not.equal(shuffled, deck);
  assert.equal(
    [...shuffled].sort((x, y) => x - y),
    deck,
  );
  assert.ok(deck.includes(random.pick(deck)));
  for (const bad of [0, -1, 1.5, 2 ** 49, Number.NaN]) assert.throws(() => random.int(bad), /maxExclusive/);
  assert.throws(() => random.pick([]), /at least one/);
});

test('hex goes both ways and refuses what is not hex', () => {
  equalBytes(fromHex('0x00ffA5'), new Uint8Array([0, 255, 165]));
  assert.is(toHex(new Uint8Array([0, 255, 165]).subarray(1)), 'ffa5');
  for (const bad of ['0', 'zz', '0x0', ' 00', '0x0x00']) assert.throws(() => fromHex(bad), /hex digits/);
});

test('vectors come from STRONGROOM_VECTORS, and a missing folder or file is an error', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'kind'));
  writeFileSync(join(folder, 'kind', 'a.json'), '[1]');
  const load = (path: string) => `import { loadVectors, loadVectorText } from ${support('vectors')};
    console.log(loadVectors('${path}')?.[0], loadVectorText('${path}'));`;
  const found = await runNode(load('kind/a.json'), { env: { STRONGROOM_VECTORS: folder } });
  assert.is(found.stdout, '1 [1]\n');
  const noFile = await runNode(load('kind/b.json'), { env: { STRONGROOM_VECTORS: folder } });
  assert.match(noFile.stderr, /ENOENT/);
  const noFolder = await runNode(load('kind/a.json'), { env: { STRONGROOM_VECTORS: join(folder, 'no') } });
  assert.match(noFolder.stderr, /names a folder that does not exist/);
});

test('a temp folder is private, and gone when the process has ended', async () => {
  const source = `import { tempFolder } from ${support('temp')}; import { statSync, writeFileSync } from 'node:fs';
    const folder = tempFolder(); writeFileSync(folder + '/file', ''); tempFolder();
    console.log(folder, (statSync(folder).mode & 0o777).toString(8)); if (process.env.CRASH) throw new Error('crash');`;
  for (const env of [{}, { CRASH: '1' }]) {
    const [folder = '', mode] = (await runNode(source, { env })).stdout.trim().split(' ');
    assert.is(mode, '700');
    assert.ok(folder.length > 1);
    assert.not.ok(existsSync(folder));
  }
});

test('runNode gives code, signal, output and input, and ends what takes too long', async () => {
  const echo = await runNode(
    'process.stdin.pipe(process.stdout); console.error(process.env.A); process.exitCode = 7;',
    {
      input: 'hello',
      env: { A: 'set' },
    },
  );
  assert.equal(echo, { code: 7, signal: null, stdout: 'hello', stderr: 'set\n', timedOut: false });
  const hung = await runNode(['--eval', 'setInterval(() => {}, 1000)'], { timeoutMs: 300 });
  assert.is(hung.signal, 'SIGKILL');
  assert.ok(hung.timedOut);
  const script = join(tempFolder(), 'a.mjs');
  writeFileSync(script, 'console.log(1)');
  assert.is((await runNode(script)).stdout, '1\n');
});

test.run();
