// What code in main can do by accident, or by reaching a prototype: none of it may swap answers, lose a promise, sign
// other bytes than given, or choose what code or key the vault takes.
import { openVault, type Vault } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('a careless main thread');
const random = seededRandom('careless main');
const message = random.bytes(40);
let vault: Vault;

test.before(async () => {
  vault = await openVault({
    keys: {
      a: { type: 'ed25519', from: 'generate' },
      b: { type: 'ed25519', from: 'generate' },
      bls: { type: 'bls12-381', from: 'generate' },
      hot: { type: 'secp256k1', from: 'generate' },
    },
    threads: 2,
  });
});
test.after(() => vault.close());

/** With fields on Object.prototype, while `run` runs. */
const polluted = async <T>(fields: Record<string, unknown>, run: () => Promise<T>): Promise<T> => {
  Object.assign(Object.prototype, fields);
  try {
    return await run();
  } finally {
    for (const name of Object.keys(fields)) delete (Object.prototype as unknown as Record<string, unknown>)[name];
  }
};

test('a Math.random that repeats swaps no answers', async () => {
  const good = await vault.sign('a', message);
  const genuine = Math.random;
  Math.random = () => 0.5;
  try {
    const large = random.bytes(1024 * 1024);
    const [valid, forged, a, b, byA, byB] = await Promise.all([
      vault.verify('a', message, good),
      vault.verify('a', message, new Uint8Array(64)),
      vault.publicKey('a'),
      vault.publicKey('b'),
      vault.sign('a', large),
      vault.sign('b', large),
    ]);
    assert.is(valid, true);
    assert.is(forged, false);
    equalBytes(a, vault.keys().find(({ id }) => id === 'a')!.publicKey, 'public key of a');
    equalBytes(b, vault.keys().find(({ id }) => id === 'b')!.publicKey, 'public key of b');
    assert.ok(await vault.verify('a', large, byA));
    assert.ok(await vault.verify('b', large, byB));
  } finally {
    Math.random = genuine;
  }
});

test('a prototype does not choose the code of the vault thread', async () => {
  await polluted({ workers: new URL('file:///nonexistent/') }, async () => {
    const other = await openVault({ threads: 1 });
    await other.close();
  });
  await rejects(openVault({}, null as never), TypeError, /options/);
  await rejects(openVault({}, { workers: 'x' as never }), TypeError, /workers/);
});

test('a prototype is no environment', async () => {
  const from = { env: 'STRONGROOM_TEST_INHERITED' };
  await polluted({ STRONGROOM_TEST_INHERITED: '11'.repeat(32), STRONGROOM_THREADS: '7' }, async () => {
    await rejects(vault.register('inherited', { type: 'ed25519', from }), 'ERR_SOURCE_NOT_FOUND');
    const other = await openVault({ threads: 1 });
    assert.is(other.info().threads, 1);
    await other.close();
  });
  await rejects(vault.register('named', { type: 'ed25519', from: { env: 'toString' } }), 'ERR_SOURCE_NOT_FOUND');
});

test('options, answers and messages are taken by their own fields', async () => {
  const digest = random.bytes(32);
  const signature = await vault.sign('hot', digest);
  await polluted({ hash: 'sha256', ready: true, fatal: { code: 'ERR_INTERNAL', message: '' } }, async () => {
    assert.ok(await vault.verify('hot', digest, signature));
    equalBytes(await vault.sign('hot', digest, {}), signature, 'signature with inherited options');
  });
});

test('a message is as long as it is, whatever it says', async () => {
  for (const says of [5, 64, -100, 2 ** 40]) {
    const lying = random.bytes(10);
    Object.defineProperty(lying, 'length', { value: says });
    const [signature, innocent] = await Promise.all([vault.sign('a', lying), vault.sign('b', message)]);
    assert.ok(await vault.verify('a', lying.subarray(0), signature));
    assert.ok(await vault.verify('b', message, innocent));
  }
  const empty = new Uint8Array(0);
  Object.defineProperty(empty, 'length', { value: 32 });
  await rejects(vault.sign('hot', message, { scheme: 'schnorr', auxRand: empty }), RangeError, /got 0/);
});

test('signMany and signTogether read their lists once', async () => {
  class Odd extends Array<Uint8Array> {
    override forEach(): void {}
  }
  const odd = Odd.from([message, message]) as Odd;
  assert.is((await vault.signMany('a', odd)).length, 2);
  let reads = 0;
  const shrinking = [message, message, message];
  Object.defineProperty(shrinking, 0, {
    get() {
      if (reads++ > 0) shrinking.length = 1;
      return message;
    },
  });
  assert.is((await vault.signMany('a', shrinking)).length, 3);
  await rejects(vault.signMany('a', new Array(2)), TypeError);
  let named = 0;
  const ids = ['bls'];
  Object.defineProperty(ids, 0, { get: () => (named++ === 0 ? 'bls' : Symbol('x')) });
  assert.is((await vault.signTogether(ids, message)).length, 96);
});

test('what info tells is a copy', () => {
  (vault.info().providers as Record<string, string>).secp256k1 = 'something else';
  assert.is.not(vault.info().providers.secp256k1 as string, 'something else');
});

test.run();
