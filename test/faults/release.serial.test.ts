// A key that is released while thousands of operations on it are in flight: a signature made with a half-wiped key
// could leak the key, so what comes back must be right, and come back before the release does.
import { setTimeout as sleep } from 'node:timers/promises';
import { openVault, type Vault, type VaultError } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isExpected, learn, type SigningType } from './fixtures/expected.js';
import { createCommander, HURTABLE } from './fixtures/orders.js';

const random = seededRandom('release under load');
const test = suite('release under load');
const FLIGHT: Readonly<Record<SigningType, number>> = { ed25519: 6000, secp256k1: 4000, 'bls12-381': 600 };

const releaseUnderLoad = async (vault: Vault, type: SigningType, pauseMs: number): Promise<void> => {
  const id = `${type}/doomed`;
  await vault.register(id, { type, from: 'generate' });
  const known = await learn(vault, id, type, [random.bytes(32)]);
  const message = known.messages[0]!;
  let settled = 0;
  let wrong = 0;
  const calls = Array.from({ length: FLIGHT[type] }, () =>
    vault.sign(id, message).then(
      (signature) => {
        settled++;
        if (!isExpected(known, 0, signature)) wrong++;
      },
      (error: VaultError) => {
        settled++;
        throw error;
      },
    ),
  );
  const bystander = Array.from({ length: 2000 }, () => vault.sign('stays', message));
  if (pauseMs > 0) await sleep(pauseMs);
  const releasing = vault.release(id).then(() => settled);
  await rejects(vault.sign(id, message), 'ERR_KEY_NOT_FOUND');
  const settledBefore = await releasing;
  assert.is(settledBefore, calls.length, 'all operations were answered before the release was');
  await Promise.all(calls); // accepted before the release: none is refused
  assert.is(wrong, 0, 'every signature is of the whole key');
  await rejects(vault.publicKey(id), 'ERR_KEY_NOT_FOUND');
  assert.is((await Promise.all(bystander)).length, 2000);
};

for (const type of Object.keys(FLIGHT) as SigningType[]) {
  test(`operations in flight are answered, rightly, before the release is: ${type}`, async () => {
    const vault = await openVault({ threads: 2, keys: { stays: { type: 'ed25519', from: 'generate' } } });
    for (const pauseMs of [0, 1, 5, 15]) await releaseUnderLoad(vault, type, pauseMs);
    await vault.close();
    assert.equal(await vault.closed, { reason: 'closed' });
  });
}

test('a release waits for no signer that was killed', async () => {
  const commander = createCommander();
  const vault = await openVault({ threads: 2 }, { workers: HURTABLE });
  const message = random.bytes(32);
  const ids = Array.from({ length: 20 }, (_, i) => `bls/${i}`);
  await Promise.all(ids.map((id) => vault.register(id, { type: 'bls12-381', from: 'generate' })));
  for (const id of ids) {
    const calls = Array.from({ length: 48 }, () => vault.sign(id, message));
    const released = vault.release(id);
    await sleep(random.int(20));
    await commander.order({ do: 'end signers', picks: [random.int(2)] });
    const results = await Promise.allSettled(calls);
    const seen = new Set<string>();
    for (const result of results) {
      // A few signatures would take a killed signer three times over; all of them are equal.
      if (result.status === 'rejected') assert.is((result.reason as VaultError).code, 'ERR_SIGNER_FAILED');
      else seen.add(Buffer.from(result.value).toString('hex'));
    }
    assert.is(seen.size, 1, 'all signatures over one message are equal');
    await released;
    await rejects(vault.publicKey(id), 'ERR_KEY_NOT_FOUND');
  }
  assert.is(await commander.order({ do: 'keys in use' }), 0, 'every slot is free again');
  await vault.close();
  commander.close();
  assert.equal(await vault.closed, { reason: 'closed' });
});

test.run();
