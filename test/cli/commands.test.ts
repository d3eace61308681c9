// Every command of the program on good input: what it prints, as text and as JSON, and what it leaves behind. Each runs
// as a process at least once.
import { createPublicKey, verify } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readSignature } from '../../dist/src/cli/input.js';
import { assert } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { createProgram, exitOf, onlyLine } from './program.js';

interface ListedKey {
  readonly id: string;
  readonly type: string;
  readonly provider: string;
  readonly source: string;
  readonly publicKey: string;
  readonly allow: readonly string[];
}

const test = suite('the commands of the program');
const program = createProgram();
const { run, runHere } = program;
const MESSAGE = 'a message, and a line feed\n';
const publicKeys: Record<string, string> = {};
let listing: Promise<string> | undefined;
/** What `keys --json` prints. */
const listedAsJson = (): Promise<string> =>
  (listing ??= runHere(['keys', '--json']).then(({ stdout }) => onlyLine(stdout)));

test.timeout(120_000); // each run starts a vault

test.before(async () => {
  for (const [type, file] of [
    ['ed25519', 'identity.hex'],
    ['secp256k1', 'hot.hex'],
    ['bls12-381', 'validator.hex'],
  ] as const) {
    const { code, stdout, stderr } = await runHere(['generate', type, '--out', file]);
    assert.is(code, 0, stderr);
    publicKeys[type] = onlyLine(stdout);
  }
  program.writeSettings('strongroom.json', {
    'node/identity': { type: 'ed25519', from: { file: 'identity.hex' } },
    'hot/eth': { type: 'secp256k1', from: { file: 'hot.hex' } },
    'validator/0': { type: 'bls12-381', from: { file: 'validator.hex' } },
    session: { type: 'x25519', from: 'generate' },
  });
  program.write('message', MESSAGE);
});

test('--version prints the version of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  const { code, stdout } = await run(['--version']);
  assert.is(code, 0);
  assert.is(stdout, `${version}\n`);
});

test('--help has examples and exit codes, and each command has its own help with examples', async () => {
  const { code, stdout } = await run(['--help']);
  assert.is(code, 0);
  for (const part of ['Examples:', 'Exit codes:', '  78 ', '--settings', '--json']) assert.match(stdout, part);
  for (const command of [
    ...['init', 'check', 'keys', 'generate', 'sign', 'verify'],
    ...['derive', 'import', 'export', 'passwd', 'demo'],
  ]) {
    assert.match(stdout, `\n  ${command}`);
    const help = await (command === 'sign' ? run : runHere)([command, '--help']);
    assert.is(help.code, 0, command);
    assert.match(help.stdout, 'Examples:\n  strongroom', command);
    assert.match(help.stdout, '--settings', command);
  }
});

test('generate writes hex of mode 0600 and prints the public key that the vault finds in it', async () => {
  const file = join(program.folder, 'identity.hex');
  if (process.platform !== 'win32') assert.is(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, 'latin1'), /^[0-9a-f]{64}\n$/);
  const listed = (JSON.parse(await listedAsJson()) as { keys: ListedKey[] }).keys;
  for (const type of ['ed25519', 'secp256k1', 'bls12-381']) {
    assert.is(listed.find((key) => key.type === type)?.publicKey, publicKeys[type], type);
  }
});

test('generate --json names type, file and public key', async () => {
  const { code, stdout, stderr } = await run(['generate', 'x25519', '--out', 'agree.hex', '--json']);
  assert.is(code, 0, stderr);
  const { publicKey, ...rest } = JSON.parse(onlyLine(stdout)) as ListedKey;
  assert.equal(rest, { type: 'x25519', file: 'agree.hex' });
  assert.match(publicKey, /^[0-9a-f]{64}$/);
});

test('keys lists id, type, provider, source, public key and what they may do', async () => {
  const { code, stdout, stderr } = await run(['keys']);
  assert.is(code, 0, stderr);
  const rows = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ {2,}/));
  assert.equal(
    rows.map((row) => row[0]),
    ['node/identity', 'hot/eth', 'validator/0', 'session'],
  );
  const { keys } = JSON.parse(await listedAsJson()) as { keys: ListedKey[] };
  assert.equal(Object.keys(keys[0]!), [
    ...['id', 'type', 'provider', 'source', 'schemes', 'state', 'limits', 'publicKey', 'allow'],
  ]);
  assert.equal(
    rows.map((row) => row[5]),
    ['sign', 'sign,agree', 'sign,provePossession', 'agree,open'],
  );
  const { id, type, provider, source, publicKey, allow } = keys[0]!;
  assert.equal(rows[0], [id, type, provider, source, publicKey, String(allow)]);
});

test('check reports on every key and exits with 0', async () => {
  const { code, stdout, stderr } = await run(['check']);
  assert.is(code, 0, stderr);
  for (const id of ['node/identity', 'hot/eth', 'validator/0', 'session']) assert.match(stdout, `ok  ${id} `);
  assert.match(stdout, '4 keys loaded; 1 signer thread;');
  const { stdout: json } = await runHere(['check', '--json']);
  const report = JSON.parse(onlyLine(json));
  assert.is(report.ok, true);
  assert.equal(
    report.keys.map((key: { ok: boolean }) => key.ok),
    [true, true, true, true],
  );
  assert.is(report.info.threads, 1);
  assert.is(report.info.memory.keysUsed, 4);
});

test('sign signs the bytes of a file as they are, and the signature verifies elsewhere', async () => {
  const { code, stdout, stderr } = await run(['sign', '--key', 'node/identity', '--in', 'message']);
  assert.is(code, 0, stderr);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), fromHex(publicKeys.ed25519!)]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  assert.ok(verify(null, Buffer.from(MESSAGE), key, fromHex(onlyLine(stdout))));
});

test('sign reads binary from standard input, and gives hex, base64 and raw bytes of the same signature', async () => {
  const input = new Uint8Array(256).map((_, i) => i);
  program.write('binary', input);
  const sign = ['sign', '--key', 'node/identity'];
  const hex = onlyLine((await run([...sign, '--in', '-'], { input })).stdout);
  const base64 = onlyLine((await runHere([...sign, '--in', 'binary', '--encoding', 'base64'])).stdout);
  assert.is(Buffer.from(base64, 'base64').toString('hex'), hex);

  const child = program.start([...sign, '--in', 'binary', '--encoding', 'raw']);
  const chunks: Buffer[] = [];
  child.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
  assert.is(await exitOf(child), 0);
  assert.is(Buffer.concat(chunks).toString('hex'), hex);
});

test('sign --json names key, scheme, hash and encoding', async () => {
  const args = ['--key', 'hot/eth', '--in', 'message', '--scheme', 'ecdsa-recoverable', '--hash', 'keccak256'];
  const { stdout } = await runHere(['sign', ...args, '--json']);
  const { signature, ...rest } = JSON.parse(onlyLine(stdout)) as { signature: string };
  assert.equal(rest, { key: 'hot/eth', scheme: 'ecdsa-recoverable', hash: 'keccak256', encoding: 'hex' });
  assert.is(signature.length, 130);
});

test('verify takes hex, base64 and files of any of the three encodings', async () => {
  for (const [id, options, form] of [
    ['validator/0', [], '@signature.raw'],
    ['hot/eth', ['--hash', 'sha256', '--scheme', 'schnorr'], 'base64'],
  ] as const) {
    const request = ['--key', id, '--in', 'message', ...options];
    const signature = fromHex(onlyLine((await runHere(['sign', ...request])).stdout));
    const hex = Buffer.from(signature).toString('hex');
    const base64 = Buffer.from(signature).toString('base64');
    program.write('signature.raw', signature);
    program.write('signature.hex', `${hex}\n`);
    program.write('signature.base64', `${base64}\n`);
    const inFolder = (name: string): string => `@${join(program.folder, name)}`;
    const files = ['signature.raw', 'signature.hex', 'signature.base64'].map(inFolder);
    for (const given of [hex, `0x${hex}`, base64, ...files]) {
      assert.equal(Uint8Array.from(await readSignature(given)), signature, `${id}, ${given}`);
    }
    const given = form === 'base64' ? base64 : form;
    const { code, stdout, stderr } = await (id === 'hot/eth' ? runHere : run)([
      'verify',
      ...request,
      '--signature',
      given,
    ]);
    assert.is(code, 0, `${id}, ${form}: ${stderr}`);
    assert.is(stdout, 'valid\n');
  }
});

test('verify exits with 1 for another message and for a signature of the wrong length', async () => {
  const hex = onlyLine((await runHere(['sign', '--key', 'node/identity', '--in', 'message'])).stdout);
  const other = await run(['verify', '--key', 'node/identity', '--in', '-', '--signature', hex], { input: 'another' });
  assert.equal([other.code, other.stdout, other.stderr], [1, 'not valid\n', '']);
  const short = await runHere(['verify', '--key', 'node/identity', '--in', 'message', '--signature', 'abcd', '--json']);
  assert.is(short.code, 1);
  assert.equal(JSON.parse(onlyLine(short.stdout)), { key: 'node/identity', scheme: 'ed25519', valid: false });
});

test('the settings come from --settings, else STRONGROOM_SETTINGS, else ./strongroom.json', async () => {
  program.writeSettings('one.json', { one: { type: 'ed25519', from: 'generate' } });
  program.writeSettings('two.json', { two: { type: 'ed25519', from: 'generate' } });
  const env = { STRONGROOM_SETTINGS: 'two.json' };
  assert.match((await runHere(['keys', '--settings', 'one.json'], { env })).stdout, /^one /);
  assert.match((await runHere(['--settings', 'one.json', 'keys'], { env })).stdout, /^one /);
  assert.match((await run(['keys'], { env })).stdout, /^two /);
  assert.match((await runHere(['keys'])).stdout, /^node\/identity /);
});

test.run();
