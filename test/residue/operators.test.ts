// What operators leave in a process with a real vault: each key once, in its slot, and nothing of what they compute on
// their way; whether a few calls are done in the vault thread, or thousands by the signers; and nothing once the keys are
// released. test/operators and test/custom look at the modules by themselves.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import type { KeySpec, KeyType, Operation } from 'strongroom';
import { NO_NATIVE, native, sealTo } from '../operators/rig.js';
import { assert } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { share } from '../support/share.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';
import { makeKey } from './keys.js';
import type { Input, OperateAnswer, OperateCommand } from './operators-program.js';
import { agreementTraces, boxTraces } from './operators-traces.js';
import type { Secret } from './scanner/forms.js';
import { compilePatterns, type PatternSet } from './scanner/patterns.js';
import { scanProcess } from './scanner/scan.js';
import { whyNoScan } from './scanner/support.js';
import { hmacTraces, type Trace, xchachaTraces } from './scanner/traces.js';
import { deriveAlong, stepsOf } from './scanner/trees.js';

const test = suite('what operators leave in a process with a vault');
test.timeout(90_000);
const random = seededRandom('residue/operators');
const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Task {
  readonly id: string;
  readonly operator: string;
  readonly input: Input;
  /** Few calls, and many. */
  readonly counts: readonly number[];
  /** The one answer, where it is always the same. */
  readonly answer?: Uint8Array;
}

interface Plan {
  readonly specs: Readonly<Record<string, KeySpec>>;
  readonly keys: readonly Secret[];
  readonly traces: readonly Trace[];
  readonly tasks: readonly Task[];
  readonly aead: Uint8Array;
}

const ALLOW: Readonly<Partial<Record<KeyType, readonly Operation[]>>> = {
  x25519: ['agree', 'agree-raw', 'open', 'residue/inline', 'residue/pool'],
  secp256k1: ['agree', 'agree-raw'],
  aead: ['encrypt', 'decrypt', 'residue/inline', 'residue/pool'],
};
const BULK = [3, 2000] as const;
const CALLS = [1, 40] as const;
const PATH = "m/44'/60'";

const sha256 = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(createHash('sha256').update(Buffer.concat(parts)).digest());

/** What the custom operator keeps in its scratch, and what it answers. */
const customDerived = (secret: Uint8Array): Uint8Array => sha256(new Uint8Array(1), secret);

const makePlan = (): Plan => {
  const folder = tempFolder();
  const types = ['x25519', 'secp256k1', 'aead', 'hmac', 'bls12-381', 'seed'] as const;
  const made = types.map((type) => makeKey(type, 'file hex', folder, 'key')!);
  const [box, point, aead, hmac, , seed] = made.map(({ secret }) => secret!.bytes) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  const peer = x25519.getPublicKey(random.bytes(32));
  const scalar = random.bytes(32);
  scalar[0] = 1;
  const peerPoint = secp256k1.getPublicKey(scalar, true);
  // What agree-raw answers is for the caller: it has peers of its own.
  const otherScalar = random.bytes(32);
  otherScalar[0] = 1;
  const message = random.bytes(100);
  const sealed = sealTo(x25519.getPublicKey(box), message, random.bytes(32));
  const nonce = random.bytes(24);
  const encrypted = Buffer.concat([nonce, xchacha20poly1305(aead, nonce).encrypt(message)]);
  const text = toHex(random.bytes(200));
  const custom = (id: string, secret: Uint8Array): Task[] =>
    (['residue/inline', 'residue/pool'] as const).map((operator) => ({
      id,
      operator,
      input: 'derive',
      counts: CALLS,
      answer: sha256(customDerived(secret)),
    }));
  const frame = (id: string, operator: string, input: Input, answer?: Uint8Array): Task => ({
    id,
    operator,
    input,
    counts: BULK,
    ...(answer !== undefined && { answer }),
  });
  return {
    specs: Object.fromEntries(
      made.map(({ id, type, from }) => [id, { type, from, ...(ALLOW[type] && { allow: ALLOW[type] }) } as KeySpec]),
    ),
    keys: made.map(({ secret }) => secret!),
    aead,
    tasks: [
      frame('x25519/key', 'agree-raw', { peer: toHex(x25519.getPublicKey(random.bytes(32))) }),
      frame('secp256k1/key', 'agree-raw', { peer: toHex(secp256k1.getPublicKey(otherScalar, true)) }),
      frame('x25519/key', 'agree', { peer: toHex(peer), info: 'aa' }),
      frame('secp256k1/key', 'agree', { peer: toHex(peerPoint), info: 'aa' }),
      frame('x25519/key', 'open', { sealed: toHex(sealed) }, message),
      frame('x25519/key', 'seal', { message: 'aabb' }),
      frame('aead/key', 'decrypt', { sealed: toHex(encrypted) }, message),
      frame('aead/key', 'encrypt', { message: text }),
      frame('hmac/key', 'mac', { message: text }),
      frame('hmac/key', 'mac', { message: text, hash: 'sha512' }),
      { id: 'bls12-381/key', operator: 'provePossession', input: undefined, counts: CALLS },
      { id: 'seed/key', operator: 'extendedPublicKey', input: { path: PATH }, counts: CALLS },
      ...custom('x25519/key', box),
      ...custom('aead/key', aead),
    ],
    traces: [
      ...agreementTraces('x25519', x25519.getSharedSecret(box, peer)),
      ...agreementTraces('secp256k1', secp256k1.getSharedSecret(point, peerPoint, true)),
      ...boxTraces(box, sealed),
      ...xchachaTraces(aead, nonce).slice(1),
      ...hmacTraces('HMAC key', hmac, 'sha256'),
      ...hmacTraces('HMAC key', hmac, 'sha512').slice(2),
      // The answer has the last chain code.
      ...deriveAlong('secp256k1', seed, stepsOf(PATH)).traces.filter(({ name }) => !name.includes('of the key')),
      { name: 'derived by a custom operator', type: 'number', bytes: customDerived(box) },
      { name: 'derived by a custom operator of the aead key', type: 'number', bytes: customDerived(aead) },
    ],
  };
};

const asSecrets = (traces: readonly Trace[]): Secret[] => traces.map(({ name, ...rest }) => ({ label: name, ...rest }));

interface Program {
  run(command: OperateCommand): Promise<OperateAnswer>;
  /** What is found, with where it is. */
  scan(patterns: PatternSet): string[];
  write(bytes: Uint8Array): void;
  end(): Promise<void>;
}

const startProgram = async (): Promise<Program> => {
  const child = spawn(process.execPath, [fileOf('./operators-program.js')], {
    stdio: ['pipe', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const gone = exited.then(([code, signal]) => Promise.reject(new Error(`the program ended: ${code ?? signal}`)));
  gone.catch(() => undefined);
  await Promise.race([once(child, 'message'), gone]);
  return {
    async run(command) {
      const answered = once(child, 'message') as Promise<[OperateAnswer]>;
      child.send(command);
      const [answer] = await Promise.race([answered, gone]);
      assert.is(answer.code, undefined, 'operator' in command ? `${command.operator} of ${command.id}` : command.do);
      return answer;
    },
    scan: (patterns) =>
      scanProcess(child.pid as number, patterns)
        .hits.map(({ secret, form, bytes, where }) => `${secret}: ${bytes} bytes of ${form} in ${where}`)
        .sort(),
    write: (bytes) => void child.stdin?.write(bytes),
    async end() {
      child.kill('SIGKILL');
      await exited;
    },
  };
};

const reason = native === undefined ? NO_NATIVE : whyNoScan();
if (reason !== undefined) test.skip('each key is in its slot and nothing else is anywhere', reason);
else {
  test('each key is in its slot and nothing else is anywhere, after few calls and thousands; and nothing of the keys once they are released', async () => {
    const { specs, keys, traces, tasks, aead } = makePlan();
    const program = await startProgram();
    const patterns = compilePatterns([...keys, ...asSecrets(traces)]);
    const inSlots = keys.map(({ label, bytes }) => `${label}: ${bytes.length} bytes of bytes in the arena`).sort();
    try {
      const operators = {
        'residue/inline': fileOf('./operators-custom.js'),
        'residue/pool': fileOf('./operators-custom-pool.js'),
      };
      await program.run({ do: 'open', keys: specs, operators });
      assert.equal(program.scan(patterns), inSlots, 'loaded');
      const nonces: Uint8Array[] = [];
      // A scan after each takes long: of some after few and after many calls, of all at the end.
      const scanned = new Set(share(random, tasks, 1 / 3));
      for (const task of tasks) {
        const { id, operator, input, counts, answer } = task;
        for (const count of counts) {
          const { answers = [] } = await program.run({ do: 'execute', id, operator, input, count });
          assert.ok(answers.length > 0);
          if (answer !== undefined) assert.equal(answers, [toHex(answer)], operator);
          if (operator === 'encrypt') nonces.push(...answers.slice(-40).map((each) => fromHex(each.slice(0, 48))));
          if (!scanned.has(task)) continue;
          assert.equal(program.scan(patterns), inSlots, `${count} × ${operator} of ${id}`);
        }
      }
      assert.equal(program.scan(patterns), inSlots, 'after all of them');
      // Their subkeys are known only now.
      assert.ok(nonces.length > 40);
      const subkeys = compilePatterns(asSecrets(nonces.flatMap((nonce) => xchachaTraces(aead, nonce).slice(1))));
      assert.equal(program.scan(subkeys), []);

      await program.run({ do: 'release' });
      assert.equal(program.scan(patterns), [], 'released');

      // The controls: what lies in ordinary memory is found, also in the vault thread and in a signer.
      const planted = traces.filter(({ name }) =>
        /^(PRK|shared secret) of (x25519|secp256k1)$|^key of a box$/.test(name),
      );
      assert.is(planted.length, 5);
      for (const { bytes } of planted) {
        program.write(bytes);
        await program.run({ do: 'keep', bytes: bytes.length });
      }
      await program.run({ do: 'open', keys: specs, operators });
      const elsewhere = (found: readonly string[]): string[] => found.filter((each) => !inSlots.includes(each));
      const seen = elsewhere(program.scan(patterns)).map((each) => each.split(':')[0] as string);
      for (const { name } of planted) assert.ok(seen.includes(name), name);
      for (const [id, operator] of [
        ['x25519/key', 'residue/inline'],
        ['aead/key', 'residue/pool'],
      ] as const) {
        await program.run({ do: 'execute', id, operator, input: 'keep', count: 1 });
        assert.ok(elsewhere(program.scan(patterns)).some((each) => each.startsWith(`${id}: 32 bytes of bytes in `)));
      }
    } finally {
      await program.end();
    }
  });
}

test.run();
