// Base64 (RFC 4648 §4 and §5), bytes to bytes, canonical forms only. No branch, index or table look-up depends on the
// value of a digit; what is skipped (line breaks, padding) depends on the layout alone. The limit of hex.ts holds here too.
import { isSpace } from './text.js';

/**
 * 'text': one run of digits in the standard or the URL alphabet (not both), padding optional.
 * 'pem': the standard alphabet, padding required, white space anywhere between (RFC 7468 §2 and §3).
 */
export type Base64Form = 'text' | 'pem';

const PADDING = 0x3d;

/** -1 when low ≤ byte ≤ high, else 0. */
const within = (byte: number, low: number, high: number): number => ((low - 1 - byte) & (byte - high - 1)) >> 8;

const isStandardOnly = (byte: number): number => within(byte, 0x2b, 0x2b) | within(byte, 0x2f, 0x2f); // + /
const isUrlOnly = (byte: number): number => within(byte, 0x2d, 0x2d) | within(byte, 0x5f, 0x5f); // - _

/** The value of a digit of either alphabet, or -1 if it is none. */
const digitValue = (byte: number): number =>
  -1 +
  (within(byte, 0x41, 0x5a) & (byte - 0x40)) + // A to Z: 0 to 25
  (within(byte, 0x61, 0x7a) & (byte - 0x46)) + // a to z: 26 to 51
  (within(byte, 0x30, 0x39) & (byte + 5)) + // 0 to 9: 52 to 61
  ((within(byte, 0x2b, 0x2b) | within(byte, 0x2d, 0x2d)) & 63) +
  ((within(byte, 0x2f, 0x2f) | within(byte, 0x5f, 0x5f)) & 64);

/** The number of bytes that the text decodes to, or -1 if it is not canonical base64 of that form. Writes nothing. */
export const measureBase64 = (text: Uint8Array, form: Base64Form): number => {
  let digits = 0;
  let padding = 0;
  let last = 0;
  let values = 0; // negative once a digit was none
  let standard = 0;
  let url = 0;
  for (const byte of text) {
    if (form === 'pem' && isSpace(byte)) continue;
    if (byte === PADDING) {
      padding++;
      continue;
    }
    if (padding > 0) return -1;
    last = digitValue(byte);
    values |= last;
    standard |= isStandardOnly(byte);
    url |= isUrlOnly(byte);
    digits++;
  }
  const rest = digits % 4;
  const fullPadding = (4 - rest) % 4;
  const spareBits = rest === 2 ? last & 15 : rest === 3 ? last & 3 : 0;
  const alphabetOk = form === 'pem' ? url === 0 : (standard & url) === 0;
  const paddingOk = padding === fullPadding || (padding === 0 && form === 'text');
  if (values < 0 || rest === 1 || spareBits !== 0 || !alphabetOk || !paddingOk) return -1;
  return Math.floor((digits * 3) / 4);
};

/** Decode a text that {@link measureBase64} accepted to the start of `out`, which has that much room. */
export const decodeBase64 = (text: Uint8Array, out: Uint8Array): number => {
  let held = 0;
  let bits = 0;
  let length = 0;
  for (const byte of text) {
    if (byte === PADDING || isSpace(byte)) continue;
    held = ((held << 6) | digitValue(byte)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out[length++] = held >> bits;
  }
  return length;
};
