// SLIP-0010 for ed25519 and curve25519: published seeds, native against noble.
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { HARDENED } from '../../dist/src/wire/path.js';
import { DERIVE_SCRATCH, deriveSecret } from '../../dist/workers/derive/derive.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { derived, inUse, isWiped, noble, out32, scratch, staged, testBoth, testNative, wiping } from './rig.js';

const test = suite('SLIP-0010');
const random = seededRandom('derive/slip10');
const SEED_1 = fromHex('000102030405060708090a0b0c0d0e0f');

testBoth(test, 'vector 1 of the standard, on both curves', (tools) => {
  for (const [type, path, secret] of [
    ['ed25519', 'm', '2b4be7f19ee27bbf30c667b642d5f4aa69fd169872f8fc3059c08ebae2eb19e7'],
    ['ed25519', "m/0'/1'/2'", '92a5b23c0b8a99e37d07df3fb9966917f5d06e02ddbd909c7e184371463e9fc9'],
    ['x25519', 'm', 'd70a59c2e68b836cc4bbe8bcae425169b9e2384f3905091e3d60b890e90cd92c'],
    ['x25519', "m/0'", 'cd7630d7513cbe80515f7317cdb9a47ad4a56b63c3f1dc29583ab8d4cc25a9b2'],
  ] as const) {
    assert.is(toHex(derived(type, SEED_1, path, tools)), secret, `${type} ${path}`);
  }
});

testNative(test, 'the native hashes derive what noble does', (tools) => {
  for (let i = 0; i < 60; i++) {
    const seed = random.bytes(16 + random.int(113));
    const path = `m${Array.from({ length: random.int(9) }, () => `/${random.int(HARDENED)}'`).join('')}`;
    for (const type of ['ed25519', 'x25519'] as const) {
      equalBytes(derived(type, seed, path, tools), derived(type, seed, path, noble), path);
    }
  }
});

testBoth(test, 'a library that fails on the way leaves nothing, neither in the scratch nor in the output', (tools) => {
  let calls = 0;
  let seen = 0;
  const failing = {
    ...tools,
    hashes: {
      ...tools.hashes,
      hmacSha512(...of: Parameters<typeof tools.hashes.hmacSha512>) {
        if (++calls === 3) {
          seen = inUse();
          throw new Error('on purpose');
        }
        tools.hashes.hmacSha512(...of);
      },
    },
  };
  out32.fill(1);
  const seed = staged(random.bytes(32));
  const path = [HARDENED, HARDENED, HARDENED];
  assert.throws(
    () => wiping(DERIVE_SCRATCH, () => deriveSecret('ed25519', seed, path, out32, scratch, failing)),
    /on purpose/,
  );
  assert.ok(seen > 100, 'the node was in the scratch');
  assert.ok(isWiped(out32));
});

testBoth(test, 'an answer of zeros, as of a library that writes nothing, is not taken for a key', (tools) => {
  const silent = { ...tools, hashes: { ...tools.hashes, hmacSha512: () => {} } };
  for (const type of ['ed25519', 'x25519'] as const) {
    scratch.fill(0);
    assert.throws(
      () => deriveSecret(type, staged(random.bytes(32)), [HARDENED], out32, scratch, silent),
      (error: { code?: string }) => error.code === 'ERR_KEY_RANGE',
    );
  }
});

interface Node {
  readonly curve?: string;
  readonly seed: string;
  readonly path: string;
  readonly privateKey: string;
  readonly publicKey: string;
}
const ofStandard = loadVectors<{ readonly cases: readonly Node[] }>('slip10/slip10-vectors.json')?.cases;
const cross = loadVectors<{ readonly cases: readonly Node[] }>('slip10/ed25519-cross.json')?.cases;
if (ofStandard === undefined || cross === undefined) test.skip('the vectors of SLIP-0010', NO_VECTORS);
else {
  const edwards = [...ofStandard.filter((node) => node.curve === 'ed25519'), ...cross];
  const montgomery = ofStandard.filter((node) => node.curve === 'curve25519');
  testBoth(test, 'the vectors of SLIP-0010, with their public keys', (tools) => {
    assert.ok(edwards.length > 60 && montgomery.length > 5);
    for (const [type, nodes, publicKeyOf] of [
      ['ed25519', edwards, ed25519.getPublicKey],
      ['x25519', montgomery, x25519.getPublicKey],
    ] as const) {
      for (const { seed, path, privateKey, publicKey } of nodes) {
        const secret = derived(type, fromHex(seed), path, tools);
        equalBytes(secret, fromHex(privateKey), `${type} ${path}`);
        equalBytes(publicKeyOf(secret), fromHex(publicKey).subarray(-32));
      }
    }
  });
}

test.run();
