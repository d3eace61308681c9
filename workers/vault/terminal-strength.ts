// How hard a password is to guess, roughly: enough to say that a short or regular one is weak. Only one of three words
// leaves the vault. It knows no list of common passwords, takes every run of letters for a word, and promises nothing.
import type { Strength } from '../../src/wire/protocol.js';

/** Bits. Argon2id at its default cost makes each guess about 2^20 times as dear as one hash. */
const FAIR_BITS = 50;
const STRONG_BITS = 75;

/** A word out of many: guessed whole, not letter by letter. What is longer than words are counts by its letters. */
const WORD_BITS = 16;
const WORD_CHARACTERS = 10;
const MIN_WORD_CHARACTERS = 3;
const LETTER_BITS = Math.log2(26);
/** Between two words nearly everyone puts the same sign. */
const SEPARATOR_BITS = 1;
/** Of a character that follows from those before: aaa, abc, 321, ababab. */
const REGULAR = 0.25;

/** How many characters one that is in no word is chosen from. Beyond ASCII: few people use more than one alphabet. */
const SIZES = { lower: 26, upper: 26, digit: 10, other: 33, beyond: 64 } as const;
type Kind = keyof typeof SIZES;

const kindOf = (byte: number): Kind => {
  if (byte >= 0x80) return 'beyond';
  if (byte >= 0x61 && byte <= 0x7a) return 'lower';
  if (byte >= 0x41 && byte <= 0x5a) return 'upper';
  return byte >= 0x30 && byte <= 0x39 ? 'digit' : 'other';
};

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Whether the last two bytes were here before, one after the other. */
const isPairRepeated = (password: Uint8Array, at: number): boolean => {
  for (let i = 1; i < at - 1; i++) {
    if (password[i - 1] === password[at - 1] && password[i] === password[at]) return true;
  }
  return false;
};

const weightAt = (password: Uint8Array, at: number): number => {
  const isNext = at > 0 && Math.abs((password[at] as number) - (password[at - 1] as number)) <= 1;
  return isNext || isPairRepeated(password, at) ? REGULAR : 1;
};

/** Where the word that begins here ends, and what its characters weigh; undefined if none does. */
const wordAt = (password: Uint8Array, start: number): { readonly end: number; readonly weight: number } | undefined => {
  let end = start;
  let characters = 0;
  let weight = 0;
  for (; end < password.length; end++) {
    const kind = kindOf(password[end] as number);
    if (kind === 'digit' || kind === 'other' || (kind === 'upper' && end > start)) break;
    if (isContinuation(password[end])) continue;
    characters += 1;
    weight += weightAt(password, end);
  }
  return characters < MIN_WORD_CHARACTERS ? undefined : { end, weight };
};

/** @param password - UTF-8, an arena view; it is left as it is. */
export const strengthOf = (password: Uint8Array): Strength => {
  const kinds = new Set<Kind>();
  let bits = 0;
  let loose = 0;
  let isAfterWord = false;
  for (let at = 0; at < password.length; ) {
    const word = wordAt(password, at);
    if (word !== undefined) {
      const beyond = Math.max(0, word.weight - WORD_CHARACTERS);
      bits += Math.min(word.weight * LETTER_BITS, WORD_BITS + beyond * LETTER_BITS);
      at = word.end;
      isAfterWord = true;
      continue;
    }
    if (isAfterWord && wordAt(password, at + 1) !== undefined) bits += SEPARATOR_BITS;
    else {
      kinds.add(kindOf(password[at] as number));
      loose += weightAt(password, at);
    }
    isAfterWord = false;
    do at++;
    while (isContinuation(password[at]));
  }
  bits += loose * Math.log2([...kinds].reduce((sum, kind) => sum + SIZES[kind], 1));
  if (bits < FAIR_BITS) return 'weak';
  return bits < STRONG_BITS ? 'fair' : 'strong';
};
