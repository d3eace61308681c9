import type { KeyType } from '../../dist/src/wire/types.js';
import { BLS12_381_ORDER, isInRange, reduceOnce, SECP256K1_ORDER } from '../../dist/workers/providers/range.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { scalar, staged } from './rig.js';

const test = suite('ranges of secret keys');
const random = seededRandom('providers/range');
const MAX = 2n ** 256n - 1n;
const orders: ReadonlyArray<readonly [KeyType, Uint8Array]> = [
  ['secp256k1', SECP256K1_ORDER],
  ['bls12-381', BLS12_381_ORDER],
];
const toInteger = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);

test('the orders are those of the standards', () => {
  assert.is(toHex(SECP256K1_ORDER), 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141');
  assert.is(toHex(BLS12_381_ORDER), '73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001');
});

test('scalars are keys from 1 to the order less one', () => {
  for (const [type, order] of orders) {
    const n = toInteger(order);
    for (const good of [1n, 2n, 255n, 256n, n >> 1n, n - 256n, n - 2n, n - 1n]) {
      assert.ok(isInRange(type, staged(scalar(good))), `${type} ${good}`);
    }
    for (const bad of [0n, n, n + 1n, n + 256n, MAX - 1n, MAX]) {
      assert.not.ok(isInRange(type, staged(scalar(bad))), `${type} ${bad}`);
    }
  }
});

test('random bytes are judged as integers are', () => {
  for (const [type, order] of orders) {
    for (let i = 0; i < 2000; i++) {
      const bytes = random.bytes(32);
      // Half of them share a prefix with the order: there the decision falls late.
      if (i % 2 === 0) bytes.set(order.subarray(0, random.int(32)));
      const value = toInteger(bytes);
      assert.is(isInRange(type, bytes), value > 0n && value < toInteger(order), toHex(bytes));
    }
  }
});

test('ed25519, x25519 and aead keys are keys unless they are all zero', () => {
  for (const type of ['ed25519', 'x25519', 'aead'] as const) {
    assert.not.ok(isInRange(type, staged(new Uint8Array(32))));
    for (let bit = 0; bit < 256; bit++) {
      const bytes = new Uint8Array(32);
      bytes[bit >> 3] = 1 << (bit & 7);
      assert.ok(isInRange(type, staged(bytes)));
    }
    assert.ok(isInRange(type, new Uint8Array(32).fill(255)));
  }
});

test('a seed or hmac key has 16 to 64 bytes, and is one unless they are all zero', () => {
  for (const type of ['seed', 'hmac'] as const) {
    for (let length = 0; length <= 80; length++) {
      const isLength = length >= 16 && length <= 64;
      assert.not.ok(isInRange(type, staged(new Uint8Array(length))), `${length} zeros`);
      const last = new Uint8Array(length);
      if (length > 0) last[length - 1] = 1;
      assert.is(isInRange(type, staged(last)), isLength, `${length} bytes`);
      assert.is(isInRange(type, new Uint8Array(length).fill(255)), isLength, `${length} bytes`);
    }
  }
});

test('no other length is a key', () => {
  for (const type of ['ed25519', 'x25519', 'secp256k1', 'bls12-381', 'aead'] as const) {
    for (const length of [0, 1, 31, 33, 48, 64]) assert.not.ok(isInRange(type, new Uint8Array(length).fill(1)));
  }
});

test('one subtraction reduces 32 bytes modulo the order of secp256k1', () => {
  const n = toInteger(SECP256K1_ORDER);
  const values = [0n, 1n, n - 1n, n, n + 1n, MAX, ...Array.from({ length: 500 }, () => toInteger(random.bytes(32)))];
  for (const value of values) {
    const bytes = scalar(value);
    reduceOnce(bytes, SECP256K1_ORDER);
    equalBytes(bytes, scalar(value % n));
  }
});

interface BadKeys {
  readonly cases: ReadonlyArray<{ readonly name: string; readonly privateKey: string }>;
}
for (const [type, path] of [
  ['secp256k1', 'secp256k1-ecdsa/invalid-private-keys.json'],
  ['bls12-381', 'bls12-381/invalid-secret-keys.json'],
] as const) {
  const vectors = loadVectors<BadKeys>(path);
  const name = `the ${type} keys that the vectors refuse are refused`;
  if (vectors === undefined) test.skip(name, NO_VECTORS);
  else {
    test(name, () => {
      assert.ok(vectors.cases.length >= 7);
      for (const { name, privateKey } of vectors.cases) assert.not.ok(isInRange(type, fromHex(privateKey)), name);
    });
  }
}

test.run();
