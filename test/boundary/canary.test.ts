// A write beyond a secret's place is found when its slot is wiped, at the latest at close: everything is wiped, every
// call settles, and the vault ends and says why.
import { BroadcastChannel } from 'node:worker_threads';
import { openVault, type Vault, VaultError } from 'strongroom';
import { SLOT_CANARY_BYTES, SLOT_SECRET_OFFSET, SLOT_TAIL_CANARY_OFFSET } from '../../dist/workers/arena/layout.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { CHANNEL, SPOILED, type SpoilOrder, type SpoilReport } from './fixtures/spoil.js';

const test = suite('canaries');

const MESSAGE = new Uint8Array(32).fill(7);
const KEYS = {
  first: { type: 'ed25519', from: 'generate' },
  second: { type: 'secp256k1', from: 'generate' },
  third: { type: 'bls12-381', from: 'generate' },
} as const;

/** The bytes at both ends of both canaries. */
const PLACES: Readonly<Record<string, number>> = {
  'the first byte before the secret': 0,
  'the last byte before the secret': SLOT_CANARY_BYTES - 1,
  'the first byte after the secret': SLOT_TAIL_CANARY_OFFSET,
  'the last canary byte after the secret': SLOT_TAIL_CANARY_OFFSET + SLOT_CANARY_BYTES - 1,
};

interface Victim {
  readonly vault: Vault;
  spoil(order: SpoilOrder): Promise<void>;
  /** What the vault thread said just before it ended. */
  readonly reports: SpoilReport[];
}

const openVictim = async (): Promise<Victim> => {
  const vault = await openVault({ threads: 2, keys: KEYS, memory: { maxKeys: 16, lock: 'off' } }, { workers: SPOILED });
  const channel = new BroadcastChannel(CHANNEL);
  channel.unref();
  const reports: SpoilReport[] = [];
  let spoiled: () => void = () => undefined;
  channel.onmessage = (event: unknown) => {
    const { data } = event as { data: SpoilReport };
    if ('spoiled' in data) spoiled();
    else reports.push(data);
  };
  return {
    vault,
    reports,
    spoil: (order) =>
      new Promise((resolve) => {
        spoiled = resolve;
        channel.postMessage(order);
      }),
  };
};

const work = (vault: Vault): Promise<unknown>[] => [
  ...Array.from({ length: 2000 }, () => vault.sign('first', MESSAGE)),
  ...Array.from({ length: 500 }, () => vault.sign('second', MESSAGE)),
  vault.signTogether(['third'], MESSAGE),
  vault.register('late', { type: 'ed25519', from: 'generate' }),
];

const assertCorrupted = async ({ vault, reports }: Victim, calls: Promise<unknown>[]): Promise<void> => {
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'rejected') assert.ok(result.reason instanceof VaultError, String(result.reason));
  }
  const { reason, error } = await vault.closed;
  assert.is(reason, 'crashed');
  assert.is(error?.code, 'ERR_MEMORY_CORRUPTED');
  await rejects(vault.sign('first', MESSAGE), 'ERR_MEMORY_CORRUPTED');
  for (let turns = 0; reports.length === 0 && turns < 100; turns++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(
    reports,
    [{ bytesLeft: 0, code: 'ERR_MEMORY_CORRUPTED' }],
    'the arena was zeros before the last message',
  );
};

for (const [place, offset] of Object.entries(PLACES)) {
  test(`${place}, overwritten, is found by release: all is wiped and the vault ends`, async () => {
    const victim = await openVictim();
    await victim.spoil({ keyId: 'second', offset });
    const calls = work(victim.vault);
    await rejects(victim.vault.release('second'), 'ERR_MEMORY_CORRUPTED');
    await assertCorrupted(victim, calls);
  });
}

test('damage beside a key that nobody releases is found by close, and closed tells', async () => {
  const victim = await openVictim();
  await victim.spoil({ keyId: 'first', offset: SLOT_TAIL_CANARY_OFFSET });
  const calls = Promise.allSettled(work(victim.vault));
  await victim.vault.close();
  const { error } = await victim.vault.closed;
  assert.is(error?.code, 'ERR_MEMORY_CORRUPTED');
  for (const result of await calls) {
    if (result.status === 'rejected') assert.ok(result.reason instanceof VaultError, String(result.reason));
  }
  assert.equal(victim.reports, [{ bytesLeft: 0, code: 'ERR_MEMORY_CORRUPTED' }]);
});

test('the release of another key does not find it, and the vault goes on until the damaged slot is looked at', async () => {
  const victim = await openVictim();
  await victim.spoil({ keyId: 'second', offset: 0 });
  await victim.vault.release('third');
  assert.is((await victim.vault.sign('first', MESSAGE)).length, 64);
  await rejects(victim.vault.release('second'), 'ERR_MEMORY_CORRUPTED');
  await assertCorrupted(victim, []);
});

test('control: a byte of the secret itself is not a canary', async () => {
  const { vault, spoil } = await openVictim();
  await spoil({ keyId: 'second', offset: SLOT_SECRET_OFFSET + 20 });
  await vault.release('second');
  await vault.close();
  assert.equal(await vault.closed, { reason: 'closed' });
});

test.run();
