// A guard against accidents: an answer that holds the secret, as bytes, as an array of numbers, as hex, as base64 or as
// one number, is not given out. No more than that: whoever means to smuggle a key out can write it in another way.
// Every place is compared to its end, whatever the bytes are: a caller who can choose a part of the answer must not
// learn by the time that it takes how much of the secret was guessed. Nothing of the secret is copied.

/** What is compared at once: all of a key, and the first and last half of a seed of 64 bytes. */
const RUN_BYTES = 32;

/** Gives the byte at a place of something, or less or more than a byte where there is none. */
type ByteAt = (index: number) => number;

/** Whether `count` bytes hold the stretch of the secret that begins at `from`. */
const holdsRun = (byteAt: ByteAt, count: number, secret: Uint8Array, from: number, length: number): boolean => {
  for (let at = 0; at + length <= count; at++) {
    let difference = 0;
    for (let i = 0; i < length; i++) difference |= byteAt(at + i) ^ secret[from + i]!;
    if (difference === 0) return true;
  }
  return false;
};

const holds = (byteAt: ByteAt, count: number, secret: Uint8Array): boolean => {
  const length = Math.min(secret.length, RUN_BYTES);
  if (holdsRun(byteAt, count, secret, 0, length)) return true;
  return secret.length > length && holdsRun(byteAt, count, secret, secret.length - length, length);
};

const hexDigit = (code: number): number => {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const small = code | 0x20;
  return small >= 0x61 && small <= 0x66 ? small - 0x57 : -1;
};

/** Both alphabets of RFC 4648 at once. */
const base64Digit = (code: number): number => {
  if (code >= 0x41 && code <= 0x5a) return code - 0x41;
  if (code >= 0x61 && code <= 0x7a) return code - 0x47;
  if (code >= 0x30 && code <= 0x39) return code + 4;
  if (code === 0x2b || code === 0x2d) return 62;
  return code === 0x2f || code === 0x5f ? 63 : -1;
};

/** Stretches of a text that are all digits, `least` characters or more. */
function* digitRuns(text: string, digit: (code: number) => number, least: number): Generator<[number, number]> {
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i < text.length && digit(text.charCodeAt(i)) >= 0) continue;
    if (i - start >= least) yield [start, i];
    start = i + 1;
  }
}

const textHolds = (text: string, secret: Uint8Array): boolean => {
  const bytes = Math.min(secret.length, RUN_BYTES);
  for (const [start, end] of digitRuns(text, hexDigit, 2 * bytes)) {
    const nibble = (i: number): number => hexDigit(text.charCodeAt(i));
    for (const shift of [0, 1]) {
      const byteAt: ByteAt = (i) => (nibble(start + shift + 2 * i) << 4) | nibble(start + shift + 2 * i + 1);
      if (holds(byteAt, (end - start - shift) >> 1, secret)) return true;
    }
  }
  for (const [start, end] of digitRuns(text, base64Digit, Math.ceil((bytes * 8) / 6))) {
    const digit = (i: number): number => (start + i < end ? base64Digit(text.charCodeAt(start + i)) : 0);
    // Bytes begin at every second bit of the digits' six.
    for (const shift of [0, 2, 4, 6]) {
      const byteAt: ByteAt = (i) => {
        const bit = shift + 8 * i;
        const digits = (digit(Math.floor(bit / 6)) << 6) | digit(Math.floor(bit / 6) + 1);
        return (digits >> (4 - (bit % 6))) & 0xff;
      };
      if (holds(byteAt, Math.floor(((end - start) * 6 - shift) / 8), secret)) return true;
    }
  }
  return false;
};

/**
 * Whether an answer holds the secret.
 *
 * @param answer - plain data: a copy that `copyAnswer` made.
 * @param secret - 16 to 64 bytes, in the arena. Of one longer than 32 bytes, its first or last 32 are enough.
 */
export const holdsSecret = (answer: unknown, secret: Uint8Array): boolean => {
  if (typeof answer === 'string') return textHolds(answer, secret);
  if (typeof answer === 'bigint') {
    // The text is of the answer, which is there anyway.
    return textHolds((answer < 0n ? -answer : answer).toString(16).padStart(2 * secret.length, '0'), secret);
  }
  if (typeof answer !== 'object' || answer === null) return false;
  if (answer instanceof Uint8Array) return holds((i) => answer[i]!, answer.length, secret);
  if (Object.keys(answer).some((name) => textHolds(name, secret))) return true;
  const values: readonly unknown[] = Object.values(answer);
  const numberAt: ByteAt = (i) => (typeof values[i] === 'number' ? values[i] : -1);
  return holds(numberAt, values.length, secret) || values.some((value) => holdsSecret(value, secret));
};
