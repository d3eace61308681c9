// The life of a vault: what it says of itself, how it ends, and what it refuses afterwards.
import { openVault, VaultError } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isRight, ONE_OF_EACH } from './oracle.js';

const random = seededRandom('operations/life');
const test = suite('the life of a vault');
const SETTINGS = { threads: 1, keys: ONE_OF_EACH } as const;
const threads = (): number => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;

test('a vault tells what it runs on', async () => {
  const vault = await openVault({ ...SETTINGS, threads: 3, memory: { maxKeys: 100 } });
  const { threads, providers, residue, memory, ...rest } = vault.info();
  assert.equal(rest, { locked: false });
  assert.is(threads, 3);
  assert.equal(Object.keys(providers).sort(), ['aead', 'bls12-381', 'ed25519', 'hmac', 'secp256k1', 'seed', 'x25519']);
  assert.equal(Object.keys(residue), Object.keys(providers));
  assert.equal([memory.keysUsed, memory.keysMax], [7, 100]);
  assert.ok(memory.bytes >= 100 * 192 && memory.bytes % 65_536 === 0);
  (vault.info().memory as { keysUsed: number }).keysUsed = 99;
  await vault.release('x25519');
  assert.is(vault.info().memory.keysUsed, 6);
  await vault.close();
});

test('a closed vault refuses every call, and close() may be called again', async () => {
  const vault = await openVault(SETTINGS);
  const signature = await vault.sign('ed25519', new Uint8Array(32));
  const closing = vault.close();
  const message = new Uint8Array(32);
  const calls: (() => Promise<unknown>)[] = [
    () => vault.register('new', { type: 'ed25519', from: 'generate' }),
    () => vault.publicKey('ed25519'),
    () => vault.sign('ed25519', message),
    () => vault.signMany('ed25519', [message]),
    () => vault.signTogether(['bls12-381'], message),
    () => vault.verify('ed25519', message, signature),
    () => vault.release('ed25519'),
    () => vault.sign('nobody', message),
  ];
  for (const call of calls) await rejects(call(), 'ERR_VAULT_CLOSED');
  await Promise.all([closing, vault.close(), vault.close()]);
  for (const call of calls) await rejects(call(), 'ERR_VAULT_CLOSED');
  assert.equal(await vault.closed, { reason: 'closed' });
  assert.equal(vault.keys(), []);
  assert.is(vault.info().memory.keysUsed, 0);
});

test('work that was accepted before close() is answered', async () => {
  const vault = await openVault(SETTINGS);
  const publicKey = await vault.publicKey('ed25519');
  const messages = Array.from({ length: 1000 }, () => random.bytes(12));
  const signing = messages.map((message) => vault.sign('ed25519', message));
  const releasing = vault.release('secp256k1');
  await vault.close();
  await releasing;
  const signatures = await Promise.all(signing);
  signatures.forEach((signature, i) => {
    if (!isRight(publicKey, 'ed25519', undefined, messages[i]!, signature)) throw new Error(`the signature ${i}`);
  });
});

test('`closed` settles when the vault ends, and not before', async () => {
  const vault = await openVault(SETTINGS);
  const pending = Symbol('pending');
  assert.is(await Promise.race([vault.closed, Promise.resolve(pending)]), pending);
  await vault.sign('ed25519', new Uint8Array(1));
  assert.is(await Promise.race([vault.closed, Promise.resolve(pending)]), pending);
  await vault.close();
  assert.equal(await Promise.race([vault.closed, Promise.resolve(pending)]), { reason: 'closed' });
});

test('`await using` closes the vault, also when its block throws', async () => {
  const ends: unknown[] = [];
  await rejects(
    (async () => {
      await using vault = await openVault(SETTINGS);
      void vault.closed.then((end) => ends.push(end));
      await vault.sign('ed25519', new Uint8Array(1));
      throw new VaultError('ERR_INTERNAL', 'from the block');
    })(),
    'ERR_INTERNAL',
    /from the block/,
  );
  assert.equal(ends, [{ reason: 'closed' }]);
});

test('two vaults in one process have nothing in common', async () => {
  const [a, b] = await Promise.all([openVault(SETTINGS), openVault(SETTINGS)]);
  const message = random.bytes(32);
  const signature = await a.sign('ed25519', message);
  assert.is(await b.verify('ed25519', message, signature), false);
  await a.close();
  assert.is((await b.sign('ed25519', message)).length, 64);
  assert.is(b.info().memory.keysUsed, 7);
  await b.close();
});

test('nothing is left of closed vaults: no port, no listener', async () => {
  const before = [threads(), process.listenerCount('exit')];
  for (let i = 0; i < 2; i++) {
    await using vault = await openVault(SETTINGS);
    await vault.sign('ed25519', new Uint8Array(1));
  }
  assert.equal([threads(), process.listenerCount('exit')], before);
});

test.run();
