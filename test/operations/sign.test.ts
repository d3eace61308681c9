// sign(): every way to sign, on messages of every size, verified by an implementation that did not make the signature.
import { ed25519 } from '@noble/curves/ed25519.js';
import { schnorr } from '@noble/curves/secp256k1.js';
import { openVault, type Vault } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isRight, nameOf, ONE_OF_EACH, WAYS } from './oracle.js';

const MIB = 1024 * 1024;
const LENGTHS = [0, 1, 3, 31, 32, 33, 64, 255, 4097, MIB];
const random = seededRandom('operations/sign');
const test = suite('sign');
let vault: Vault;

test.before(async () => {
  vault = await openVault({ threads: 2, keys: ONE_OF_EACH });
});
test.after(() => vault.close());

for (const way of WAYS) {
  const { type, scheme, hash, options, takesDigest } = way;
  test(`${nameOf(way)}: ${takesDigest ? 'digests' : 'messages from none to 1 MiB'} are signed`, async () => {
    const publicKey = await vault.publicKey(type);
    const messages = (takesDigest ? [32, 32, 32] : LENGTHS).map((length) => random.bytes(length));
    // All at once: messages of every size share frames.
    const signatures = await Promise.all(messages.map((message) => vault.sign(type, message, options)));
    for (const [i, signature] of signatures.entries()) {
      const message = messages[i]!;
      assert.ok(isRight(publicKey, scheme, hash, message, signature), `${message.length} bytes`);
      assert.is(await vault.verify(type, message, signature, options), true);
    }
  });
}

test('what is asked by name is what the plain call does', async () => {
  const digest = random.bytes(32);
  for (const [type, scheme] of [
    ['ed25519', 'ed25519'],
    ['secp256k1', 'ecdsa'],
    ['bls12-381', 'bls12-381'],
  ] as const) {
    const plain = await vault.sign(type, digest);
    for (const options of [{}, { scheme }]) equalBytes(await vault.sign(type, digest, options), plain, type);
  }
});

test('a message of 100 MiB is signed and verified', async () => {
  const message = new Uint8Array(100 * MIB);
  for (let at = 0; at < message.length; at += 4096) message[at] = random.int(256);
  const signature = await vault.sign('ed25519', message);
  assert.ok(isRight(await vault.publicKey('ed25519'), 'ed25519', undefined, message, signature));
  assert.is(await vault.verify('ed25519', message, signature), true);
});

test('schnorr signatures of one message differ, as fresh randomness goes in, unless it is given', async () => {
  const message = random.bytes(50);
  const many = await vault.signMany('secp256k1', new Array(300).fill(message), { scheme: 'schnorr' });
  assert.is(new Set(many.map((signature) => Buffer.from(signature).toString('hex'))).size, 300);
  const auxRand = random.bytes(32);
  const options = { scheme: 'schnorr', auxRand } as const;
  equalBytes(await vault.sign('secp256k1', message, options), await vault.sign('secp256k1', message, options));
});

test('a signature equals the one that noble makes with the same secret', async () => {
  const [seed, scalar, auxRand] = [random.bytes(32), random.bytes(32), random.bytes(32)];
  scalar[0]! &= 0x7f;
  const message = random.bytes(77);
  const expected = ed25519.sign(message, seed);
  const expectedSchnorr = schnorr.sign(message, scalar, auxRand);
  await vault.register('same/ed25519', { type: 'ed25519', from: { bytes: seed } });
  await vault.register('same/secp256k1', { type: 'secp256k1', from: { bytes: scalar } });
  equalBytes(await vault.sign('same/ed25519', message), expected);
  equalBytes(await vault.sign('same/secp256k1', message, { scheme: 'schnorr', auxRand }), expectedSchnorr);
});

test('keys of types that do not sign are registered and do not sign or verify', async () => {
  assert.is((await vault.publicKey('x25519')).length, 32);
  for (const type of ['x25519', 'seed', 'aead', 'hmac']) {
    for (const ask of [
      () => vault.sign(type, new Uint8Array(32)),
      () => vault.signMany(type, [new Uint8Array(32)]),
      () => vault.verify(type, new Uint8Array(32), new Uint8Array(64)),
      ...(type === 'x25519' ? [] : [() => vault.publicKey(type)]),
    ]) {
      const error = await rejects(
        ask(),
        'ERR_OPERATION_UNSUPPORTED',
        new RegExp(`"${type}" is of type ${type}, which does not`),
      );
      assert.is(error.keyId, type);
    }
  }
});

test('a key whose policy does not allow signing does not sign, and still verifies', async () => {
  const message = random.bytes(32);
  for (const type of ['ed25519', 'secp256k1', 'bls12-381'] as const) {
    const secret = random.bytes(32);
    secret[0]! &= 0x3f;
    const free = await vault.register(`free/${type}`, { type, from: { bytes: secret.slice() } });
    const kept = await vault.register(`kept/${type}`, { type, from: { bytes: secret }, allow: [] });
    assert.equal([free.allow.includes('sign'), kept.allow], [true, []]);
    equalBytes(kept.publicKey, free.publicKey);
    const signature = await vault.sign(`free/${type}`, message);
    assert.is(await vault.verify(`kept/${type}`, message, signature), true);
    const asks = [
      () => vault.sign(`kept/${type}`, message),
      () => vault.signMany(`kept/${type}`, [message, message]),
      ...(type === 'bls12-381' ? [() => vault.signTogether([`free/${type}`, `kept/${type}`], message)] : []),
    ];
    for (const ask of asks) await rejects(ask(), 'ERR_NOT_ALLOWED');
    await vault.release(`free/${type}`);
    await vault.release(`kept/${type}`);
  }
});

test('a scheme of another type is refused with the schemes that there are', async () => {
  const digest = new Uint8Array(32);
  const refusal = /of type secp256k1, whose schemes are ecdsa, ecdsa-recoverable, schnorr; got ed25519/;
  await rejects(vault.sign('secp256k1', digest, { scheme: 'ed25519' }), 'ERR_SCHEME_UNSUPPORTED', refusal);
  await rejects(vault.sign('ed25519', digest, { scheme: 'ecdsa' }), 'ERR_SCHEME_UNSUPPORTED', /got ecdsa/);
  await rejects(vault.sign('bls12-381', digest, { scheme: 'schnorr' }), 'ERR_SCHEME_UNSUPPORTED', /got schnorr/);
});

test('a signature has a buffer of its own, exactly as long as it is', async () => {
  const signatures = await vault.signMany('ed25519', [random.bytes(8), random.bytes(8)]);
  for (const signature of signatures) {
    assert.is(signature.buffer.byteLength, 64);
    assert.instance(signature.buffer, ArrayBuffer);
  }
});

test.run();
