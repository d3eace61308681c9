import { createHash } from 'node:crypto';
import { keccak_256 as keccak256 } from '@noble/hashes/sha3.js';
import { hashMessage } from '../../dist/workers/providers/hashes.js';
import { assert, equalBytes } from '../support/assert.js';
import { toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { staged } from './rig.js';

const test = suite('hashes of messages');
const random = seededRandom('providers/hashes');
const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

test('published digests', () => {
  const empty = new Uint8Array(0);
  assert.is(toHex(hashMessage('sha256', empty)), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.is(toHex(hashMessage('keccak256', empty)), 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470');
  assert.is(
    toHex(hashMessage('sha256d', new TextEncoder().encode('hello'))),
    '9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50',
  );
});

test('short and long messages hash as other libraries do, in shared memory too', () => {
  const long = [1000, 1023, 1024, 1025, 2000];
  for (const length of [...Array(301).keys(), ...long]) {
    const message = random.bytes(length);
    for (const bytes of [message, staged(message, 64)]) {
      equalBytes(hashMessage('sha256', bytes), sha256(message));
      equalBytes(hashMessage('sha256d', bytes), sha256(sha256(message)));
      equalBytes(hashMessage('keccak256', bytes), keccak256(message));
    }
  }
});

test('without a hash the message itself comes back', () => {
  const message = random.bytes(10);
  assert.ok(hashMessage(undefined, message) === message);
});

test('digests are separate arrays', () => {
  const first = hashMessage('sha256', Uint8Array.of(1));
  const kept = Uint8Array.from(first);
  hashMessage('sha256', Uint8Array.of(2));
  equalBytes(first, kept);
});

test.run();
