// BIP-32 and SLIP-0010: keys and extended public keys of published seeds, and what a step without a key does.
import { createHmac } from 'node:crypto';
import { secp256k1 as curve } from '@noble/curves/secp256k1.js';
import { HARDENED, type KeyPath, parsePath } from '../../dist/src/wire/path.js';
import { DERIVE_SCRATCH, deriveSecret, extendedPublicKey } from '../../dist/workers/derive/derive.js';
import type { DeriveTools } from '../../dist/workers/derive/tools.js';
import { SECP256K1_ORDER } from '../../dist/workers/providers/range.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import {
  derived,
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

const test = suite('BIP-32');
const random = seededRandom('derive/bip32');

const SEED_1 = '000102030405060708090a0b0c0d0e0f';
const SEED_3 =
  '4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be';
const SEED_4 = '3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678';

const extended = (seed: string, path: string, tools: DeriveTools): ReturnType<typeof extendedPublicKey> =>
  wiping(DERIVE_SCRATCH, () => extendedPublicKey(staged(fromHex(seed)), pathOf('secp256k1', path), scratch, tools));

testBoth(test, 'vectors 1, 3 and 4 of the standard, with leading zeros that must stay', (tools) => {
  const key = (seed: string, path: string): string => toHex(derived('secp256k1', fromHex(seed), path, tools));
  assert.is(key(SEED_1, 'm'), 'e8f32e723decf4051aefac8e2c93c9c5b214313817cdb01a1494b917c8436b35');
  assert.is(key(SEED_1, "m/0'/1"), '3c6cb8d0f6a264c91ea8b5030fadaa8e538b020f0a387421a12de9319dc93368');
  assert.is(
    extended(SEED_1, "m/0'/1/2'/2/1000000000", tools).xpub,
    'xpub6H1LXWLaKsWFhvm6RVpEL9P4KfRZSW7abD2ttkWP3SSQvnyA8FSVqNTEcYFgJS2UaFcxupHiYkro49S8yGasTvXEYBVPamhGW6cFJodrTHy',
  );
  assert.is(
    extended(SEED_3, "m/0'", tools).xpub,
    'xpub68NZiKmJWnxxS6aaHmn81bvJeTESw724CRDs6HbuccFQN9Ku14VQrADWgqbhhTHBaohPX4CjNLf9fq9MYo6oDaPPLPxSb7gwQN3ih19Zm4Y',
  );
  assert.is(
    extended(SEED_4, "m/0'/1'", tools).xpub,
    'xpub6BJA1jSqiukeaesWfxe6sNK9CCGaujFFSJLomWHprUL9DePQ4JDkM5d88n49sMGJxrhpjazuXYWdMf17C9T5XnxkopaeS7jGk1GyyVziaMt',
  );
});

testBoth(test, 'an extended public key tells where it stands', (tools) => {
  const master = extended(SEED_1, 'm', tools);
  assert.equal([master.depth, master.index, toHex(master.parentFingerprint)], [0, 0, '00000000']);
  const child = extended(SEED_1, "m/0'", tools);
  assert.equal([child.depth, child.index, toHex(child.parentFingerprint)], [1, HARDENED, '3442193e']);
  equalBytes(child.publicKey, curve.getPublicKey(derived('secp256k1', fromHex(SEED_1), "m/0'", tools), true));
  assert.is(toHex(child.chainCode), '47fdacbd0f1097043b78c63c20c34ef4ed9a111d980047ad16282c7ae6236141');
  for (const bytes of [child.publicKey, child.chainCode, child.parentFingerprint]) {
    assert.not.ok(bytes.buffer instanceof SharedArrayBuffer, 'public values are copies');
  }
});

/** A child's public key from its parent's extended one, as a watching wallet derives it. */
const publicChild = (publicKey: Uint8Array, chainCode: Uint8Array, index: number): Uint8Array => {
  const message = Buffer.alloc(37);
  message.set(publicKey);
  message.writeUInt32BE(index, 33);
  const tweak = createHmac('sha512', chainCode).update(message).digest().subarray(0, 32);
  const point = curve.Point.fromBytes(publicKey).add(curve.Point.BASE.multiply(BigInt(`0x${toHex(tweak)}`)));
  return point.toBytes(true);
};

testBoth(test, 'public derivation from an extended key meets the keys that are derived here', (tools) => {
  const seed = random.bytes(64);
  const account = extended(toHex(seed), "m/84'/0'/0'/0", tools);
  for (const index of [0, 1, 5000, HARDENED - 1]) {
    const secret = derived('secp256k1', seed, `m/84'/0'/0'/0/${index}`, tools);
    equalBytes(publicChild(account.publicKey, account.chainCode, index), curve.getPublicKey(secret, true));
  }
});

testNative(test, 'the native tools derive what noble does, at any depth and from seeds of any length', (tools) => {
  for (let i = 0; i < 40; i++) {
    const seed = random.bytes(16 + random.int(113));
    const steps = Array.from({ length: random.int(7) }, () => `/${random.int(HARDENED)}${random.pick(['', "'"])}`);
    const path = `m${steps.join('')}`;
    equalBytes(derived('secp256k1', seed, path, tools), derived('secp256k1', seed, path, noble), path);
    assert.equal(extended(toHex(seed), path, tools), extended(toHex(seed), path, noble));
  }
});

testBoth(test, 'the deepest path has 255 steps', (tools) => {
  const path = `m${"/1'".repeat(254)}/7`;
  const seed = random.bytes(32);
  const { depth, index, publicKey } = extended(toHex(seed), path, tools);
  assert.equal([depth, index], [255, 7]);
  equalBytes(publicKey, curve.getPublicKey(derived('secp256k1', seed, path, tools), true));
});

const order = BigInt(`0x${toHex(SECP256K1_ORDER)}`);
const toBytes = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'));

/** Tools whose n-th HMAC has another left half. */
const withLeftHalf = (tools: DeriveTools, n: number, left: Uint8Array): DeriveTools => {
  let calls = 0;
  return {
    ...tools,
    hashes: {
      ...tools.hashes,
      hmacSha512(key, parts, mac, room) {
        tools.hashes.hmacSha512(key, parts, mac, room);
        if (++calls === n) mac.set(left);
      },
    },
  };
};

const expectNoKey = (run: () => void, message: RegExp): void => {
  out32.fill(0x77);
  assert.throws(
    () => wiping(DERIVE_SCRATCH, run),
    (error: { code?: string; message: string }) => error.code === 'ERR_KEY_RANGE' && message.test(error.message),
  );
};

testBoth(test, 'a seed or a step without a key is ERR_KEY_RANGE, names the step and leaves nothing', (tools) => {
  const seed = random.bytes(32);
  const path = [1 + HARDENED, 2, 3];
  const run = (n: number, left: Uint8Array): (() => void) => {
    const faulty = withLeftHalf(tools, n, left);
    return () => deriveSecret('secp256k1', staged(seed), path, out32, scratch, faulty);
  };
  for (const left of [toBytes(0n), toBytes(order), toBytes(order + 1n), new Uint8Array(32).fill(0xff)]) {
    expectNoKey(run(1, left), /master key/);
    assert.ok(isWiped(out32));
  }
  for (const left of [toBytes(order), toBytes(order + 5n), new Uint8Array(32).fill(0xff)]) {
    expectNoKey(run(3, left), /^step 2 of the path gives no key/);
    assert.ok(isWiped(out32));
    const faulty = withLeftHalf(tools, 4, left);
    expectNoKey(() => extendedPublicKey(staged(seed), path, scratch, faulty), /^step 3 of the path/);
  }
  // A tweak that cancels its parent's secret.
  const parent = derived('secp256k1', seed, "m/1'", tools);
  const opposite = toBytes(order - BigInt(`0x${toHex(parent)}`));
  expectNoKey(run(3, opposite), /^step 2 of the path gives no key/);
  // The last tweak below the order, and zero, which BIP-32 does not exclude.
  const sum = (BigInt(`0x${toHex(parent)}`) + order - 1n) % order;
  for (const [left, expected] of [
    [toBytes(order - 1n), toBytes(sum)],
    [toBytes(0n), parent],
  ] as const) {
    const faulty = withLeftHalf(tools, 3, left);
    deriveSecret('secp256k1', staged(seed), path.slice(0, 2), out32, scratch, faulty);
    equalBytes(out32, expected);
  }
});

interface Node {
  readonly curve?: string;
  readonly seed: string;
  readonly path: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly chainCode: string;
  readonly parentFingerprint?: string;
  readonly depth?: number;
  readonly index?: number;
  readonly xpub?: string;
}

const checkNode = (node: Node, tools: DeriveTools): void => {
  equalBytes(derived('secp256k1', fromHex(node.seed), node.path, tools), fromHex(node.privateKey), node.path);
  const key = extended(node.seed, node.path, tools);
  assert.is(toHex(key.publicKey), node.publicKey);
  assert.is(toHex(key.chainCode), node.chainCode);
  if (node.xpub !== undefined) assert.is(key.xpub, node.xpub);
  if (node.depth !== undefined) assert.equal([key.depth, key.index], [node.depth, node.index]);
  if (node.parentFingerprint !== undefined) assert.is(toHex(key.parentFingerprint), node.parentFingerprint);
};

const files = ['bip32/bip32-vectors.json', 'bip32/derive-paths.json', 'slip10/slip10-vectors.json'];
for (const file of files) {
  const name = `every secp256k1 node of ${file}`;
  const nodes = loadVectors<{ readonly cases: readonly Node[] }>(file)?.cases.filter(
    (node) => node.curve === undefined || node.curve === 'secp256k1',
  );
  if (nodes === undefined) {
    test.skip(name, NO_VECTORS);
    continue;
  }
  testBoth(test, name, (tools) => {
    assert.ok(nodes.length > 8);
    // noble takes long: it does a part of the longest file where the native tools do all.
    const some = tools === noble && native !== undefined ? nodes.slice(0, 40) : nodes;
    for (const node of some) checkNode(node, tools);
  });
}

test('paths of another type are a mistake of the caller', () => {
  const notHardened: KeyPath = [0];
  for (const type of ['ed25519', 'x25519', 'seed'] as const) {
    assert.throws(() => deriveSecret(type, staged(random.bytes(32)), notHardened, out32, scratch, noble), RangeError);
  }
  assert.type(parsePath('ed25519', 'm/0'), 'string');
});

test.run();
