import { type KeyType, type Scheme, SIGNATURE_BYTES } from '../../dist/src/wire/types.js';
import { createNativeBls12381 } from '../../dist/workers/providers/native/bls12-381.js';
import { type Blst, loadBlst } from '../../dist/workers/providers/native/load.js';
import { assert } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isWiped, loadAndSign, loadKey, scalar, scratch, slotView, testBoth, testNative } from './rig.js';

const test = suite('what providers refuse');
const random = seededRandom('providers/refusals');
const SCHEME_TYPES: ReadonlyArray<readonly [Scheme, KeyType]> = [
  ['ed25519', 'ed25519'],
  ['ecdsa', 'secp256k1'],
  ['ecdsa-recoverable', 'secp256k1'],
  ['schnorr', 'secp256k1'],
  ['bls12-381', 'bls12-381'],
];
const secret = scalar(7n);
const digest = random.bytes(32);
const auxRand = random.bytes(32);
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof Error && 'code' in error && error.code === code;

testBoth(test, 'keys, signatures and digests of other lengths are not valid, and throw nothing', (providers) => {
  for (const [scheme, type] of SCHEME_TYPES) {
    const provider = providers[type];
    const { publicKey, signature } = loadAndSign(provider, secret, scheme, digest, auxRand);
    const verify = (key: Uint8Array, message: Uint8Array, sig: Uint8Array): boolean =>
      provider.verify(key, scheme, message, sig);
    assert.is(verify(publicKey, digest, signature), true, scheme);
    for (const length of [0, 1, 31, 32, 33, 47, 48, 63, 64, 65, 95, 96, 97, 192]) {
      const other = (bytes: Uint8Array): Uint8Array => {
        const resized = new Uint8Array(length);
        resized.set(bytes.subarray(0, length));
        return resized;
      };
      if (length !== signature.length) assert.is(verify(publicKey, digest, other(signature)), false);
      if (length !== publicKey.length) assert.is(verify(other(publicKey), digest, signature), false);
      if (length !== 32) assert.is(verify(publicKey, other(digest), signature), false);
    }
    for (const fill of [0, 1, 255]) {
      assert.is(verify(publicKey, digest, new Uint8Array(signature.length).fill(fill)), false);
      assert.is(verify(new Uint8Array(publicKey.length).fill(fill), digest, signature), false);
    }
  }
});

testBoth(test, 'a scheme of another type verifies nothing and signs nothing', (providers) => {
  for (const [scheme, type] of SCHEME_TYPES) {
    const { publicKey, signature, view } = loadAndSign(providers[type], secret, scheme, digest, auxRand);
    for (const [other, otherType] of SCHEME_TYPES) {
      if (otherType === type) continue;
      assert.is(providers[type].verify(publicKey, other, digest, signature), false);
      const room = new Uint8Array(SIGNATURE_BYTES[other]);
      assert.throws(
        () => providers[type].sign(view, 1, other, digest, room, scratch, auxRand),
        hasCode('ERR_SCHEME_UNSUPPORTED'),
      );
      assert.ok(isWiped(room));
    }
  }
});

testBoth(test, 'x25519, aead and hmac keys and seeds do not sign', (providers) => {
  for (const type of ['x25519', 'seed', 'aead', 'hmac'] as const) {
    const view = loadKey(providers[type], secret);
    const room = new Uint8Array(64);
    for (const scheme of ['ed25519', 'ecdsa', 'bls12-381'] as const) {
      assert.throws(
        () => providers[type].sign(view, 1, scheme, digest, room, scratch, undefined),
        hasCode('ERR_OPERATION_UNSUPPORTED'),
      );
    }
    assert.ok(isWiped(room));
    assert.is(providers[type].verify(view.publicKey.subarray(0, 32), 'ed25519', digest, room), false);
  }
});

testBoth(test, 'digests, auxiliary randomness and rooms of the wrong length are range errors', (providers) => {
  const isRange = (error: unknown): boolean =>
    error instanceof RangeError && /expected \d+ bytes, got/.test(error.message);
  for (const [scheme, type] of SCHEME_TYPES) {
    const provider = providers[type];
    const view = loadKey(provider, secret);
    const right = SIGNATURE_BYTES[scheme];
    const sign = (message: Uint8Array, room: number, aux: Uint8Array | undefined): void =>
      provider.sign(view, 1, scheme, message, new Uint8Array(room), scratch, aux);
    for (const room of [right - 1, right + 1, 0]) assert.throws(() => sign(digest, room, auxRand), isRange);
    if (scheme.startsWith('ecdsa')) {
      for (const length of [0, 31, 33, 64])
        assert.throws(() => sign(new Uint8Array(length), right, undefined), isRange);
    }
    if (scheme === 'schnorr') {
      for (const aux of [undefined, new Uint8Array(31), new Uint8Array(33)]) {
        assert.throws(() => sign(digest, right, aux), isRange);
      }
    }
    assert.ok(isWiped(scratch));
  }
});

testBoth(test, 'a high s is not valid, nor is any recovery id but the right one', ({ secp256k1 }) => {
  for (let i = 0; i < 20; i++) {
    const message = random.bytes(32);
    const { publicKey, signature } = loadAndSign(secp256k1, scalar(BigInt(i + 1)), 'ecdsa-recoverable', message);
    const compact = signature.subarray(0, 64);
    const high = Uint8Array.from(signature);
    high.set(scalar(N - BigInt(`0x${toHex(compact.subarray(32))}`)), 32);
    assert.is(secp256k1.verify(publicKey, 'ecdsa', message, compact), true);
    assert.is(secp256k1.verify(publicKey, 'ecdsa', message, high.subarray(0, 64)), false);
    for (let id = 0; id < 256; id++) {
      if (id > 5 && id < 250) continue;
      const marked = Uint8Array.from(signature);
      marked[64] = id;
      assert.is(secp256k1.verify(publicKey, 'ecdsa-recoverable', message, marked), id === signature[64], `id ${id}`);
      high[64] = id;
      assert.is(secp256k1.verify(publicKey, 'ecdsa-recoverable', message, high), false);
    }
  }
});

testBoth(test, 'infinity is neither a BLS key nor a BLS signature', (providers) => {
  const bls = providers['bls12-381'];
  const { publicKey, signature } = loadAndSign(bls, secret, 'bls12-381', digest);
  const infinity = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i === 0 ? 0xc0 : 0));
  assert.is(bls.verify(infinity(48), 'bls12-381', digest, infinity(96)), false);
  assert.is(bls.verify(publicKey, 'bls12-381', digest, infinity(96)), false);
  assert.is(bls.verify(infinity(48), 'bls12-381', digest, signature), false);
});

testBoth(test, 'what is not a list of signatures is not aggregated', (providers) => {
  const bls = providers['bls12-381'];
  const aggregate = bls.aggregate?.bind(bls);
  assert.ok(aggregate);
  const { publicKey, signature } = loadAndSign(bls, secret, 'bls12-381', digest);
  // On the curve and outside the subgroup: Wycheproof, pop-verify "G2 signature on curve but wrong subgroup".
  const outside = fromHex(`80${'00'.repeat(94)}02`);
  for (const bad of [outside, new Uint8Array(96), signature.subarray(1), new Uint8Array(96).fill(255)]) {
    if (bad.length === 96) assert.is(bls.verify(publicKey, 'bls12-381', digest, bad), false);
    assert.throws(() => aggregate([signature, bad]), hasCode('ERR_SIGNATURE_FAULT'));
  }
  assert.throws(() => aggregate([]), hasCode('ERR_SIGNATURE_FAULT'));
});

testNative(test, 'native BLS key objects are kept per slot and generation, and forgotten once', (native) => {
  // Where one object takes each key in turn (Linux), none is kept.
  const bls = createNativeBls12381(loadBlst() as Blst, undefined);
  const sign = (slot: number, generation: number): string => {
    const signature = new Uint8Array(96);
    bls.sign(slotView(slot), generation, 'bls12-381', digest, signature, scratch, undefined);
    return toHex(signature);
  };
  for (const slot of [3, 4]) bls.forget(slotView(slot).slot);
  loadKey(bls, scalar(11n), 3);
  assert.is(bls.forget(slotView(3).slot), true, 'loading alone leaves an object');
  const first = sign(3, 1);
  slotView(3).secret.set(scalar(12n));
  assert.is(sign(3, 1), first, 'one generation, one object');
  const second = sign(3, 2);
  assert.is.not(second, first, 'the next generation reads the slot again');
  assert.is(bls.forget(slotView(3).slot), true);
  assert.is(bls.forget(slotView(3).slot), false);
  assert.is(bls.forget(slotView(4).slot), false);
  for (const type of ['ed25519', 'secp256k1', 'x25519', 'seed', 'aead', 'hmac'] as const) {
    loadKey(native[type], scalar(11n), 3);
    assert.is(native[type].forget(slotView(3).slot), false);
  }
  // A key that was loaded and never signed with is not adopted by a later generation.
  loadKey(bls, scalar(11n), 3);
  slotView(3).secret.set(scalar(12n));
  assert.is(sign(3, 3), second);
  bls.forget(slotView(3).slot);
});

testBoth(test, 'ed25519 keys are loaded rightly when the secret given is the slot itself', ({ ed25519 }) => {
  const view = slotView(5);
  view.publicKey.fill(0);
  view.secret.set(fromHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'));
  ed25519.load(view.secret, view, scratch);
  assert.is(toHex(view.publicKey.subarray(0, 32)), 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
  assert.is(toHex(view.expanded.subarray(32)), toHex(view.publicKey.subarray(0, 32)));
  assert.ok(isWiped(scratch));
});

test.run();
