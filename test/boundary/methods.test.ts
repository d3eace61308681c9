// The closed list of what can be called over the vault's port: the table, its handlers, and what the port answers to.
import { VAULT_METHODS } from '../../dist/src/wire/protocol.js';
import { handlers } from '../../dist/workers/vault/handlers.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';
import { type Reply, raw, startRawVault } from './raw-vault.js';

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
  'createKeyFile',
  'close',
];
const test = suite('the methods of the port');

test('the table lists exactly these methods', () => {
  assert.equal([...VAULT_METHODS], METHODS);
});

test('every method but open and close has one handler, in the order of the table, and there are no others', () => {
  assert.equal(
    Object.keys(handlers),
    METHODS.filter((name) => name !== 'open' && name !== 'close'),
  );
});

test('the port answers to these names and to no other', async () => {
  const vault = await startRawVault();
  const others = [
    ...[...Object.getOwnPropertyNames(Object.prototype), ...Object.getOwnPropertyNames(Function.prototype)],
    ...['info', 'keys', 'signMany', 'Sign', 'sign ', '', 'then', '0', 'handlers', 'ping'],
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

test.run();
