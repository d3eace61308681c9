// The one native object through which BLS keys pass: it holds a key during a call, and zeros otherwise.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { createExchangedKey } from '../../dist/workers/providers/native/blst-key.js';
import { type Blst, loadBlst } from '../../dist/workers/providers/native/load.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('the exchanged key of BLS');
const random = seededRandom('exchanged key');

/** What the vault never calls: the bytes of a key object. */
interface WithBytes {
  toBytes(): Uint8Array;
}

const blst = loadBlst();

const makeSecret = (): Uint8Array => {
  const secret = random.bytes(32);
  secret[0] = (secret[0] as number) & 0x3f;
  return secret;
};

const made = (library: Blst) => {
  const exchanged = createExchangedKey(library);
  if (exchanged === undefined) throw new Error('the object was not found in memory');
  return exchanged;
};

if (process.platform !== 'linux') {
  test.skip('exchanges keys in place', 'it needs /proc/self/mem, which only Linux has');
} else if (blst === undefined) {
  test.skip('exchanges keys in place', '@chainsafe/blst has no binary for this machine');
} else {
  test('signs as an object of the key does, key after key', () => {
    const exchanged = made(blst);
    const scratch = new Uint8Array(64);
    for (let i = 0; i < 20; i++) {
      const secret = makeSecret();
      const message = random.bytes(random.int(100));
      const signature = exchanged.use(`${i}`, secret, scratch, (key) => key.sign(message).toBytes());
      equalBytes(signature, blst.SecretKey.fromBytes(secret).sign(message).toBytes(), 'signature');
    }
  });

  test('holds a key until it is told to rest, whether a call returned or threw, and zeros then', () => {
    const exchanged = made(blst);
    const scratch = new Uint8Array(64);
    let object: WithBytes | undefined;
    const secret = makeSecret();
    exchanged.use('key', secret, scratch, (key) => {
      object = key as unknown as WithBytes;
      equalBytes(object.toBytes(), secret, 'key within the call');
    });
    const failing = (): void =>
      exchanged.use('key', secret, scratch, () => {
        throw new Error('of the call');
      });
    assert.throws(failing, /of the call/);
    equalBytes(scratch, new Uint8Array(64), 'scratch');
    equalBytes(object?.toBytes() ?? new Uint8Array(32), secret, 'key after the calls');
    exchanged.rest();
    equalBytes(object?.toBytes() ?? secret, new Uint8Array(32), 'key at rest');
  });

  test('signs with no key that was zeroed in part', () => {
    const exchanged = made(blst);
    const scratch = new Uint8Array(32);
    const secret = makeSecret();
    const sign = (): Uint8Array => exchanged.use('key', secret, scratch, (key) => key.sign(scratch).toBytes());
    const signature = sign();
    const { writeSync } = fs;
    let faults = 0;
    const halfWritten = (memory: number, bytes: Uint8Array, from: number, _length: number, at: number): number => {
      faults++;
      return writeSync(memory, bytes, from, 16, at);
    };
    try {
      fs.writeSync = halfWritten as typeof fs.writeSync;
      syncBuiltinESMExports();
      assert.throws(() => exchanged.rest(), /not exchanged/);
    } finally {
      fs.writeSync = writeSync;
      syncBuiltinESMExports();
    }
    assert.is(faults, 2, 'positive control: both attempts failed');
    equalBytes(sign(), signature, 'signature after the fault');
    exchanged.rest();
  });

  test('finds its own object among many of one process', () => {
    const secrets = Array.from({ length: 8 }, makeSecret);
    const objects = secrets.map(() => made(blst));
    const scratch = new Uint8Array(32);
    objects.forEach((exchanged, i) => {
      const secret = secrets[i] as Uint8Array;
      const publicKey = exchanged.use('key', secret, scratch, (key) => key.toPublicKey().toBytes());
      equalBytes(publicKey, blst.SecretKey.fromBytes(secret).toPublicKey().toBytes(), 'public key');
    });
  });
}

test.run();
