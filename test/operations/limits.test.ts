// What is bounded: keys in the arena, operations and bytes that wait. A limit is a clear error, and life goes on.
import { openVault, type Vault } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isRight, ONE_OF_EACH } from './oracle.js';

const MIB = 1024 * 1024;
const GENERATE = { type: 'ed25519', from: 'generate' } as const;
const random = seededRandom('operations/limits');
const test = suite('limits');

const withVault = async (
  settings: Parameters<typeof openVault>[0],
  use: (vault: Vault) => Promise<void>,
): Promise<void> => {
  const vault = await openVault({ threads: 1, ...(settings as object) });
  try {
    await use(vault);
  } finally {
    await vault.close();
  }
};

test('one key more than memory.maxKeys is refused, and slots are used again after releases', () =>
  withVault({ memory: { maxKeys: 3 } }, async (vault) => {
    const { bytes } = vault.info().memory;
    for (let round = 0; round < 3; round++) {
      for (const id of ['a', 'b', 'c']) await vault.register(id, { type: 'bls12-381', from: 'generate' });
      assert.equal(vault.info().memory, { ...vault.info().memory, bytes, keysUsed: 3, keysMax: 3 });
      await rejects(vault.register('d', GENERATE), 'ERR_ARENA_FULL', /holds 3 keys, as many as memory\.maxKeys allows/);
      await vault.release('b');
      assert.is(vault.info().memory.keysUsed, 2);
      const { publicKey } = await vault.register('d', GENERATE);
      const message = random.bytes(4);
      assert.ok(isRight(publicKey, 'ed25519', undefined, message, await vault.sign('d', message)));
      for (const id of ['a', 'c', 'd']) await vault.release(id);
    }
  }));

test('a start with more keys than memory.maxKeys fails, and names the keys that found no place', async () => {
  const keys = Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [id, GENERATE]));
  const error = await rejects(openVault({ threads: 1, memory: { maxKeys: 2 }, keys }), 'ERR_VAULT_STARTUP');
  assert.equal(
    error.failures!.map(({ id, code }) => [id, code]),
    [
      ['c', 'ERR_ARENA_FULL'],
      ['d', 'ERR_ARENA_FULL'],
    ],
  );
});

test('the largest arena that settings allow is opened, or refused for its size', async () => {
  try {
    await withVault({ memory: { maxKeys: 1_000_000, lock: 'off' } }, async (vault) => {
      assert.ok(vault.info().memory.bytes >= 192_000_000);
      await vault.register('a', GENERATE);
      assert.is((await vault.sign('a', new Uint8Array(1))).length, 64);
    });
  } catch (error) {
    assert.is((error as { code?: string }).code, 'ERR_MEMORY');
  }
  await rejects(
    openVault({ memory: { maxKeys: 1_000_001 } }),
    'ERR_SETTINGS',
    /memory\.maxKeys: expected .* got a larger/,
  );
});

test('more calls than maxPending are refused, also by one call of many, and later calls are signed', () =>
  withVault({ maxPending: 4, keys: ONE_OF_EACH }, async (vault) => {
    const message = random.bytes(32);
    for (let round = 0; round < 3; round++) {
      const accepted = Array.from({ length: 4 }, () => vault.sign('ed25519', message));
      await rejects(vault.sign('secp256k1', message), 'ERR_VAULT_BUSY', /4 operations are waiting; maxPending is 4/);
      await rejects(vault.signMany('ed25519', [message]), 'ERR_VAULT_BUSY');
      assert.is(await vault.verify('ed25519', message, (await Promise.all(accepted))[3]!), true);
      await rejects(
        vault.signMany('ed25519', new Array(5).fill(message)),
        'ERR_VAULT_BUSY',
        /0 operations are waiting/,
      );
      assert.is((await vault.signMany('ed25519', new Array(4).fill(message))).length, 4);
    }
    // What was refused as a mistake does not count.
    for (let i = 0; i < 9; i++) await rejects(vault.sign('secp256k1', new Uint8Array(1)), RangeError);
    assert.is((await vault.sign('secp256k1', message)).length, 64);
  }));

test('more message bytes than maxPendingBytes are refused, and later calls are signed', () =>
  withVault({ maxPendingBytes: MIB, keys: ONE_OF_EACH }, async (vault) => {
    const large = new Uint8Array(0.6 * MIB);
    for (let round = 0; round < 3; round++) {
      const first = vault.sign('ed25519', large);
      await rejects(
        vault.sign('ed25519', large),
        'ERR_VAULT_BUSY',
        /message bytes are waiting .* maxPendingBytes is 1048576/,
      );
      const small = vault.sign('ed25519', new Uint8Array(8));
      assert.equal(
        (await Promise.all([first, small])).map(({ length }) => length),
        [64, 64],
      );
    }
    await rejects(vault.signMany('ed25519', [large, large]), 'ERR_VAULT_BUSY');
    await rejects(vault.sign('ed25519', new Uint8Array(MIB + 1)), 'ERR_VAULT_BUSY');
    assert.is((await vault.sign('ed25519', new Uint8Array(MIB))).length, 64);
  }));

test('as many calls as maxPending are accepted in one turn by default', () =>
  withVault({ keys: ONE_OF_EACH }, async (vault) => {
    const message = random.bytes(32);
    const calls = Array.from({ length: 65_536 }, () => vault.sign('ed25519', message));
    await rejects(vault.sign('ed25519', message), 'ERR_VAULT_BUSY');
    const signatures = await Promise.all(calls);
    assert.ok(signatures.every((signature) => Buffer.compare(signature, signatures[0]!) === 0));
    assert.ok(isRight(await vault.publicKey('ed25519'), 'ed25519', undefined, message, signatures[0]!));
  }));

test.run();
