// Ed25519 and X25519 against published answers. The verification rule is pinned here: RFC 8032 §5.1.7 with canonical
// encodings, no small-order key, and the cofactored equation, from every provider.
import { createHash } from 'node:crypto';
import { ed25519 as curve } from '@noble/curves/ed25519.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { loadAndSign, loadKey, publicKeyIn, testBoth } from './rig.js';

const test = suite('ed25519 and x25519 vectors');

interface Signed {
  readonly seed: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

const RFC_8032: readonly Signed[] = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
];

/** A signature whose key and R have parts of small order: valid by the cofactored equation only (speccheck case 4). */
const COFACTORED_ONLY = 4;

const signedFiles: ReadonlyArray<readonly [string, readonly Signed[] | undefined]> = [
  ['RFC 8032 §7.1, tests 1 and 2', RFC_8032],
  ['RFC 8032 §7.1, all', loadVectors<{ cases: Signed[] }>('ed25519/rfc8032.json')?.cases],
  ['messages of 0 to 1023 bytes', loadVectors<{ cases: Signed[] }>('ed25519/sign-donna-1024.json')?.cases],
];
for (const [name, cases] of signedFiles) {
  if (cases === undefined) {
    test.skip(name, NO_VECTORS);
    continue;
  }
  testBoth(test, name, ({ ed25519 }) => {
    assert.ok(cases.length > 1);
    for (const { seed, publicKey, message, signature } of cases) {
      const made = loadAndSign(ed25519, fromHex(seed), 'ed25519', fromHex(message));
      equalBytes(made.publicKey, fromHex(publicKey));
      equalBytes(made.signature, fromHex(signature));
      assert.is(ed25519.verify(made.publicKey, 'ed25519', fromHex(message), made.signature), true);
    }
  });
}

interface SpecCheck {
  readonly cases: ReadonlyArray<{
    readonly id: number;
    readonly message: string;
    readonly pub_key: string;
    readonly signature: string;
    readonly observed: { readonly noble_strict_rfc8032: boolean };
  }>;
}
const specCheck = loadVectors<SpecCheck>('ed25519/speccheck-verify-edge.json');
if (specCheck === undefined) test.skip('the signatures on which libraries disagree', NO_VECTORS);
else {
  testBoth(test, 'the signatures on which libraries disagree follow the pinned rule', ({ ed25519 }) => {
    assert.is(specCheck.cases.length, 12);
    assert.is(specCheck.cases[COFACTORED_ONLY]?.observed.noble_strict_rfc8032, true);
    for (const { id, message, pub_key, signature, observed } of specCheck.cases) {
      const answer = ed25519.verify(fromHex(pub_key), 'ed25519', fromHex(message), fromHex(signature));
      assert.is(answer, observed.noble_strict_rfc8032, `case ${id}`);
    }
  });
}

testBoth(test, 'parts of small order in the key and in R do not change the rule', ({ ed25519 }) => {
  // Crafted here: real signatures, but with a point of order 8 added to the key, and to every other R. The equation then
  // holds up to a point of small order, which the cofactored one forgives and libsodium's own does not.
  const torsion = curve.Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
  const { Fn } = curve.Point;
  const secret = 123456789n;
  const key = curve.Point.BASE.multiply(secret).add(torsion).toBytes();
  let valid = 0;
  for (let nonce = 1n; nonce <= 24n; nonce++) {
    const point = curve.Point.BASE.multiply(nonce + 1000n);
    const R = (nonce % 2n === 0n ? point.add(torsion) : point).toBytes();
    const message = Uint8Array.of(Number(nonce));
    const hash = sha512Scalar(R, key, message);
    const s = Fn.create(nonce + 1000n + hash * secret);
    const signature = new Uint8Array(64);
    signature.set(R);
    signature.set(Fn.toBytes(s), 32);
    const expected = curve.verify(signature, message, key, { zip215: false });
    assert.is(ed25519.verify(key, 'ed25519', message, signature), expected);
    if (expected) valid++;
  }
  assert.is(valid, 24, 'the cofactored equation holds for all of them');
});

const sha512Scalar = (...parts: readonly Uint8Array[]): bigint => {
  const digest = Uint8Array.from(createHash('sha512').update(Buffer.concat(parts)).digest()).reverse();
  return curve.Point.Fn.create(BigInt(`0x${Buffer.from(digest).toString('hex')}`));
};

interface Zip215 {
  readonly cases: ReadonlyArray<{ readonly publicKey: string; readonly signature: string; readonly message: string }>;
}
const zip215 = loadVectors<Zip215>('ed25519/zip215-verify.json');
if (zip215 === undefined) test.skip('small-order keys', NO_VECTORS);
else {
  testBoth(test, 'small-order keys verify nothing, in any encoding', ({ ed25519 }) => {
    assert.ok(zip215.cases.length > 100);
    for (const { publicKey, signature, message } of zip215.cases) {
      assert.is(ed25519.verify(fromHex(publicKey), 'ed25519', fromHex(message), fromHex(signature)), false, publicKey);
    }
  });
}

interface Wycheproof {
  readonly testGroups: ReadonlyArray<{
    readonly publicKey: { readonly pk: string };
    readonly tests: ReadonlyArray<{
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }>;
  }>;
}
const wycheproof = loadVectors<Wycheproof>('ed25519/wycheproof-verify.json');
if (wycheproof === undefined) test.skip('Wycheproof', NO_VECTORS);
else {
  testBoth(test, 'Wycheproof: valid signatures are, the others are not', ({ ed25519 }) => {
    let count = 0;
    for (const { publicKey, tests } of wycheproof.testGroups) {
      for (const { tcId, msg, sig, result } of tests) {
        const answer = ed25519.verify(fromHex(publicKey.pk), 'ed25519', fromHex(msg), fromHex(sig));
        assert.is(answer, result === 'valid', `tcId ${tcId}`);
        count++;
      }
    }
    assert.ok(count > 80);
  });
}

testBoth(test, 'RFC 7748 §6.1: public keys of both sides', ({ x25519 }) => {
  const pairs = [
    [
      '77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a',
      '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
    ],
    [
      '5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb',
      'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
    ],
  ] as const;
  for (const [secret, publicKey] of pairs) {
    equalBytes(publicKeyIn(loadKey(x25519, fromHex(secret)), x25519), fromHex(publicKey));
  }
});

test.run();
