// Keys from bytes: handed off whole, so that the caller has nothing left, whatever kind of memory they lay in.
import { ed25519 } from '@noble/curves/ed25519.js';
import { openVault, type Vault } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const random = seededRandom('start/bytes');
const test = suite('keys from bytes');
let vault: Vault;
let next = 0;

test.before(async () => {
  vault = await openVault({ threads: 1 });
});
test.after(() => vault.close());

/** Register an ed25519 key from bytes, whose public key is then the expected one. */
const register = async (bytes: Uint8Array | ArrayBuffer, expected: Uint8Array): Promise<void> => {
  const { publicKey, source } = await vault.register(`key/${next++}`, {
    type: 'ed25519',
    from: { bytes, encoding: 'raw' },
  });
  equalBytes(publicKey, expected);
  assert.is(source, 'bytes');
};
const secret = (): { readonly bytes: Uint8Array<ArrayBuffer>; readonly publicKey: Uint8Array } => {
  const bytes = random.bytes(32);
  return { bytes, publicKey: ed25519.getPublicKey(bytes.slice()) };
};
const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

test('a buffer that is handed off whole is detached, before the call returns anything', async () => {
  const { bytes, publicKey } = secret();
  await register(bytes, publicKey);
  assert.equal([bytes.length, bytes.buffer.byteLength], [0, 0]);
  const other = secret();
  const { buffer } = other.bytes;
  await register(buffer, other.publicKey);
  assert.is(buffer.byteLength, 0);
});

test('a part of a larger buffer is zeroed, and what lies around it stays', async () => {
  const { bytes, publicKey } = secret();
  const large = new Uint8Array(96).fill(7);
  large.set(bytes, 32);
  await register(large.subarray(32, 64), publicKey);
  assert.equal(large.length, 96);
  assert.ok(isZero(large.subarray(32, 64)));
  assert.ok([...large.subarray(0, 32), ...large.subarray(64)].every((byte) => byte === 7));
});

test('a slice of the Buffer pool is zeroed, and its neighbours stay', async () => {
  const { bytes, publicKey } = secret();
  const [before, pooled, after] = [Buffer.from('before it'), Buffer.from(bytes), Buffer.from('after it')];
  assert.is(pooled.buffer, before.buffer, 'positive control: they share the pool');
  await register(pooled, publicKey);
  assert.is(pooled.length, 32);
  assert.ok(isZero(pooled));
  assert.equal([before.toString(), after.toString()], ['before it', 'after it']);
});

test('shared memory is zeroed', async () => {
  const { bytes, publicKey } = secret();
  const shared = new Uint8Array(new SharedArrayBuffer(32));
  shared.set(bytes);
  await register(shared, publicKey);
  assert.ok(isZero(shared));
});

test('a large PEM text, which is transferred as it is, is detached', async () => {
  const { bytes, publicKey } = secret();
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), bytes]);
  const text = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64')}\n-----END PRIVATE KEY-----\n`;
  const pem = Uint8Array.from(Buffer.from(text));
  const { publicKey: made } = await vault.register('pem', { type: 'ed25519', from: { bytes: pem } });
  equalBytes(made, publicKey);
  assert.is(pem.length, 0);
});

test('bytes that are no key are consumed all the same', async () => {
  const cases: [number, string][] = [
    [0, 'ERR_SOURCE_EMPTY'],
    [31, 'ERR_KEY_LENGTH'],
    [33, 'ERR_KEY_LENGTH'],
    [65_537, 'ERR_SOURCE_TOO_LARGE'],
  ];
  for (const [length, code] of cases) {
    const whole = new Uint8Array(length).fill(1);
    const error = await rejects(
      vault.register('bad', { type: 'ed25519', from: { bytes: whole, encoding: 'raw' } }),
      code as never,
    );
    assert.not.match(error.message, /01010101|1,1,1/);
    assert.is(whole.length, 0, `${length} bytes`);
    const part = new Uint8Array(length + 8).fill(1).subarray(4, 4 + length);
    await rejects(vault.register('bad', { type: 'ed25519', from: { bytes: part, encoding: 'raw' } }), code as never);
    assert.ok(isZero(part));
  }
});

test('a key id that is taken consumes nothing', async () => {
  await vault.register('taken', { type: 'ed25519', from: 'generate' });
  const { bytes } = secret();
  await rejects(vault.register('taken', { type: 'ed25519', from: { bytes } }), 'ERR_KEY_EXISTS');
  assert.is(bytes.length, 32, 'it is found before anything is handed off');
});

test('bytes that are detached already are empty', async () => {
  const { bytes } = secret();
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  for (const detached of [bytes, bytes.buffer]) {
    await rejects(vault.register('gone', { type: 'ed25519', from: { bytes: detached } }), 'ERR_SOURCE_EMPTY');
  }
});

test('bytes at start are consumed, also when another key stops the start', async () => {
  const [good, short] = [secret().bytes, random.bytes(5)];
  const opening = openVault({
    threads: 1,
    keys: { good: { type: 'ed25519', from: { bytes: good } }, short: { type: 'ed25519', from: { bytes: short } } },
  });
  assert.equal(
    (await rejects(opening, 'ERR_VAULT_STARTUP')).failures!.map(({ id }) => id),
    ['short'],
  );
  assert.equal([good.length, short.length], [0, 0]);
});

test.run();
