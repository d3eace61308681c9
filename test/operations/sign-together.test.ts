// signTogether(): one aggregate BLS signature of several keys over one message.
import { openVault, type Vault } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { bls, blsPoint } from './oracle.js';

const IDS = ['v/0', 'v/1', 'v/2', 'v/3', 'v/4'];
const random = seededRandom('operations/sign-together');
const test = suite('signTogether');
let vault: Vault;

test.before(async () => {
  const keys = Object.fromEntries(IDS.map((id) => [id, { type: 'bls12-381', from: 'generate' } as const]));
  vault = await openVault({
    threads: 2,
    maxPending: 8,
    keys: { ...keys, other: { type: 'ed25519', from: 'generate' } },
  });
});
test.after(() => vault.close());

const singles = (ids: readonly string[], message: Uint8Array): Promise<Uint8Array[]> =>
  Promise.all(ids.map((id) => vault.sign(id, message)));

test("it equals noble's aggregate of the single signatures, in any order of the keys", async () => {
  for (const length of [0, 32, 1000]) {
    const message = random.bytes(length);
    const expected = bls.aggregateSignatures(await singles(IDS, message)).toBytes();
    equalBytes(await vault.signTogether(IDS, message), expected, `${length} bytes`);
    equalBytes(await vault.signTogether([...IDS].reverse(), message), expected, 'reversed');
  }
});

test('it verifies against the aggregated public key, and against no other', async () => {
  const message = random.bytes(32);
  const signature = await vault.signTogether(IDS, message);
  const publicKeys = await Promise.all(IDS.map((id) => vault.publicKey(id)));
  assert.is(bls.verify(signature, blsPoint(message), bls.aggregatePublicKeys(publicKeys)), true);
  assert.is(bls.verify(signature, blsPoint(message), bls.aggregatePublicKeys(publicKeys.slice(1))), false);
});

test('of one key it is the single signature', async () => {
  const message = random.bytes(10);
  equalBytes(await vault.signTogether(['v/3'], message), await vault.sign('v/3', message));
});

test('the message is copied before the call returns', async () => {
  const message = random.bytes(32);
  const expected = await vault.signTogether(IDS, message);
  const signing = vault.signTogether(IDS, message);
  message.fill(0);
  equalBytes(await signing, expected);
});

test('no keys, a key twice and what is no list are mistakes', async () => {
  const message = random.bytes(32);
  await rejects(vault.signTogether([], message), TypeError, /expected a list of at least one key id/);
  await rejects(vault.signTogether('v/0' as unknown as string[], message), TypeError, /expected a list/);
  await rejects(vault.signTogether(['v/0', 'v/1', 'v/0'], message), TypeError, /each key id once/);
  await rejects(vault.signTogether([undefined] as unknown as string[], message), TypeError, /expected a key id/);
  await rejects(vault.signTogether(IDS, null as unknown as Uint8Array), TypeError, /expected a Uint8Array, got null/);
});

test('keys of other types and unknown keys are refused by name', async () => {
  const message = random.bytes(32);
  const other = await rejects(vault.signTogether(['v/0', 'other'], message), 'ERR_OPERATION_UNSUPPORTED', /ed25519/);
  assert.is(other.keyId, 'other');
  const unknown = await rejects(vault.signTogether(['v/0', 'nobody'], message), 'ERR_KEY_NOT_FOUND');
  assert.is(unknown.keyId, 'nobody');
});

test('more keys than may be pending are refused, and the next call works', async () => {
  const more = ['w/0', 'w/1', 'w/2', 'w/3'];
  for (const id of more) await vault.register(id, { type: 'bls12-381', from: 'generate' });
  await rejects(vault.signTogether([...IDS, ...more], random.bytes(32)), 'ERR_VAULT_BUSY');
  assert.is((await vault.signTogether(IDS, random.bytes(32))).length, 96);
});

test('a released key signs with the others no more', async () => {
  await vault.release('v/4');
  await rejects(vault.signTogether(IDS, random.bytes(32)), 'ERR_KEY_NOT_FOUND');
});

test.run();
