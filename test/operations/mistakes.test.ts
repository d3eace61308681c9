// Callers' mistakes: TypeError and RangeError, found before anything is sent, that say what was expected and what was
// found, and never what it held.
import { inspect } from 'node:util';
import { openVault, type Vault, VaultError } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { ONE_OF_EACH } from './oracle.js';

const test = suite("callers' mistakes");
const DIGEST = new Uint8Array(32);
let vault: Vault;

test.before(async () => {
  vault = await openVault({ threads: 1, keys: ONE_OF_EACH });
});
test.after(() => vault.close());

const sign = (id: string, message: unknown, options?: unknown): Promise<Uint8Array> =>
  vault.sign(id, message as Uint8Array, options as never);

test('a message is a Uint8Array', async () => {
  const wrong: [unknown, string][] = [
    ['text', 'string'],
    [undefined, 'undefined'],
    [null, 'null'],
    [7, 'number'],
    [[1, 2], 'Array'],
    [new ArrayBuffer(4), 'ArrayBuffer'],
    [new SharedArrayBuffer(4), 'SharedArrayBuffer'],
    [new Uint16Array(4), 'Uint16Array'],
    [new DataView(new ArrayBuffer(4)), 'DataView'],
    [{ length: 32 }, 'Object'],
    [Object.create(Uint8Array.prototype), 'Uint8Array'],
    [Object.create(null), 'an object'],
  ];
  for (const [message, found] of wrong) {
    const { message: text } = await rejects(sign('ed25519', message), TypeError);
    assert.is(text, `"message" expected a Uint8Array, got ${found}`);
  }
});

test('a digest has 32 bytes', async () => {
  for (const length of [0, 31, 33, 64]) {
    for (const scheme of ['ecdsa', 'ecdsa-recoverable']) {
      const { message } = await rejects(sign('secp256k1', new Uint8Array(length), { scheme }), RangeError);
      assert.is(message, `"digest" expected 32 bytes, got ${length}`);
    }
  }
});

test('a message has at most 256 MiB', async () => {
  // Not touched, so never in memory.
  const { message } = await rejects(sign('ed25519', new Uint8Array(256 * 1024 * 1024 + 1)), RangeError);
  assert.is(message, '"message" expected at most 268435456 bytes, got 268435457');
});

test('a detached message is no empty message', async () => {
  const message = new Uint8Array(32);
  structuredClone(message.buffer, { transfer: [message.buffer] });
  const detached = /expected bytes, got a detached buffer/;
  await rejects(sign('ed25519', message), TypeError, detached);
  await rejects(vault.signMany('ed25519', [DIGEST, message]), TypeError, detached);
  await rejects(vault.signTogether(['bls12-381'], message), TypeError, detached);
  await rejects(vault.verify('ed25519', message, new Uint8Array(64)), TypeError, detached);
  await rejects(sign('secp256k1', message), RangeError, /expected 32 bytes, got 0/);
});

test('options are an object of known schemes and hashes', async () => {
  const wrong: [unknown, RegExp][] = [
    [null, /"options" expected an object, got null/],
    ['ecdsa', /"options" expected an object, got string/],
    [{ scheme: 'rsa' }, /"scheme" expected one of ed25519, ecdsa, .*, got string/],
    [{ scheme: 'constructor' }, /"scheme" expected one of/],
    [{ scheme: 7 }, /"scheme" expected one of .*, got number/],
    [{ hash: 'md5' }, /"hash" expected one of sha256, keccak256, sha256d, got string/],
    [{ hash: null }, /"hash" expected one of .*, got null/],
    [{ auxRand: DIGEST }, /"auxRand" goes with scheme schnorr, got ecdsa/],
    [{ scheme: 'schnorr', auxRand: 'aa' }, /"auxRand" expected a Uint8Array, got string/],
  ];
  for (const [options, message] of wrong) await rejects(sign('secp256k1', DIGEST, options), TypeError, message);
  const short = { scheme: 'schnorr', auxRand: new Uint8Array(31) };
  await rejects(sign('secp256k1', DIGEST, short), RangeError, /"auxRand" expected 32 bytes, got 31/);
  await rejects(sign('ed25519', DIGEST, { hash: 'sha256' }), TypeError, /"ed25519" is of type ed25519/);
  await rejects(vault.signMany('ed25519', 'text' as never), TypeError, /"messages" expected an array, got string/);
});

test('no mistake throws at once: each is a rejection', async () => {
  for (const call of [
    () => sign('', 1),
    () => vault.signMany('', []),
    () => vault.release(''),
    () => vault.publicKey(''),
  ]) {
    const promise = call();
    assert.instance(promise, Promise);
    await rejects(promise, TypeError);
  }
});

test('an error of the vault is a VaultError with a stack of this thread, and holds nothing else', async () => {
  const error = await rejects(sign('nobody', DIGEST), 'ERR_KEY_NOT_FOUND');
  assert.instance(error, VaultError);
  assert.equal(Object.keys(error).sort(), ['code', 'keyId', 'name']);
  assert.is(error.name, 'VaultError');
  assert.match(error.stack ?? '', /mistakes\.test\.js/);
  const inside = await rejects(
    vault.register('bad', { type: 'ed25519', from: { bytes: new Uint8Array(9) } }),
    'ERR_KEY_LENGTH',
  );
  assert.not.match(inspect(inside, { showHidden: true, depth: 9 }), /workers[\\/]/);
});

test('after all of this the vault signs', async () => {
  equalBytes(await sign('ed25519', DIGEST), await sign('ed25519', DIGEST));
});

test.run();
