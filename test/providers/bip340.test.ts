import { secp256k1 as curve, schnorr } from '@noble/curves/secp256k1.js';
import { createBip340 } from '../../dist/workers/providers/native/bip340.js';
import { loadSecp256k1, loadSodium, type Sodium } from '../../dist/workers/providers/native/load.js';
import type { KeyProvider } from '../../dist/workers/providers/provider.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, loadVectorText, NO_VECTORS } from '../support/vectors.js';
import { isWiped, loadAndSign, loadKey, noble, publicKeyIn, scalar, scratch, testBoth, testNative } from './rig.js';

const test = suite('BIP-340');
const random = seededRandom('providers/bip340');
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** BIP-340 keys are an x coordinate; providers take compressed keys, of which the prefix does not matter. */
const compressed = (x: string, prefix = '02'): Uint8Array => fromHex(prefix + x);
const xOf = (publicKey: Uint8Array): string => toHex(publicKey.subarray(1));

const expectSignature = (
  secp256k1: KeyProvider,
  secret: string,
  auxRand: string,
  message: string,
  publicKey: string | undefined,
  signature: string,
): void => {
  const made = loadAndSign(secp256k1, fromHex(secret), 'schnorr', fromHex(message), fromHex(auxRand));
  if (publicKey !== undefined) assert.is(xOf(made.publicKey), publicKey.toLowerCase());
  equalBytes(made.signature, fromHex(signature));
  assert.is(secp256k1.verify(made.publicKey, 'schnorr', fromHex(message), made.signature), true);
};

testBoth(test, "vectors 1 and 3 of the standard come out, one of them with the key's y odd", ({ secp256k1 }) => {
  expectSignature(
    secp256k1,
    'b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef',
    '0000000000000000000000000000000000000000000000000000000000000001',
    '243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89',
    'dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659',
    '6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a',
  );
  expectSignature(
    secp256k1,
    '0b432b2677937381aef05bb02a66ecd012773062cf3fa2549e44f58ed2401710',
    'f'.repeat(64),
    'f'.repeat(64),
    '25d1dff95105f5253c4022f628a996ad3a0d95fbf21d468a1b33f8c160d8f517',
    '7eb0509757e246f19449885651611cb965ecc1a187dd51b64fda1edc9637d5ec97582b9cb13db3933705b32ba982af5af25fd78881ebb32771fc5922efc66ea3',
  );
});

const table = loadVectorText('bip340-schnorr/bip340-test-vectors.csv');
const rows = table
  ?.trim()
  .split(/\r?\n/)
  .slice(1)
  .map((line) => line.split(','));
if (rows === undefined) test.skip('the vectors of the standard', NO_VECTORS);
else {
  testBoth(test, 'every vector of the standard: signatures, valid and not', ({ secp256k1 }) => {
    assert.is(rows.length, 19);
    for (const [index, secret, publicKey, auxRand, message, signature, result] of rows as string[][]) {
      const valid = result === 'TRUE';
      for (const prefix of ['02', '03']) {
        const key = compressed(publicKey!, prefix);
        const answer = secp256k1.verify(key, 'schnorr', fromHex(message!), fromHex(signature!));
        assert.is(answer, valid, `vector ${index}`);
      }
      if (secret) expectSignature(secp256k1, secret, auxRand!, message!, publicKey, signature!);
    }
  });
}

interface CrossCases {
  readonly cases: ReadonlyArray<
    Readonly<Record<'privateKey' | 'publicKey' | 'auxRand' | 'message' | 'signature', string>>
  >;
}
const cross = loadVectors<CrossCases>('bip340-schnorr/sign-cross.json');
if (cross === undefined) test.skip('signatures that three implementations agree on', NO_VECTORS);
else {
  testBoth(test, 'signatures that three implementations agree on', ({ secp256k1 }) => {
    assert.ok(cross.cases.length >= 50);
    for (const { privateKey, publicKey, auxRand, message, signature } of cross.cases) {
      expectSignature(secp256k1, privateKey, auxRand, message, publicKey, signature);
    }
  });
}

interface TaprootInput {
  readonly intermediary: { readonly tweakedPrivkey: string; readonly sigHash: string };
  readonly expected: { readonly witness: readonly string[] };
}
const wallet = loadVectors<{
  readonly keyPathSpending: ReadonlyArray<{ readonly inputSpending: readonly TaprootInput[] }>;
}>('bip340-schnorr/bip341-wallet-test-vectors.json');
if (wallet === undefined) test.skip('taproot key path signatures', NO_VECTORS);
else {
  testBoth(test, 'taproot key path signatures', ({ secp256k1 }) => {
    const inputs = wallet.keyPathSpending.flatMap(({ inputSpending }) => inputSpending);
    assert.ok(inputs.length > 3);
    for (const { intermediary, expected } of inputs) {
      // The last byte of a longer witness is the hash type.
      const signature = expected.witness[0]!.slice(0, 128);
      const { tweakedPrivkey, sigHash } = intermediary;
      expectSignature(secp256k1, tweakedPrivkey, '00'.repeat(32), sigHash, undefined, signature);
    }
  });
}

const secp256k1 = loadSecp256k1();
const sodium = loadSodium();

/** libsodium, but for the n-th digest of a hash in parts, which becomes the given one. */
const withDigest = (real: Sodium, n: number, digest: Uint8Array): Sodium => {
  let finals = 0;
  return {
    ...real,
    crypto_hash_sha256_final(state, out) {
      real.crypto_hash_sha256_final(state, out);
      if (++finals === n) out.set(digest);
    },
  };
};
const NONCE = 2; // aux, nonce, challenge: the order of the hashes
const CHALLENGE = 3;
const multiplyBase = (value: bigint): { readonly x: Uint8Array; readonly even: boolean } => {
  const point = curve.Point.BASE.multiply(value).toBytes(true);
  return { x: point.subarray(1), even: point[0] === 2 };
};

testNative(test, 'a challenge of zero gives s = k', (native) => {
  assert.ok(secp256k1 && sodium);
  const view = loadKey(native.secp256k1, scalar(5n));
  for (const zero of [scalar(0n), scalar(N)]) {
    const signature = new Uint8Array(64);
    createBip340(secp256k1, withDigest(sodium, CHALLENGE, zero)).sign(
      view,
      random.bytes(40),
      signature,
      scratch,
      random.bytes(32),
    );
    const s = BigInt(`0x${toHex(signature.subarray(32))}`);
    const { x, even } = multiplyBase(s);
    assert.ok(even);
    equalBytes(signature.subarray(0, 32), x, 'R = s·G');
    assert.ok(isWiped(scratch));
    const verifier = createBip340(secp256k1, withDigest(sodium, 1, zero));
    assert.is(verifier.verify(publicKeyIn(view, native.secp256k1), random.bytes(40), signature), true);
  }
});

testNative(test, 'a nonce of zero is no signature, and leaves nothing', (native) => {
  assert.ok(secp256k1 && sodium);
  const view = loadKey(native.secp256k1, scalar(5n));
  for (const zero of [scalar(0n), scalar(N)]) {
    const signature = new Uint8Array(64);
    const bip340 = createBip340(secp256k1, withDigest(sodium, NONCE, zero));
    assert.throws(() => bip340.sign(view, random.bytes(32), signature, scratch, random.bytes(32)), /nonce/);
    assert.ok(isWiped(signature));
    assert.ok(isWiped(scratch));
  }
});

testNative(test, 'a nonce and a challenge above the order are reduced', (native) => {
  assert.ok(secp256k1 && sodium);
  const view = loadKey(native.secp256k1, scalar(5n));
  const MAX = 2n ** 256n - 1n;
  const { x } = multiplyBase(MAX - N);
  const signature = new Uint8Array(64);
  createBip340(secp256k1, withDigest(sodium, NONCE, scalar(MAX))).sign(
    view,
    random.bytes(32),
    signature,
    scratch,
    random.bytes(32),
  );
  equalBytes(signature.subarray(0, 32), x);

  const message = random.bytes(32);
  const auxRand = random.bytes(32);
  createBip340(secp256k1, withDigest(sodium, CHALLENGE, scalar(N + 9n))).sign(
    view,
    message,
    signature,
    scratch,
    auxRand,
  );
  const reduced = new Uint8Array(64);
  createBip340(secp256k1, withDigest(sodium, CHALLENGE, scalar(9n))).sign(view, message, reduced, scratch, auxRand);
  equalBytes(signature, reduced);
});

testBoth(test, 's = 0 is not valid, whatever the equation says', ({ secp256k1 }) => {
  const publicKey = publicKeyIn(loadKey(noble.secp256k1, scalar(5n)), noble.secp256k1);
  for (let i = 1; i < 20; i++) {
    const signature = new Uint8Array(64);
    signature.set(multiplyBase(BigInt(i)).x);
    assert.is(secp256k1.verify(publicKey, 'schnorr', random.bytes(32), signature), false);
  }
});

testNative(test, 'noble accepts what the native composition signs, for messages of any length', (native) => {
  for (const length of [0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 127, 128, 1000]) {
    const message = random.bytes(length);
    const { publicKey, signature } = loadAndSign(
      native.secp256k1,
      random.bytes(32),
      'schnorr',
      message,
      random.bytes(32),
    );
    assert.is(schnorr.verify(signature, message, publicKey.subarray(1)), true, `${length} bytes`);
  }
});

test.run();
