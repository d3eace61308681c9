// The commands that write encrypted files, with passwords from files and variables: what they print, as text and as
// JSON, what they write, what they refuse, and how they end.
import { createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '../support/assert.js';
import type { ChildResult } from '../support/child.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { createProgram, onlyLine } from './program.js';

const test = suite('encrypted files of the program');
const program = createProgram();
const { run, runHere } = program;
/** Argon2id and scrypt as cheap as the options allow. */
const CHEAP = ['--memory', '1', '--passes', '1'];
const CHEAP_KEYSTORE = ['--n', '1024'];
/** BIP-39 and BIP-32 of a mnemonic that everybody knows: the first account of many development chains. */
const MNEMONIC = 'test test test test test test test test test test test junk\n';
const FIRST_ACCOUNT = '038318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75';

test.timeout(120_000); // each run starts a vault

const path = (name: string): string => join(program.folder, name);
const json = ({ stdout }: ChildResult): unknown => JSON.parse(onlyLine(stdout));
/** Every command is a process once, and whenever it is given variables: the vault takes those out of a process. */
const ranAsProcess = new Set<string | undefined>();
const succeeds = async (args: readonly string[], env: Record<string, string> = {}): Promise<ChildResult> => {
  const isProcess = !ranAsProcess.has(args[0]) || Object.keys(env).length > 0;
  ranAsProcess.add(args[0]);
  const result = await (isProcess ? run : runHere)(args, { env });
  assert.is(result.code, 0, `${args.join(' ')}\n${result.stderr}`);
  return result;
};
const fails = async (args: readonly string[], code: number, line: RegExp, how = runHere): Promise<void> => {
  const result = await how(args);
  assert.is(result.code, code, `${args.join(' ')}\n${result.stderr}`);
  assert.is(result.stdout, '');
  assert.match(onlyLine(result.stderr), line);
};

test.before(() => {
  program.write('old.pw', 'the old one\n');
  program.write('new.pw', 'the new one\n');
  program.write('words', MNEMONIC);
  program.writeSettings('wallet.json', {
    wallet: { type: 'seed', from: { mnemonic: { file: 'words' } }, allow: ['derive', 'extendedPublicKey', 'export'] },
    eth: { type: 'secp256k1', from: { seed: 'wallet', path: "m/44'/60'/0'/0/0" }, allow: ['sign', 'export'] },
    validator: { type: 'bls12-381', from: { seed: 'wallet', path: 'm/12381/3600/0/0/0' }, allow: ['export'] },
    kept: { type: 'secp256k1', from: 'generate' },
  });
});

test('from nothing to a signed message: init, sign', async () => {
  const made = await succeeds(['init', ...CHEAP, '--password-file', 'old.pw', '--json']);
  const { publicKey, ...rest } = json(made) as { publicKey: string };
  assert.equal(rest, { settings: 'strongroom.json', sealed: 'keys.sealed', key: 'node/identity', type: 'ed25519' });
  assert.match(publicKey, /^[0-9a-f]{64}$/);
  const settings = { type: 'ed25519', from: { sealed: 'keys.sealed', password: { file: 'old.pw' } } };
  assert.equal(JSON.parse(readFileSync(path('strongroom.json'), 'utf8')), { keys: { 'node/identity': settings } });
  if (process.platform !== 'win32') assert.is(statSync(path('keys.sealed')).mode & 0o777, 0o600);

  const sign = await run(['sign', '--key', 'node/identity', '--in', '-'], { input: 'hello' });
  assert.is(sign.code, 0, sign.stderr);
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), fromHex(publicKey)]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  assert.ok(verify(null, Buffer.from('hello'), key, fromHex(onlyLine(sign.stdout))));
});

test('init takes a variable, a type, an id and a policy, and never overwrites', async () => {
  program.writeFolder('node_modules/strongroom', 'strongroom.schema.json', '{}');
  const args = [
    'init',
    ...CHEAP,
    '--settings',
    'seed.json',
    '--sealed',
    'seed.sealed',
    '--password-env',
    'SEED_PASSWORD',
  ];
  const env = { SEED_PASSWORD: 'from a variable' };
  await succeeds([...args, '--type', 'seed', '--allow', 'derive'], env);
  const from = { sealed: 'seed.sealed', password: { env: 'SEED_PASSWORD' } };
  assert.equal(JSON.parse(readFileSync(path('seed.json'), 'utf8')), {
    $schema: './node_modules/strongroom/strongroom.schema.json',
    keys: { wallet: { type: 'seed', from } },
  });
  const { stdout } = await succeeds(['keys', '--settings', 'seed.json'], env);
  assert.match(stdout, /^wallet {2}seed {2}native {2}sealed {2}- {2}derive\n$/);

  const before = readFileSync(path('seed.sealed'));
  await fails(args, 73, /^strongroom: ERR_FILE_EXISTS: file seed\.json: it exists, and is never overwritten$/);
  const other = args.map((arg) => (arg === 'seed.json' ? 'other.json' : arg));
  await fails(other, 73, /^strongroom: ERR_FILE_EXISTS: file seed\.sealed: /);
  assert.not.ok(existsSync(path('other.json')));
  assert.equal(readFileSync(path('seed.sealed')), before);
});

test('init that cannot read its password leaves neither file', async () => {
  const args = ['init', '--settings', 'never.json', '--sealed', 'never.sealed', '--password-file'];
  await fails([...args, 'nowhere.pw'], 66, /^strongroom: ERR_SOURCE_NOT_FOUND: file .*nowhere\.pw: no such file$/);
  for (const name of ['never.json', 'never.sealed']) assert.not.ok(existsSync(path(name)), name);
});

test('without a terminal, what would be typed is asked for by option', async () => {
  program.write('prompt.json', JSON.stringify({ load: [{ sealed: 'keys.sealed', password: { prompt: true } }] }));
  await fails(
    ['keys', '--settings', 'prompt.json'],
    64,
    /^strongroom: ERR_USAGE: .*password of keys\.sealed cannot be asked for; give --password-file or --password-env$/,
    run,
  );
  const { stdout } = await succeeds(['keys', '--settings', 'prompt.json', '--password-file', 'old.pw', '--json']);
  const { keys } = JSON.parse(stdout) as { keys: Record<string, unknown>[] };
  assert.equal(
    keys.map(({ id, type, source, allow }) => [id, type, source, allow]),
    [['node/identity', 'ed25519', 'sealed', ['sign']]],
  );
});

test('passwd changes the password, and a wrong one is told by code and exit code', async () => {
  const change = ['passwd', '--sealed', 'keys.sealed', ...CHEAP];
  const pair = (old: string, chosen: string) => ['--password-file', old, '--new-password-file', chosen];
  program.write('torn.sealed', readFileSync(path('keys.sealed')).subarray(0, 100));
  await Promise.all([
    fails([...change, ...pair('new.pw', 'old.pw')], 77, /^strongroom: ERR_PASSWORD: file .*keys\.sealed: /, run),
    fails(['passwd', '--sealed', 'torn.sealed', ...pair('old.pw', 'new.pw')], 65, /ERR_SEALED_FILE: /),
  ]);
  const done = await succeeds([...change, ...pair('old.pw', 'new.pw'), '--json']);
  assert.equal(json(done), { sealed: 'keys.sealed', keys: 1, memory: 1, passes: 1 });
  await succeeds(['check', '--settings', 'prompt.json', '--password-file', 'new.pw']);
  await fails(['passwd', '--sealed', 'nowhere'], 66, /^strongroom: ERR_INPUT: --sealed: "nowhere" does not exist$/);
});

test('keys go out into keystores and back into a sealed file', async () => {
  const exportKey = (key: string, out: string): string[] => {
    const options = ['--settings', 'wallet.json', '--new-password-file', 'new.pw', ...CHEAP_KEYSTORE];
    return ['export', '--key', key, '--out', out, ...options];
  };
  const [eth, validator] = await Promise.all([
    succeeds(exportKey('eth', 'eth.json')),
    succeeds([...exportKey('validator', 'validator.json'), '--json']),
  ]);
  assert.is(eth.stdout, 'eth exported into eth.json (Web3 Secret Storage)\n');
  assert.equal(json(validator), { key: 'validator', type: 'bls12-381', file: 'validator.json', format: 'EIP-2335' });
  await Promise.all([
    fails(exportKey('eth', 'eth.json'), 73, /^strongroom: ERR_FILE_EXISTS: /),
    fails(exportKey('kept', 'kept.json'), 77, /^strongroom: ERR_NOT_ALLOWED: the policy of the key "kept"/),
  ]);

  const into = ['--into', 'all.sealed', '--new-password-file', 'old.pw', ...CHEAP];
  const one = ['import', '--keystore', 'eth.json', '--key', 'hot/eth', '--password-env', 'KEYSTORE_PASSWORD'];
  const options = ['--allow', 'sign,export', '--json'];
  const imported = await succeeds([...one, ...into, ...options], { KEYSTORE_PASSWORD: 'the new one' });
  const facts = { sealed: 'all.sealed', imported: 1, keys: ['hot/eth'] };
  assert.equal(json(imported), { ...facts, created: true, total: 1 });

  // Only the two keystores of a folder of their own, by one password for both.
  for (const name of ['eth.json', 'validator.json']) {
    program.writeFolder('keystores', name, readFileSync(path(name)));
  }
  const all = ['import', '--keystores', 'keystores', '--password-file', 'new.pw', '--id', 'v/{name}', ...into];
  const { stdout } = await succeeds(all);
  assert.is(stdout, '2 keys imported into all.sealed, which holds 3 keys\n');
  await fails(all, 1, /^strongroom: ERR_KEY_EXISTS: /);
  program.write('all.json', JSON.stringify({ load: [{ sealed: 'all.sealed', password: { file: 'old.pw' } }] }));
  const { keys } = json(await succeeds(['keys', '--settings', 'all.json', '--json'])) as { keys: { id: string }[] };
  assert.equal(keys.map(({ id }) => id).sort(), ['hot/eth', 'v/eth', 'v/validator']);
  assert.equal(
    keys.find(({ id }) => id === 'v/eth'),
    {
      ...{ id: 'v/eth', type: 'secp256k1', provider: 'native', source: 'sealed', allow: ['sign', 'agree'] },
      ...{ schemes: ['ecdsa', 'ecdsa-recoverable', 'schnorr'], state: 'ready', limits: {} },
      publicKey: FIRST_ACCOUNT,
    },
  );
});

test('check lists what failed of a folder of keystores', async () => {
  program.write(
    'folder.json',
    JSON.stringify({
      keys: { session: { type: 'ed25519', from: 'generate' } },
      load: [{ keystores: 'keystores', passwords: { file: 'old.pw' }, id: 'v/{name}' }],
    }),
  );
  const { code, stdout, stderr } = await runHere(['check', '--settings', 'folder.json', '--json']);
  assert.is(code, 78);
  const report = JSON.parse(onlyLine(stdout)) as { keys: { id: string; ok: boolean; code?: string }[] };
  const rows = report.keys.map(({ id, ok, code: failure }) => [id, ok, failure]);
  assert.equal(rows.sort(), [
    ['eth.json', false, 'ERR_PASSWORD'],
    ['session', true, undefined],
    ['validator.json', false, 'ERR_PASSWORD'],
  ]);
  assert.is(JSON.parse(onlyLine(stderr)).error.failures.length, 2);
});

test('derive gives the public key of a path, and its xpub', async () => {
  const derive = ['derive', '--settings', 'wallet.json', '--seed', 'wallet', '--path'];
  const [first, parent] = await Promise.all([
    succeeds([...derive, "m/44'/60'/0'/0/0", '--type', 'secp256k1']),
    succeeds([...derive, "m/44'/60'/0'", '--type', 'secp256k1', '--xpub', '--json']),
  ]);
  assert.is(first.stdout, `${FIRST_ACCOUNT}\n`);
  const found = json(parent) as Record<string, unknown>;
  assert.match(found.xpub as string, /^xpub[1-9A-HJ-NP-Za-km-z]{107}$/);
  assert.equal([found.depth, found.index, found.type], [3, 0x8000_0000, 'secp256k1']);
  await fails([...derive, 'm/0', '--type', 'ed25519'], 64, /^strongroom: ERR_USAGE: --path: .*hardened/);
  await fails([...derive, "m/0'", '--type', 'ed25519', '--xpub'], 64, /--xpub goes with --type secp256k1/);
});

test('a wrong command line exits with 64', async () => {
  const imports = ['import', '--into', 'never.sealed'];
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [imports, /expected one of --keystores and --keystore$/],
    [[...imports, '--keystore', 'eth.json'], /--keystore goes with --key ID$/],
    [[...imports, '--keystores', 'a', '--passwords', 'b', '--password-env', 'C'], /expected one of --passwords, /],
    [[...imports, '--keystores', 'a', '--password-env', 'C', '--id', 'same'], /--id expected a key id with \{pubkey\}/],
    [['init', '--password-env', 'A', '--password-file', 'b'], /cannot be used with/],
    [
      ['init', '--allow', 'sign,fly'],
      /Expected some of sign, provePossession, agree, .*, export, with commas between them/,
    ],
    [['passwd', '--sealed', 'keys.sealed', '--memory', '0'], /Expected a whole number from 1 to/],
    [['export', '--key', 'eth', '--out', 'x', '--n', '1000'], /Expected a power of two/],
  ];
  await Promise.all(cases.map(([args, line]) => fails(args, 64, line)));
});

test.run();
