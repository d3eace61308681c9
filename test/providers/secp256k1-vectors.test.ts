// secp256k1 ECDSA against published answers: keys, signatures with recovery ids, and what must not verify.
import { secp256k1 as curve } from '@noble/curves/secp256k1.js';
import { hashMessage } from '../../dist/workers/providers/hashes.js';
import type { KeyProvider } from '../../dist/workers/providers/provider.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { loadAndSign, loadKey, publicKeyIn, testBoth } from './rig.js';

const test = suite('secp256k1 vectors');

interface Signed {
  readonly privateKey: string;
  readonly digest: string;
  readonly signature: string;
  readonly recoveryId: number;
}
interface Cases<T> {
  readonly cases: readonly T[];
}

const expectSigned = (secp256k1: KeyProvider, { privateKey, digest, signature, recoveryId }: Signed): void => {
  const message = fromHex(digest);
  const plain = loadAndSign(secp256k1, fromHex(privateKey), 'ecdsa', message);
  equalBytes(plain.signature, fromHex(signature));
  const recoverable = loadAndSign(secp256k1, fromHex(privateKey), 'ecdsa-recoverable', message);
  equalBytes(recoverable.signature.subarray(0, 64), plain.signature);
  assert.is(recoverable.signature[64], recoveryId);
};

testBoth(test, 'RFC 6979 answers that the libraries of Bitcoin share', ({ secp256k1 }) => {
  for (const [text, signature, recoveryId] of [
    [
      'Satoshi Nakamoto',
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
      1,
    ],
    [
      'All those moments will be lost in time, like tears in rain. Time to die...',
      '8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21',
      0,
    ],
  ] as const) {
    const digest = toHex(hashMessage('sha256', new TextEncoder().encode(text)));
    expectSigned(secp256k1, { privateKey: '1'.padStart(64, '0'), digest, signature, recoveryId });
  }
});

const signed = loadVectors<Cases<Signed>>('secp256k1-ecdsa/sign-rfc6979-recoverable.json');
if (signed === undefined) test.skip('RFC 6979 signatures with recovery ids', NO_VECTORS);
else {
  testBoth(test, 'RFC 6979 signatures with recovery ids', ({ secp256k1 }) => {
    assert.ok(signed.cases.length > 500);
    for (const one of signed.cases) expectSigned(secp256k1, one);
  });
}

interface Transaction extends Signed {
  readonly unsigned: string;
}
const transactions = loadVectors<Cases<Transaction>>('secp256k1-ecdsa/ethereum-transactions.json');
if (transactions === undefined) test.skip('Ethereum transactions', NO_VECTORS);
else {
  testBoth(test, 'Ethereum transactions: keccak256 and a recoverable signature', ({ secp256k1 }) => {
    assert.ok(transactions.cases.length > 100);
    for (const one of transactions.cases) {
      equalBytes(hashMessage('keccak256', fromHex(one.unsigned)), fromHex(one.digest));
      expectSigned(secp256k1, one);
    }
  });
}

const typed = loadVectors<Cases<Signed>>('secp256k1-ecdsa/eip712-digest.json');
if (typed === undefined) test.skip('an EIP-712 digest', NO_VECTORS);
else {
  testBoth(test, 'an EIP-712 digest', ({ secp256k1 }) => {
    for (const { privateKey, digest, signature } of typed.cases) {
      const made = loadAndSign(secp256k1, fromHex(privateKey), 'ecdsa-recoverable', fromHex(digest)).signature;
      made[64]! += 27; // v, as Ethereum writes it
      equalBytes(made, fromHex(signature));
    }
  });
}

const plain = loadVectors<Cases<{ readonly d: string; readonly m: string; readonly signature: string }>>(
  'secp256k1-ecdsa/sign-extra-entropy.json',
);
if (plain === undefined) test.skip('signatures without extra entropy', NO_VECTORS);
else {
  testBoth(test, 'signatures without extra entropy', ({ secp256k1 }) => {
    for (const { d, m, signature } of plain.cases) {
      equalBytes(loadAndSign(secp256k1, fromHex(d), 'ecdsa', fromHex(m)).signature, fromHex(signature));
    }
  });
}

testBoth(test, 'RFC 6979 nonces: r is the x of k·G', ({ secp256k1 }) => {
  // The nonce of key 1 over "Everything should be made as simple as possible, but not simpler."
  const nonce = 0xec633bd56a5774a0940cb97e27a9e4e51dc94af737596a0c5cbb3d30332d92a5n;
  const digest = fromHex('06ef2b193b83b3d701f765f1db34672ab84897e1252343cc2197829af3a30456');
  const { signature } = loadAndSign(secp256k1, fromHex('1'.padStart(64, '0')), 'ecdsa', digest);
  equalBytes(signature.subarray(0, 32), curve.Point.BASE.multiply(nonce).toBytes(true).subarray(1));
});

const publicKeys =
  loadVectors<Cases<{ readonly privateKey: string; readonly compressed: string }>>('secp256k1-ecdsa/pubkey.json');
if (publicKeys === undefined) test.skip('public keys', NO_VECTORS);
else {
  testBoth(test, 'public keys', ({ secp256k1 }) => {
    assert.ok(publicKeys.cases.length > 20);
    for (const { privateKey, compressed } of publicKeys.cases) {
      equalBytes(publicKeyIn(loadKey(secp256k1, fromHex(privateKey)), secp256k1), fromHex(compressed));
    }
  });
}

const addresses = loadVectors<Cases<{ readonly privateKey: string; readonly address: string }>>(
  'secp256k1-ecdsa/ethereum-address.json',
);
if (addresses === undefined) test.skip('Ethereum addresses', NO_VECTORS);
else {
  testBoth(test, 'Ethereum addresses', ({ secp256k1 }) => {
    for (const { privateKey, address } of addresses.cases) {
      const publicKey = publicKeyIn(loadKey(secp256k1, fromHex(privateKey)), secp256k1);
      const point = curve.Point.fromBytes(publicKey).toBytes(false).subarray(1);
      assert.is(toHex(hashMessage('keccak256', point).subarray(12)), address.slice(2).toLowerCase());
    }
  });
}

interface BadInput {
  readonly operation: string;
  readonly description: string;
  readonly Q?: string;
  readonly m?: string;
  readonly signature?: string;
}
const badInputs = loadVectors<Cases<BadInput>>('secp256k1-ecdsa/invalid-inputs.json');
const badKeys = loadVectors<Cases<{ readonly P: string; readonly description: string }>>(
  'secp256k1-ecdsa/invalid-public-keys.json',
);
if (badInputs === undefined || badKeys === undefined) test.skip('bad keys and signatures', NO_VECTORS);
else {
  testBoth(test, 'bad keys and signatures are not valid, and throw nothing', ({ secp256k1 }) => {
    const digest = fromHex('3'.padStart(64, '0'));
    const { signature } = loadAndSign(secp256k1, fromHex('1'.padStart(64, '0')), 'ecdsa', digest);
    for (const { P, description } of badKeys.cases) {
      assert.is(secp256k1.verify(fromHex(P), 'ecdsa', digest, signature), false, description);
    }
    const verifications = badInputs.cases.filter(({ operation }) => operation === 'verify');
    assert.ok(verifications.length > 10);
    for (const { Q, m, signature, description } of verifications) {
      assert.is(secp256k1.verify(fromHex(Q!), 'ecdsa', fromHex(m!), fromHex(signature!)), false, description);
    }
  });
}

interface Wycheproof {
  readonly testGroups: ReadonlyArray<{
    readonly publicKey: { readonly uncompressed: string };
    readonly tests: ReadonlyArray<{
      readonly tcId: number;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }>;
  }>;
}
const HALF = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
const isLowS = (signature: Uint8Array): boolean => BigInt(`0x${toHex(signature.subarray(32))}`) <= HALF;
/** An off-curve key stays off the curve, or becomes another key's: either way nothing verifies. */
const compress = (uncompressed: string): Uint8Array => {
  const prefix = Number.parseInt(uncompressed.slice(-1), 16) % 2 === 0 ? '02' : '03';
  return fromHex(prefix + uncompressed.slice(2, 66));
};

const compact = loadVectors<Wycheproof>('secp256k1-ecdsa/wycheproof-verify-compact.json');
if (compact === undefined) test.skip('Wycheproof, 64-byte signatures', NO_VECTORS);
else {
  testBoth(test, 'Wycheproof, 64-byte signatures: valid and low-s, or not valid', ({ secp256k1 }) => {
    let valid = 0;
    for (const { publicKey, tests } of compact.testGroups) {
      for (const { tcId, msg, sig, result } of tests) {
        const signature = fromHex(sig);
        const expected = result === 'valid' && isLowS(signature);
        const digest = hashMessage('sha256', fromHex(msg));
        const answer = secp256k1.verify(compress(publicKey.uncompressed), 'ecdsa', digest, signature);
        assert.is(answer, expected, `tcId ${tcId}`);
        if (answer) valid++;
      }
    }
    assert.ok(valid > 30, `${valid} valid`);
  });
}

/** The 64 bytes of a strict DER signature; undefined when it is not one, or a number is negative or too long. */
const fromDer = (der: Uint8Array): Uint8Array | undefined => {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der[2] !== 2) return undefined;
  const numbers: Uint8Array[] = [];
  let at = 2;
  for (let i = 0; i < 2; i++) {
    const length = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + length);
    const isPadded = digits[0] === 0 && digits.length > 1;
    const bare = isPadded ? digits.subarray(1) : digits;
    if (der[at] !== 2 || length === 0 || digits.length !== length || bare.length > 32) return undefined;
    if (digits[0]! >= 0x80 || (isPadded && bare[0]! < 0x80)) return undefined;
    numbers.push(bare);
    at += 2 + length;
  }
  if (at !== der.length) return undefined;
  const signature = new Uint8Array(64);
  for (const [i, bare] of numbers.entries()) signature.set(bare, 32 * (i + 1) - bare.length);
  return signature;
};

const der = loadVectors<Wycheproof>('secp256k1-ecdsa/wycheproof-verify-der-lows.json');
if (der === undefined) test.skip('Wycheproof, Bitcoin rules', NO_VECTORS);
else {
  testBoth(test, 'Wycheproof, Bitcoin rules: the numbers of strict DER signatures', ({ secp256k1 }) => {
    let judged = 0;
    for (const { publicKey, tests } of der.testGroups) {
      for (const { tcId, msg, sig, result } of tests) {
        const signature = fromDer(fromHex(sig));
        if (signature === undefined) {
          assert.is(result, 'invalid', `tcId ${tcId}`);
          continue;
        }
        const digest = hashMessage('sha256', fromHex(msg));
        const answer = secp256k1.verify(compress(publicKey.uncompressed), 'ecdsa', digest, signature);
        assert.is(answer, result === 'valid', `tcId ${tcId}`);
        judged++;
      }
    }
    assert.ok(judged > 50);
  });
}

test.run();
