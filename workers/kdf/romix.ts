// scrypt's memory-hard middle (RFC 7914 §4 and §5), for the parameters that OpenSSL refuses: r = 1 with n of 65,536 or
// more, which keystores of the first clients have. It works on ordinary memory that the caller gives and wipes: with
// these blocks a password could be guessed without scrypt's cost.

/** Words of 32 bits in a block of Salsa20. */
const SALSA_WORDS = 16;

const rotate = (value: number, bits: number): number => (value << bits) | (value >>> (32 - bits));

/** Four words of Salsa20's quarter round, at these places of `x`. */
const quarter = (x: Int32Array, a: number, b: number, c: number, d: number): void => {
  x[b] = (x[b] as number) ^ rotate(((x[a] as number) + (x[d] as number)) | 0, 7);
  x[c] = (x[c] as number) ^ rotate(((x[b] as number) + (x[a] as number)) | 0, 9);
  x[d] = (x[d] as number) ^ rotate(((x[c] as number) + (x[b] as number)) | 0, 13);
  x[a] = (x[a] as number) ^ rotate(((x[d] as number) + (x[c] as number)) | 0, 18);
};

/** Salsa20/8 (RFC 7914 §3) of `block`, in place; `x` is room of 16 words. */
const salsa8 = (block: Int32Array, x: Int32Array): void => {
  x.set(block);
  for (let round = 0; round < 4; round++) {
    quarter(x, 0, 4, 8, 12);
    quarter(x, 5, 9, 13, 1);
    quarter(x, 10, 14, 2, 6);
    quarter(x, 15, 3, 7, 11);
    quarter(x, 0, 1, 2, 3);
    quarter(x, 5, 6, 7, 4);
    quarter(x, 10, 11, 8, 9);
    quarter(x, 15, 12, 13, 14);
  }
  for (let i = 0; i < SALSA_WORDS; i++) block[i] = ((block[i] as number) + (x[i] as number)) | 0;
};

/** Bytes of room that {@link romix} needs: V, a block of 2r, and two of Salsa20. */
export const romixRoomBytes = (n: number, r: number): number => 128 * r * (n + 1) + 8 * SALSA_WORDS;

/**
 * scryptROMix, in place.
 *
 * @param bytes - one block of 128 × r bytes.
 * @param room - {@link romixRoomBytes} of it, at a multiple of 4. The caller wipes it.
 */
export const romix = (bytes: Uint8Array, n: number, r: number, room: Uint8Array): void => {
  const words = 32 * r;
  const v = new Int32Array(room.buffer, room.byteOffset, words * n);
  const next = new Int32Array(room.buffer, v.byteOffset + v.byteLength, words);
  const t = new Int32Array(room.buffer, next.byteOffset + next.byteLength, SALSA_WORDS);
  const x = new Int32Array(room.buffer, t.byteOffset + t.byteLength, SALSA_WORDS);
  const block = new Int32Array(bytes.buffer, bytes.byteOffset, words);
  toggleByteOrder(bytes);

  /** scryptBlockMix (RFC 7914 §4): the even blocks come first. */
  const mix = (): void => {
    t.set(block.subarray(words - SALSA_WORDS));
    for (let i = 0; i < 2 * r; i++) {
      for (let j = 0; j < SALSA_WORDS; j++) t[j] = (t[j] as number) ^ (block[SALSA_WORDS * i + j] as number);
      salsa8(t, x);
      next.set(t, SALSA_WORDS * ((i >> 1) + (i & 1) * r));
    }
    block.set(next);
  };

  for (let i = 0; i < n; i++) {
    v.set(block, words * i);
    mix();
  }
  for (let i = 0; i < n; i++) {
    const from = words * ((block[words - SALSA_WORDS] as number) & (n - 1));
    for (let j = 0; j < words; j++) block[j] = (block[j] as number) ^ (v[from + j] as number);
    mix();
  }
  toggleByteOrder(bytes);
};

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** scrypt's words are little-endian, whatever the machine's are. */
const toggleByteOrder = (bytes: Uint8Array): void => {
  if (IS_LITTLE_ENDIAN) return;
  for (let at = 0; at < bytes.length; at += 4) bytes.subarray(at, at + 4).reverse();
};
