// Signers that die while they sign: their work is done by others or refused, and the pool is whole again.
import { setTimeout as sleep } from 'node:timers/promises';
import { openVault, type Vault, type VaultError } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { workersWith, workersWithSigner } from './fixtures/copied-workers.js';
import { isExpected, type Known, learn, type SigningType } from './fixtures/expected.js';
import { createCommander, HURTABLE } from './fixtures/orders.js';

const THREADS = 2;
const random = seededRandom('signers that die');
const test = suite('signers that die');

/** What became of each call: signed, failed with that code, or signed wrongly. */
const outcomes = async (known: Known, calls: readonly Promise<Uint8Array>[]): Promise<Record<string, number>> => {
  const counts: Record<string, number> = {};
  const results = await Promise.allSettled(calls);
  results.forEach((result, i) => {
    const outcome =
      result.status === 'rejected'
        ? String((result.reason as VaultError).code)
        : isExpected(known, i % known.messages.length, result.value)
          ? 'signed'
          : 'wrong';
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  });
  return counts;
};

const signAll = (vault: Vault, { id, messages }: Known, count: number): Promise<Uint8Array>[] =>
  Array.from({ length: count }, (_, i) => vault.sign(id, messages[i % messages.length]!));

const messages = (count: number): Uint8Array[] => Array.from({ length: count }, () => random.bytes(32));

const CALLS: Readonly<Record<SigningType, number>> = { ed25519: 8192, secp256k1: 4096, 'bls12-381': 512 };

for (const type of Object.keys(CALLS) as SigningType[]) {
  test(`the batches of a killed signer are signed by another: ${type}`, async () => {
    const commander = createCommander();
    const vault = await openVault(
      { threads: THREADS, keys: { key: { type, from: 'generate' } } },
      { workers: HURTABLE },
    );
    try {
      const known = await learn(vault, 'key', type, messages(type === 'bls12-381' ? 2 : 16));
      const calls = signAll(vault, known, CALLS[type]);
      await sleep(5);
      await commander.order({ do: 'end signers', picks: [random.int(THREADS)] });
      assert.equal(await outcomes(known, calls), { signed: CALLS[type] });
      // A second one may be starting; whoever does not count on it waits for nothing.
      assert.is(await commander.order({ do: 'count' }), THREADS, 'the pool is whole again');
      assert.equal(await outcomes(known, signAll(vault, known, CALLS[type])), { signed: CALLS[type] });
    } finally {
      await vault.close();
      commander.close();
    }
    assert.equal(await vault.closed, { reason: 'closed' });
  });
}

test('a vault all of whose signers are killed, again before they are ready, signs when they are back', async () => {
  const commander = createCommander();
  const vault = await openVault(
    { threads: THREADS, keys: { key: { type: 'ed25519', from: 'generate' } } },
    { workers: HURTABLE },
  );
  try {
    const known = await learn(vault, 'key', 'ed25519', messages(16));
    for (let round = 0; round < 8; round++) {
      await commander.order({ do: 'end signers', picks: [0, 1] });
      await sleep(random.int(30));
    }
    const counts = await outcomes(known, signAll(vault, known, 4096));
    assert.equal(counts, { signed: 4096 });
  } finally {
    await vault.close();
    commander.close();
  }
});

/** A signer comes to its end when it is to sign this: native code that crashes, seen from the vault. */
const FATAL = new TextEncoder().encode('a message that ends every signer');
const fatalSigning = (how: string): string => `
import { signOperations as sign } from './real-sign-operations.js';
const fatal = ${JSON.stringify(new TextDecoder().decode(FATAL))};
export const signOperations = (operations, count, context) => {
  if (Buffer.from(operations).includes(fatal)) ${how}
  return sign(operations, count, context);
};`;
const WAYS: Readonly<Record<string, string>> = {
  'ends its thread': 'process.exit(9);',
  throws: `throw new Error('from a signer');`,
};

for (const [name, how] of Object.entries(WAYS)) {
  test(`a batch under which every signer ${name} is refused in the end, and the others go on`, async () => {
    const vault = await openVault(
      { threads: THREADS, keys: { key: { type: 'ed25519', from: 'generate' } } },
      { workers: workersWith('signer/sign-operations.js', fatalSigning(how)) },
    );
    try {
      const known = await learn(vault, 'key', 'ed25519', messages(16));
      const beside = signAll(vault, known, 511);
      const fatal = rejects(vault.sign('key', FATAL), 'ERR_SIGNER_FAILED'); // fills the frame
      const others = signAll(vault, known, 8192);
      const besideCounts = await outcomes(known, beside);
      const error = await fatal;
      assert.is(error.keyId, 'key');
      assert.equal(Object.keys(besideCounts).sort(), ['ERR_SIGNER_FAILED', 'signed'], 'one piece of the frame fails');
      assert.equal(await outcomes(known, others), { signed: 8192 }, 'other frames are signed');
      assert.equal(await outcomes(known, signAll(vault, known, 8192)), { signed: 8192 });
    } finally {
      await vault.close();
    }
    assert.equal(await vault.closed, { reason: 'closed' });
  });
}

test('a vault whose signers do not start does not open, and says why', async () => {
  const workers = workersWithSigner(`throw new Error('this signer does not start');`);
  const opening = openVault({ threads: THREADS, keys: { key: { type: 'ed25519', from: 'generate' } } }, { workers });
  await rejects(opening, 'ERR_SIGNER_FAILED', /of 2 signer threads started/);
});

test.run();
