// Addition and reduction of scalars on bytes, against integers.
import {
  addModulo,
  BLS12_381_ORDER,
  isBelow,
  reduceOnce,
  reduceWide,
  SECP256K1_ORDER,
} from '../../dist/workers/providers/range.js';
import { assert } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { staged } from './rig.js';

const test = suite('arithmetic of scalars');
const random = seededRandom('derive/arithmetic');

const toInteger = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes)}`);
const toBytes = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex'));

test('sums are those of integers modulo the order', () => {
  for (const order of [SECP256K1_ORDER, BLS12_381_ORDER]) {
    const n = toInteger(order);
    const edges = [0n, 1n, 2n, 255n, 256n, n >> 1n, (n >> 1n) + 1n, n - 256n, n - 2n, n - 1n];
    const drawn = Array.from({ length: 300 }, () => toInteger(random.bytes(32)) % n);
    const pairs = [
      ...edges.flatMap((a) => edges.map((b) => [a, b] as const)),
      ...drawn.map((a, i) => [a, drawn[(i * 7 + 1) % drawn.length]!] as const),
      ...drawn.map((a) => [a, (n - a) % n] as const), // sums of zero
    ];
    for (const [a, b] of pairs) {
      const sum = staged(toBytes(a, 32));
      const addend = staged(toBytes(b, 32), 64);
      addModulo(sum, addend, order);
      assert.is(toInteger(sum), (a + b) % n);
      assert.is(toInteger(addend), b, 'the addend stays');
    }
  }
});

test('wide numbers are reduced as integers are', () => {
  const r = toInteger(BLS12_381_ORDER);
  for (const length of [32, 33, 48, 64]) {
    const limit = 1n << BigInt(8 * length);
    const edges = [0n, 1n, r - 1n, r, r + 1n, 2n * r - 1n, 2n * r, 2n * r + 1n, limit - 1n, limit - 2n, limit >> 1n];
    const multiples = [3n, 7n, 1n << 100n].map((factor) => (factor * r) % limit);
    const drawn = Array.from({ length: 200 }, () => toInteger(random.bytes(length)));
    for (const value of [...edges, ...multiples, ...drawn]) {
      const bytes = staged(toBytes(value, length));
      reduceWide(bytes);
      assert.is(toInteger(bytes.subarray(0, 32)), value % r, `${length} bytes`);
      assert.ok(bytes.subarray(32).every((byte) => byte === 0));
    }
  }
});

test('one subtraction reduces what is below twice the order', () => {
  for (const order of [SECP256K1_ORDER, BLS12_381_ORDER]) {
    const n = toInteger(order);
    for (const value of [0n, 1n, n - 1n, n, n + 1n, (1n << 256n) - 1n]) {
      if (value >= 2n * n) continue;
      const bytes = staged(toBytes(value, 32));
      reduceOnce(bytes, order);
      assert.is(toInteger(bytes), value % n);
      assert.is(isBelow(bytes, order), 1);
    }
  }
});

test.run();
