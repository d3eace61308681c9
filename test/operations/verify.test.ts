// verify(): true for what the key signed, false for everything else, whatever its shape.
import { ed25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { openVault, type SignOptions, type Vault } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { nameOf, ONE_OF_EACH, WAYS } from './oracle.js';

const N = secp256k1.Point.Fn.ORDER;
const random = seededRandom('operations/verify');
const test = suite('verify');
let vault: Vault;

test.before(async () => {
  const others = {
    'other/ed25519': 'ed25519',
    'other/secp256k1': 'secp256k1',
    'other/bls12-381': 'bls12-381',
  } as const;
  const keys = Object.fromEntries(
    Object.entries(others).map(([id, type]) => [id, { type, from: 'generate' } as const]),
  );
  vault = await openVault({ threads: 1, keys: { ...ONE_OF_EACH, ...keys } });
});
test.after(() => vault.close());

for (const way of WAYS) {
  const { type, options } = way;
  test(`${nameOf(way)}: the signature verifies, and nothing near it does`, async () => {
    const message = random.bytes(32);
    const signature = await vault.sign(type, message, options);
    const verify = (s: Uint8Array, m: Uint8Array = message, id: string = type): Promise<boolean> =>
      vault.verify(id, m, s, options);
    assert.is(await verify(signature), true);
    const changed = (bytes: Uint8Array, at: number): Uint8Array => {
      const copy = bytes.slice();
      copy[at]! ^= 1 << random.int(8);
      return copy;
    };
    for (const at of [0, 31, 32, signature.length - 1]) assert.is(await verify(changed(signature, at)), false);
    assert.is(await verify(signature, changed(message, 5)), false, 'another message');
    assert.is(await verify(signature, message, `other/${type}`), false, 'another key');
    const { length } = signature;
    for (const wrong of [0, 1, length - 1, length + 1, 1024]) {
      const stretched = new Uint8Array(wrong);
      stretched.set(signature.subarray(0, wrong));
      assert.is(await verify(stretched), false, `${wrong} bytes`);
    }
    for (const fill of [0, 0xff]) assert.is(await verify(new Uint8Array(length).fill(fill)), false, `all ${fill}`);
  });
}

test('a high-s ECDSA signature is not valid', async () => {
  const digest = random.bytes(32);
  for (const options of [{}, { scheme: 'ecdsa-recoverable' }] as SignOptions[]) {
    const signature = await vault.sign('secp256k1', digest, options);
    const s = BigInt(`0x${Buffer.from(signature.subarray(32, 64)).toString('hex')}`);
    const high = signature.slice();
    high.set(Buffer.from((N - s).toString(16).padStart(64, '0'), 'hex'), 32);
    if (high.length === 65) high[64]! ^= 1; // the recovery id that goes with it
    const publicKey = await vault.publicKey('secp256k1');
    const lax = { prehash: false, lowS: false };
    assert.ok(secp256k1.verify(high.slice(0, 64), digest, publicKey, lax), 'positive control: valid but for the rule');
    assert.is(await vault.verify('secp256k1', digest, high, options), false);
  }
});

test('a recovery id that leads to another key is not valid', async () => {
  const digest = random.bytes(32);
  const options = { scheme: 'ecdsa-recoverable' } as const;
  const signature = await vault.sign('secp256k1', digest, options);
  for (let id = 0; id < 256; id++) {
    const other = signature.slice();
    other[64] = id;
    assert.is(await vault.verify('secp256k1', digest, other, options), id === signature[64], `recovery id ${id}`);
  }
});

test('an ed25519 signature with S + L is not valid', async () => {
  const message = random.bytes(20);
  const signature = await vault.sign('ed25519', message);
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`);
  const malleated = signature.slice();
  const hex = (s + ed25519.Point.Fn.ORDER).toString(16).padStart(64, '0');
  malleated.set(Buffer.from(hex, 'hex').reverse(), 32);
  assert.is(await vault.verify('ed25519', message, malleated), false);
});

test("signatures of other implementations verify, and a vault's key verifies only its own", async () => {
  const seed = random.bytes(32);
  const message = random.bytes(99);
  const signature = ed25519.sign(message, seed);
  await vault.register('known', { type: 'ed25519', from: { bytes: seed } });
  assert.is(await vault.verify('known', message, signature), true);
  assert.is(await vault.verify('ed25519', message, signature), false);
});

test('a signature of one scheme or hash is none of another', async () => {
  const digest = random.bytes(32);
  const signature = await vault.sign('secp256k1', digest);
  for (const options of [{ scheme: 'schnorr' }, { scheme: 'ecdsa-recoverable' }, { hash: 'sha256' }] as SignOptions[]) {
    assert.is(await vault.verify('secp256k1', digest, signature, options), false);
  }
});

test('what cannot be a question is a mistake', async () => {
  const digest = new Uint8Array(32);
  const signature = new Uint8Array(64);
  await rejects(
    vault.verify('ed25519', digest, 'x' as never),
    TypeError,
    /"signature" expected a Uint8Array, got string/,
  );
  await rejects(vault.verify('ed25519', digest, new Uint8Array(1025)), RangeError, /at most 1024 bytes, got 1025/);
  await rejects(
    vault.verify('ed25519', [1] as never, signature),
    TypeError,
    /"message" expected a Uint8Array, got Array/,
  );
  await rejects(vault.verify('secp256k1', new Uint8Array(33), signature), RangeError, /expected 32 bytes, got 33/);
  await rejects(vault.verify('ed25519', digest, signature, { hash: 'sha256' }), TypeError, /goes with secp256k1/);
  await rejects(vault.verify('ed25519', digest, signature, { scheme: 'ecdsa' }), 'ERR_SCHEME_UNSUPPORTED');
  await rejects(vault.verify('nobody', digest, signature), 'ERR_KEY_NOT_FOUND');
});

test.run();
