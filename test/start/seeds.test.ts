// Seeds and the keys that derive from them, through the public interface: published values, the order of a start, what
// goes wrong, and what an open vault derives.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { type KeySpec, openVault, type Settings, VaultError } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const test = suite('keys from seeds');

const bytes = (text: string): { bytes: Uint8Array } => ({ bytes: Uint8Array.from(Buffer.from(text)) });
const hexBytes = (text: string): { bytes: Uint8Array } => ({ bytes: Uint8Array.from(Buffer.from(text, 'hex')) });
const failuresOf = async (settings: Settings): Promise<Record<string, string>> => {
  try {
    await (await openVault({ threads: 1, ...settings })).close();
  } catch (error) {
    if (!(error instanceof VaultError) || error.failures === undefined) throw error;
    return Object.fromEntries(error.failures.map(({ id, code }) => [id, code]));
  }
  return {};
};

/** The mnemonic that Ethereum's development tools use. */
const WORDS = 'test test test test test test test test test test test junk';
const wallet = (): KeySpec => ({ type: 'seed', from: { mnemonic: bytes(WORDS) } });

test('keys derive from a mnemonic as wallets derive them, whatever their order in the settings', async () => {
  await using vault = await openVault({
    threads: 1,
    keys: {
      'eth/0': { type: 'secp256k1', from: { seed: 'wallet', path: "m/44'/60'/0'/0/0" } },
      wallet: wallet(),
      'eth/1': { type: 'secp256k1', from: { seed: 'wallet', path: "m/44'/60'/0'/0/1" } },
    },
  });
  // Account 0 of these words is 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266.
  assert.is(
    toHex(await vault.publicKey('eth/0')),
    '038318535b54105d4a7aae60c08fc45f9687181b4fdfc625bd1a753fa7397fed75',
  );
  assert.equal(
    vault.keys().map(({ id, type, source }) => [id, type, source]),
    [
      ['eth/0', 'secp256k1', 'seed'],
      ['wallet', 'seed', 'mnemonic'],
      ['eth/1', 'secp256k1', 'seed'],
    ],
  );
  const digest = new Uint8Array(32).fill(7);
  const signature = await vault.sign('eth/0', digest);
  assert.ok(secp256k1.verify(signature, digest, await vault.publicKey('eth/0'), { prehash: false }));
});

test('published vectors of BIP-32, SLIP-0010 and EIP-2333 come out of an open vault', async () => {
  const short = '000102030405060708090a0b0c0d0e0f';
  const long =
    'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04';
  await using vault = await openVault({
    threads: 1,
    keys: {
      short: { type: 'seed', from: hexBytes(short) },
      long: { type: 'seed', from: { ...bytes(long), encoding: 'hex' } },
    },
  });
  const derive = async (type: 'secp256k1' | 'ed25519' | 'bls12-381', seed: string, path: string): Promise<string> =>
    toHex((await vault.register(`${seed}/${path.replaceAll("'", 'h')}`, { type, from: { seed, path } })).publicKey);
  // BIP-32, test vector 1.
  assert.is(
    await derive('secp256k1', 'short', "m/0'/1/2'/2/1000000000"),
    '022a471424da5e657499d1ff51cb43c47481a03b1e77f951fe64cec9f5a48f7011',
  );
  // SLIP-0010, test vector 1 for ed25519.
  assert.is(
    await derive('ed25519', 'short', "m/0'/1'/2'/2'/1000000000'"),
    '3c24da049451555d51a7014a37337aa4e12d41e485abccfa46b47dfb2af54b7a',
  );
  // EIP-2333, test case 0: the secrets are published in decimal.
  const blsPublicKey = (secret: bigint): string => bls12_381.G1.Point.BASE.multiply(secret).toHex(true);
  assert.is(
    await derive('bls12-381', 'long', 'm'),
    blsPublicKey(6083874454709270928345386274498605044986640685124978867557563392430687146096n),
  );
  assert.is(
    await derive('bls12-381', 'long', 'm/0'),
    blsPublicKey(20397789859736650942317412262472558107875392172444076792671091975210932703118n),
  );
});

test('an extended public key tells what BIP-32 says, and its children follow from it', async () => {
  await using vault = await openVault({
    threads: 1,
    keys: { seed: { type: 'seed', from: hexBytes('000102030405060708090a0b0c0d0e0f') } },
  });
  const master = await vault.execute('seed', 'extendedPublicKey', { path: 'm' });
  assert.is(
    master.xpub,
    'xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8',
  );
  assert.equal([master.depth, master.index, toHex(master.parentFingerprint)], [0, 0, '00000000']);
  const child = await vault.execute('seed', 'extendedPublicKey', { path: "m/0'" });
  assert.is(
    child.xpub,
    'xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw',
  );
  assert.equal([child.depth, child.index, toHex(child.parentFingerprint)], [1, 0x8000_0000, '3442193e']);
  assert.is(child.chainCode.length, 32);
});

test('a passphrase makes another seed; a mnemonic may lie in a file or a variable, with its language', async () => {
  const folder = tempFolder();
  const file = join(folder, 'words');
  writeFileSync(file, `${WORDS.replaceAll(' ', '\n ')}\r\n`, { mode: 0o600 });
  process.env.SEEDS_TEST_WORDS = WORDS;
  const from = (seed: string): KeySpec => ({ type: 'secp256k1', from: { seed, path: 'm' } });
  const japanese = 'あいこくしん '.repeat(11).concat('あおぞら');
  await using vault = await openVault({
    threads: 1,
    keys: {
      file: { type: 'seed', from: { mnemonic: { file } } },
      env: { type: 'seed', from: { mnemonic: { env: 'SEEDS_TEST_WORDS' }, passphrase: bytes('') } },
      passphrase: { type: 'seed', from: { mnemonic: bytes(WORDS), passphrase: bytes('é') } },
      decomposed: { type: 'seed', from: { mnemonic: bytes(WORDS), passphrase: bytes('e\u0301') } },
      japanese: { type: 'seed', from: { mnemonic: bytes(japanese), language: 'japanese' } },
      'of/file': from('file'),
      'of/passphrase': from('passphrase'),
      'of/decomposed': from('decomposed'),
    },
  }).catch((error: VaultError) => {
    throw new Error(JSON.stringify(error.failures));
  });
  assert.is(process.env.SEEDS_TEST_WORDS, undefined);
  const [ofFile, ofPassphrase, ofDecomposed] = await Promise.all(
    ['of/file', 'of/passphrase', 'of/decomposed'].map(async (id) => toHex(await vault.publicKey(id))),
  );
  assert.is.not(ofFile, ofPassphrase);
  assert.is(ofPassphrase, ofDecomposed);
});

test('what is wrong with a seed or a path fails the start, each key by its own code', async () => {
  const path = "m/44'/60'/0'/0/0";
  const codes = await failuresOf({
    keys: {
      words: { type: 'seed', from: { mnemonic: bytes(WORDS.replace('junk', 'test')) } },
      count: { type: 'seed', from: { mnemonic: bytes('test test') } },
      unknown: { type: 'seed', from: { mnemonic: bytes(WORDS.replace('junk', 'strongroom')) } },
      short: { type: 'seed', from: { ...bytes('00'.repeat(15)), encoding: 'hex' } },
      text: { type: 'seed', from: bytes(WORDS) },
      none: { type: 'secp256k1', from: { seed: 'nobody', path } },
      itself: { type: 'secp256k1', from: { seed: 'itself', path } },
      circle: { type: 'secp256k1', from: { seed: 'round', path } },
      round: { type: 'secp256k1', from: { seed: 'circle', path } },
      failed: { type: 'secp256k1', from: { seed: 'words', path } },
      'not/a/seed': { type: 'ed25519', from: { seed: 'key', path: "m/0'" } },
      key: { type: 'ed25519', from: 'generate' },
      small: { type: 'seed', from: { ...bytes('07'.repeat(16)), encoding: 'hex' } },
      'bls/of/small': { type: 'bls12-381', from: { seed: 'small', path: 'm' } },
    },
  });
  assert.equal(codes, {
    words: 'ERR_MNEMONIC',
    count: 'ERR_MNEMONIC',
    unknown: 'ERR_MNEMONIC',
    short: 'ERR_KEY_LENGTH',
    text: 'ERR_KEY_ENCODING',
    none: 'ERR_SEED',
    itself: 'ERR_SEED',
    circle: 'ERR_SEED',
    round: 'ERR_SEED',
    failed: 'ERR_SEED',
    'not/a/seed': 'ERR_SEED',
    'bls/of/small': 'ERR_KEY_LENGTH',
  });
});

test('a path that does not fit the type is a mistake in the settings, and a TypeError when a key is registered', async () => {
  const spec: KeySpec = { type: 'ed25519', from: { seed: 'wallet', path: "m/44'/501'/0" } };
  await rejects(openVault({ keys: { a: spec } }), 'ERR_SETTINGS');
  await using vault = await openVault({ threads: 1, keys: { wallet: wallet() } });
  await rejects(vault.register('a', spec), TypeError);
  for (const path of ['', 'm/', '44', "m/44''", 'm/2147483648', 'm/-1', 'm//0', "M/0'"]) {
    await rejects(vault.register('a', { type: 'secp256k1', from: { seed: 'wallet', path } }), TypeError);
    await rejects(vault.execute('wallet', 'extendedPublicKey', { path }), TypeError);
  }
});

test('a seed does nothing but derive, and its policy may take that from it', async () => {
  await using vault = await openVault({
    threads: 1,
    keys: {
      open: wallet(),
      mute: { type: 'seed', from: 'generate', allow: [] },
      key: { type: 'ed25519', from: 'generate' },
    },
  });
  const message = new Uint8Array(32);
  await rejects(vault.publicKey('open'), 'ERR_OPERATION_UNSUPPORTED');
  await rejects(vault.sign('open', message), 'ERR_OPERATION_UNSUPPORTED');
  await rejects(vault.verify('open', message, message), 'ERR_OPERATION_UNSUPPORTED');
  await rejects(vault.register('a', { type: 'ed25519', from: { seed: 'mute', path: 'm' } }), 'ERR_NOT_ALLOWED');
  await rejects(vault.execute('mute', 'extendedPublicKey', { path: 'm' }), 'ERR_NOT_ALLOWED');
  await rejects(vault.execute('key', 'extendedPublicKey', { path: 'm' }), 'ERR_OPERATION_UNSUPPORTED');
  // The root and the public chain codes are the whole tree: no way around a seed that is not to be exported.
  await rejects(
    vault.register('a', { type: 'secp256k1', from: { seed: 'open', path: 'm' }, allow: ['export'] }),
    'ERR_NOT_ALLOWED',
  );
  await vault.release('open');
  await rejects(vault.register('a', { type: 'ed25519', from: { seed: 'open', path: 'm' } }), 'ERR_SEED');
});

test('many accounts are registered at once, each under its id and each another', async () => {
  await using vault = await openVault({ threads: 1, keys: { wallet: wallet() } });
  const infos = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      vault.register(`account/${i}`, { type: 'secp256k1', from: { seed: 'wallet', path: `m/44'/60'/0'/0/${i}` } }),
    ),
  );
  assert.is(new Set(infos.map(({ publicKey }) => toHex(publicKey))).size, 200);
  assert.is(vault.keys().length, 201);
  equalBytes(infos[7]!.publicKey, await vault.publicKey('account/7'));
});

test.run();
