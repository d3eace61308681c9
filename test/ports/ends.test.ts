// How a grant ends: revoked, expired, given back, left by a thread that is no more, or with the vault. It is gone then,
// and every call that waits is told.
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessagePort } from 'node:worker_threads';
import { connectVault, type GrantRequest, openVault, type Vault, VaultError, type VaultEvent } from 'strongroom';
import { createCommander, HURTABLE } from '../faults/fixtures/orders.js';
import { makeFiles, PASSWORD, password } from '../lock/rig.js';
import { assert, rejects } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { type Outcomes, outcomesOf, until } from './outcomes.js';
import { frameOf, handleOf, speakRaw } from './raw-port.js';
import { shareVault } from './shared-vault.js';
import { startPortThread } from './threads.js';

const MESSAGE = new Uint8Array(32).fill(3);
const KEYS = {
  ed: { type: 'ed25519', from: 'generate' },
  bls: { type: 'bls12-381', from: 'generate' },
} as const;
const REQUEST: GrantRequest = { keys: ['*'], operations: ['sign', 'publicKey', 'verify'] };
const test = suite('the end of a grant');

const shared = shareVault();
test.after(shared.close);
const open = (): Promise<Vault> => shared.use(KEYS);
const grants = async (vault: Vault): Promise<number> => (await vault.stats()).grants;
const untilGrants = (vault: Vault, count: number): Promise<void> =>
  until(async () => (await grants(vault)) === count, `${count} grants are left`);

/** Calls of every kind, some of which are under way for long. */
const load = (port: Vault): Promise<unknown>[] => [
  port.signMany('bls', Array(500).fill(MESSAGE)),
  ...Array.from({ length: 200 }, () => port.sign('ed', MESSAGE)),
  port.signTogether(['bls'], MESSAGE),
  port.publicKey('ed'),
  port.verify('ed', MESSAGE, new Uint8Array(64)),
  port.grant({ ...REQUEST, operations: ['sign'] }),
];

const sum = (outcomes: Outcomes): number => Object.values(outcomes).reduce((total, count) => total + count, 0);

/** Each settled; those that were not done, by this code. */
const assertSettled = (outcomes: Outcomes, code: string, count: number): void => {
  const { done, ...refused } = outcomes;
  assert.equal(Object.keys(refused), [code]);
  assert.is(sum(outcomes), count);
};

const reasonsOf = (vault: Vault): string[] => {
  const reasons: string[] = [];
  vault.events.on('revoked', ({ reason }: Extract<VaultEvent, { type: 'revoked' }>) => void reasons.push(reason));
  return reasons;
};

test('revoked: calls in flight and later ones are told, and the others go on', async () => {
  await using vault = await open();
  const reasons = reasonsOf(vault);
  const [port, other] = [await vault.grant(REQUEST), await vault.grant(REQUEST)];
  const [client, neighbour] = [await connectVault(port), await connectVault(other)];
  const calls = load(client);
  const settled = outcomesOf(calls);
  const beside = outcomesOf(Array.from({ length: 500 }, () => neighbour.sign('ed', MESSAGE)));
  await client.publicKey('ed');
  await vault.revoke(port);
  assertSettled(await settled, 'ERR_GRANT_REVOKED', calls.length);
  assert.equal(await beside, { done: 500 });
  const { reason, error } = await client.closed;
  assert.equal([reason, error?.code], ['revoked', 'ERR_GRANT_REVOKED']);
  for (const call of [
    client.sign('ed', MESSAGE),
    client.publicKey('ed'),
    client.grant(REQUEST),
    client.signTogether(['bls'], MESSAGE),
  ]) {
    await rejects(call, 'ERR_GRANT_REVOKED');
  }
  await client.close();
  await until(() => reasons.length > 0, 'the owner is told');
  assert.equal(new Set(reasons), new Set(['revoked']));
  assert.is(await grants(vault), 1);
  await rejects(vault.revoke(port), TypeError);
  assert.is((await neighbour.sign('ed', MESSAGE)).length, 64);
});

test('frames that a port has sent before it is revoked, and that wait behind others, are not signed after', async () => {
  await using vault = await shared.use({
    ...KEYS,
    few: { type: 'ed25519', from: 'generate', maxSignatures: 1_000_000 },
  });
  const port = await vault.grant(REQUEST);
  const raw = speakRaw(port);
  const { keys } = await raw.connect();
  const operation = { handle: handleOf(keys, 'few'), code: 1 };
  const frame = frameOf(...Array.from({ length: 100 }, () => operation));
  const sent = Array.from({ length: 2000 }, () => raw.call('sign', [frame]));
  for (const call of sent) call.catch(() => undefined);
  await sent[0];
  await vault.revoke(port);
  const before = (await vault.stats()).operations.sign?.count ?? 0;
  await sleep(300);
  const after = (await vault.stats()).operations.sign?.count ?? 0;
  assert.ok(after - before < 100_000, `${after - before} of 200,000 were signed after it`);
  await raw.closed;
  const outcomes = await Promise.allSettled(sent);
  assert.ok(outcomes.some(({ status }) => status === 'rejected'));
});

test('a port that is revoked before anyone connects is of no use', async () => {
  await using vault = await open();
  const port = await vault.grant(REQUEST);
  await vault.revoke(port);
  await rejects(connectVault(port), 'ERR_GRANT_REVOKED');
  const late = await vault.grant(REQUEST);
  await vault.revoke(late);
  await sleep(100);
  const { code } = await rejects(connectVault(late), VaultError);
  assert.ok(code === 'ERR_GRANT_REVOKED' || code === 'ERR_VAULT_CLOSED', 'whatever is left to be told');
  assert.is(await grants(vault), 0);
});

test('expired: on time, also when nothing is asked, with those that were granted of it', async () => {
  await using vault = await open();
  const reasons = reasonsOf(vault);
  const begun = performance.now();
  const client = await connectVault(await vault.grant({ ...REQUEST, expiresInMs: 600 }));
  const child = await connectVault(await client.grant(REQUEST));
  const longer = await connectVault(await client.grant({ ...REQUEST, expiresInMs: 60_000 }));
  assert.is(await grants(vault), 3);
  assert.is((await child.sign('ed', MESSAGE)).length, 64);
  const ends = await Promise.all([client.closed, child.closed, longer.closed]);
  const took = performance.now() - begun;
  assert.ok(took >= 599 && took < 5_000, `${took} ms`);
  for (const { reason, error } of ends) {
    assert.equal([reason, error?.code], ['revoked', 'ERR_GRANT_REVOKED']);
    assert.match(error?.message ?? '', /expired/);
  }
  await rejects(client.sign('ed', MESSAGE), 'ERR_GRANT_REVOKED');
  await untilGrants(vault, 0);
  await until(() => reasons.length === 3, 'the owner is told');
  assert.equal(reasons, ['expired', 'expired', 'expired']);
});

test('expired under load: what is not answered is told', async () => {
  await using vault = await open();
  const client = await connectVault(await vault.grant({ ...REQUEST, expiresInMs: 400 }));
  const calls: Promise<unknown>[] = [];
  let over = false;
  void client.closed.then(() => {
    over = true;
  });
  while (!over) {
    const some = Array.from({ length: 50 }, () => client.sign('ed', MESSAGE));
    calls.push(...some);
    await Promise.allSettled(some);
  }
  calls.push(client.sign('ed', MESSAGE));
  assertSettled(await outcomesOf(calls), 'ERR_GRANT_REVOKED', calls.length);
});

test('given back: the grant is gone, with those that were granted of it, and the vault goes on', async () => {
  await using vault = await open();
  const reasons = reasonsOf(vault);
  const client = await connectVault(await vault.grant(REQUEST));
  const child = await connectVault(await client.grant(REQUEST));
  const calls = load(client);
  const settled = outcomesOf(calls);
  const below = outcomesOf(Array.from({ length: 100 }, () => child.sign('bls', MESSAGE)));
  await client.close();
  assert.equal(await client.closed, { reason: 'closed' });
  assertSettled(await settled, 'ERR_VAULT_CLOSED', calls.length);
  assertSettled({ ERR_GRANT_REVOKED: 0, ...(await below) }, 'ERR_GRANT_REVOKED', 100);
  await rejects(client.sign('ed', MESSAGE), 'ERR_VAULT_CLOSED');
  assert.is((await child.closed).reason, 'revoked');
  await untilGrants(vault, 0);
  await until(() => reasons.length >= 2, 'the owner is told');
  assert.equal(new Set(reasons), new Set(['closed']));
  assert.is((await vault.sign('ed', MESSAGE)).length, 64);
});

test('a port whose other end is closed, connected or not, is gone', async () => {
  await using vault = await open();
  const [raw, untouched] = [await vault.grant(REQUEST), await vault.grant(REQUEST)];
  await speakRaw(raw).connect();
  assert.is(await grants(vault), 2);
  raw.close();
  untouched.close();
  await untilGrants(vault, 0);
  await rejects(connectVault(untouched), 'ERR_VAULT_CLOSED');
});

for (const [name, end] of [
  ['ends by itself', { do: 'sign and exit', id: 'bls', count: 300 }],
  ['ends by an error', { do: 'throw' }],
  ['gives the port back', { do: 'close' }],
  ['is terminated', undefined],
] as const) {
  test(`the thread that has the port ${name}: the grant is gone, and the vault goes on`, async () => {
    await using vault = await open();
    const thread = await startPortThread(await vault.grant(REQUEST));
    assert.equal(await thread.order<Outcomes>({ do: 'sign', id: 'ed', count: 300 }), { done: 300 });
    const onward = await thread.order<MessagePort>({ do: 'grant', request: REQUEST });
    const child = await connectVault(onward);
    assert.is((await child.sign('ed', MESSAGE)).length, 64);
    assert.is(await grants(vault), 2);
    const exited = new Promise<void>((resolve) => void thread.worker.once('exit', () => resolve()));
    thread.worker.on('error', () => undefined);
    if (end === undefined) {
      thread.tell({ do: 'sign', id: 'bls', count: 1000 });
      await sleep(20);
      await thread.end();
    } else thread.tell(end);
    if (name === 'gives the port back') {
      assert.equal(await once(thread.worker, 'message'), ['closed']);
      await thread.end();
    }
    await exited;
    assert.is((await child.closed).reason, 'revoked');
    await untilGrants(vault, 0);
    await until(async () => (await vault.stats()).queue.pending === 0, 'nothing is left of its calls');
    assert.is((await vault.sign('ed', MESSAGE)).length, 64);
  });
}

test('the vault is closed: work that was accepted is answered or told, and every port is over', async () => {
  const vault = await openVault({ threads: 1, keys: KEYS });
  const client = await connectVault(await vault.grant(REQUEST));
  const child = await connectVault(await client.grant(REQUEST));
  const calls = [...load(client), ...load(child)];
  const settled = outcomesOf(calls);
  await client.publicKey('ed');
  await vault.close();
  assertSettled({ ERR_VAULT_CLOSED: 0, ...(await settled) }, 'ERR_VAULT_CLOSED', calls.length);
  for (const each of [client, child]) {
    assert.is((await each.closed).reason, 'closed');
    await rejects(each.sign('ed', MESSAGE), 'ERR_VAULT_CLOSED');
    await each.close();
  }
});

for (const order of [{ do: 'exit', code: 3 }, { do: 'throw' }, { do: 'spoil a canary' }] as const) {
  test(`the vault's thread ends (${order.do}): every call at a port is told`, async () => {
    const commander = createCommander();
    const vault = await openVault({ threads: 2, keys: KEYS }, { workers: HURTABLE });
    const client = await connectVault(await vault.grant(REQUEST));
    const calls = load(client);
    const settled = outcomesOf(calls);
    await client.publicKey('ed');
    void commander.order(order);
    // Only a wipe looks at canaries, and it waits for the work in flight.
    if (order.do === 'spoil a canary') vault.release('ed').catch(() => undefined);
    const outcomes = await settled;
    assert.is(sum(outcomes), calls.length);
    assert.is((await vault.closed).reason, 'crashed');
    const { error } = await client.closed;
    // A thread that ends without a word leaves a port that is closed, and nothing else.
    const expected = order.do === 'spoil a canary' ? 'ERR_MEMORY_CORRUPTED' : 'ERR_VAULT_CLOSED';
    if (error !== undefined) assert.is(error.code, expected);
    // A wipe waits for the work in flight: then nothing may be left that could be told.
    const { done, ...refused } = outcomes;
    if (order.do !== 'spoil a canary' || done !== calls.length) assert.equal(Object.keys(refused), [expected]);
    await rejects(client.sign('bls', MESSAGE), expected);
    await client.close();
    await vault.close();
    commander.close();
  });
}

test('the vault is locked: a port is told, and has its keys again when it is unlocked', async () => {
  const { sealed } = makeFiles();
  const from = { sealed, password: { bytes: password(PASSWORD) } };
  await using vault = await openVault({
    threads: 1,
    keys: { 'sealed/ed': { type: 'ed25519', from }, lost: { type: 'ed25519', from: 'generate' } },
  });
  const client = await connectVault(await vault.grant({ ...REQUEST, keys: ['sealed/*', 'lost'] }));
  const before = client.keys().find(({ id }) => id === 'sealed/ed');
  await vault.lock();
  await until(() => client.info().locked, 'it is told');
  await until(() => client.keys().length === 1, 'what was lost is gone');
  await rejects(client.sign('sealed/ed', MESSAGE), 'ERR_VAULT_LOCKED');
  await rejects(client.sign('lost', MESSAGE), 'ERR_KEY_NOT_FOUND');
  assert.equal(client.keys()[0], { ...before!, state: 'locked' });
  assert.is((await client.publicKey('sealed/ed')).length, 32);
  assert.is(await grants(vault), 1, 'the port stays');
  await vault.unlock(password(PASSWORD));
  await until(() => client.keys()[0]?.state === 'ready', 'it is told');
  const signature = await client.sign('sealed/ed', MESSAGE);
  assert.ok(await client.verify('sealed/ed', MESSAGE, signature));
});

test('grants that come and go leave nothing', async () => {
  await using vault = await open();
  for (let round = 0; round < 60; round++) {
    const port = await vault.grant(REQUEST);
    const client = round % 3 === 0 ? undefined : await connectVault(port);
    if (client !== undefined) await client.sign('ed', MESSAGE);
    if (round % 2 === 0) await vault.revoke(port);
    else if (client !== undefined) await client.close();
    else port.close();
  }
  await untilGrants(vault, 0);
});

test('a port can make so many grants, and then no more', async () => {
  await using vault = await open();
  const port = speakRaw(await vault.grant(REQUEST));
  const made: MessagePort[] = [];
  let tooFast = 0;
  for (;;) {
    const { port1, port2 } = new MessageChannel();
    const reply = await port.call('grant', [{ keys: ['ed'], operations: ['sign'] }, port2], [port2]);
    if (reply.ok) {
      made.push(port1);
      continue;
    }
    assert.is(reply.error.code, 'ERR_GRANT');
    if (!reply.error.message.includes('a second')) break;
    tooFast++;
    await sleep(20);
  }
  assert.is(made.length, 128);
  assert.ok(tooFast > 0, 'so many, and not faster than so');
  assert.is((await vault.grant(REQUEST)).constructor.name, 'MessagePort', 'the owner can');
  port.close();
  await untilGrants(vault, 1);
});

test.run();
