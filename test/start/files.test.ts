// Keys from files, through a settings file: every encoding of every type, and where relative paths start.
import { createECDH, createPrivateKey } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { type KeySpec, type KeyType, openVault } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const random = seededRandom('start/files');
const test = suite('keys from files');

const PUBLIC_KEY: Readonly<Record<KeyType, (secret: Uint8Array) => Uint8Array>> = {
  ed25519: (secret) => ed25519.getPublicKey(secret),
  x25519: (secret) => x25519.getPublicKey(secret),
  secp256k1: (secret) => secp256k1.getPublicKey(secret, true),
  'bls12-381': (secret) => bls12_381.longSignatures.getPublicKey(secret).toBytes(),
  seed: () => new Uint8Array(),
  aead: () => new Uint8Array(),
  hmac: () => new Uint8Array(),
};

const pkcs8Ed25519 = (secret: Uint8Array): string =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), secret]),
    format: 'der',
    type: 'pkcs8',
  })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString();

const ecPem = (secret: Uint8Array, type: 'pkcs8' | 'sec1'): string => {
  const ecdh = createECDH('secp256k1');
  ecdh.setPrivateKey(secret);
  const point = ecdh.getPublicKey();
  const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url');
  const jwk = {
    kty: 'EC',
    crv: 'secp256k1',
    d: base64url(secret),
    x: base64url(point.subarray(1, 33)),
    y: base64url(point.subarray(33)),
  };
  return createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type }).toString();
};

type Writing = readonly [
  name: string,
  encoding: 'raw' | 'hex' | 'base64' | 'pem',
  write: (secret: Uint8Array) => string | Uint8Array,
];
const hex = (secret: Uint8Array): string => Buffer.from(secret).toString('hex');
const COMMON: readonly Writing[] = [
  ['raw', 'raw', (secret) => secret],
  ['hex', 'hex', hex],
  ['hex with 0x, capitals and white space', 'hex', (secret) => ` \n0x${hex(secret).toUpperCase()}\r\n`],
  ['base64', 'base64', (secret) => `${Buffer.from(secret).toString('base64')}\n`],
];
const WRITINGS: Readonly<Record<KeyType, readonly Writing[]>> = {
  ed25519: [...COMMON, ['PKCS#8', 'pem', pkcs8Ed25519]],
  x25519: COMMON,
  secp256k1: [...COMMON, ['PKCS#8', 'pem', (s) => ecPem(s, 'pkcs8')], ['SEC1', 'pem', (s) => ecPem(s, 'sec1')]],
  'bls12-381': COMMON,
  seed: COMMON,
  aead: COMMON,
  hmac: COMMON,
};

test('every encoding of every type is read, named or detected, from paths beside the settings file', async () => {
  const folder = tempFolder();
  mkdirSync(join(folder, 'keys'));
  const keys: Record<string, KeySpec> = {};
  const expected = new Map<string, Uint8Array>();
  for (const [type, writings] of Object.entries(WRITINGS) as [KeyType, readonly Writing[]][]) {
    writings.forEach(([, encoding, write], i) => {
      const secret = random.bytes(32);
      secret[0] = 0x80 | 0x01; // no text begins so: raw is detected
      if (type === 'bls12-381') secret[0] = 0x01;
      const file = `keys/${type}-${i}`;
      writeFileSync(join(folder, file), write(secret), { mode: 0o600 });
      for (const named of [true, false]) {
        const id = `${type}/${i}/${named ? 'named' : 'detected'}`;
        keys[id] = { type, from: { file, ...(named && { encoding }) } };
        expected.set(id, PUBLIC_KEY[type](secret));
      }
    });
  }
  const path = join(folder, 'strongroom.json');
  writeFileSync(path, JSON.stringify({ threads: 1, keys }));
  for (const named of [path, relative(process.cwd(), path)]) {
    const vault = await openVault(named);
    assert.is(vault.keys().length, expected.size);
    for (const { id, publicKey, source } of vault.keys()) {
      equalBytes(publicKey, expected.get(id)!, id);
      assert.is(source, 'file');
    }
    await vault.close();
  }
});

test('relative paths of an object start at the working directory', async () => {
  const folder = tempFolder();
  const secret = random.bytes(32);
  writeFileSync(join(folder, 'key'), hex(secret), { mode: 0o600 });
  const file = relative(process.cwd(), join(folder, 'key'));
  await using vault = await openVault({ threads: 1, keys: { start: { type: 'ed25519', from: { file } } } });
  equalBytes(await vault.publicKey('start'), ed25519.getPublicKey(secret));
  const { publicKey } = await vault.register('later', { type: 'ed25519', from: { file } });
  equalBytes(publicKey, ed25519.getPublicKey(secret));
});

test('a file that others can read is refused, unless it is allowed', async () => {
  if (process.platform === 'win32') return;
  const file = join(tempFolder(), 'key');
  writeFileSync(file, hex(random.bytes(32)));
  const { chmodSync } = await import('node:fs');
  await using vault = await openVault({ threads: 1 });
  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o666]) {
    chmodSync(file, mode);
    await rejects(vault.register('key', { type: 'ed25519', from: { file } }), 'ERR_SOURCE_PERMISSIONS');
    await vault.register('key', { type: 'ed25519', from: { file, allowSharedFile: true } });
    await vault.release('key');
  }
});

test('a key of another algorithm in a container is told apart', async () => {
  const file = join(tempFolder(), 'key');
  writeFileSync(file, pkcs8Ed25519(random.bytes(32)), { mode: 0o600 });
  await using vault = await openVault({ threads: 1 });
  await rejects(vault.register('key', { type: 'secp256k1', from: { file } }), 'ERR_KEY_CURVE', /key: /);
});

test.run();
