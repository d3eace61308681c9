// Writing keystores: read back by ourselves, and by an independent reader made of node:crypto and noble alone.
import { createDecipheriv, createHash, pbkdf2Sync, scryptSync, timingSafeEqual } from 'node:crypto';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import type { KdfRequest } from '../../dist/workers/kdf/request.js';
import type { KeystoreKind } from '../../dist/workers/keystore/keystore.js';
import { parseKeystore } from '../../dist/workers/keystore/parse.js';
import { processPassword } from '../../dist/workers/keystore/password.js';
import { keystoreKdf, writeKeystore } from '../../dist/workers/keystore/write.js';
import { assert, equalSecret } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { arena, kdfs, openWhole, outcomeOf, publicKeyOf, utf8, withArena } from './opening.js';

const test = suite('writing keystores');
const random = seededRandom('writing keystores');

/** A secret that is in range for both curves. */
const makeSecret = (): Uint8Array => Uint8Array.from([0x10, ...random.bytes(31)]);

const write = (
  kind: KeystoreKind,
  secret: Uint8Array,
  password: Uint8Array,
  kdf: KdfRequest,
  more: { path?: string; description?: string } = {},
): Uint8Array =>
  withArena([32, password.length, 11 * password.length, 32], (held, given, processed, derivedKey) => {
    held.set(secret);
    given.set(password);
    const length = processPassword(kind, given, processed);
    kdfs.deriveFromPassword(kdf, processed.subarray(0, length), derivedKey);
    const publicKey = publicKeyOf(kind, secret) as Uint8Array;
    const json = writeKeystore(kind, { secret: held, derivedKey, kdf, publicKey, ...more });
    equalSecret(held.slice(), secret, 'the secret is left as it is');
    return json;
  });

interface Params {
  readonly dklen: number;
  readonly salt: string;
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly c: number;
}
const hex = (text: string): Buffer => Buffer.from(text, 'hex');

const deriveIndependently = (name: string, password: Buffer, params: Params): Buffer =>
  name === 'scrypt'
    ? scryptSync(password, hex(params.salt), params.dklen, { N: params.n, r: params.r, p: params.p, maxmem: 2 ** 30 })
    : pbkdf2Sync(password, hex(params.salt), params.c, params.dklen, 'sha256');

/** EIP-2335's procedure, word for word, by other means than ours. */
const readVersion4 = (json: Uint8Array, password: string) => {
  const { crypto, ...rest } = JSON.parse(Buffer.from(json).toString('utf8'));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
  const plain = Buffer.from(password.normalize('NFKD').replaceAll(/[\0-\x1f\x7f-\x9f]/g, ''), 'utf8');
  const key = deriveIndependently(crypto.kdf.function, plain, crypto.kdf.params);
  const message = hex(crypto.cipher.message);
  const checksum = createHash('sha256')
    .update(Buffer.concat([key.subarray(16, 32), message]))
    .digest();
  assert.ok(timingSafeEqual(checksum, hex(crypto.checksum.message)), 'the checksum');
  const secret = createDecipheriv('aes-128-ctr', key.subarray(0, 16), hex(crypto.cipher.params.iv)).update(message);
  return { ...rest, secret };
};

/** Web3 Secret Storage's, likewise. */
const readVersion3 = (json: Uint8Array, password: string) => {
  const { crypto, ...rest } = JSON.parse(Buffer.from(json).toString('utf8'));
  const key = deriveIndependently(crypto.kdf, Buffer.from(password, 'utf8'), crypto.kdfparams);
  const ciphertext = hex(crypto.ciphertext);
  const mac = keccak256(Buffer.concat([key.subarray(16, 32), ciphertext]));
  assert.is(toHex(mac), crypto.mac, 'the mac');
  assert.is(crypto.cipher, 'aes-128-ctr');
  const secret = createDecipheriv('aes-128-ctr', key.subarray(0, 16), hex(crypto.cipherparams.iv)).update(ciphertext);
  return { ...rest, secret };
};

const requests = (): KdfRequest[] => [
  { ...keystoreKdf(), kdf: 'scrypt', n: 64, r: 8, p: 1 },
  { kdf: 'scrypt', n: 4, r: 3, p: 2, salt: random.bytes(16) },
  { kdf: 'pbkdf2', hash: 'sha256', iterations: 9, salt: random.bytes(32) },
];

test('EIP-2335: we read it, and so does the standard’s procedure', () => {
  for (const kdf of requests()) {
    for (const password of ['testpassword', 'ﬁ pässwörd\n🔑', '']) {
      const secret = makeSecret();
      const json = write('eip2335', secret, utf8(password), kdf, {
        path: 'm/12381/3600/0/0/0',
        description: 'one "of" ours',
      });
      equalSecret(openWhole(json, utf8(password)), secret);
      const read = readVersion4(json, password);
      equalSecret(read.secret, secret);
      assert.is(read.version, 4);
      assert.is(read.path, 'm/12381/3600/0/0/0');
      assert.is(read.description, 'one "of" ours');
      assert.is(read.pubkey, toHex(publicKeyOf('eip2335', secret) as Uint8Array));
      assert.match(read.uuid, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      assert.is(outcomeOf(json, utf8(`${password}!`)).code, 'ERR_PASSWORD');
    }
  }
});

test('version 3: we read it, and so does its definition', () => {
  for (const kdf of requests()) {
    for (const password of ['testpassword', 'pässwörd\n', '']) {
      const secret = makeSecret();
      const json = write('web3-v3', secret, utf8(password), kdf);
      equalSecret(openWhole(json, utf8(password)), secret);
      const read = readVersion3(json, password);
      equalSecret(read.secret, secret);
      assert.is(read.version, 3);
      const point = secp256k1.Point.BASE.multiply(BigInt(`0x${toHex(secret)}`)).toBytes(false);
      assert.is(read.address, toHex(keccak256(point.subarray(1)).subarray(12)));
      assert.match(read.id, /^[0-9a-f-]{36}$/);
      assert.is(outcomeOf(json, utf8(`${password}!`)).code, 'ERR_PASSWORD');
    }
  }
});

test('leading zeros of a secret are kept', () => {
  const secret = Uint8Array.from([0, 0, ...random.bytes(30)]);
  const [kdf] = requests() as [KdfRequest];
  for (const kind of ['eip2335', 'web3-v3'] as const)
    equalSecret(openWhole(write(kind, secret, utf8('x'), kdf), utf8('x')), secret);
});

test('the iv and the uuid are fresh each time', () => {
  const secret = makeSecret();
  const [kdf] = requests() as [KdfRequest];
  for (const kind of ['eip2335', 'web3-v3'] as const) {
    const [a, b] = [1, 2].map(() => parseKeystore(write(kind, secret, utf8('x'), kdf), 'k'));
    assert.is.not(toHex(a?.iv as Uint8Array), toHex(b?.iv as Uint8Array));
    assert.is.not(toHex(a?.ciphertext as Uint8Array), toHex(b?.ciphertext as Uint8Array));
    assert.is.not(a?.uuid, b?.uuid);
  }
});

test('the usual derivation is scrypt at the cost that all clients use, with a salt of its own', () => {
  const [a, b] = [keystoreKdf(), keystoreKdf(1024)];
  assert.equal({ ...a, salt: a.salt.length }, { kdf: 'scrypt', n: 262_144, r: 8, p: 1, salt: 32 });
  assert.is(b.kdf === 'scrypt' && b.n, 1024);
  assert.is.not(toHex(a.salt), toHex(b.salt));
});

test('no file is written of what the formats do not hold', () => {
  withArena([32, 32], (secret, derivedKey) => {
    const salt = random.bytes(16);
    const publicKey = new Uint8Array(48);
    const kdf = { kdf: 'scrypt', n: 2, r: 1, p: 1, salt } as const;
    const content = { secret, derivedKey, kdf, publicKey };
    assert.throws(
      () => writeKeystore('eip2335', { ...content, secret: secret.subarray(1) }),
      /expected 32 bytes, got 31/,
    );
    assert.throws(() => writeKeystore('eip2335', { ...content, derivedKey: derivedKey.subarray(1) }), /got 31/);
    for (const other of [
      { kdf: 'argon2id', passes: 1, memoryKiB: 8, salt },
      { kdf: 'pbkdf2', hash: 'sha512', iterations: 1, salt },
    ] as const) {
      assert.throws(
        () => writeKeystore('eip2335', { ...content, kdf: other }),
        /expected scrypt, or pbkdf2 with sha256/,
      );
    }
  });
  assert.ok(arena.every((byte) => byte === 0));
});

test.run();
