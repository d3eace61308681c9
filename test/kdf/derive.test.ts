// Keys from passwords, against published vectors and against noble, on arena views.
import { argon2id } from '@noble/hashes/argon2.js';
import { pbkdf2 } from '@noble/hashes/pbkdf2.js';
import { scrypt } from '@noble/hashes/scrypt.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { createKdfs, type Kdfs } from '../../dist/workers/kdf/derive.js';
import type { KdfRequest } from '../../dist/workers/kdf/request.js';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import { arena, utf8, withArena } from '../keystore/opening.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';

const test = suite('key derivation');
const random = seededRandom('kdf');
const sodium = loadSodium();
const kdfs = await createKdfs(sodium);
const withoutSodium = await createKdfs(undefined);

const derive = (request: KdfRequest, password: Uint8Array, length: number, by: Kdfs = kdfs): Uint8Array =>
  withArena([password.length, length], (given, out) => {
    given.set(password);
    by.deriveFromPassword(request, given, out);
    equalBytes(given, password, 'the password is left as it is');
    return out.slice();
  });

test('published values: RFC 7914', () => {
  const pbkdf2Of = (salt: string, iterations: number): KdfRequest => ({
    kdf: 'pbkdf2',
    hash: 'sha256',
    iterations,
    salt: utf8(salt),
  });
  for (const [request, password, expected] of [
    [
      { kdf: 'scrypt', n: 16, r: 1, p: 1, salt: utf8('') },
      '',
      '77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906',
    ],
    [
      { kdf: 'scrypt', n: 1024, r: 8, p: 16, salt: utf8('NaCl') },
      'password',
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    ],
    [
      pbkdf2Of('salt', 1),
      'passwd',
      '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783',
    ],
    [
      pbkdf2Of('NaCl', 80_000),
      'Password',
      '4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d',
    ],
  ] as const) {
    assert.is(toHex(derive(request, utf8(password), 64)), expected);
  }
});

test('a shorter key is the beginning of a longer one: keystores with a dklen above 32 rely on it', () => {
  const salt = random.bytes(32);
  const password = random.bytes(12);
  for (const request of [
    { kdf: 'scrypt', n: 16, r: 2, p: 3, salt },
    { kdf: 'pbkdf2', hash: 'sha256', iterations: 7, salt },
    { kdf: 'pbkdf2', hash: 'sha512', iterations: 7, salt },
  ] as const) {
    const long = derive(request, password, 160);
    for (const length of [16, 31, 32, 33, 64, 65]) equalBytes(derive(request, password, length), long.slice(0, length));
  }
});

test('scrypt and PBKDF2 are what noble makes of them', () => {
  for (let round = 0; round < 24; round++) {
    const password = random.bytes(random.int(90));
    const salt = random.bytes(1 + random.int(40));
    const [n, r, p, length] = [2 ** (1 + random.int(7)), 1 + random.int(9), 1 + random.int(3), 16 + random.int(60)];
    equalBytes(
      derive({ kdf: 'scrypt', n, r, p, salt }, password, length),
      scrypt(password, salt, { N: n, r, p, dkLen: length }),
    );
    const iterations = 1 + random.int(50);
    for (const [hash, of] of [['sha256', sha256] as const, ['sha512', sha512] as const]) {
      equalBytes(
        derive({ kdf: 'pbkdf2', hash, iterations, salt }, password, length),
        pbkdf2(of, password, salt, { c: iterations, dkLen: length }),
      );
    }
  }
});

test('scrypt with r = 1 and n of 65,536, which OpenSSL refuses, is what noble makes of it', () => {
  const password = random.bytes(20);
  const salt = random.bytes(32);
  equalBytes(
    derive({ kdf: 'scrypt', n: 65_536, r: 1, p: 1, salt }, password, 32),
    scrypt(password, salt, { N: 65_536, r: 1, p: 1, dkLen: 32 }),
  );
});

test('Argon2id is what noble makes of it, with sodium and without', () => {
  for (const [passes, memoryKiB, length] of [
    [1, 8, 32],
    [3, 64, 16],
    [2, 256, 32],
    [1, 1024, 77],
  ] as const) {
    const password = random.bytes(random.int(80));
    const salt = random.bytes(16);
    const expected = argon2id(password, salt, { t: passes, m: memoryKiB, p: 1, dkLen: length });
    const request = { kdf: 'argon2id', passes, memoryKiB, salt } as const;
    equalBytes(derive(request, password, length, withoutSodium), expected, 'without sodium');
    if (sodium !== undefined) equalBytes(derive(request, password, length), expected, 'with sodium');
  }
});

test('one changed bit of the password or the salt makes another key', () => {
  const password = utf8('correct horse');
  const salt = random.bytes(16);
  for (const request of [
    { kdf: 'scrypt', n: 16, r: 8, p: 1, salt },
    { kdf: 'pbkdf2', hash: 'sha256', iterations: 5, salt },
    { kdf: 'argon2id', passes: 1, memoryKiB: 8, salt },
  ] as const) {
    const key = toHex(derive(request, password, 32));
    assert.is(toHex(derive(request, password, 32)), key);
    assert.is.not(toHex(derive(request, utf8('correct horsd'), 32)), key);
    const other = Uint8Array.from(salt, (byte, i) => (i === 15 ? byte ^ 1 : byte));
    assert.is.not(toHex(derive({ ...request, salt: other }, password, 32)), key);
  }
});

test('memory that is not to be had is a VaultError, and `out` is zeroed', () => {
  const salt = random.bytes(16);
  const requests: KdfRequest[] = [{ kdf: 'scrypt', n: 2 ** 40, r: 8, p: 1, salt }];
  if (sodium !== undefined) requests.push({ kdf: 'argon2id', passes: 1, memoryKiB: 2 ** 32 - 1, salt });
  for (const request of requests) {
    withArena([8, 32], (password, out) => {
      out.fill(0x7a);
      assert.throws(
        () => kdfs.deriveFromPassword(request, password, out),
        (error: { code?: string }) => error.code === 'ERR_KDF_COST',
        request.kdf,
      );
      assert.ok(out.every((byte) => byte === 0));
    });
  }
  assert.ok(arena.every((byte) => byte === 0));
});

interface ScryptCase {
  readonly password: string;
  readonly salt: string;
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly dkLen: number;
  readonly derived: string;
}
interface RandomCase {
  readonly password: string;
  readonly salt: string;
  readonly dkLen: number;
  readonly pbkdf2: { readonly algorithm: 'sha256' | 'sha512'; readonly iterations: number; readonly key: string };
  readonly scrypt: { readonly N: number; readonly r: number; readonly p: number; readonly key: string };
}
interface Wycheproof {
  readonly testGroups: readonly {
    readonly tests: readonly {
      readonly tcId: number;
      readonly password: string;
      readonly salt: string;
      readonly iterationCount: number;
      readonly dkLen: number;
      readonly dk: string;
      readonly result: string;
    }[];
  }[];
}

const rfc = loadVectors<{ cases: ScryptCase[] }>('kdf/scrypt-rfc7914.json');
const mixed = loadVectors<{ cases: RandomCase[] }>('kdf/scrypt-pbkdf2-random.json');

if (rfc === undefined || mixed === undefined) test.skip('the vectors', NO_VECTORS);
else {
  test('the vectors of RFC 7914 (the one of 1 GiB left out)', () => {
    for (const { password, salt, N, r, p, dkLen, derived } of rfc.cases) {
      if (N > 2 ** 16) continue;
      const request = { kdf: 'scrypt', n: N, r, p, salt: utf8(salt) } as const;
      assert.is(toHex(derive(request, utf8(password), dkLen)), derived);
    }
  });

  test('the vectors of ethers.js (every third)', () => {
    for (const { password, salt, dkLen, ...expected } of mixed.cases.filter((_, i) => i % 3 === 0)) {
      const { algorithm, iterations, key } = expected.pbkdf2;
      const { N, r, p } = expected.scrypt;
      const common = { salt: fromHex(salt) };
      const given = fromHex(password);
      assert.is(`0x${toHex(derive({ kdf: 'pbkdf2', hash: algorithm, iterations, ...common }, given, dkLen))}`, key);
      assert.is(`0x${toHex(derive({ kdf: 'scrypt', n: N, r, p, ...common }, given, dkLen))}`, expected.scrypt.key);
    }
  });

  for (const hash of ['sha256', 'sha512'] as const) {
    test(`the vectors of Wycheproof for PBKDF2 with ${hash}`, () => {
      const file = loadVectors<Wycheproof>(`kdf/wycheproof-pbkdf2-hmac-${hash}.json`);
      const cases = file?.testGroups.flatMap(({ tests }) => tests) ?? [];
      for (const { tcId, password, salt, iterationCount, dkLen, dk, result } of cases) {
        if (iterationCount > 10_000) continue; // RFC 7914's, above, is one of these
        const request = { kdf: 'pbkdf2', hash, iterations: iterationCount, salt: fromHex(salt) } as const;
        assert.is(result, 'valid');
        assert.is(toHex(derive(request, fromHex(password), dkLen)), dk, `${tcId}`);
      }
    });
  }
}

test.run();
