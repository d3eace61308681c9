// Whatever comes in between: locks during unlocks and the other way round, releases, expiries, registrations, the end.
// What is promised is promised from the moment that an answer is there.
import { join } from 'node:path';
import { connectVault, type Settings, type Vault } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { share } from '../support/share.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import {
  allAre,
  answerOf,
  answersOf,
  ids,
  keysOf,
  MESSAGE,
  makeFiles,
  password,
  random,
  secretOf,
  stateOf,
  WRONG,
  wait,
  withVault,
  writeSealed,
} from './rig.js';

const test = suite('locks and unlocks in between');
const files = makeFiles();

/** A file whose key derivation takes some tenths of a second. */
const slowFolder = tempFolder();
const SLOW = join(slowFolder, 'slow.sealed');
const SLOW_SEED = secretOf(64);
writeSealed(
  SLOW,
  [
    ['slow/ed', 'ed25519', secretOf()],
    ['slow/bls', 'bls12-381', secretOf()],
    ['slow/seed', 'seed', SLOW_SEED],
  ],
  undefined,
  { passes: 2, memoryKiB: 32_768 },
);
const slowKey = (): { sealed: string; password: { bytes: Uint8Array } } => ({
  sealed: SLOW,
  password: { bytes: password() },
});
const slowKeys = (): NonNullable<Settings['keys']> => ({
  'slow/ed': { type: 'ed25519', from: slowKey() },
  'slow/bls': { type: 'bls12-381', from: slowKey() },
  'slow/seed': { type: 'seed', from: slowKey() },
  'slow/derived': { type: 'ed25519', from: { seed: 'slow/seed', path: "m/1'" } },
});
const tight = { memory: { lock: 'off', maxKeys: 4 } } as const;

/** Everything is there, or nothing. */
const assertLocked = async (vault: Vault, id = 'slow/ed'): Promise<void> => {
  assert.ok(vault.info().locked);
  assert.ok(allAre(vault, 'locked'));
  await rejects(vault.sign(id, MESSAGE), 'ERR_VAULT_LOCKED');
};

test('a lock during an unlock ends it, and answers when nothing is loaded', async () => {
  await withVault(
    slowKeys(),
    async (vault) => {
      const answers = await answersOf(vault);
      for (const pause of [5, 60]) {
        const first = await vault.lock();
        const order: string[] = [];
        const unlocked = rejects(vault.unlock(password()), 'ERR_VAULT_LOCKED').then(() => order.push('unlock'));
        await wait(pause);
        const again = vault.lock().then((reply) => {
          order.push('lock');
          return reply;
        });
        assert.equal(await again, first);
        assert.is(order.at(-1), 'lock');
        await unlocked;
        await assertLocked(vault);
        await vault.unlock(password());
        assert.equal(await answersOf(vault), answers);
      }
    },
    tight,
  );
});

test('a lock ends the unlocks that were asked for before it, and none that comes after', async () => {
  await withVault(
    slowKeys(),
    async (vault) => {
      await vault.lock();
      const before = [vault.unlock(password()), vault.unlock(password())].map((each) =>
        rejects(each, 'ERR_VAULT_LOCKED'),
      );
      await wait(5);
      await vault.lock();
      await assertLocked(vault);
      await Promise.all(before);
      await assertLocked(vault);
      const locked = [vault.lock(), vault.lock()];
      assert.is((await vault.unlock(password())).length, 4);
      await Promise.all(locked);
      await answerOf(vault, 'slow/ed');
    },
    tight,
  );
});

test('an unlock that is asked for while the vault locks comes after, with the work in flight done', async () => {
  await withVault(keysOf(files), async (vault) => {
    const messages = Array.from({ length: 500 }, () => MESSAGE);
    const work = vault.signMany('sealed/bls', messages.slice(0, 25));
    const more = vault.signMany('sealed/ec', messages);
    const locked = vault.lock();
    const unlocked = vault.unlock(password());
    assert.is((await work).length, 25);
    assert.is((await more).length, 500);
    assert.is((await locked).gone.length, 0);
    assert.is((await unlocked).length, ids(vault).length);
    await answersOf(vault);
  });
});

test('the last word counts, also of calls that are made at once', async () => {
  const { v3 } = keysOf(files);
  await withVault({ v3: v3! }, async (vault) => {
    await Promise.all([vault.lock(), rejects(vault.unlock(password()), 'ERR_VAULT_LOCKED'), vault.lock()]);
    await assertLocked(vault, 'v3');
    await Promise.all([vault.lock(), vault.unlock(password())]);
    for (let round = 0; round < 12; round++) {
      let last = '';
      const calls = Array.from({ length: 1 + random.int(6) }, () => {
        last = random.pick(['lock', 'unlock']);
        if (last === 'lock') return vault.lock();
        return vault.unlock(password()).catch(({ code }) => assert.is(code, 'ERR_VAULT_LOCKED'));
      });
      await Promise.all(calls);
      assert.is(vault.info().locked, last === 'lock');
      if (last === 'lock') await assertLocked(vault, 'v3');
      else await vault.sign('v3', MESSAGE);
    }
  });
});

test('two unlocks at once: one loads, and the other has nothing to do', async () => {
  await withVault(
    slowKeys(),
    async (vault) => {
      await vault.lock();
      const [first = [], second = []] = await Promise.all([vault.unlock(password()), vault.unlock(password(WRONG))]);
      assert.is(first.length, 4);
      assert.equal(second, []);
      await vault.lock();
      // A wrong one first: the other has to wait like anybody.
      const [wrong, right] = await Promise.allSettled([vault.unlock(password(WRONG)), vault.unlock(password())]);
      assert.is((wrong as PromiseRejectedResult).reason.code, 'ERR_PASSWORD');
      assert.is((right as PromiseRejectedResult).reason.code, 'ERR_UNLOCK_DELAYED');
      await assertLocked(vault);
    },
    tight,
  );
});

test('a locked key can be released, also while others lock or unlock; a seed takes what derives from it', async () => {
  await withVault(
    slowKeys(),
    async (vault) => {
      const locked = vault.lock();
      await vault.release('slow/bls');
      await locked;
      const released: string[] = [];
      vault.events.on('released', ({ id }) => released.push(id));
      const unlocked = vault.unlock(password());
      await wait(20);
      await vault.release('slow/seed');
      assert.equal(await unlocked, ['slow/ed']);
      assert.equal(ids(vault), ['slow/ed']);
      assert.equal(released.sort(), ['slow/derived', 'slow/seed']);
      await rejects(vault.sign('slow/derived', MESSAGE), 'ERR_KEY_NOT_FOUND');
      // Their places are free, and their ids.
      for (const id of ['slow/bls', 'slow/seed', 'slow/derived']) {
        await vault.register(id, { type: 'ed25519', from: 'generate' });
      }
      await rejects(vault.register('fifth', { type: 'ed25519', from: 'generate' }), 'ERR_ARENA_FULL');
      assert.equal([...(await vault.lock()).gone].sort(), ['slow/bls', 'slow/derived', 'slow/seed']);
    },
    tight,
  );
});

test('a lock waits for the releases that were asked for before it', async () => {
  await withVault(keysOf(files), async (vault) => {
    const work = vault.signMany(
      'sealed/bls',
      Array.from({ length: 30 }, () => MESSAGE),
    );
    const order: string[] = [];
    const released = vault.release('sealed/bls').then(() => order.push('released'));
    const { locked } = await vault.lock();
    order.push('locked');
    await released;
    assert.equal(order, ['released', 'locked']);
    assert.is((await work).length, 30);
    assert.not.ok(locked.includes('sealed/bls'));
  });
});

test('a registration in flight is over when the vault is locked, and its key is not there', async () => {
  await withVault(
    { v3: keysOf(files).v3! },
    async (vault) => {
      const order: string[] = [];
      const registered = rejects(vault.register('slow/ed', { type: 'ed25519', from: slowKey() }), 'ERR_VAULT_LOCKED');
      void registered.then(() => order.push('register'));
      await wait(30); // its key derivation is under way
      await vault.lock();
      order.push('lock');
      await registered;
      assert.equal(order, ['register', 'lock']);
      assert.equal(stateOf(vault), { v3: 'locked' });
      await vault.unlock(password());
      await vault.register('slow/ed', { type: 'ed25519', from: slowKey() });
    },
    { memory: { lock: 'off', maxKeys: 2 } },
  );
});

test('a quota goes on where it was', async () => {
  const limited = { ...keysOf(files).v3!, maxSignatures: 10 };
  await withVault({ v3: limited }, async (vault) => {
    const limits = () => vault.keys()[0]?.limits;
    await vault.signMany('v3', [MESSAGE, MESSAGE, MESSAGE]);
    await vault.lock();
    assert.equal(limits(), { maxSignatures: 10, signaturesLeft: 7 });
    await rejects(vault.sign('v3', MESSAGE), 'ERR_VAULT_LOCKED');
    await vault.unlock(password());
    assert.equal(limits(), { maxSignatures: 10, signaturesLeft: 7 });
    await vault.signMany(
      'v3',
      Array.from({ length: 7 }, () => MESSAGE),
    );
    await vault.lock();
    await vault.unlock(password());
    await rejects(vault.sign('v3', MESSAGE), 'ERR_KEY_EXHAUSTED');
  });
});

test("a locked key expires on its day, and a key's idle time goes on", async () => {
  const { v3, v4 } = keysOf(files);
  const seed = keysOf(files)['sealed/seed']!;
  const keys = {
    v3: { ...v3!, expiresInMs: 700 },
    v4: v4!,
    'sealed/seed': { ...seed, idleMs: 700 },
    'derived/ec': keysOf(files)['derived/ec']!,
  };
  await withVault(keys, async (vault) => {
    const expiresAt = vault.keys().find(({ id }) => id === 'v3')?.limits.expiresAt;
    await vault.lock();
    await vault.unlock(password());
    assert.is(vault.keys().find(({ id }) => id === 'v3')?.limits.expiresAt, expiresAt);
    await vault.lock();
    await wait(800);
    assert.equal(stateOf(vault), { v4: 'locked' });
    await rejects(vault.sign('v3', MESSAGE), 'ERR_KEY_EXPIRED');
    await rejects(vault.execute('sealed/seed', 'extendedPublicKey', { path: 'm' }), 'ERR_KEY_IDLE');
    // Without its seed it could not come back.
    await rejects(vault.sign('derived/ec', MESSAGE), 'ERR_KEY_NOT_FOUND');
    assert.equal(await vault.unlock(password()), ['v4']);
  });
});

test('a locked vault closes, and so does one that is locking or unlocking', async () => {
  for (const moment of share(random, ['locked', 'locking', 'unlocking', 'wrong password'] as const, 1 / 2)) {
    let closed: Promise<{ reason: string }> | undefined;
    await withVault(slowKeys(), async (vault) => {
      closed = vault.closed;
      const port = await connectVault(await vault.grant({ keys: ['*'], operations: ['sign'] }));
      const work = vault.signMany(
        'slow/bls',
        Array.from({ length: 30 }, () => MESSAGE),
      );
      const locked = vault.lock();
      if (moment !== 'locking') await locked;
      const unlocked =
        moment === 'unlocking'
          ? vault.unlock(password())
          : moment === 'wrong password'
            ? rejects(vault.unlock(password(WRONG)), 'ERR_PASSWORD')
            : undefined;
      await wait(5);
      await vault.close();
      assert.is((await work).length, 30);
      await Promise.all([locked, unlocked]);
      assert.is((await port.closed).reason, 'closed');
      await rejects(vault.lock(), 'ERR_VAULT_CLOSED');
      await rejects(vault.unlock(password()), 'ERR_VAULT_CLOSED');
    });
    assert.is((await closed)?.reason, 'closed', moment);
  }
});

test.run();
