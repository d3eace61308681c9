// Where messages lie, and what becomes of them after the call: a signature is over the bytes of one moment.

import { createPrivateKey, sign as nodeSign } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { openVault, type Vault } from 'strongroom';
import { loadSodium } from '../../dist/workers/providers/native/load.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isRight, nameOf, ONE_OF_EACH, WAYS } from './oracle.js';

const random = seededRandom('operations/messages');
const test = suite('messages');
let vault: Vault;

test.before(async () => {
  vault = await openVault({ threads: 2, keys: ONE_OF_EACH });
});
test.after(() => vault.close());

const isSigned = async (message: Uint8Array, signature: Uint8Array): Promise<boolean> =>
  isRight(await vault.publicKey('ed25519'), 'ed25519', undefined, message, signature);

test('messages of every kind of buffer are signed as the bytes that they show', async () => {
  const bytes = random.bytes(48);
  const large = new Uint8Array(4096);
  large.set(bytes, 1001);
  const shared = new Uint8Array(new SharedArrayBuffer(64), 8, 48);
  shared.set(bytes);
  const ResizableBuffer = ArrayBuffer as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
  const resizable = new Uint8Array(new ResizableBuffer(48, { maxByteLength: 96 }));
  resizable.set(bytes);
  const expected = await vault.sign('ed25519', bytes);
  const messages: Record<string, Uint8Array> = {
    'a slice of the Buffer pool': Buffer.from(bytes),
    'a part of a larger buffer': large.subarray(1001, 1049),
    'shared memory': shared,
    'a resizable buffer': resizable,
    'a subclass': new (class Mine extends Uint8Array {})(bytes),
  };
  for (const [name, message] of Object.entries(messages)) {
    equalBytes(await vault.sign('ed25519', message), expected, name);
    assert.is(await vault.verify('ed25519', message, Buffer.from(expected)), true, name);
    equalBytes((await vault.signMany('ed25519', [message]))[0]!, expected, name);
    equalBytes(await vault.signTogether(['bls12-381'], message), await vault.sign('bls12-381', bytes), name);
  }
  equalBytes(large.subarray(1001, 1049), bytes, 'the message is left as it was');
});

test('the pool that a Buffer message lies in does not go along', async () => {
  const pooled = Buffer.from('a neighbour in the pool');
  const signature = await vault.sign('ed25519', Buffer.from('x'));
  assert.is(pooled.toString(), 'a neighbour in the pool');
  assert.is(signature.buffer.byteLength, 64);
});

for (const way of WAYS) {
  test(`${nameOf(way)}: a message that is changed or detached after the call is signed as it was`, async () => {
    const publicKey = await vault.publicKey(way.type);
    const right = (message: Uint8Array, signature: Uint8Array): boolean =>
      isRight(publicKey, way.scheme, way.hash, message, signature);
    const message = random.bytes(32);
    const original = message.slice();
    const auxRand = way.scheme === 'schnorr' ? random.bytes(32) : undefined;
    const options = auxRand === undefined ? way.options : { ...way.options, auxRand };
    const expected = await vault.sign(way.type, original, options);
    const signing = [vault.sign(way.type, message, options), vault.signMany(way.type, [message], options)] as const;
    message.fill(0xaa);
    auxRand?.fill(0xbb);
    structuredClone(message.buffer, { transfer: [message.buffer] });
    const [single, [many]] = await Promise.all(signing);
    assert.ok(right(original, single));
    equalBytes(single, expected);
    equalBytes(many!, expected);
  });
}

test('a message and a signature that are changed after verify() are judged as they were', async () => {
  const message = random.bytes(32);
  const signature = await vault.sign('ed25519', message);
  const judging = vault.verify('ed25519', message, signature);
  message.fill(0);
  signature.fill(0);
  assert.is(await judging, true);
});

// Another thread flips a few bytes of a shared message all the time. Copies may be of any mix of old and new bytes,
// but each signature must be over one copy. ed25519 reads a message twice, so without a copy of its own the vault would
// make signatures of no message at all. The bytes that change take two values each: every possible copy is known.
const FLIPPING = [0, 9_999, 20_001, 30_000, 40_007, 50_000, 60_001, 65_535];
const LENGTH = 65_536;
const FLIPPER = `
  const { workerData: { message, flipping, running } } = require('node:worker_threads');
  Atomics.store(running, 0, 1);
  Atomics.notify(running, 0);
  for (let state = 1; Atomics.load(running, 0) === 1; state = (Math.imul(state, 1103515245) + 12345) >>> 0) {
    for (let i = 0; i < flipping.length; i++) message[flipping[i]] = (state >>> (i + 8)) & 1;
  }`;

/** The signature over every copy that can be made, by another implementation: ed25519 signatures are deterministic. */
const possibleSignatures = (seed: Uint8Array): Set<string> => {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const message = new Uint8Array(LENGTH);
  const signatures = new Set<string>();
  for (let mix = 0; mix < 1 << FLIPPING.length; mix++) {
    FLIPPING.forEach((at, i) => {
      message[at] = (mix >>> i) & 1;
    });
    signatures.add(nodeSign(null, message, key).toString('hex'));
  }
  return signatures;
};

test('a message that another thread changes is signed as it was at one moment', async () => {
  const seed = random.bytes(32);
  const possible = possibleSignatures(seed);
  const expanded = new Uint8Array(64);
  const sodium = loadSodium();
  sodium?.crypto_sign_seed_keypair(new Uint8Array(32), expanded, seed);
  await vault.register('known', { type: 'ed25519', from: { bytes: seed } });

  const message = new Uint8Array(new SharedArrayBuffer(LENGTH));
  const running = new Int32Array(new SharedArrayBuffer(4));
  const flipper = new Worker(FLIPPER, { eval: true, workerData: { message, flipping: FLIPPING, running } });
  try {
    Atomics.wait(running, 0, 0, 10_000);
    const seen = new Set<string>();
    for (let round = 0; round < 20; round++) {
      const signatures = await Promise.all([
        ...Array.from({ length: 8 }, () => vault.sign('known', message)),
        ...(await vault.signMany('known', [message, message])),
      ]);
      for (const signature of signatures) seen.add(Buffer.from(signature).toString('hex'));
    }
    assert.ok(seen.size > 1, 'positive control: the message changed between calls');
    for (const signature of seen) assert.ok(possible.has(signature), 'a signature over no copy of the message');

    if (sodium === undefined) return;
    let torn = false;
    for (let round = 0; round < 2000 && !torn; round++) {
      const signature = new Uint8Array(64);
      sodium.crypto_sign_detached(signature, message, expanded);
      torn = !possible.has(Buffer.from(signature).toString('hex'));
    }
    assert.ok(torn, 'positive control: without a copy, signatures over no message are made');
  } finally {
    Atomics.store(running, 0, 2);
    await new Promise((resolve) => flipper.once('exit', resolve));
  }
});

test('a length-tracking message over a buffer that grows is signed as it was', async () => {
  const buffer = new SharedArrayBuffer(16, { maxByteLength: 64 } as never);
  const message = new Uint8Array(buffer);
  message.set(random.bytes(16));
  const original = Uint8Array.from(message);
  const signing = vault.sign('ed25519', message);
  (buffer as SharedArrayBuffer & { grow(length: number): void }).grow(64);
  assert.ok(await isSigned(original, await signing));
});

test.run();
