// Keys of the types aead and hmac on their way in: generated, decoded, and kept at their length.
import { VaultError } from '../../dist/src/errors.js';
import { type Encoding, KEY_TYPE_FACTS } from '../../dist/src/wire/types.js';
import { decodeKey } from '../../dist/workers/codec/decode.js';
import { isInRange } from '../../dist/workers/providers/range.js';
import { secretIn } from '../../dist/workers/providers/secret-in.js';
import { generateSecret } from '../../dist/workers/sources/generate.js';
import { isWiped, loadKey, noble, staged } from '../providers/rig.js';
import { assert, equalBytes, equalSecret } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('keys for operators');
const random = seededRandom('operators/keys');
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const OUT_AT = 2048;

type Type = 'aead' | 'hmac';
const decode = (source: Uint8Array, encoding: Encoding, type: Type): Uint8Array => {
  const out = staged(new Uint8Array(128), OUT_AT);
  const length = decodeKey(staged(source), encoding, type, out, 'a test');
  assert.ok(isWiped(out.subarray(length)));
  return Uint8Array.from(out.subarray(0, length));
};

const refuses = (source: Uint8Array, encoding: Encoding, type: Type, code: string, message: RegExp): void => {
  try {
    decode(source, encoding, type);
  } catch (error) {
    assert.ok(error instanceof VaultError && error.code === code, String(error));
    assert.match((error as Error).message, message);
    return;
  }
  throw new Error(`expected ${code}`);
};

test('generated keys have 32 bytes, and go into their slots at that length', () => {
  for (const type of ['aead', 'hmac'] as const) {
    const out = staged(new Uint8Array(64));
    const length = generateSecret(type, out);
    assert.is(length, 32);
    const secret = Uint8Array.from(out.subarray(0, length));
    assert.ok(isInRange(type, secret));
    equalSecret(secretIn(loadKey(noble[type], secret, 1), type), secret);
  }
});

test('keys are read as raw bytes, hex and base64, named or detected', () => {
  for (const type of ['aead', 'hmac'] as const) {
    const { minSecretBytes, secretBytes } = KEY_TYPE_FACTS[type];
    for (let length = minSecretBytes; length <= secretBytes; length++) {
      const secret = random.bytes(length);
      secret[0] = 0xff; // not text
      const forms: ReadonlyArray<readonly [Encoding, Uint8Array]> = [
        ['raw', secret],
        ['hex', text(Buffer.from(secret).toString('hex'))],
        ['base64', text(Buffer.from(secret).toString('base64'))],
      ];
      for (const [encoding, source] of forms) {
        equalBytes(decode(source, encoding, type), secret, `${type} ${encoding}`);
        equalBytes(decode(source, 'auto', type), secret, `${type} ${encoding}, detected`);
      }
    }
  }
});

test('text is an hmac key only where it is said to be raw', () => {
  const words = text('a secret of a web hook!');
  equalBytes(decode(words, 'raw', 'hmac'), words);
  refuses(
    words,
    'auto',
    'hmac',
    'ERR_KEY_ENCODING',
    /16 to 64 raw bytes for hmac, got 23 .*encoding "raw" takes text as it is$/,
  );
});

test('other lengths, and PEM, are refused', () => {
  for (const length of [1, 15, 65]) {
    refuses(random.bytes(length).fill(255, 0, 1), 'raw', 'hmac', 'ERR_KEY_LENGTH', /hmac/);
  }
  for (const length of [16, 31, 33, 64]) {
    refuses(random.bytes(length).fill(255, 0, 1), 'raw', 'aead', 'ERR_KEY_LENGTH', /aead/);
    refuses(text('ab'.repeat(length)), 'hex', 'aead', 'ERR_KEY_LENGTH', /aead/);
  }
  const pem = text(`-----BEGIN PRIVATE KEY-----\n${'A'.repeat(64)}\n-----END PRIVATE KEY-----\n`);
  for (const type of ['aead', 'hmac'] as const) {
    for (const encoding of ['pem', 'auto'] as const) {
      refuses(pem, encoding, type, 'ERR_KEY_ENCODING', new RegExp(`PEM does not hold ${type} keys`));
    }
  }
});

test.run();
