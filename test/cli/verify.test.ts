// The demo's verification must be worth something: every kind of wrong signature is counted, also those that would
// cancel each other out in a plain sum.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { SignedType } from '../../dist/src/cli/demo/plan.js';
import type { Signed } from '../../dist/src/cli/demo/sign-all.js';
import { verifyAll, verifyTogether } from '../../dist/src/cli/demo/verify.js';
import { assert } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite("the demo's verification");
const random = seededRandom('demo verification');
const bls = bls12_381.longSignatures;
const CIPHERSUITE = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';
const KEYS = 3;
const publicKeys = new Map<string, Uint8Array>();
const good = {} as Record<SignedType, Signed[]>;

const blsSign = (message: Uint8Array, secret: Uint8Array): Uint8Array =>
  bls.sign(bls.hash(message, CIPHERSUITE), secret).toBytes();

interface KeyPair {
  readonly secretKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

const makeSigned = (
  type: SignedType,
  keygen: () => KeyPair,
  sign: (message: Uint8Array, secretKey: Uint8Array) => Uint8Array,
): void => {
  const message = random.bytes(40);
  good[type] = Array.from({ length: KEYS }, (_, i) => {
    const { secretKey, publicKey } = keygen();
    publicKeys.set(`${type}/${i}`, publicKey);
    return { keyId: `${type}/${i}`, message, signature: sign(message, secretKey) };
  });
};

test.before(() => {
  makeSigned('ed25519', () => ed25519.keygen(random.bytes(32)), ed25519.sign);
  makeSigned('secp256k1', () => secp256k1.keygen(random.bytes(48)), secp256k1.sign); // low-s, over sha256
  const blsKeygen = (): KeyPair => {
    const { secretKey, publicKey } = bls.keygen(random.bytes(48));
    return { secretKey, publicKey: publicKey.toBytes() };
  };
  makeSigned('bls12-381', blsKeygen, blsSign);
});

const flipped = (signed: Signed): Signed => {
  const signature = Uint8Array.from(signed.signature);
  signature[signature.length - 1]! ^= 1;
  return { ...signed, signature };
};

const failuresOf = (type: SignedType, signed: readonly Signed[]): Promise<Record<SignedType, number>> =>
  verifyAll({ ...good, [type]: signed }, publicKeys, () => undefined);

test('good signatures verify, and each is counted once as progress', async () => {
  let advanced = 0;
  const failed = await verifyAll(good, publicKeys, (by) => {
    advanced += by;
  });
  assert.equal(failed, { ed25519: 0, secp256k1: 0, 'bls12-381': 0 });
  assert.is(advanced, 3 * KEYS);
});

test('one flipped bit, a swapped key and another message are each seen', async () => {
  for (const type of ['ed25519', 'secp256k1', 'bls12-381'] as const) {
    const [first, second, third] = good[type] as [Signed, Signed, Signed];
    // BLS signatures over one message stand or fall together.
    const group = (count: number): number => (type === 'bls12-381' ? KEYS : count);
    const swapped = [{ ...first, keyId: second.keyId }, { ...second, keyId: first.keyId }, third];
    assert.is((await failuresOf(type, [first, flipped(second), third]))[type], group(1), type);
    assert.is((await failuresOf(type, swapped))[type], group(2), type);
    const other = { ...third, message: random.bytes(40) };
    assert.is((await failuresOf(type, [first, second, other]))[type], 1, type);
  }
});

test('faults of BLS signatures that cancel each other out in their sum are seen', async () => {
  const [first, second, third] = good['bls12-381'] as [Signed, Signed, Signed];
  const fault = bls12_381.G2.Point.BASE.multiply(12_345n);
  const a = bls.Signature.fromBytes(first.signature).add(fault);
  const b = bls.Signature.fromBytes(second.signature).add(fault.negate());
  const faulty = [{ ...first, signature: a.toBytes() }, { ...second, signature: b.toBytes() }, third];
  // The control: a plain aggregate is fooled.
  const sum = bls.aggregateSignatures(faulty.map(({ signature }) => signature));
  const keys = faulty.map(({ keyId }) => publicKeys.get(keyId)!);
  assert.ok(verifyTogether(sum.toBytes(), first.message, keys));
  assert.is((await failuresOf('bls12-381', faulty))['bls12-381'], KEYS);
});

test('an aggregate verifies under all of its keys and not under fewer', () => {
  const signed = good['bls12-381'];
  const keys = signed.map(({ keyId }) => publicKeys.get(keyId)!);
  const signature = bls.aggregateSignatures(signed.map((each) => each.signature)).toBytes();
  assert.is(verifyTogether(signature, signed[0]!.message, keys), true);
  assert.is(verifyTogether(signature, signed[0]!.message, keys.slice(1)), false);
  assert.is(verifyTogether(new Uint8Array(96), signed[0]!.message, keys), false);
});

test.run();
