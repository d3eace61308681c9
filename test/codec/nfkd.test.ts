// NFKD over bytes, against the engine's own normalize() of whole strings: here the text is public.
import { NFKD_GROWTH, normalizeNfkd } from '../../dist/workers/codec/nfkd.js';
import { assert, equalBytes } from '../support/assert.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';

const test = suite('NFKD');
const random = seededRandom('nfkd');
const utf8 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'utf8'));

const normalize = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(NFKD_GROWTH * bytes.length + 1).fill(0x7a);
  const length = normalizeNfkd(bytes, out, 'text');
  assert.ok(
    out.subarray(length).every((byte) => byte === 0x7a),
    'nothing beyond the text is written',
  );
  return out.slice(0, length);
};

const agrees = (text: string): void => {
  const points = [...text].map((character) => (character.codePointAt(0) as number).toString(16)).join(' ');
  equalBytes(normalize(utf8(text)), utf8(text.normalize('NFKD')), `U+ ${points}`);
};

test('published forms', () => {
  for (const [text, expected] of [
    ['', ''],
    ['testpassword', 'testpassword'],
    ['𝔱𝔢𝔰𝔱𝔭𝔞𝔰𝔰𝔴𝔬𝔯𝔡🔑', 'testpassword🔑'], // ERC-2335
    ['pässwörd', 'pa\u0308sswo\u0308rd'],
    ['\u1e69', 's\u0323\u0307'], // UAX #15, figure 5
    ['s\u0307\u0323', 's\u0323\u0307'],
    ['\u1e9b\u0323', 's\u0323\u0307'],
    [
      '㍍ガバヴァぱばぐゞちぢ十人十色',
      'メートルカ\u3099ハ\u3099ウ\u3099ァは\u309aは\u3099く\u3099ゝ\u3099ちち\u3099十人十色',
    ], // BIP-39's Japanese vectors
    ['a\u3000b\u00a0c', 'a b c'],
    ['한국', '\u1112\u1161\u11ab\u1100\u116e\u11a8'],
    ['ﬁ①²', 'fi12'],
    ['\u212b', 'A\u030a'],
    ['a\u0345\u0301\u0334', 'a\u0334\u0301\u0345'],
    ['\0\x7f\x80\u200d', '\0\x7f\x80\u200d'],
  ] as const) {
    equalBytes(normalize(utf8(text)), utf8(expected), text);
    agrees(text);
  }
});

test('every code point is what the engine makes of it', () => {
  let changed = 0;
  for (let from = 0; from < 0x110000; from += 64) {
    if (from >= 0xd800 && from < 0xe000) continue;
    const points = Array.from({ length: 64 }, (_, i) => from + i);
    const text = points.map((point) => `${String.fromCodePoint(point)}|`).join('');
    const expected = text.normalize('NFKD');
    if (expected !== text) changed += 1;
    if (Buffer.compare(normalize(utf8(text)), utf8(expected)) !== 0) agrees(text);
  }
  assert.ok(changed > 200, `${changed} blocks of 64 hold something that decomposes`);
});

test('random texts of all kinds: stacked marks, Hangul, compatibility forms, beyond the first plane', () => {
  const within = (first: number, last: number) => (): number => first + random.int(last - first + 1);
  const marks = [...Array(0x110000).keys()].filter(
    (point) => (point < 0xd800 || point > 0xdfff) && point >= 0x300 && /^\p{M}$/u.test(String.fromCodePoint(point)),
  );
  const kinds = [
    within(0x20, 0x7e),
    within(0xa0, 0x24f),
    within(0x300, 0x36f),
    within(0x300, 0x36f),
    () => random.pick(marks),
    () => random.pick(marks),
    within(0x1100, 0x11ff),
    within(0xac00, 0xd7a3),
    within(0x1e00, 0x1fff),
    within(0x2000, 0x2bff),
    within(0x3000, 0x33ff),
    within(0xf900, 0xffff),
    within(0x10000, 0x1ffff),
    within(0x1d400, 0x1d7ff),
    within(0x2f800, 0x2fa1d),
  ];
  for (let round = 0; round < 4_000; round++) {
    const chosen = Array.from({ length: 1 + random.int(3) }, () => random.pick(kinds));
    const points = Array.from({ length: 1 + random.int(14) }, () => random.pick(chosen)());
    agrees(String.fromCodePoint(...points));
  }
});

test('what is not UTF-8 is refused, and `out` is wiped', () => {
  for (const [what, bytes] of [
    ['a lone continuation byte', [0x80]],
    ['a sequence that is cut off', [0xe2, 0x82]],
    ['a sequence that is cut off by another', [0xe2, 0x82, 0x41]],
    ['overlong, two bytes', [0xc0, 0x80]],
    ['overlong, two bytes, the last', [0xc1, 0xbf]],
    ['overlong, three bytes', [0xe0, 0x9f, 0xbf]],
    ['overlong, four bytes', [0xf0, 0x8f, 0xbf, 0xbf]],
    ['the first surrogate', [0xed, 0xa0, 0x80]],
    ['the last surrogate', [0xed, 0xbf, 0xbf]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a lead byte of none', [0xf5, 0x80, 0x80, 0x80]],
    ['0xff', [0xff]],
    ['Latin-1', [0x70, 0xe4, 0x73, 0x73]],
  ] as const) {
    const out = new Uint8Array(64).fill(0x7a);
    assert.throws(
      () => normalizeNfkd(Uint8Array.of(0x61, 0x62, ...bytes), out, 'file a.pw'),
      (error: Error & { code?: string }) =>
        error.code === 'ERR_KEY_ENCODING' &&
        error.message === 'file a.pw: expected text in UTF-8, got bytes that are not',
      what,
    );
    assert.ok(
      out.every((byte) => byte === 0),
      what,
    );
  }
});

test('it judges random bytes as a strict decoder does', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const bytes = [0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf4, 0xf5];
  let valid = 0;
  for (let round = 0; round < 8_000; round++) {
    const text = Uint8Array.from({ length: 1 + random.int(5) }, () => random.pick(bytes));
    let expected: string | undefined;
    try {
      expected = decoder.decode(text);
    } catch {
      // Not UTF-8.
    }
    let got: Uint8Array | undefined;
    try {
      got = normalize(text);
    } catch (error) {
      assert.is((error as { code?: string }).code, 'ERR_KEY_ENCODING');
    }
    if (expected !== undefined) valid += 1;
    assert.is(got === undefined, expected === undefined, `${[...text]}`);
    if (got !== undefined && expected !== undefined) equalBytes(got, utf8(expected.normalize('NFKD')));
  }
  assert.ok(valid > 200, `${valid} were valid`);
});

test('an `out` that is exactly long enough is, one byte less is an error, and no text is longer than foretold', () => {
  for (const text of ['abc', 'ä', '\ufdfa\ufdfa', '한']) {
    const expected = utf8(text.normalize('NFKD'));
    assert.ok(expected.length <= NFKD_GROWTH * utf8(text).length);
    assert.is(normalizeNfkd(utf8(text), new Uint8Array(expected.length), 'text'), expected.length);
    const short = new Uint8Array(expected.length - 1);
    assert.throws(() => normalizeNfkd(utf8(text), short, 'text'), /11 times its length is enough/);
    assert.ok(short.every((byte) => byte === 0));
  }
  assert.is(utf8('\ufdfa'.normalize('NFKD')).length, 33);
});

test('it reads and writes shared memory', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(64));
  shared.set(utf8('ä\u0323'));
  const length = normalizeNfkd(shared.subarray(0, 4), shared.subarray(16), 'text');
  equalBytes(shared.slice(16, 16 + length), utf8('a\u0323\u0308'));
});

test.run();
