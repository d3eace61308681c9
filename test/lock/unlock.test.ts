// unlock(): all keys or none. What a wrong password costs, and what becomes of files that are not what they were.
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Vault } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { web3Keystore } from '../support/keystore.js';
import { isSlowRun } from '../support/share.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import {
  allAre,
  answersOf,
  type Files,
  ids,
  keysOf,
  MESSAGE,
  makeFiles,
  OTHER_PASSWORD,
  password,
  SEALED_TYPES,
  sealedEntries,
  secretOf,
  WRONG,
  wait,
  withVault,
  writeSealed,
} from './rig.js';

const test = suite('unlocking');
const ROUNDS = isSlowRun() ? 200 : 80;

/** Nothing has changed: still locked, and what the right password opens is what there was. */
const assertUnharmed = async (vault: Vault, answers: Map<string, unknown>): Promise<void> => {
  assert.ok(vault.info().locked);
  assert.ok(allAre(vault, 'locked'));
  await rejects(vault.sign('v3', MESSAGE), 'ERR_VAULT_LOCKED');
  await vault.unlock(password());
  assert.equal(await answersOf(vault), answers);
};

test('a wrong password changes nothing, is counted, and makes the next wait twice as long; the right one resets it', async () => {
  await withVault(keysOf(makeFiles()), async (vault) => {
    const answers = await answersOf(vault);
    const failures: number[] = [];
    vault.events.on('unlock-failed', (event) => failures.push(event.failures));
    await vault.lock();
    for (const [count, seconds] of [
      [1, 0.5],
      [2, 1],
    ] as const) {
      await rejects(vault.unlock(password(WRONG)), 'ERR_PASSWORD');
      // Neither the right one nor a wrong one is tried before its time, and asking does not make it longer.
      for (const text of [WRONG, undefined]) {
        const { message } = await rejects(vault.unlock(password(text)), 'ERR_UNLOCK_DELAYED');
        const told = Number(/wait (\d+\.\d) s/.exec(message)?.[1]);
        assert.ok(told > seconds - 0.4 && told <= seconds, message);
      }
      assert.is(failures.at(-1), count);
      assert.is(failures.length, count);
      await wait(seconds * 1000);
    }
    await assertUnharmed(vault, answers);
    await vault.lock();
    await rejects(vault.unlock(password(WRONG)), 'ERR_PASSWORD');
    await rejects(vault.unlock(password()), 'ERR_UNLOCK_DELAYED', /a wrong password: wait 0\.[345] s/);
    assert.is(failures.at(-1), 1);
    assert.is((await vault.stats()).unlockFailures, 3);
  });
});

test('what is no wrong password is not counted as one', async () => {
  const files = makeFiles();
  await withVault(keysOf(files), async (vault) => {
    const answers = await answersOf(vault);
    await vault.lock();
    for (const attempt of [
      () => rejects(vault.unlock(), 'ERR_SOURCE_NOT_FOUND', /expected a password, got none/),
      () => rejects(vault.unlock({ file: join(files.folder, 'absent') }), 'ERR_SOURCE_NOT_FOUND'),
      () => rejects(vault.unlock({ env: 'STRONGROOM_TEST_ABSENT' }), 'ERR_SOURCE_NOT_FOUND'),
      () => rejects(vault.unlock({ files: { [files.v3]: { bytes: password() } } }), 'ERR_SOURCE_NOT_FOUND'),
    ]) {
      await attempt();
      assert.is((await vault.stats()).unlockFailures > 0, true);
    }
    await assertUnharmed(vault, answers);
  });
});

test('a wrong password costs a key derivation, and one only', async () => {
  const sealed = join(tempFolder(), 'slow.sealed');
  const more = join(tempFolder(), 'more.sealed');
  const cost = { passes: 4, memoryKiB: 32_768 };
  for (const path of [sealed, more])
    writeSealed(path, [[`in/${path}`.replaceAll(/[^a-z/]/g, ''), 'ed25519', secretOf()]], undefined, cost);
  const idIn = (path: string): string => `in/${path}`.replaceAll(/[^a-z/]/g, '');
  const key = (path: string) =>
    [idIn(path), { type: 'ed25519', from: { sealed: path, password: { bytes: password() } } }] as const;
  await withVault(Object.fromEntries([key(sealed), key(more)]), async (vault) => {
    const timed = async (work: Promise<unknown>): Promise<number> => {
      const began = performance.now();
      await work;
      return performance.now() - began;
    };
    await vault.lock();
    const right = await timed(vault.unlock(password()));
    await vault.lock();
    const wrong = await timed(rejects(vault.unlock(password(WRONG)), 'ERR_PASSWORD'));
    const refused = await timed(rejects(vault.unlock(password()), 'ERR_UNLOCK_DELAYED'));
    assert.ok(wrong > right / 6 && wrong < right, `${wrong} and ${right} ms`);
    assert.ok(refused < wrong / 2, `${refused} and ${wrong} ms`);
  });
});

const CHANGES: Readonly<
  Record<string, readonly [code: string, change: (files: Files) => void, ids: readonly string[]]>
> = {
  'a sealed file that is gone': ['ERR_SOURCE_NOT_FOUND', ({ sealed }) => rmSync(sealed), Object.keys(SEALED_TYPES)],
  'a keystore that is gone': ['ERR_SOURCE_NOT_FOUND', ({ v4 }) => rmSync(v4), ['v4']],
  'a sealed file with other keys under the same ids': [
    'ERR_KEY_CURVE',
    ({ sealed }) => writeSealed(sealed, sealedEntries()),
    ['sealed/ed', 'sealed/ec', 'sealed/bls', 'sealed/box'],
  ],
  'a sealed file with fewer keys': [
    'ERR_KEY_NOT_FOUND',
    ({ sealed }) => writeSealed(sealed, [['other', 'ed25519', secretOf()]]),
    Object.keys(SEALED_TYPES),
  ],
  'a sealed file of another password': [
    'ERR_PASSWORD',
    ({ sealed }) => writeSealed(sealed, sealedEntries(), OTHER_PASSWORD),
    Object.keys(SEALED_TYPES),
  ],
  'a keystore of another key': [
    'ERR_KEY_CURVE',
    ({ v3 }) => writeFileSync(v3, web3Keystore(secretOf(), 'correct horse battery')),
    ['v3'],
  ],
  'a keystore of another type': ['ERR_KEY_CURVE', ({ v3, v4 }) => copyFileSync(v4, v3), ['v3']],
  'a damaged sealed file': [
    'ERR_SEALED_FILE',
    ({ sealed }) => writeFileSync(sealed, 'damaged'),
    Object.keys(SEALED_TYPES),
  ],
};

test('all or nothing: whatever has become of a file, nothing is loaded, and nothing of a slot is lost', async () => {
  const files = makeFiles();
  const paths = [files.sealed, files.v3, files.v4];
  for (const path of paths) copyFileSync(path, `${path}.kept`);
  const keys = keysOf(files);
  // No room for one key that is not wiped.
  const memory = { lock: 'off', maxKeys: Object.keys(keys).length } as const;
  await withVault(
    keys,
    async (vault) => {
      const answers = await answersOf(vault);
      for (const [name, [code, change, concerned]] of Object.entries(CHANGES)) {
        await vault.lock();
        change(files);
        const { failures = [] } = await rejects(vault.unlock(password()), code as 'ERR_PASSWORD');
        assert.equal(failures.map(({ id }) => id).sort(), [...concerned].sort(), name);
        assert.ok(vault.info().locked);
        assert.ok(allAre(vault, 'locked'));
        for (const path of paths) copyFileSync(`${path}.kept`, path);
        if (code === 'ERR_PASSWORD') await wait(550);
        await vault.unlock(password());
      }
      assert.equal(await answersOf(vault), answers);
    },
    { memory },
  );
});

test('a seed that was changed is noticed by the keys that derive from it, and nothing is loaded', async () => {
  const files = makeFiles();
  // Keys without a public half cannot be told from others: the file's password vouches for them.
  const seed = { type: 'seed', from: { sealed: files.sealed, password: { bytes: password() } } } as const;
  const derived = { type: 'ed25519', from: { seed: 'sealed/seed', path: "m/0'" } } as const;
  await withVault(
    { 'sealed/seed': seed, 'derived/0': derived },
    async (vault) => {
      await vault.lock();
      writeSealed(files.sealed, sealedEntries());
      for (let i = 0; i < 3; i++) {
        const { failures } = await rejects(vault.unlock(password()), 'ERR_SEED', /not the one/);
        assert.equal(
          failures?.map(({ id }) => id),
          ['derived/0'],
        );
        assert.ok(allAre(vault, 'locked'));
        await rejects(vault.execute('sealed/seed', 'extendedPublicKey', { path: 'm/0' }), 'ERR_VAULT_LOCKED');
      }
      // What stands in the way is released: the rest comes back.
      await vault.release('derived/0');
      assert.equal(await vault.unlock(password()), ['sealed/seed']);
    },
    { memory: { lock: 'off', maxKeys: 2 } },
  );
});

test('a key whose file is gone for ever can be released, and the others come back', async () => {
  const files = makeFiles();
  await withVault(keysOf(files), async (vault) => {
    await vault.lock();
    rmSync(files.v4);
    await rejects(vault.unlock(password()), 'ERR_SOURCE_NOT_FOUND');
    await vault.release('v4');
    assert.is((await vault.unlock(password())).length, ids(vault).length);
    await rejects(vault.sign('v4', MESSAGE), 'ERR_KEY_NOT_FOUND');
  });
});

test('each file has its own password, or one serves all that are not named', async () => {
  const files = makeFiles();
  const keys = keysOf(files);
  const own = join(files.folder, 'own.sealed');
  writeSealed(own, [['own', 'ed25519', secretOf()]], OTHER_PASSWORD);
  const all = {
    ...keys,
    own: { type: 'ed25519', from: { sealed: own, password: { bytes: password(OTHER_PASSWORD) } } },
  } as const;
  await withVault(all, async (vault) => {
    const answers = await answersOf(vault);
    await vault.lock();
    const right = (): Record<string, { bytes: Uint8Array }> => ({
      [files.sealed]: { bytes: password() },
      [files.v3]: { bytes: password() },
      [files.v4]: { bytes: password() },
    });
    const wrong = await rejects(vault.unlock({ files: { ...right(), [own]: { bytes: password() } } }), 'ERR_PASSWORD');
    assert.is(wrong.keyId, 'own');
    assert.equal(
      wrong.failures?.map(({ id }) => id),
      ['own'],
    );
    await wait(550);
    await vault.unlock({ files: { ...right(), [own]: { bytes: password(OTHER_PASSWORD) } } });
    assert.equal(await answersOf(vault), answers);
  });
});

test('passwords that the settings name files for are read again; those of bytes and variables are not kept', async () => {
  const files = makeFiles();
  const passwordFile = join(files.folder, 'password');
  const write = (text: string): void => writeFileSync(passwordFile, `${text}\n`, { mode: 0o600 });
  write('correct horse battery');
  const from = { sealed: files.sealed, password: { file: passwordFile } };
  await withVault({ 'sealed/ed': { type: 'ed25519', from } }, async (vault) => {
    await vault.lock();
    await vault.unlock();
    await vault.lock();
    rmSync(passwordFile);
    await rejects(vault.unlock(), 'ERR_SOURCE_NOT_FOUND');
    assert.not.ok(existsSync(passwordFile));
    process.env.STRONGROOM_TEST_UNLOCK = 'correct horse battery';
    await vault.unlock({ env: 'STRONGROOM_TEST_UNLOCK' });
    assert.is(process.env.STRONGROOM_TEST_UNLOCK, undefined);
    await vault.lock();
    // The file is read when it is asked for; and is asked for when nothing is given.
    write(WRONG);
    await vault.unlock(password());
    await vault.lock();
    await rejects(vault.unlock(), 'ERR_PASSWORD');
  });
});

test('the bytes of a password are taken over, whether it is right, wrong, or not wanted', async () => {
  await withVault(keysOf(makeFiles()), async (vault) => {
    const whole = (text?: string): Uint8Array => {
      const bytes = new Uint8Array(200); // large enough to lie outside of the engine's heap
      const made = password(text);
      bytes.set(made);
      return bytes.slice(0, made.length);
    };
    const given = [whole(), whole(WRONG), whole(), whole()] as const;
    await vault.unlock(given[0]);
    await vault.lock();
    await rejects(vault.unlock(given[1]), 'ERR_PASSWORD');
    await rejects(vault.unlock({ bytes: given[2] }), 'ERR_UNLOCK_DELAYED');
    await wait(550);
    const large = new ArrayBuffer(100);
    new Uint8Array(large).set(password());
    const exact = new Uint8Array(large, 0, password().length); // a part of a buffer: copied, and zeroed
    await vault.unlock(exact);
    for (const each of [...given.slice(0, 3), exact]) assert.ok(each.length === 0 || each.every((byte) => byte === 0));
    assert.ok(
      given[3].some((byte) => byte !== 0),
      'the control',
    );
  });
});

test('many times locked and unlocked, in an arena without room to spare', async () => {
  const files = makeFiles();
  const keys = Object.fromEntries(Object.entries(keysOf(files)).filter(([id]) => !/^v\d$/.test(id)));
  await withVault(
    keys,
    async (vault) => {
      const answers = await answersOf(vault);
      for (let i = 0; i < ROUNDS; i++) {
        await vault.lock();
        await vault.unlock(password());
        if (i % 40 === 39) assert.equal(await answersOf(vault), answers);
      }
      await rejects(vault.register('one-more', { type: 'ed25519', from: 'generate' }), 'ERR_ARENA_FULL');
      await vault.release('sealed/bls');
      await vault.register('one-more', { type: 'ed25519', from: 'generate' });
    },
    { memory: { lock: 'off', maxKeys: Object.keys(keys).length } },
  );
});

test.run();
