// Hex, bytes to bytes. No branch, index or table look-up depends on a digit, so time and caches tell nothing of the key.
// Limit: this is what the source says; an optimising engine gives no promise of constant time.

/** The value of an ASCII hex digit, or a negative number if it is none. */
const digitValue = (byte: number): number => {
  const number = byte ^ 0x30;
  const isNumber = (number - 10) >> 8; // -1 for 0 to 9, else 0
  const letter = (byte & ~0x20) - 55;
  const isLetter = ((letter - 10) ^ (letter - 16)) >> 8; // -1 for A to F and a to f, else 0
  return (number & isNumber) | (letter & isLetter) | ~(isNumber | isLetter);
};

/** The view without a leading 0x or 0X. That a key's own first digit is 0 must not show either: no branch here. */
export const withoutHexPrefix = (text: Uint8Array): Uint8Array => {
  const difference = ((text[0] as number) ^ 0x30) | (((text[1] as number) | 0x20) ^ 0x78); // 0 for a prefix alone
  return text.subarray(((difference - 1) >>> 31) << 1);
};

/** Whether every byte is a hex digit. */
export const isHex = (digits: Uint8Array): boolean => {
  let seen = 0;
  for (const byte of digits) seen |= digitValue(byte);
  return seen >= 0;
};

/** Decode digits for which {@link isHex} holds, an even number of them, to the start of `out`; the length comes back. */
export const decodeHex = (digits: Uint8Array, out: Uint8Array): number => {
  const length = digits.length >> 1;
  for (let i = 0; i < length; i++) {
    out[i] = (digitValue(digits[2 * i] as number) << 4) | digitValue(digits[2 * i + 1] as number);
  }
  return length;
};

/** The lower-case ASCII digit of a value from 0 to 15. */
const digitOf = (value: number): number => 87 + value + (((value - 10) >> 8) & ~38);

/**
 * Write bytes as lower-case ASCII hex digits, without prefix or line break.
 *
 * @param out - at least twice as long as `secret`, in arena memory that is not `secret`'s own. The caller wipes it.
 * @returns the number of digits written.
 * @throws {RangeError} `out` is too short.
 */
export const encodeHex = (secret: Uint8Array, out: Uint8Array): number => {
  const digits = 2 * secret.length;
  if (out.length < digits) throw new RangeError(`"out" expected at least ${digits} bytes, got ${out.length}`);
  for (let i = 0; i < secret.length; i++) {
    const byte = secret[i] as number;
    out[2 * i] = digitOf(byte >> 4);
    out[2 * i + 1] = digitOf(byte & 15);
  }
  return digits;
};
