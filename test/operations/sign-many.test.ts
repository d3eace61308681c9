// signMany(): one key, many messages; all signatures in their order, or one error.
import { openVault, type Vault, type VaultInfo } from 'strongroom';
import { createClient } from '../../dist/src/client.js';
import type { VaultHost } from '../../dist/src/host.js';
import { defaultConfig } from '../../dist/src/settings/read.js';
import { REPLY_HEADER_BYTES, statusOf } from '../../dist/src/wire/frame.js';
import type { Slot } from '../../dist/src/wire/types.js';
import { assert, equalBytes, rejects } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { isRight, ONE_OF_EACH } from './oracle.js';

const random = seededRandom('operations/sign-many');
const test = suite('signMany');
let vault: Vault;

test.before(async () => {
  vault = await openVault({ threads: 2, keys: ONE_OF_EACH });
});
test.after(() => vault.close());

test('no messages give no signatures', async () => {
  assert.equal(await vault.signMany('ed25519', []), []);
});

test('4,096 messages give 4,096 signatures, in order', async () => {
  const messages = Array.from({ length: 4096 }, (_, i) => random.bytes(i % 70));
  const signatures = await vault.signMany('ed25519', messages);
  assert.is(signatures.length, 4096);
  const publicKey = await vault.publicKey('ed25519');
  signatures.forEach((signature, i) => {
    if (!isRight(publicKey, 'ed25519', undefined, messages[i]!, signature)) throw new Error(`the signature ${i}`);
  });
});

test('each signature is the one that sign() gives', async () => {
  const digests = Array.from({ length: 600 }, () => random.bytes(32));
  const options = { scheme: 'ecdsa-recoverable' } as const;
  const many = await vault.signMany('secp256k1', digests, options);
  const single = await Promise.all(digests.map((digest) => vault.sign('secp256k1', digest, options)));
  many.forEach((signature, i) => void equalBytes(signature, single[i]!, `signature ${i}`));
});

test('calls on several keys at once are not mixed up', async () => {
  const messages = Array.from({ length: 300 }, () => random.bytes(32));
  const [edwards, koblitz, again] = await Promise.all([
    vault.signMany('ed25519', messages),
    vault.signMany('secp256k1', messages, { hash: 'sha256' }),
    vault.signMany('ed25519', messages.slice().reverse()),
  ]);
  const publicKey = await vault.publicKey('secp256k1');
  for (let i = 0; i < 300; i += 29) {
    assert.ok(isRight(await vault.publicKey('ed25519'), 'ed25519', undefined, messages[i]!, edwards[i]!));
    assert.ok(isRight(publicKey, 'ecdsa', 'sha256', messages[i]!, koblitz[i]!));
    equalBytes(again[299 - i]!, edwards[i]!);
  }
});

test('one message that cannot be signed is an error before anything is sent', async () => {
  const good = new Uint8Array(32);
  const bad = [good, 'text', good] as unknown as Uint8Array[];
  await rejects(vault.signMany('ed25519', bad), TypeError, /"message" expected a Uint8Array, got string/);
  await rejects(vault.signMany('secp256k1', [good, new Uint8Array(31)]), RangeError, /expected 32 bytes, got 31/);
  const holes = new Array<Uint8Array>(2);
  await rejects(vault.signMany('ed25519', holes), TypeError, /"message" expected a Uint8Array, got undefined/);
});

/** A client of a vault that fails the operation of that number. */
const failing = (fails: number, code: 'ERR_SIGNATURE_FAULT' | 'ERR_SIGNER_FAILED'): Vault => {
  const host = {
    sign: async (frame: ArrayBuffer) => {
      const count = new Uint32Array(frame)[1]!;
      const reply = new Uint8Array(REPLY_HEADER_BYTES + count + 64 * (count - 1));
      new Uint32Array(reply.buffer, 0, 1)[0] = count;
      reply[REPLY_HEADER_BYTES + fails] = statusOf(code);
      return [reply.buffer];
    },
    onNotice: () => undefined,
    ended: new Promise(() => undefined),
  } as unknown as VaultHost;
  const key = { id: 'key', type: 'ed25519', publicKey: new Uint8Array(32), provider: 'native', source: 'generate' };
  const info = { ...key, allow: ['sign'], schemes: ['ed25519'], state: 'ready', limits: {} };
  const record = { info, handle: { slot: 0 as Slot, generation: 1 } } as Parameters<typeof createClient>[3][number];
  return createClient(host, { ...defaultConfig(), maxPending: 10 }, {} as VaultInfo, [record]);
};

test('one signature that cannot be made fails the call, once, with its code and the key', async () => {
  for (const code of ['ERR_SIGNATURE_FAULT', 'ERR_SIGNER_FAILED'] as const) {
    for (const fails of [0, 3, 9]) {
      const client = failing(fails, code);
      const messages = Array.from({ length: 10 }, () => new Uint8Array(8));
      assert.is((await rejects(client.signMany('key', messages), code, /\(key "key"\)$/)).keyId, 'key');
      await rejects(client.signMany('key', messages), code); // all that was pending is settled: there is room again
    }
  }
});

test.run();
