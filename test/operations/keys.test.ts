// The keys of an open vault: registered, described, released, and their ids.
import { openVault, type Vault } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isRight, ONE_OF_EACH } from './oracle.js';

const GENERATE = { type: 'ed25519', from: 'generate' } as const;
const PUBLIC_KEY_BYTES = {
  ed25519: 32,
  secp256k1: 33,
  'bls12-381': 48,
  x25519: 32,
  seed: 0,
  aead: 0,
  hmac: 0,
} as const;
/** Without a policy: what the type can do, but for 'agree-raw' and 'export'. */
const ALLOWED = {
  ed25519: ['sign'],
  secp256k1: ['sign', 'agree'],
  'bls12-381': ['sign', 'provePossession'],
  x25519: ['agree', 'open'],
  seed: ['derive', 'extendedPublicKey'],
  aead: ['encrypt', 'decrypt'],
  hmac: ['mac'],
} as const;
const SCHEMES = {
  ed25519: ['ed25519'],
  secp256k1: ['ecdsa', 'ecdsa-recoverable', 'schnorr'],
  'bls12-381': ['bls12-381'],
  x25519: [],
  seed: [],
  aead: [],
  hmac: [],
} as const;
const random = seededRandom('operations/keys');
const test = suite('keys');
let vault: Vault;

test.before(async () => {
  vault = await openVault({ threads: 1, keys: ONE_OF_EACH });
});
test.after(() => vault.close());

const ids = (): string[] => vault.keys().map(({ id }) => id);

test('the keys of the start are there, in order, as they are described', async () => {
  assert.equal(ids(), Object.keys(ONE_OF_EACH));
  const { providers } = vault.info();
  for (const { id, type, publicKey, provider, source, allow, ...rest } of vault.keys()) {
    assert.equal(
      [id, source, provider, rest],
      [type, 'generate', providers[type], { schemes: SCHEMES[type], state: 'ready', limits: {} }],
    );
    assert.is(publicKey.length, PUBLIC_KEY_BYTES[type]);
    assert.equal(allow, ALLOWED[type]);
    if (publicKey.length === 0)
      await rejects(vault.publicKey(id), 'ERR_OPERATION_UNSUPPORTED', /does not have a public key/);
    else equalBytes(await vault.publicKey(id), publicKey);
  }
});

test('every type is registered while the vault is open', async () => {
  for (const [type, bytes] of Object.entries(PUBLIC_KEY_BYTES) as [keyof typeof PUBLIC_KEY_BYTES, number][]) {
    const info = await vault.register(`new/${type}`, { type, from: 'generate' });
    assert.equal([info.id, info.type, info.source], [`new/${type}`, type, 'generate']);
    assert.is(info.publicKey.length, bytes);
    if (bytes > 0) equalBytes(await vault.publicKey(`new/${type}`), info.publicKey);
    await vault.release(`new/${type}`);
  }
});

test('what a caller does to a description changes nothing', async () => {
  const before = await vault.publicKey('ed25519');
  for (const info of vault.keys()) {
    info.publicKey.fill(0);
    (info.allow as string[]).push('export');
  }
  assert.not(vault.keys().some(({ allow }) => allow.includes('export')));
  (await vault.publicKey('ed25519')).fill(0);
  const made = await vault.register('touched', GENERATE);
  const copy = made.publicKey.slice();
  made.publicKey.fill(0);
  equalBytes(await vault.publicKey('ed25519'), before);
  equalBytes(vault.keys().find(({ id }) => id === 'touched')!.publicKey, copy);
  equalBytes(await vault.publicKey('touched'), copy);
  await vault.release('touched');
});

test('an id is taken once, also by two calls at a time, and the first key stays', async () => {
  const before = await vault.publicKey('ed25519');
  const taken = await rejects(vault.register('ed25519', GENERATE), 'ERR_KEY_EXISTS', /the key id "ed25519" is taken/);
  assert.is(taken.keyId, 'ed25519');
  equalBytes(await vault.publicKey('ed25519'), before);
  const both = await Promise.allSettled([vault.register('twice', GENERATE), vault.register('twice', GENERATE)]);
  assert.equal(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const { publicKey } = (
    both.find(({ status }) => status === 'fulfilled') as PromiseFulfilledResult<{ publicKey: Uint8Array }>
  ).value;
  equalBytes(await vault.publicKey('twice'), publicKey);
  await vault.release('twice');
});

test('a key that cannot be registered leaves its id free', async () => {
  const { keysUsed } = vault.info().memory;
  const bad = vault.register('later', { type: 'ed25519', from: { bytes: random.bytes(31) } });
  assert.is((await rejects(bad, 'ERR_KEY_LENGTH')).message.includes('31'), true);
  assert.is(vault.info().memory.keysUsed, keysUsed);
  await vault.register('later', GENERATE);
  await vault.release('later');
});

test('a released key is unknown, and releasing it again is an error', async () => {
  await vault.register('gone', GENERATE);
  await vault.release('gone');
  const message = new Uint8Array(1);
  for (const ask of [
    () => vault.release('gone'),
    () => vault.publicKey('gone'),
    () => vault.sign('gone', message),
    () => vault.signMany('gone', [message]),
    () => vault.verify('gone', message, new Uint8Array(64)),
  ]) {
    assert.is((await rejects(ask(), 'ERR_KEY_NOT_FOUND', /no key "gone" is registered/)).keyId, 'gone');
  }
  assert.not(ids().includes('gone'));
});

test('two releases at a time: one succeeds', async () => {
  await vault.register('gone', GENERATE);
  const both = await Promise.allSettled([vault.release('gone'), vault.release('gone')]);
  assert.equal(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

test('work that was asked before a release is done, work that is asked after it is refused', async () => {
  const { publicKey } = await vault.register('going', GENERATE);
  const messages = Array.from({ length: 700 }, () => random.bytes(16));
  const before = vault.signMany('going', messages);
  const releasing = vault.release('going');
  const after = rejects(vault.sign('going', messages[0]!), 'ERR_KEY_NOT_FOUND');
  const signatures = await before;
  signatures.forEach((signature, i) => {
    if (!isRight(publicKey, 'ed25519', undefined, messages[i]!, signature)) throw new Error(`the signature ${i}`);
  });
  await Promise.all([releasing, after]);
});

test('an id that is registered again names another key, in every type', async () => {
  for (const type of ['ed25519', 'secp256k1', 'bls12-381'] as const) {
    const message = random.bytes(32);
    const first = await vault.register('again', { type, from: 'generate' });
    const signature = await vault.sign('again', message);
    await vault.release('again');
    const second = await vault.register('again', { type, from: 'generate' });
    assert.not.equal(Buffer.from(first.publicKey), Buffer.from(second.publicKey));
    assert.is(await vault.verify('again', message, signature), false);
    const scheme = type === 'secp256k1' ? 'ecdsa' : type;
    assert.ok(isRight(second.publicKey, scheme, undefined, message, await vault.sign('again', message)));
    await vault.release('again');
  }
});

test('an id that is released and registered in one turn names the new key', async () => {
  const first = await vault.register('swap', GENERATE);
  const releasing = vault.release('swap');
  const second = await vault.register('swap', GENERATE);
  await releasing;
  assert.not.equal(Buffer.from(first.publicKey), Buffer.from(second.publicKey));
  equalBytes(await vault.publicKey('swap'), second.publicKey);
  const message = random.bytes(5);
  assert.ok(isRight(second.publicKey, 'ed25519', undefined, message, await vault.sign('swap', message)));
  await vault.release('swap');
});

test('ids that are names of object members are ids like any other', async () => {
  for (const id of ['constructor', 'toString', 'hasOwnProperty', 'then', 'A', '0', 'a/b.c:d-e_f', 'x'.repeat(128)]) {
    await rejects(vault.sign(id, new Uint8Array(1)), 'ERR_KEY_NOT_FOUND');
    const { publicKey } = await vault.register(id, GENERATE);
    const message = random.bytes(9);
    assert.ok(isRight(publicKey, 'ed25519', undefined, message, await vault.sign(id, message)), id);
    await vault.release(id);
  }
});

test('what is no id is a mistake that names the rule, and is never repeated', async () => {
  const wrong = [
    '',
    '__proto__',
    'x'.repeat(129),
    '-a',
    '/a',
    'a b',
    'a\n',
    'é',
    'a\0',
    ' a',
    '.',
    7,
    null,
    undefined,
    {},
  ];
  for (const id of wrong as string[]) {
    const calls = [
      () => vault.register(id, GENERATE),
      () => vault.sign(id, new Uint8Array(1)),
      () => vault.signMany(id, []),
      () => vault.publicKey(id),
      () => vault.verify(id, new Uint8Array(1), new Uint8Array(64)),
      () => vault.release(id),
      () => vault.signTogether([id], new Uint8Array(1)),
    ];
    for (const call of calls) {
      const { message } = await rejects(
        call(),
        TypeError,
        /expected a key id \(1 to 128 characters.*, got (a|an|null|nothing)\b/,
      );
      assert.not.ok(typeof id === 'string' && id.length > 3 && message.includes(id));
    }
  }
  assert.equal(ids(), Object.keys(ONE_OF_EACH));
});

test('what is no specification is a mistake that lists every fault', async () => {
  const wrong: [unknown, RegExp][] = [
    [undefined, /spec: expected an object with "type" and "from", got nothing/],
    [{ type: 'rsa', from: 'generate' }, /spec\.type: expected "ed25519", .* got a string of 3 characters/],
    [{ type: 'ed25519' }, /spec\.from: expected "generate" or an object/],
    [{ type: 'ed25519', from: 'generated' }, /spec\.from: .* got a string of 9 characters/],
    [
      { type: 'ed25519', from: { bytes: 'aa' } },
      /spec\.from\.bytes: expected a Uint8Array or ArrayBuffer, got a string/,
    ],
    [{ type: 'ed25519', from: { env: 'A', file: 'b' } }, /expected one source, got 2: "env" and "file"/],
    [{ typo: 'ed25519', from: 'generate', extra: 1 }, /typo.*type.*extra|type.*extra/],
  ];
  for (const [spec, message] of wrong) await rejects(vault.register('spec', spec as never), TypeError, message);
});

test.run();
