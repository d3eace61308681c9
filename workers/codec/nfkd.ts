// Unicode normalisation form KD (UAX #15), UTF-8 bytes to UTF-8 bytes, for passwords and mnemonics. The engine
// normalises strings only, and a string can't be wiped: no string of the whole text may ever exist here. What does
// exist is a string of one character at a time, or of two neighbouring combining marks, and only outside of ASCII.
import { encodingFault } from './faults.js';

/** No character grows by more in UTF-8: U+FDFA, of 3 bytes, becomes 33. `out` of so many times the text is enough. */
export const NFKD_GROWTH = 11;

/** Below it nothing decomposes. */
const FIRST_DECOMPOSED = 0xa0;
/** Below it everything is a starter: it never changes places with a neighbour. */
const FIRST_MARK = 0x300;

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes of the sequence that a lead byte begins; 0 if none does (RFC 3629 §4). */
const sequenceLength = (lead: number): number => {
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
};

/** The code point at `at`, or -1: truncated, overlong, a surrogate, or beyond U+10FFFF. */
const codePointAt = (bytes: Uint8Array, at: number): number => {
  const lead = bytes[at] as number;
  const length = sequenceLength(lead);
  if (length < 2) return length === 1 ? lead : -1;
  let value = lead & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (!isContinuation(byte)) return -1;
    value = (value << 6) | ((byte as number) & 0x3f);
  }
  if (length === 3 && (value < 0x800 || (value >= 0xd800 && value < 0xe000))) return -1;
  return length === 4 && (value < 0x10000 || value > 0x10ffff) ? -1 : value;
};

const utf8Length = (codePoint: number): number =>
  codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;

const putUtf8 = (out: Uint8Array, at: number, codePoint: number): void => {
  const length = utf8Length(codePoint);
  if (length === 1) {
    out[at] = codePoint;
    return;
  }
  let rest = codePoint;
  for (let i = length - 1; i > 0; i--) {
    out[at + i] = 0x80 | (rest & 0x3f);
    rest >>= 6;
  }
  out[at] = ((0xf00 >> length) & 0xff) | rest;
};

/** Whether the second of two decomposed characters has the lower, non-zero combining class: the engine swaps them. */
const isOutOfOrder = (first: number, second: number): boolean =>
  first !== second && String.fromCodePoint(first, second).normalize('NFKD').codePointAt(0) === second;

/** Move the mark that was just written, at `at`, before the marks of higher classes that it follows (UAX #15 §1.3). */
const settleMark = (out: Uint8Array, at: number, mark: number): void => {
  const length = utf8Length(mark);
  let to = at;
  while (to > 0) {
    let before = to - 1;
    while (before > 0 && isContinuation(out[before])) before--;
    const previous = codePointAt(out, before);
    if (previous < FIRST_MARK || !isOutOfOrder(previous, mark)) break;
    out.copyWithin(before + length, before, to);
    to = before;
  }
  if (to !== at) putUtf8(out, to, mark);
};

/**
 * Normalise UTF-8 text to form KD, in the engine's version of Unicode.
 *
 * @param utf8 - the text; it is left as it is.
 * @param out - apart from `utf8`, and {@link NFKD_GROWTH} times as long for certain room. Zeroed whole on failure.
 * @param place - names the text in messages, as in `file keys/a.pw`.
 * @returns the bytes written to the start of `out`.
 * @throws {VaultError} ERR_KEY_ENCODING - not valid UTF-8 (RFC 3629), or `out` is too short.
 * @see UAX #15
 */
export const normalizeNfkd = (utf8: Uint8Array, out: Uint8Array, place: string): number => {
  let done = false;
  let written = 0;
  const put = (codePoint: number): void => {
    const end = written + utf8Length(codePoint);
    if (end > out.length) {
      throw encodingFault(
        place,
        `the text is too long to be normalised; room of ${NFKD_GROWTH} times its length is enough`,
      );
    }
    putUtf8(out, written, codePoint);
    if (codePoint >= FIRST_MARK) settleMark(out, written, codePoint);
    written = end;
  };
  try {
    for (let at = 0; at < utf8.length; ) {
      const codePoint = codePointAt(utf8, at);
      if (codePoint === -1) throw encodingFault(place, 'expected text in UTF-8, got bytes that are not');
      at += utf8Length(codePoint);
      if (codePoint < FIRST_DECOMPOSED) put(codePoint);
      else for (const part of String.fromCodePoint(codePoint).normalize('NFKD')) put(part.codePointAt(0) as number);
    }
    done = true;
    return written;
  } finally {
    if (!done) out.fill(0);
  }
};
