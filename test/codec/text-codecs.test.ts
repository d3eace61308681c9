// Hex and base64 by themselves: digit by digit, and against Buffer's own codecs.
import { decodeBase64, measureBase64 } from '../../dist/workers/codec/base64.js';
import { decodeHex, encodeHex, isHex, withoutHexPrefix } from '../../dist/workers/codec/hex.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('hex and base64');
const random = seededRandom('text codecs');
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
const everyByte = Array.from({ length: 256 }, (_, byte) => byte);

test('hex takes the 22 digits and no other byte', () => {
  const taken = everyByte.filter((byte) => isHex(Uint8Array.of(0x30, byte)));
  assert.is(String.fromCharCode(...taken), '0123456789ABCDEFabcdef');
  for (const byte of taken) {
    const out = new Uint8Array(1);
    decodeHex(Uint8Array.of(byte, 0x30), out);
    assert.is(out[0], Number.parseInt(String.fromCharCode(byte), 16) * 16);
  }
});

test('hex of any bytes is what Buffer makes of them, and decodes back', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = random.bytes(length);
    const digits = new Uint8Array(2 * length + 3).fill(0x7a);
    assert.is(encodeHex(bytes, digits), 2 * length);
    equalBytes(digits.subarray(0, 2 * length), bytesOf(Buffer.from(bytes).toString('hex')));
    equalBytes(digits.subarray(2 * length), bytesOf('zzz'), 'beyond the digits');
    const back = new Uint8Array(length + 1).fill(0x7a);
    assert.is(decodeHex(digits.subarray(0, 2 * length), back), length);
    equalBytes(back.subarray(0, length), bytes);
    assert.is(back[length], 0x7a);
  }
  assert.throws(() => encodeHex(new Uint8Array(32), new Uint8Array(63)), /expected at least 64 bytes, got 63/);
});

test('one 0x or 0X before hex is set aside', () => {
  for (const [text, digits] of [
    ['0x12', '12'],
    ['0X12', '12'],
    ['0x', ''],
    ['0x0x12', '0x12'],
    ['x12', 'x12'],
    ['012', '012'],
  ] as const) {
    equalBytes(withoutHexPrefix(bytesOf(text)), bytesOf(digits), text);
  }
});

test('base64 takes the 66 digits of its two alphabets and no other byte', () => {
  const taken = everyByte.filter(
    (byte) => byte !== 0x3d && measureBase64(Uint8Array.of(0x41, 0x41, 0x41, byte), 'text') === 3,
  );
  assert.is(String.fromCharCode(...taken), '+-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz');
  for (const byte of taken) {
    const text = Uint8Array.of(0x41, 0x41, 0x41, byte);
    const out = new Uint8Array(3);
    decodeBase64(text, out);
    equalBytes(out, new Uint8Array(Buffer.from(Buffer.from(text).toString('latin1'), 'base64')));
  }
});

test('base64 of any bytes decodes in both alphabets, with and without padding', () => {
  for (let length = 0; length < 70; length++) {
    const bytes = random.bytes(length);
    const padded = Buffer.from(bytes).toString('base64');
    const url = Buffer.from(bytes).toString('base64url');
    const urlPadded = url + '='.repeat(padded.length - url.length);
    for (const text of [padded, padded.replace(/=/g, ''), url, urlPadded].map(bytesOf)) {
      assert.is(measureBase64(text, 'text'), length);
      const out = new Uint8Array(length + 1).fill(0x7a);
      assert.is(decodeBase64(text, out), length);
      equalBytes(out.subarray(0, length), bytes);
      assert.is(out[length], 0x7a);
    }
  }
});

test('base64 that is not canonical is refused', () => {
  for (const [what, text] of [
    ['a lone digit', 'AAAAA'],
    ['bits beyond the last byte, one byte', 'AB=='],
    ['bits beyond the last byte, two bytes', 'AAB='],
    ['bits beyond the last byte, no padding', 'AAB'],
    ['half of the padding', 'AA='],
    ['too much padding', 'AAA=='],
    ['padding after whole groups', 'AAAA===='],
    ['padding in the middle', 'AA==AAAA'],
    ['padding alone', '===='],
    ['both alphabets in one text', 'AA+_'],
    ['a space inside', 'AAAA AAAA'],
    ['a line break inside', 'AAAA\nAAAA'],
    ['a byte that is no digit', 'AA*A'],
    ['a byte above ASCII', 'AA\xc1A'],
  ] as const) {
    assert.is(measureBase64(bytesOf(text), 'text'), -1, what);
  }
});

test('base64 inside PEM has line breaks and padding, in the standard alphabet alone', () => {
  assert.is(measureBase64(bytesOf('\r\nAA\r\n AA\tAA=\n=\n'), 'pem'), 4);
  assert.is(measureBase64(bytesOf('AA'), 'pem'), -1);
  assert.is(measureBase64(bytesOf('AA_A'), 'pem'), -1);
  assert.is(measureBase64(bytesOf('AA/A'), 'pem'), 3);
});

test.run();
