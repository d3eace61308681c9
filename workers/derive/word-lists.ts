// The word lists of BIP-39 as bytes. They are public; which of their words a mnemonic has is not, so a word is looked
// up, and written, by going through the whole list whatever it is.
import type { MnemonicLanguage } from '../../src/wire/languages.js';

export const WORD_COUNT = 2048;

export interface WordList {
  readonly language: MnemonicLanguage;
  /** The words one after the other, NFKD, in UTF-8. */
  readonly bytes: Uint8Array;
  /** Where each begins; one more for the end. */
  readonly starts: Uint16Array;
}

type ListModule = { readonly wordlist: readonly string[] };

/** Loaded when first asked for: most programs need one or none. */
const LISTS: Readonly<Record<MnemonicLanguage, () => Promise<ListModule>>> = {
  english: () => import('@scure/bip39/wordlists/english.js'),
  'chinese-simplified': () => import('@scure/bip39/wordlists/simplified-chinese.js'),
  'chinese-traditional': () => import('@scure/bip39/wordlists/traditional-chinese.js'),
  czech: () => import('@scure/bip39/wordlists/czech.js'),
  french: () => import('@scure/bip39/wordlists/french.js'),
  italian: () => import('@scure/bip39/wordlists/italian.js'),
  japanese: () => import('@scure/bip39/wordlists/japanese.js'),
  korean: () => import('@scure/bip39/wordlists/korean.js'),
  portuguese: () => import('@scure/bip39/wordlists/portuguese.js'),
  spanish: () => import('@scure/bip39/wordlists/spanish.js'),
};

const encodeList = (language: MnemonicLanguage, words: readonly string[]): WordList => {
  if (words.length !== WORD_COUNT) throw new Error(`the ${language} word list has ${words.length} words`);
  const starts = new Uint16Array(WORD_COUNT + 1);
  const encoded = words.map((word) => new TextEncoder().encode(word.normalize('NFKD')));
  for (const [i, { length }] of encoded.entries()) starts[i + 1] = starts[i]! + length;
  const bytes = new Uint8Array(starts[WORD_COUNT]!);
  for (const [i, word] of encoded.entries()) bytes.set(word, starts[i]);
  return { language, bytes, starts };
};

const loaded = new Map<MnemonicLanguage, Promise<WordList>>();

/** The word list of a language, loaded and encoded once. */
export const loadWordList = (language: MnemonicLanguage = 'english'): Promise<WordList> => {
  let list = loaded.get(language);
  if (list === undefined) {
    list = LISTS[language]().then(({ wordlist }) => encodeList(language, wordlist));
    loaded.set(language, list);
  }
  return list;
};

/** -1, all ones, if the number is zero, else 0. For numbers below 2^31. */
const maskOfZero = (value: number): number => (value - 1) >> 31;

/** The index of the word that the bytes are, or -1. Its time depends on the list and on the word's length alone. */
export const findWord = ({ bytes, starts }: WordList, word: Uint8Array): number => {
  let found = -1;
  for (let index = 0; index < WORD_COUNT; index++) {
    const start = starts[index]!;
    const length = starts[index + 1]! - start;
    if (length !== word.length) continue; // lengths show anyway: in the time that the text's hash takes
    let difference = 0;
    for (let i = 0; i < length; i++) difference |= bytes[start + i]! ^ word[i]!;
    const mask = maskOfZero(difference);
    found = (found & ~mask) | (index & mask);
  }
  return found;
};

/**
 * Write a word. Reads the whole list, whatever the index.
 *
 * @param out - its first bytes, as many as the longest word has, are zeros.
 * @returns the bytes of the word; those behind it in `out` stay zeros.
 */
export const writeWord = ({ bytes, starts }: WordList, index: number, out: Uint8Array): number => {
  let written = 0;
  for (let i = 0; i < WORD_COUNT; i++) {
    const start = starts[i]!;
    const length = starts[i + 1]! - start;
    const mask = maskOfZero(i ^ index);
    written |= length & mask;
    for (let j = 0; j < length; j++) out[j]! |= bytes[start + j]! & mask;
  }
  return written;
};
