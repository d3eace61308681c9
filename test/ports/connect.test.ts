// connectVault: the client at a port, in this thread and in others, over as many hops as one likes; and what is no port.
import { once } from 'node:events';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { connectVault, type GrantRequest, type Vault } from 'strongroom';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { runNode } from '../support/child.js';
import { suite } from '../support/suite.js';
import { outcomesOf, until } from './outcomes.js';
import { speakRaw } from './raw-port.js';
import { shareVault } from './shared-vault.js';
import { startPortThread } from './threads.js';

const MESSAGE = new Uint8Array(32).fill(9);
const KEYS = {
  ed: { type: 'ed25519', from: 'generate' },
  ec: { type: 'secp256k1', from: 'generate' },
  bls: { type: 'bls12-381', from: 'generate' },
  box: { type: 'x25519', from: 'generate' },
} as const;
const REQUEST: GrantRequest = { keys: ['*'], operations: ['sign', 'publicKey', 'verify', 'agree'] };
const test = suite('connectVault');

const shared = shareVault();
test.after(shared.close);
const open = (): Promise<Vault> => shared.use(KEYS);

test('in the same thread it is the same client: what it makes is what the owner makes', async () => {
  await using vault = await open();
  const client = await connectVault(await vault.grant(REQUEST));
  for (const id of ['ed', 'ec', 'bls']) equalBytes(await client.sign(id, MESSAGE), await vault.sign(id, MESSAGE), id);
  equalBytes(await client.signTogether(['bls'], MESSAGE), await vault.signTogether(['bls'], MESSAGE));
  const many = await client.signMany('ed', [MESSAGE, new Uint8Array(0), new Uint8Array(100_000)]);
  assert.ok(await client.verify('ed', new Uint8Array(100_000), many[2]!));
  const input = { peer: await vault.publicKey('box'), info: MESSAGE };
  equalBytes(await client.execute('box', 'agree', input), await vault.execute('box', 'agree', input));
  assert.is(client.info().threads, vault.info().threads);
  await rejects(client.sign('ed', 'no bytes' as unknown as Uint8Array), TypeError);
  await rejects(client.sign('ec', new Uint8Array(31)), RangeError);
  await rejects(client.sign('no id!', MESSAGE), TypeError);
});

test('in a thread, and of that in another, and of that in a third', async () => {
  await using vault = await open();
  const first = await startPortThread(await vault.grant(REQUEST));
  const second = await startPortThread(await first.order<MessagePort>({ do: 'grant', request: REQUEST }));
  const narrow = { keys: ['ed'], operations: ['sign'] } as const;
  const third = await startPortThread(await second.order<MessagePort>({ do: 'grant', request: narrow }));
  const threads = [first, second, third];
  assert.equal(await Promise.all(threads.map(({ order }) => order({ do: 'keys' }))), [
    Object.keys(KEYS),
    Object.keys(KEYS),
    ['ed'],
  ]);
  const signed = await Promise.all(threads.map(({ order }) => order({ do: 'sign', id: 'ed', count: 200 })));
  assert.equal(signed, [{ done: 200 }, { done: 200 }, { done: 200 }]);
  assert.equal(await third.order({ do: 'sign', id: 'ec', count: 2 }), { ERR_KEY_NOT_FOUND: 2 });
  assert.is((await vault.stats()).grants, 3);
  await second.end();
  await until(async () => (await vault.stats()).grants === 1, 'the grants below end with it');
  assert.equal(await third.order({ do: 'sign', id: 'ed', count: 2 }), { ERR_GRANT_REVOKED: 2 });
  assert.equal(await first.order({ do: 'sign', id: 'ed', count: 2 }), { done: 2 });
  await Promise.all([first.end(), third.end()]);
});

test('a port that passes through a thread that does not use it', async () => {
  await using vault = await open();
  const { port1, port2 } = new MessageChannel();
  const granted = await vault.grant(REQUEST);
  port1.postMessage(granted, [granted]);
  const passed = await new Promise<MessagePort>((resolve) => void port2.once('message', resolve));
  const client = await connectVault(passed);
  assert.is((await client.sign('ed', MESSAGE)).length, 64);
  port1.close();
  await rejects(connectVault(granted), 'ERR_VAULT_CLOSED');
});

test('a port that is connected twice serves both, or tells them: no call is left waiting', async () => {
  await using vault = await open();
  const port = await vault.grant(REQUEST);
  const [one, two] = await Promise.all([connectVault(port), connectVault(port)]);
  const calls = [one, two, one, two].map((client) => client.sign('ed', MESSAGE));
  assert.equal(await outcomesOf(calls), { done: 4 });
  await one.close();
  await rejects(two.sign('ed', MESSAGE), 'ERR_VAULT_CLOSED');
  assert.is((await two.closed).reason, 'closed');
});

test('what is no port is told at once', async () => {
  for (const none of [undefined, null, {}, 7, 'port', new EventTarget(), new MessageChannel()]) {
    await rejects(connectVault(none as unknown as MessagePort), TypeError);
  }
});

test('a port that nobody granted: whoever is at its other end answers or closes it', async () => {
  const closed = new MessageChannel();
  const connecting = connectVault(closed.port1);
  closed.port2.close();
  await rejects(connecting, 'ERR_VAULT_CLOSED');

  const stranger = new MessageChannel();
  stranger.port2.on('message', ({ id }: { id: string }) => {
    for (const answer of [7, null, [], { ok: true }, { id: 'another', type: 'RAW', value: { ok: true, value: {} } }]) {
      stranger.port2.postMessage(answer);
    }
    const error = { code: 'ERR_REFUSED', message: 'a stranger says so' };
    stranger.port2.postMessage({ id, type: 'RAW', value: { ok: false, error } });
  });
  await rejects(connectVault(stranger.port1), 'ERR_REFUSED');
});

test('a port that was closed before it is connected', async () => {
  await using vault = await open();
  const port = await vault.grant(REQUEST);
  port.close();
  await rejects(connectVault(port), 'ERR_VAULT_CLOSED');
  await until(async () => (await vault.stats()).grants === 0, 'the grant is gone');
});

test('a client that is closed at once, or twice, or with calls that it has just made, ends in order', async () => {
  await using vault = await open();
  const first = await connectVault(await vault.grant(REQUEST));
  await Promise.all([first.close(), first.close()]);
  const second = await connectVault(await vault.grant(REQUEST));
  const calls = Array.from({ length: 100 }, () => second.sign('ed', MESSAGE));
  const settled = outcomesOf(calls);
  await second[Symbol.asyncDispose]();
  const { done = 0, ERR_VAULT_CLOSED: ended = 0 } = await settled;
  assert.is(done + ended, 100);
});

test('calls that are sent before connect are answered: a port needs no ceremony', async () => {
  await using vault = await open();
  const port = speakRaw(await vault.grant(REQUEST));
  const [early, reply] = await Promise.all([port.call('publicKey', ['ed']), port.connect()]);
  assert.ok(early.ok);
  assert.is(reply.keys.length, 4);
  assert.is((await port.connect()).keys.length, 4, 'again is no harm');
  await vault.register('late', { type: 'ed25519', from: 'generate' });
  await until(() => port.notices.length > 0, 'it is told');
  assert.is(port.notices.filter(({ changed }) => changed !== undefined).length, 1, 'once');
});

const program = (lines: string): string => `
import { connectVault, openVault } from 'strongroom';
const vault = await openVault({ threads: 1, keys: { ed: { type: 'ed25519', from: 'generate', idleMs: 3600000 } } });
const request = { keys: ['*'], operations: ['sign'], expiresInMs: 3600000 };
const message = new Uint8Array(32);
${lines}`;

test('a process does not stay for ports that nobody uses, and does for calls that are under way', async () => {
  for (const lines of [
    `await vault.grant(request); console.log('end');`,
    `const client = await connectVault(await vault.grant(request));
     await client.sign('ed', message);
     console.log('end');`,
    `const client = await connectVault(await vault.grant(request));
     await connectVault(await client.grant(request));
     client.sign('ed', message).then(() => console.log('end'));`,
    `const client = await connectVault(await vault.grant(request));
     client.signMany('ed', Array(5000).fill(message)).then(() => console.log('end'));`,
  ]) {
    const { code, stdout, stderr, timedOut } = await runNode(program(lines), { timeoutMs: 30_000 });
    assert.is(timedOut, false, lines);
    assert.equal([code, stdout], [0, 'end\n'], stderr);
  }
});

test('a thread does not stay for a port that it does not use', async () => {
  await using vault = await open();
  const granted = await vault.grant(REQUEST);
  const file = new URL('./fixtures/sign-once.js', import.meta.url);
  const worker = new Worker(file, { workerData: granted, transferList: [granted] });
  const signed = once(worker, 'message');
  const exited = once(worker, 'exit');
  assert.equal(await signed, [64]);
  assert.equal(await exited, [0]);
  await until(async () => (await vault.stats()).grants === 0, 'the grant ends with it');
});

test.run();
