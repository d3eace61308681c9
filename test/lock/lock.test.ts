// lock(): what it keeps, what it refuses, and what becomes of keys that nothing encrypted can bring back.
import { connectVault, type Settings, type Vault } from 'strongroom';
import { schemeCode } from '../../dist/src/wire/frame.js';
import { frameOf, handleOf, speakRaw } from '../ports/raw-port.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { allAre, answersOf, ids, keysOf, MESSAGE, makeFiles, PASSWORD, password, stateOf, withVault } from './rig.js';

const test = suite('locking');
const files = makeFiles();
const PROVIDERS: readonly NonNullable<Settings['provider']>[] = ['native', 'noble'];

for (const provider of PROVIDERS) {
  test(`${provider}: ids, types and public keys stay, everything else is refused, and all comes back`, async () => {
    await withVault(
      keysOf(files),
      async (vault) => {
        const before = vault.keys();
        const answers = await answersOf(vault);
        const signature = answers.get('sealed/ec') as Uint8Array;
        const reply = await vault.lock();
        assert.equal({ ...reply, locked: [...reply.locked].sort() }, { locked: ids(vault), gone: [] });
        assert.ok(vault.info().locked);
        assert.ok(allAre(vault, 'locked'));
        assert.equal(
          vault.keys().map((key) => ({ ...key, state: 'ready' })),
          before,
        );
        assert.equal(await vault.publicKey('sealed/ed'), before.find(({ id }) => id === 'sealed/ed')?.publicKey);
        assert.ok(await vault.verify('sealed/ec', MESSAGE, signature));
        assert.not.ok(await vault.verify('sealed/ec', new Uint8Array(32), signature));
        await assertRefuses(vault);
        // A second lock is no error, and says the same.
        assert.equal(await vault.lock({ unsealed: 'refuse' }), reply);
        assert.equal([...(await vault.unlock(password()))].sort(), ids(vault));
        assert.not.ok(vault.info().locked);
        assert.equal(vault.keys(), before);
        assert.equal(await answersOf(vault), answers);
        // An open vault has nothing to unlock, whatever the password.
        assert.equal(await vault.unlock(password('of nothing')), []);
      },
      { provider },
    );
  });
}

/** Each of these, with the secrets wiped. */
const assertRefuses = async (vault: Vault): Promise<void> => {
  const peer = new Uint8Array(32).fill(9, 0, 1);
  const file = `${files.folder}/never-written`;
  const by = { bytes: password() };
  const refused: Readonly<Record<string, () => Promise<unknown>>> = {
    sign: () => vault.sign('sealed/ed', MESSAGE),
    'sign, derived': () => vault.sign('derived/ec', MESSAGE, { scheme: 'schnorr' }),
    signMany: () => vault.signMany('v3', [MESSAGE, MESSAGE]),
    signTogether: () => vault.signTogether(['sealed/bls', 'v4'], MESSAGE),
    agree: () => vault.execute('sealed/box', 'agree', { peer, info: MESSAGE }),
    'agree-raw': () => vault.execute('sealed/box', 'agree-raw', { peer }),
    seal: () => vault.execute('sealed/box', 'seal', { message: MESSAGE }),
    open: () => vault.execute('sealed/box', 'open', { sealed: new Uint8Array(80) }),
    encrypt: () => vault.execute('sealed/aead', 'encrypt', { message: MESSAGE }),
    decrypt: () => vault.execute('sealed/aead', 'decrypt', { sealed: new Uint8Array(80) }),
    mac: () => vault.execute('sealed/hmac', 'mac', { message: MESSAGE }),
    extendedPublicKey: () => vault.execute('sealed/seed', 'extendedPublicKey', { path: 'm/0' }),
    provePossession: () => vault.execute('sealed/bls', 'provePossession'),
    register: () => vault.register('new', { type: 'ed25519', from: 'generate' }),
    'register, derived': () => vault.register('new', { type: 'ed25519', from: { seed: 'sealed/seed', path: "m/0'" } }),
    'register, bytes': () => vault.register('new', { type: 'ed25519', from: { bytes: new Uint8Array(32).fill(1) } }),
    'seal keys': () => vault.seal({ file, password: by }),
    exportKeystore: () => vault.exportKeystore('v3', { file, password: by }),
  };
  for (const [name, ask] of Object.entries(refused)) {
    await rejects(ask(), 'ERR_VAULT_LOCKED').catch((error: Error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
};

test('work in flight is done before the keys are wiped, and done right', async () => {
  await withVault(
    keysOf(files),
    async (vault) => {
      const messages = Array.from({ length: 300 }, (_, i) => new Uint8Array(32).fill(i));
      const signers = ['sealed/ed', 'sealed/ec', 'v3', 'derived/ed'];
      const work = signers.map((id) => vault.signMany(id, messages));
      const blsWork = vault.signMany('sealed/bls', messages.slice(0, 40));
      const proof = vault.execute('v4', 'provePossession');
      const exported = vault.execute('sealed/seed', 'extendedPublicKey', { path: 'm/1' });
      const locked = vault.lock();
      const order: string[] = [];
      void Promise.all([...work, blsWork, proof, exported]).then(() => order.push('work'));
      void locked.then(() => order.push('locked'));
      // What is asked now comes after the lock.
      const late = rejects(vault.sign('sealed/ed', MESSAGE), 'ERR_VAULT_LOCKED');
      await Promise.all([locked, late]);
      assert.equal(order, ['work', 'locked']);
      for (const [i, id] of signers.entries()) {
        const signatures = (await work[i]) as Uint8Array[];
        for (const at of [0, 150, 299]) {
          assert.ok(await vault.verify(id, messages[at] as Uint8Array, signatures[at] as Uint8Array), id);
        }
      }
      assert.ok(await vault.verify('sealed/bls', messages[39] as Uint8Array, (await blsWork)[39] as Uint8Array));
      assert.is((await proof).length, 96);
    },
    { threads: 2 },
  );
});

const unsealed = (): NonNullable<Settings['keys']> => ({
  ...keysOf(files),
  generated: { type: 'ed25519', from: 'generate' },
  'plain-seed': { type: 'seed', from: 'generate' },
  'plain-seed/0': { type: 'ed25519', from: { seed: 'plain-seed', path: "m/0'" } },
});

test("'refuse' says which keys would be lost, and changes nothing", async () => {
  await withVault(unsealed(), async (vault) => {
    const before = vault.keys();
    const answers = await answersOf(vault);
    const { failures } = await rejects(vault.lock({ unsealed: 'refuse' }), 'ERR_LOCK_REFUSED', /3 keys would be lost/);
    assert.equal(
      failures?.map(({ id, code }) => [id, code]),
      ['generated', 'plain-seed', 'plain-seed/0'].map((id) => [id, 'ERR_LOCK_REFUSED']),
    );
    assert.not.ok(vault.info().locked);
    assert.equal(vault.keys(), before);
    assert.equal(await answersOf(vault), answers);
    await vault.register('one-more', { type: 'ed25519', from: 'generate' });
  });
});

test("'drop' lists what is gone: keys that are not encrypted, and what derives from them", async () => {
  await withVault(unsealed(), async (vault) => {
    const told: string[] = [];
    vault.events.on('released', ({ id }) => told.push(id));
    const { locked, gone } = await vault.lock();
    assert.equal(gone, ['generated', 'plain-seed', 'plain-seed/0']);
    assert.equal([...locked].sort(), ids(vault));
    assert.equal([...told].sort(), gone);
    await rejects(vault.sign('generated', MESSAGE), 'ERR_KEY_NOT_FOUND');
    await rejects(vault.sign('plain-seed/0', MESSAGE), 'ERR_KEY_NOT_FOUND');
    await vault.unlock(password());
    assert.is(vault.keys().length, locked.length);
    await vault.register('generated', { type: 'ed25519', from: 'generate' });
  });
});

test('a key whose seed was exchanged for another is not taken for one that comes back', async () => {
  await withVault(keysOf(files), async (vault) => {
    await vault.release('sealed/seed');
    assert.equal((await vault.lock()).gone, ['derived/ec', 'derived/ed']);
    await vault.unlock(password());
    const from = { sealed: files.sealed, password: { bytes: password() } };
    await vault.register('sealed/seed', { type: 'seed', from });
    await vault.register('derived/ec', { type: 'secp256k1', from: { seed: 'sealed/seed', path: 'm/5' } });
    assert.equal((await vault.lock()).gone, []);
    await vault.unlock(password());
    // The same once more, under the id of the seed that is gone.
    await vault.release('sealed/seed');
    await vault.register('sealed/seed', { type: 'seed', from: 'generate' });
    assert.equal((await vault.lock({ unsealed: 'drop' })).gone, ['derived/ec', 'sealed/seed']);
  });
});

test('an unlocked key is at another place: frames of the time before are refused, and touch no key', async () => {
  await withVault(keysOf(files), async (vault) => {
    const port = speakRaw(await vault.grant({ keys: ['*'], operations: ['sign', 'publicKey'] }));
    const before = (await port.connect()).keys;
    const code = schemeCode('ed25519');
    const old = () => frameOf({ handle: handleOf(before, 'sealed/ed'), code });
    assert.equal(await port.statuses(old()), ['OK']);
    await vault.lock();
    assert.equal(await port.statuses(old()), ['ERR_VAULT_LOCKED']);
    await vault.unlock(password());
    const [refused = ''] = await port.statuses(old());
    assert.ok(['ERR_VAULT_LOCKED', 'ERR_KEY_NOT_FOUND'].includes(refused), refused);
    const now = (await port.connect()).keys;
    assert.equal(await port.statuses(frameOf({ handle: handleOf(now, 'sealed/ed'), code })), ['OK']);
    port.close();
  });
});

test('granted ports see the state, and work again with the keys that are back', async () => {
  await withVault(keysOf(files), async (vault) => {
    const port = await connectVault(
      await vault.grant({ keys: ['sealed/*'], operations: ['sign', 'publicKey', 'verify'] }),
    );
    const signature = await port.sign('sealed/ed', MESSAGE);
    const answered = port.signMany(
      'sealed/ec',
      Array.from({ length: 200 }, () => MESSAGE),
    );
    // Ports have no order among each other: what this one sent first is there when it has answers to what it sent later.
    for (let i = 0; i < 2; i++) await port.verify('sealed/ed', MESSAGE, signature);
    await vault.lock();
    assert.is((await answered).length, 200);
    await rejects(port.sign('sealed/ed', MESSAGE), 'ERR_VAULT_LOCKED');
    assert.ok(port.info().locked);
    assert.ok(allAre(port, 'locked'));
    assert.ok(await port.verify('sealed/ed', MESSAGE, signature));
    await rejects(port.lock(), 'ERR_NOT_GRANTED');
    await rejects(port.unlock(password()), 'ERR_NOT_GRANTED');
    // One that is granted and connected while the vault is locked sees the same.
    const later = await connectVault(await vault.grant({ keys: ['v3'], operations: ['sign'] }));
    assert.ok(later.info().locked);
    assert.equal(stateOf(later), { v3: 'locked' });
    await rejects(later.sign('v3', MESSAGE), 'ERR_VAULT_LOCKED');
    await vault.unlock(password());
    await rejects(port.sign('v3', MESSAGE), 'ERR_KEY_NOT_FOUND');
    // Notices come before any answer that follows them.
    await Promise.all([
      port.verify('sealed/ed', MESSAGE, signature),
      later.verify('v3', MESSAGE, signature).catch(() => 0),
    ]);
    assert.not.ok(port.info().locked);
    assert.equal(await port.sign('sealed/ed', MESSAGE), signature);
    assert.is((await later.sign('v3', MESSAGE)).length, 64);
    assert.equal(stateOf(later), { v3: 'ready' });
  });
});

test('the vault tells what happened, and no password', async () => {
  await withVault(keysOf(files), async (vault) => {
    const events: unknown[] = [];
    for (const type of ['locked', 'unlocked', 'unlock-failed'] as const) {
      vault.events.on(type, (event: unknown) => events.push(event));
    }
    const { locked } = await vault.lock();
    await rejects(vault.unlock(password('not this one')), 'ERR_PASSWORD');
    assert.equal(events, [
      { type: 'locked', reason: 'asked', locked, gone: [] },
      { type: 'unlock-failed', code: 'ERR_PASSWORD', failures: 1 },
    ]);
    assert.not.match(JSON.stringify(events), /not this one/);
  });
});

test('what lock() is asked is checked, and a settings file says the same', async () => {
  await withVault({ v3: keysOf(files).v3 as never }, async (vault) => {
    for (const bad of [{ unsealed: 'keep' }, { sealed: 'drop' }, 7, [], null]) {
      await rejects(vault.lock(bad as never), TypeError);
    }
    for (const bad of [
      7,
      'text',
      {},
      { bytes: 1 },
      { files: [] },
      { files: { '': password() } },
      { files: { a: PASSWORD } },
    ]) {
      await rejects(vault.unlock(bad as never), TypeError);
    }
    assert.not.ok(vault.info().locked);
  });
});

test.run();
