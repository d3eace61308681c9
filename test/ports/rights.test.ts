// What a port sees and may do: its keys by their ids, also those that come later, and nothing besides; and no message
// that it could send gives it more.
import { MessageChannel } from 'node:worker_threads';
import { connectVault, type GrantRequest, openVault, type Vault } from 'strongroom';
import { schemeCode } from '../../dist/src/wire/frame.js';
import { operatorCode } from '../../dist/src/wire/operators.js';
import { GRANTED_METHODS, VAULT_METHODS } from '../../dist/src/wire/protocol.js';
import type { KeyHandle, Slot } from '../../dist/src/wire/types.js';
import { assert, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { outcomesOf, until } from './outcomes.js';
import { codeOf, frameOf, handleOf, type RawPort, speakRaw } from './raw-port.js';
import { shareVault } from './shared-vault.js';

const random = seededRandom('ports/rights');
const MESSAGE = random.bytes(32);
const generate = { from: 'generate' } as const;
const KEYS = {
  'acct/0': { type: 'ed25519', ...generate },
  'acct/1': { type: 'secp256k1', ...generate },
  acct: { type: 'ed25519', ...generate },
  'other/0': { type: 'ed25519', ...generate },
  'other/bls': { type: 'bls12-381', ...generate },
  'other/seed': { type: 'seed', ...generate },
} as const;
const test = suite('what a granted port may do');
const ED = schemeCode('ed25519');

const shared = shareVault();
test.after(shared.close);
const open = (): Promise<Vault> => shared.use(KEYS);
const grant = async (vault: Vault, request: Partial<GrantRequest> = {}): Promise<Vault> =>
  connectVault(await vault.grant({ keys: ['acct/*'], operations: ['sign', 'publicKey'], ...request }));
const grantRaw = async (vault: Vault, request: Partial<GrantRequest> = {}): Promise<RawPort> =>
  speakRaw(await vault.grant({ keys: ['acct/*'], operations: ['sign', 'publicKey'], ...request }));
const idsOf = (vault: Vault): string[] =>
  vault
    .keys()
    .map(({ id }) => id)
    .sort();

test('it sees the keys that its patterns name, and no others', async () => {
  await using vault = await open();
  const all = Object.keys(KEYS).sort();
  for (const [keys, expected] of [
    [['acct/*'], ['acct/0', 'acct/1']],
    [['acct*'], ['acct', 'acct/0', 'acct/1']],
    [['acct'], ['acct']],
    [
      ['acct/0', 'other/seed'],
      ['acct/0', 'other/seed'],
    ],
    [['*'], all],
    [['nothing', 'nothing/*'], []],
  ] as const) {
    const port = await grant(vault, { keys });
    assert.equal(idsOf(port), [...expected].sort(), keys.join());
    for (const id of all) {
      const seen = (expected as readonly string[]).includes(id);
      if (!seen) await rejects(port.sign(id, MESSAGE), 'ERR_KEY_NOT_FOUND');
      else if (id.startsWith('acct')) assert.is((await port.publicKey(id)).length, id === 'acct/1' ? 33 : 32);
    }
    await port.close();
  }
});

test('keys that match later join, and those that are released leave', async () => {
  await using vault = await open();
  const port = await grant(vault);
  await vault.register('acct/2', { type: 'ed25519', ...generate });
  await vault.register('acct.2', { type: 'ed25519', ...generate });
  await until(() => port.keys().length === 3, 'the new key is seen');
  assert.equal(idsOf(port), ['acct/0', 'acct/1', 'acct/2']);
  assert.is((await port.sign('acct/2', MESSAGE)).length, 64);
  const signature = await port.sign('acct/2', MESSAGE);
  assert.ok(await vault.verify('acct/2', MESSAGE, signature));
  await vault.release('acct/2');
  await rejects(port.sign('acct/2', MESSAGE), 'ERR_KEY_NOT_FOUND');
  await until(() => port.keys().length === 2, 'it is seen no more');
  await vault.register('acct/2', { type: 'secp256k1', ...generate });
  await until(() => port.keys().length === 3, 'another key of that id');
  assert.is((await port.sign('acct/2', MESSAGE)).length, 64);
});

test('it does the operations, and has the schemes, that were granted', async () => {
  await using vault = await open();
  const keys = ['*'];
  const signer = await grant(vault, { keys, operations: ['sign'], schemes: ['schnorr', 'bls12-381'] });
  const info = signer.keys().find(({ id }) => id === 'acct/1')!;
  assert.equal([info.allow, info.schemes, info.publicKey.length], [['sign'], ['schnorr'], 0]);
  assert.is((await signer.sign('acct/1', MESSAGE, { scheme: 'schnorr' })).length, 64);
  assert.is((await signer.signTogether(['other/bls'], MESSAGE)).length, 96);
  await rejects(signer.sign('acct/1', MESSAGE), 'ERR_NOT_GRANTED');
  await rejects(signer.signMany('acct/0', [MESSAGE]), 'ERR_NOT_GRANTED');
  await rejects(signer.publicKey('acct/0'), 'ERR_NOT_GRANTED');
  await rejects(signer.verify('acct/0', MESSAGE, new Uint8Array(64)), 'ERR_NOT_GRANTED');
  await rejects(signer.execute('other/bls', 'provePossession'), 'ERR_NOT_GRANTED');
  await rejects(signer.execute('other/seed', 'extendedPublicKey', { path: 'm' }), 'ERR_NOT_GRANTED');

  const reader = await grant(vault, { keys, operations: ['publicKey', 'verify', 'extendedPublicKey'] });
  const signature = await vault.sign('acct/0', MESSAGE);
  assert.ok(await reader.verify('acct/0', MESSAGE, signature));
  assert.equal(await reader.publicKey('acct/0'), await vault.publicKey('acct/0'));
  assert.is((await reader.execute('other/seed', 'extendedPublicKey', { path: 'm' })).publicKey.length, 33);
  assert.equal(
    await outcomesOf(
      idsOf(reader)
        .slice(0, 3)
        .map((id) => reader.sign(id, MESSAGE)),
    ),
    { ERR_NOT_GRANTED: 3 },
  );
  await rejects(reader.signTogether(['other/bls'], MESSAGE), 'ERR_NOT_GRANTED');
});

test('the policy of a key holds at a port as it does for the owner', async () => {
  await using vault = await openVault({
    threads: 1,
    keys: { 'acct/0': { type: 'secp256k1', ...generate, allow: ['sign'], schemes: ['schnorr'] } },
  });
  const port = await grant(vault, { operations: ['sign', 'agree', 'agree-raw'] });
  await rejects(port.sign('acct/0', MESSAGE), 'ERR_SCHEME_NOT_ALLOWED');
  const peer = await vault.publicKey('acct/0');
  await rejects(port.execute('acct/0', 'agree', { peer, info: MESSAGE }), 'ERR_NOT_ALLOWED');
  assert.is((await port.sign('acct/0', MESSAGE, { scheme: 'schnorr' })).length, 64);
});

test("the client at a port has none of the owner's methods", async () => {
  await using vault = await open();
  const port = await grant(vault, { keys: ['*'], operations: ['sign'] });
  for (const call of [
    () => port.register('acct/9', { type: 'ed25519', ...generate }),
    () => port.release('acct/0'),
    () => port.lock(),
    () => port.unlock(),
    () => port.stats(),
    () => port.seal({ file: '/x', password: { env: 'X' } }),
    () => port.exportKeystore('acct/1', { file: '/x', password: { env: 'X' } }),
  ]) {
    await rejects(call(), 'ERR_NOT_GRANTED');
  }
  assert.equal(vault.keys().length, Object.keys(KEYS).length);
  await port.close();
  assert.is((await vault.sign('acct/0', MESSAGE)).length, 64, 'its close is not the close of the vault');
});

test("no method but a port's own is there, whatever it sends", async () => {
  await using vault = await open();
  const port = await grantRaw(vault);
  const others = VAULT_METHODS.filter((name) => !GRANTED_METHODS.includes(name));
  assert.ok(others.includes('open') && others.includes('close') && others.includes('lock'), 'control');
  for (const name of [...others, 'constructor', '__proto__', 'toString', 'then', '']) {
    assert.is(codeOf(await port.call(name, [])), 'ERR_REFUSED', name);
  }
  for (const type of ['GET', 'SET', 'CONSTRUCT', 'ENDPOINT', 'RELEASE']) {
    assert.is(codeOf(await port.ask({ type, path: ['sign'], argumentList: [] })), 'ERR_REFUSED', type);
  }
  const spec = { id: 'acct/9', type: 'ed25519', source: { kind: 'generate' } };
  assert.is(codeOf(await port.call('register', [spec])), 'ERR_REFUSED');
  assert.is((await vault.sign('acct/0', MESSAGE)).length, 64);
  assert.equal(port.unexpected, []);
});

test('it hands nothing off and stops nothing', async () => {
  await using vault = await open();
  const port = await grantRaw(vault);
  const stop = new Int32Array(new SharedArrayBuffer(4));
  port.send({ stop });
  port.send({ fatal: { code: 'ERR_VAULT_CLOSED', message: '' } });
  port.send({ notice: { locked: true } });
  port.send({ ready: true });
  const bytes = new ArrayBuffer(32);
  new Uint8Array(bytes).set(random.bytes(32));
  // Numbers that the owner's next hand-offs have.
  for (let handoff = 0; handoff < 50; handoff++) port.send({ handoff, bytes: bytes.slice(0) });
  assert.is((await port.connect()).keys.length, 2);
  const secret = random.bytes(32);
  const { publicKey } = await vault.register('mine', { type: 'ed25519', from: { bytes: secret.slice() } });
  await using other = await openVault({ threads: 1, keys: { mine: { type: 'ed25519', from: { bytes: secret } } } });
  assert.equal(publicKey, await other.publicKey('mine'), 'its own bytes, not those of the port');
  assert.is(stop[0], 0);
  assert.is(vault.info().locked, false);
});

/** A refusal, with the key's id in its place. */
const textOf = (reply: Awaited<ReturnType<RawPort['call']>>, id: string): string =>
  reply.ok ? 'OK' : JSON.stringify(reply.error).replaceAll(id, '<id>');

test('what it does not see is not there: by id, the answers are those to an id that nobody has', async () => {
  await using vault = await open();
  const operations = ['sign', 'publicKey', 'verify', 'extendedPublicKey', 'provePossession'] as const;
  const port = await grantRaw(vault, { operations });
  await vault.register('gone/0', { type: 'ed25519', ...generate, expiresInMs: 1 });
  await vault.register('gone/1', { type: 'ed25519', ...generate });
  await vault.release('gone/1');
  await until(() => vault.keys().every(({ id }) => id !== 'gone/0'), 'it has expired');
  const verify = { scheme: 'ed25519', hash: undefined, message: MESSAGE, signature: new Uint8Array(64) };
  const ask = (id: string): Promise<string>[] =>
    [
      port.call('publicKey', [id]),
      port.call('verify', [{ id, ...verify }]),
      port.call('signTogether', [[id], MESSAGE]),
      port.call('execute', [{ id, operator: 'extendedPublicKey', path: 'm' }]),
      port.call('execute', [{ id, operator: 'provePossession' }]),
    ].map(async (reply) => textOf(await reply, id));
  const nobody = await Promise.all(ask('nobody/0'));
  assert.ok(nobody.every((text) => text.includes('ERR_KEY_NOT_FOUND')));
  for (const id of ['other/0', 'other/bls', 'other/seed', 'acct', 'gone/0', 'gone/1']) {
    assert.equal(await Promise.all(ask(id)), nobody, id);
  }
});

test('what it does not see is not there: by slot and generation, also of keys that are gone', async () => {
  await using vault = await open();
  const port = await grantRaw(vault);
  const { keys } = await port.connect();
  await vault.register('gone/0', { type: 'ed25519', ...generate, expiresInMs: 1 });
  await until(() => vault.keys().every(({ id }) => id !== 'gone/0'), 'it has expired');
  const guesses: KeyHandle[] = [];
  for (let slot = 0; slot < 12; slot++) {
    for (let generation = 0; generation < 64; generation++) guesses.push({ slot: slot as Slot, generation });
  }
  for (const slot of [16_383, 16_384, 2 ** 31, 2 ** 32 - 1]) guesses.push({ slot: slot as Slot, generation: 0 });
  const isMine = ({ slot, generation }: KeyHandle): boolean =>
    keys.some(({ handle }) => handle.slot === slot && handle.generation === generation);
  const codes = [ED, schemeCode('schnorr'), operatorCode('seal')];
  for (const code of codes) {
    const message = new Uint8Array(64);
    const statuses = await port.statuses(frameOf(...guesses.map((handle) => ({ handle, code, message }))));
    const seen = guesses.filter((_, i) => statuses[i] !== 'ERR_KEY_NOT_FOUND');
    assert.equal(
      seen.filter((handle) => !isMine(handle)),
      [],
      'others are not there',
    );
    assert.is(seen.length, 2, 'positive control: its own are');
  }
});

test('a port that waits for a key is not told of others that come, change and go', async () => {
  await using vault = await open();
  const port = await grantRaw(vault);
  await port.connect();
  await vault.register('unseen/0', { type: 'ed25519', ...generate, maxSignatures: 100 });
  await outcomesOf(Array.from({ length: 50 }, () => vault.sign('unseen/0', MESSAGE)));
  await vault.register('acct/2', { type: 'ed25519', ...generate, maxSignatures: 100 });
  await outcomesOf(Array.from({ length: 50 }, () => vault.sign('acct/2', MESSAGE)));
  await vault.release('unseen/0');
  await vault.release('acct/2');
  await until(() => port.notices.some(({ gone }) => gone !== undefined), 'the release of its own is told');
  const text = JSON.stringify(port.notices);
  assert.ok(text.includes('acct/2'), 'positive control');
  assert.not(text.includes('unseen'));
  assert.not(
    port.notices.some(({ event }) => event !== undefined),
    'events are for the owner',
  );
});

test('a port grants onward what it has, or less', async () => {
  await using vault = await open();
  const port = await grant(vault, {
    keys: ['acct/*', 'other/0'],
    operations: ['sign', 'verify'],
    schemes: ['ed25519'],
  });
  const base = { keys: ['acct/*'], operations: ['sign'], schemes: ['ed25519'] } as const;
  for (const wider of [
    { ...base, keys: ['acct*'] },
    { ...base, keys: ['*'] },
    { ...base, keys: ['acct/*', 'other/*'] },
    { ...base, keys: ['acct'] },
    { ...base, operations: ['sign', 'publicKey'] },
    { ...base, operations: ['agree'] },
    { ...base, schemes: ['ed25519', 'schnorr'] },
    { keys: base.keys, operations: base.operations },
  ] as const) {
    await rejects(port.grant(wider), 'ERR_GRANT');
  }
  const child = await grant(port, { ...base, keys: ['acct/0', 'other/0'] });
  assert.equal(idsOf(child), ['acct/0', 'other/0']);
  assert.is((await child.sign('other/0', MESSAGE)).length, 64);
  await rejects(child.grant({ ...base, keys: ['acct/1'] }), 'ERR_GRANT');
  const grandchild = await grant(child, { ...base, keys: ['acct/0'] });
  assert.is((await grandchild.sign('acct/0', MESSAGE)).length, 64);
  await rejects(grandchild.grant({ ...base, keys: ['other/0'] }), 'ERR_GRANT');
  await rejects(grandchild.sign('other/0', MESSAGE), 'ERR_KEY_NOT_FOUND');
});

test('the rate of a port is also that of the ports granted of it', async () => {
  await using vault = await open();
  const port = await grant(vault, { perSecond: 10 });
  const child = await grant(port, { perSecond: 1000 });
  const calls = [port, child, child].flatMap((client) =>
    Array.from({ length: 20 }, () => client.sign('acct/0', MESSAGE)),
  );
  const { done = 0, ERR_RATE_LIMITED: limited = 0 } = await outcomesOf(calls);
  assert.ok(done >= 10 && done < 30, `${done} were done`);
  assert.is(done + limited, 60);
});

test('a grant that is malformed is refused whoever sends it, and its port is closed', async () => {
  await using vault = await open();
  const port = await grantRaw(vault);
  const good = { keys: ['acct/*'], operations: ['sign'] };
  const bad: readonly unknown[] = [
    ...[null, 7, [], new Map(), { ...good, keys: [] }, { ...good, keys: ['**'] }, { ...good, keys: [''] }],
    ...[
      { ...good, keys: ['acct/*', 7] },
      { ...good, keys: new Array(3) },
      { ...good, keys: 'acct/*' },
    ],
    ...[
      { ...good, operations: ['export'] },
      { ...good, operations: ['derive'] },
      { ...good, operations: [] },
    ],
    ...[
      { ...good, operations: ['register'] },
      { ...good, schemes: [] },
      { ...good, schemes: ['rsa'] },
    ],
    ...[
      { ...good, maxSignatures: 0 },
      { ...good, maxSignatures: -1 },
      { ...good, maxSignatures: NaN },
    ],
    ...[
      { ...good, perSecond: 0.5 },
      { ...good, expiresInMs: 2 ** 53 },
      { ...good, more: 1 },
    ],
    JSON.parse('{"keys": ["acct/*"], "operations": ["sign"], "__proto__": {"x": 1}}'),
  ];
  for (const request of bad) {
    const { port1, port2 } = new MessageChannel();
    const closed = new Promise<void>((resolve) => void port1.once('close', resolve));
    const reply = await port.call('grant', [request, port2], [port2]);
    assert.is(codeOf(reply), 'ERR_GRANT', JSON.stringify(request));
    await closed;
  }
  for (const noPort of [undefined, null, {}, 7, new ArrayBuffer(4)]) {
    assert.is(codeOf(await port.call('grant', [good, noPort])), 'ERR_REFUSED');
  }
  assert.is((await vault.stats()).grants, 1);
});

test('a number of a grant is of use only where it was made', async () => {
  await using vault = await open();
  const [first, second] = [await grantRaw(vault), await grantRaw(vault)];
  const { port1, port2 } = new MessageChannel();
  const made = await first.call('grant', [{ keys: ['acct/0'], operations: ['sign'] }, port2], [port2]);
  assert.ok(made.ok);
  for (let number = -1; number < 6; number++) {
    assert.is(codeOf(await second.call('revoke', [number])), 'ERR_GRANT');
  }
  assert.is(codeOf(await first.call('revoke', ['1'])), 'ERR_REFUSED');
  assert.is((await vault.stats()).grants, 3);
  const child = speakRaw(port1);
  assert.ok((await first.call('revoke', [(made as { value: unknown }).value])).ok);
  await child.closed;
  assert.equal(
    child.fatals.map(({ code }) => code),
    ['ERR_GRANT_REVOKED'],
  );
  assert.is((await vault.stats()).grants, 2);
});

test('a caller who asks for a grant of the wrong shape is told before anything is sent', async () => {
  await using vault = await open();
  for (const request of [undefined, {}, { keys: ['a'] }, { keys: ['a'], operations: ['export'] }, { keys: 'a' }]) {
    await rejects(vault.grant(request as unknown as GrantRequest), TypeError);
  }
  const { port1, port2 } = new MessageChannel();
  await rejects(vault.revoke(port1), TypeError);
  port1.close();
  port2.close();
  assert.is((await vault.stats()).grants, 0);
});

test('a port may know where its own keys are, and the handle of one opens no other', async () => {
  await using vault = await open();
  const port = await grantRaw(vault);
  const { keys } = await port.connect();
  const handle = handleOf(keys, 'acct/0');
  assert.equal(await port.statuses(frameOf({ handle, code: ED })), ['OK']);
  await vault.release('acct/0');
  assert.equal(await port.statuses(frameOf({ handle, code: ED })), ['ERR_KEY_NOT_FOUND']);
  await vault.register('unseen', { type: 'ed25519', ...generate }); // takes the slot that became free
  const next = { slot: handle.slot, generation: handle.generation + 1 };
  assert.equal(await port.statuses(frameOf({ handle, code: ED }, { handle: next, code: ED })), [
    'ERR_KEY_NOT_FOUND',
    'ERR_KEY_NOT_FOUND',
  ]);
});

test.run();
