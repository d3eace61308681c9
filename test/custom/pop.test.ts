// Proofs of possession of BLS keys, against noble byte for byte.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { loadProvePossession, POP_ROOM_BYTES, POP_TAG } from '../../dist/workers/providers/pop.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

declare const WebAssembly: {
  readonly Memory: new (limits: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const test = suite('proofs of possession');
const random = seededRandom('proofs of possession');
const bls = bls12_381.longSignatures;
const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const secretView = new Uint8Array(buffer, 0, 32);
const room = new Uint8Array(buffer, 4096, 4096);
const prove = await loadProvePossession();

/** The order of the group. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;
const scalar = (value: bigint): Uint8Array => Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));
const makeSecret = (): Uint8Array => {
  const secret = random.bytes(32);
  secret[0] = secret[0]! & 0x3f;
  return secret;
};
const publicKeyOf = (secret: Uint8Array): Uint8Array => bls.getPublicKey(secret).toBytes(true);

const proofOf = (secret: Uint8Array, publicKey: Uint8Array = publicKeyOf(secret)): Uint8Array => {
  secretView.set(secret);
  room.fill(0xaa); // what others left there is no matter
  try {
    return prove(secretView, publicKey, room);
  } finally {
    assert.ok(
      room.subarray(0, POP_ROOM_BYTES).every((byte) => byte === 0),
      'the room is wiped',
    );
    assert.ok(
      room.subarray(POP_ROOM_BYTES).every((byte) => byte === 0xaa),
      'and nothing beyond it is touched',
    );
  }
};

const nobleProof = (secret: Uint8Array): Uint8Array =>
  bls.Signature.toBytes(bls.sign(bls.hash(publicKeyOf(secret), POP_TAG), secret));

test('the tag is that of the draft, and not that of signatures', () => {
  assert.is(POP_TAG, 'BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_');
});

for (const [name, value] of [
  ['1', 1n],
  ['3', 3n],
  ['a power of two', 1n << 254n],
  ['the order less 1', ORDER - 1n],
  ['alternating bits', BigInt(`0x2${'a'.repeat(63)}`)],
  ['many ones', (1n << 254n) - 1n],
] as const) {
  test(`a proof equals noble's for the key that is ${name}`, () => {
    equalBytes(proofOf(scalar(value)), nobleProof(scalar(value)));
  });
}

test("proofs of random keys equal noble's, and verify", () => {
  for (let i = 0; i < 5; i++) {
    const secret = makeSecret();
    const publicKey = publicKeyOf(secret);
    const proof = proofOf(secret, publicKey);
    equalBytes(proof, nobleProof(secret));
    assert.ok(bls.verify(proof, bls.hash(publicKey, POP_TAG), publicKey));
    const asSignature = bls.hash(publicKey, POP_TAG.replace('POP', 'SIG'));
    assert.not.ok(bls.verify(proof, asSignature, publicKey), 'a proof is no signature of the public key');
  }
});

test('by the key that is 1 the proof is the hashed public key itself', () => {
  // The secret 1, whose public key is the generator of G1 (draft-irtf-cfrg-pairing-friendly-curves §4.2.1).
  const generator = '97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb';
  equalBytes(publicKeyOf(scalar(1n)), Uint8Array.from(Buffer.from(generator, 'hex')), 'generator');
  const hashed = bls.hash(Uint8Array.from(Buffer.from(generator, 'hex')), POP_TAG);
  equalBytes(proofOf(scalar(1n)), bls.Signature.toBytes(hashed));
});

test('what does not verify is withheld: a public key of another, and secrets that are none', () => {
  const isFault = (error: unknown): boolean => (error as { code?: unknown }).code === 'ERR_SIGNATURE_FAULT';
  const secret = makeSecret();
  assert.throws(() => proofOf(secret, publicKeyOf(makeSecret())), isFault);
  assert.throws(() => proofOf(scalar(0n), publicKeyOf(secret)), isFault);
  assert.throws(() => proofOf(scalar(ORDER), publicKeyOf(secret)), isFault);
  assert.throws(() => proofOf(secret, random.bytes(48)), isFault);
  assert.ok(proofOf(secret).length === 96, 'positive control');
});

test('lengths are checked before anything is computed', () => {
  const secret = makeSecret();
  const wrong: readonly (readonly [Uint8Array, Uint8Array, Uint8Array])[] = [
    [secret.subarray(1), publicKeyOf(secret), room],
    [secret, publicKeyOf(secret).subarray(1), room],
    [secret, publicKeyOf(secret), room.subarray(0, POP_ROOM_BYTES - 1)],
  ];
  for (const values of wrong)
    assert.throws(
      () => prove(...values),
      (error: unknown) => error instanceof RangeError,
    );
});

test.run();
