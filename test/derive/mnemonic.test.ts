// BIP-39: mnemonics to seeds and entropy to mnemonics, in every language; what is refused, and what messages tell.
import { MNEMONIC_LANGUAGES, type MnemonicLanguage } from '../../dist/src/wire/languages.js';
import { entropyToMnemonic, MNEMONIC_SCRATCH, mnemonicToSeed } from '../../dist/workers/derive/mnemonic.js';
import type { DeriveTools } from '../../dist/workers/derive/tools.js';
import { findWord, loadWordList, WORD_COUNT, type WordList, writeWord } from '../../dist/workers/derive/word-lists.js';
import { assert, equalBytes } from '../support/assert.js';
import { fromHex, toHex } from '../support/hex.js';
import { seededRandom } from '../support/random.js';
import { suite } from '../support/suite.js';
import { loadVectors, NO_VECTORS } from '../support/vectors.js';
import { isWiped, native, noble, out64, room, scratch, staged, testBoth, testNative, wiping } from './rig.js';

const test = suite('mnemonics');
const random = seededRandom('derive/mnemonic');
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const english = await loadWordList();

const ABOUT = `${'abandon '.repeat(11)}about`;
const ABOUT_SEED =
  '5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4';
const ABOUT_TREZOR =
  'c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04';

/** The published mnemonics of these tests are strings; the code under test only ever sees bytes of the arena. */
const seedOf = (mnemonic: string | Uint8Array, passphrase: string, list: WordList, tools: DeriveTools): string => {
  const words = staged(typeof mnemonic === 'string' ? utf8(mnemonic) : mnemonic);
  const extra = staged(utf8(passphrase), 4096);
  out64.fill(0);
  room.fill(0x11);
  try {
    wiping(MNEMONIC_SCRATCH, () =>
      mnemonicToSeed(words, extra, list, out64, room, scratch, tools.hashes, 'file wallet.txt'),
    );
  } finally {
    assert.ok(isWiped(room), 'the room is wiped');
  }
  return toHex(out64);
};

const expectFault = (mnemonic: string | Uint8Array, message: RegExp, list: WordList = english): void => {
  assert.throws(
    () => seedOf(mnemonic, '', list, noble),
    (error: { code?: string; message: string }) =>
      error.code === 'ERR_MNEMONIC' && error.message.startsWith('file wallet.txt: ') && message.test(error.message),
    String(message),
  );
  assert.ok(isWiped(out64));
};

testBoth(test, 'the best known mnemonic, with and without a passphrase', (tools) => {
  assert.is(seedOf(ABOUT, '', english, tools), ABOUT_SEED);
  assert.is(seedOf(ABOUT, 'TREZOR', english, tools), ABOUT_TREZOR);
  // Of 24 words, longer than SHA-512's block.
  assert.is(
    seedOf(`${'abandon '.repeat(23)}art`, 'TREZOR', english, tools),
    'bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8',
  );
});

testNative(test, 'white space of any kind between and around the words makes no other seed', (tools) => {
  for (const text of [
    `${ABOUT}\n`,
    `\r\n  ${ABOUT}\t`,
    ABOUT.replaceAll(' ', '  '),
    ABOUT.replaceAll(' ', '\r\n'),
    ABOUT.replaceAll(' ', '\u3000'),
    ABOUT.replaceAll(' ', '\u00a0\u2003'),
  ]) {
    assert.is(seedOf(text, '', english, tools), ABOUT_SEED);
  }
});

testNative(test, 'every byte of the passphrase counts, and it is normalised', (tools) => {
  const seeds = ['', ' ', 'a', 'a ', ' a', 'A'].map((passphrase) => seedOf(ABOUT, passphrase, english, tools));
  assert.is(new Set(seeds).size, seeds.length);
  assert.is(seedOf(ABOUT, '\u00e9\ufb01', english, tools), seedOf(ABOUT, 'e\u0301fi', english, tools));
});

test('numbers of words that no mnemonic has are told', () => {
  for (const count of [0, 1, 11, 13, 14, 16, 23, 25, 48, 400]) {
    expectFault('abandon '.repeat(count), new RegExp(`12, 15, 18, 21 or 24 words, got ${count}$`));
  }
});

test('a word that is not in the list is named by its position, never by itself', () => {
  for (const [position, word] of [
    [1, 'abandonn'],
    [5, 'aband'],
    [12, 'abouts'],
    [12, 'About'],
    [7, 'z'.repeat(300)],
    [3, '\ufeffabandon'],
  ] as const) {
    const words = ABOUT.split(' ');
    words[position - 1] = word;
    expectFault(
      words.join(' '),
      new RegExp(`^file wallet.txt: word ${position} of the mnemonic is not in the english list`),
    );
    try {
      seedOf(words.join(' '), '', english, noble);
    } catch (error) {
      assert.not.ok((error as Error).message.includes(word));
    }
  }
});

test('upper case is another mnemonic in BIP-39, and is refused', () => {
  expectFault(ABOUT.toUpperCase(), /word 1 /);
  expectFault(`A${ABOUT.slice(1)}`, /word 1 /);
});

test('a wrong checksum is refused, for every number of words', () => {
  for (const [count, last] of [
    [12, 'about'],
    [15, 'address'],
    [18, 'agent'],
    [21, 'admit'],
    [24, 'art'],
  ] as const) {
    const words = 'abandon '.repeat(count - 1);
    assert.is(seedOf(words + last, '', english, native ?? noble).length, 128);
    expectFault(`${words}abandon`, /checksum/);
    expectFault(`${last} ${words}`, /checksum/);
  }
});

test('bytes that are not UTF-8 are refused, and so is a text without room', () => {
  const bytes = utf8(ABOUT);
  bytes[20] = 0xff;
  const isEncodingFault = (error: { code?: string }): boolean => error.code === 'ERR_KEY_ENCODING';
  assert.throws(() => seedOf(bytes, '', english, noble), isEncodingFault);
  const small = room.subarray(0, 50);
  const run = (): void =>
    mnemonicToSeed(staged(utf8(ABOUT)), staged(utf8(''), 4096), english, out64, small, scratch, noble.hashes, 'x');
  assert.throws(run, isEncodingFault);
  assert.ok(isWiped(small) && isWiped(scratch));
});

testNative(test, 'a fault after the words were read leaves nothing of them', (tools) => {
  let seen = '';
  const failing = {
    ...tools,
    hashes: {
      ...tools.hashes,
      pbkdf2Sha512(password: Uint8Array) {
        seen = new TextDecoder().decode(Uint8Array.from(password));
        throw new Error('on purpose');
      },
    },
  };
  assert.throws(() => seedOf(ABOUT, 'x', english, failing), /on purpose/);
  assert.is(seen, ABOUT, 'they were there');
});

const written = (entropy: Uint8Array, list: WordList, tools: DeriveTools): string => {
  room.fill(0);
  const length = wiping(MNEMONIC_SCRATCH, () => entropyToMnemonic(staged(entropy), list, room, scratch, tools.hashes));
  assert.ok(isWiped(room.subarray(length)));
  return new TextDecoder().decode(Uint8Array.from(room.subarray(0, length)));
};

testBoth(test, 'entropy becomes words, and too little room for them is refused', (tools) => {
  assert.is(written(new Uint8Array(16), english, tools), ABOUT);
  assert.is(
    written(new Uint8Array(16).fill(0x7f), english, tools),
    'legal winner thank year wave sausage worth useful legal winner thank yellow',
  );
  assert.is(written(new Uint8Array(32).fill(0xff), english, tools), `${'zoo '.repeat(23)}vote`);
  for (const length of [0, 4, 12, 15, 17, 36, 64]) {
    assert.throws(() => entropyToMnemonic(random.bytes(length), english, room, scratch, tools.hashes), RangeError);
  }
  const small = room.subarray(0, ABOUT.length - 1);
  assert.throws(() => entropyToMnemonic(new Uint8Array(16), english, small, scratch, tools.hashes), RangeError);
  assert.ok(isWiped(small) && isWiped(scratch));
});

testNative(test, 'what is written is read, in every language and length', async (tools) => {
  for (const language of MNEMONIC_LANGUAGES) {
    const list = await loadWordList(language);
    for (const length of [16, 20, 24, 28, 32]) {
      const mnemonic = written(random.bytes(length), list, tools);
      assert.is(mnemonic.split(' ').length, (length / 4) * 3);
      assert.ok(seedOf(mnemonic, '', list, tools));
      // Composed characters are the same words.
      if (length === 16) {
        assert.is(seedOf(mnemonic.normalize('NFC'), '', list, tools), seedOf(mnemonic, '', list, tools));
      }
    }
  }
});

test('each word is found, and written, and others are not found', async () => {
  const word = new Uint8Array(64);
  for (const language of MNEMONIC_LANGUAGES) {
    const list = await loadWordList(language);
    const step = language === 'english' ? 1 : 37;
    for (let index = 0; index < WORD_COUNT; index += step) {
      word.fill(0);
      const length = writeWord(list, index, word);
      equalBytes(word.subarray(0, length), list.bytes.subarray(list.starts[index], list.starts[index + 1]));
      assert.is(findWord(list, word.subarray(0, length)), index);
      word[0]! ^= 1;
      assert.not.equal(findWord(list, word.subarray(0, length)), index);
    }
    assert.is(findWord(list, new Uint8Array(0)), -1);
  }
});

interface TrezorCase {
  readonly language: string;
  readonly entropy: string;
  readonly mnemonic: string;
  readonly passphrase: string;
  readonly seed: string;
}
const NAMES: Readonly<Record<string, MnemonicLanguage>> = {
  chinese_simplified: 'chinese-simplified',
  chinese_traditional: 'chinese-traditional',
};
/** Lists that BIP-39 does not have. */
const FOREIGN = ['russian', 'turkish'];

const trezor = loadVectors<{ readonly cases: readonly TrezorCase[] }>('bip39/trezor-vectors.json')?.cases;
const invalid = loadVectors<{
  readonly cases: ReadonlyArray<{ readonly name: string; readonly mnemonic: string; readonly expect: string }>;
}>('bip39/invalid-mnemonics.json')?.cases;
if (trezor === undefined || invalid === undefined) test.skip('the vectors of BIP-39', NO_VECTORS);
else {
  testBoth(test, 'mnemonics, seeds and entropy that wallets agree on', async (tools) => {
    const known = trezor.filter(({ language }) => !FOREIGN.includes(language));
    assert.ok(known.length > 50);
    // noble takes ten times as long: it does the English ones where the native tools do all.
    const some = tools === noble && native !== undefined ? known.slice(0, 10) : known;
    for (const { language, entropy, mnemonic, passphrase, seed } of some) {
      const list = await loadWordList(NAMES[language] ?? (language as MnemonicLanguage));
      assert.is(seedOf(mnemonic, passphrase, list, tools), seed, mnemonic);
      assert.is(written(fromHex(entropy), list, tools), mnemonic.normalize('NFKD'));
    }
  });

  test('mnemonics of lists that BIP-39 does not have are refused in English', () => {
    for (const { mnemonic } of trezor.filter(({ language }) => FOREIGN.includes(language))) {
      expectFault(mnemonic, /word 1 of the mnemonic/);
    }
  });

  /** Upper case is refused (see above); white space, which every file ends with, makes no other mnemonic. */
  const OPEN: Readonly<Record<string, boolean>> = {
    'upper case': false,
    'double space': true,
    'trailing newline': true,
  };
  test('mnemonics that must be refused are', () => {
    assert.is(invalid.length, 10);
    for (const { name, mnemonic, expect } of invalid) {
      if (expect === 'refuse' || OPEN[name] === false) expectFault(mnemonic, /./);
      else assert.is(seedOf(mnemonic, '', english, native ?? noble), ABOUT_SEED, name);
    }
  });
}

test.run();
