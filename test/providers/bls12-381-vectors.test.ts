// BLS12-381 against published answers. noble takes tens of milliseconds an operation, so of the larger files it gets a
// part: the native provider gets all, and equality.test.ts compares the two.
import type { Providers } from '../../dist/workers/providers/provider.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { loadAndSign, loadKey, noble, publicKeyIn, testBoth } from './rig.js';

const test = suite('bls12-381 vectors');

interface Cases<T> {
  readonly cases: readonly T[];
}
const SCHEME = 'bls12-381';

/** Every case for a native provider, every `step`-th for noble. */
const part = <T>(providers: Providers, cases: readonly T[], step: number): readonly T[] =>
  providers === noble ? cases.filter((_, i) => i % step === 0) : cases;

/** A test over a vector file, skipped with the reason where there is none. */
const withVectors = <T>(path: string, name: string, body: (providers: Providers, vectors: T) => void): void => {
  const vectors = loadVectors<T>(path);
  if (vectors === undefined) test.skip(name, NO_VECTORS);
  else testBoth(test, name, (providers) => body(providers, vectors));
};

testBoth(test, "a key, a signature and an aggregate of Ethereum's tests", (providers) => {
  const bls = providers[SCHEME];
  const secret = fromHex('263dbd792f5b1be47ed85f8938c0f29586af0d3ac7b977f21c278fe1462040e3');
  const made = loadAndSign(bls, secret, SCHEME, new Uint8Array(32));
  const publicKey = 'a491d1b0ecd9bb917989f0e74f0dea0422eac4a873e5e2644f368dffb9a6e20fd6e10c1b77654d067c0618f6e5a7f79a';
  const signature =
    'b6ed936746e01f8ecf281f020953fbf1f01debd5657c4a383940b020b26507f6076334f91e2366c96e9ab279fb5158090352ea1c5b0c9274504f4f0e7053af24802e51e4568d164fe986834f41e55c8e850ce1f98458c0cfc9ab380b55285a55';
  equalBytes(made.publicKey, fromHex(publicKey));
  equalBytes(made.signature, fromHex(signature));
  assert.is(bls.verify(made.publicKey, SCHEME, new Uint8Array(32), made.signature), true);
  assert.is(bls.verify(made.publicKey, SCHEME, new Uint8Array(31), made.signature), false);
});

withVectors<Cases<{ input: { privkey: string; message: string }; output: string | null }>>(
  'bls12-381/eth-sign.json',
  "Ethereum's signatures",
  (providers, { cases }) => {
    for (const { input, output } of cases) {
      if (output === null) continue; // the zero key: range.ts refuses it, see range.test.ts
      const { signature } = loadAndSign(providers[SCHEME], fromHex(input.privkey), SCHEME, fromHex(input.message));
      equalBytes(signature, fromHex(output));
    }
  },
);

withVectors<Cases<{ name: string; input: { pubkey: string; message: string; signature: string }; output: boolean }>>(
  'bls12-381/eth-verify.json',
  "Ethereum's verifications",
  (providers, { cases }) => {
    for (const { name, input, output } of cases) {
      const { pubkey, message, signature } = input;
      const answer = providers[SCHEME].verify(fromHex(pubkey), SCHEME, fromHex(message), fromHex(signature));
      assert.is(answer, output, name);
    }
  },
);

withVectors<Cases<{ name: string; input: readonly string[]; output: string | null }>>(
  'bls12-381/eth-aggregate.json',
  "Ethereum's aggregates",
  (providers, { cases }) => {
    for (const { name, input, output } of cases) {
      const aggregate = (): Uint8Array | undefined => providers[SCHEME].aggregate?.(input.map(fromHex));
      if (output === null) assert.throws(aggregate, /aggregate/, name);
      else equalBytes(aggregate() ?? new Uint8Array(0), fromHex(output), name);
    }
  },
);

interface BadPoint {
  readonly name: string;
  readonly input: { readonly pubkey?: string; readonly signature?: string };
  readonly output: boolean;
}
for (const group of ['G1', 'G2'] as const) {
  withVectors<Cases<BadPoint>>(
    `bls12-381/eth-deserialization_${group}.json`,
    `malformed points of ${group} verify nothing`,
    (providers, { cases }) => {
      const bls = providers[SCHEME];
      const made = loadAndSign(bls, fromHex('5'.padStart(64, '0')), SCHEME, new Uint8Array(3));
      for (const { name, input } of cases) {
        const key = input.pubkey === undefined ? made.publicKey : fromHex(input.pubkey);
        const signature = input.signature === undefined ? made.signature : fromHex(input.signature);
        assert.is(bls.verify(key, SCHEME, new Uint8Array(3), signature), false, name);
      }
    },
  );
}

withVectors<Cases<Readonly<Record<'privateKey' | 'publicKey' | 'message' | 'signature', string>>>>(
  'bls12-381/sign-pop-cross.json',
  'keys and signatures that two implementations agree on',
  (providers, { cases }) => {
    assert.ok(cases.length > 100);
    const bls = providers[SCHEME];
    for (const { privateKey, publicKey, message, signature } of part(providers, cases, 5)) {
      const made = loadAndSign(bls, fromHex(privateKey), SCHEME, fromHex(message));
      equalBytes(made.publicKey, fromHex(publicKey));
      equalBytes(made.signature, fromHex(signature));
    }
  },
);

withVectors<Cases<Readonly<Record<'privateKey' | 'message' | 'signatureBasic' | 'signaturePop', string>>>>(
  'bls12-381/sign-basic-dst-control.json',
  'signatures are of the proof-of-possession suite, and those of the basic suite are not valid',
  (providers, { cases }) => {
    const bls = providers[SCHEME];
    for (const { privateKey, message, signatureBasic, signaturePop } of part(providers, cases, 6)) {
      const made = loadAndSign(bls, fromHex(privateKey), SCHEME, fromHex(message));
      equalBytes(made.signature, fromHex(signaturePop));
      assert.is(bls.verify(made.publicKey, SCHEME, fromHex(message), fromHex(signatureBasic)), false);
    }
  },
);

interface Wycheproof {
  readonly testGroups: ReadonlyArray<{
    readonly ciphersuite: string;
    readonly publicKey: { readonly pk: string };
    readonly tests: ReadonlyArray<{
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly result: string;
    }>;
  }>;
}
withVectors<Wycheproof>(
  'bls12-381/wycheproof-pop-verify.json',
  'Wycheproof, our suite',
  (providers, { testGroups }) => {
    for (const { publicKey, tests } of testGroups) {
      for (const { tcId, comment, msg, sig, result } of tests) {
        const answer = providers[SCHEME].verify(fromHex(publicKey.pk), SCHEME, fromHex(msg), fromHex(sig));
        assert.is(answer, result === 'valid', `tcId ${tcId}: ${comment}`);
      }
    }
  },
);

withVectors<Wycheproof>(
  'bls12-381/wycheproof-basic-dst-verify.json',
  'Wycheproof, the basic suite: nothing of it is valid here, and nothing throws',
  (providers, { testGroups }) => {
    for (const { publicKey, tests } of testGroups) {
      for (const { tcId, comment, msg, sig } of part(providers, tests, 4)) {
        const answer = providers[SCHEME].verify(fromHex(publicKey.pk), SCHEME, fromHex(msg), fromHex(sig));
        assert.is(answer, false, `tcId ${tcId}: ${comment}`);
      }
    }
  },
);

testBoth(test, 'the public key of key 1 is the generator', (providers) => {
  const bls = providers[SCHEME];
  equalBytes(
    publicKeyIn(loadKey(bls, fromHex('1'.padStart(64, '0'))), bls),
    fromHex('97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb'),
  );
});

test.run();
