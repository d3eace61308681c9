// Keys that end by themselves: on time, when nobody asks, to the last byte; and not while they are at work.
import { setTimeout as sleep } from 'node:timers/promises';
import { connectVault, openVault, type Vault } from 'strongroom';
import { outcomesOf, until } from '../ports/outcomes.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { createViewer, OPEN_TO_VIEW, type Viewer } from './fixtures/slots.js';

const MESSAGE = new Uint8Array(32).fill(5);
const TYPES = ['ed25519', 'secp256k1', 'bls12-381', 'x25519', 'aead', 'hmac', 'seed'] as const;
/** How much later than asked a loaded machine may be. */
const LATE_MS = 2_000;
const test = suite('keys that expire or are idle');

const generate = { from: 'generate' } as const;

const withView = async (
  open: () => Promise<Vault>,
  body: (vault: Vault, viewer: Viewer) => Promise<void>,
): Promise<void> => {
  const viewer = createViewer();
  const vault = await open();
  try {
    await body(vault, viewer);
  } finally {
    await vault.close();
    viewer.close();
  }
};

for (const [limit, code, reason] of [
  ['expiresInMs', 'ERR_KEY_EXPIRED', 'expired'],
  ['idleMs', 'ERR_KEY_IDLE', 'idle'],
] as const) {
  test(`${limit}: a key of each type is wiped on time though nothing is asked, and says why it is gone`, async () => {
    const keys = { lasting: { type: 'ed25519', ...generate } } as const;
    const open = () => openVault({ threads: 1, keys }, { workers: OPEN_TO_VIEW });
    await withView(open, async (vault, viewer) => {
      const openedAt = performance.now();
      await Promise.all(TYPES.map((type) => vault.register(type, { type, ...generate, [limit]: 700 })));
      const gone: { id: string; reason: string }[] = [];
      vault.events.on('released', ({ id, reason: why }) => void gone.push({ id, reason: why }));
      const port = await connectVault(await vault.grant({ keys: ['*'], operations: ['sign', 'publicKey'] }));
      assert.equal(port.keys().length, TYPES.length + 1);
      assert.equal(await viewer.filled(TYPES.length + 2), [...Array(TYPES.length + 1).fill(true), false], 'control');

      await sleep(100);
      assert.is(vault.keys().length, TYPES.length + 1, 'not before its time');
      await until(async () => (await viewer.filled(8)).filter(Boolean).length === 1, 'all but one are wiped', 5_000);
      assert.ok(performance.now() - openedAt < 700 + LATE_MS);
      assert.equal(await viewer.filled(2), [true, false]);
      for (const client of [vault, port]) {
        await until(() => client.keys().length === 1, 'the client is told');
        await rejects(client.sign('ed25519', MESSAGE), code);
        await rejects(client.publicKey('secp256k1'), code);
        await rejects(client.signMany('bls12-381', [MESSAGE]), code);
        assert.is((await client.sign('lasting', MESSAGE)).length, 64);
      }
      await until(() => gone.length === TYPES.length, 'each has its event');
      assert.equal(gone.map(({ id }) => id).sort(), [...TYPES].sort());
      assert.ok(gone.every((each) => each.reason === reason));

      const again = await vault.register('ed25519', { type: 'ed25519', ...generate });
      assert.equal(again.limits, {});
      assert.is((await vault.sign('ed25519', MESSAGE)).length, 64, 'its id is free again');
      await until(() => port.keys().length === 2, 'the port sees the new one');
      assert.is((await port.sign('ed25519', MESSAGE)).length, 64);
    });
  });
}

test('a key that expires while the vault opens is not among its keys', async () => {
  await using vault = await openVault({
    threads: 1,
    keys: { short: { type: 'ed25519', ...generate, expiresInMs: 1 }, lasting: { type: 'ed25519', ...generate } },
  });
  assert.equal(
    vault.keys().map(({ id }) => id),
    ['lasting'],
  );
  await vault.register('short', { type: 'ed25519', ...generate });
});

test('a key that is used stays, and goes when it is not any more', async () => {
  await withView(
    () => openVault({ threads: 1 }, { workers: OPEN_TO_VIEW }),
    async (vault, viewer) => {
      await vault.register('ed', { type: 'ed25519', ...generate, idleMs: 400 });
      for (let i = 0; i < 12; i++) {
        await sleep(80);
        await vault.sign('ed', MESSAGE);
      }
      assert.equal(await viewer.filled(1), [true], 'for more than twice its idle time');
      await until(async () => !(await viewer.filled(1))[0], 'it is wiped', 400 + LATE_MS);
      await until(() => vault.keys().length === 0, 'main is told');
      await rejects(vault.sign('ed', MESSAGE), 'ERR_KEY_IDLE');
    },
  );
});

test('what is refused is no use: it does not keep a key', async () => {
  const vault = await openVault({ threads: 1 });
  await vault.register('ed', { type: 'ed25519', ...generate, idleMs: 400, allow: [] });
  const end = performance.now() + 400 + LATE_MS;
  let code = 'ERR_NOT_ALLOWED';
  while (code === 'ERR_NOT_ALLOWED' && performance.now() < end) {
    await sleep(50);
    const [last = 'none'] = Object.keys(await outcomesOf([vault.sign('ed', MESSAGE)]));
    code = last;
  }
  assert.is(code, 'ERR_KEY_IDLE');
  await vault.close();
});

test('work in flight for longer than the idle time is use: all of it is done, and the key is there for the next', async () => {
  const vault = await openVault({ threads: 1, keys: { other: { type: 'bls12-381', ...generate } } });
  const idleMs = 200;
  await vault.register('ed', { type: 'ed25519', ...generate, idleMs });
  // Admitted at once, behind work of another key that keeps the signer busy.
  const before = vault.signMany('other', Array(1500).fill(MESSAGE));
  const begun = performance.now();
  const signatures = await vault.signMany('ed', Array(400).fill(MESSAGE));
  const took = performance.now() - begun;
  assert.is(signatures.length, 400);
  assert.is((await vault.sign('ed', MESSAGE)).length, 64);
  assert.ok(took > idleMs, `positive control: ${took} ms`);
  assert.is((await before).length, 1500);
  await until(() => vault.keys().length === 1, 'then it is idle', idleMs + LATE_MS);
  await rejects(vault.sign('ed', MESSAGE), 'ERR_KEY_IDLE');
  await vault.close();
});

test('a key that expires under load: what was accepted is answered, the rest is told, and it is wiped', async () => {
  await withView(
    () => openVault({ threads: 2 }, { workers: OPEN_TO_VIEW }),
    async (vault, viewer) => {
      await vault.register('bls', { type: 'bls12-381', ...generate, expiresInMs: 500 });
      const calls: Promise<unknown>[] = [];
      const ask = (): Promise<unknown>[] => Array.from({ length: 20 }, () => vault.sign('bls', MESSAGE));
      while (vault.keys().length === 1) {
        const some = ask();
        calls.push(...some);
        await Promise.allSettled(some);
      }
      calls.push(...ask());
      const { done = 0, ERR_KEY_EXPIRED: expired = 0, ...others } = await outcomesOf(calls);
      assert.equal(others, {});
      assert.ok(done > 0 && expired >= 20);
      assert.is(done + expired, calls.length);
      await until(async () => !(await viewer.filled(1))[0], 'it is wiped');
    },
  );
});

test('a release before the time leaves nothing that ends later, and the next key of the id lives its own time', async () => {
  const vault = await openVault({ threads: 1 });
  await vault.register('ed', { type: 'ed25519', ...generate, expiresInMs: 600, idleMs: 500 });
  await vault.release('ed');
  await rejects(vault.sign('ed', MESSAGE), 'ERR_KEY_NOT_FOUND');
  await vault.register('ed', { type: 'ed25519', ...generate });
  await sleep(800);
  assert.is((await vault.sign('ed', MESSAGE)).length, 64);
  await vault.close();
});

test('a vault whose keys would live for long closes at once, and so does its process', async () => {
  const vault = await openVault({
    threads: 1,
    keys: { ed: { type: 'ed25519', ...generate, expiresInMs: 3_155_760_000_000, idleMs: 3_600_000 } },
  });
  const { expiresAt = 0 } = vault.keys()[0]!.limits;
  assert.ok(Math.abs(expiresAt - Date.now() - 3_155_760_000_000) < 60_000);
  await vault.close();
  assert.equal(await vault.closed, { reason: 'closed' });
});

test.run();
