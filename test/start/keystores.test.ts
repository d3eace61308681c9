// Keystores through the public interface: one by one, folders in the layouts that signers of validator keys have, what
// goes wrong, and keystores that the vault writes.
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { type KeySpec, type LoadProgress, openVault, type Settings, VaultError } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { toHex } from '../support/hex.js';
import { blsPublicKey, eip2335Keystore, ethereumAddress, web3Keystore } from '../support/keystore.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { repositoryRoot } from '../support/vectors.js';

const random = seededRandom('start/keystores');
const test = suite('keystores');

const bytes = (text: string): { bytes: Uint8Array } => ({ bytes: Uint8Array.from(Buffer.from(text)) });
/** Below the order of both groups. */
const newSecret = (): Uint8Array => {
  const secret = random.bytes(32);
  secret[0] = secret[0]! & 0x3f;
  return secret;
};
const write = (path: string, content: string, mode = 0o644): string => {
  writeFileSync(path, content, { mode });
  return path;
};
const failuresOf = async (settings: Settings): Promise<readonly string[]> => {
  try {
    await (await openVault({ threads: 1, ...settings })).close();
  } catch (error) {
    if (!(error instanceof VaultError) || error.failures === undefined) throw error;
    return error.failures.map(({ id, code }) => `${id} ${code}`);
  }
  return [];
};

test('keystores of both kinds and both key derivations are opened, whoever may read them', async () => {
  const folder = tempFolder();
  const [bls, eth] = [newSecret(), newSecret()];
  const password = write(join(folder, 'pw'), 'correct horse\n', 0o600);
  const keys: Record<string, KeySpec> = {};
  for (const kdf of ['scrypt', 'pbkdf2'] as const) {
    const v4 = write(join(folder, `bls-${kdf}.json`), eip2335Keystore(bls, 'correct horse', { kdf }));
    const v3 = write(join(folder, `eth-${kdf}.json`), web3Keystore(eth, 'correct horse', { kdf }));
    keys[`bls/${kdf}`] = { type: 'bls12-381', from: { keystore: v4, password: { file: password } } };
    keys[`eth/${kdf}`] = { type: 'secp256k1', from: { keystore: v3, password: bytes('correct horse') } };
  }
  const told: LoadProgress[] = [];
  await using vault = await openVault({ threads: 2, keys }, { onProgress: (progress) => void told.push(progress) });
  equalBytes(await vault.publicKey('bls/scrypt'), blsPublicKey(bls));
  equalBytes(await vault.publicKey('bls/pbkdf2'), blsPublicKey(bls));
  equalBytes(await vault.publicKey('eth/pbkdf2'), await vault.publicKey('eth/scrypt'));
  assert.equal(told.at(-1), { done: 4, total: 4 });
  assert.equal(new Set(vault.keys().map(({ source }) => source)), new Set(['keystore']));
});

test('one password serves many keys of a start, from a variable too; version 4 normalises it, version 3 does not', async () => {
  const folder = tempFolder();
  const secret = newSecret();
  const v4 = write(join(folder, 'v4.json'), eip2335Keystore(secret, 'A\u030angstro\u0308m'.normalize('NFKD')));
  const v3 = write(join(folder, 'v3.json'), web3Keystore(secret, '\u212bngström'));
  process.env.KEYSTORES_TEST_PASSWORD = '\u212bngström';
  const password = { env: 'KEYSTORES_TEST_PASSWORD' };
  await using vault = await openVault({
    threads: 1,
    keys: {
      v4: { type: 'bls12-381', from: { keystore: v4, password } },
      v3: { type: 'secp256k1', from: { keystore: v3, password } },
    },
  });
  assert.is(vault.keys().length, 2);
  assert.is(process.env.KEYSTORES_TEST_PASSWORD, undefined);
});

test('two calls at once may name one variable', async () => {
  const folder = tempFolder();
  const made = [0, 1].map((i) => write(join(folder, `${i}.json`), web3Keystore(newSecret(), 'shared by two')));
  const program = `
    import { openVault } from 'strongroom';
    const vault = await openVault({ threads: 1 });
    const from = (keystore) => ({ type: 'secp256k1', from: { keystore, password: { env: 'SHARED' } } });
    const both = ${JSON.stringify(made)}.map((keystore, i) => vault.register('key/' + i, from(keystore)));
    console.log((await Promise.allSettled(both)).map(({ status }) => status).join());
    await vault.register('key/2', from('x.json')).catch((error) => console.log(error.code));
    await vault.close();`;
  const { stdout, stderr } = await runNode(['--input-type=module', '--eval', program], {
    cwd: repositoryRoot,
    env: { SHARED: 'shared by two' },
  });
  assert.is(stdout, 'fulfilled,fulfilled\nERR_SOURCE_NOT_FOUND\n', stderr);
});

test('folders are loaded in the layouts of Teku, of Lighthouse, and with one password for all', async () => {
  const folder = tempFolder();
  const path = (...parts: string[]): string => join(folder, ...parts);
  for (const name of ['teku', 'teku-passwords', 'lighthouse', 'secrets', 'shared']) mkdirSync(path(name));
  const secrets = Array.from({ length: 6 }, newSecret);
  const keys = secrets.map((secret) => toHex(blsPublicKey(secret)));
  for (const i of [0, 1]) {
    write(path('teku', `keystore-${i}.json`), eip2335Keystore(secrets[i]!, `teku ${i}`));
    write(path('teku-passwords', `keystore-${i}.txt`), `teku ${i}\r\n`, 0o600);
  }
  write(path('teku', 'deposit_data-1600000000.json'), '[{"pubkey":"00"}]');
  for (const i of [2, 3]) {
    mkdirSync(path('lighthouse', `0x${keys[i]}`));
    write(path('lighthouse', `0x${keys[i]}`, 'voting-keystore.json'), eip2335Keystore(secrets[i]!, `lighthouse ${i}`));
    write(path('secrets', `0x${keys[i]}`), `lighthouse ${i}`, 0o600);
  }
  for (const i of [4, 5]) write(path('shared', `${i}.json`), eip2335Keystore(secrets[i]!, 'one for all'));
  const eth = newSecret();
  write(path('shared', 'eth.json'), web3Keystore(eth, 'one for all'));
  await using vault = await openVault({
    threads: 2,
    load: [
      { keystores: path('teku'), passwords: path('teku-passwords'), id: 'validator/{pubkey}' },
      { keystores: path('lighthouse'), passwords: path('secrets'), id: 'validator/{pubkey}' },
      { keystores: path('shared'), passwords: bytes('one for all'), id: 'shared/{name}' },
    ],
  });
  assert.equal(
    vault
      .keys()
      .map(({ id }) => id)
      .sort(),
    [...keys.slice(0, 4).map((key) => `validator/${key}`), 'shared/4', 'shared/5', 'shared/eth'].sort(),
  );
  equalBytes(await vault.publicKey(`validator/${keys[2]}`), blsPublicKey(secrets[2]!));
  assert.is((await vault.sign('shared/4', new Uint8Array(8))).length, 96);
});

test('every keystore that cannot be loaded is told, by its file', async () => {
  const folder = tempFolder();
  const path = (...parts: string[]): string => join(folder, ...parts);
  for (const name of ['keys', 'passwords', 'empty', 'twice']) mkdirSync(path(name));
  const secret = newSecret();
  write(path('keys', 'a-good.json'), eip2335Keystore(secret, 'good'));
  write(path('passwords', 'a-good.txt'), 'good', 0o600);
  write(path('keys', 'b-wrong.json'), eip2335Keystore(newSecret(), 'good'));
  write(path('passwords', 'b-wrong.txt'), 'bad', 0o600);
  write(path('keys', 'c-none.json'), eip2335Keystore(newSecret(), 'good'));
  write(path('keys', 'd-torn.json'), eip2335Keystore(newSecret(), 'good').slice(0, 200));
  write(path('passwords', 'd-torn.txt'), 'good', 0o600);
  write(path('keys', 'e-open.json'), eip2335Keystore(newSecret(), 'good'));
  write(path('passwords', 'e-open.txt'), 'good', 0o644);
  const other = JSON.parse(eip2335Keystore(newSecret(), 'good')) as { pubkey: string };
  other.pubkey = toHex(blsPublicKey(secret));
  write(path('keys', 'f-other.json'), JSON.stringify(other));
  write(path('passwords', 'f-other.txt'), 'good', 0o600);
  write(path('twice', 'one.json'), eip2335Keystore(secret, 'good'));
  write(path('twice', 'two.json'), eip2335Keystore(secret, 'good'));
  assert.equal(
    (
      await failuresOf({
        load: [{ keystores: path('keys'), passwords: path('passwords'), id: 'validator/{pubkey}' }],
      })
    ).toSorted(),
    [
      'b-wrong.json ERR_PASSWORD',
      'c-none.json ERR_SOURCE_NOT_FOUND',
      'd-torn.json ERR_KEYSTORE',
      'e-open.json ERR_SOURCE_PERMISSIONS',
      'f-other.json ERR_PASSWORD',
    ],
  );
  const empty = path('empty');
  const missing = path('missing');
  const passwords = bytes('good');
  assert.equal(await failuresOf({ load: [{ keystores: empty, passwords, id: '{name}' }] }), [
    `${empty} ERR_SOURCE_EMPTY`,
  ]);
  assert.equal(await failuresOf({ load: [{ keystores: missing, passwords: bytes('good'), id: '{name}' }] }), [
    `${missing} ERR_SOURCE_NOT_FOUND`,
  ]);
  const twice = await failuresOf({ load: [{ keystores: path('twice'), passwords: bytes('good'), id: '{name}' }] });
  assert.is(twice.length, 1);
  assert.match(twice[0]!, /^(?:one|two)\.json ERR_KEY_EXISTS$/);
});

test('a keystore of another type, and a wrong password, leave the vault as it was', async () => {
  const folder = tempFolder();
  const keystore = write(join(folder, 'k.json'), web3Keystore(newSecret(), 'good'));
  await using vault = await openVault({ threads: 1 });
  await rejects(
    vault.register('k', { type: 'bls12-381', from: { keystore, password: bytes('good') } }),
    'ERR_KEY_CURVE',
  );
  await rejects(vault.register('k', { type: 'secp256k1', from: { keystore, password: bytes('bad') } }), 'ERR_PASSWORD');
  await rejects(
    vault.register('k', { type: 'ed25519', from: { keystore, password: bytes('good') } } as KeySpec),
    TypeError,
  );
  const both = [1, 2].map(() =>
    vault.register('k', { type: 'secp256k1', from: { keystore, password: bytes('good') } }),
  );
  const settled = await Promise.allSettled(both);
  assert.equal(settled.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.is(vault.keys().length, 1);
  assert.is((await vault.sign('k', new Uint8Array(32))).length, 64);
});

test('a key derivation that costs more than the limit is refused before it starts', async () => {
  const folder = tempFolder();
  const costly = JSON.parse(web3Keystore(newSecret(), 'good')) as { crypto: { kdfparams: { n: number } } };
  costly.crypto.kdfparams.n = 2 ** 28;
  const keystore = write(join(folder, 'k.json'), JSON.stringify(costly));
  const keys = { k: { type: 'secp256k1', from: { keystore, password: bytes('good') } } } as const;
  assert.equal(await failuresOf({ keys }), ['k ERR_KDF_COST']);
  const cheap = write(join(folder, 'cheap.json'), web3Keystore(newSecret(), 'good', { kdf: 'pbkdf2', cost: 2000 }));
  const spec = (): KeySpec => ({ type: 'secp256k1', from: { keystore: cheap, password: bytes('good') } });
  assert.equal(await failuresOf({ keys: { k: spec() }, kdf: { maxWork: 1999 } }), ['k ERR_KDF_COST']);
  assert.equal(await failuresOf({ keys: { k: spec() }, kdf: { maxWork: 2000 } }), []);
});

test('a key is exported into a keystore that opens again, and only if its policy allows it', async () => {
  const folder = tempFolder();
  const [bls, eth] = [newSecret(), newSecret()];
  const raw = (secret: Uint8Array) => ({ bytes: Uint8Array.from(secret), encoding: 'raw' }) as const;
  await using vault = await openVault({
    threads: 1,
    keys: {
      bls: { type: 'bls12-381', from: raw(bls), allow: ['sign', 'export'] },
      eth: { type: 'secp256k1', from: raw(eth), allow: ['export'] },
      kept: { type: 'secp256k1', from: raw(eth) },
      ed: { type: 'ed25519', from: 'generate', allow: ['export'] },
    },
  });
  const file = (name: string): string => join(folder, name);
  const request = (name: string) => ({ file: file(name), password: bytes('out'), n: 1024 });
  await vault.exportKeystore('bls', request('bls.json'));
  await vault.exportKeystore('eth', request('eth.json'));
  if (process.platform !== 'win32') assert.is(statSync(file('eth.json')).mode & 0o777, 0o600);
  const written = JSON.parse(readFileSync(file('eth.json'), 'utf8')) as { address: string; version: number };
  assert.equal([written.address, written.version], [ethereumAddress(eth), 3]);
  await vault.register('bls/2', {
    type: 'bls12-381',
    from: { keystore: file('bls.json'), password: bytes('out') },
  });
  equalBytes(await vault.publicKey('bls/2'), blsPublicKey(bls));
  await rejects(vault.exportKeystore('kept', request('kept.json')), 'ERR_NOT_ALLOWED');
  await rejects(vault.exportKeystore('ed', request('ed.json')), 'ERR_OPERATION_UNSUPPORTED');
  await rejects(vault.exportKeystore('eth', request('eth.json')), 'ERR_FILE_EXISTS');
  await rejects(vault.exportKeystore('nobody', request('x.json')), 'ERR_KEY_NOT_FOUND');
  await rejects(vault.exportKeystore('eth', { ...request('x.json'), n: 1000 }), TypeError);
  await rejects(vault.exportKeystore('eth', { file: file('x.json'), password: bytes('') }), 'ERR_SOURCE_EMPTY');
  await rejects(vault.exportKeystore('bls', { ...request('x.json'), password: bytes('\t\u007f') }), 'ERR_SOURCE_EMPTY');
  // A policy that names export alone allows nothing else.
  await rejects(vault.sign('eth', new Uint8Array(32)), 'ERR_NOT_ALLOWED');
  await rejects(vault.signMany('eth', [new Uint8Array(32)]), 'ERR_NOT_ALLOWED');
  // A release that comes meanwhile waits until the file is written.
  const exporting = vault.exportKeystore('bls', { ...request('late.json'), n: 65_536 });
  await setTimeout(20);
  const order: string[] = [];
  await Promise.all([
    exporting.then(() => void order.push('exported')),
    vault.release('bls').then(() => void order.push('released')),
  ]);
  assert.equal(order, ['exported', 'released']);
  assert.match(readFileSync(file('late.json'), 'utf8'), new RegExp(toHex(blsPublicKey(bls))));
});

test.run();
