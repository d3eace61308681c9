// XChaCha20-Poly1305: both implementations by a published answer and against one another, on arena memory.
import type { VaultError } from '../../dist/src/errors.js';
import { AEAD_SELF_TEST_BYTES, type Aead, selfTestAead } from '../../dist/workers/providers/aead.js';
import { nobleAead } from '../../dist/workers/providers/noble/aead.js';
import { assert, equalBytes, equalSecret } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { decoded, inArena, NO_SODIUM, nativeAead, staging } from './room.js';

const test = suite('XChaCha20-Poly1305');
const random = seededRandom('aead');

const implementations = [nobleAead, ...(nativeAead === undefined ? [] : [nativeAead])];
const testNative = (name: string, body: (native: Aead) => void): void => {
  const native = nativeAead;
  if (native === undefined) test.skip(name, NO_SODIUM);
  else test(name, () => body(native));
};

for (const aead of implementations) {
  test(`the known answer of the draft is given, and nothing is left (${aead.name})`, () => {
    staging.fill(0x5a);
    selfTestAead(aead, staging);
    assert.ok(staging.subarray(0, AEAD_SELF_TEST_BYTES).every((byte) => byte === 0));
    assert.ok(staging.subarray(AEAD_SELF_TEST_BYTES).every((byte) => byte === 0x5a));
    staging.fill(0);
  });
}

test('the self-test finds an implementation that writes nothing, takes forgeries, or leaves what it refused', () => {
  const faulty: readonly (readonly [Partial<Aead>, RegExp])[] = [
    [{ seal: () => {} }, /noble xchacha20-poly1305 seal failed/],
    [{ open: () => true }, /open failed/],
    [{ open: () => false }, /open failed/],
    [
      {
        open(...all) {
          nobleAead.open(...all);
          return true;
        },
      },
      /changed text failed/,
    ],
    [
      {
        open(key, nonce, associated, sealed, plaintext) {
          const before = Uint8Array.from(plaintext);
          const isOpen = nobleAead.open(key, nonce, associated, sealed, plaintext);
          if (!isOpen) plaintext.set(before);
          return isOpen;
        },
      },
      /open of a changed text failed/,
    ],
    [
      {
        open(key, nonce, _associated, sealed, plaintext) {
          return nobleAead.open(key, nonce, Buffer.from('50515253c0c1c2c3c4c5c6c7', 'hex'), sealed, plaintext);
        },
      },
      /other associated data failed/,
    ],
    [
      {
        seal() {
          throw new Error('text of a library');
        },
      },
      /^the known-answer test of noble xchacha20-poly1305 seal failed$/,
    ],
  ];
  for (const [part, message] of faulty) {
    try {
      selfTestAead({ ...nobleAead, ...part }, staging);
    } catch (error) {
      assert.is((error as VaultError).code, 'ERR_SELF_TEST');
      assert.match((error as Error).message, message);
      assert.ok(staging.every((byte) => byte === 0));
      continue;
    }
    assert.unreachable(String(message));
  }
});

testNative('native and noble give the same bytes, and open one another, at every length', (native) => {
  const key = inArena(random.bytes(32));
  for (const length of [0, 1, 15, 16, 17, 63, 64, 65, 1000, 65_535, 65_536]) {
    const [nonce, associated, secret] = [random.bytes(24), random.bytes(random.int(140)), random.bytes(length)];
    const text = staging.subarray(0, length);
    text.set(secret);
    const [a, b] = [new Uint8Array(length + 16), new Uint8Array(length + 16)];
    native.seal(key, nonce, associated, text, a);
    nobleAead.seal(key, nonce, associated, text, b);
    equalBytes(a, b);
    for (const aead of [native, nobleAead]) {
      const opened = decoded.subarray(0, length);
      opened.fill(0);
      assert.is(aead.open(key, nonce, associated, a, opened), true);
      equalSecret(opened, secret);
      for (const at of [0, length >> 1, length + 15]) {
        a[at]! ^= 0x10;
        opened.fill(1);
        assert.is(aead.open(key, nonce, associated, a, opened), false);
        assert.ok(
          opened.every((byte) => byte === 0),
          'nothing of a forgery is given out',
        );
        a[at]! ^= 0x10;
      }
    }
  }
  staging.fill(0);
  decoded.fill(0);
});

test('a wrong length is a bug of the caller, and no forgery', () => {
  for (const aead of implementations) {
    const [key, nonce, text, sealed] = [32, 24, 10, 26].map((length) => new Uint8Array(length)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const isRange = (error: Error): boolean => error instanceof RangeError && /expected \d+ bytes/.test(error.message);
    for (const method of ['seal', 'open'] as const) {
      const call = (k: Uint8Array, n: Uint8Array, s: Uint8Array): void => {
        if (method === 'seal') aead.seal(k, n, sealed, text, s);
        else aead.open(k, n, sealed, s, text);
      };
      assert.throws(() => call(key.subarray(1), nonce, sealed), isRange);
      assert.throws(() => call(key, nonce.subarray(1), sealed), isRange);
      assert.throws(() => call(key, nonce, sealed.subarray(1)), isRange);
    }
  }
});

test.run();
