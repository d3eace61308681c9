// Reading keystores: what is taken, and what is refused with which words. One file of each kind stands here in full.
import { parseKeystore } from '../../dist/workers/keystore/parse.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { ERC_2335_PBKDF2, VERY_LIGHT_SCRYPT } from './published.js';

const test = suite('reading keystores');

type Json = { [name: string]: Json | string | number | boolean | null | readonly unknown[] };

/** A copy with one field, named by its path, set; undefined removes it. */
const withField = (keystore: object, path: string, value: unknown): string => {
  const copy = structuredClone(keystore) as Json;
  const names = path.split('.');
  const last = names.pop() as string;
  let at = copy;
  for (const name of names) at = at[name] as Json;
  if (value === undefined) delete at[last];
  else at[last] = value as string;
  return JSON.stringify(copy);
};

const refusal = (json: string | Uint8Array): string => {
  try {
    parseKeystore(json, 'file k.json');
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ERR_KEYSTORE', String(error));
    return (error as Error).message;
  }
  return 'not refused';
};

test('EIP-2335 version 4', () => {
  const keystore = parseKeystore(JSON.stringify(ERC_2335_PBKDF2), 'k');
  assert.is(keystore.kind, 'eip2335');
  assert.is(keystore.type, 'bls12-381');
  assert.is(keystore.path, 'm/12381/60/0/0');
  assert.is(keystore.uuid, '64625def-3331-4eea-ab6f-782f3ed16a83');
  assert.is(keystore.description, 'This is a test keystore that uses PBKDF2 to secure the secret.');
  assert.is(keystore.kdf.kdf, 'pbkdf2');
  assert.is(keystore.kdf.kdf === 'pbkdf2' && keystore.kdf.iterations, 262_144);
  equalBytes(keystore.kdf.salt, fromHex('d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3'));
  equalBytes(keystore.iv, fromHex('264daa3f303d7259501c93d997d84fe6'));
  equalBytes(keystore.publicKey ?? new Uint8Array(), fromHex(ERC_2335_PBKDF2.pubkey));
  assert.is(keystore.address, undefined);
});

test('Web3 Secret Storage version 3', () => {
  const keystore = parseKeystore(new Uint8Array(Buffer.from(JSON.stringify(VERY_LIGHT_SCRYPT))), 'k');
  assert.is(keystore.kind, 'web3-v3');
  assert.is(keystore.type, 'secp256k1');
  assert.equal({ ...keystore.kdf, salt: 0 }, { kdf: 'scrypt', n: 2, r: 8, p: 1, salt: 0 });
  equalBytes(keystore.address ?? new Uint8Array(), fromHex(VERY_LIGHT_SCRYPT.address));
  assert.is(keystore.publicKey, undefined);
  assert.is(keystore.ciphertext.length, 32);
});

test('names of version 3 may be in any case, as in go-ethereum', () => {
  const shouted = JSON.stringify(VERY_LIGHT_SCRYPT).replaceAll(/"(\w+)":/g, (name) => name.toUpperCase());
  assert.ok(shouted.includes('"CRYPTO":{"CIPHER":'));
  assert.is(parseKeystore(shouted, 'k').kind, 'web3-v3');
  const twice = `{"Crypto":{},${JSON.stringify(VERY_LIGHT_SCRYPT).slice(1)}`;
  assert.is(refusal(twice), 'file k.json: crypto: appears twice, in different case');
  assert.match(
    refusal(JSON.stringify(ERC_2335_PBKDF2).replace('"crypto"', '"Crypto"')),
    /: crypto: expected an object/,
  );
});

test('a malformed field of version 4 is named, and its value is not shown', () => {
  for (const [path, value, expected] of [
    ['version', 5, 'version: expected 4 (EIP-2335) or 3 (Web3 Secret Storage), got another number'],
    ['version', '4', 'version: expected 4 (EIP-2335) or 3 (Web3 Secret Storage), got a string of 1 character'],
    ['version', undefined, 'version: expected 4 (EIP-2335) or 3 (Web3 Secret Storage), got nothing'],
    ['crypto', undefined, 'crypto: expected an object, got nothing'],
    ['crypto', 'SECRET', 'crypto: expected an object, got a string of 6 characters'],
    ['crypto.kdf', [], 'crypto.kdf: expected an object, got an array'],
    [
      'crypto.kdf.function',
      'SECRET',
      'crypto.kdf.function: expected "scrypt" or "pbkdf2", got a string of 6 characters',
    ],
    [
      'crypto.kdf.function',
      'toString',
      'crypto.kdf.function: expected "scrypt" or "pbkdf2", got a string of 8 characters',
    ],
    ['crypto.kdf.message', 'SECRET', 'crypto.kdf.message: expected an empty string, got a string of 6 characters'],
    [
      'crypto.kdf.params.c',
      'SECRET',
      'crypto.kdf.params.c: expected a whole number above 0, got a string of 6 characters',
    ],
    ['crypto.kdf.params.c', 0, 'crypto.kdf.params.c: expected a whole number above 0, got another number'],
    ['crypto.kdf.params.c', 2 ** 53, 'crypto.kdf.params.c: expected a whole number above 0, got another number'],
    [
      'crypto.kdf.params.dklen',
      31,
      'crypto.kdf.params.dklen: expected a whole number from 32 to 1,024, got a smaller one',
    ],
    ['crypto.kdf.params.prf', undefined, 'crypto.kdf.params.prf: expected "hmac-sha256", got nothing'],
    ['crypto.kdf.params.salt', '', 'crypto.kdf.params.salt: expected 1 to 1024 bytes in hex, got an empty string'],
    [
      'crypto.kdf.params.salt',
      'abc',
      'crypto.kdf.params.salt: expected 1 to 1024 bytes in hex, got a string of 3 characters',
    ],
    ['crypto.kdf.params.memory', 2, 'crypto.kdf.params.memory: unknown field'],
    ['crypto.kdf.params.__proto__x', 2, 'crypto.kdf.params.__proto__x: unknown field'],
    ['crypto.checksum.function', 'sha512', 'crypto.checksum.function: expected "sha256", got a string of 6 characters'],
    ['crypto.checksum.params', { a: 1 }, 'crypto.checksum.params.a: unknown field'],
    [
      'crypto.checksum.message',
      'zz'.repeat(32),
      'crypto.checksum.message: expected 32 bytes in hex, got characters that are not hex digits',
    ],
    [
      'crypto.cipher.function',
      'aes-256-ctr',
      'crypto.cipher.function: expected "aes-128-ctr", got a string of 11 characters',
    ],
    [
      'crypto.cipher.params.iv',
      '00',
      'crypto.cipher.params.iv: expected 16 bytes in hex, got a string of 2 characters',
    ],
    [
      'crypto.cipher.message',
      '00'.repeat(31),
      'crypto.cipher.message: expected 32 bytes in hex, got a string of 62 characters',
    ],
    ['crypto.extra', {}, 'crypto.extra: unknown field'],
    ['pubkey', '00'.repeat(47), 'pubkey: expected 48 bytes in hex, got a string of 94 characters'],
    ['pubkey', null, 'pubkey: expected 48 bytes in hex, got null'],
    ['uuid', 7, 'uuid: expected at most 4096 characters, got a number'],
    ['path', ['m'], 'path: expected at most 4096 characters, got an array'],
  ] as const) {
    assert.is(refusal(withField(ERC_2335_PBKDF2, path, value)), `file k.json: ${expected}`, path);
  }
});

test('a malformed field of version 3 is named, and its value is not shown', () => {
  for (const [path, value, expected] of [
    ['version', 1, 'version: expected 4 (EIP-2335) or 3 (Web3 Secret Storage), got another number'],
    ['address', 'SECRET', 'address: expected 20 bytes in hex, got a string of 6 characters'],
    ['crypto.kdf', 'bcrypt', 'crypto.kdf: expected "scrypt" or "pbkdf2", got a string of 6 characters'],
    ['crypto.kdfparams', null, 'crypto.kdfparams: expected an object, got null'],
    ['crypto.kdfparams.n', 3, 'crypto.kdfparams.n: expected a power of two above 1, got another number'],
    ['crypto.kdfparams.n', 1, 'crypto.kdfparams.n: expected a power of two above 1, got another number'],
    ['crypto.kdfparams.n', 2 ** 52 + 2, 'crypto.kdfparams.n: expected a power of two above 1, got another number'],
    ['crypto.kdfparams.r', 2 ** 30, 'crypto.kdfparams: expected r × p below 2^30, got more'],
    ['crypto.mac', undefined, 'crypto.mac: expected 32 bytes in hex, got nothing'],
    ['crypto.cipher', 'aes-128-cbc', 'crypto.cipher: expected "aes-128-ctr", got a string of 11 characters'],
    ['crypto.ciphertext', '', 'crypto.ciphertext: expected 1 to 32 bytes in hex, got an empty string'],
    [
      'crypto.ciphertext',
      '00'.repeat(33),
      'crypto.ciphertext: expected 1 to 32 bytes in hex, got a string of 66 characters',
    ],
  ] as const) {
    assert.is(refusal(withField(VERY_LIGHT_SCRYPT, path, value)), `file k.json: ${expected}`, path);
  }
});

test('all that is wrong is told at once', () => {
  const broken = JSON.stringify({ version: 4, crypto: { kdf: { function: 'scrypt', params: { n: 1 } } } });
  assert.is(refusal(broken).split('; ').length, 6, 'five problems and how many more');
});

test('what other tools write beside `crypto`, and looser spellings, are no reason to refuse', () => {
  for (const [path, value] of [
    ['name', 'mine'],
    ['description', null],
    ['path', undefined],
    ['uuid', undefined],
    ['pubkey', undefined],
    ['pubkey', ''],
    ['pubkey', `0x${ERC_2335_PBKDF2.pubkey.toUpperCase()}`],
    ['crypto.checksum.function', 'SHA256'],
    ['crypto.kdf.params.prf', 'HMAC-SHA256'],
    ['crypto.kdf.params.dklen', 64],
    ['crypto.kdf.message', undefined],
  ] as const) {
    assert.is(refusal(withField(ERC_2335_PBKDF2, path, value)), 'not refused', path);
  }
  for (const [path, value] of [
    ['x-ethers', { version: '0.1' }],
    ['address', undefined],
    ['crypto.version', 1],
    ['crypto.ciphertext', '00'.repeat(31)],
  ] as const) {
    assert.is(refusal(withField(VERY_LIGHT_SCRYPT, path, value)), 'not refused', path);
  }
});

test('what is not one JSON object is refused, whatever it is', () => {
  const text = JSON.stringify(ERC_2335_PBKDF2);
  const kind = 'expected a keystore of version 4 (EIP-2335) or 3 (Web3 Secret Storage)';
  for (const [json, expected] of [
    ['', 'not valid JSON at line 1, column 1: the text ends where a value should be'],
    ['null', `${kind}, got null`],
    ['[]', `${kind}, got an array`],
    ['"SECRET"', `${kind}, got a string of 6 characters`],
    ['{}', 'version: expected 4 (EIP-2335) or 3 (Web3 Secret Storage), got nothing'],
    [`${text}x`, `not valid JSON at line 1, column ${text.length + 1}: expected nothing after the value`],
    ['['.repeat(10_000), 'not valid JSON at line 1, column 34: nested deeper than 32 levels'],
    [text.replace('"c":', '"c":1,"c":'), /^crypto\.kdf\.params\.c: appears twice, again at line 1, column \d+$/],
    [`{"__proto__":${text}}`, 'version: expected 4 (EIP-2335) or 3 (Web3 Secret Storage), got nothing'],
    [`{"__proto__":${text},"version":4}`, 'crypto: expected an object, got nothing'],
  ] as const) {
    const message = refusal(json).replace('file k.json: ', '');
    if (typeof expected === 'string') assert.is(message, expected);
    else assert.match(message, expected);
  }
  assert.is(refusal(Uint8Array.of(0x7b, 0xff, 0x7d)), 'file k.json: expected JSON in UTF-8, got bytes that are not');
});

test('a byte order mark is passed over', () => {
  const text = `\ufeff${JSON.stringify(ERC_2335_PBKDF2)}`;
  assert.is(parseKeystore(text, 'k').kind, 'eip2335');
  assert.is(parseKeystore(new Uint8Array(Buffer.from(text)), 'k').kind, 'eip2335');
});

test('a file full of repeated or unknown names takes no more than a moment', () => {
  const started = performance.now();
  assert.match(refusal(`{"version":3,${'"a":1,'.repeat(10_000)}"a":1}`), /appears twice.* and \d/);
  const many = Array.from({ length: 9_000 }, (_, i) => `"a${i}":1,`).join('');
  assert.match(refusal(`{${many}"version":4}`), /at most 256 fields, got 9,001/);
  assert.ok(performance.now() - started < 5_000, 'within 5 seconds');
});

test.run();
