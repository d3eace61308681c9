// agree and agree-raw: published answers, native against noble, and every peer that must be refused.
import { hkdfSync } from 'node:crypto';
import { x25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { OperatorTools } from '../../dist/workers/operators/tools.js';
import { flipBit, scalar } from '../providers/rig.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { execute, noble, refuses, runPacked, type TestKey, testBoth, testNative } from './rig.js';

const test = suite('agreement');
const random = seededRandom('operators/agreement');
const info = new TextEncoder().encode('a purpose');
const P = 2n ** 255n - 19n;

const xKey = (secret: Uint8Array): TestKey => ({ type: 'x25519', secret });
const kKey = (secret: Uint8Array): TestKey => ({ type: 'secp256k1', secret });
/** A number of 32 little-endian bytes. */
const u = (value: bigint): Uint8Array => scalar(value).reverse();
const raw = (tools: OperatorTools, key: TestKey, peer: Uint8Array): Uint8Array =>
  execute(tools, key, 'agree-raw', { peer });
const refusesPeer = (tools: OperatorTools, key: TestKey, peer: Uint8Array, what: string): void => {
  refuses('ERR_PEER_KEY', () => raw(tools, key, peer), what);
  refuses('ERR_PEER_KEY', () => execute(tools, key, 'agree', { peer, info }), what);
};

testBoth(test, 'x25519: the published answers', (tools) => {
  // RFC 7748 §6.1, and §5.2: there the second u has its top bit set, which is masked.
  const [alice, bob] = [
    fromHex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
    fromHex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
  ];
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  assert.is(toHex(raw(tools, xKey(alice), x25519.getPublicKey(bob))), shared);
  assert.is(toHex(raw(tools, xKey(bob), x25519.getPublicKey(alice))), shared);
  const multiplied = [
    [
      'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
      'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
      'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
    ],
    [
      '4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d',
      'e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493',
      '95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957',
    ],
  ] as const;
  for (const [secret, peer, answer] of multiplied) {
    assert.is(toHex(raw(tools, xKey(fromHex(secret)), fromHex(peer))), answer);
  }
});

testBoth(test, 'secp256k1: the published answers', (tools) => {
  // Wycheproof, ecdh_secp256k1, test 1
  const secret = fromHex('f4b7ff7cccc98813a69fae3df222bfe3f4e28f764bf91b4a10d8096ce446b254');
  const peer = fromHex(
    '04d8096af8a11e0b80037e1ee68246b5dcbb0aeb1cf1244fd767db80f3fa27da2b' +
      '396812ea1686e7472e9692eaf3e958e50e9500d3b4c77243db1f2acd67ba9cc4',
  );
  const x = '544dfae22af6af939042b1d85b71a1e49e9a5614123c4d6ad0c8af65baf87d65';
  assert.is(toHex(raw(tools, kKey(secret), peer)).slice(2), x);
  // SEC 2: twice the generator, whose y is even
  const two = 'c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5';
  const generator = secp256k1.Point.BASE.toBytes(true);
  assert.is(toHex(raw(tools, kKey(scalar(2n)), generator)), `02${two}`);
  const n = secp256k1.Point.CURVE().n;
  assert.is(toHex(raw(tools, kKey(scalar(n - 2n)), generator)), `03${two}`, 'its negative');
  assert.is(toHex(raw(tools, kKey(scalar(1n)), generator)), toHex(generator));
});

testBoth(test, 'agree is HKDF-SHA-256 of what agree-raw answers, bound to info and salt', (tools) => {
  const keys = [
    [xKey(random.bytes(32)), x25519.getPublicKey(random.bytes(32))],
    [kKey(scalar(77n)), secp256k1.getPublicKey(random.bytes(32).fill(1, 0, 1), false)],
  ] as const;
  for (const [key, peer] of keys) {
    const shared = raw(tools, key, peer);
    const seen = new Set<string>();
    for (const length of [16, 31, 32, 33, 64]) {
      for (const salt of [undefined, random.bytes(13), random.bytes(64), random.bytes(255)]) {
        for (const each of [info, random.bytes(8), random.bytes(1024)]) {
          const made = execute(tools, key, 'agree', { peer, info: each, salt, length });
          const expected = hkdfSync('sha256', shared, salt ?? new Uint8Array(), each, length);
          equalBytes(made, new Uint8Array(expected));
          seen.add(toHex(made.subarray(0, 16)));
        }
      }
    }
    assert.is(seen.size, 60 - 4, 'answers begin alike only where salt and info are the same');
    assert.ok(![...seen].includes(toHex(shared.slice(-32, -16))));
  }
});

testBoth(test, 'both sides agree', (tools) => {
  for (let i = 0; i < 5; i++) {
    const [a, b] = [random.bytes(32), random.bytes(32)];
    a[0] = b[0] = 1;
    for (const [key, publicKey] of [
      [xKey, (secret: Uint8Array) => x25519.getPublicKey(secret)],
      [kKey, (secret: Uint8Array) => secp256k1.getPublicKey(secret, i % 2 === 0)],
    ] as const) {
      const input = (other: Uint8Array): object => ({ peer: publicKey(other), info, length: 48 });
      equalBytes(execute(tools, key(a), 'agree', input(b)), execute(tools, key(b), 'agree', input(a)));
    }
  }
});

testNative(test, 'native and noble answer alike', (native) => {
  for (let i = 0; i < 30; i++) {
    const secret = random.bytes(32);
    secret[0] = (secret[0]! & 0x7f) | 1;
    // Any bytes are a peer: half of them are on the twist, some are not canonical.
    const peer = i % 6 === 0 ? u(P + BigInt(2 + random.int(15))) : random.bytes(32);
    equalBytes(raw(native, xKey(secret), peer), raw(noble, xKey(secret), peer), `u ${toHex(peer)}`);
    const other = random.bytes(32).fill(3, 0, 1);
    const point = secp256k1.getPublicKey(other, i % 2 === 0);
    equalBytes(raw(native, kKey(secret), point), raw(noble, kKey(secret), point));
    const input = { peer: point, info: random.bytes(1 + random.int(40)), salt: random.bytes(random.int(80)) };
    equalBytes(execute(native, kKey(secret), 'agree', input), execute(noble, kKey(secret), 'agree', input));
  }
});

/** Every u whose order divides the cofactor, on the curve or its twist, in each of its encodings: RFC 7748 §6.1. */
const LOW_ORDER: readonly bigint[] = [
  0n,
  1n,
  325606250916557431795983626356110631294008115727848805560023387167927233504n,
  39382357235489614581723060781553021112529911719440698176882885853963445705823n,
  P - 1n,
  P,
  P + 1n,
];

testBoth(test, 'x25519: points of low order are refused, with their top bit set too', (tools) => {
  for (const secret of [random.bytes(32), new Uint8Array(32).fill(255)]) {
    for (const value of LOW_ORDER) {
      const peer = u(value);
      refusesPeer(tools, xKey(secret), peer, `u ${value}`);
      peer[31]! |= 0x80;
      refusesPeer(tools, xKey(secret), peer, `u ${value} with the top bit`);
    }
  }
  for (const value of [2n, 9n, P - 2n, P + 2n, 2n ** 255n - 1n]) raw(tools, xKey(random.bytes(32)), u(value));
});

testBoth(test, 'x25519: a number that is not canonical is the one that it is modulo the prime', (tools) => {
  // RFC 7748 §5: it MUST be accepted, and the top bit masked. Both libraries do, and no more is lost by it.
  const key = xKey(random.bytes(32));
  for (const value of [2n, 9n, 18n]) {
    const canonical = raw(tools, key, u(value));
    equalBytes(raw(tools, key, u(value + P)), canonical);
    equalBytes(raw(tools, key, u(value + 2n ** 255n)), canonical);
  }
});

testBoth(test, 'secp256k1: what is no point is refused', (tools) => {
  const key = kKey(scalar(5n));
  const good = secp256k1.getPublicKey(random.bytes(32).fill(9, 0, 1), false);
  const [x, y] = [good.slice(1, 33), good.slice(33)];
  const isOdd = y[31]! & 1;
  const encode = (prefix: number, ...parts: readonly Uint8Array[]): Uint8Array =>
    Uint8Array.from(Buffer.concat([Uint8Array.of(prefix), ...parts]));
  equalBytes(raw(tools, key, good), raw(tools, key, encode(2 + isOdd, x)), 'positive control');
  const p = secp256k1.Point.CURVE().p;
  const bad: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['zeros', new Uint8Array(33)],
    ['infinity in 65 bytes', new Uint8Array(65)],
    ['x = 0, which no point has', encode(2, scalar(0n))],
    ['x = 5, which no point has', encode(2, scalar(5n))],
    ['x = p', encode(2, scalar(p))],
    ['x = p + 1, where 1 is on the curve', encode(2, scalar(p + 1n))],
    ['x = 2^256 - 1', encode(3, new Uint8Array(32).fill(255))],
    ['y off by a bit', flipBit(good, 8 * 64)],
    ['the y of the other sign', encode(4, x, scalar(p - BigInt(`0x${toHex(y)}`) + 1n))],
    ['y + p', encode(4, scalar(1n), scalar(p))],
    ['x and y exchanged', encode(4, y, x)],
    ['hybrid', encode(6 + isOdd, x, y)],
    ['hybrid of the other sign', encode(7 - isOdd, x, y)],
    ['prefix 0', encode(0, x)],
    ['prefix 1', encode(1, x)],
    ['prefix 4 in 33 bytes', encode(4, x)],
    ['prefix 5', encode(5, x)],
    ['prefix 2 in 65 bytes', encode(2, x, y)],
    ['prefix 0 in 65 bytes', encode(0, x, y)],
    ['prefix 255', encode(255, x)],
  ];
  for (const [what, peer] of bad) refusesPeer(tools, key, peer, what);
});

testBoth(test, 'a peer of the other type, which main would not send, is refused', (tools) => {
  const [ofX25519, point] = [x25519.getPublicKey(random.bytes(32)), secp256k1.Point.BASE.toBytes(true)];
  const agreeing = (peer: Uint8Array): Uint8Array =>
    Uint8Array.from(Buffer.concat([Uint8Array.of(32, peer.length, 0), peer, info]));
  for (const [key, peer] of [
    [xKey(random.bytes(32)), point],
    [xKey(random.bytes(32)), secp256k1.Point.BASE.toBytes(false)],
    [kKey(scalar(3n)), ofX25519],
  ] as const) {
    refuses('ERR_PEER_KEY', () => runPacked(tools, key, 'agree-raw', peer));
    refuses('ERR_PEER_KEY', () => runPacked(tools, key, 'agree', agreeing(peer)));
  }
});

interface Wycheproof {
  readonly testGroups: ReadonlyArray<{
    readonly tests: ReadonlyArray<{
      readonly tcId: number;
      readonly public: string;
      readonly private: string;
      readonly shared: string;
      readonly result: string;
      readonly flags: readonly string[];
    }>;
  }>;
}

const vectors = loadVectors<Wycheproof>('x25519/wycheproof-x25519.json');
// "acceptable" leaves it open. RFC 7748 §6.1 lets zeros be refused, and so we do; twist and non-canonical points are taken.
if (vectors === undefined) test.skip('x25519: Wycheproof', NO_VECTORS);
else {
  testNative(test, 'x25519: Wycheproof, of which what ends in zeros is refused, and all else is answered', (native) => {
    let refused = 0;
    const tests = vectors.testGroups.flatMap((group) => group.tests);
    for (const { tcId, public: peer, private: secret, shared, flags } of tests) {
      const key = xKey(fromHex(secret));
      if (flags.includes('ZeroSharedSecret')) {
        refused++;
        refusesPeer(native, key, fromHex(peer), `test ${tcId}`);
      } else equalBytes(raw(native, key, fromHex(peer)), fromHex(shared), `test ${tcId}`);
    }
    assert.ok(tests.length > 300 && refused > 15);
  });
  test('x25519: Wycheproof, every tenth by noble', () => {
    for (const { public: peer, private: secret, shared, flags } of vectors.testGroups
      .flatMap((group) => group.tests)
      .filter(({ flags: each }, i) => i % 10 === 0 || each.includes('ZeroSharedSecret'))) {
      const key = xKey(fromHex(secret));
      if (flags.includes('ZeroSharedSecret')) refusesPeer(noble, key, fromHex(peer), 'zeros');
      else equalBytes(raw(noble, key, fromHex(peer)), fromHex(shared));
    }
  });
}

test.run();
