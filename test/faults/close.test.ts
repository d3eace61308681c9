// How a vault and its process end: in order under load, by themselves, and abruptly without an abort.
import { setTimeout as sleep } from 'node:timers/promises';
import { openVault } from 'strongroom';
import { assert, rejects } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { isSlowRun } from '../support/share.js';
import { suite } from '../support/suite.js';
import { holdings } from './fixtures/measure.js';

const KEYS = {
  ed: { type: 'ed25519', from: 'generate' },
  ec: { type: 'secp256k1', from: 'generate' },
  bls: { type: 'bls12-381', from: 'generate' },
} as const;
const MESSAGE = new Uint8Array(32).fill(7);
const test = suite('the end of a vault');

/** Waits for threads that are just ending. */
const threadsAre = async (expected: number): Promise<void> => {
  for (let i = 0; i < 100 && holdings().threads > expected; i++) await sleep(20);
  assert.ok(holdings().threads <= expected, `expected ${expected} threads, got ${holdings().threads}`);
};

test('close() under load answers what was accepted and refuses what comes after', async () => {
  const first = await openVault({ threads: 2, keys: KEYS });
  await first.close();
  const { threads } = holdings();
  const vault = await openVault({ threads: 2, keys: KEYS });
  const accepted = [
    ...Array.from({ length: 4096 }, () => vault.sign('ed', MESSAGE)),
    ...Array.from({ length: 1024 }, () => vault.sign('ec', MESSAGE)),
    ...Array.from({ length: 256 }, () => vault.sign('bls', MESSAGE)),
    vault.signMany('ec', Array(1024).fill(MESSAGE)),
    vault.signTogether(['bls'], MESSAGE),
    vault.publicKey('ed'),
    vault.release('bls'),
  ];
  const closing = vault.close();
  await rejects(vault.sign('ed', MESSAGE), 'ERR_VAULT_CLOSED');
  await rejects(vault.signMany('ed', [MESSAGE]), 'ERR_VAULT_CLOSED');
  await rejects(vault.publicKey('ed'), 'ERR_VAULT_CLOSED');
  await rejects(vault.release('ed'), 'ERR_VAULT_CLOSED');
  await rejects(vault.register('later', { type: 'ed25519', from: 'generate' }), 'ERR_VAULT_CLOSED');
  assert.is(vault.close(), closing, 'closing twice is closing once');
  const results = await Promise.allSettled(accepted);
  const [refused] = results.filter((result) => result.status === 'rejected');
  assert.is(refused, undefined, String((refused as PromiseRejectedResult | undefined)?.reason));
  await closing;
  assert.equal(await vault.closed, { reason: 'closed' });
  await rejects(vault.sign('ed', MESSAGE), 'ERR_VAULT_CLOSED');
  await vault.close();
  await threadsAre(threads);
});

test('a vault that could not open leaves no thread behind, however often', async () => {
  const bad = { key: { type: 'ed25519', from: { env: 'STRONGROOM_TEST_NO_SUCH_VARIABLE' } } } as const;
  await rejects(openVault({ threads: 2, keys: { ...KEYS, ...bad } }), 'ERR_VAULT_STARTUP');
  const { threads } = holdings();
  for (let i = 0; i < 3; i++) {
    await rejects(openVault({ threads: 2, keys: { ...KEYS, ...bad } }), 'ERR_VAULT_STARTUP');
  }
  await threadsAre(threads);
});

/** A program that opens a vault with work to do, then does something about it. */
const program = (act: string): string => `
  import { openVault } from 'strongroom';
  const message = new Uint8Array(32).fill(7);
  const vault = await openVault({ threads: 2, keys: ${JSON.stringify(KEYS)} });
  const sign = (count) => ['ed', 'ec', 'bls'].flatMap((id) =>
    Array.from({ length: count }, () => vault.sign(id, message)));
  ${act}`;

const LANES = `
  const lane = async (id) => { for (;;) await vault.sign(id, message).catch(() => {}); };
  for (let i = 0; i < 1000; i++) for (const id of ['ed', 'ec']) void lane(id);
  for (let i = 0; i < 50; i++) void lane('bls');`;

interface Ending {
  readonly act: string;
  readonly code: number;
  readonly stdout?: string;
  /** Of a run that does everything: its moment is another each time. */
  readonly times?: number;
}

const ENDINGS: Readonly<Record<string, Ending>> = {
  'a process with an idle open vault ends by itself': { act: '', code: 0 },
  'a process whose vault was idle for a while ends by itself': {
    act: `await Promise.all(sign(100)); setTimeout(() => console.log('idle'), 300);`,
    code: 0,
    stdout: 'idle\n',
  },
  'work in hand keeps the process alive until it is answered': {
    act: `Promise.all(sign(1000)).then((signatures) => console.log(signatures.length));`,
    code: 0,
    stdout: '3000\n',
  },
  'a process that closes its vault under load ends by itself': {
    act: `const work = Promise.all(sign(1000)); await vault.close(); console.log((await work).length);`,
    code: 0,
    stdout: '3000\n',
  },
  'a process that awaits the end of an idle vault that nobody closes does not hang': {
    act: 'await vault.closed;',
    code: 13,
  },
  'process.exit() under load ends with its code': {
    act: `${LANES} setTimeout(() => process.exit(7), 60 + Math.random() * 60);`,
    code: 7,
    times: 3,
  },
  'process.exit() while the vault opens ends with its code': {
    act: `void openVault({ threads: 2, keys: ${JSON.stringify(KEYS)} }); setTimeout(() => process.exit(7), Math.random() * 300);`,
    code: 7,
    times: 3,
  },
  'process.exit() while the vault closes ends with its code': {
    act: `void Promise.all(sign(500)); void vault.close(); setTimeout(() => process.exit(7), Math.random() * 60);`,
    code: 7,
    times: 3,
  },
  'an uncaught error under load ends the process with code 1': {
    act: `${LANES} setTimeout(() => { throw new Error('nobody catches this'); }, 80);`,
    code: 1,
    times: 3,
  },
};

for (const [name, { act, code, stdout, times = 1 }] of Object.entries(ENDINGS)) {
  test(name, async () => {
    for (let time = 0; time < (isSlowRun() ? times : 1); time++) {
      const result = await runNode(program(act), { timeoutMs: 30_000 });
      assert.equal(
        { code: result.code, signal: result.signal, timedOut: result.timedOut },
        { code, signal: null, timedOut: false },
        result.stderr,
      );
      if (stdout !== undefined) assert.is(result.stdout, stdout);
    }
  });
}

test.run();
