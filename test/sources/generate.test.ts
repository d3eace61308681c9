// New secrets: in range, in place, different each time.
import { KEY_TYPE_FACTS, KEY_TYPES } from '../../dist/src/wire/types.js';
import { isInRange } from '../../dist/workers/providers/range.js';
import { generateSecret } from '../../dist/workers/sources/generate.js';
import { assert } from '../support/assert.js';
import { suite } from '../support/suite.js';

/** Not in node's own types. */
declare const WebAssembly: {
  readonly Memory: new (of: {
    initial: number;
    maximum: number;
    shared: true;
  }) => { readonly buffer: SharedArrayBuffer };
};

const test = suite('generated secrets');
const arena = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;
const out = new Uint8Array(arena, 128, 64);

for (const type of KEY_TYPES) {
  // HMAC keys may be longer, and need not be.
  const secretBytes = type === 'hmac' ? 32 : KEY_TYPE_FACTS[type].secretBytes;
  test(`${type}: ${secretBytes} bytes in range, never the same, and nothing beside them`, () => {
    const all = new Uint8Array(arena);
    const seen = new Set<string>();
    const bits = new Uint8Array(secretBytes); // every bit that was ever set
    for (let round = 0; round < 300; round++) {
      all.fill(0x5a);
      assert.is(generateSecret(type, out), secretBytes);
      const secret = out.subarray(0, secretBytes);
      assert.ok(isInRange(type, secret));
      assert.ok(
        all.subarray(0, 128).every((byte) => byte === 0x5a) &&
          all.subarray(128 + secretBytes).every((byte) => byte === 0x5a),
      );
      seen.add(Buffer.from(secret).toString('hex'));
      for (let i = 0; i < secretBytes; i++) bits[i] = (bits[i] as number) | (secret[i] as number);
    }
    assert.is(seen.size, 300);
    const top = type === 'bls12-381' ? 0x7f : 0xff;
    assert.ok(bits[0] === top && bits.subarray(1).every((byte) => byte === 0xff), 'every bit is used');
  });
}

test('room for less than a secret is a bug of the caller', () => {
  assert.throws(
    () => generateSecret('ed25519', out.subarray(0, 31)),
    (error: Error) => error instanceof RangeError && error.message === '"out" expected at least 32 bytes, got 31',
  );
});

test.run();
