// BIP-39: a mnemonic's words to the seed, and entropy to words. All of it on bytes: no string of a mnemonic, of one of
// its words, or of a passphrase is ever made, and no message tells one.
import { VaultError } from '../../src/errors.js';
import { normalizeNfkd } from '../codec/nfkd.js';
import { ascii, isSpace } from '../codec/text.js';
import { PBKDF2_SHA512_SCRATCH, type SecretHashes } from '../providers/secret-hashes.js';
import { findWord, type WordList, writeWord } from './word-lists.js';

/** Numbers of words that a mnemonic may have, for 16, 20, 24, 28 and 32 bytes of entropy. */
const WORD_COUNTS: readonly number[] = [12, 15, 18, 21, 24];
const MAX_WORDS = 24;
const WORD_BITS = 11;
const MAX_BYTES = (MAX_WORDS * WORD_BITS) / 8; // 33: entropy and checksum of 24 words
const DIGEST_BYTES = 32;
const SPACE = 0x20;

const SEED_BYTES = 64;
const ITERATIONS = 2048;
const SALT: Uint8Array = ascii('mnemonic');

/** Arena memory that each call here takes beside its room: 784 bytes. */
export const MNEMONIC_SCRATCH: number = Math.max(PBKDF2_SHA512_SCRATCH, MAX_BYTES + DIGEST_BYTES);

/** The bytes of entropy in so many words, 4 bytes for each 3 words; a bit of checksum belongs to each 4 bytes. */
const entropyBytesOf = (words: number): number => (words / 3) * 4;
const checksumShiftOf = (words: number): number => 8 - words / 3;

const checkScratch = (scratch: Uint8Array): void => {
  if (scratch.length < MNEMONIC_SCRATCH) {
    throw new RangeError(`"scratch" expected at least ${MNEMONIC_SCRATCH} bytes, got ${scratch.length}`);
  }
};

const fault = (place: string, reason: string): VaultError => new VaultError('ERR_MNEMONIC', `${place}: ${reason}`);

/** Write the 11 bits of a word's index behind those of the words before it. The bytes are zeros before the first. */
const putIndex = (bits: Uint8Array, word: number, index: number): void => {
  for (let i = 0; i < WORD_BITS; i++) {
    const at = word * WORD_BITS + i;
    bits[at >> 3]! |= ((index >> (WORD_BITS - 1 - i)) & 1) << (7 - (at & 7));
  }
};

const indexAt = (bits: Uint8Array, word: number): number => {
  let index = 0;
  for (let at = word * WORD_BITS; at < (word + 1) * WORD_BITS; at++) {
    index = (index << 1) | ((bits[at >> 3]! >> (7 - (at & 7))) & 1);
  }
  return index;
};

/**
 * Move words together in place, with one space between two, and give each to `onWord`.
 *
 * @returns bytes of the sentence, and its number of words.
 */
const joinWords = (
  text: Uint8Array,
  onWord: (word: Uint8Array, index: number) => void,
): { readonly length: number; readonly words: number } => {
  let read = 0;
  let length = 0;
  let words = 0;
  for (;;) {
    while (read < text.length && isSpace(text[read]!)) read++;
    if (read === text.length) return { length, words };
    if (words > 0) text[length++] = SPACE;
    const start = length;
    while (read < text.length && !isSpace(text[read]!)) text[length++] = text[read++]!;
    onWord(text.subarray(start, length), words++);
  }
};

/** The length of the sentence at the start of `text`, once its words and checksum are found right. */
const checkSentence = (
  text: Uint8Array,
  list: WordList,
  scratch: Uint8Array,
  hashes: SecretHashes,
  place: string,
): number => {
  const bits = scratch.subarray(0, MAX_BYTES);
  const digest = scratch.subarray(MAX_BYTES, MAX_BYTES + DIGEST_BYTES);
  bits.fill(0);
  let unknown = -1;
  try {
    const { length, words } = joinWords(text, (word, position) => {
      if (position >= MAX_WORDS || unknown !== -1) return;
      const index = findWord(list, word);
      if (index === -1) unknown = position;
      else putIndex(bits, position, index);
    });
    if (!WORD_COUNTS.includes(words)) {
      throw fault(place, `expected a mnemonic of 12, 15, 18, 21 or 24 words, got ${words}`);
    }
    if (unknown !== -1) {
      throw fault(place, `word ${unknown + 1} of the mnemonic is not in the ${list.language} list of BIP-39`);
    }
    const entropyBytes = entropyBytesOf(words);
    hashes.sha256.hash(bits.subarray(0, entropyBytes), digest);
    if ((digest[0]! ^ bits[entropyBytes]!) >> checksumShiftOf(words) !== 0) {
      throw fault(place, 'the checksum of the mnemonic is wrong: a word is another, or stands elsewhere');
    }
    return length;
  } finally {
    bits.fill(0);
    digest.fill(0);
  }
};

/**
 * Check a mnemonic and make its seed.
 *
 * Words are separated by any white space and may have some around them; the seed is that of the words with one space
 * between two, as every wallet writes them. Upper case is not taken: in BIP-39 it would be another mnemonic.
 *
 * @param mnemonic - UTF-8 in arena memory.
 * @param passphrase - UTF-8 in arena memory, may be empty. Every byte counts, white space too.
 * @param seed - 64 bytes of arena memory.
 * @param room - arena memory for both texts, normalised: NFKD_GROWTH times their length is enough. Wiped.
 * @param scratch - MNEMONIC_SCRATCH bytes of arena memory; wiped.
 * @param place - names the mnemonic in messages, as in `file wallet.txt`.
 * @throws {VaultError} ERR_MNEMONIC - a number of words that none has, a word that is not in the list, by its position,
 *   or a wrong checksum.
 * @throws {VaultError} ERR_KEY_ENCODING - a text is not UTF-8, or too long for the room.
 * @see BIP-39
 */
export const mnemonicToSeed = (
  mnemonic: Uint8Array,
  passphrase: Uint8Array,
  list: WordList,
  seed: Uint8Array,
  room: Uint8Array,
  scratch: Uint8Array,
  hashes: SecretHashes,
  place: string,
): void => {
  checkScratch(scratch);
  if (seed.length !== SEED_BYTES) throw new RangeError(`"seed" expected ${SEED_BYTES} bytes, got ${seed.length}`);
  try {
    const text = room.subarray(0, normalizeNfkd(mnemonic, room, place));
    const length = checkSentence(text, list, scratch, hashes, place);
    const rest = room.subarray(length);
    const salt = rest.subarray(0, normalizeNfkd(passphrase, rest, `the passphrase of ${place}`));
    hashes.pbkdf2Sha512(room.subarray(0, length), [SALT, salt], ITERATIONS, seed, scratch);
  } finally {
    room.fill(0);
  }
};

/**
 * Write entropy as the words of a mnemonic, with a space between two.
 *
 * @param entropy - 16, 20, 24, 28 or 32 random bytes of arena memory.
 * @param out - arena memory with room for the words: 215 bytes are enough for English. The caller wipes it.
 * @param scratch - MNEMONIC_SCRATCH bytes of arena memory; wiped.
 * @returns the number of bytes written.
 * @throws {RangeError} entropy of another length, or `out` is too short.
 * @see BIP-39
 */
export const entropyToMnemonic = (
  entropy: Uint8Array,
  list: WordList,
  out: Uint8Array,
  scratch: Uint8Array,
  hashes: SecretHashes,
): number => {
  checkScratch(scratch);
  const words = (entropy.length / 4) * 3;
  if (!WORD_COUNTS.includes(words)) {
    throw new RangeError(`"entropy" expected 16, 20, 24, 28 or 32 bytes, got ${entropy.length}`);
  }
  const bits = scratch.subarray(0, MAX_BYTES);
  const rest = scratch.subarray(MAX_BYTES, MNEMONIC_SCRATCH);
  const digest = rest.subarray(0, DIGEST_BYTES);
  const word = rest.subarray(DIGEST_BYTES, DIGEST_BYTES + 64);
  let written = 0;
  let done = false;
  try {
    rest.fill(0);
    hashes.sha256.hash(entropy, digest);
    bits.set(entropy);
    bits[entropy.length] = digest[0]!;
    for (let i = 0; i < words; i++) {
      if (i > 0) out[written++] = SPACE;
      word.fill(0);
      const length = writeWord(list, indexAt(bits, i), word);
      if (written + length > out.length) throw new RangeError(`"out" is too short, at ${out.length} bytes`);
      out.set(word.subarray(0, length), written);
      written += length;
    }
    done = true;
    return written;
  } finally {
    bits.fill(0);
    rest.fill(0);
    if (!done) out.fill(0);
  }
};
