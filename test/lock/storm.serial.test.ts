// Locks, unlocks, signatures, registrations and releases at random, from the owner and several ports at once: no promise
// is lost, no signature is wrong, no slot leaks, and in the end every key is what it was. STRONGROOM_TEST_STORM_MS for longer.
import { ed25519 } from '@noble/curves/ed25519.js';
import { connectVault, openVault, type Vault } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { suite } from '../support/suite.js';
import { answersOf, keysOf, makeFiles, password, random, settings, wait } from './rig.js';

const test = suite('a storm of locks');
const STORM_MS = Number(process.env.STRONGROOM_TEST_STORM_MS ?? 3_000);
test.timeout(STORM_MS + 60_000);

const SPARE = 6;
const PORTS = 3;
/** What comes of a lock or a release that was faster. */
const ALLOWED = ['ERR_VAULT_LOCKED', 'ERR_KEY_NOT_FOUND', 'ERR_KEY_EXISTS', 'ERR_ARENA_FULL'];
const MESSAGES: readonly Uint8Array[] = Array.from({ length: 8 }, (_, i) => new Uint8Array(32).fill(i + 1));
/** Does not keep the process. */
const atMost = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms).unref());
const SIGNERS = ['sealed/ed', 'sealed/ec', 'sealed/bls', 'derived/ec', 'derived/ed'] as const;

test('nothing is lost and nothing is wrong', async () => {
  const files = makeFiles();
  // Keystores cost more to open: fewer rounds.
  const keys = Object.fromEntries(Object.entries(keysOf(files)).filter(([id]) => !/^v\d$/.test(id)));
  const maxKeys = Object.keys(keys).length + SPARE;
  const vault = await openVault(settings(keys, { memory: { lock: 'off', maxKeys }, threads: 2 }));
  const answers = await answersOf(vault);
  const right = new Map<string, string>();
  for (const id of SIGNERS) {
    for (const [i, message] of MESSAGES.entries()) right.set(`${id} ${i}`, toHex(await vault.sign(id, message)));
  }
  const ports = await Promise.all(
    Array.from({ length: PORTS }, async () => connectVault(await vault.grant({ keys: ['*'], operations: ['sign'] }))),
  );

  const counts: Record<string, number> = {};
  const count = (what: string): void => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  const pending = new Set<string>();
  const wrong: string[] = [];
  let number = 0;
  const start = (what: string, work: Promise<unknown>): Promise<unknown> => {
    const name = `${what} #${number++}`;
    pending.add(name);
    return work
      .then(
        () => count(what),
        (error: { readonly code?: string; readonly message: string }) => {
          count(`${what}: ${error.code}`);
          if (!ALLOWED.includes(error.code ?? '')) wrong.push(`${name}: ${error.code} ${error.message}`);
        },
      )
      .finally(() => pending.delete(name));
  };

  const sign = async (client: Vault): Promise<void> => {
    const [id, at] = [random.pick(SIGNERS), random.int(MESSAGES.length)];
    const signature = toHex(await client.sign(id, MESSAGES[at] as Uint8Array));
    if (signature !== right.get(`${id} ${at}`)) wrong.push(`a wrong signature of ${id}`);
  };
  const signMany = async (client: Vault): Promise<void> => {
    const id = random.pick(SIGNERS);
    const signatures = (await client.signMany(id, MESSAGES)).map(toHex);
    if (signatures.some((each, at) => each !== right.get(`${id} ${at}`))) wrong.push(`wrong signatures of ${id}`);
  };
  /** A key of a storm's own, from its beginning to its end. */
  const passBy = async (): Promise<void> => {
    const id = `temp/${random.int(SPARE * 2)}`;
    const { publicKey } = await vault.register(id, { type: 'ed25519', from: 'generate' });
    const message = random.bytes(20);
    const signature = await random.pick([vault, ...ports]).sign(id, message);
    if (!ed25519.verify(signature, message, publicKey)) wrong.push(`a wrong signature of ${id}`);
    await vault.release(id);
  };

  const storm = async (client: Vault, isOwner: boolean): Promise<void> => {
    const until = performance.now() + STORM_MS;
    const running: Promise<unknown>[] = [];
    while (performance.now() < until) {
      const what = random.int(isOwner ? 12 : 6);
      if (what < 4) running.push(start('sign', sign(client)));
      else if (what < 6) running.push(start('signMany', signMany(client)));
      else if (what < 8) running.push(start('lock', vault.lock()));
      else if (what < 11) running.push(start('unlock', vault.unlock(password())));
      else running.push(start('pass by', passBy()));
      if (random.int(4) === 0) await wait(random.int(12));
      if (running.length > 50) await Promise.race([running.shift(), atMost(2_000)]);
    }
    await Promise.race([Promise.all(running), atMost(30_000)]);
  };

  await Promise.all([storm(vault, true), storm(vault, true), ...ports.map((port) => storm(port, false))]);
  assert.equal([...pending], [], 'every promise settled');
  assert.equal(wrong.slice(0, 10), []);
  for (const what of ['sign', 'signMany', 'lock', 'unlock', 'pass by', 'sign: ERR_VAULT_LOCKED']) {
    assert.ok((counts[what] ?? 0) > 0, `${what}: ${JSON.stringify(counts)}`);
  }

  await vault.lock();
  await vault.unlock(password());
  for (const { id } of vault.keys()) if (id.startsWith('temp/')) await vault.release(id);
  assert.equal(await answersOf(vault), answers);
  for (let i = 0; i < SPARE; i++) await vault.register(`spare/${i}`, { type: 'ed25519', from: 'generate' });
  await rejects(vault.register('spare/more', { type: 'ed25519', from: 'generate' }), 'ERR_ARENA_FULL');
  await vault.close();
  assert.equal(await vault.closed, { reason: 'closed' });
});

test.run();
