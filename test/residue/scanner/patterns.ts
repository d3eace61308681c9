// All forms of all secrets, compiled for one pass over memory. Memory is probed at every eighth byte: any part of a form
// that is long enough to count holds a 4-byte anchor there, whatever its alignment.
import { type Form, formsOfSecret, type Secret } from './forms.js';

export interface Pattern extends Form {
  readonly secret: Secret;
}

export const PROBE_STRIDE = 8;
const ANCHOR_BYTES = 4;
const BITMAP_LOG2 = 21; // 256 KiB: stays in a core's cache
const HASH_FACTOR = 0x9e3779b1;

/** Where an anchor lies: pattern and offset in it, two numbers for each place. */
type Places = number[];

export interface PatternSet {
  readonly patterns: readonly Pattern[];
  readonly longest: number;
  /** Offsets in `words` (a stride of 8 bytes apart) whose 4 bytes begin an anchor, from `from` to before `to`. */
  probe(words: Uint32Array, from: number, to: number, found: (word: number, places: Places) => void): void;
}

/**
 * Offsets whose anchors are enough: in every part of `minPartBytes` at least one of them falls on a probe. A part of w
 * bytes has w - 3 anchors; it holds a whole run of 8 offsets, one for each alignment, if runs begin every w - 10 bytes.
 */
const anchorOffsets = ({ bytes, minPartBytes }: Form): number[] => {
  const period = Math.max(PROBE_STRIDE, minPartBytes - ANCHOR_BYTES + 1 - (PROBE_STRIDE - 1));
  return Array.from({ length: bytes.length - ANCHOR_BYTES + 1 }, (_, i) => i).filter((i) => i % period < PROBE_STRIDE);
};

export const compilePatterns = (secrets: readonly Secret[]): PatternSet => {
  const patterns = secrets.flatMap((secret) => formsOfSecret(secret).map((form) => ({ ...form, secret })));
  const bitmap = new Uint32Array(2 ** (BITMAP_LOG2 - 5));
  const places = new Map<number, Places>();
  patterns.forEach((pattern, index) => {
    const view = new DataView(pattern.bytes.buffer, pattern.bytes.byteOffset, pattern.bytes.length);
    for (const offset of anchorOffsets(pattern)) {
      const anchor = view.getUint32(offset, true);
      if (anchor === 0) continue; // most of memory is zeros; other offsets find this pattern
      const known = places.get(anchor);
      if (known !== undefined) known.push(index, offset);
      else places.set(anchor, [index, offset]);
      const bit = Math.imul(anchor, HASH_FACTOR) >>> (32 - BITMAP_LOG2);
      bitmap[bit >>> 5] = (bitmap[bit >>> 5] as number) | (1 << (bit & 31));
    }
  });
  return {
    patterns,
    longest: Math.max(...patterns.map(({ bytes }) => bytes.length)),
    probe(words, from, to, found) {
      for (let i = from; i < to; i += 2) {
        const word = words[i] as number;
        if (word === 0) continue;
        const bit = Math.imul(word, HASH_FACTOR) >>> (32 - BITMAP_LOG2);
        if (((bitmap[bit >>> 5] as number) & (1 << (bit & 31))) === 0) continue;
        const known = places.get(word);
        if (known !== undefined) found(i, known);
      }
    },
  };
};
