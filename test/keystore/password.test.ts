// What becomes of passwords: two formats, two rules, and the line ending of a password file.
import { processPassword, trimPasswordFile } from '../../dist/workers/keystore/password.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { utf8, withArena } from './opening.js';

const test = suite('passwords of keystores');
const random = seededRandom('keystore passwords');

const processed = (kind: 'eip2335' | 'web3-v3', password: Uint8Array): Uint8Array =>
  withArena([password.length, 11 * password.length], (given, out) => {
    given.set(password);
    const length = processPassword(kind, given, out);
    assert.ok(
      out.subarray(length).every((byte) => byte === 0),
      'nothing lies behind it',
    );
    equalBytes(given, password, 'the password is left as it is');
    return out.slice(0, length);
  });

test('EIP-2335: NFKD, then no control characters', () => {
  for (const [password, expected] of [
    ['testpassword', 'testpassword'],
    ['𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑', 'testpassword🔑'],
    ['te\0st\x07pass\x1fwo\x7frd', 'testpassword'],
    ['test\x80pass\x9fword', 'testpassword'],
    ['\x01\x02\x7f\x85\n', ''],
    ['', ''],
    ['  pass word  ', '  pass word  '],
    ['a\u00a0b\u00bfc', 'a b\u00bfc'],
    ['\u00c2\u0080\u00c2', 'A\u0302A\u0302'],
    ['a\u200db\ufeff', 'a\u200db\ufeff'],
  ] as const) {
    equalBytes(processed('eip2335', utf8(password)), utf8(expected), JSON.stringify(password));
  }
});

test('EIP-2335: random texts are what the engine’s own strings say', () => {
  for (let round = 0; round < 500; round++) {
    const points = Array.from({ length: random.int(20) }, () => random.pick([random.int(0x100), random.int(0x3100)]));
    const text = String.fromCodePoint(...points);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is meant
    equalBytes(processed('eip2335', utf8(text)), utf8(text.normalize('NFKD').replaceAll(/[\0-\x1f\x7f-\x9f]/g, '')));
  }
});

test('EIP-2335: a password that is not UTF-8 is refused', () => {
  assert.throws(
    () => processed('eip2335', Uint8Array.of(0x70, 0xe4)),
    (error: { code?: string; message: string }) =>
      error.code === 'ERR_KEY_ENCODING' &&
      error.message === 'the password: expected text in UTF-8, got bytes that are not',
  );
});

test('version 3: the bytes as they are, UTF-8 or not', () => {
  for (const bytes of [
    utf8('pässwörd'),
    utf8('pa\u0308sswo\u0308rd'),
    utf8('a\x01b\tc\n'),
    Uint8Array.of(0xff, 0, 0x80),
  ]) {
    equalBytes(processed('web3-v3', bytes), bytes);
  }
});

test('a password file loses the line endings at its end, and nothing else', () => {
  for (const [content, password] of [
    ['pw', 'pw'],
    ['pw\n', 'pw'],
    ['pw\r\n', 'pw'],
    ['pw\n\r\n\n', 'pw'],
    [' p w \t\n', ' p w \t'],
    ['\np\nw', '\np\nw'],
    ['\r\n', ''],
    ['', ''],
  ] as const) {
    const bytes = utf8(content);
    const trimmed = trimPasswordFile(bytes);
    equalBytes(trimmed, utf8(password), JSON.stringify(content));
    assert.ok(trimmed.buffer === bytes.buffer, 'a view, not a copy');
  }
});

test.run();
