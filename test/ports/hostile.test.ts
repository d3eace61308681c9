// What a holder of a port may try against the vault and against others, besides asking for what was not granted: each of
// these has worked once.
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { connectVault, openVault, type Vault } from 'strongroom';
import { schemeCode } from '../../dist/src/wire/frame.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { outcomesOf } from './outcomes.js';
import { codeOf, frameOf, handleOf, speakRaw } from './raw-port.js';
import { shareVault } from './shared-vault.js';

const MESSAGE = new Uint8Array(32).fill(5);
const test = suite('a hostile holder of a port');
const shared = shareVault();
test.after(shared.close);
const KEYS = { ed: { type: 'ed25519', from: 'generate' }, bls: { type: 'bls12-381', from: 'generate' } } as const;
const open = (): Promise<Vault> => shared.use(KEYS);

test('an answer is not answered: two ends of one channel would do that for ever', async () => {
  await using vault = await open();
  const port = speakRaw(await vault.grant({ keys: ['*'], operations: ['publicKey'] }));
  for (const type of ['RAW', 'HANDLER']) port.send({ id: 'echo', type, value: { ok: false } });
  port.send({ id: 'echo-get', type: 'GET', path: [] });
  // The control: what comes after them is answered, and they would have been before it.
  assert.ok((await port.call('publicKey', ['ed'])).ok);
  assert.equal(
    port.unexpected.map((message) => (message as { readonly id: unknown }).id),
    ['echo-get'],
  );
});

test('the vault closes, however much a port sends', async () => {
  const vault = await openVault({ threads: 1, keys: KEYS });
  const port = await vault.grant({ keys: ['*'], operations: ['verify'] });
  const client = await connectVault(port);
  let flooding = true;
  const lanes = Array.from({ length: 500 }, async () => {
    while (flooding) await client.verify('bls', MESSAGE, new Uint8Array(96)).catch(() => sleep(0));
  });
  await sleep(50);
  await vault.close(); // or the test takes too long
  assert.is((await client.closed).reason, 'closed');
  flooding = false;
  await Promise.all(lanes);
});

test('frames on keys that a port does not see do not keep an idle vault from locking itself', async () => {
  await using vault = await openVault({ threads: 1, lock: { idleMs: 300 }, keys: { ed: KEYS.ed, other: KEYS.ed } });
  const port = speakRaw(await vault.grant({ keys: ['other'], operations: ['sign'] }));
  const { slot, generation } = handleOf((await port.connect()).keys, 'other');
  let locked = false;
  vault.events.once('locked', () => {
    locked = true;
  });
  const forged = { slot: (slot === 0 ? 1 : 0) as typeof slot, generation: generation + 7 };
  for (let round = 0; round < 200 && !locked; round++) {
    await port.statuses(frameOf({ handle: forged, code: schemeCode('ed25519'), message: MESSAGE }));
    await sleep(20);
  }
  assert.ok(locked);
});

test('a signTogether that fails gives back what it took of the other keys', async () => {
  await using vault = await shared.use({
    a: { type: 'bls12-381', from: 'generate', maxSignatures: 10 },
    b: { type: 'bls12-381', from: 'generate', maxSignatures: 1 },
  });
  await vault.sign('b', MESSAGE);
  for (let i = 0; i < 4; i++) await rejects(vault.signTogether(['a', 'b'], MESSAGE), 'ERR_KEY_EXHAUSTED');
  assert.equal(await outcomesOf(Array.from({ length: 11 }, () => vault.sign('a', MESSAGE))), {
    done: 10,
    ERR_KEY_EXHAUSTED: 1,
  });
});

test('a port that has nothing left takes nothing of the rate of those above it', async () => {
  await using vault = await open();
  const parent = await connectVault(await vault.grant({ keys: ['ed'], operations: ['sign'], perSecond: 10 }));
  const child = await connectVault(await parent.grant({ keys: ['ed'], operations: ['sign'], maxSignatures: 1 }));
  await child.sign('ed', MESSAGE);
  assert.equal(await outcomesOf(Array.from({ length: 50 }, () => child.sign('ed', MESSAGE))), {
    ERR_GRANT_EXHAUSTED: 50,
  });
  assert.is((await outcomesOf(Array.from({ length: 9 }, () => parent.sign('ed', MESSAGE)))).done, 9);
});

test('a port whose other end was closed before it was served leaves no grant', async () => {
  await using vault = await open();
  const port = speakRaw(await vault.grant({ keys: ['ed'], operations: ['sign'] }));
  for (let i = 0; i < 20; i++) {
    const { port1, port2 } = new MessageChannel();
    const made = port.call('grant', [{ keys: ['ed'], operations: ['sign'] }, port2], [port2]);
    port1.close();
    await made;
  }
  for (let i = 0; i < 100 && (await vault.stats()).grants > 1; i++) await sleep(10);
  assert.is((await vault.stats()).grants, 1);
});

test('grants of grants are bounded in depth, in number and in what they name', async () => {
  await using vault = await open();
  const top = speakRaw(await vault.grant({ keys: ['*'], operations: ['sign'] }));
  const { port2 } = new MessageChannel();
  const many = Array.from({ length: 33 }, (_, i) => `k/${i}`);
  assert.is(codeOf(await top.call('grant', [{ keys: many, operations: ['sign'] }, port2], [port2])), 'ERR_GRANT');
  let deepest = top;
  let depth = 1;
  for (; depth < 40; depth++) {
    const { port1, port2: inner } = new MessageChannel();
    const reply = await deepest.call('grant', [{ keys: ['*'], operations: ['sign'] }, inner], [inner]);
    if (!reply.ok) break;
    deepest = speakRaw(port1);
  }
  assert.is(depth, 16);
});

test('a port sees no count of keys that it does not see', async () => {
  await using vault = await open();
  const { info } = await speakRaw(await vault.grant({ keys: ['ed'], operations: ['sign'] })).connect();
  assert.is(info.memory.keysUsed, 1);
});

test('what still waits for a signer when its key expires is not done', async () => {
  await using vault = await shared.use({ bls: { type: 'bls12-381', from: 'generate', expiresInMs: 300 } });
  const counts = await outcomesOf(Array.from({ length: 4000 }, () => vault.sign('bls', MESSAGE)));
  assert.ok((counts.done ?? 0) > 0, 'the control: some were in time');
  assert.ok((counts.ERR_KEY_EXPIRED ?? 0) > 0);
  assert.is((counts.done ?? 0) + (counts.ERR_KEY_EXPIRED ?? 0), 4000);
});

test.run();
