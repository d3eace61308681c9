// The closed list of what can be called over the vault's port: the table, its handlers, and what the port answers to.
import { MessageChannel } from 'node:worker_threads';
import { type ConnectReply, GRANTED_METHODS, VAULT_METHODS } from '../../dist/src/wire/protocol.js';
import { handlers } from '../../dist/workers/vault/handlers.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { CONFIG, openRawVault, type Reply, raw, startRawVault } from './raw-vault.js';

/** A new name here is a decision, not an accident. */
const METHODS = [
  'open',
  'claimVariables',
  'load',
  'register',
  'publicKey',
  'sign',
  'signTogether',
  'verify',
  'release',
  'execute',
  'seal',
  'exportKeystore',
  'reseal',
  'readTyped',
  'grant',
  'revoke',
  'lock',
  'unlock',
  'stats',
  'createKeyFile',
  'close',
];
/** Those of a port that was granted. */
const GRANTED = ['connect', 'publicKey', 'sign', 'signTogether', 'verify', 'execute', 'grant', 'revoke'];
const test = suite('the methods of the port');

test('the table lists exactly these methods', () => {
  assert.equal([...VAULT_METHODS], METHODS);
  assert.equal([...GRANTED_METHODS], GRANTED);
});

test('every method but open and close has one handler, and there are no others', () => {
  const named = new Set([...METHODS, ...GRANTED].filter((name) => name !== 'open' && name !== 'close'));
  assert.equal(Object.keys(handlers).sort(), [...named].sort());
});

test('the port answers to these names and to no other', async () => {
  const vault = await startRawVault();
  const others = [
    ...[...Object.getOwnPropertyNames(Object.prototype), ...Object.getOwnPropertyNames(Function.prototype)],
    ...['info', 'keys', 'signMany', 'connect', 'Sign', 'sign ', '', 'then', '0', 'handlers', 'ping'],
  ];
  for (const name of others) {
    const { value } = await vault.ask({ type: 'APPLY', path: [name], argumentList: [] });
    const { error } = value as Extract<Reply, { ok: false }>;
    assert.equal([error.code, error.message], ['ERR_REFUSED', 'the vault refused the message: no such method'], name);
  }
  // Positive control: each of the table is let in, and says itself that the vault is not open.
  for (const name of METHODS.slice(1, -1)) {
    const { value } = await vault.ask({ type: 'APPLY', path: [name], argumentList: raw([]) });
    const { error } = value as Extract<Reply, { ok: false }>;
    assert.equal([error.code, error.message], ['ERR_REFUSED', 'the vault refused the call: it is not open yet'], name);
  }
  assert.is(await vault.close(), 0);
  assert.equal(vault.unexpected, []);
});

test('a port that was granted answers to its own methods, and to no other', async () => {
  const vault = await startRawVault();
  const { ed25519 } = await openRawVault(vault);
  const { port1, port2 } = new MessageChannel();
  const granted = await vault.call('grant', [{ keys: ['ed25519'], operations: ['sign'] }, port2], [port2]);
  assert.equal([granted.ok, ed25519.info.id], [true, 'ed25519']);
  let calls = 0;
  const ask = async (name: string, args: readonly unknown[] = []): Promise<Reply> => {
    const id = `call ${calls++}`;
    const answered = new Promise<Reply>((resolve) => {
      const listen = (message: { readonly id?: string; readonly value?: Reply }): void => {
        if (message.id !== id) return;
        port1.off('message', listen);
        resolve(message.value!);
      };
      port1.on('message', listen);
    });
    port1.postMessage({ id, type: 'APPLY', path: [name], argumentList: raw(args) });
    return answered;
  };
  const others = [...METHODS, 'constructor', 'toString', 'signMany', ''].filter((name) => !GRANTED.includes(name));
  assert.ok(others.includes('register') && others.includes('unlock') && others.includes('close'));
  for (const name of others) {
    const { error } = (await ask(name)) as Extract<Reply, { ok: false }>;
    assert.equal([error.code, error.message], ['ERR_REFUSED', 'the vault refused the message: no such method'], name);
  }
  // Positive control: each of its own is let in, and says itself what is wrong with the call.
  for (const name of GRANTED.slice(1)) {
    const { error } = (await ask(name)) as Extract<Reply, { ok: false }>;
    assert.not.match(error.message, 'no such method', name);
  }
  const connected = (await ask('connect')) as Extract<Reply, { ok: true }>;
  assert.equal(
    (connected.value as ConnectReply).keys.map(({ info }) => info.id),
    ['ed25519'],
  );
  port1.close();
  assert.is(await vault.close(), 0);
  assert.equal(vault.unexpected, []);
});

test('a vault that is closed while it opens answers both calls, and one that is opened twice at once opens once', async () => {
  const codes = (replies: readonly Reply[]): string[] => replies.map((reply) => (reply.ok ? 'ok' : reply.error.code));
  const closed = await startRawVault();
  const [opening, ended] = [closed.call('open', [CONFIG]), closed.close()];
  // Which is first depends on the machine; that both are answered does not.
  assert.ok(['ok', 'ERR_VAULT_CLOSED'].includes(codes([await opening])[0]!));
  assert.is(await ended, 0);

  const opened = await startRawVault();
  const calls = [opened.call('open', [CONFIG]), opened.call('open', [CONFIG]), opened.call('load', [[], []])];
  const [first, second, third] = codes(await Promise.all(calls));
  assert.equal([first, second], ['ok', 'ERR_REFUSED']);
  assert.ok(third === 'ERR_REFUSED' || third === 'ok', third);
  assert.equal(codes([await opened.call('load', [[], []])]), ['ok']);
  assert.is(await opened.close(), 0);
});

test.run();
