// What operators compute on their way is as good as a key, or opens what it was made for: none of it may stay in the
// process, and a key may be in its slot alone. The process is read from outside, and each zero has a control.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { reversed, toBigInt } from '../residue/scanner/derived.js';
import type { Secret } from '../residue/scanner/forms.js';
import { compilePatterns } from '../residue/scanner/patterns.js';
import { type Hit, scanProcess } from '../residue/scanner/scan.js';
import { whyNoScan } from '../residue/scanner/support.js';
import { hmacOf, hmacTraces, type Trace, xchachaTraces } from '../residue/scanner/traces.js';
import { assert } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import type { Plan, Task } from './fixtures/operate.js';
import { boxNonce, hsalsaOf, NO_NATIVE, native, sealTo } from './rig.js';

const test = suite('residue of operators');
const random = seededRandom('operators/residue');
const PROGRAM = fileURLToPath(new URL('./fixtures/operate.js', import.meta.url));
/** Enough for the engine to have optimised what is called, which changes where values lie on the stack. */
const TIMES = 200;

const makeSecret = (length = 32): Uint8Array => {
  const secret = random.bytes(length);
  secret[0] = (secret[0]! & 0x3f) | 1;
  return secret;
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Little-endian limbs of a number, each in a word of 8 bytes: as C libraries keep field elements. */
const limbs = (value: bigint, bits: bigint): Uint8Array => {
  const made = BigUint64Array.from({ length: 5 }, (_, i) => (value >> (bits * BigInt(i))) & ((1n << bits) - 1n));
  return new Uint8Array(made.buffer);
};

/** Everything between an agreement and the key that HKDF makes of it. */
const agreementTraces = (type: 'x25519' | 'secp256k1', shared: Uint8Array, y: Uint8Array | undefined): Trace[] => {
  const x = type === 'x25519' ? toBigInt(reversed(shared)) : toBigInt(shared.subarray(1));
  const prk = hmacOf('sha256', new Uint8Array(32), shared);
  return [
    { name: `${type} coordinate`, type: 'number', bytes: shared.slice(-32) },
    { name: `${type} coordinate, limbs`, type: 'layout', bytes: limbs(x, type === 'x25519' ? 51n : 52n) },
    ...(y === undefined
      ? []
      : [
          { name: 'second coordinate', type: 'number', bytes: y } as const,
          { name: 'second coordinate, limbs', type: 'layout', bytes: limbs(toBigInt(y), 52n) } as const,
        ]),
    { name: `PRK of ${type}`, type: 'number', bytes: prk },
    ...hmacTraces(`PRK of ${type}`, prk, 'sha256'),
  ];
};

/** The keys of a box: of the two keys, and of that and the nonce. */
const boxTraces = (secret: Uint8Array, sealed: Uint8Array): Trace[] => {
  const once = sealed.slice(0, 32);
  const shared = x25519.getSharedSecret(secret, once);
  const nonce = boxNonce(once, x25519.getPublicKey(secret));
  const key = hsalsaOf(shared, new Uint8Array(16));
  return [
    { name: 'coordinate of a box', type: 'number', bytes: shared },
    { name: 'coordinate of a box, limbs', type: 'layout', bytes: limbs(toBigInt(reversed(shared)), 51n) },
    { name: 'key of a box', type: 'number', bytes: key },
    { name: 'subkey of a box', type: 'number', bytes: hsalsaOf(key, nonce.subarray(0, 16)) },
  ];
};

const asSecrets = (traces: readonly Trace[]): Secret[] => traces.map(({ name, ...rest }) => ({ label: name, ...rest }));

const show = (hits: readonly Hit[]): string[] =>
  hits.map(({ secret, form, bytes, where }) => `${secret}: ${bytes} bytes of ${form} in ${where}`).sort();

interface Keys {
  readonly plan: Plan;
  readonly secrets: readonly Uint8Array[];
  readonly keys: readonly Secret[];
  readonly traces: readonly Trace[];
}

const makeKeys = (): Keys => {
  const [agreeing, point, aead, hmac] = [makeSecret(), makeSecret(), makeSecret(), makeSecret(48)] as const;
  const peer = x25519.getPublicKey(random.bytes(32));
  const peerPoint = secp256k1.getPublicKey(makeSecret(), false);
  const sealed = sealTo(x25519.getPublicKey(agreeing), random.bytes(1100), random.bytes(32));
  const product = secp256k1.getSharedSecret(point, peerPoint, false);
  const nonce = random.bytes(24);
  const cipher = xchacha20poly1305(aead, nonce, fromHex('bb'));
  const encrypted = Buffer.concat([nonce, cipher.encrypt(random.bytes(200))]);
  const tasks: Task[] = [
    // What agree-raw answers is for the caller: it has peers of its own.
    { name: 'agree-raw', key: 0, input: { peer: toHex(x25519.getPublicKey(random.bytes(32))) } },
    { name: 'agree-raw', key: 1, input: { peer: toHex(secp256k1.getPublicKey(makeSecret(), true)) } },
    { name: 'agree', key: 0, input: { peer: toHex(peer), info: 'aa' } },
    { name: 'agree', key: 1, input: { peer: toHex(peerPoint), info: 'aa' } },
    { name: 'open', key: 0, input: { sealed: toHex(sealed) } },
    { name: 'seal', key: 0, input: { message: 'aabb' } },
    { name: 'encrypt', key: 2, input: { message: toHex(random.bytes(200)), associated: 'bb' } },
    { name: 'decrypt', key: 2, input: { sealed: toHex(encrypted), associated: 'bb' } },
    { name: 'mac', key: 3, input: { message: toHex(random.bytes(300)) } },
    { name: 'mac', key: 3, input: { message: toHex(random.bytes(300)), hash: 'sha512' } },
  ];
  const types = ['x25519', 'secp256k1', 'aead', 'hmac'] as const;
  const secrets = [agreeing, point, aead, hmac];
  const keys = secrets.map((bytes, i): Secret => ({ label: types[i] as string, type: types[i] as string, bytes }));
  return {
    plan: { keys: secrets.map(({ length }, i) => ({ type: types[i]!, length })), tasks, times: TIMES },
    secrets,
    keys,
    traces: [
      ...agreementTraces('x25519', x25519.getSharedSecret(agreeing, peer), undefined),
      ...agreementTraces('secp256k1', secp256k1.getSharedSecret(point, peerPoint, true), product.slice(33)),
      ...boxTraces(agreeing, sealed),
      ...hmacTraces('HMAC key', hmac, 'sha256'),
      ...hmacTraces('HMAC key', hmac, 'sha512').slice(2),
      ...xchachaTraces(aead, nonce).slice(1),
    ],
  };
};

interface Program {
  readonly pid: number;
  run(action: string, task?: number): Promise<unknown>;
  end(): void;
}

const startProgram = (plan: Plan, secrets: readonly Uint8Array[]): Program => {
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, JSON.stringify(plan)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  return {
    pid: child.pid as number,
    async run(action, task) {
      const more = action === 'load' ? secrets : task === undefined ? [] : [Uint8Array.of(task)];
      child.stdin?.write(Buffer.concat([text(action[0] ?? ''), ...more]));
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the program ended while it was to ${action}`);
      return JSON.parse(value as string);
    },
    end: () => void child.kill('SIGKILL'),
  };
};

const reason = native === undefined ? NO_NATIVE : whyNoScan();

if (reason !== undefined) test.skip('operators leave nothing but the keys in their slots', reason);
else {
  test('operators leave nothing but the keys in their slots, and nothing when these are wiped', async () => {
    const { plan, secrets, keys, traces } = makeKeys();
    const program = startProgram(plan, secrets);
    const inSlots = secrets.map((bytes, i) => `${keys[i]?.label}: ${bytes.length} bytes of bytes in the arena`).sort();
    try {
      await program.run('load');
      const patterns = compilePatterns([...keys, ...asSecrets(traces)]);
      // After each operator by itself: the next would use the same stretch of stack.
      for (const [place, { name, key }] of plan.tasks.entries()) {
        const nonces = (await program.run('operate', place)) as string[];
        assert.is(nonces.length > 0, name === 'encrypt');
        const subkeys = nonces.flatMap((nonce) => xchachaTraces(secrets[key]!, fromHex(nonce)).slice(1));
        const sought = nonces.length === 0 ? patterns : compilePatterns([...keys, ...asSecrets(subkeys)]);
        assert.equal(show(scanProcess(program.pid, sought).hits), inSlots, `${name} of ${keys[key]?.label}`);
      }
      // The control: what is left lying half-way is found, and where it is.
      await program.run('halfway');
      const halfway = ['x25519', 'secp256k1'].flatMap((type) => [`${type} coordinate`, `PRK of ${type}`]);
      const found = [...inSlots, ...halfway.map((name) => `${name}: 32 bytes of bytes in the arena`)].sort();
      assert.equal(show(scanProcess(program.pid, patterns).hits), found);
      await program.run('release');
      assert.equal(show(scanProcess(program.pid, patterns).hits), []);
    } finally {
      program.end();
    }
  });
}

test.run();
