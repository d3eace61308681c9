// The two families of providers make the same bytes: noble is the oracle of the native libraries.
import { createHash } from 'node:crypto';
import { KEY_TYPE_FACTS, type KeyType, type Scheme } from '../../dist/src/wire/types.js';
import { BLS12_381_ORDER, isInRange, SECP256K1_ORDER } from '../../dist/workers/providers/range.js';
import { secretIn } from '../../dist/workers/providers/secret-in.js';
import { assert, equalBytes, equalSecret } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import {
  flipBit,
  isWiped,
  loadAndSign,
  loadKey,
  noble,
  publicKeyIn,
  scalar,
  scratch,
  staged,
  testNative,
} from './rig.js';

const test = suite('native and noble providers');
const random = seededRandom('providers/equality');
const minusOne = (order: Uint8Array): Uint8Array => scalar(BigInt(`0x${toHex(order)}`) - 1n);
const EDGE_KEYS: Readonly<Record<KeyType, readonly Uint8Array[]>> = {
  ed25519: [scalar(1n), new Uint8Array(32).fill(255)],
  x25519: [scalar(1n), new Uint8Array(32).fill(255)],
  secp256k1: [scalar(1n), scalar(2n), minusOne(SECP256K1_ORDER)],
  'bls12-381': [scalar(1n), scalar(2n), minusOne(BLS12_381_ORDER)],
  seed: [scalar(1n), new Uint8Array(16).fill(255), new Uint8Array(64).fill(255)],
  aead: [scalar(1n), new Uint8Array(32).fill(255)],
  hmac: [scalar(1n), new Uint8Array(16).fill(255), new Uint8Array(64).fill(255)],
};

const keyOf = (type: KeyType, i: number): Uint8Array => {
  const edge = EDGE_KEYS[type][i];
  if (edge !== undefined) return edge;
  for (;;) {
    const secret = random.bytes(32);
    if (type === 'bls12-381') secret[0]! &= 0x7f;
    if (isInRange(type, secret)) return secret;
  }
};

/** Lengths 0 to 200 in turn, sometimes thousands; digests for ECDSA. Half of the messages lie in shared memory. */
const messageOf = (scheme: Scheme, i: number): Uint8Array => {
  const length = scheme.startsWith('ecdsa') ? 32 : i % 50 === 49 ? random.int(3000) : i % 201;
  const message = random.bytes(length);
  return i % 2 === 0 ? message : staged(message, 64);
};

const compare = (type: KeyType, scheme: Scheme, count: number): void =>
  testNative(test, `${scheme}: ${count} signatures and public keys are equal byte for byte`, (native) => {
    for (let i = 0; i < count; i++) {
      const secret = keyOf(type, i);
      const message = messageOf(scheme, i);
      const auxRand = scheme === 'schnorr' ? (i % 5 === 0 ? new Uint8Array(32).fill(i) : random.bytes(32)) : undefined;
      const expected = loadAndSign(noble[type], secret, scheme, message, auxRand);
      const expanded = Uint8Array.from(expected.view.expanded);
      const made = loadAndSign(native[type], secret, scheme, message, auxRand);
      equalBytes(made.publicKey, expected.publicKey, `${type} public key`);
      equalBytes(made.signature, expected.signature, `${scheme} signature of ${message.length} bytes`);
      equalSecret(made.view.expanded, expanded, 'what the slot holds');
      assert.ok(native[type].verify(made.publicKey, scheme, message, made.signature));
    }
  });

compare('ed25519', 'ed25519', 1000);
compare('secp256k1', 'ecdsa', 1000);
compare('secp256k1', 'ecdsa-recoverable', 1000);
compare('secp256k1', 'schnorr', 600);
compare('bls12-381', 'bls12-381', 40);

testNative(test, 'digests at the edges of the group order are signed alike, and verify', ({ secp256k1 }) => {
  const n = BigInt(`0x${toHex(SECP256K1_ORDER)}`);
  for (const value of [0n, 1n, n - 1n, n, n + 1n, 2n ** 256n - 1n]) {
    for (const key of [1n, 5n, n - 1n]) {
      const { publicKey, signature } = loadAndSign(secp256k1, scalar(key), 'ecdsa-recoverable', scalar(value));
      const expected = loadAndSign(noble.secp256k1, scalar(key), 'ecdsa-recoverable', scalar(value));
      equalBytes(signature, expected.signature, `digest ${value}`);
      for (const provider of [secp256k1, noble.secp256k1]) {
        assert.is(provider.verify(publicKey, 'ecdsa-recoverable', scalar(value), signature), true);
      }
    }
  }
});

testNative(test, 'x25519: 300 public keys are equal', (native) => {
  for (let i = 0; i < 300; i++) {
    const secret = keyOf('x25519', i);
    const expected = publicKeyIn(loadKey(noble.x25519, secret), noble.x25519);
    equalBytes(publicKeyIn(loadKey(native.x25519, secret), native.x25519), expected);
    assert.ok(isWiped(scratch));
  }
});

testNative(test, 'seeds, aead and hmac keys of every length lie in their slots alike, and sign nothing', (native) => {
  for (const type of ['seed', 'aead', 'hmac'] as const) {
    const { minSecretBytes, secretBytes } = KEY_TYPE_FACTS[type];
    const drawn = Array.from({ length: secretBytes + 1 - minSecretBytes }, (_, i) => random.bytes(minSecretBytes + i));
    for (const secret of [...EDGE_KEYS[type], ...drawn]) {
      const [expected, made] = [loadKey(noble[type], secret, 1), loadKey(native[type], secret, 2)];
      for (const view of [expected, made]) {
        equalSecret(secretIn(view, type), secret, 'the secret, at its length');
        assert.ok(isWiped(view.expanded.subarray(secret.length)));
      }
      equalBytes(made.publicKey, expected.publicKey);
      for (const { [type]: provider } of [native, noble]) {
        assert.throws(
          () => provider.sign(made, 0, 'ed25519', secret, new Uint8Array(64), scratch, undefined),
          new RegExp(`of type ${type} does not sign`),
        );
        assert.is(provider.verify(made.publicKey, 'ed25519', secret, new Uint8Array(64)), false);
      }
    }
  }
});

const SCHEMES: ReadonlyArray<readonly [KeyType, Scheme, number]> = [
  ['ed25519', 'ed25519', 60],
  ['secp256k1', 'ecdsa', 60],
  ['secp256k1', 'ecdsa-recoverable', 60],
  ['secp256k1', 'schnorr', 60],
  ['bls12-381', 'bls12-381', 6],
];
for (const [type, scheme, count] of SCHEMES) {
  testNative(test, `${scheme}: both families judge changed signatures, messages and keys alike`, (native) => {
    for (let i = 0; i < count; i++) {
      const message = messageOf(scheme, i + 2);
      const { publicKey, signature } = loadAndSign(native[type], keyOf(type, i), scheme, message, random.bytes(32));
      const changed: ReadonlyArray<readonly [Uint8Array, Uint8Array, Uint8Array]> = [
        [publicKey, message, signature],
        [publicKey, message, flipBit(signature, random.int(8 * signature.length))],
        [publicKey, flipBit(message, random.int(8 * message.length)), signature],
        [flipBit(publicKey, random.int(8 * publicKey.length)), message, signature],
      ];
      for (const [n, [key, text, sig]] of changed.entries()) {
        const answer = native[type].verify(key, scheme, text, sig);
        assert.is(noble[type].verify(key, scheme, text, sig), answer, `${scheme} case ${n}`);
        if (n < 3) assert.is(answer, n === 0, `${scheme} case ${n}`);
      }
    }
  });
}

testNative(test, 'the key, message and signature may all lie in the arena', (native) => {
  for (const [type, scheme] of SCHEMES) {
    const message = staged(random.bytes(32), 64);
    const { view, signature } = loadAndSign(native[type], keyOf(type, 9), scheme, message, random.bytes(32));
    const publicKey = view.publicKey.subarray(0, KEY_TYPE_FACTS[type].publicKeyBytes);
    const shared = staged(signature, 128);
    assert.is(native[type].verify(publicKey, scheme, message, shared), true, scheme);
    shared[40]! ^= 1;
    assert.is(native[type].verify(publicKey, scheme, message, shared), false, scheme);
  }
});

testNative(test, 'a megabyte is signed alike', (native) => {
  const message = random.bytes(1 << 20);
  for (const [type, scheme] of SCHEMES.filter(([, scheme]) => !scheme.startsWith('ecdsa'))) {
    const secret = keyOf(type, 9);
    const auxRand = random.bytes(32);
    const { signature } = loadAndSign(native[type], secret, scheme, message, auxRand);
    equalBytes(signature, loadAndSign(noble[type], secret, scheme, message, auxRand).signature, scheme);
  }
});

testNative(test, 'aggregates are equal', (native) => {
  const message = createHash('sha256').update('together').digest();
  const signatures = Array.from(
    { length: 12 },
    (_, i) => loadAndSign(native['bls12-381'], keyOf('bls12-381', i), 'bls12-381', message).signature,
  );
  for (const count of [1, 2, 12]) {
    const some = signatures.slice(0, count);
    const aggregate = native['bls12-381'].aggregate?.(some);
    const expected = noble['bls12-381'].aggregate?.(some);
    assert.ok(aggregate && expected);
    equalBytes(aggregate, expected);
  }
});

test.run();
