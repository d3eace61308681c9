// The vault thread dies: every call that waits is told, the vault says how it ended, and another one can be opened.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { openVault, type Vault, VaultError } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { createCommander, HURTABLE, type Order } from './fixtures/orders.js';

const KEYS = {
  ed: { type: 'ed25519', from: 'generate' },
  ec: { type: 'secp256k1', from: 'generate' },
  bls: { type: 'bls12-381', from: 'generate' },
} as const;
const MESSAGE = new Uint8Array(32).fill(7);
const test = suite('the vault thread dies');

interface Victim {
  readonly vault: Vault;
  readonly thread: Worker;
  order(order: Order): void;
}

const openVictim = async (): Promise<Victim> => {
  const created = once(process, 'worker') as Promise<[Worker]>;
  const vault = await openVault({ threads: 2, keys: KEYS }, { workers: HURTABLE });
  const [thread] = await created;
  const commander = createCommander();
  void vault.closed.then(() => commander.close());
  // The dead do not answer.
  return { vault, thread, order: (order) => void commander.order(order) };
};

const load = (vault: Vault): Promise<unknown>[] => [
  ...Array.from({ length: 4096 }, () => vault.sign('ed', MESSAGE)),
  ...Array.from({ length: 2048 }, () => vault.sign('ec', MESSAGE)),
  ...Array.from({ length: 256 }, () => vault.sign('bls', MESSAGE)),
  vault.signMany('ed', Array(4096).fill(MESSAGE)),
  vault.signTogether(['bls'], MESSAGE),
  vault.publicKey('ec'),
  vault.register('late', { type: 'bls12-381', from: 'generate' }),
  vault.release('bls'),
];

const DEATHS: Readonly<Record<string, (victim: Victim) => void>> = {
  'by an error that nobody caught': ({ order }) => order({ do: 'throw' }),
  'by process.exit(0)': ({ order }) => order({ do: 'exit', code: 0 }),
  'by process.exit(3)': ({ order }) => order({ do: 'exit', code: 3 }),
  'because its thread was terminated': ({ thread }) => void thread.terminate(),
};

for (const [name, die] of Object.entries(DEATHS)) {
  test(`${name}: calls in flight and later ones reject with ERR_VAULT_CRASHED, and a new vault opens`, async () => {
    const victim = await openVictim();
    const { vault } = victim;
    const calls = load(vault);
    await sleep(4);
    die(victim);
    const results = await Promise.allSettled(calls);
    const crashed = results.filter((result) => result.status === 'rejected');
    assert.ok(crashed.length > 0, 'positive control: calls were in flight');
    for (const { reason } of crashed as PromiseRejectedResult[]) {
      assert.ok(reason instanceof VaultError);
      assert.is(reason.code, 'ERR_VAULT_CRASHED');
      assert.not.match(reason.message, 'secret');
    }
    const { reason, error } = await vault.closed;
    assert.is(reason, 'crashed');
    assert.is(error?.code, 'ERR_VAULT_CRASHED');
    assert.not.match(String(error?.message), 'secret');

    await rejects(vault.sign('ed', MESSAGE), 'ERR_VAULT_CRASHED');
    await rejects(vault.signMany('ed', [MESSAGE, MESSAGE]), 'ERR_VAULT_CRASHED');
    await rejects(vault.publicKey('ed'), 'ERR_VAULT_CRASHED');
    await rejects(vault.register('later', { type: 'ed25519', from: 'generate' }), 'ERR_VAULT_CRASHED');
    await vault.close();

    const next = await openVault({ threads: 2, keys: KEYS });
    const signature = await next.sign('ed', MESSAGE);
    assert.ok(await next.verify('ed', MESSAGE, signature));
    await next.close();
  });
}

test('a canary that was overwritten ends the vault: nothing more is signed, and it says why', async () => {
  const commander = createCommander();
  const vault = await openVault({ threads: 2, keys: KEYS }, { workers: HURTABLE });
  await commander.order({ do: 'spoil a canary' });
  const calls = load(vault);
  await rejects(vault.release('ed'), 'ERR_MEMORY_CORRUPTED');
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'fulfilled') continue;
    assert.ok(result.reason instanceof VaultError);
  }
  const { reason, error } = await vault.closed;
  assert.is(reason, 'crashed');
  assert.is(error?.code, 'ERR_MEMORY_CORRUPTED');
  await rejects(vault.sign('ec', MESSAGE), 'ERR_MEMORY_CORRUPTED');
  commander.close();
});

test('a folder without worker files is a vault that does not open', async () => {
  await rejects(openVault({ keys: KEYS }, { workers: new URL('./nothing-here/', HURTABLE) }), 'ERR_VAULT_CRASHED');
});

test.run();
