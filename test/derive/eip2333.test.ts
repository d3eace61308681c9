// EIP-2333 and EIP-2334: published seeds, native against noble, and a reduction that gives zero.
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { checkPathFor, formatPath } from '../../dist/src/wire/path.js';
import { DERIVE_SCRATCH, deriveSecret } from '../../dist/workers/derive/derive.js';
import { BLS12_381_ORDER } from '../../dist/workers/providers/range.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import {
  derived,
  inUse,
  isWiped,
  native,
  noble,
  out32,
  pathOf,
  scratch,
  staged,
  testBoth,
  testNative,
  wiping,
} from './rig.js';

const test = suite('EIP-2333');
const random = seededRandom('derive/eip2333');
const SEED_0 = fromHex(
  'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04',
);
const SEED_1 = fromHex('3141592653589793238462643383279502884197169399375105820974944592');

testBoth(test, 'cases 0 and 1 of the standard', (tools) => {
  const key = (seed: Uint8Array, path: string): string => toHex(derived('bls12-381', seed, path, tools));
  assert.is(key(SEED_0, 'm'), '0d7359d57963ab8fbbde1852dcf553fedbc31f464d80ee7d40ae683122b45070');
  assert.is(key(SEED_0, 'm/0'), '2d18bd6c14e6d15bf8b5085c9b74f3daae3b03cc2014770a599d8c1539e50f8e');
  assert.is(key(SEED_1, 'm'), '41c9e07822b092a93fd6797396338c3ada4170cc81829fdfce6b5d34bd5e7ec7');
  assert.is(key(SEED_1, 'm/3141592653'), '384843fad5f3d777ea39de3e47a8f999ae91f89e42bffa993d91d9782d152a0f');
});

testNative(test, 'the native hashes derive what noble does', (tools) => {
  for (let i = 0; i < 6; i++) {
    const seed = random.bytes(32 + random.int(97));
    const path = formatPath(
      'bls12-381',
      Array.from({ length: random.int(4) }, () => random.int(2 ** 32)),
    );
    equalBytes(derived('bls12-381', seed, path, tools), derived('bls12-381', seed, path, noble), path);
  }
});

testBoth(test, 'a seed of less than 32 bytes is refused, as the standard says', (tools) => {
  for (const length of [0, 15, 16, 31]) {
    assert.throws(
      () => deriveSecret('bls12-381', staged(random.bytes(length)), [], out32, scratch, tools),
      (error: { code?: string; message: string }) =>
        error.code === 'ERR_KEY_LENGTH' && error.message.includes(`at least 32 bytes (EIP-2333), got ${length}`),
    );
  }
  // The other types have seeds of 128 bits and more.
  for (const type of ['ed25519', 'secp256k1', 'x25519'] as const) {
    deriveSecret(type, staged(random.bytes(16)), [], out32, scratch, tools);
    assert.throws(
      () => deriveSecret(type, staged(random.bytes(15)), [], out32, scratch, tools),
      (error: { code?: string }) => error.code === 'ERR_KEY_LENGTH',
    );
  }
});

testBoth(test, 'a key of zero is drawn again with the next salt', (tools) => {
  let calls = 0;
  const salts: string[] = [];
  const faulty = {
    ...tools,
    hashes: {
      ...tools.hashes,
      hmacSha256(...of: Parameters<typeof tools.hashes.hmacSha256>) {
        salts.push(toHex(of[0]));
        tools.hashes.hmacSha256(...of);
      },
      expandSha256(...of: Parameters<typeof tools.hashes.expandSha256>) {
        tools.hashes.expandSha256(...of);
        if (++calls === 1) {
          of[2].fill(0);
          of[2].set(BLS12_381_ORDER, 16); // 0 modulo the order
        }
      },
    },
  };
  wiping(DERIVE_SCRATCH, () => deriveSecret('bls12-381', staged(SEED_0), [], out32, scratch, faulty));
  assert.is(calls, 2);
  // SHA-256 of "BLS-SIG-KEYGEN-SALT-", and SHA-256 of that.
  assert.equal(salts, [
    'aff1b703647fe4bd433a893a3d2ba51abe26ef794a8356fea62e8e7c7c877546',
    '0526f2e834142b532748aa57822e9b6f30a417363c625c4f67c079538b6c57f9',
  ]);
  assert.not.equal(toHex(out32), toHex(derived('bls12-381', SEED_0, 'm', tools)));
});

testBoth(test, 'a library that fails on the way leaves nothing', (tools) => {
  let seen = 0;
  let calls = 0;
  const failing = {
    ...tools,
    hashes: {
      ...tools.hashes,
      sha256: {
        ...tools.hashes.sha256,
        hash(message: Uint8Array, digest: Uint8Array) {
          if (++calls === 300) {
            seen = inUse();
            throw new Error('on purpose');
          }
          tools.hashes.sha256.hash(message, digest);
        },
      },
    },
  };
  out32.fill(1);
  const run = (): void => deriveSecret('bls12-381', staged(SEED_0), [1], out32, scratch, failing);
  assert.throws(() => wiping(DERIVE_SCRATCH, run), /on purpose/);
  assert.ok(seen > 300, 'the Lamport key was in the scratch');
  assert.ok(isWiped(out32));
});

interface StandardCase {
  readonly seed: string;
  readonly masterSk: string;
  readonly childIndex: number;
  readonly childSk: string;
}
const standard = loadVectors<{ readonly cases: readonly StandardCase[] }>('eip2333/eip2333-vectors.json')?.cases;
interface CrossCase {
  readonly seed: string;
  readonly masterSk: string;
  readonly path: string;
  readonly secretKey: string;
  readonly publicKey: string;
}
const cross = loadVectors<{ readonly cases: readonly CrossCase[] }>('eip2333/eip2334-paths-cross.json')?.cases;
interface Invalid {
  readonly name: string;
  readonly seed?: string;
  readonly childIndex?: number;
  readonly path?: string;
}
const invalid = loadVectors<{ readonly cases: readonly Invalid[] }>('eip2333/invalid.json')?.cases;
if (standard === undefined || cross === undefined || invalid === undefined) test.skip('the vectors', NO_VECTORS);
else {
  testBoth(test, 'the vectors of the standard', (tools) => {
    assert.ok(standard.length >= 4);
    for (const { seed, masterSk, childIndex, childSk } of standard) {
      equalBytes(derived('bls12-381', fromHex(seed), 'm', tools), fromHex(masterSk));
      equalBytes(derived('bls12-381', fromHex(seed), `m/${childIndex}`, tools), fromHex(childSk));
    }
  });
  testBoth(test, 'paths of EIP-2334, with public keys', (tools) => {
    assert.ok(cross.length >= 50);
    const some = tools === noble && native !== undefined ? cross.slice(0, 5) : cross;
    for (const [i, { seed, masterSk, path, secretKey, publicKey }] of some.entries()) {
      equalBytes(derived('bls12-381', fromHex(seed), 'm', tools), fromHex(masterSk));
      equalBytes(derived('bls12-381', fromHex(seed), path, tools), fromHex(secretKey), path);
      if (i < 3) equalBytes(bls12_381.longSignatures.getPublicKey(out32).toBytes(), fromHex(publicKey));
    }
  });
  testBoth(test, 'what must be refused is', (tools) => {
    assert.is(invalid.length, 7);
    for (const { name, seed, childIndex, path } of invalid) {
      if (path !== undefined) assert.throws(() => pathOf('bls12-381', path), /EIP-2334/, name);
      else if (seed === undefined) assert.type(checkPathFor('bls12-381', [childIndex!]), 'string', name);
      else
        assert.throws(
          () => deriveSecret('bls12-381', staged(fromHex(seed)), [], out32, scratch, tools),
          /EIP-2333/,
          name,
        );
    }
  });
}

interface WorkedExample {
  readonly seed: string;
  readonly lamport_0: readonly string[];
  readonly lamport_1: readonly string[];
  readonly compressed_lamport_PK: string;
}
const worked = loadVectors<WorkedExample>('eip2333/eip2333-intermediate.json');
if (worked === undefined) test.skip('the worked example', NO_VECTORS);
else {
  testBoth(test, 'each Lamport secret of the worked example, and the compressed key', (tools) => {
    const lamport: string[] = [];
    const materials: string[] = [];
    const watching = {
      ...tools,
      hashes: {
        ...tools.hashes,
        hmacSha256(...of: Parameters<typeof tools.hashes.hmacSha256>) {
          materials.push(toHex(of[1][0]!));
          tools.hashes.hmacSha256(...of);
        },
        expandBlocksSha256(...[prk, count, room, onBlock]: Parameters<typeof tools.hashes.expandBlocksSha256>) {
          tools.hashes.expandBlocksSha256(prk, count, room, (block, i) => {
            lamport.push(toHex(block));
            onBlock(block, i);
          });
        },
      },
    };
    deriveSecret('bls12-381', staged(fromHex(worked.seed)), [0], out32, scratch, watching);
    assert.equal(lamport, [...worked.lamport_0, ...worked.lamport_1]);
    assert.is(materials.at(-1), worked.compressed_lamport_PK);
  });
}

test.run();
