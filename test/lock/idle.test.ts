// Locking by itself: after a time without use, not while there is work, and not when that would lose keys.
import { once } from 'node:events';
import { connectVault } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { allAre, ids, keysOf, MESSAGE, makeFiles, password, wait, withVault } from './rig.js';

const test = suite('locking when idle');
const files = makeFiles();
const IDLE_MS = 500;
const lock = { idleMs: IDLE_MS } as const;

test('a vault that nobody uses locks itself on time, again after each unlock', async () => {
  await withVault(
    keysOf(files),
    async (vault) => {
      for (let round = 0; round < 2; round++) {
        const began = performance.now();
        await vault.sign('v3', MESSAGE);
        const [event] = (await once(vault.events, 'locked')) as [{ reason: string; locked: string[]; gone: string[] }];
        const took = performance.now() - began;
        assert.ok(took > IDLE_MS - 20 && took < IDLE_MS + 1500, `${took} ms`);
        assert.is(event.reason, 'idle');
        assert.equal([...event.locked].sort(), ids(vault));
        assert.ok(vault.info().locked);
        assert.ok(allAre(vault, 'locked'));
        await rejects(vault.sign('v3', MESSAGE), 'ERR_VAULT_LOCKED');
        await vault.unlock(password());
      }
    },
    { lock },
  );
});

test('use keeps it open: by the owner, by a port, by an operator; looking at it does not', async () => {
  await withVault(
    keysOf(files),
    async (vault) => {
      const port = await connectVault(await vault.grant({ keys: ['v3'], operations: ['sign', 'publicKey'] }));
      const uses = [
        () => vault.sign('sealed/ed', MESSAGE),
        () => port.sign('v3', MESSAGE),
        () => vault.execute('sealed/seed', 'extendedPublicKey', { path: 'm' }),
        () => vault.execute('sealed/hmac', 'mac', { message: MESSAGE }),
      ];
      for (let i = 0; i < 8; i++) {
        await wait(IDLE_MS / 3);
        await uses[i % uses.length]?.();
      }
      assert.not.ok(vault.info().locked);
      const locked = once(vault.events, 'locked');
      let isLocked = false;
      void locked.then(() => {
        isLocked = true;
      });
      for (let i = 0; i < 20 && !isLocked; i++) {
        await Promise.all([vault.publicKey('v3'), port.publicKey('v3'), vault.stats(), wait(IDLE_MS / 5)]);
      }
      assert.ok(isLocked);
    },
    { lock },
  );
});

test('work that takes longer than the idle time is not broken off, and counts until it ends', async () => {
  await withVault(
    keysOf(files),
    async (vault) => {
      const idleMs = 150;
      let done = 0;
      const began = performance.now();
      const work = vault
        .signMany(
          'sealed/bls',
          Array.from({ length: 400 }, () => MESSAGE),
        )
        .then((signatures) => {
          done = performance.now();
          return signatures;
        });
      const locked = once(vault.events, 'locked').then(() => performance.now());
      assert.is((await work).length, 400);
      assert.ok(done - began > idleMs, 'the control: it took longer');
      assert.ok((await locked) > done + idleMs / 2);
    },
    { lock: { idleMs: 150 }, threads: 1 },
  );
});

test("with 'refuse' it does not lock what would be lost, says so each time, and locks when it may", async () => {
  await withVault(
    { ...keysOf(files), temporary: { type: 'ed25519', from: 'generate' } },
    async (vault) => {
      for (let round = 0; round < 2; round++) {
        const [refused] = (await once(vault.events, 'lock-refused')) as [unknown];
        assert.equal(refused, { type: 'lock-refused', keys: ['temporary'] });
        assert.not.ok(vault.info().locked);
        await vault.sign('temporary', MESSAGE);
      }
      const locked = once(vault.events, 'locked');
      await vault.release('temporary');
      await locked;
      assert.ok(vault.info().locked);
    },
    { lock: { idleMs: 400, unsealed: 'refuse' } },
  );
});

test("with 'drop', which is the default, keys that are not encrypted are gone", async () => {
  await withVault(
    { temporary: { type: 'ed25519', from: 'generate' } },
    async (vault) => {
      const [event] = (await once(vault.events, 'locked')) as [unknown];
      assert.equal(event, { type: 'locked', reason: 'idle', locked: [], gone: ['temporary'] });
      assert.equal(vault.keys(), []);
      assert.equal(await vault.unlock(), []);
      assert.not.ok(vault.info().locked);
    },
    { lock: { idleMs: 600 } },
  );
});

test('a vault that was not told to does not lock itself', async () => {
  await withVault({ v3: keysOf(files).v3! }, async (vault) => {
    await wait(IDLE_MS * 1.5);
    assert.not.ok(vault.info().locked);
    await vault.sign('v3', MESSAGE);
  });
});

test.run();
