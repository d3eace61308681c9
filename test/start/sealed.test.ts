// Sealed files through the public interface: keys that are loaded or generated and kept, whole files, what the file's
// policy allows, and a file under another password.
import { copyFileSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type KeySpec, openVault, resealFile, type Settings, type Vault, VaultError } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('sealed files');

const bytes = (text: string): { bytes: Uint8Array } => ({ bytes: Uint8Array.from(Buffer.from(text)) });
/** As cheap as Argon2id may be: what it costs in earnest is not what is tested here. */
const CHEAP = { memory: 8 * 1024, passes: 1 };
const failuresOf = async (settings: Settings): Promise<readonly string[]> => {
  try {
    await (await openVault({ threads: 1, ...settings })).close();
  } catch (error) {
    if (!(error instanceof VaultError) || error.failures === undefined) throw error;
    return error.failures.map(({ id, code }) => `${id} ${code}`);
  }
  return [];
};

interface SealedFile {
  readonly file: string;
  readonly folder: string;
  readonly publicKeys: Map<string, string>;
}

/** A sealed file with one key of each type, and their public keys. */
const makeSealedFile = async (): Promise<SealedFile> => {
  const folder = tempFolder();
  const file = join(folder, 'keys.sealed');
  const allow = ['export'] as const;
  await using vault = await openVault({
    threads: 1,
    keys: {
      ed: { type: 'ed25519', from: 'generate', allow },
      eth: { type: 'secp256k1', from: 'generate', allow },
      bls: { type: 'bls12-381', from: 'generate', allow },
      box: { type: 'x25519', from: 'generate', allow },
      seed: { type: 'seed', from: 'generate', allow },
    },
  });
  assert.is(await vault.seal({ file, password: bytes('open sesame'), cost: CHEAP }), 5);
  return { file, folder, publicKeys: new Map(vault.keys().map(({ id, publicKey }) => [id, toHex(publicKey)])) };
};

let made: Promise<SealedFile> | undefined;
/** A copy of it for one test. */
const sealedFile = async (): Promise<SealedFile> => {
  made ??= makeSealedFile();
  const { file, publicKeys } = await made;
  const folder = tempFolder();
  const copy = join(folder, 'keys.sealed');
  copyFileSync(file, copy);
  return { file: copy, folder, publicKeys };
};

test('a sealed file holds keys of every type, and gives them back: one, or all', async () => {
  made ??= makeSealedFile();
  const { file, folder, publicKeys } = await made;
  if (process.platform !== 'win32') assert.is(statSync(file).mode & 0o777, 0o600);
  assert.equal(readdirSync(folder), ['keys.sealed']);
  await using vault = await openVault({
    threads: 1,
    keys: {
      ed: { type: 'ed25519', from: { sealed: file, password: bytes('open sesame') } },
      'of/seed': { type: 'ed25519', from: { seed: 'all/seed', path: "m/0'" } },
    },
    load: [{ sealed: file, password: bytes('open sesame'), id: 'all/{id}' }],
  });
  assert.is(toHex(await vault.publicKey('ed')), publicKeys.get('ed'));
  for (const { id, publicKey, source } of vault.keys().filter((key) => key.id.startsWith('all/'))) {
    assert.is(toHex(publicKey), publicKeys.get(id.slice(4)));
    assert.is(source, 'sealed');
  }
  assert.is(vault.keys().length, 7);
  assert.is((await vault.sign('all/bls', new Uint8Array(3))).length, 96);
});

test('a key that is not there is generated and kept: the next start has the same', async () => {
  const { file } = await sealedFile();
  const create = (id: string): Settings => ({
    threads: 1,
    keys: { [id]: { type: 'ed25519', from: { sealed: file, password: bytes('open sesame'), create: true } } },
  });
  const start = async (act?: (vault: Vault) => Promise<void>): Promise<string> => {
    await using vault = await openVault(create('node/identity'));
    await act?.(vault);
    return toHex(await vault.publicKey('node/identity'));
  };
  const first = await start();
  let other = '';
  const second = await start(async (vault) => {
    const from = { sealed: file, password: bytes('open sesame'), create: true };
    other = toHex((await vault.register('node/other', { type: 'ed25519', from })).publicKey);
  });
  assert.is(second, first);
  assert.is.not(other, first);
  assert.is(await start(), first);
  // Another type of the same id is no reason to make another key.
  const spec: KeySpec = { type: 'secp256k1', from: { sealed: file, password: bytes('open sesame'), create: true } };
  assert.equal(await failuresOf({ keys: { 'node/identity': spec } }), ['node/identity ERR_KEY_CURVE']);
});

test('a file that is not there is made, with several keys at once, in one derivation', async () => {
  const file = join(tempFolder(), 'new.sealed');
  process.env.SEALED_TEST_PASSWORD = 'from a variable';
  const from = { sealed: file, password: { env: 'SEALED_TEST_PASSWORD' }, create: true } as const;
  const keys = { a: { type: 'ed25519', from }, b: { type: 'seed', from }, c: { type: 'secp256k1', from } } as const;
  {
    await using vault = await openVault({ threads: 1, keys });
    assert.is(vault.keys().length, 3);
  }
  const password = bytes('from a variable');
  await using again = await openVault({ threads: 1, load: [{ sealed: file, password }] });
  assert.equal(
    again.keys().map(({ id, type }) => [id, type]),
    [
      ['a', 'ed25519'],
      ['b', 'seed'],
      ['c', 'secp256k1'],
    ],
  );
});

test('what is wrong with a sealed file fails the start, and the file stays as it was', async () => {
  const { file, folder } = await sealedFile();
  const whole = readFileSync(file);
  const from = (sealed: string, password = 'open sesame', create = false): KeySpec => ({
    type: 'ed25519',
    from: { sealed, password: bytes(password), create },
  });
  const torn = join(folder, 'torn');
  writeFileSync(torn, whole.subarray(0, whole.length - 1), { mode: 0o600 });
  const altered = join(folder, 'altered');
  const bent = Uint8Array.from(whole);
  bent[bent.length - 20]! ^= 1;
  writeFileSync(altered, bent, { mode: 0o600 });
  const open = join(folder, 'open');
  copyFileSync(file, open);
  if (process.platform !== 'win32') writeFileSync(open, whole, { mode: 0o644 });
  const missing = join(folder, 'missing');
  const wrong = [
    [file, 'open sesamy', 'ERR_PASSWORD'],
    [torn, 'open sesame', 'ERR_SEALED_FILE'],
    [altered, 'open sesame', 'ERR_SEALED_FILE'],
  ] as const;
  {
    await using vault = await openVault({ threads: 1 });
    for (const [sealed, password, code] of wrong) {
      for (const create of [false, true]) await rejects(vault.register('ed', from(sealed, password, create)), code);
    }
  }
  const keys = Object.fromEntries(wrong.map(([sealed, password], i) => [`ed/${i}`, from(sealed, password)]));
  const failures = await failuresOf({
    keys: { ...keys, nobody: from(file), ed: from(missing) },
    load: [{ sealed: missing, password: bytes('x') }],
  });
  assert.equal(failures, [
    ...wrong.map(([, , code], i) => `ed/${i} ${code}`),
    'nobody ERR_KEY_NOT_FOUND',
    'ed ERR_SOURCE_NOT_FOUND',
    `${missing} ERR_SOURCE_NOT_FOUND`,
  ]);
  assert.equal(await failuresOf({ keys: { ed: from(file) }, kdf: { maxMemory: 1024 * 1024, maxWork: 7 } }), [
    'ed ERR_KDF_COST',
  ]);
  equalBytes(readFileSync(file), whole);
  equalBytes(readFileSync(altered), bent);
  assert.not.ok(existsSync(missing));
});

test('a file may allow its keys less than settings ask, and settings less than the file', async () => {
  const { file, folder } = await sealedFile();
  const limited = join(folder, 'limited.sealed');
  const password = () => bytes('open sesame');
  {
    await using vault = await openVault({
      threads: 1,
      keys: {
        signs: { type: 'ed25519', from: 'generate', allow: ['export'] },
      },
    });
    await vault.seal({ file: limited, password: password(), allow: ['sign'], cost: CHEAP });
    await rejects(vault.seal({ file: limited, password: password(), allow: ['sign'], cost: CHEAP }), 'ERR_KEY_EXISTS');
  }
  const spec = (allow?: KeySpec['allow']): KeySpec => ({
    type: 'ed25519',
    from: { sealed: limited, password: password() },
    ...(allow && { allow }),
  });
  // Keys that were sealed without a word about it do what their type does, and are not exported.
  await using vault = await openVault({
    threads: 1,
    keys: { signs: spec() },
    load: [{ sealed: file, password: password(), allow: ['sign', 'export'] }],
  });
  const allowed = (id: string) => vault.keys().find((key) => key.id === id)?.allow;
  assert.equal(allowed('signs'), ['sign']);
  for (const [asked, given] of [
    [['sign', 'export'], ['sign']],
    [[], []],
  ] as const) {
    await vault.release('signs');
    await vault.register('signs', spec(asked));
    assert.equal(allowed('signs'), given);
  }
  assert.equal(allowed('ed'), ['sign']);
  await rejects(vault.seal({ file: limited, password: password(), ids: ['ed'] }), 'ERR_NOT_ALLOWED');
});

test('a sealed file is sealed anew under another password, and opens by the old one no more', async () => {
  const { file } = await sealedFile();
  const request = (password: string, newPassword: string) => ({
    file,
    password: bytes(password),
    newPassword: bytes(newPassword),
    cost: CHEAP,
  });
  await rejects(resealFile(request('wrong', 'new')), 'ERR_PASSWORD');
  assert.is(await resealFile(request('open sesame', 'Ångström')), 5);
  const load = (password: string): Settings => ({ load: [{ sealed: file, password: bytes(password) }] });
  assert.equal(await failuresOf(load('open sesame')), [`${file} ERR_PASSWORD`]);
  assert.equal(await failuresOf(load('Ångström'.normalize('NFD'))), []);
  await rejects(resealFile({ ...request('Ångström', 'x'), file: `${file}.none` }), 'ERR_SOURCE_NOT_FOUND');
  await rejects(resealFile(request('Ångström', '')), 'ERR_SOURCE_EMPTY');
  // @ts-expect-error a request without its passwords
  await rejects(resealFile({ file }), TypeError);
  // A random key in place of a password: no text in UTF-8.
  const random = Uint8Array.from([0xff, 0xfe, ...new Uint8Array(30)]);
  await resealFile({ ...request('Ångström', ''), newPassword: { bytes: Uint8Array.from(random) } });
  await using vault = await openVault({ threads: 1, load: [{ sealed: file, password: { bytes: random } }] });
  assert.is(vault.keys().length, 5);
});

test('two that seal into one file at once lose nothing', async () => {
  const { file } = await sealedFile();
  const open = (id: string) =>
    openVault({
      threads: 1,
      keys: { [id]: { type: 'ed25519', from: { sealed: file, password: bytes('open sesame'), create: true } } },
    });
  const vaults = await Promise.all(['x', 'y', 'z'].map(open));
  await Promise.all(vaults.map((vault) => vault.close()));
  await using vault = await openVault({ threads: 1, load: [{ sealed: file, password: bytes('open sesame') }] });
  assert.is(vault.keys().length, 8);
});

test.run();
