// What a key's policy refuses, by its own code each, whoever asks; what keys() tells of it; and where policies stand.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectVault, type KeySpec, openVault, type Vault } from 'strongroom';
import { schemeCode } from '../../dist/src/wire/frame.js';
import { operatorCode, packInput } from '../../dist/src/wire/operators.js';
import type { KeyRecord } from '../../dist/src/wire/protocol.js';
import { FRAME_OPERATORS, SCHEMES } from '../../dist/src/wire/types.js';
import { CONFIG, startRawVault } from '../boundary/raw-vault.js';
import { outcomesOf, until } from '../ports/outcomes.js';
import { frameOf, statusesIn } from '../ports/raw-port.js';
import { shareVault } from '../ports/shared-vault.js';
import { assert, rejects } from '../support/assert.js';
import { eip2335Keystore } from '../support/keystore.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { tempFolder } from '../support/temp.js';

const random = seededRandom('policy/refusals');
const MESSAGE = random.bytes(32);
const generate = { from: 'generate' } as const;
const CHEAP = { memory: 8 * 1024, passes: 1 };
const password = (): { bytes: Uint8Array } => ({ bytes: new TextEncoder().encode('a long password') });
const test = suite('what policies refuse');

const shared = shareVault();
test.after(shared.close);
const open = (keys: Readonly<Record<string, KeySpec>>): Promise<Vault> => shared.use(keys);
const infoOf = (vault: Vault, id: string) => vault.keys().find((key) => key.id === id)!;
const times = <T>(count: number, make: () => T): T[] => Array.from({ length: count }, make);

test('a key that may do nothing does nothing, and shows its public key', async () => {
  await using vault = await open({
    ed: { type: 'ed25519', ...generate, allow: [] },
    ec: { type: 'secp256k1', ...generate, allow: [] },
    bls: { type: 'bls12-381', ...generate, allow: [] },
    box: { type: 'x25519', ...generate, allow: [] },
    aead: { type: 'aead', ...generate, allow: [] },
    mac: { type: 'hmac', ...generate, allow: [] },
    seed: { type: 'seed', ...generate, allow: [] },
  });
  const peer = await vault.publicKey('box');
  const info = new Uint8Array(1);
  for (const call of [
    () => vault.sign('ed', MESSAGE),
    () => vault.signMany('ec', [MESSAGE]),
    () => vault.signTogether(['bls'], MESSAGE),
    () => vault.execute('bls', 'provePossession'),
    () => vault.execute('box', 'agree', { peer, info }),
    () => vault.execute('box', 'agree-raw', { peer }),
    () => vault.execute('box', 'open', { sealed: new Uint8Array(48) }),
    () => vault.execute('aead', 'encrypt', { message: MESSAGE }),
    () => vault.execute('aead', 'decrypt', { sealed: new Uint8Array(40) }),
    () => vault.execute('mac', 'mac', { message: MESSAGE }),
    () => vault.execute('seed', 'extendedPublicKey', { path: 'm' }),
    () => vault.seal({ file: join(tempFolder(), 'x'), password: password(), ids: ['ed'], cost: CHEAP }),
    () => vault.exportKeystore('ec', { file: join(tempFolder(), 'x'), password: password(), n: 1024 }),
    () => vault.register('child', { type: 'ed25519', from: { seed: 'seed', path: "m/0'" } }),
  ]) {
    await rejects(call(), 'ERR_NOT_ALLOWED');
  }
  assert.is(peer.length, 32);
  assert.is(await vault.verify('ed', MESSAGE, new Uint8Array(64)), false);
  assert.is((await vault.execute('box', 'seal', { message: MESSAGE })).length, 80, 'it takes the public key alone');
});

test('by default a key does what its type is for, and nothing that must be named', async () => {
  await using vault = await open({
    box: { type: 'x25519', ...generate },
    ec: { type: 'secp256k1', ...generate },
    ed: { type: 'ed25519', ...generate },
  });
  const peer = await vault.publicKey('box');
  assert.is((await vault.execute('box', 'agree', { peer, info: MESSAGE })).length, 32);
  await rejects(vault.execute('box', 'agree-raw', { peer }), 'ERR_NOT_ALLOWED');
  await rejects(vault.execute('ec', 'agree-raw', { peer: await vault.publicKey('ec') }), 'ERR_NOT_ALLOWED');
  await rejects(vault.seal({ file: join(tempFolder(), 'x'), password: password(), cost: CHEAP }), 'ERR_NOT_ALLOWED');
});

test('schemes: those that are named, and no others, in one frame too', async () => {
  await using vault = await open({
    one: { type: 'secp256k1', ...generate, schemes: ['schnorr'] },
    two: { type: 'secp256k1', ...generate, schemes: ['ecdsa', 'ecdsa-recoverable'] },
  });
  assert.equal(
    [infoOf(vault, 'one').schemes, infoOf(vault, 'two').schemes],
    [['schnorr'], ['ecdsa', 'ecdsa-recoverable']],
  );
  const all = ['ecdsa', 'ecdsa-recoverable', 'schnorr'] as const;
  const asked = (id: string): Promise<unknown>[] => all.map((scheme) => vault.sign(id, MESSAGE, { scheme }));
  assert.equal(await outcomesOf(asked('one')), { done: 1, ERR_SCHEME_NOT_ALLOWED: 2 });
  assert.equal(await outcomesOf(asked('two')), { done: 2, ERR_SCHEME_NOT_ALLOWED: 1 });
  await rejects(vault.signMany('one', [MESSAGE, MESSAGE]), 'ERR_SCHEME_NOT_ALLOWED');
  const signature = await vault.sign('one', MESSAGE, { scheme: 'schnorr' });
  assert.ok(await vault.verify('one', MESSAGE, signature, { scheme: 'schnorr' }));
  assert.is(await vault.verify('one', MESSAGE, signature), false, 'to verify is always allowed');
});

test('perSecond: so many at once, whatever they are, then more as time goes by; a refusal costs nothing else', async () => {
  await using vault = await open({
    ed: { type: 'ed25519', ...generate, perSecond: 5, maxSignatures: 100 },
    aead: { type: 'aead', ...generate, perSecond: 3 },
  });
  assert.equal(await outcomesOf(times(40, () => vault.sign('ed', MESSAGE))), { done: 5, ERR_RATE_LIMITED: 35 });
  await rejects(
    vault.signMany(
      'ed',
      times(6, () => MESSAGE),
    ),
    'ERR_RATE_LIMITED',
  );
  const encrypted = times(10, () => vault.execute('aead', 'encrypt', { message: MESSAGE }));
  assert.equal(await outcomesOf(encrypted), { done: 3, ERR_RATE_LIMITED: 7 });
  await sleep(1100);
  assert.equal(await outcomesOf(times(40, () => vault.sign('ed', MESSAGE))), { done: 5, ERR_RATE_LIMITED: 35 });
  await until(() => infoOf(vault, 'ed').limits.signaturesLeft === 90, 'only what was done counts');
});

test('over a second and a half no more is done than the rate allows', async () => {
  const perSecond = 40;
  await using vault = await open({ ed: { type: 'ed25519', ...generate, perSecond } });
  const begun = performance.now();
  let done = 0;
  while (performance.now() - begun < 1500) {
    done += (await outcomesOf(times(4, () => vault.sign('ed', MESSAGE)))).done ?? 0;
    await sleep(3);
  }
  const most = perSecond + ((performance.now() - begun) / 1000) * perSecond;
  assert.ok(done <= most && done > perSecond, `${done} of at most ${most}`);
});

test('a type that does not sign never does, whatever its policy says, also by frames that are made by hand', async () => {
  const vault = await startRawVault();
  assert.ok((await vault.call('open', [CONFIG])).ok);
  assert.ok((await vault.call('load', [[], []])).ok);
  for (const type of ['seed', 'aead', 'hmac', 'x25519'] as const) {
    const registered = await vault.call('register', [{ id: type, type, source: { kind: 'generate' } }]);
    assert.ok(registered.ok);
    const { handle } = (registered as { value: unknown }).value as KeyRecord;
    const asked = SCHEMES.map((scheme) => ({ handle, code: schemeCode(scheme) }));
    const signed = await vault.call('sign', [frameOf(...asked)]);
    assert.ok(signed.ok);
    const statuses = statusesIn((signed as { value: unknown }).value as ArrayBuffer[]);
    assert.equal(statuses, Array(SCHEMES.length).fill('ERR_OPERATION_UNSUPPORTED'), type);
    const together = await vault.call('signTogether', [[type], MESSAGE]);
    assert.is(together.ok ? 'OK' : together.error.code, 'ERR_OPERATION_UNSUPPORTED', type);
    const refused = await vault.call('register', [
      { id: `${type}-2`, type, source: { kind: 'generate' }, allow: ['sign'] },
    ]);
    assert.ok(!refused.ok, `${type}: its policy cannot name it`);
  }
  await vault.close();
});

test('an operator is for the keys of its types: by hand, too', async () => {
  const vault = await startRawVault();
  assert.ok((await vault.call('open', [CONFIG])).ok);
  assert.ok((await vault.call('load', [[], []])).ok);
  const { handle } = await vault.register('seed', 'seed');
  const info = new Uint8Array(1);
  const inputs = {
    agree: packInput('agree', 'x25519', { peer: new Uint8Array(32), info }),
    'agree-raw': new Uint8Array(32),
    seal: new Uint8Array(1),
    open: new Uint8Array(48),
    encrypt: packInput('encrypt', 'aead', { message: info }),
    decrypt: packInput('decrypt', 'aead', { sealed: new Uint8Array(40) }),
    mac: packInput('mac', 'hmac', { message: info }),
  };
  const asked = FRAME_OPERATORS.map((name) => ({ handle, code: operatorCode(name), message: inputs[name] }));
  const answered = await vault.call('sign', [frameOf(...asked)]);
  assert.ok(answered.ok);
  const statuses = statusesIn((answered as { value: unknown }).value as ArrayBuffer[]);
  assert.equal(statuses, Array(FRAME_OPERATORS.length).fill('ERR_OPERATION_UNSUPPORTED'));
  await vault.close();
});

test('keys() tells the policy and what is left, to the owner and to a port', async () => {
  await using vault = await open({
    ed: { type: 'ed25519', ...generate, maxSignatures: 5, perSecond: 100, idleMs: 60_000, expiresInMs: 90_000 },
    free: { type: 'secp256k1', ...generate },
  });
  const port = await connectVault(await vault.grant({ keys: ['*'], operations: ['sign'] }));
  for (const client of [vault, port]) {
    const { limits, allow, schemes } = infoOf(client, 'ed');
    const { expiresAt = 0, ...rest } = limits;
    assert.equal(rest, { maxSignatures: 5, signaturesLeft: 5, perSecond: 100, idleMs: 60_000 });
    assert.ok(expiresAt > Date.now() + 30_000 && expiresAt <= Date.now() + 90_000);
    assert.equal([allow, schemes], [['sign'], ['ed25519']]);
    assert.equal(infoOf(client, 'free').limits, {});
  }
  assert.equal(infoOf(vault, 'free').allow, ['sign', 'agree']);
  await port.signMany('ed', [MESSAGE, MESSAGE]);
  assert.is(infoOf(port, 'ed').limits.signaturesLeft, 3, 'who asked knows it with the answer');
  await until(() => infoOf(vault, 'ed').limits.signaturesLeft === 3, 'the others a moment later');
  (infoOf(vault, 'ed').limits as { signaturesLeft?: number }).signaturesLeft = 1000;
  assert.is(infoOf(vault, 'ed').limits.signaturesLeft, 3, 'what keys() gives is a copy');
});

test('policies in a settings file, also for a whole folder of keystores', async () => {
  const folder = tempFolder();
  const secret = random.bytes(32);
  secret[0] = 1;
  writeFileSync(join(folder, 'one.json'), eip2335Keystore(secret, 'a long password'));
  writeFileSync(join(folder, 'password'), 'a long password', { mode: 0o600 });
  const settings = {
    threads: 1,
    keys: {
      ec: { type: 'secp256k1', from: 'generate', schemes: ['schnorr'], maxSignatures: 2, idleMs: 60_000 },
    },
    load: [{ keystores: '.', passwords: { file: 'password' }, id: 'v/{name}', maxSignatures: 3, perSecond: 1000 }],
  };
  // Settings and keystores do not lie in one folder: every *.json there is a keystore.
  const file = join(tempFolder(), 'strongroom.json');
  settings.load[0]!.keystores = folder;
  settings.load[0]!.passwords.file = join(folder, 'password');
  writeFileSync(file, JSON.stringify(settings));
  await using vault = await openVault(file);
  assert.equal(infoOf(vault, 'ec').schemes, ['schnorr']);
  assert.equal(infoOf(vault, 'ec').limits, { maxSignatures: 2, signaturesLeft: 2, idleMs: 60_000 });
  assert.equal(infoOf(vault, 'v/one').limits, { maxSignatures: 3, signaturesLeft: 3, perSecond: 1000 });
  await rejects(vault.sign('ec', MESSAGE), 'ERR_SCHEME_NOT_ALLOWED');
  const schnorr = times(5, () => vault.sign('ec', MESSAGE, { scheme: 'schnorr' }));
  assert.equal(await outcomesOf(schnorr), { done: 2, ERR_KEY_EXHAUSTED: 3 });
  assert.equal(await outcomesOf(times(5, () => vault.sign('v/one', MESSAGE))), { done: 3, ERR_KEY_EXHAUSTED: 2 });
});

test('a key of a sealed file may have a narrower policy than the file, and never a wider one', async () => {
  const file = join(tempFolder(), 'keys.sealed');
  {
    await using maker = await open({
      ed: { type: 'ed25519', ...generate, allow: ['sign', 'export'] },
      box: { type: 'x25519', ...generate, allow: ['agree', 'open', 'export'] },
      ec: { type: 'secp256k1', ...generate, allow: ['export'] },
    });
    const request = { file, password: password(), cost: CHEAP };
    assert.is(await maker.seal({ ...request, allow: ['sign', 'agree'] }), 3);
  }
  const from = { sealed: file, password: password() };
  const again = { sealed: file, password: password() };
  const third = { sealed: file, password: password() };
  await using vault = await open({
    ed: { type: 'ed25519', from, allow: ['sign', 'export'], maxSignatures: 1 },
    box: { type: 'x25519', from: again },
    ec: { type: 'secp256k1', from: third, allow: ['agree', 'agree-raw'], schemes: ['schnorr'] },
  });
  assert.equal(
    ['ed', 'box', 'ec'].map((id) => infoOf(vault, id).allow),
    [['sign'], ['agree'], ['agree']],
  );
  await rejects(vault.seal({ file, password: password(), ids: ['ed'], cost: CHEAP }), 'ERR_NOT_ALLOWED');
  await rejects(vault.execute('box', 'open', { sealed: new Uint8Array(48) }), 'ERR_NOT_ALLOWED');
  await rejects(vault.sign('ec', MESSAGE, { scheme: 'schnorr' }), 'ERR_NOT_ALLOWED');
  assert.equal(await outcomesOf(times(3, () => vault.sign('ed', MESSAGE))), { done: 1, ERR_KEY_EXHAUSTED: 2 });
});

test.run();
