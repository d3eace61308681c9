// What operators of the user's and proofs of possession leave in the process: nothing but the key in its arena, after
// calls that end well, throw, are interrupted, or lose their thread. What is planted is found.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { bls12_381 } from '@noble/curves/bls12-381.js';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import { makeSecret } from '../residue/keys.js';
import { compilePatterns } from '../residue/scanner/patterns.js';
import { type Hit, scanProcess } from '../residue/scanner/scan.js';
import { whyNoScan } from '../residue/scanner/support.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import type { ResidueCommand, ResidueReply } from './fixtures/residue-program.js';

const test = suite("what users' operators and proofs leave");
const PROGRAM = fileURLToPath(new URL('./fixtures/residue-program.js', import.meta.url));

/** What one scan found, as labels with forms in the arenas and in full elsewhere. */
interface Found {
  readonly inArena: readonly string[];
  readonly elsewhere: readonly string[];
}

interface Program {
  start(command: ResidueCommand): Promise<ResidueReply>;
  scan(): Found;
  end(): Promise<void>;
}

const start = async (): Promise<Program> => {
  const secret = makeSecret('x25519');
  const blsSecret = makeSecret('bls12-381');
  const patterns = compilePatterns([
    { label: 'operator key', type: 'x25519', bytes: secret },
    { label: 'BLS key', type: 'bls12-381', bytes: blsSecret },
  ]);
  const child: ChildProcess = spawn(process.execPath, [PROGRAM], { stdio: ['pipe', 'inherit', 'inherit', 'ipc'] });
  const exited = once(child, 'exit');
  await once(child, 'message');
  const show = ({ secret: label, form, bytes, where }: Hit): string =>
    `${label}: ${bytes} bytes of ${form} in ${where}`;
  const ask = async (command: ResidueCommand): Promise<ResidueReply> => {
    const answered = once(child, 'message');
    child.send(command);
    return ((await answered) as [ResidueReply])[0];
  };
  child.stdin?.write(
    Buffer.concat([secret, blsSecret, bls12_381.longSignatures.getPublicKey(blsSecret).toBytes(true)]),
  );
  await ask({ do: 'load' });
  return {
    start: ask,
    scan() {
      const { hits } = scanProcess(child.pid as number, patterns);
      return {
        inArena: hits.flatMap(({ inArena, secret: label, form }) => (inArena ? [`${label}: ${form}`] : [])).sort(),
        elsewhere: hits.filter(({ inArena }) => !inArena).map(show),
      };
    },
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
};

/** Once in the arena, each. */
const AT_REST: Found = { inArena: ['BLS key: bytes', 'operator key: bytes'], elsewhere: [] };

const reason = whyNoScan() ?? (loadSodium() === undefined ? 'sodium-native is missing' : undefined);
if (reason !== undefined) {
  test.skip('the secret is in the arena only', reason);
} else {
  // One program for all tests, in this order: what the last ones plant stays.
  let program: Program;
  test.before(async () => {
    program = await start();
  });
  test.after(() => program.end());

  test('an operator leaves nothing, whether it returns, throws or keeps its view', async () => {
    assert.equal(program.scan(), AT_REST, 'before');
    for (const [how, count, code] of [
      ['return', 200, undefined],
      ['throw', 1, 'ERR_OPERATOR_FAILED'],
      ['keep a view', 20, undefined],
    ] as const) {
      assert.is((await program.start({ do: 'run', how, count })).code, code);
      assert.equal(program.scan(), AT_REST, how);
    }
  });

  test('it is in the window while an operator works, and nowhere when that was interrupted', async () => {
    const waiting = program.start({ do: 'run', how: 'wait', count: 1 });
    let during = AT_REST;
    for (let i = 0; i < 20 && during.inArena.length === AT_REST.inArena.length; i++) {
      await setTimeout(50);
      during = program.scan();
    }
    // The positive control of the window: the secret, and where the operator put it in its scratch.
    const open = [...AT_REST.inArena, 'operator key: bytes', 'operator key: bytes'].sort();
    assert.equal(during, { inArena: open, elsewhere: [] });
    assert.is((await waiting).code, 'ERR_OPERATOR_TIMEOUT');
    assert.equal(program.scan(), AT_REST);
  });

  test('a thread that ends while its operator works leaves nothing', async () => {
    assert.is((await program.start({ do: 'kill a thread' })).code, undefined);
    assert.equal(program.scan(), AT_REST);
  });

  test('a proof of possession leaves nothing, cold or warm', async () => {
    for (const count of [1, 8]) {
      assert.is((await program.start({ do: 'prove', count })).code, undefined);
      assert.equal(program.scan(), AT_REST, `${count} proofs`);
    }
  });

  test('positive controls: a copy that an operator makes is found, and what noble leaves; the wipe takes the rest', async () => {
    await program.start({ do: 'run', how: 'keep a copy', count: 1 });
    await program.start({ do: 'noble' });
    await program.start({ do: 'wipe' });
    const { inArena, elsewhere } = program.scan();
    assert.equal(inArena, []);
    for (const start of ['operator key: 32 bytes of bytes', 'BLS key: 32 bytes of ']) {
      assert.ok(
        elsewhere.some((found) => found.startsWith(start)),
        start,
      );
    }
  });
}

test.run();
